"""One leg's life: originate, run its script once answered, and write down how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn, assert_never

from ringcast.domain.calls import Attempt, AttemptState, Call
from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.errors import EngineUnavailable, OfferGone
from ringcast.domain.events import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    DigitPressed,
    SoundPlayed,
)
from ringcast.domain.ids import AttemptId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome, outcome_of_failure
from ringcast.domain.programs import CallFacts
from ringcast.domain.retries import NO_RETRY, RetryRule, after_attempt
from ringcast.ports.clock import Clock
from ringcast.ports.engine import (
    AnswerClassified,
    AnswerKind,
    AnswerLeaning,
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
    Refusal,
    SilenceHeard,
    TakeCall,
    Unbridged,
    WhoEnded,
)
from ringcast.services.call_commands import Command, EndNow, Redirect
from ringcast.services.changes import Change, ChangeWriter
from ringcast.services.detecting import WHO
from ringcast.services.leg_actions import LegActions, LegOver, News, Redirected, WorkDone
from ringcast.services.program_run import Programs
from ringcast.services.script_run import ScriptRun
from ringcast.services.second_legs import (
    SecondAnswered,
    SecondCall,
    SecondLegs,
    SecondOver,
    Tell,
)

__all__ = ["CallFlow", "SecondRole"]

log = logging.getLogger(__name__)

_OUTCOME_OF_ANSWER: Mapping[AnswerKind, Outcome] = {
    AnswerKind.HUMAN: Outcome.HUMAN,
    AnswerKind.SILENCE: Outcome.HUMAN,  # mostly a person who listens
    AnswerKind.MACHINE: Outcome.MACHINE,
    AnswerKind.SCREENING: Outcome.SCREENING,
    AnswerKind.FAX: Outcome.FAX,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondRole:
    """That the call is the second leg of another."""

    number: int
    """What the first leg calls it."""
    near: AttemptId
    """The first leg."""
    wanted: SecondCall
    tell: Tell


_OUTCOME_OF_REFUSAL: Mapping[int, Outcome] = {
    Refusal.BUSY.sip_status: Outcome.BUSY,
    Refusal.REJECTED.sip_status: Outcome.REJECTED,
}
"""What came of a call that came to us and was turned away; NO_ANSWER for all else."""


class CallFlow:
    """Carries one attempt from its INVITE, ours or somebody else's, to its outcome.

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
        programs: Programs | None = None,
        second: SecondRole | None = None,
        offer: int | None = None,
    ) -> None:
        """`retry` says whether there is another attempt; `spread` as in `RetryRule`.

        Without `programs` scripts hold none. With `second` it runs no script. With `offer` it is
        the call that the engine has offered under that number.
        """
        self._call = call
        self._attempt = attempt
        self._engine = engine
        self._changes = changes
        self._clock = clock
        self._retry = retry
        self._spread = spread
        self._second_legs = second_legs
        self._programs = programs
        self._second = second
        self._offer = offer
        self._called_off: str | None = None
        self._is_transferred = False
        self._is_over = False
        self._inbox: asyncio.Queue[News | Command] = asyncio.Queue()
        self._answered_by: AnswerKind | None = None
        self._actions = LegActions(
            leg=attempt.id,
            engine=engine,
            clock=clock,
            next_news=self._next_news,
            deliver=self.deliver,
        )
        self.recordings = (
            None if programs is None else programs.recordings_of(self._actions, self.facts)
        )
        """The recordings that programs make of the leg."""

    @property
    def leg(self) -> AttemptId:
        """The leg, which is the attempt."""
        return self._attempt.id

    @property
    def call(self) -> Call:
        """The call, as it is by now."""
        return self._call

    def deliver(self, news: News) -> None:
        """Take an event of this leg, news of a second one, or the end of work beside it."""
        self._inbox.put_nowait(news)

    def command(self, command: Command) -> bool:
        """Have it carried out at once, or as soon as the call is answered; False if it is over.

        It comes before everything that the script does next, whatever it waits for.
        """
        if self._is_over:
            return False
        if isinstance(command, EndNow):
            self._retry = NO_RETRY
            self._called_off = command.reason
        self._inbox.put_nowait(command)
        return True

    def call_off(self, reason: str) -> None:
        """See that nothing is dialled, if it has not been dialled yet."""
        self._called_off = reason

    async def run(self) -> None:
        """Place the call and see it through."""
        try:
            await self._run()
        finally:
            if self._second is not None:
                self._second.tell(
                    SecondOver(
                        number=self._second.number,
                        outcome=self._attempt.outcome or Outcome.INTERNAL_ERROR,
                        call_id=self._call.id,
                        sip_status=self._attempt.sip_status,
                        reason=self._attempt.reason or "",
                    )
                )

    async def _run(self) -> None:
        if self._called_off is not None:
            at, reason = self._clock.now(), self._called_off
            await self._finish(at=at, outcome=Outcome.CANCELED, reason=reason)
            return
        try:
            await self._begin()
        except EngineUnavailable as error:
            gone = isinstance(error, OfferGone)
            outcome = Outcome.CANCELED if gone else Outcome.INTERNAL_ERROR
            await self._finish(at=self._clock.now(), outcome=outcome, reason=str(error))
            return
        try:
            if self._second is None:
                await self._carry_out(self._call.script)
            else:
                await self._assist(self._second)
        except LegOver as over:
            if self.recordings is not None:
                await self.recordings.all_kept()
            await self._note_end(over.event)

    async def fail(self, reason: str) -> None:
        """Give the attempt its end after a fault of ours, unless it has one."""
        self._is_over = True
        if self._attempt.state is not AttemptState.ENDED:
            await self._finish(at=self._clock.now(), outcome=Outcome.INTERNAL_ERROR, reason=reason)

    async def _begin(self) -> None:
        if self._offer is None:
            await self._engine.originate(self._invitation())
            return
        leg, longest = self._attempt.id, self._call.max_length
        await self._engine.take(TakeCall(offer=self._offer, leg=leg, max_length=longest))

    def _invitation(self) -> Originate:
        second = self._second
        return Originate(
            leg=self._attempt.id,
            to=self._attempt.to,
            from_number=self._attempt.from_number,
            ring_timeout=self._call.ring_timeout,
            max_length=self._call.max_length,
            headers={} if second is None else second.wanted.headers,
            credentials=None if second is None else second.wanted.credentials,
            near=None if second is None else second.near,
        )

    async def _carry_out(self, script: Script) -> NoReturn:
        """Run the script once the leg is answered, or another one given meanwhile; hang up.

        Whether a call that came to us is answered is for its script to say.
        """
        run = ScriptRun(actions=self._actions, call=self, programs=self._programs)
        while True:
            try:
                if self._offer is None:
                    await self._wait_for_answer()
                await run.run(script.instructions)
                await self._actions.hang_up("the script ended")
            except Redirected as redirected:
                script = redirected.script
                await self._actions.quiet()

    async def _assist(self, second: SecondRole) -> None:
        """Be there for the first leg once answered."""
        await self._wait_for_answer()
        if second.wanted.send_digits:
            await self._actions.send_digits(second.wanted.send_digits)
        if second.wanted.before is not None and self._programs is not None:
            program = second.wanted.before(self.facts())
            reason = await self._programs.run(program, self._actions, self)
            if reason is not None:
                await self._actions.hang_up(reason)
        second.tell(
            SecondAnswered(number=second.number, leg=self._attempt.id, call_id=self._call.id)
        )
        while True:
            try:
                await self._actions.next_news()
            except Redirected:
                log.info("a second leg runs no script", extra={"attempt_id": self._attempt.id})

    # What a script tells of the call and asks of it (`scripted_call.ScriptedCall`)

    def facts(self) -> CallFacts:
        """Return what programs may know of the call."""
        attempt, call = self._attempt, self._call
        return CallFacts(
            call_id=call.id,
            attempt_id=attempt.id,
            account_id=call.account_id,
            to=attempt.to,
            from_number=attempt.from_number,
            answered_at=attempt.answered_at,
            is_inbound=call.is_inbound,
            attributes=call.attributes,
            answered_by=None if self._answered_by is None else WHO[self._answered_by],
        )

    async def pick_up(self) -> None:
        """Answer a call that came to us, unless that is done."""
        if self._offer is not None and self._attempt.state is not AttemptState.ANSWERED:
            await self._engine.answer(self.leg)
            await self._wait_for_answer()

    async def turn_away(self, refusal: Refusal) -> None:
        """Refuse a call that came to us and was not answered: LegOver is raised then."""
        if self._offer is None or self._attempt.state is AttemptState.ANSWERED:
            return
        await self._engine.reject(self.leg, refusal)
        while True:
            with suppress(Redirected):  # too late
                await self._next_news()

    def place_second(self, number: int, wanted: SecondCall) -> None:
        """Have a second leg dialled."""
        self._second_legs.place_second(number, self._call, self._attempt, wanted, self.deliver)

    async def end_second(self, number: int) -> None:
        """End a second leg."""
        await self._second_legs.end_second(self._attempt.id, number)

    def note_transferred(self) -> None:
        """The legs hear each other: that is what came of the attempt."""
        self._is_transferred = True

    def note_answered_by(self, kind: AnswerKind) -> None:
        """It is known who has answered."""
        self._answered_by = kind

    def note_answer(self, question: str, response: str) -> None:
        """A question was answered."""
        self._attempt = self._attempt.with_answer(question, response)
        self._submit(Change(attempt=self._attempt))

    def ban(self, source: str, number: PhoneNumber | None = None) -> None:
        """Put a number, None: that of the other side, on the do-not-call list."""
        other = self._attempt.from_number if self._call.is_inbound else self._attempt.to
        banned = other if number is None else number
        if not isinstance(banned, PhoneNumber):
            return  # the list is one of numbers: a SIP address cannot be on it
        entry = DoNotCallEntry(
            account_id=self._attempt.account_id,
            number=banned,
            call=True,
            text=True,
            inbound_call=False,
            inbound_text=False,
            source=source,
            created_at=self._clock.now(),
            campaign_id=self._call.campaign_id,
        )
        self._submit(Change(attempt=self._attempt, do_not_call=(entry,)))

    # News

    async def _wait_for_answer(self) -> None:
        while self._attempt.state is not AttemptState.ANSWERED:
            await self._actions.next_news()

    async def _next_news(self, until: float | None = None) -> News | None:
        """Take the next news and note what it changes; see `leg_actions.NextNews`."""
        left = None if until is None else until - self._clock.monotonic()
        while True:
            try:
                async with asyncio.timeout(left):
                    news = await self._inbox.get()
            except TimeoutError:
                return None
            match news:
                case Redirect():
                    raise Redirected(news.script)
                case EndNow():
                    await self._engine.hang_up(self._attempt.id, reason=news.reason)
                    continue
                case LegEnded():
                    self._is_over = True
                    raise LegOver(news)
                case LegRinging():
                    self._note_ringing(news)
                case LegAnswered():
                    self._note_answered(news)
                case PlaybackFinished():
                    self._note_played(news)
                case DigitReceived():
                    self._note_digit(news)
                case PlaybackStarted() | DigitsSent() | RecordingFinished():
                    pass
                case AnswerClassified() | AnswerLeaning() | GreetingEnded():
                    pass
                case SilenceHeard() | Unbridged():
                    pass
                case SecondAnswered() | SecondOver() | WorkDone():
                    pass
                case _:
                    assert_never(news)
            return news

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

    async def _note_end(self, event: LegEnded) -> None:
        outcome = _outcome(self._attempt, self._answered_by, event)
        if self._offer is not None and outcome is Outcome.CANCELED and event.by is WhoEnded.LOCAL:
            outcome = _OUTCOME_OF_REFUSAL.get(event.sip_status or 0, Outcome.NO_ANSWER)
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


def _outcome(attempt: Attempt, answered_by: AnswerKind | None, event: LegEnded) -> Outcome:
    """Say what came of the attempt; without detection whoever answers counts as a person."""
    if event.failed:
        return Outcome.INTERNAL_ERROR
    if attempt.answered_at is not None:
        return _OUTCOME_OF_ANSWER[answered_by or AnswerKind.HUMAN]
    if event.ring_timed_out:
        return Outcome.NO_ANSWER
    if event.by is WhoEnded.LOCAL:
        return Outcome.CANCELED
    if event.sip_status is None:
        return Outcome.CARRIER_TEMPORARY
    return outcome_of_failure(event.sip_status, event.q850_cause)
