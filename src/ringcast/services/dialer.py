"""The dialer: takes due calls, writes down an attempt for each, and only then has it dialled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import SystemRandom

from ringcast.domain.calls import Attempt, Call
from ringcast.domain.errors import RingcastError, Unavailable
from ringcast.domain.ids import AttemptId, CallId
from ringcast.domain.legal_hours import Law
from ringcast.domain.outcomes import Outcome
from ringcast.ports.clock import Clock
from ringcast.ports.engine import CallEngine, EngineEvent, LegEnded
from ringcast.ports.store import Store
from ringcast.services.admission import Admission
from ringcast.services.call_commands import Command
from ringcast.services.call_flow import CallFlow, SecondRole
from ringcast.services.changes import ChangeWriter
from ringcast.services.claiming import HOLD_FOR, HORIZON, POLL, ClaimDueCalls
from ringcast.services.program_run import Programs
from ringcast.services.second_legs import (
    NoSecondLeg,
    SecondCall,
    SecondOver,
    Tell,
    place_second_leg,
)

__all__ = ["HOLD_FOR", "Dialer"]

log = logging.getLogger(__name__)

_RANDOM = SystemRandom()
_STALE = 5.0  # seconds too late after which a call is not dialled without another look
_NOBODY_LEFT = "nobody was there any more to be put through"
_RETRY_AFTER = 1.0  # seconds before trying again when the store is away


class Dialer:
    """Dials due calls as fast as admission allows, and follows each to its end.

    At most one INVITE per attempt: the attempt is committed before the engine hears of it, and a
    call has at most one living attempt (DESIGN 5.2).
    """

    def __init__(
        self,
        *,
        store: Store,
        engine: CallEngine,
        admission: Admission,
        changes: ChangeWriter,
        clock: Clock,
        holder: str,
        spread: Callable[[], float] = _RANDOM.random,
        programs: Programs | None = None,
        law: Law | None = None,
    ) -> None:
        """`spread` draws the part of a retry's wait that is left to chance, from 0 to 1.

        `programs` runs those that scripts hold; without it such calls are hung up.
        `law` has the hours that accounts keep to.
        """
        self._store = store
        self._engine = engine
        self._admission = admission
        self._changes = changes
        self._clock = clock
        self._holder = holder
        self._spread = spread
        self._claims = ClaimDueCalls(
            store=store,
            lane=admission.lane,
            clock=clock,
            holder=holder,
            again=self.wake,
            law=law,
        )
        self._programs = programs
        self._flows: dict[AttemptId, CallFlow] = {}
        self._flow_of: dict[CallId, CallFlow] = {}
        """The same by their calls."""
        self._seconds: dict[tuple[AttemptId, int], CallFlow | None] = {}
        """Second legs by the first one and their number; None: not written down yet."""
        self._called_off: set[tuple[AttemptId, int]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._bell = asyncio.Event()
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def live(self) -> int:
        """Calls that are being dialled or talking."""
        return len(self._flows)

    @property
    def is_draining(self) -> bool:
        """Whether no new calls are dialled any more."""
        return self._draining

    def wake(self) -> None:
        """Look for due calls now instead of at the next poll."""
        self._bell.set()

    def deliver(self, event: EngineEvent) -> None:
        """Hand an engine event to its call; the sink to give to `CallEngine.start`."""
        flow = self._flows.get(event.leg)
        if flow is not None:
            flow.deliver(event)
        elif not isinstance(event, LegEnded):
            log.debug("event of an unknown leg", extra={"leg": event.leg})

    def drain(self) -> None:
        """Dial no more; calls that live go on to their end."""
        self._draining = True
        self._bell.set()

    async def drained(self) -> None:
        """Return when no call lives."""
        await self._idle.wait()

    async def hang_up_all(self, reason: str) -> None:
        """End every call that lives; `drained` tells when their ends are written."""
        for attempt_id in list(self._flows):
            await self._engine.hang_up(attempt_id, reason=reason)

    def leg_of(self, call_id: CallId) -> AttemptId | None:
        """Return the leg of a call that lives here."""
        flow = self._flow_of.get(call_id)
        return None if flow is None else flow.leg

    def command(self, call_id: CallId, command: Command) -> bool:
        """Give a live call a command; return False if no such call lives here."""
        flow = self._flow_of.get(call_id)
        return flow is not None and flow.command(command)

    def receive(self, call: Call, attempt: Attempt, offer: int) -> None:
        """See a call that came to us through; room for it was taken with `take_arrival`."""
        assert self._group is not None  # the engine offers calls while it runs
        flow = CallFlow(
            call=call,
            attempt=attempt,
            engine=self._engine,
            changes=self._changes,
            clock=self._clock,
            second_legs=self,
            programs=self._programs,
            offer=offer,
        )
        self._add(flow)
        self._group.create_task(self._follow(flow, attempt, self._clock.monotonic()))

    # Second legs (`second_legs.SecondLegs`)

    def place_second(
        self, number: int, first: Call, near: Attempt, wanted: SecondCall, tell: Tell
    ) -> None:
        """Dial a second leg, if there is room for it."""
        assert self._group is not None  # a first leg runs in it
        second = SecondRole(number=number, near=near.id, wanted=wanted, tell=tell)
        self._seconds[near.id, number] = None
        self._idle.clear()
        self._group.create_task(self._follow_second(second, first, near))

    async def end_second(self, near: AttemptId, number: int) -> None:
        """End a second leg, also one that is not dialled yet."""
        key = (near, number)
        if key not in self._seconds:
            return
        flow = self._seconds[key]
        if flow is None:
            self._called_off.add(key)
            return
        flow.call_off(_NOBODY_LEFT)
        await self._engine.hang_up(flow.leg, reason="the transfer is over")

    async def _follow_second(self, second: SecondRole, first: Call, near: Attempt) -> None:
        key = (near.id, second.number)
        try:
            call, attempt, leave_at = await place_second_leg(
                first,
                near,
                second.wanted,
                store=self._store,
                admission=self._admission,
                clock=self._clock,
                hold_for=HOLD_FOR,
            )
        except (NoSecondLeg, RingcastError) as error:
            log.info("second leg not dialled", extra={"attempt_id": near.id, "why": str(error)})
            self._forget_second(key)
            second.tell(
                SecondOver(number=second.number, outcome=Outcome.UNDIALED, reason=str(error))
            )
            return
        flow = CallFlow(
            call=call,
            attempt=attempt,
            engine=self._engine,
            changes=self._changes,
            clock=self._clock,
            second_legs=self,
            programs=self._programs,
            second=second,
        )
        if key in self._called_off:
            flow.call_off(_NOBODY_LEFT)
        self._seconds[key] = flow
        self._add(flow)
        try:
            await self._follow(flow, attempt, leave_at)
        finally:
            self._forget_second(key)

    def _forget_second(self, key: tuple[AttemptId, int]) -> None:
        del self._seconds[key]
        self._called_off.discard(key)
        self._note_idle()

    def _add(self, flow: CallFlow) -> None:
        self._flows[flow.leg] = self._flow_of[flow.call.id] = flow
        self._idle.clear()

    def _remove(self, flow: CallFlow) -> None:
        del self._flows[flow.leg]
        # The call may be on its next attempt already.
        if self._flow_of.get(flow.call.id) is flow:
            del self._flow_of[flow.call.id]

    def _note_idle(self) -> None:
        if not self._flows and not self._seconds:
            self._idle.set()

    # Dialling

    async def run(self) -> None:
        """Dial until cancelled; calls then still alive are left to `CallEngine.close`."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            while True:
                wait = POLL
                if not self._draining:
                    try:
                        wait = await self._dial_due(group)
                    except Unavailable:
                        log.warning("store unavailable, dialling waits")
                        wait = _RETRY_AFTER
                try:
                    async with asyncio.timeout(wait):
                        await self._bell.wait()
                except TimeoutError:
                    pass
                self._bell.clear()

    async def _dial_due(self, group: asyncio.TaskGroup) -> float:
        """Dial what is due and allowed; return the seconds until it is worth looking again."""
        now = self._clock.monotonic()
        grant = self._admission.grant(now=now, horizon=HORIZON)
        if grant.calls == 0:
            if grant.come_back_at is None:
                return POLL  # a call that ends rings the bell
            return max(0.0, grant.come_back_at - now)
        claimed, wait = await self._claims(grant)
        self._admission.take(grant, len(claimed))
        for one in claimed:
            flow = CallFlow(
                call=one.call,
                attempt=one.attempt,
                engine=self._engine,
                changes=self._changes,
                clock=self._clock,
                retry=one.retry,
                spread=self._spread,
                second_legs=self,
                programs=self._programs,
            )
            self._add(flow)
            group.create_task(self._follow(flow, one.attempt, one.leaves_at))
        return wait

    async def _follow(self, flow: CallFlow, attempt: Attempt, leave_at: float) -> None:
        try:
            await self._wait_to_leave(flow, attempt, leave_at)
            await flow.run()
        except Exception:  # one broken call must not take the others with it
            log.exception("call flow failed", extra={"attempt_id": attempt.id})
            await self._engine.hang_up(attempt.id, reason="a fault in the call flow")
            await flow.fail("a fault inside the server; its log has the details")
        finally:
            self._admission.release()
            self._remove(flow)
            self._note_idle()
            self._bell.set()

    async def _wait_to_leave(self, flow: CallFlow, attempt: Attempt, leave_at: float) -> None:
        """Wait for the call's time, and for the gap that others must leave."""
        wait = leave_at - self._clock.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        # The gap is one of time: there is nothing to be told of.
        while (wait := self._admission.depart(self._clock.monotonic())) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)
        if self._clock.monotonic() - leave_at > _STALE and not await self._still_holds(attempt):
            # This server stood still for so long that another one gave the attempt an end.
            flow.call_off("another server took the call over")

    async def _still_holds(self, attempt: Attempt) -> bool:
        """Whether the attempt is this server's yet; then it is for `HOLD_FOR` from now."""
        async with self._store.begin() as tx:
            held = await tx.update_attempts([attempt])
            await tx.extend_holding(attempt.holder, self._clock.now() + HOLD_FOR)
            await tx.commit()
        return bool(held)
