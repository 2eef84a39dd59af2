"""The second leg of a transfer: a call of its own, placed while the first one waits.

It is written down like every call before its INVITE leaves, and passes the one admission point.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.events import AttemptStarted, CallCreated
from ringcast.domain.ids import AttemptId, CallId, SubscriptionId
from ringcast.domain.instructions import Script
from ringcast.domain.limits import Lane
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import StartProgram
from ringcast.domain.subscriptions import Follower, Topic
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store, Transaction
from ringcast.services.admission import Admission
from ringcast.services.changes import progress_of
from ringcast.services.limits import Payer, open_limits

__all__ = [
    "NoSecondLeg",
    "SecondAnswered",
    "SecondCall",
    "SecondLegNews",
    "SecondLegs",
    "SecondOver",
    "Tell",
    "place_second_leg",
]

_PATIENCE: Final = 5.0
"""Seconds that a transfer waits for its turn to dial."""
_HORIZON: Final = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondCall:
    """Whom to call for the first leg, and how."""

    to: Destination
    from_number: PhoneNumber | None = None
    """None shows the first leg's own."""
    ring_timeout: timedelta = timedelta(seconds=60)
    headers: Mapping[str, str] = field(default_factory=dict)
    credentials: tuple[str, str] | None = None
    send_digits: str = ""
    """Sent when it is answered."""
    before: StartProgram | None = None
    """Run then, before the answer is told; if it ends with End there is none."""
    follower: Follower | None = None
    """Who is told of its progress."""
    counts: bool = True
    """Whether it is refused when the campaign has as many transfers as it may."""
    call_id: CallId | None = None
    """Under which it is written down; None takes a fresh one."""


@dataclass(frozen=True, slots=True)
class SecondAnswered:
    """A second leg was answered and is ready to be connected."""

    number: int
    leg: AttemptId
    call_id: CallId


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondOver:
    """A second leg has ended, or came to nothing."""

    number: int
    outcome: Outcome
    call_id: CallId | None = None
    """None if nothing was dialled."""
    sip_status: int | None = None
    reason: str = ""


SecondLegNews: TypeAlias = SecondAnswered | SecondOver
Tell: TypeAlias = Callable[[SecondLegNews], None]


class SecondLegs(Protocol):
    """Places second legs and ends them; `number` is chosen by the first leg, unique on it."""

    def place_second(
        self, number: int, first: Call, near: Attempt, wanted: SecondCall, tell: Tell
    ) -> None:
        """Dial a second leg, soon; `tell` hears of its answer, and once of its end in any case."""

    async def end_second(self, near: AttemptId, number: int) -> None:
        """End a second leg, also one that is not dialled yet; do nothing if it is over."""


class NoSecondLeg(Exception):
    """A second leg is not dialled: it is barred, or there is no room for it."""


async def place_second_leg(
    first: Call,
    near: Attempt,
    wanted: SecondCall,
    *,
    store: Store,
    admission: Admission,
    clock: Clock,
    hold_for: timedelta,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> tuple[Call, Attempt, float]:
    """Take room for a second leg and write it down.

    Return its call, its attempt and when it may leave on the monotonic clock. Whoever gets it gives
    the room back when it is over, and says within `hold_for` that the attempt is still held.
    Raises NoSecondLeg if it cannot be dialled.
    """
    until = clock.monotonic() + _PATIENCE
    while True:
        await _room(admission, clock, sleep, until=until)
        try:
            held = replace(near, holder_until=clock.now() + hold_for)
            written = await _write(
                first, held, wanted, store=store, clock=clock, lane=admission.lane
            )
        except BaseException:
            admission.release()
            raise
        if not isinstance(written, float):
            return written
        admission.release()
        await _pause(written, clock, sleep, until=until)


async def _room(
    admission: Admission,
    clock: Clock,
    sleep: Callable[[float], Awaitable[None]],
    *,
    until: float,
) -> None:
    while True:
        now = clock.monotonic()
        grant = admission.grant(now=now, horizon=_HORIZON)
        if grant.calls:
            admission.take(grant, 1)
            return
        wait = None if grant.come_back_at is None else grant.come_back_at - now
        await _pause(wait, clock, sleep, until=until)


async def _pause(
    wait: float | None,
    clock: Clock,
    sleep: Callable[[float], Awaitable[None]],
    *,
    until: float,
) -> None:
    if wait is None or clock.monotonic() + wait > until:
        raise NoSecondLeg("as many calls live as the limits allow")
    await sleep(max(0.0, wait))


async def _write(
    first: Call,
    near: Attempt,
    wanted: SecondCall,
    *,
    store: Store,
    clock: Clock,
    lane: Lane,
) -> tuple[Call, Attempt, float] | float:
    """Return the call, its attempt and when it may leave; or for how many seconds to wait."""
    now, monotonic = clock.now(), clock.monotonic()
    call_id, attempt_id, subscription_id = await store.take_ids(3, now)
    call = Call(
        id=wanted.call_id or CallId(call_id),
        account_id=first.account_id,
        to=wanted.to,
        to_text=wanted.to.digits if isinstance(wanted.to, PhoneNumber) else str(wanted.to),
        from_number=wanted.from_number or first.from_number,
        script=Script(instructions=()),
        state=CallState.ACTIVE,
        created_at=now,
        updated_at=now,
        due_at=now,
        ring_timeout=wanted.ring_timeout,
        max_length=first.max_length,
        attempts=1,
        transferred_from=first.id,
        headers=wanted.headers,
    )
    attempt = Attempt(
        id=AttemptId(attempt_id),
        call_id=call.id,
        account_id=call.account_id,
        number=1,
        to=wanted.to,
        from_number=call.from_number,
        state=AttemptState.CREATED,
        created_at=now,
        holder=near.holder,
        holder_until=near.holder_until,
    )
    async with store.begin() as tx:
        if isinstance(wanted.to, PhoneNumber) and await tx.do_not_call_among(
            call.account_id, {wanted.to}
        ):
            raise NoSecondLeg("the number is on the do-not-call list")
        shown = wanted.from_number
        if shown not in (None, first.from_number) and (
            await tx.number(call.account_id, shown) is None
        ):
            raise NoSecondLeg(f"{shown.masked} cannot be shown: it is not the account's")
        if wanted.counts and not await _has_room(tx, first):
            raise NoSecondLeg("the campaign has as many transfers as it may")
        limits = await open_limits(tx, lane, now=now, horizon=timedelta(seconds=_HORIZON))
        payer = Payer.of(call)
        await limits.learn([payer])
        leaves_at = limits.take(payer)
        if leaves_at is None:
            return max(_HORIZON, (limits.wait_of(payer) - now).total_seconds())
        await limits.save()
        await tx.add_calls([call])
        await tx.add_attempts([attempt])
        await tx.add_events(
            [
                CallCreated(call_id=call.id, at=now),
                AttemptStarted(call_id=call.id, attempt_id=attempt.id, at=now),
            ]
        )
        if wanted.follower is not None:
            await tx.add_subscription(
                wanted.follower.following(
                    SubscriptionId(subscription_id),
                    call.account_id,
                    call.id,
                    at=now,
                )
            )
            await tx.announce(progress_of(call, Topic.CALL_STARTED, now))
        await tx.commit()
    return call, attempt, monotonic + (leaves_at - now).total_seconds()


async def _has_room(tx: Transaction, first: Call) -> bool:
    """Whether the campaign of the first leg, if it has one, may have another transfer now."""
    if first.campaign_id is None:
        return True
    campaign = await tx.campaign(first.account_id, first.campaign_id)
    if campaign is None or campaign.max_active_transfers is None:
        return True
    # Locked until the second leg is written: two transfers never see the same last place.
    campaign = await tx.campaign(first.account_id, first.campaign_id, for_update=True)
    assert campaign is not None  # campaigns are never deleted
    most = campaign.max_active_transfers
    return most is None or await tx.live_transfers(campaign.id) < most
