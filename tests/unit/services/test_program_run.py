"""How programs are driven: callers who go, faults, programs without end, and ways out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import RecordingId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import (
    Ban,
    CallerGone,
    CallFacts,
    Detect,
    Dial,
    DialMode,
    DialTarget,
    Done,
    End,
    Fetch,
    Fetched,
    Gather,
    Listen,
    NotDone,
    NoteAnswer,
    Program,
    RecordMessage,
    RecordStep,
    Reject,
    Say,
    SendTones,
    Spoken,
    Step,
    StepResult,
    StopRecord,
)
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import DigitReceived, LegEnded
from ringcast.services import program_run
from ringcast.services.leg_actions import LegOver, News, Redirected
from ringcast.services.program_run import Programs
from tests.unit.services.program_bench import Bench, after, hanging_up, pressing, spoken

HELLO = Say(prompts=(spoken("hello", 2.0),))


class Diary:
    """A program that writes down what becomes of it."""

    def __init__(self, body: Callable[[Diary], Program]) -> None:
        self._body = body
        self.results: list[StepResult] = []
        self.is_gone = False
        self.is_closed = False

    def __call__(self) -> Program:
        try:
            yield from self._body(self)
        except CallerGone:
            self.is_gone = True
            raise
        finally:
            self.is_closed = True


# Callers who go


async def test_program_that_lets_it_pass_ends_when_the_caller_has_gone() -> None:
    def body(diary: Diary) -> Program:
        yield HELLO
        yield Ban(source="never done")

    bench, diary = Bench(hanging_up(1.0)), Diary(body)

    with pytest.raises(LegOver):
        await bench.run(diary)

    assert diary.is_gone
    assert diary.is_closed
    assert bench.bans == []


async def test_program_that_catches_it_may_do_what_needs_no_call() -> None:
    def body(diary: Diary) -> Program:
        try:
            yield HELLO
        except CallerGone:
            for step in (
                Fetch(url="http://there/"),
                Fetch(url="http://nowhere/"),
                Ban(source="gone"),
                NoteAnswer(question="q", response="r"),
                HELLO,
                Gather(),
                Dial(targets=(DialTarget(to=PhoneNumber("12135550177")),)),
                Ban(source="still there"),
            ):
                diary.results.append((yield step))

    bench, diary = Bench(hanging_up(1.0)), Diary(body)
    bench.web.answers["http://there/"] = (0.0, 200, b"said goodbye")

    with pytest.raises(LegOver):
        await bench.run(diary)

    fetched, missing, *others = diary.results
    assert isinstance(fetched, Fetched)
    assert fetched.body == b"said goodbye"
    assert isinstance(missing, NotDone)
    over = NotDone(reason="the call is over")
    assert others == [Done(), Done(), over, over, over, Done()]
    assert [source for source, _ in bench.bans] == ["gone", "still there"]
    assert bench.answers == {"q": "r"}
    assert len(bench.engine.originated) == 1


async def test_end_after_the_caller_has_gone_ends_the_program() -> None:
    def body(diary: Diary) -> Program:
        try:
            yield HELLO
        except CallerGone:
            yield End()
            diary.results.append(Done())

    bench, diary = Bench(hanging_up(1.0)), Diary(body)

    with pytest.raises(LegOver):
        await bench.run(diary)

    assert diary.is_closed
    assert diary.results == []


async def test_program_that_takes_too_long_after_the_call_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def body(diary: Diary) -> Program:
        try:
            yield HELLO
        except CallerGone:
            yield Fetch(url="http://slow/")

    monkeypatch.setattr(program_run, "_AFTERWARDS", 0.01)
    bench, diary = Bench(hanging_up(1.0)), Diary(body)
    bench.web.answers["http://slow/"] = (3600.0, 200, b"")

    with pytest.raises(LegOver):
        await bench.run(diary)

    assert bench.web.canceled == 1
    assert diary.is_closed


# Faults


async def test_program_that_raises_ends_the_call(caplog: pytest.LogCaptureFixture) -> None:
    def body(diary: Diary) -> Program:
        yield HELLO
        raise ZeroDivisionError

    bench, diary = Bench(), Diary(body)

    reason = await bench.run(diary)

    assert reason is not None
    assert "see the log" in reason
    assert "ZeroDivisionError" in caplog.text
    assert bench.heard == ["hello"]


async def test_program_that_refuses_says_why() -> None:
    def body(diary: Diary) -> Program:
        yield HELLO
        raise InvalidInput("the document has no verbs")

    reason = await Bench().run(Diary(body))

    assert reason == "its script cannot be run: the document has no verbs"


@pytest.mark.parametrize(
    "step",
    [
        NoteAnswer(question="q", response="r"),
        Say(prompts=()),
        SendTones(digits=""),
        Reject(),
        Fetch(url="http://nowhere/"),
    ],
)
async def test_program_that_goes_round_in_circles_is_ended(step: Step) -> None:
    def body(diary: Diary) -> Program:
        while True:
            yield step

    bench, diary = Bench(), Diary(body)

    reason = await bench.run(diary)

    assert reason == "its script goes round in circles without waiting for anything"
    assert diary.is_closed


async def test_program_that_goes_round_in_circles_after_the_call_is_ended() -> None:
    def body(diary: Diary) -> Program:
        while True:
            try:
                yield HELLO
            except CallerGone:
                diary.results.append(Done())

    bench, diary = Bench(hanging_up(1.0)), Diary(body)

    with pytest.raises(LegOver):
        await bench.run(diary)

    assert diary.results == [Done()], "it is told once"
    assert diary.is_closed


async def test_program_that_takes_its_time_may_go_on_for_ever() -> None:
    def body(diary: Diary) -> Program:
        for _ in range(3000):
            yield Listen(length=after(0.02))

    assert await Bench().run(Diary(body)) is None


async def test_others_get_their_turn_while_a_program_takes_steps() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def body(diary: Diary) -> Program:
        for _ in range(500):
            yield NoteAnswer(question="q", response="r")

    bench = Bench()
    await bench.answer()
    task = asyncio.create_task(other())
    before = turns
    await bench.programs.run(Diary(body)(), bench.actions, bench)
    task.cancel()

    assert turns - before >= 9


async def test_program_that_will_not_be_closed_is_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    def body() -> Program:
        while True:
            try:
                yield HELLO
            except (CallerGone, GeneratorExit):
                yield HELLO

    with pytest.raises(LegOver):
        await Bench(hanging_up(1.0)).run(body)

    assert "could not be closed" in caplog.text


# Ways out


async def test_program_is_closed_when_the_call_is_given_another_script() -> None:
    def body(diary: Diary) -> Program:
        yield HELLO

    bench, diary = Bench(pressing((1.0, "1"))), Diary(body)

    def redirect(news: News) -> None:
        if isinstance(news, DigitReceived):
            raise Redirected(Script(instructions=()))

    with bench.actions.listener(redirect), pytest.raises(Redirected):
        await bench.run(diary)

    assert diary.is_closed
    assert not diary.is_gone


# Interpreters


async def _interpret(
    interpreters: Mapping[str, Callable[[str, Mapping[str, str], CallFacts], Program]],
    instruction: Interpret,
) -> tuple[str | None, Bench]:
    bench = Bench()
    await bench.answer()
    programs = Programs(interpreters=interpreters, tools=bench.tools, clock=bench)
    return await programs.interpret(instruction, bench.actions, bench), bench


async def test_interpreter_is_given_its_source_its_settings_and_the_call() -> None:
    def speak(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        yield Say(prompts=(Spoken(text=f"{source} {settings['name']} {call.to}"),))

    instruction = Interpret(language="plain", source="hello", settings={"name": "Ann"})

    reason, bench = await _interpret({"plain": speak}, instruction)

    assert reason is None
    assert bench.heard == ["hello Ann +12135550100"]


async def test_language_that_nobody_reads_ends_the_call() -> None:
    reason, _ = await _interpret({}, Interpret(language="klingon", source=""))

    assert reason is not None
    assert "klingon" in reason


@pytest.mark.parametrize(
    ("error", "why"),
    [(InvalidInput("line 3 is wrong"), "line 3 is wrong"), (KeyError("x"), "see the log")],
)
async def test_script_that_an_interpreter_refuses_ends_the_call(error: Exception, why: str) -> None:
    def refuse(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        raise error

    reason, bench = await _interpret({"plain": refuse}, Interpret(language="plain", source=""))

    assert reason is not None
    assert why in reason
    assert bench.heard == []


# Whatever a program does


AGENT, NOBODY = PhoneNumber("12135550177"), PhoneNumber("12135550178")
_STEPS = st.one_of(
    st.builds(Say, prompts=st.just((spoken("x", 0.5),)), loop=st.integers(1, 3)),
    st.just(Say(prompts=(Spoken(text=""),))),
    st.builds(
        Gather,
        prompts=st.sampled_from([(), (spoken("y", 1.0),)]),
        max_digits=st.sampled_from([None, 1, 3]),
        first_timeout=st.just(after(1.0)),
        digit_timeout=st.just(after(0.5)),
    ),
    st.builds(Listen, length=st.sampled_from([after(0), after(0.7)])),
    st.builds(SendTones, digits=st.sampled_from(["", "1w2", "nonsense"])),
    st.builds(
        Dial,
        targets=st.lists(st.sampled_from([AGENT, NOBODY]), max_size=3).map(
            lambda to: tuple(DialTarget(to=one) for one in to)
        ),
        mode=st.sampled_from(DialMode),
        timeout=st.just(after(2.0)),
        time_limit=st.just(after(3.0)),
        end_on=st.sampled_from(["", "1"]),
    ),
    st.just(Detect()),
    st.builds(Fetch, url=st.sampled_from(["http://there/", "http://nowhere/"])),
    st.builds(
        RecordMessage,
        beep=st.booleans(),
        max_length=st.just(after(2.0)),
        silence_timeout=st.sampled_from([None, after(0.8)]),
    ),
    st.just(RecordStep(max_length=after(1.0))),
    st.just(StopRecord(recording_id=RecordingId(100))),
    st.just(Ban(source="x")),
    st.just(NoteAnswer(question="q", response="r")),
    st.just(Reject()),
    st.just(End()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(_STEPS, max_size=6),
    after_call=st.lists(_STEPS, max_size=3),
    catches=st.booleans(),
    hangs_up=st.sampled_from([None, 0.0, 0.5, 1.0, 2.2, 4.0]),
    presses=st.lists(
        st.tuples(st.sampled_from([0.3, 0.6, 1.0, 2.5]), st.sampled_from("12#")), max_size=4
    ),
    agent_stays=st.sampled_from([None, 0.0, 1.0]),
)
async def test_whatever_a_program_does_its_call_ends_once(
    steps: list[Step],
    after_call: list[Step],
    catches: bool,
    hangs_up: float | None,
    presses: list[tuple[float, str]],
    agent_stays: float | None,
) -> None:
    def body(diary: Diary) -> Program:
        try:
            for step in steps:
                diary.results.append((yield step))
        except CallerGone:
            if not catches:
                raise
            for step in after_call:
                diary.results.append((yield step))

    far_end = FarEnd(
        hangs_up_after=None if hangs_up is None else after(hangs_up),
        presses=[(after(when), key) for when, key in sorted(presses)],
    )
    agent = FarEnd(
        answers_after=after(1.0),
        hangs_up_after=None if agent_stays is None else after(agent_stays),
    )
    bench, diary = Bench(far_end, others={AGENT: agent}), Diary(body)
    bench.web.answers["http://there/"] = (0.4, 200, b"")

    try:
        await bench.run(diary)
        with pytest.raises(LegOver):
            await bench.actions.hang_up("the script ended")
    except LegOver:
        pass

    await bench.recordings.all_kept()
    assert diary.is_closed
    assert len(bench.files.kept) == len(bench.files.begun) - sum(
        bench.recordings.number_of(place.id) is None for place in bench.files.begun
    ), "every recording that was begun is kept"
    legs = [one.leg for one in bench.engine.originated]
    ended = [event.leg for event in bench.events if isinstance(event, LegEnded)]
    assert sorted(ended) == sorted(legs), "each leg ends once, and no second one outlives the first"
