"""The second leg of a transfer: a call of its own, placed while the first one waits.

It is written down like every call before its INVITE leaves, and passes the one admission point.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.events import AttemptStarted, CallCreated
from ringcast.domain.ids import AttemptId, CallId
from ringcast.domain.instructions import Script, Transfer
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store, Transaction
from ringcast.services.admission import Admission

__all__ = [
    "SecondAnswered",
    "SecondLegNews",
    "SecondLegs",
    "SecondOver",
    "Tell",
    "place_second_leg",
]

_PATIENCE: Final = 5.0
"""Seconds that a transfer waits for its turn to dial."""
_HORIZON: Final = 0.1


@dataclass(frozen=True, slots=True)
class SecondAnswered:
    """The second leg was answered."""

    leg: AttemptId


@dataclass(frozen=True, slots=True)
class SecondOver:
    """The second leg has ended, or came to nothing."""

    leg: AttemptId


SecondLegNews: TypeAlias = SecondAnswered | SecondOver
Tell: TypeAlias = Callable[[SecondLegNews], None]


class SecondLegs(Protocol):
    """Places second legs and ends them."""

    async def place_second(
        self, first: Call, near: Attempt, transfer: Transfer, tell: Tell
    ) -> AttemptId | None:
        """Dial the second leg of a transfer; None if there is no room for it or it is barred.

        `tell` hears of its answer and, if a leg was returned, once of its end.
        """

    async def end_second(self, leg: AttemptId) -> None:
        """End a second leg, also one that is not dialled yet; do nothing if it is over."""


async def place_second_leg(
    first: Call,
    near: Attempt,
    transfer: Transfer,
    *,
    store: Store,
    admission: Admission,
    clock: Clock,
    hold_for: timedelta,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> tuple[Call, Attempt, float] | None:
    """Take room for a second leg and write it down.

    Return its call, its attempt and when it may leave on the monotonic clock; None if it cannot be
    dialled, also because the campaign has as many transfers as it may. Whoever gets it gives the
    room back when it is over, and says within `hold_for` that the attempt is still held.
    """
    leave_at = await _room(admission, clock, sleep)
    if leave_at is None:
        return None
    try:
        held = replace(near, holder_until=clock.now() + hold_for)
        written = await _write(first, held, transfer, store=store, clock=clock)
    except BaseException:
        admission.release()
        raise
    if written is None:
        admission.release()
        return None
    return *written, leave_at


async def _room(
    admission: Admission, clock: Clock, sleep: Callable[[float], Awaitable[None]]
) -> float | None:
    until = clock.monotonic() + _PATIENCE
    while True:
        now = clock.monotonic()
        grant = admission.grant(now=now, horizon=_HORIZON)
        if grant.calls:
            admission.take(grant, 1)
            return grant.first_at
        if grant.come_back_at is None or grant.come_back_at > until:
            return None
        await sleep(max(0.0, grant.come_back_at - now))


async def _write(
    first: Call, near: Attempt, transfer: Transfer, *, store: Store, clock: Clock
) -> tuple[Call, Attempt] | None:
    now = clock.now()
    call_id, attempt_id = await store.take_ids(2, now)
    call = Call(
        id=CallId(call_id),
        account_id=first.account_id,
        to=transfer.to,
        to_text=transfer.to.digits,
        from_number=first.from_number,
        script=Script(instructions=()),
        state=CallState.ACTIVE,
        created_at=now,
        updated_at=now,
        due_at=now,
        ring_timeout=transfer.ring_timeout,
        max_length=first.max_length,
        attempts=1,
        transferred_from=first.id,
    )
    attempt = Attempt(
        id=AttemptId(attempt_id),
        call_id=call.id,
        account_id=call.account_id,
        number=1,
        to=transfer.to,
        from_number=call.from_number,
        state=AttemptState.CREATED,
        created_at=now,
        holder=near.holder,
        holder_until=near.holder_until,
    )
    async with store.begin() as tx:
        if await tx.do_not_call_among(call.account_id, {transfer.to}):
            return None
        if not await _has_room(tx, first):
            return None
        await tx.add_calls([call])
        await tx.add_attempts([attempt])
        await tx.add_events(
            [
                CallCreated(call_id=call.id, at=now),
                AttemptStarted(call_id=call.id, attempt_id=attempt.id, at=now),
            ]
        )
        await tx.commit()
    return call, attempt


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
