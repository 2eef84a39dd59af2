"""Calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Insert,
    Text,
    bindparam,
    insert,
    literal,
    select,
    update,
)

from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, CallId
from ringcast.stores.sql.call_search import CallSearchWork
from ringcast.stores.sql.columns import Id, as_json
from ringcast.stores.sql.tables import call_waits
from ringcast.stores.sql.tables import calls as table
from ringcast.stores.sql.work import any_of, batches, entity, values

__all__ = ["CallWork"]

_CHANGING = ("state", "outcome", "due_at", "attempts", "updated_at", "from_number")
_NOT_FINAL = [table.c.state != state for state in CallState if state.is_final]

_UPDATE = (
    update(table)
    .where(table.c.id == bindparam("key", type_=Id), *_NOT_FINAL)
    .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in _CHANGING})
)


_MANY = 100
"""From so many calls on it pays to have the database unpack them."""

_OWN = ("id", "to", "to_text", "from_number", "state", "attributes")
_SHARED = tuple(column.name for column in table.c if column.name not in _OWN)
_shared = attrgetter(*_SHARED)


class CallWork(CallSearchWork):
    """The part of a transaction that is about calls."""

    async def add_calls(self, calls: Sequence[Call]) -> None:
        self._count_new(calls)
        exists = "a call with that identifier exists already"
        missing = NotFound("account", any_of({call.account_id for call in calls}))
        if len(calls) < _MANY or not _are_alike(calls):
            rows = [values(call) for call in calls]
            await self._insert(table, rows, exists=exists, missing=missing)
            return
        statement = self._insert_alike(calls[0])
        for some in batches(calls):
            packed = {"packed": _packed(some)}
            await self._change(statement, packed, exists=exists, missing=missing)

    def _insert_alike(self, first: Call) -> Insert:
        """Return the statement that adds calls which share what is not in `_OWN` with `first`."""
        rows = self._database.unpacked(bindparam("packed", type_=Text), [table.c[n] for n in _OWN])
        shared = [literal(getattr(first, name), table.c[name].type) for name in _SHARED]
        return insert(table).from_select(
            [*_OWN, *_SHARED], select(*(rows.c[name] for name in _OWN), *shared)
        )

    async def call(
        self, account_id: AccountId, call_id: CallId, *, for_update: bool = False
    ) -> Call | None:
        statement = select(table).where(table.c.id == call_id, table.c.account_id == account_id)
        if for_update:
            rows = (await self._lock(statement, skip_locked=False)).rows
        else:
            rows = (await self._read(statement)).rows
        return entity(Call, rows[0]._mapping) if rows else None

    async def second_legs(self, account_id: AccountId, call_id: CallId) -> Sequence[CallId]:
        statement = (
            select(table.c.id)
            .where(table.c.transferred_from == call_id, table.c.account_id == account_id)
            .order_by(table.c.id.desc())
        )
        return [CallId(row.id) for row in (await self._read(statement)).rows]

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
        calls = sorted(calls, key=lambda call: call.id)
        await self._count_changes([call for call in calls if call.campaign_id is not None])
        await self._change(_UPDATE, [_changes(call) for call in calls])

    async def _count_changes(self, calls: Sequence[Call]) -> None:
        """Count what will change, by what the calls of campaigns are at present."""
        for some in batches(calls):
            statement = (
                select(table.c.id, table.c.state, table.c.attempts, table.c.outcome)
                .where(table.c.id.in_([call.id for call in some]), *_NOT_FINAL)
                .order_by(table.c.id)
            )
            present = {row.id: row for row in (await self._lock(statement, skip_locked=False)).rows}
            for call in some:
                if call.id in present:
                    self._count_change(present[call.id], call)


def _are_alike(calls: Sequence[Call]) -> bool:
    first = _shared(calls[0])
    return all(_shared(call) == first for call in calls)


def _packed(calls: Sequence[Call]) -> str:
    """Return what the calls do not share, as JSON; raise InvalidInput for what cannot be kept."""
    rows = [
        (
            call.id,
            None if call.to is None else str(call.to),
            call.to_text,
            None if call.from_number is None else call.from_number.e164,
            call.state,
            as_json(dict(call.attributes)) if call.attributes else "{}",
        )
        for call in calls
    ]
    packed = as_json(rows)
    if "\\u0000" in packed:
        raise InvalidInput("text with a NUL character in it cannot be kept")
    return packed


def _changes(call: Call) -> dict[str, Any]:
    return {"key": call.id} | {f"new_{name}": getattr(call, name) for name in _CHANGING}
