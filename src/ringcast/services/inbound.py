"""Calls that come to us: found a number of an account for, written down, and given to their script.

A call is on disk before it is taken, like every other: whatever happens then, it gets its end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.errors import InvalidNumber, RingcastError
from ringcast.domain.events import CallCreated, CallReceived
from ringcast.domain.ids import (
    AccountId,
    ApplicationId,
    AttemptId,
    CallId,
    SubscriptionId,
)
from ringcast.domain.instructions import Script
from ringcast.domain.limits import Lane
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.subscriptions import Follower, Topic
from ringcast.ports.clock import Clock
from ringcast.ports.engine import CallEngine, CallOffered, Refusal
from ringcast.ports.store import Store, Transaction
from ringcast.services.admission import Admission
from ringcast.services.changes import progress_of
from ringcast.services.limits import Payer, open_limits

__all__ = ["LiveCalls", "PrepareScript", "ReceiveCalls"]

log = logging.getLogger(__name__)


PrepareScript: TypeAlias = Callable[[Script, Account, ApplicationId | None], Script]
"""Returns a script with what is known only when a call comes."""


class LiveCalls(Protocol):
    """The calls that live on this server."""

    @property
    def is_draining(self) -> bool:
        """Whether no more may begin."""

    def receive(self, call: Call, attempt: Attempt, offer: int) -> None:
        """See a call that came to us through, for which there is room."""


class ReceiveCalls:
    """Takes what the engine offers, or refuses it.

    Refused is what is for no number of an account (404), for a number without a script or that is
    only shown as a caller id (480, 404), from a number that the account does not want to hear of
    (603), and what there is no room for (503).
    """

    def __init__(
        self,
        *,
        store: Store,
        engine: CallEngine,
        live: LiveCalls,
        admission: Admission,
        clock: Clock,
        holder: str,
        hold_for: timedelta,
        prepare: PrepareScript = lambda script, _account, _application: script,
    ) -> None:
        """`holder` and `hold_for` as in `dialer.Dialer`.

        `prepare` makes the script of a call of that of a number or an application.
        """
        self._prepare = prepare
        self._store = store
        self._engine = engine
        self._live = live
        self._admission = admission
        self._clock = clock
        self._holder = holder
        self._hold_for = hold_for
        self._offers: asyncio.Queue[CallOffered] = asyncio.Queue()

    def offered(self, offer: CallOffered) -> None:
        """Take note of a call; the sink to give to `CallEngine.start`."""
        self._offers.put_nowait(offer)

    async def run(self) -> None:
        """Do so until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._receive(await self._offers.get()))

    async def _receive(self, offer: CallOffered) -> None:
        if self._live.is_draining or not self._admission.take_arrival():
            await self._engine.decline(offer.offer, Refusal.OVERLOADED)
            return
        try:
            written = await self._write(offer)
        except RingcastError as error:
            log.warning("inbound call not written", extra={"why": str(error)})
            written = Refusal.OVERLOADED
        except BaseException:
            self._admission.release()
            raise
        if isinstance(written, Refusal):
            self._admission.release()
            await self._engine.decline(offer.offer, written)
            return
        self._live.receive(*written, offer.offer)

    async def _write(self, offer: CallOffered) -> tuple[Call, Attempt] | Refusal:
        try:
            to = PhoneNumber.parse(offer.to, field="to")
        except InvalidNumber:
            return Refusal.NO_SUCH_NUMBER
        now = self._clock.now()
        call_id, attempt_id, subscription_id = await self._store.take_ids(3, now)
        async with self._store.begin() as tx:
            plan = await _plan_for(tx, to, offer.from_number)
            if isinstance(plan, Refusal):
                return plan
            account, follower = plan.account, plan.follower
            if not await _has_room(tx, self._admission.lane, account.id, now):
                return Refusal.OVERLOADED
            call = Call(
                id=CallId(call_id),
                account_id=account.id,
                to=to,
                to_text=to.digits,
                from_number=offer.from_number,
                script=self._prepare(plan.script, account, plan.application_id),
                state=CallState.ACTIVE,
                created_at=now,
                updated_at=now,
                due_at=now,
                attempts=1,
                is_inbound=True,
            )
            attempt = Attempt(
                id=AttemptId(attempt_id),
                call_id=call.id,
                account_id=call.account_id,
                number=1,
                to=to,
                from_number=call.from_number,
                state=AttemptState.RINGING,
                created_at=now,
                ringing_at=now,
                holder=self._holder,
                holder_until=now + self._hold_for,
            )
            await tx.add_calls([call])
            await tx.add_attempts([attempt])
            await tx.add_events(
                [
                    CallCreated(call_id=call.id, at=now),
                    CallReceived(call_id=call.id, attempt_id=attempt.id, at=now, trunk=offer.trunk),
                ]
            )
            if follower is not None:
                await tx.add_subscription(
                    follower.following(
                        SubscriptionId(subscription_id),
                        account.id,
                        call.id,
                        at=now,
                        signing_key=account.signing_key,
                    )
                )
            await tx.announce(progress_of(call, Topic.CALL_RECEIVED, now))
            await tx.commit()
        return call, attempt


@dataclass(frozen=True, slots=True)
class _Plan:
    account: Account
    script: Script
    follower: Follower | None
    application_id: ApplicationId | None


async def _has_room(tx: Transaction, trunk: Lane, account_id: AccountId, now: datetime) -> bool:
    """Whether trunk and account may have one more call, over all servers.

    Calls a second are a limit of what we send: who calls us does not count.
    """
    limits = await open_limits(tx, trunk, now=now, horizon=timedelta())
    payer = Payer(account_id, None, None)
    await limits.learn([payer])
    return limits.has_place(payer)


async def _plan_for(
    tx: Transaction, to: PhoneNumber, caller: PhoneNumber | None
) -> _Plan | Refusal:
    owned = await tx.number_of_anybody(to)
    if owned is None or owned.caller_id_only:
        return Refusal.NO_SUCH_NUMBER
    script, follower = owned.script, owned.follower
    if owned.application_id is not None:
        application = await tx.application(owned.account_id, owned.application_id)
        if application is not None:
            script, follower = application.script, application.follower
    account = await tx.account(owned.account_id)
    if account is None or not account.enabled or script is None:
        return Refusal.UNAVAILABLE
    if caller is not None:
        entry = await tx.do_not_call_entry(owned.account_id, caller)
        if entry is not None and entry.inbound_call:
            return Refusal.REJECTED
    return _Plan(account, script, follower, owned.application_id)
