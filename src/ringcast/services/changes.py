"""Writing what happens to live calls: many changes, few transactions."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ringcast.domain.calls import Attempt, AttemptState, Call
from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.errors import RingcastError, Unavailable
from ringcast.domain.events import CallEvent
from ringcast.domain.ids import AttemptId, CallId
from ringcast.domain.subscriptions import Announcement, Topic
from ringcast.ports.store import Store, Transaction

__all__ = ["Change", "ChangeWriter", "finished_calls", "progress_of"]

log = logging.getLogger(__name__)

_BATCH = 500  # changes written in one transaction at most
_RETRY_AFTER = 0.5  # seconds between tries while the store is away


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A step of one attempt with the events that report it; written together or not at all."""

    attempt: Attempt
    call: Call | None = None
    """The call, if this step changes it too."""
    events: Sequence[CallEvent] = ()
    announcements: Sequence[Announcement] = ()
    """What is to be told of the step; the end of a call is told without being asked for."""
    afterwards: Sequence[Announcement] = ()
    """What is told after the end of the call."""
    do_not_call: Sequence[DoNotCallEntry] = ()
    """Numbers that must not be called any more: whoever was called has said so."""


class ChangeWriter:
    """Commit changes in the order given, as many in one transaction as have gathered.

    While one transaction is on its way to the disk the next changes gather, so a busy system writes
    larger batches instead of waiting longer. While the store is away, changes wait.
    """

    def __init__(
        self, *, store: Store, observer: Callable[[Sequence[CallEvent]], None] | None = None
    ) -> None:
        self._store = store
        self._observers = [] if observer is None else [observer]
        self._queue: asyncio.Queue[tuple[Change, asyncio.Future[bool]]] = asyncio.Queue()

    def observe(self, observer: Callable[[Sequence[CallEvent]], None]) -> None:
        """Call `observer` with events once they are committed."""
        self._observers.append(observer)

    def submit(self, change: Change) -> asyncio.Future[bool]:
        """Have the change written; the future tells whether the attempt was still ours.

        It is False if another process took the attempt over because our hold on it ran out: then
        nothing was written, and whoever holds the leg should end it.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((change, future))
        return future

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._write_until_done(batch)
            for _ in batch:
                self._queue.task_done()

    async def drained(self) -> None:
        """Return when everything submitted so far has been written."""
        await self._queue.join()

    async def _write_until_done(self, batch: Sequence[tuple[Change, asyncio.Future[bool]]]) -> None:
        while True:
            try:
                written = await self._write([change for change, _ in batch])
            except Unavailable:
                log.warning("store unavailable, changes wait", extra={"changes": len(batch)})
                await asyncio.sleep(_RETRY_AFTER)
                continue
            except RingcastError as error:
                log.exception("changes refused by the store", extra={"changes": len(batch)})
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                return
            for change, future in batch:
                if not future.done():
                    future.set_result(change.attempt.id in written)
            events = [
                event
                for change, _ in batch
                if change.attempt.id in written
                for event in change.events
            ]
            if events:
                for observer in self._observers:
                    observer(events)
            return

    async def _write(self, changes: Sequence[Change]) -> frozenset[AttemptId]:
        attempts: dict[AttemptId, Attempt] = {c.attempt.id: c.attempt for c in changes}
        async with self._store.begin() as tx:
            written = frozenset(await tx.update_attempts(list(attempts.values())))
            await self._write_calls_and_events(tx, [c for c in changes if c.attempt.id in written])
            await tx.commit()
        return written

    @staticmethod
    async def _write_calls_and_events(tx: Transaction, changes: Sequence[Change]) -> None:
        calls: dict[CallId, Call] = {c.call.id: c.call for c in changes if c.call is not None}
        steps = [one for change in changes for one in change.announcements]
        if calls:
            await tx.update_calls(list(calls.values()))
        steps += finished_calls(list(calls.values()))
        steps += [one for change in changes for one in change.afterwards]
        if steps:
            await tx.announce(steps)
        for change in changes:
            if change.call is not None and change.attempt.state is AttemptState.ENDED:
                await count_attempt(tx, change.call, change.attempt)
        banned = {(e.account_id, e.number): e for change in changes for e in change.do_not_call}
        if banned:
            await tx.put_do_not_call(list(banned.values()))
        events = [event for change in changes for event in change.events]
        if events:
            await tx.add_events(events)


async def count_attempt(tx: Transaction, call: Call, attempt: Attempt) -> None:
    """Count an attempt that has ended to the campaign of its call, if it has one."""
    if call.campaign_id is not None:
        await tx.count_attempt(
            call,
            at=attempt.ended_at or call.updated_at,
            outcome=attempt.outcome,
            answered=attempt.answered_at is not None,
            talk_time=attempt.talk_time,
            billed_minutes=math.ceil(attempt.talk_time / timedelta(minutes=1)),
        )


def progress_of(
    call: Call, topic: Topic, at: datetime, event: CallEvent | None = None
) -> Sequence[Announcement]:
    """Return what is to be announced of a call on its way.

    Only calls of no campaign have subscribers of their own: the others cost nothing here.
    """
    if call.campaign_id is not None:
        return ()
    return (
        Announcement(
            topic=topic, account_id=call.account_id, subject_id=call.id, at=at, event=event
        ),
    )


def finished_calls(calls: Sequence[Call]) -> Sequence[Announcement]:
    """Return what is to be announced of calls that were just changed: those that have ended."""
    return [
        Announcement(
            topic=Topic.CALL_FINISHED,
            account_id=call.account_id,
            subject_id=call.id,
            at=call.updated_at,
        )
        for call in calls
        if call.state.is_final
    ]
