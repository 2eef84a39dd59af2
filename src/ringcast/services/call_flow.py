"""One leg's life: originate, run its script once answered, and write down how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, assert_never

from ringcast.domain.calls import Attempt, AttemptState, Call
from ringcast.domain.errors import EngineUnavailable, OfferGone, RingcastError
from ringcast.domain.ids import AttemptId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import CallFacts, Detect
from ringcast.domain.retries import NO_RETRY, RetryRule
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
    PlaybackStarted,
    RecordingFinished,
    Refusal,
    SilenceHeard,
    TakeCall,
    Unbridged,
)
from ringcast.services.attempt_notes import AttemptNotes
from ringcast.services.call_commands import (
    AnsweredAlready,
    Ask,
    Command,
    EndNow,
    NotAnswered,
    PickUp,
    Redirect,
    TurnAway,
)
from ringcast.services.changes import ChangeWriter
from ringcast.services.conference_news import ConferenceBegun, ConferenceOver
from ringcast.services.detecting import WHO
from ringcast.services.detecting_beside import DetectBeside
from ringcast.services.leg_actions import LegActions, LegOver, News, Redirected, WorkDone
from ringcast.services.live_calls import CallNotLive
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


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondRole:
    """That the call is the second leg of another."""

    number: int
    """What the first leg calls it."""
    near: AttemptId
    """The first leg."""
    wanted: SecondCall
    tell: Tell


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
        self._notes = AttemptNotes(
            call, attempt, engine=engine, changes=changes, clock=clock, retry=retry, spread=spread
        )
        self._engine = engine
        self._clock = clock
        self._second_legs = second_legs
        self._programs = programs
        self._second = second
        self._offer = offer
        self._called_off: str | None = None
        self._is_over = False
        self._inbox: asyncio.Queue[News | Command] = asyncio.Queue()
        self._actions = LegActions(
            leg=attempt.id,
            engine=engine,
            clock=clock,
            next_news=self._next_news,
            deliver=self.deliver,
        )
        self.recordings = (
            None
            if programs is None
            else programs.recordings_of(self._actions, self.facts, self._notes.happened)
        )
        """The recordings that are made of the leg."""
        self._control = (
            None
            if programs is None
            else programs.control_of(
                self._actions, self.facts, self.recordings, self._notes.happened
            )
        )

    @property
    def leg(self) -> AttemptId:
        """The leg, which is the attempt."""
        return self._notes.attempt.id

    @property
    def call(self) -> Call:
        """The call, as it is by now."""
        return self._notes.call

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
            self._notes.retry = NO_RETRY
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
            self._is_over = True
            self._refuse_commands()
            if self._second is not None:
                self._second.tell(
                    SecondOver(
                        number=self._second.number,
                        outcome=self._notes.attempt.outcome or Outcome.INTERNAL_ERROR,
                        call_id=self._notes.call.id,
                        sip_status=self._notes.attempt.sip_status,
                        reason=self._notes.attempt.reason or "",
                    )
                )

    async def _run(self) -> None:
        if self._called_off is not None:
            at, reason = self._clock.now(), self._called_off
            await self._notes.finish(at=at, outcome=Outcome.CANCELED, reason=reason)
            return
        try:
            await self._begin()
        except EngineUnavailable as error:
            gone = isinstance(error, OfferGone)
            outcome = Outcome.CANCELED if gone else Outcome.INTERNAL_ERROR
            await self._notes.finish(at=self._clock.now(), outcome=outcome, reason=str(error))
            return
        try:
            if self._second is None:
                await self._carry_out(self._notes.call.script)
            else:
                await self._assist(self._second)
        except LegOver as over:
            if self.recordings is not None:
                await self.recordings.all_kept()
            afterwards = () if self._control is None else self._control.afterwards()
            await self._notes.end(
                over.event, was_offered=self._offer is not None, afterwards=afterwards
            )

    async def fail(self, reason: str) -> None:
        """Give the attempt its end after a fault of ours, unless it has one."""
        self._is_over = True
        if self._notes.attempt.state is not AttemptState.ENDED:
            await self._notes.finish(
                at=self._clock.now(), outcome=Outcome.INTERNAL_ERROR, reason=reason
            )

    async def _begin(self) -> None:
        if self._offer is None:
            await self._engine.originate(self._invitation())
            return
        leg, longest = self._notes.attempt.id, self._notes.call.max_length
        await self._engine.take(TakeCall(offer=self._offer, leg=leg, max_length=longest))

    def _invitation(self) -> Originate:
        second = self._second
        return Originate(
            leg=self._notes.attempt.id,
            to=self._notes.attempt.to,
            from_number=self._notes.attempt.from_number,
            ring_timeout=self._notes.call.ring_timeout,
            max_length=self._notes.call.max_length,
            headers=self._notes.call.headers,
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
                if self._control is not None:
                    await self._control.interrupted()
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
            SecondAnswered(
                number=second.number, leg=self._notes.attempt.id, call_id=self._notes.call.id
            )
        )
        while True:
            try:
                await self._actions.next_news()
            except Redirected:
                log.info(
                    "a second leg runs no script", extra={"attempt_id": self._notes.attempt.id}
                )

    # What a script tells of the call and asks of it (`scripted_call.ScriptedCall`)

    def facts(self) -> CallFacts:
        """Return what programs may know of the call."""
        attempt, call, answered_by = self._notes.attempt, self._notes.call, self._notes.answered_by
        return CallFacts(
            call_id=call.id,
            attempt_id=attempt.id,
            account_id=call.account_id,
            to=attempt.to,
            from_number=attempt.from_number,
            answered_at=attempt.answered_at,
            is_inbound=call.is_inbound,
            attributes=call.attributes,
            answered_by=None if answered_by is None else WHO[answered_by],
        )

    async def pick_up(self) -> None:
        """Answer a call that came to us, unless that is done."""
        if self._offer is not None and self._notes.attempt.state is not AttemptState.ANSWERED:
            await self._engine.answer(self.leg)
            await self._wait_for_answer()

    async def turn_away(self, refusal: Refusal) -> None:
        """Refuse a call that came to us and was not answered: LegOver is raised then."""
        if self._offer is None or self._notes.attempt.state is AttemptState.ANSWERED:
            return
        await self._engine.reject(self.leg, refusal)
        while True:
            with suppress(Redirected):  # too late
                await self._next_news()

    def place_second(self, number: int, wanted: SecondCall) -> None:
        """Have a second leg dialled."""
        self._second_legs.place_second(
            number, self._notes.call, self._notes.attempt, wanted, self.deliver
        )

    async def end_second(self, number: int) -> None:
        """End a second leg."""
        await self._second_legs.end_second(self._notes.attempt.id, number)

    def note_transferred(self) -> None:
        """The legs hear each other: that is what came of the attempt."""
        self._notes.is_transferred = True

    def note_answered_by(self, kind: AnswerKind) -> None:
        """It is known who has answered."""
        self._notes.answered_by = kind

    def detect_beside(self, step: Detect) -> None:
        """Find out who has answered while the script goes on."""
        if self._control is not None:
            find_out = DetectBeside(
                self._actions,
                self.facts,
                note=self.note_answered_by,
                tell=self._notes.happened,
                now=self._clock.now,
            )
            self._control.beside(find_out(step))

    def note_answer(self, question: str, response: str) -> None:
        """A question was answered."""
        self._notes.answer(question, response)

    def ban(self, source: str, number: PhoneNumber | None = None) -> None:
        """Put a number, None: that of the other side, on the do-not-call list."""
        self._notes.ban(source, number)

    # News

    async def _wait_for_answer(self) -> None:
        while self._notes.attempt.state is not AttemptState.ANSWERED:
            await self._actions.next_news()

    async def _next_news(self, until: float | None = None) -> News | None:
        """Take the next news and note what it changes; see `leg_actions.NextNews`."""
        while True:
            news = await (self._inbox.get() if until is None else self._news_before(until))
            match news:
                case None:
                    return None
                case Redirect():
                    raise Redirected(news.script)
                case EndNow():
                    await self._engine.hang_up(self._notes.attempt.id, reason=news.reason)
                    continue
                case Ask():
                    await self._take(news)
                    continue
                case LegEnded():
                    self._is_over = True
                    if self._control is not None:
                        self._control.over()
                    raise LegOver(news)
                case LegRinging():
                    self._notes.ringing(news)
                case LegAnswered():
                    self._notes.answered(news)
                case PlaybackFinished():
                    self._notes.played(news)
                case DigitReceived():
                    self._notes.digit(news)
                case PlaybackStarted() | DigitsSent() | RecordingFinished():
                    pass
                case AnswerClassified() | AnswerLeaning() | GreetingEnded():
                    pass
                case SilenceHeard() | Unbridged():
                    pass
                case SecondAnswered() | SecondOver() | WorkDone():
                    pass
                case ConferenceBegun() | ConferenceOver():
                    pass
                case _:
                    assert_never(news)
            return news

    async def _take(self, asked: Ask) -> None:
        """Carry out what was asked for, or say why not."""
        is_answered = self._notes.attempt.state is AttemptState.ANSWERED
        begun: asyncio.Future[None] | None = None
        try:
            match asked.command:
                case PickUp() | TurnAway() if self._offer is None or is_answered:
                    raise AnsweredAlready
                case PickUp():
                    await self._engine.answer(self.leg)
                case TurnAway(refusal=refusal):
                    await self._engine.reject(self.leg, refusal)
                case _ if not is_answered:
                    raise NotAnswered
                case command:
                    if self._control is None:
                        raise EngineUnavailable("this server carries out no requests for calls")
                    begun = await self._control.carry_out(command)
        except RingcastError as error:
            asked.refuse(error)
        else:
            asked.accept(begun)

    def _refuse_commands(self) -> None:
        """The call is over: whoever waits learns it, and nothing is left running."""
        while not self._inbox.empty():
            news = self._inbox.get_nowait()
            if isinstance(news, Ask):
                news.refuse(CallNotLive(self._notes.call))
        if self._control is not None:
            self._control.close()

    async def _news_before(self, until: float) -> News | Command | None:
        try:
            async with asyncio.timeout(until - self._clock.monotonic()):
                return await self._inbox.get()
        except TimeoutError:
            return None
