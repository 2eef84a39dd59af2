"""Lists of do-not-call entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, delete, func, select, update

from ringcast.domain.do_not_call import DoNotCallList
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, DoNotCallListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.stores.sql.contact_tables import do_not_call_lists as table
from ringcast.stores.sql.contact_tables import do_not_call_members as members
from ringcast.stores.sql.do_not_call import DoNotCallWork
from ringcast.stores.sql.work import batches, entity, values

__all__ = ["DoNotCallListWork"]


class DoNotCallListWork(DoNotCallWork):
    """The part of a transaction that is about lists of numbers that must not be called."""

    async def add_do_not_call_list(self, made: DoNotCallList) -> None:
        await self._insert(
            table,
            [values(made)],
            exists="a list with that identifier exists already",
            missing=NotFound("account", made.account_id),
        )

    async def do_not_call_list(
        self, account_id: AccountId, list_id: DoNotCallListId
    ) -> DoNotCallList | None:
        return await self._one(
            DoNotCallList, table, table.c.account_id == account_id, table.c.id == list_id
        )

    async def do_not_call_lists(
        self, account_id: AccountId, page: Page
    ) -> tuple[Sequence[DoNotCallList], int]:
        where = table.c.account_id == account_id
        statement = (
            select(table)
            .where(where)
            .order_by(table.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        rows = (await self._read(statement)).rows
        count = await self._read(select(func.count()).select_from(table).where(where))
        return [entity(DoNotCallList, row._mapping) for row in rows], count.rows[0][0]

    async def delete_do_not_call_list(
        self, account_id: AccountId, list_id: DoNotCallListId
    ) -> bool:
        await self._change(delete(members).where(*_of(account_id, list_id)))
        statement = delete(table).where(table.c.account_id == account_id, table.c.id == list_id)
        return bool((await self._change(statement)).changed)

    async def put_in_do_not_call_list(
        self, account_id: AccountId, list_id: DoNotCallListId, numbers: Collection[PhoneNumber]
    ) -> int:
        added = 0
        for some in batches(sorted(set(numbers))):
            there = select(members.c.number).where(
                *_of(account_id, list_id), members.c.number.in_(some)
            )
            known = {row.number for row in (await self._read(there)).rows}
            new = [number for number in some if number not in known]
            await self._insert(
                members,
                [
                    {"list_id": list_id, "number": number, "account_id": account_id}
                    for number in new
                ],
                exists="the same number was put into the list meanwhile",
                missing=NotFound("do-not-call list", list_id),
            )
            added += len(new)
        await self._count_members(account_id, list_id, added)
        return added

    async def take_from_do_not_call_list(
        self, account_id: AccountId, list_id: DoNotCallListId, numbers: Collection[PhoneNumber]
    ) -> int:
        taken = 0
        for some in batches(sorted(set(numbers))):
            statement = delete(members).where(*_of(account_id, list_id), members.c.number.in_(some))
            taken += (await self._change(statement)).changed
        await self._count_members(account_id, list_id, -taken)
        return taken

    async def do_not_call_list_numbers(
        self, account_id: AccountId, list_id: DoNotCallListId
    ) -> Sequence[PhoneNumber]:
        statement = (
            select(members.c.number).where(*_of(account_id, list_id)).order_by(members.c.number)
        )
        return [row.number for row in (await self._read(statement)).rows]

    async def do_not_call_lists_of(
        self, account_id: AccountId, numbers: Collection[PhoneNumber]
    ) -> Mapping[PhoneNumber, Sequence[DoNotCallListId]]:
        found: dict[PhoneNumber, list[DoNotCallListId]] = defaultdict(list)
        for some in batches(sorted(set(numbers))):
            statement = (
                select(members.c.number, members.c.list_id)
                .where(members.c.account_id == account_id, members.c.number.in_(some))
                .order_by(members.c.list_id)
            )
            for row in (await self._read(statement)).rows:
                found[row.number].append(DoNotCallListId(row.list_id))
        return dict(found)

    async def _count_members(
        self, account_id: AccountId, list_id: DoNotCallListId, change: int
    ) -> None:
        if change:
            await self._change(
                update(table)
                .where(table.c.account_id == account_id, table.c.id == list_id)
                .values(size=table.c.size + change)
            )


def _of(account_id: AccountId, list_id: DoNotCallListId) -> tuple[ColumnElement[bool], ...]:
    return (members.c.account_id == account_id, members.c.list_id == list_id)
