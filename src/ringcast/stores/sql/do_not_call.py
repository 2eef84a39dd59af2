"""Do-not-call entries."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, delete, func, or_, select

from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.do_not_call import DoNotCallFilter
from ringcast.ports.store import Page
from ringcast.stores.sql.contact_tables import do_not_call as table
from ringcast.stores.sql.contact_tables import do_not_call_members
from ringcast.stores.sql.work import MOST_AT_ONCE, Work, any_of, batches, entity, values

__all__ = ["DoNotCallWork"]

_REPLACED = ("call", "text", "inbound_call", "inbound_text", "source", "campaign_id")


class DoNotCallWork(Work):
    """The part of a transaction that is about numbers that must not be called."""

    async def put_do_not_call(self, entries: Sequence[DoNotCallEntry]) -> None:
        if not entries:
            return
        insert = self._database.insert(table)
        statement = insert.on_conflict_do_update(
            index_elements=["account_id", "number"],
            set_={name: insert.excluded[name] for name in _REPLACED},
        )
        # In the order of the key, as all writers do: two that waited crosswise would never end.
        rows = sorted(map(values, entries), key=lambda row: (row["account_id"], row["number"]))
        missing = NotFound("account", any_of(entry.account_id for entry in entries))
        await self._change(statement, rows, missing=missing)

    async def do_not_call_entry(
        self, account_id: AccountId, number: PhoneNumber
    ) -> DoNotCallEntry | None:
        return await self._one(
            DoNotCallEntry, table, table.c.account_id == account_id, table.c.number == number
        )

    async def do_not_call_entries(
        self, account_id: AccountId, page: Page, wanted: DoNotCallFilter
    ) -> tuple[Sequence[DoNotCallEntry], int]:
        where = [table.c.account_id == account_id, *_conditions(wanted)]
        statement = (
            select(table)
            .where(*where)
            .order_by(table.c.number)
            .limit(page.limit)
            .offset(page.offset)
        )
        rows = (await self._read(statement)).rows
        found = [entity(DoNotCallEntry, row._mapping) for row in rows]
        if page.offset == 0 and len(found) < page.limit:
            return found, len(found)
        count = await self._read(select(func.count()).select_from(table).where(*where))
        return found, count.rows[0][0]

    async def delete_do_not_call(
        self, account_id: AccountId, numbers: Collection[PhoneNumber]
    ) -> int:
        deleted = 0
        for some in batches(sorted(set(numbers))):
            statement = delete(table).where(
                table.c.account_id == account_id, table.c.number.in_(some)
            )
            deleted += (await self._change(statement)).changed
        return deleted

    async def delete_do_not_call_of(self, account_id: AccountId, source: str) -> int:
        statement = delete(table).where(table.c.account_id == account_id, table.c.source == source)
        return (await self._change(statement)).changed

    async def do_not_call_among(
        self, account_id: AccountId, numbers: Collection[PhoneNumber]
    ) -> frozenset[PhoneNumber]:
        barred: set[PhoneNumber] = set()
        for some in batches(set(numbers)):
            statement = select(table.c.number).where(
                table.c.account_id == account_id, table.c.number.in_(some), table.c.call
            )
            barred.update(row.number for row in (await self._read(statement)).rows)
        return frozenset(barred)


def _conditions(wanted: DoNotCallFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.prefix is not None:
        prefixes = [wanted.prefix, "1" + wanted.prefix]
        where.append(or_(*(_begins_with(prefix) for prefix in prefixes)))
    if wanted.numbers is not None:
        if len(wanted.numbers) > MOST_AT_ONCE:
            raise InvalidInput(f"at most {MOST_AT_ONCE} numbers can be asked for at once")
        where.append(table.c.number.in_(sorted(wanted.numbers)))
    if wanted.list_id is not None:
        of_list = select(do_not_call_members.c.number).where(
            do_not_call_members.c.list_id == wanted.list_id
        )
        where.append(table.c.number.in_(of_list))
    for name in ("campaign_id", "source", "call", "text", "inbound_call", "inbound_text"):
        value = getattr(wanted, name)
        if value is not None:
            where.append(table.c[name] == value)
    return where


def _begins_with(prefix: str) -> ColumnElement[bool]:
    """Compare with the least number that begins so, and the least above those that do.

    An index serves that under whatever order of words the database has; LIKE is served by few.
    """
    least = table.c.number >= PhoneNumber(prefix)
    shorter = prefix.rstrip("9")
    if not shorter:
        return least
    return and_(least, table.c.number < PhoneNumber(shorter[:-1] + str(int(shorter[-1]) + 1)))
