"""Contacts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    delete,
    func,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator

from ringcast.domain.calls import Call
from ringcast.domain.contacts import Contact, ContactDetails, PhoneKind, SearchKey
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, ContactId, ContactListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.stores.sql.contact_tables import contact_list_members as members
from ringcast.stores.sql.contact_tables import contact_lists as lists
from ringcast.stores.sql.contact_tables import contact_numbers as numbers_table
from ringcast.stores.sql.contact_tables import contacts as table
from ringcast.stores.sql.tables import calls
from ringcast.stores.sql.work import MOST_AT_ONCE, Work, any_of, batches, entity

__all__ = ["ContactWork"]

_MOST_COUNTED = 10_000
"""Contacts that are counted one by one: more are only said to be many."""

_MANY = 100
"""From so many rows on it pays to have the database unpack them."""

_DETAILS = [member.name for member in fields(ContactDetails)]


# The columns' own types say how values are kept; SQLAlchemy's are kept as they are.
_AS_KEPT = {
    column.name: (
        partial(column.type.process_bind_param, dialect=sqlite.dialect())
        if isinstance(column.type, TypeDecorator)
        else None
    )
    for column in table.c
}


class ContactWork(Work):
    """The part of a transaction that is about contacts."""

    async def add_contacts(self, contacts: Sequence[Contact]) -> None:
        exists = "a contact with that identifier exists already"
        missing = NotFound("account", any_of(contact.account_id for contact in contacts))
        rows = [_row(contact) for contact in contacts]
        if len(rows) < _MANY:
            await self._insert(table, rows, exists=exists, missing=missing)
        else:
            packed = [_kept(row) for row in rows]
            await self._insert_packed(table, [*table.c], packed, exists=exists, missing=missing)
        await self._insert_numbers(
            [
                (contact, number)
                for contact in contacts
                if not contact.deleted
                for number in _numbers(contact)
            ]
        )

    async def contact(self, account_id: AccountId, contact_id: ContactId) -> Contact | None:
        statement = select(table).where(table.c.id == contact_id, table.c.account_id == account_id)
        rows = (await self._read(statement)).rows
        return _contact(rows[0]) if rows else None

    async def contacts_with_ids(
        self, contact_ids: Collection[ContactId]
    ) -> Mapping[ContactId, Contact]:
        found: dict[ContactId, Contact] = {}
        for some in batches(sorted(set(contact_ids))):
            rows = (await self._read(select(table).where(table.c.id.in_(some)))).rows
            found.update((row.id, _contact(row)) for row in rows)
        return found

    async def contacts(
        self,
        account_id: AccountId,
        page: Page,
        *,
        ids: Collection[ContactId] | None = None,
        numbers: Collection[PhoneNumber] | None = None,
        key: SearchKey | None = None,
        list_id: ContactListId | None = None,
    ) -> tuple[Sequence[Contact], int | None]:
        where: list[ColumnElement[bool]] = [
            table.c.account_id == account_id,
            table.c.deleted.is_(False),
        ]
        if max(len(ids or ()), len(numbers or ())) > MOST_AT_ONCE:
            raise InvalidInput(f"at most {MOST_AT_ONCE} contacts can be asked for at once")
        if ids is not None:
            where.append(table.c.id.in_(sorted(ids)))
        if numbers is not None:
            where.append(table.c.id.in_(_with_number(account_id, numbers)))
        if key is not None:
            where += _conditions(account_id, key)
        if list_id is not None:
            in_list = select(members.c.contact_id).where(members.c.list_id == list_id)
            where.append(table.c.id.in_(in_list))
        statement = (
            select(table).where(*where).order_by(table.c.id).limit(page.limit).offset(page.offset)
        )
        rows = (await self._read(statement)).rows
        if page.offset == 0 and len(rows) < page.limit:
            return [_contact(row) for row in rows], len(rows)
        if list_id is not None and ids is None and numbers is None and key is None:
            size = select(lists.c.size).where(
                lists.c.id == list_id, lists.c.account_id == account_id
            )
            count = (await self._read(size)).rows
            return [_contact(row) for row in rows], count[0][0] if count else 0
        some = select(table.c.id).where(*where).limit(_MOST_COUNTED + 1).subquery()
        counted: int = (await self._read(select(func.count()).select_from(some))).rows[0][0]
        return [_contact(row) for row in rows], counted if counted <= _MOST_COUNTED else None

    async def contacts_of_list(
        self,
        account_id: AccountId,
        list_id: ContactListId,
        *,
        after: ContactId | None,
        limit: int,
    ) -> Sequence[Contact]:
        where = [members.c.list_id == list_id, table.c.account_id == account_id]
        if after is not None:
            where.append(members.c.contact_id > after)
        statement = (
            select(table)
            .join(members, members.c.contact_id == table.c.id)
            .where(*where)
            .order_by(members.c.contact_id)
            .limit(limit)
        )
        return [_contact(row) for row in (await self._read(statement)).rows]

    async def calls_to(
        self, account_id: AccountId, numbers: Collection[PhoneNumber], page: Page
    ) -> Sequence[Call]:
        statement = (
            select(calls)
            .where(calls.c.account_id == account_id, calls.c.to.in_(sorted(numbers)))
            .order_by(calls.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        return [entity(Call, row._mapping) for row in (await self._read(statement)).rows]

    async def update_contact(self, contact: Contact) -> None:
        if contact.deleted:
            await self._leave_lists(contact.id)
        mine = and_(table.c.id == contact.id, table.c.account_id == contact.account_id)
        found = await self._lock(select(table).where(mine), skip_locked=False)
        if not found.rows:
            raise NotFound("contact", contact.id)
        if contact.deleted:  # nobody puts it into another list now, but somebody just may have
            await self._leave_lists(contact.id)
        was = _contact(found.rows[0])
        row = _row(contact)
        del row["id"], row["account_id"], row["created_at"]
        await self._change(update(table).where(mine).values(row))
        old = set() if was.deleted else _numbers(was)
        new = set() if contact.deleted else _numbers(contact)
        if old - new:
            gone = delete(numbers_table).where(
                numbers_table.c.account_id == contact.account_id,
                numbers_table.c.number.in_(sorted(old - new)),
                numbers_table.c.contact_id == contact.id,
            )
            await self._change(gone)
        await self._insert_numbers([(contact, number) for number in new - old])

    async def _insert_numbers(self, given: Sequence[tuple[Contact, PhoneNumber]]) -> None:
        # In the order of the key: neighbours lie on the same page.
        rows = [
            {"account_id": contact.account_id, "number": number, "contact_id": contact.id}
            for contact, number in sorted(given, key=lambda one: (one[1].digits, one[0].id))
        ]
        exists = "a contact with that number exists already"
        if len(rows) < _MANY:
            await self._insert(numbers_table, rows, exists=exists)
        else:
            packed = [(row["account_id"], str(row["number"]), row["contact_id"]) for row in rows]
            columns = [numbers_table.c[name] for name in ("account_id", "number", "contact_id")]
            await self._insert_packed(numbers_table, columns, packed, exists=exists)

    async def _leave_lists(self, contact_id: ContactId) -> None:
        """Take a contact out of all lists; raise nothing if it is in none."""
        memberships = select(members.c.list_id).where(members.c.contact_id == contact_id)
        # Lists are locked before members, in the order of identifiers, as whoever adds does.
        statement = select(lists.c.id).where(lists.c.id.in_(memberships)).order_by(lists.c.id)
        await self._lock(statement, skip_locked=False)
        left = await self._change(
            delete(members).where(members.c.contact_id == contact_id).returning(members.c.list_id)
        )
        for some in batches(sorted(row.list_id for row in left.rows)):
            await self._change(
                update(lists).where(lists.c.id.in_(some)).values(size=lists.c.size - 1)
            )


def _row(contact: Contact) -> dict[str, Any]:
    details = {name: getattr(contact.details, name) for name in _DETAILS}
    return details | {
        "id": contact.id,
        "account_id": contact.account_id,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
        "deleted": contact.deleted,
    }


def _kept(row: dict[str, Any]) -> list[Any]:
    """Return the values of a row as they are kept, in the order of the columns."""
    return [
        row[name] if as_kept is None else as_kept(row[name]) for name, as_kept in _AS_KEPT.items()
    ]


def _contact(row: Row[Any]) -> Contact:
    of = dict(row._mapping)
    details = ContactDetails(**{name: of.pop(name) for name in _DETAILS})
    return Contact(details=details, **of)


def _numbers(contact: Contact) -> set[PhoneNumber]:
    return set(contact.details.phones.values())


def _with_number(
    account_id: AccountId, numbers: Collection[PhoneNumber]
) -> Select[tuple[ContactId]]:
    return select(numbers_table.c.contact_id).where(
        numbers_table.c.account_id == account_id, numbers_table.c.number.in_(sorted(numbers))
    )


def _conditions(account_id: AccountId, key: SearchKey) -> list[ColumnElement[bool]]:
    """Return what holds of contacts with that key.

    In JSON as it is written here the name and the value of a member with their quotes are nowhere
    but where the member is: quotes within texts have a backslash before them.
    """
    if key.name.startswith("property:"):
        name = key.name.removeprefix("property:")
        return [_holds(table.c.properties, name, key.value)]
    if key.name in set(PhoneKind):
        holds = _holds(table.c.phones, key.name, key.value)
        return [table.c.id.in_(_with_number(account_id, [PhoneNumber(key.value)])), holds]
    return [table.c[key.name] == key.value]


def _holds(column: Column[Any], name: str, value: str) -> ColumnElement[bool]:
    member = msgspec.json.encode({name: value}).decode()[1:-1]
    return type_coerce(column, Text).contains(member, autoescape=True)
