"""Scripts on one leg, against the simulated engine, in simulated time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ringcast.domain.ids import AttemptId, CallId
from ringcast.domain.instructions import (
    BanNumber,
    HangUp,
    Instruction,
    Menu,
    Pause,
    Play,
    Transfer,
    WhenAnsweredBy,
)
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import CallFacts, Detect
from ringcast.engines.simulator import FarEnd, SimulatedEngine
from ringcast.ports.engine import (
    AnswerClassified,
    AnswerKind,
    EngineEvent,
    GreetingEnded,
    Heard,
    LegAnswered,
    LegEnded,
    Originate,
    PlaybackFinished,
    Refusal,
)
from ringcast.services.leg_actions import LegActions, LegOver, News
from ringcast.services.script_run import ScriptRun
from ringcast.services.second_legs import SecondAnswered, SecondCall, SecondOver

START = datetime(2026, 1, 1, tzinfo=UTC)
LEG, SECOND = AttemptId(1), AttemptId(2)
AGENT = PhoneNumber("12135550177")
LENGTHS = {"live": 5.0, "machine": 4.0, "transfer": 1.0, "banned": 2.0}


class Bench:
    """One answered leg, and an agent it can be put through to."""

    def __init__(self, far_end: FarEnd, *, agent: FarEnd | None = None) -> None:
        self.engine = SimulatedEngine(
            now=START,
            far_end=lambda to: agent if to == AGENT else far_end,
            length_of=lambda digest: timedelta(seconds=LENGTHS[digest]),
        )
        self.events: list[EngineEvent] = []
        self.answered_by: list[AnswerKind] = []
        self.bans: list[str] = []
        self.is_transferred = False
        self.ended_by_us: list[int] = []
        self._second: int | None = None
        self._agent = agent
        self._waiting: deque[News] = deque()

    def now(self) -> datetime:
        return self.engine.now

    def monotonic(self) -> float:
        return (self.engine.now - START).total_seconds()

    async def run(self, *instructions: Instruction) -> None:
        """Answer, and carry out the instructions to their end or that of the leg."""
        await self.engine.start(self._take)
        to = PhoneNumber("12135550100")
        await self.engine.originate(Originate(leg=LEG, to=to, from_number=None))
        while not isinstance(await self.next_event(None), LegAnswered):
            pass
        actions = LegActions(
            leg=LEG,
            engine=self.engine,
            clock=self,
            next_news=self.next_event,
            deliver=self._waiting.append,
        )
        await ScriptRun(actions=actions, call=self, programs=None).run(instructions)

    # The call (`scripted_call.ScriptedCall`)

    recordings = None

    def facts(self) -> CallFacts:
        raise AssertionError("asked for by programs only")

    def place_second(self, number: int, wanted: SecondCall) -> None:
        if self._agent is None:
            self._waiting.append(SecondOver(number=number, outcome=Outcome.UNDIALED))
            return
        self._second = number
        request = Originate(
            leg=SECOND,
            to=wanted.to,
            from_number=None,
            near=LEG,
            ring_timeout=wanted.ring_timeout,
        )
        place = self.engine.originate(request)
        with pytest.raises(StopIteration):  # the simulator waits for nothing
            place.send(None)

    async def end_second(self, number: int) -> None:
        self.ended_by_us.append(number)
        await self.engine.hang_up(SECOND)

    async def pick_up(self) -> None:
        """The call is one that we have placed."""

    async def turn_away(self, refusal: Refusal) -> None:
        """The call is one that we have placed."""

    def note_transferred(self) -> None:
        self.is_transferred = True

    def note_answered_by(self, kind: AnswerKind) -> None:
        self.answered_by.append(kind)

    def detect_beside(self, step: Detect) -> None:
        raise NotImplementedError

    def note_answer(self, question: str, response: str) -> None:
        raise AssertionError("asked for by programs only")

    def ban(self, source: str, number: PhoneNumber | None = None) -> None:
        assert number is None
        self.bans.append(source)

    # News

    async def next_event(self, until: float | None) -> News | None:
        limit = None if until is None else START + timedelta(seconds=until)
        while not self._waiting:
            due = self.engine.next_due
            if limit is not None and (due is None or due > limit):
                self.engine.advance(limit - self.engine.now)
                return None
            assert due is not None, "the script waits for what never comes"
            self.engine.advance(due - self.engine.now)
        event = self._waiting.popleft()
        if isinstance(event, LegEnded):
            raise LegOver(event)
        return event

    def of(self, kind: type[EngineEvent]) -> Sequence[EngineEvent]:
        return [event for event in self.events if isinstance(event, kind) and event.leg == LEG]

    @property
    def heard(self) -> list[str]:
        return self.engine.heard.get(LEG, [])

    def seconds_since_answer(self) -> float:
        (answered,) = self.of(LegAnswered)
        return (self.engine.now - answered.at).total_seconds()

    def say(self, event: EngineEvent) -> None:
        """Let the engine report something."""
        self._take(event)

    def _take(self, event: EngineEvent) -> None:
        self.events.append(event)
        if event.leg == LEG:
            self._waiting.append(event)
        elif isinstance(event, LegAnswered):
            assert self._second is not None
            self._waiting.append(SecondAnswered(self._second, SECOND, CallId(2)))
        elif isinstance(event, LegEnded):
            assert self._second is not None
            self._waiting.append(SecondOver(number=self._second, outcome=Outcome.HUMAN))


def machine(*, greeting: float = 6.0, beeps: bool = True) -> FarEnd:
    return FarEnd(answer_kind=AnswerKind.MACHINE, greeting=timedelta(seconds=greeting), beeps=beeps)


def pressing(*keys: tuple[float, str]) -> FarEnd:
    return FarEnd(presses=[(timedelta(seconds=when), key) for when, key in keys])


LIVE, MACHINE = Play(audio=("live",)), Play(audio=("machine",))
BOTH = WhenAnsweredBy(human=(LIVE,), machine=(MACHINE,))


# Who has answered


@pytest.mark.parametrize("kind", [AnswerKind.HUMAN, AnswerKind.SILENCE, AnswerKind.SCREENING])
async def test_people_hear_what_is_for_people(kind: AnswerKind) -> None:
    bench = Bench(FarEnd(answer_kind=kind))

    await bench.run(BOTH)

    assert bench.heard == ["live"]
    assert bench.answered_by == [kind]


@pytest.mark.parametrize("beeps", [True, False])
async def test_machine_hears_what_is_for_it_after_its_greeting(beeps: bool) -> None:
    bench = Bench(machine(beeps=beeps))

    await bench.run(BOTH)

    assert bench.heard == ["machine"]
    assert bench.answered_by == [AnswerKind.MACHINE]
    (ended,) = bench.of(GreetingEnded)
    (played,) = bench.of(PlaybackFinished)
    assert played.at - ended.at == timedelta(seconds=4)


async def test_machine_that_goes_on_hears_it_once_more_from_the_beginning() -> None:
    bench = Bench(machine())
    original = bench.engine.play

    async def play(leg: AttemptId, playback: int, audio: Sequence[Heard], loop: int | None) -> None:
        await original(leg, playback, audio, loop)
        if playback < 4:  # whatever is played, the machine speaks again
            bench.engine.advance(timedelta(seconds=1))
            bench.say(GreetingEnded(leg=LEG, at=bench.engine.now, beep=True))

    bench.engine.play = play  # type: ignore[method-assign] # the far end reacts to what it hears

    await bench.run(BOTH)

    assert bench.heard == ["machine", "machine"]
    assert len(bench.of(PlaybackFinished)) == 2


async def test_machine_for_which_nothing_is_meant_hears_nothing() -> None:
    bench = Bench(machine())

    await bench.run(WhenAnsweredBy(human=(LIVE,)))

    assert bench.heard == []
    assert bench.of(GreetingEnded) == []
    assert bench.seconds_since_answer() == pytest.approx(4.2)


async def test_fax_hears_nothing() -> None:
    bench = Bench(FarEnd(answer_kind=AnswerKind.FAX))

    await bench.run(BOTH)

    assert bench.heard == []
    assert bench.answered_by == [AnswerKind.FAX]


async def test_who_presses_a_key_is_a_person_at_once() -> None:
    far_end = FarEnd(
        answer_kind=AnswerKind.MACHINE,
        greeting=timedelta(seconds=6),
        presses=[(timedelta(seconds=0.5), "1")],
    )
    bench = Bench(far_end)

    await bench.run(BOTH)

    assert bench.answered_by == [AnswerKind.HUMAN]
    assert bench.of(AnswerClassified) == [], "nobody is asked any more"
    assert bench.heard == ["live"]


async def test_detection_that_never_comes_to_a_verdict_is_a_person() -> None:
    bench = Bench(FarEnd())

    async def start_detection(leg: AttemptId, settings: object) -> None:
        """Do nothing, like an engine with a fault."""

    bench.engine.start_detection = start_detection  # type: ignore[method-assign] # a fault

    await bench.run(BOTH)

    assert bench.heard == ["live"]
    assert bench.answered_by == [AnswerKind.HUMAN]


async def test_leg_that_ends_during_detection_ends_the_script() -> None:
    bench = Bench(FarEnd(hangs_up_after=timedelta(seconds=0.3)))

    with pytest.raises(LegOver):
        await bench.run(BOTH)

    assert bench.answered_by == []


async def test_script_goes_on_after_either() -> None:
    bench = Bench(machine())

    await bench.run(WhenAnsweredBy(), Play(audio=("banned",)))

    assert bench.heard == ["banned"]


# Keys

MENU = Menu(
    audio=("live",),
    keys={
        "1": (Play(audio=("transfer",)),),
        "9": (BanNumber(source="pressed 9"), Play(audio=("banned",)), HangUp()),
    },
    wait=timedelta(seconds=3),
)


async def test_nobody_who_presses_is_waited_for_and_then_the_script_goes_on() -> None:
    bench = Bench(FarEnd())

    await bench.run(MENU)

    assert bench.heard == ["live"]
    assert bench.seconds_since_answer() == pytest.approx(5.0 + 3.0)


@pytest.mark.parametrize("when", [1.0, 7.0])
async def test_key_during_the_sound_or_after_it_does_what_it_is_for(when: float) -> None:
    bench = Bench(pressing((when, "1")))

    await bench.run(MENU)

    assert bench.heard == ["live", "transfer"]
    assert bench.seconds_since_answer() == pytest.approx(when + 1.0)


async def test_other_keys_do_nothing() -> None:
    bench = Bench(pressing((1.0, "5"), (2.0, "#"), (6.0, "1")))

    await bench.run(MENU)

    assert bench.heard == ["live", "transfer"]
    assert bench.seconds_since_answer() == pytest.approx(7.0)


async def test_key_can_end_the_calls_to_a_number() -> None:
    bench = Bench(pressing((1.0, "9")))

    with pytest.raises(LegOver):
        await bench.run(MENU)

    assert bench.bans == ["pressed 9"]
    assert bench.heard == ["live", "banned"]


async def test_menu_without_a_sound_waits_for_a_key() -> None:
    bench = Bench(pressing((1.0, "1")))

    await bench.run(Menu(keys=MENU.keys, wait=timedelta(seconds=2)))

    assert bench.heard == ["transfer"]


async def test_menus_are_meant_for_people_in_a_broadcast() -> None:
    bench = Bench(pressing((3.0, "1")))

    await bench.run(WhenAnsweredBy(human=(MENU,), machine=(MACHINE,)))

    assert bench.heard == ["live", "transfer"]


async def test_pause_is_as_long_as_it_says() -> None:
    bench = Bench(pressing((0.5, "1")))

    await bench.run(Pause(length=timedelta(seconds=2.5)))

    assert bench.seconds_since_answer() == pytest.approx(2.5)


# Transfers

TRANSFER = Transfer(to=AGENT, audio=("transfer",), ring_timeout=timedelta(seconds=20))
BYE = Play(audio=("banned",))


def agent(*, answers: float | None = 3.0, stays: float | None = None) -> FarEnd:
    return FarEnd(
        answers_after=None if answers is None else timedelta(seconds=answers),
        hangs_up_after=None if stays is None else timedelta(seconds=stays),
    )


@pytest.mark.parametrize("answers", [3.0, 0.2])
async def test_two_are_put_through_when_one_has_answered_and_the_sound_is_over(
    answers: float,
) -> None:
    bench = Bench(FarEnd(), agent=agent(answers=answers, stays=10.0))
    bridged_at = []
    bridge = bench.engine.bridge

    async def note_bridge(leg: AttemptId, other: AttemptId) -> None:
        bridged_at.append(bench.seconds_since_answer())
        await bridge(leg, other)

    bench.engine.bridge = note_bridge  # type: ignore[method-assign] # notes the moment

    await bench.run(TRANSFER)

    assert bench.heard == ["transfer"]
    assert bench.is_transferred
    assert bridged_at == [pytest.approx(max(answers, 1.0))]
    assert bench.seconds_since_answer() == pytest.approx(answers + 10.0)
    (request,) = [one for one in bench.engine.originated if one.leg == SECOND]
    assert request.near == LEG


async def test_first_that_hangs_up_after_being_put_through_ends_the_second() -> None:
    bench = Bench(FarEnd(hangs_up_after=timedelta(seconds=8)), agent=agent())

    with pytest.raises(LegOver):
        await bench.run(TRANSFER, BYE)

    assert bench.is_transferred
    assert len(bench.ended_by_us) == 1
    assert any(isinstance(e, LegEnded) and e.leg == SECOND for e in bench.events)


async def test_who_does_not_answer_lets_the_script_go_on() -> None:
    bench = Bench(FarEnd(), agent=agent(answers=None))

    await bench.run(TRANSFER, BYE)

    assert not bench.is_transferred
    assert bench.heard == ["transfer", "banned"]
    assert bench.seconds_since_answer() == pytest.approx(20.0 + 2.0)


async def test_who_hangs_up_before_the_sound_is_over_lets_the_script_go_on() -> None:
    bench = Bench(FarEnd(), agent=agent(answers=0.1, stays=0.2))

    await bench.run(TRANSFER, BYE)

    assert not bench.is_transferred
    assert bench.heard == ["transfer", "banned"]


async def test_transfer_without_room_plays_its_sound_and_goes_on() -> None:
    bench = Bench(FarEnd())

    await bench.run(TRANSFER, BYE)

    assert not bench.is_transferred
    assert bench.ended_by_us == []
    assert bench.heard == ["transfer", "banned"]


async def test_first_that_hangs_up_while_the_second_rings_ends_it() -> None:
    bench = Bench(FarEnd(hangs_up_after=timedelta(seconds=2)), agent=agent(answers=None))

    with pytest.raises(LegOver):
        await bench.run(TRANSFER)

    assert len(bench.ended_by_us) == 1
    (end,) = [e for e in bench.events if isinstance(e, LegEnded) and e.leg == SECOND]
    assert end.sip_status == 487


async def test_key_puts_through() -> None:
    bench = Bench(pressing((1.0, "1")), agent=agent(answers=0.5, stays=5.0))

    await bench.run(Menu(audio=("live",), keys={"1": (Transfer(to=AGENT),)}))

    assert bench.is_transferred
    assert bench.seconds_since_answer() == pytest.approx(1.0 + 0.5 + 5.0)
