"""Attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from ringcast.domain.calls import Attempt
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AttemptId, CallId
from ringcast.stores.sql.columns import Id, Instant, Words
from ringcast.stores.sql.tables import attempt_lives
from ringcast.stores.sql.tables import attempts as table
from ringcast.stores.sql.work import Work, any_of, batches, entity, values

__all__ = ["AttemptWork"]

# Not `holder_until`: that is prolonged in the store, behind the back of whoever holds an Attempt.
_CHANGING = (
    "state",
    "ringing_at",
    "answered_at",
    "ended_at",
    "outcome",
    "sip_status",
    "q850_cause",
    "reason",
    "played",
    "digits",
    "answers",
)

_UPDATE = (
    update(table)
    .where(
        table.c.id == bindparam("key", type_=Id),
        table.c.holder == bindparam("by", type_=Words),
        attempt_lives,
    )
    .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in _CHANGING})
)

_EXTEND = (
    update(table)
    .where(table.c.holder == bindparam("by", type_=Words), attempt_lives)
    .values(holder_until=bindparam("new_until", type_=Instant))
)


class AttemptWork(Work):
    """The part of a transaction that is about attempts."""

    async def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        await self._insert(
            table,
            [values(attempt) for attempt in attempts],
            exists="an attempt with that identifier, or that number of its call, exists already",
            missing=NotFound("call", any_of(attempt.call_id for attempt in attempts)),
        )

    async def attempts_of(self, call_ids: Sequence[CallId]) -> Mapping[CallId, Sequence[Attempt]]:
        found: dict[CallId, list[Attempt]] = {call_id: [] for call_id in call_ids}
        for some in batches(found):
            statement = (
                select(table)
                .where(table.c.call_id.in_(some))
                .order_by(table.c.call_id, table.c.number)
            )
            for row in (await self._read(statement)).rows:
                attempt = entity(Attempt, row._mapping)
                found[attempt.call_id].append(attempt)
        return found

    async def update_attempts(self, attempts: Sequence[Attempt]) -> Sequence[AttemptId]:
        if len(attempts) == 1:  # what a live call does at each of its steps
            changed = await self._change(_UPDATE, _changes(attempts[0]))
            return [attempts[0].id] if changed.changed else []
        holders: dict[AttemptId, str] = {}
        for some in batches(sorted(attempt.id for attempt in attempts)):
            statement = (
                select(table.c.id, table.c.holder)
                .where(table.c.id.in_(some), attempt_lives)
                .order_by(table.c.id)
            )
            living = await self._lock(statement, skip_locked=False)
            holders.update((row.id, row.holder) for row in living.rows)
        held = [attempt for attempt in attempts if holders.get(attempt.id) == attempt.holder]
        if held:
            await self._change(_UPDATE, [_changes(attempt) for attempt in held])
        return [attempt.id for attempt in held]

    async def extend_holding(self, holder: str, until: datetime) -> int:
        changed = await self._change(_EXTEND, {"by": holder, "new_until": until})
        return changed.changed

    async def orphaned_attempts(self, now: datetime, limit: int) -> Sequence[Attempt]:
        statement = (
            select(table)
            .where(attempt_lives, table.c.holder_until <= now)
            .order_by(table.c.holder_until, table.c.id)
            .limit(limit)
        )
        found = await self._lock(statement, skip_locked=True)
        return [entity(Attempt, row._mapping) for row in found.rows]

    async def attempts_held_by(self, holder: str) -> Sequence[Attempt]:
        return await self._all(Attempt, table, table.c.holder == holder, attempt_lives)


def _changes(attempt: Attempt) -> dict[str, Any]:
    named = {f"new_{name}": getattr(attempt, name) for name in _CHANGING}
    return {"key": attempt.id, "by": attempt.holder} | named
