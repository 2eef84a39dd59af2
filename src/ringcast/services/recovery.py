"""Ends attempts whose process died, and keeps those of this process from being taken for dead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import SystemRandom

from ringcast.domain.calls import Attempt, AttemptState
from ringcast.domain.errors import Unavailable
from ringcast.domain.events import CallEnded
from ringcast.domain.outcomes import Outcome
from ringcast.domain.retries import NO_RETRY, after_attempt
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store, Transaction
from ringcast.services.changes import count_attempt, finished_calls
from ringcast.services.dialer import HOLD_FOR

__all__ = ["EndOrphanedAttempts", "HoldAttempts"]

log = logging.getLogger(__name__)

_RANDOM = SystemRandom()
_BATCH = 500
_PERIOD = HOLD_FOR.total_seconds() / 3


class HoldAttempts:
    """Say regularly that this process lives, so that its attempts stay its own."""

    def __init__(self, *, store: Store, clock: Clock, holder: str) -> None:
        self._store = store
        self._clock = clock
        self._holder = holder

    async def __call__(self) -> int:
        """Prolong the hold on all living attempts; return how many there are."""
        async with self._store.begin() as tx:
            count = await tx.extend_holding(self._holder, self._clock.now() + HOLD_FOR)
            await tx.commit()
        return count

    async def run(self) -> None:
        """Do so until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD)
            try:
                await self()
            except Unavailable:
                log.warning("store unavailable, hold on attempts not prolonged")


class EndOrphanedAttempts:
    """Give an end to attempts whose holder has died.

    Nobody knows whether their INVITE left, or who heard what: they end as `internal_error`, and the
    call with them (DESIGN 5.2). Nobody is dialled again because we crashed, unless the rule of the
    campaign asks for it; and who has answered never is.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        spread: Callable[[], float] = _RANDOM.random,
    ) -> None:
        """`spread` draws the part of a retry's wait that is left to chance, from 0 to 1."""
        self._store = store
        self._clock = clock
        self._spread = spread

    async def __call__(self) -> int:
        """End those there are; return how many."""
        ended = 0
        while True:
            now = self._clock.now()
            async with self._store.begin() as tx:
                orphans = await tx.orphaned_attempts(now, _BATCH)
                if not orphans:
                    return ended
                await self._end(tx, orphans)
                await tx.commit()
            ended += len(orphans)
            log.warning("attempts of a dead process ended", extra={"attempts": len(orphans)})

    async def run(self) -> None:
        """Do so until cancelled."""
        while True:
            try:
                await self()
            except Unavailable:
                log.warning("store unavailable, orphaned attempts wait")
            await asyncio.sleep(_PERIOD)

    async def _end(self, tx: Transaction, orphans: Sequence[Attempt]) -> None:
        now = self._clock.now()
        reason = "the server stopped while the call was up; what became of it is unknown"
        attempts = [
            replace(
                attempt.moved_to(AttemptState.ENDED),
                ended_at=now,
                outcome=Outcome.INTERNAL_ERROR,
                reason=reason,
            )
            for attempt in orphans
        ]
        await tx.update_attempts(attempts)
        calls = [
            (call, attempt)
            for attempt in attempts
            if (call := await tx.call(attempt.account_id, attempt.call_id)) is not None
            and not call.state.is_final
        ]
        wanted = {call.campaign_id for call, _ in calls if call.campaign_id is not None}
        campaigns = await tx.campaigns_with_ids(sorted(wanted)) if wanted else {}
        ended = []
        for call, attempt in calls:
            rule = NO_RETRY if call.campaign_id is None else campaigns[call.campaign_id].retry
            ended.append(
                after_attempt(
                    call,
                    attempt,
                    rule=rule,
                    outcome=Outcome.INTERNAL_ERROR,
                    now=now,
                    spread=self._spread(),
                )
            )
            await count_attempt(tx, call, attempt)
        await tx.update_calls(ended)
        await tx.announce(finished_calls(ended))
        await tx.add_events(
            [
                CallEnded(
                    call_id=attempt.call_id,
                    attempt_id=attempt.id,
                    at=now,
                    outcome=Outcome.INTERNAL_ERROR,
                    reason=reason,
                )
                for attempt in orphans
            ]
        )
