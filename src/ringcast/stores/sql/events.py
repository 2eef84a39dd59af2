"""Events of calls."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, insert, select

from ringcast.domain.errors import NotFound
from ringcast.domain.events import CallEvent
from ringcast.domain.ids import CallId
from ringcast.ports.store import NumberedEvent
from ringcast.stores.sql.columns import Event, Id, Instant
from ringcast.stores.sql.tables import call_events, calls
from ringcast.stores.sql.work import Work, any_of, batches

__all__ = ["EventWork"]

# Each row sees the one before it, also within one list: the next number is one more than the last.
_APPEND = insert(call_events).from_select(
    ["call_id", "number", "at", "event"],
    select(
        bindparam("call", type_=Id),
        func.coalesce(func.max(call_events.c.number), 0) + 1,
        bindparam("when", type_=Instant),
        bindparam("what", type_=Event),
    ).where(call_events.c.call_id == bindparam("call", type_=Id)),
)


class EventWork(Work):
    """The part of a transaction that is about events."""

    async def add_events(self, events: Sequence[CallEvent]) -> None:
        if not events:
            return
        call_ids = sorted({event.call_id for event in events})
        if self._database.locks_rows:
            # Who holds the call appends to it: otherwise two would count up to the same number.
            for some in batches(call_ids):
                await self._lock(
                    select(calls.c.id).where(calls.c.id.in_(some)).order_by(calls.c.id),
                    skip_locked=False,
                )
        rows = [{"call": event.call_id, "when": event.at, "what": event} for event in events]
        await self._change(
            _APPEND,
            rows,
            missing=NotFound("call", any_of(call_ids)),
        )

    async def events_of(self, call_id: CallId) -> Sequence[NumberedEvent]:
        statement = (
            select(call_events.c.number, call_events.c.event)
            .where(call_events.c.call_id == call_id)
            .order_by(call_events.c.number)
        )
        found = await self._read(statement)
        return [NumberedEvent(row.number, row.event) for row in found.rows]
