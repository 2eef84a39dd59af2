"""One leg's life: originate, run its script once answered, and write down how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from ringcast.domain.calls import Attempt, AttemptState, Call
from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.events import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    DigitPressed,
    SoundPlayed,
)
from ringcast.domain.ids import AttemptId
from ringcast.domain.instructions import Transfer
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome, outcome_of_failure
from ringcast.domain.retries import NO_RETRY, RetryRule, after_attempt
from ringcast.ports.clock import Clock
from ringcast.ports.engine import (
    AnswerClassified,
    AnswerKind,
    CallEngine,
    DigitReceived,
    DigitsSent,
    GreetingEnded,
    LegAnswered,
    LegEnded,
    LegRinging,
    Originate,
    PlaybackFinished,
    PlaybackResult,
    PlaybackStarted,
    RecordingFinished,
    Unbridged,
    WhoEnded,
)
from ringcast.services.changes import Change, ChangeWriter
from ringcast.services.script_run import News, ScriptRun
from ringcast.services.second_legs import SecondAnswered, SecondLegs, SecondOver, Tell

__all__ = ["CallFlow"]

log = logging.getLogger(__name__)

_OUTCOME_OF_ANSWER: Mapping[AnswerKind, Outcome] = {
    AnswerKind.HUMAN: Outcome.HUMAN,
    AnswerKind.SILENCE: Outcome.HUMAN,  # mostly a person who listens
    AnswerKind.MACHINE: Outcome.MACHINE,
    AnswerKind.SCREENING: Outcome.SCREENING,
    AnswerKind.FAX: Outcome.FAX,
}


class _LegOver(Exception):
    """The leg has ended and its end has been noted: control flow inside this module, no fault."""


class CallFlow:
    """Carries one attempt from its INVITE to its outcome.

    Give it the engine's events of its leg with `deliver`; run it as a task with `run`, which
    returns when the attempt's end is committed.
    """

    def __init__(
        self,
        *,
        call: Call,
        attempt: Attempt,
        engine: CallEngine,
        changes: ChangeWriter,
        clock: Clock,
        retry: RetryRule = NO_RETRY,
        spread: Callable[[], float] = lambda: 0.0,
        second_legs: SecondLegs,
        near: AttemptId | None = None,
        tell: Tell | None = None,
    ) -> None:
        """`retry` says whether there is another attempt; `spread` as in `RetryRule`.

        With `tell` this is the second leg of a transfer, `near` its first: it runs no script.
        """
        self._call = call
        self._attempt = attempt
        self._engine = engine
        self._changes = changes
        self._clock = clock
        self._retry = retry
        self._spread = spread
        self._second_legs = second_legs
        self._near = near
        self._tell = tell
        self._is_called_off = False
        self._is_transferred = False
        self._events: asyncio.Queue[News] = asyncio.Queue()
        self._answered_by = AnswerKind.HUMAN

    def deliver(self, event: News) -> None:
        """Take an event of this leg, or news of the second one."""
        self._events.put_nowait(event)

    def call_off(self) -> None:
        """See that nothing is dialled, if it has not been dialled yet."""
        self._is_called_off = True

    async def run(self) -> None:
        """Place the call and see it through."""
        try:
            await self._run()
        finally:
            if self._tell is not None:
                self._tell(SecondOver(self._attempt.id))

    async def _run(self) -> None:
        leg = self._attempt.id
        if self._is_called_off:
            reason = "nobody was there any more to be put through"
            await self._finish(at=self._clock.now(), outcome=Outcome.CANCELED, reason=reason)
            return
        try:
            await self._engine.originate(
                Originate(
                    leg=leg,
                    to=self._attempt.to,
                    from_number=self._attempt.from_number,
                    ring_timeout=self._call.ring_timeout,
                    max_length=self._call.max_length,
                    near=self._near,
                )
            )
        except EngineUnavailable as error:
            await self._finish(
                at=self._clock.now(), outcome=Outcome.INTERNAL_ERROR, reason=str(error)
            )
            return
        try:
            await self._wait_for_answer()
            if self._tell is not None:
                self._tell(SecondAnswered(leg))
                while True:
                    await self._next_event()
            await self._script_run().run(self._call.script.instructions)
            await self._engine.hang_up(leg, reason="the script ended")
            while True:
                await self._next_event()
        except _LegOver:
            return

    async def fail(self, reason: str) -> None:
        """Give the attempt its end after a fault of ours, unless it has one."""
        if self._attempt.state is not AttemptState.ENDED:
            await self._finish(at=self._clock.now(), outcome=Outcome.INTERNAL_ERROR, reason=reason)

    def _script_run(self) -> ScriptRun:
        return ScriptRun(
            leg=self._attempt.id,
            engine=self._engine,
            clock=self._clock,
            next_event=self._next_event,
            on_answered_by=self._note_answered_by,
            on_ban=self._ban_number,
            second_leg=self,
        )

    # What a script asks of a transfer (`script_run.SecondLeg`)

    async def place(self, transfer: Transfer) -> AttemptId | None:
        """Dial the second leg."""
        return await self._second_legs.place_second(
            self._call, self._attempt, transfer, self.deliver
        )

    async def end(self, leg: AttemptId) -> None:
        """End the second leg."""
        await self._second_legs.end_second(leg)

    def note_transferred(self) -> None:
        """The legs hear each other: that is what came of the attempt."""
        self._is_transferred = True

    # Events

    async def _wait_for_answer(self) -> None:
        while self._attempt.state is not AttemptState.ANSWERED:
            await self._next_event()

    async def _next_event(self, until: float | None = None) -> News | None:
        """Take the next event, note what it changes, and raise _LegOver after the last one.

        Return None if none comes `until` that moment of the monotonic clock.
        """
        left = None if until is None else until - self._clock.monotonic()
        try:
            async with asyncio.timeout(left):
                event = await self._events.get()
        except TimeoutError:
            return None
        match event:
            case LegRinging():
                self._note_ringing(event)
            case LegAnswered():
                self._note_answered(event)
            case PlaybackFinished():
                self._note_played(event)
            case DigitReceived():
                self._note_digit(event)
            case LegEnded():
                await self._note_end(event)
                raise _LegOver
            case PlaybackStarted() | DigitsSent() | RecordingFinished():
                pass
            case AnswerClassified() | GreetingEnded() | Unbridged():
                pass
            case SecondAnswered() | SecondOver():
                pass
            case _:
                assert_never(event)
        return event

    def _note_ringing(self, event: LegRinging) -> None:
        if self._attempt.state is not AttemptState.CREATED:
            return  # a second 180, or early media after it
        attempt = replace(self._attempt.moved_to(AttemptState.RINGING), ringing_at=event.at)
        self._write(
            attempt,
            CallRinging(
                call_id=attempt.call_id,
                attempt_id=attempt.id,
                at=event.at,
                early_media=event.early_media,
            ),
        )

    def _note_answered(self, event: LegAnswered) -> None:
        attempt = replace(self._attempt.moved_to(AttemptState.ANSWERED), answered_at=event.at)
        self._write(
            attempt,
            CallAnswered(call_id=attempt.call_id, attempt_id=attempt.id, at=event.at),
        )

    def _note_played(self, event: PlaybackFinished) -> None:
        attempt = replace(self._attempt, played=self._attempt.played + event.played)
        if event.result is PlaybackResult.FAILED:
            log.error("playback failed", extra={"attempt_id": attempt.id})
        self._write(
            attempt,
            SoundPlayed(
                call_id=attempt.call_id,
                attempt_id=attempt.id,
                at=event.at,
                played=event.played,
                completed=event.result is PlaybackResult.COMPLETED,
            ),
        )

    def _note_digit(self, event: DigitReceived) -> None:
        attempt = replace(self._attempt, digits=self._attempt.digits + event.digit)
        self._write(
            attempt,
            DigitPressed(
                call_id=attempt.call_id, attempt_id=attempt.id, at=event.at, digit=event.digit
            ),
        )

    def _note_answered_by(self, kind: AnswerKind) -> None:
        self._answered_by = kind

    def _ban_number(self, source: str) -> None:
        if not isinstance(self._attempt.to, PhoneNumber):
            return  # the list is one of numbers: a SIP address cannot be on it
        entry = DoNotCallEntry(
            account_id=self._attempt.account_id,
            number=self._attempt.to,
            call=True,
            text=True,
            inbound_call=False,
            inbound_text=False,
            source=source,
            created_at=self._clock.now(),
            campaign_id=self._call.campaign_id,
        )
        self._submit(Change(attempt=self._attempt, do_not_call=(entry,)))

    async def _note_end(self, event: LegEnded) -> None:
        outcome = _outcome(self._attempt, self._answered_by, event)
        if self._is_transferred and outcome.is_answered:
            outcome = Outcome.TRANSFERRED
        await self._finish(
            at=event.at,
            outcome=outcome,
            reason=event.reason,
            sip_status=event.sip_status,
            q850_cause=event.q850_cause,
        )

    async def _finish(
        self,
        *,
        at: datetime,
        outcome: Outcome,
        reason: str,
        sip_status: int | None = None,
        q850_cause: int | None = None,
    ) -> None:
        attempt = replace(
            self._attempt.moved_to(AttemptState.ENDED),
            ended_at=at,
            outcome=outcome,
            sip_status=sip_status,
            q850_cause=q850_cause,
            reason=reason,
        )
        call = after_attempt(
            self._call, attempt, rule=self._retry, outcome=outcome, now=at, spread=self._spread()
        )
        ended = CallEnded(
            call_id=call.id, attempt_id=attempt.id, at=at, outcome=outcome, reason=reason
        )
        self._attempt, self._call = attempt, call
        await self._changes.submit(Change(attempt=attempt, call=call, events=(ended,)))

    def _write(self, attempt: Attempt, event: CallEvent) -> None:
        """Have the step written without waiting for the disk: audio does not wait for it either."""
        self._attempt = attempt
        self._submit(Change(attempt=attempt, events=(event,)))

    def _submit(self, change: Change) -> None:
        written = self._changes.submit(change)
        written.add_done_callback(self._stop_if_lost)

    def _stop_if_lost(self, written: asyncio.Future[bool]) -> None:
        if written.cancelled() or written.exception() is not None or written.result():
            return
        # Our hold ran out and another process has given the attempt an end (STYLE 6).
        log.warning("attempt was taken over, hanging up", extra={"attempt_id": self._attempt.id})
        self._hang_up_task = asyncio.ensure_future(
            self._engine.hang_up(self._attempt.id, reason="another server took the call over")
        )


def _outcome(attempt: Attempt, answered_by: AnswerKind, event: LegEnded) -> Outcome:
    """Say what came of the attempt; without detection whoever answers counts as a person."""
    if event.failed:
        return Outcome.INTERNAL_ERROR
    if attempt.answered_at is not None:
        return _OUTCOME_OF_ANSWER[answered_by]
    if event.ring_timed_out:
        return Outcome.NO_ANSWER
    if event.by is WhoEnded.LOCAL:
        return Outcome.CANCELED
    if event.sip_status is None:
        return Outcome.CARRIER_TEMPORARY
    return outcome_of_failure(event.sip_status, event.q850_cause)
