"""Due calls claimed: each gets an attempt, written down before anything is dialled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.events import AttemptStarted, CallBarred
from ringcast.domain.ids import AccountId, AttemptId, CallId
from ringcast.domain.legal_hours import Law
from ringcast.domain.limits import Lane
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.retries import NO_RETRY, RetryRule
from ringcast.domain.subscriptions import Topic
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store, Transaction
from ringcast.services.admission import Grant
from ringcast.services.calling_hours import CallingHours
from ringcast.services.campaign_dialing import CampaignTurns
from ringcast.services.changes import finished_calls, progress_of
from ringcast.services.limits import Limits, Payer, open_limits

__all__ = ["HOLD_FOR", "HORIZON", "POLL", "ClaimDueCalls", "Claimed"]

HOLD_FOR: Final = timedelta(seconds=30)
"""How long an attempt stays ours without a sign of life from this process."""
HORIZON: Final = 0.1
"""Seconds of dialling claimed in one transaction."""
POLL: Final = 0.5
"""Seconds between looks when nobody has rung the bell."""
_SOON: Final = 0.02  # seconds between looks at the least: calls are claimed several at a time
_SWEEP: Final = 500  # calls looked at together once some are held back by their own limits
_SWEEPS: Final = 4  # such looks in one transaction: what is left waits for the next

_Due: TypeAlias = tuple[Call, RetryRule, datetime]
"""A call, its retry rule, and when it may leave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A call whose attempt is written down."""

    call: Call
    attempt: Attempt
    retry: RetryRule
    leaves_at: float
    """On the monotonic clock."""


class ClaimDueCalls:
    """Writes attempts down for calls that are due, as many as the limits of all servers let leave.

    Whatever is refused is decided here, in the transaction that writes the attempts.
    """

    def __init__(
        self,
        *,
        store: Store,
        lane: Lane,
        clock: Clock,
        holder: str,
        again: Callable[[], None],
        law: Law | None = None,
    ) -> None:
        """`lane` has the trunk's limits; `again` asks for another look at once.

        `law` has the hours that accounts keep to; without it there are only campaigns' windows.
        """
        self._store = store
        self._lane = lane
        self._clock = clock
        self._holder = holder
        self._again = again
        self._law = law
        self._turns = CampaignTurns()

    async def __call__(self, grant: Grant) -> tuple[Sequence[Claimed], float]:
        """Write attempts down for what is due: single calls first, then campaigns in turn.

        Return with them the seconds until it is worth looking again.
        """
        now, monotonic = self._clock.now(), self._clock.monotonic()
        async with self._store.begin(read_only=True) as tx:
            due_at = await tx.next_due_at()
            nothing = (due_at is None or due_at > now) and not await tx.campaigns_wanting(now)
        if nothing:
            return (), _until(due_at, now)
        ids = await self._store.take_ids(grant.calls, now)
        async with self._store.begin() as tx:
            limits = await open_limits(tx, self._lane, now=now, horizon=timedelta(seconds=HORIZON))
            hours = CallingHours(tx, self._law, now)
            room = min(limits.room, grant.calls)
            taken = await self._singles(tx, limits, hours, room, now)
            if len(taken) < room:
                taken += await self._of_campaigns(tx, limits, hours, room - len(taken), now)
            claimed = [
                Claimed(
                    call=replace(
                        call.moved_to(CallState.ACTIVE, now=now), attempts=call.attempts + 1
                    ),
                    attempt=self._attempt(call, AttemptId(attempt_id), now),
                    retry=rule,
                    leaves_at=monotonic + (leaves_at - now).total_seconds(),
                )
                for (call, rule, leaves_at), attempt_id in zip(taken, ids, strict=False)
            ]
            await tx.update_calls([one.call for one in claimed])
            await tx.add_attempts([one.attempt for one in claimed])
            await tx.add_events(
                [
                    AttemptStarted(call_id=one.call.id, attempt_id=one.attempt.id, at=now)
                    for one in claimed
                ]
            )
            started = [
                told for one in claimed for told in progress_of(one.call, Topic.CALL_STARTED, now)
            ]
            if started:
                await tx.announce(started)
            limits.room  # noqa: B018 -- if there is none left, it says when there is
            await limits.save()
            await tx.commit()
        return claimed, _until(limits.come_back_at, now)

    async def _singles(
        self, tx: Transaction, limits: Limits, hours: CallingHours, room: int, now: datetime
    ) -> list[_Due]:
        """Take calls of no campaign; those that their own limits hold back are put off."""
        taken: dict[CallId, _Due] = {}
        most = room
        for _ in range(_SWEEPS):
            if len(taken) >= room:
                break
            found = [call for call in await tx.due_calls(now, most) if call.id not in taken]
            allowed = await self._leave_out_barred(tx, found, now)
            await limits.learn(map(Payer.of, allowed))
            held = []
            for call in allowed:
                if len(taken) >= room:
                    break
                law = await hours.law_for(call.account_id, single=True)
                if law is not None:
                    opens_at = hours.opens_at(call, window=None, law=law)
                    if opens_at > now:
                        held.append(replace(call, due_at=opens_at))
                        continue
                leaves_at = limits.take(Payer.of(call))
                if leaves_at is None:
                    held.append(limits.put_off(call))
                else:
                    taken[call.id] = (call, NO_RETRY, leaves_at)
            if not held:
                break
            await tx.update_calls(held)
            most = _SWEEP
        return list(taken.values())

    async def _of_campaigns(
        self, tx: Transaction, limits: Limits, hours: CallingHours, room: int, now: datetime
    ) -> list[_Due]:
        """Take calls of campaigns, in the room that single calls leave."""
        due = await self._turns.due(tx, now, room, limits, hours)
        if due.more:
            self._again()
        rule_of = dict(zip((call.id for call in due.calls), due.rules, strict=True))
        allowed = await self._leave_out_barred(tx, due.calls, now)
        await limits.learn(map(Payer.of, allowed))
        taken = []
        for call in allowed:
            leaves_at = limits.take(Payer.of(call))
            if leaves_at is not None:  # it stays due
                taken.append((call, rule_of[call.id], leaves_at))
        return taken

    async def _leave_out_barred(
        self, tx: Transaction, calls: Sequence[Call], now: datetime
    ) -> Sequence[Call]:
        """End calls to numbers that must not be called, and return the others.

        This is in the transaction that writes the attempt down: an entry counts for every call
        that is not being dialled when it is committed, whenever the call was asked for.
        """
        wanted: dict[AccountId, set[PhoneNumber]] = {}
        for call in calls:
            if isinstance(call.to, PhoneNumber):
                wanted.setdefault(call.account_id, set()).add(call.to)
        barred = {
            (account_id, number)
            for account_id, numbers in wanted.items()
            for number in await tx.do_not_call_among(account_id, numbers)
        }
        left_out = [call for call in calls if (call.account_id, call.to) in barred]
        if not left_out:
            return calls
        ended = [
            call.moved_to(CallState.DO_NOT_CALL, now=now, outcome=Outcome.UNDIALED)
            for call in left_out
        ]
        await tx.update_calls(ended)
        await tx.announce(finished_calls(ended))
        await tx.add_events([CallBarred(call_id=call.id, at=now) for call in left_out])
        self._again()  # what was granted for them goes to those behind them, at once
        return [call for call in calls if (call.account_id, call.to) not in barred]

    def _attempt(self, call: Call, attempt_id: AttemptId, now: datetime) -> Attempt:
        if call.to is None:  # such calls are INVALID from their creation and never become due
            raise AssertionError("a due call has a destination")
        return Attempt(
            id=attempt_id,
            call_id=call.id,
            account_id=call.account_id,
            number=call.attempts + 1,
            to=call.to,
            from_number=call.from_number,
            state=AttemptState.CREATED,
            created_at=now,
            holder=self._holder,
            holder_until=now + HOLD_FOR,
        )


def _until(at: datetime | None, now: datetime) -> float:
    """Return the seconds to wait when nothing is known to come before `at`."""
    return POLL if at is None else min(POLL, max(_SOON, (at - now).total_seconds()))
