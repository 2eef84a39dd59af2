"""Lists of contacts, and how they are filled."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import and_, delete, func, select, update

from ringcast.domain.contacts import Contact, ContactList
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, ContactId, ContactListId
from ringcast.ports.contacts import ListImport
from ringcast.ports.store import Page
from ringcast.stores.sql.contact_tables import contact_list_files as files
from ringcast.stores.sql.contact_tables import contact_list_members as members
from ringcast.stores.sql.contact_tables import contact_lists as table
from ringcast.stores.sql.contact_tables import contacts
from ringcast.stores.sql.contacts import ContactWork
from ringcast.stores.sql.work import batches, entity, values

__all__ = ["ContactListWork"]

_MEMBERS = [table.c[member.name] for member in fields(ContactList)]


class ContactListWork(ContactWork):
    """The part of a transaction that is about contacts and lists of them."""

    async def add_contact_list(
        self,
        contact_list: ContactList,
        *,
        import_due_at: datetime | None = None,
        use_custom_fields: bool = False,
    ) -> None:
        row = values(contact_list) | {
            "name_folded": _folded(contact_list.name),
            "use_custom_fields": use_custom_fields,
            "imported_rows": 0,
            "import_holder": None,
            "import_due_at": import_due_at,
        }
        await self._insert(
            table,
            [row],
            exists=f"list {contact_list.id} exists already",
            missing=NotFound("account", contact_list.account_id),
        )

    async def contact_list(
        self, account_id: AccountId, list_id: ContactListId
    ) -> ContactList | None:
        statement = select(*_MEMBERS).where(table.c.id == list_id, table.c.account_id == account_id)
        rows = (await self._read(statement)).rows
        return entity(ContactList, rows[0]._mapping) if rows else None

    async def contact_lists(
        self, account_id: AccountId, page: Page, *, name: str | None
    ) -> tuple[Sequence[ContactList], int]:
        where = [table.c.account_id == account_id]
        if name is not None:
            where.append(table.c.name_folded.contains(_folded(name), autoescape=True))
        statement = (
            select(*_MEMBERS)
            .where(*where)
            .order_by(table.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        rows = (await self._read(statement)).rows
        found = [entity(ContactList, row._mapping) for row in rows]
        count = await self._read(select(func.count()).select_from(table).where(*where))
        return found, count.rows[0][0]

    async def rename_contact_list(
        self, account_id: AccountId, list_id: ContactListId, name: str
    ) -> None:
        statement = (
            update(table)
            .where(table.c.id == list_id, table.c.account_id == account_id)
            .values(name=name, name_folded=_folded(name))
        )
        if not (await self._change(statement)).changed:
            raise NotFound("contact list", list_id)

    async def delete_contact_list(self, account_id: AccountId, list_id: ContactListId) -> bool:
        if not await self._locked(account_id, list_id):
            return False
        for rows in (members, files):
            await self._change(delete(rows).where(rows.c.list_id == list_id))
        await self._change(delete(table).where(table.c.id == list_id))
        return True

    async def add_to_contact_list(
        self, account_id: AccountId, list_id: ContactListId, contact_ids: Collection[ContactId]
    ) -> int:
        if not await self._locked(account_id, list_id):
            raise NotFound("contact list", list_id)
        added = 0
        for some in batches(sorted(set(contact_ids))):
            # Locked: nobody must delete a contact while it comes into a list.
            known = await self._lock(
                select(contacts.c.id)
                .where(
                    contacts.c.id.in_(some),
                    contacts.c.account_id == account_id,
                    contacts.c.deleted.is_(False),
                )
                .order_by(contacts.c.id),
                skip_locked=False,
            )
            missing = sorted(set(some) - {row.id for row in known.rows})
            if missing:
                raise NotFound("contact", missing[0])
            there = await self._read(
                select(members.c.contact_id).where(
                    members.c.list_id == list_id, members.c.contact_id.in_(some)
                )
            )
            new = sorted(set(some) - {row.contact_id for row in there.rows})
            await self._insert_members(list_id, new)
            added += len(new)
        if added:
            await self._grow(list_id, added)
        return added

    async def remove_from_contact_list(
        self, account_id: AccountId, list_id: ContactListId, contact_ids: Collection[ContactId]
    ) -> int:
        if not await self._locked(account_id, list_id):
            raise NotFound("contact list", list_id)
        removed = 0
        for some in batches(sorted(set(contact_ids))):
            statement = delete(members).where(
                members.c.list_id == list_id, members.c.contact_id.in_(some)
            )
            removed += (await self._change(statement)).changed
        if removed:
            await self._grow(list_id, -removed)
        return removed

    async def add_list_file(self, list_id: ContactListId, parts: Sequence[bytes]) -> None:
        rows = [
            {"list_id": list_id, "part": number, "data": part} for number, part in enumerate(parts)
        ]
        await self._insert(
            files,
            rows,
            exists=f"list {list_id} has a file already",
            missing=NotFound("contact list", list_id),
        )

    async def list_file_part(self, list_id: ContactListId, part: int) -> bytes | None:
        statement = select(files.c.data).where(files.c.list_id == list_id, files.c.part == part)
        rows = (await self._read(statement)).rows
        return rows[0].data if rows else None

    async def claim_list_import(
        self, *, now: datetime, holder: str, until: datetime
    ) -> ListImport | None:
        statement = (
            select(*_MEMBERS, table.c.use_custom_fields, table.c.imported_rows)
            .where(table.c.import_due_at <= now)
            .order_by(table.c.import_due_at, table.c.id)
            .limit(1)
        )
        rows = (await self._lock(statement, skip_locked=True)).rows
        if not rows:
            return None
        of = dict(rows[0]._mapping)
        claimed = update(table).where(table.c.id == of["id"])
        await self._change(claimed.values(import_holder=holder, import_due_at=until))
        use_custom_fields, done = of.pop("use_custom_fields"), of.pop("imported_rows")
        return ListImport(
            contact_list=ContactList(**of), use_custom_fields=use_custom_fields, imported_rows=done
        )

    async def import_into_list(
        self,
        contact_list: ContactList,
        contacts: Sequence[Contact],
        *,
        imported_rows: int,
        holder: str,
        until: datetime | None,
    ) -> bool:
        held = and_(
            table.c.id == contact_list.id,
            table.c.import_holder == holder,
            table.c.import_due_at.is_not(None),
        )
        changed = await self._change(
            update(table)
            .where(held)
            .values(
                status=contact_list.status,
                problem=contact_list.problem,
                size=table.c.size + len(contacts),
                imported_rows=imported_rows,
                import_due_at=until,
            )
        )
        if not changed.changed:
            return False
        await self.add_contacts(contacts)
        await self._insert_members(contact_list.id, [contact.id for contact in contacts])
        if until is None:
            await self._change(delete(files).where(files.c.list_id == contact_list.id))
        return True

    async def _locked(self, account_id: AccountId, list_id: ContactListId) -> bool:
        """Lock a list, before any of its members; return whether the account has it."""
        mine = and_(table.c.id == list_id, table.c.account_id == account_id)
        return bool((await self._lock(select(table.c.id).where(mine), skip_locked=False)).rows)

    async def _insert_members(
        self, list_id: ContactListId, contact_ids: Sequence[ContactId]
    ) -> None:
        rows = [(list_id, contact_id) for contact_id in contact_ids]
        await self._insert_packed(
            members,
            [members.c.list_id, members.c.contact_id],
            rows,
            exists="the contact is in that list already",
        )

    async def _grow(self, list_id: ContactListId, by: int) -> None:
        await self._change(
            update(table).where(table.c.id == list_id).values(size=table.c.size + by)
        )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
