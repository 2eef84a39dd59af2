"""Calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update

from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, CallId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.stores.sql.columns import Id
from ringcast.stores.sql.tables import call_waits
from ringcast.stores.sql.tables import calls as table
from ringcast.stores.sql.work import MOST_AT_ONCE, Work, any_of, entity, values

__all__ = ["CallWork"]

_CHANGING = ("state", "outcome", "due_at", "attempts", "updated_at")
_NOT_FINAL = [table.c.state != state for state in CallState if state.is_final]

_UPDATE = (
    update(table)
    .where(table.c.id == bindparam("key", type_=Id), *_NOT_FINAL)
    .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in _CHANGING})
)


class CallWork(Work):
    """The part of a transaction that is about calls."""

    async def add_calls(self, calls: Sequence[Call]) -> None:
        await self._insert(
            table,
            [values(call) for call in calls],
            exists="a call with that identifier exists already",
            missing=NotFound("account", any_of(call.account_id for call in calls)),
        )

    async def call(self, account_id: AccountId, call_id: CallId) -> Call | None:
        return await self._one(Call, table, table.c.id == call_id, table.c.account_id == account_id)

    async def calls(
        self,
        account_id: AccountId,
        page: Page,
        *,
        ids: Sequence[CallId] | None = None,
        states: Sequence[CallState] | None = None,
        to: PhoneNumber | None = None,
        from_number: PhoneNumber | None = None,
        label: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sequence[Call], int]:
        where: list[ColumnElement[bool]] = [table.c.account_id == account_id]
        if ids is not None:
            if len(ids) > MOST_AT_ONCE:
                raise InvalidInput(f"at most {MOST_AT_ONCE} identifiers can be asked for at once")
            where.append(table.c.id.in_(ids))
        if states is not None:
            where.append(table.c.state.in_(states))
        if to is not None:
            where.append(table.c.to == to)
        if from_number is not None:
            where.append(table.c.from_number == from_number)
        if label is not None:
            where.append(table.c.label == label)
        if since is not None:
            where.append(table.c.created_at >= since)
        if until is not None:
            where.append(table.c.created_at < until)
        statement = (
            select(table)
            .where(*where)
            .order_by(table.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        found = [entity(Call, row._mapping) for row in (await self._read(statement)).rows]
        if page.offset == 0 and len(found) < page.limit:
            return found, len(found)
        return found, await self._count(where)

    async def _count(self, where: Sequence[ColumnElement[bool]]) -> int:
        """Return how many calls match.

        This reads an index entry, or a row, for each of them: kept counters belong here when the
        accounts grow to millions of calls.
        """
        found = await self._read(select(func.count()).select_from(table).where(*where))
        count: int = found.rows[0][0]
        return count

    async def due_calls(self, now: datetime, limit: int) -> Sequence[Call]:
        statement = (
            select(table)
            .where(call_waits, table.c.due_at <= now)
            .order_by(table.c.due_at, table.c.id)
            .limit(limit)
        )
        found = await self._lock(statement, skip_locked=True)
        return [entity(Call, row._mapping) for row in found.rows]

    async def next_due_at(self) -> datetime | None:
        statement = select(table.c.due_at).where(call_waits).order_by(table.c.due_at).limit(1)
        rows = (await self._read(statement)).rows
        return rows[0].due_at if rows else None

    async def update_calls(self, calls: Sequence[Call]) -> None:
        if not calls:
            return
        # In the order of identifiers, as all writers do: two that waited crosswise would never end.
        rows = [_changes(call) for call in sorted(calls, key=lambda call: call.id)]
        await self._change(_UPDATE, rows)


def _changes(call: Call) -> dict[str, Any]:
    return {"key": call.id} | {f"new_{name}": getattr(call, name) for name in _CHANGING}
