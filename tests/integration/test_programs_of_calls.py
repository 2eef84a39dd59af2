"""What programs leave in the database, and calls that are acted on while they live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from ringcast.domain.calls import CallState, QuestionAnswer
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, CallId
from ringcast.domain.instructions import (
    Interpret,
    Play,
    Script,
    Transfer,
    WhenAnsweredBy,
)
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import (
    Ban,
    CallerGone,
    CallFacts,
    Detect,
    Dial,
    Dialed,
    DialTarget,
    End,
    Interpreter,
    NoteAnswer,
    Program,
    Say,
    Spoken,
    WhoAnswered,
)
from ringcast.engines.simulator import FarEnd
from ringcast.integrations.clock import SystemClock
from ringcast.ports.engine import AnswerKind
from ringcast.ports.store import Page
from ringcast.services.live_calls import CallElsewhere, CallNotLive, HangUpCall, RedirectCall
from tests.integration.test_dialing import ACCOUNT, FAR_ENDS, World, _world

AGENT = PhoneNumber("12135550177")
LONG = Play(audio=("sound",), loop=100)
TO_AGENT = Dial(targets=(DialTarget(to=AGENT),))


def test_program_is_the_same_after_being_written_down() -> None:
    script = Script(
        instructions=(
            WhenAnsweredBy(human=(Interpret(language="l", source="s", settings={"a": "b"}),)),
        )
    )

    assert msgspec.json.decode(msgspec.json.encode(script), type=Script) == script


def survey(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
    """Ask, and note an answer and a ban also when the caller has gone."""
    detected = yield Detect()
    yield NoteAnswer(question="first", response=source)
    try:
        yield Say(prompts=(Spoken(text="a question"),), loop=0)
    except CallerGone:
        yield NoteAnswer(question="last", response=str(detected))
        yield NoteAnswer(question="first", response="another")
        yield Ban(source="survey")


def dialing(dial: Dial, results: list[Dialed]) -> Interpreter:
    def program(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        result = yield dial
        assert isinstance(result, Dialed)
        results.append(result)

    return program


async def test_answers_and_bans_are_written_down_with_the_end_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far_end = FarEnd(hangs_up_after=timedelta(seconds=9), answer_kind=AnswerKind.SILENCE)
    monkeypatch.setitem(FAR_ENDS, "11", far_end)
    async with _world(tmp_path, interpreters={"survey": survey}) as world:
        call_id = await world.add_call("11", Interpret(language="survey", source="one"))

        call, attempt = await world.finish(call_id)

        first, last = attempt.answers
        assert first == QuestionAnswer(question="first", response="another")
        assert last.question == "last"
        assert WhoAnswered.UNKNOWN in last.response
        assert call.outcome is Outcome.HUMAN
        assert attempt.talk_time == timedelta(seconds=9)
        async with world.store.begin(read_only=True) as tx:
            assert await tx.do_not_call_entry(ACCOUNT, PhoneNumber("12135550111")) is not None


async def test_call_without_the_interpreter_it_needs_is_hung_up_and_says_so(
    tmp_path: Path,
) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call("00", Interpret(language="survey", source=""))

        call, attempt = await world.finish(call_id)

        assert call.outcome is Outcome.HUMAN
        assert attempt.reason == "there is no interpreter for the language 'survey'"


@pytest.mark.parametrize("accepts", [True, False])
async def test_whisper_is_heard_by_the_other_before_the_two_are_connected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accepts: bool
) -> None:
    facts: list[CallFacts] = []

    def whisper(call: CallFacts) -> Program:
        facts.append(call)
        yield Say(prompts=(Spoken(text="a call for you"),))
        if not accepts:
            yield End()

    results: list[Dialed] = []
    target = DialTarget(to=AGENT, before=whisper, send_digits="12")
    monkeypatch.setitem(FAR_ENDS, "77", FarEnd(hangs_up_after=timedelta(seconds=9)))
    interpreter = dialing(Dial(targets=(target,)), results)
    async with _world(tmp_path, interpreters={"dial": interpreter}) as world:
        call_id = await world.add_call("00", Interpret(language="dial", source=""))

        call, _ = await world.finish(call_id)
        await world.until(lambda: not world.dialer.live)

        (dialed,) = results
        (fact,) = facts
        first, second = world.engine.originated
        assert (fact.to, fact.call_id) == (AGENT, dialed.call_id)
        assert fact.attempt_id == second.leg
        assert world.engine.digits[second.leg] == "12"
        assert len(world.engine.heard[second.leg]) == 1
        assert call.outcome is (Outcome.TRANSFERRED if accepts else Outcome.HUMAN)
        assert (dialed.connected > timedelta()) is accepts
        assert second.near == first.leg


async def test_second_legs_that_did_not_win_are_canceled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAR_ENDS, "77", FarEnd(hangs_up_after=timedelta(seconds=5)))
    monkeypatch.setitem(FAR_ENDS, "78", FarEnd(answers_after=None))
    results: list[Dialed] = []
    targets = (
        DialTarget(to=PhoneNumber("12135550178"), reference="slow"),
        DialTarget(to=AGENT, reference="quick"),
    )
    interpreter = dialing(Dial(targets=targets), results)
    async with _world(tmp_path, interpreters={"dial": interpreter}) as world:
        call_id = await world.add_call("00", Interpret(language="dial", source=""))

        await world.finish(call_id)
        await world.until(lambda: not world.dialer.live)

        (dialed,) = results
        assert dialed.reference == "quick"
        async with world.store.begin(read_only=True) as tx:
            calls, _ = await tx.calls(ACCOUNT, Page(limit=10))
        found = [call for call in calls if call.id != call_id]
        assert {c.to_text[-2:]: c.outcome for c in found} == {
            "77": Outcome.HUMAN,
            "78": Outcome.CANCELED,
        }
        assert all(c.transferred_from == call_id for c in found)


async def test_words_that_cannot_be_kept_keep_nothing_else_from_being_written(
    tmp_path: Path,
) -> None:
    odd = "a\x00b\ud800c" + "d" * 5000

    def program(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        yield NoteAnswer(question=odd, response=odd)
        yield Ban(source=odd)
        yield End(reason=odd)

    async with _world(tmp_path, interpreters={"odd": program}) as world:
        call_id = await world.add_call("00", Interpret(language="odd", source=""))

        call, attempt = await world.finish(call_id)

        kept = "ab?c" + "d" * 995
        assert call.outcome is Outcome.HUMAN
        assert attempt.reason == kept
        assert attempt.answers == (QuestionAnswer(question=kept, response=kept),)
        async with world.store.begin(read_only=True) as tx:
            entry = await tx.do_not_call_entry(ACCOUNT, PhoneNumber("12135550100"))
        assert entry is not None
        assert entry.source == kept


# Live calls


def redirect_in(world: World) -> RedirectCall:
    return RedirectCall(store=world.store, calls=world.dialer)


def hang_up_in(world: World) -> HangUpCall:
    return HangUpCall(store=world.store, calls=world.dialer, clock=SystemClock(), wake=lambda: None)


async def up(world: World, ending: str, *script: Play | Interpret | Transfer) -> CallId:
    """Have a call answered, and its script begun."""
    before = len(world.engine.originated)
    call_id = await world.add_call(ending, *script)
    await world.until(lambda: len(world.engine.originated) > before)
    world.engine.advance(timedelta(seconds=1))
    await world.until(lambda: world.engine.originated[-1].leg in world.engine.heard)
    return call_id


async def test_redirected_call_is_silent_at_once_and_runs_its_new_script(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await up(world, "00", LONG)

        await redirect_in(world)(ACCOUNT, call_id, Script(instructions=(Play(audio=("other",)),)))
        leg = world.engine.originated[0].leg
        await world.until(lambda: "other" in world.engine.heard[leg])  # no time has passed

        call, attempt = await world.finish(call_id)
        assert world.engine.heard[leg][-1] == "other"
        assert call.outcome is Outcome.HUMAN
        assert timedelta(seconds=1) < attempt.talk_time < timedelta(seconds=3)


async def test_call_that_rings_runs_the_new_script_when_it_is_answered(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call("00", LONG)
        await world.until(lambda: bool(world.engine.originated))

        await redirect_in(world)(ACCOUNT, call_id, Script(instructions=(Play(audio=("other",)),)))

        await world.finish(call_id)
        assert world.engine.heard[world.engine.originated[0].leg] == ["other"]


async def test_redirected_transfer_parts_its_legs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAR_ENDS, "77", FarEnd())
    async with _world(tmp_path) as world:
        call_id = await world.add_call("00", Transfer(to=AGENT))
        await world.until(lambda: bool(world.engine.originated))
        world.engine.advance(timedelta(seconds=1))
        await world.until(lambda: len(world.engine.originated) == 2)
        first, second = (one.leg for one in world.engine.originated)
        world.engine.advance(timedelta(seconds=1))
        await world.until(lambda: world.engine.hears(first) == second)

        await redirect_in(world)(ACCOUNT, call_id, Script(instructions=(Play(audio=("other",)),)))
        await world.until(lambda: first in world.engine.heard)

        assert world.engine.hears(first) is None
        call, _ = await world.finish(call_id)
        assert call.outcome is Outcome.TRANSFERRED
        await world.until(lambda: not world.dialer.live)


async def test_live_call_is_hung_up(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await up(world, "00", LONG)

        await hang_up_in(world)(ACCOUNT, call_id, reason="somebody pressed stop")

        call, attempt = await world.finish(call_id)
        assert (call.outcome, attempt.reason) == (Outcome.HUMAN, "somebody pressed stop")


async def test_call_that_rings_is_canceled(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call("21")
        await world.until(lambda: bool(world.engine.originated))

        await hang_up_in(world)(ACCOUNT, call_id)

        call, _ = await world.finish(call_id)
        assert call.outcome is Outcome.CANCELED


async def test_call_that_waits_is_over_without_being_dialled(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        world.dialer.drain()
        call_id = await world.add_call("00")

        call = await hang_up_in(world)(ACCOUNT, call_id)

        assert (call.state, call.outcome) == (CallState.FINISHED, Outcome.CANCELED)
        assert await world.read(call_id) == (call, [])
        assert await hang_up_in(world)(ACCOUNT, call_id) == call, "once is enough"


async def test_what_is_not_live_here_cannot_be_commanded(tmp_path: Path) -> None:
    script = Script(instructions=(LONG,))
    async with _world(tmp_path) as world:
        redirect, hang_up = redirect_in(world), hang_up_in(world)
        over = await world.add_call("20")
        await world.finish(over)
        with pytest.raises(CallNotLive, match="is finished"):
            await redirect(ACCOUNT, over, script)
        with pytest.raises(NotFound):
            await redirect(ACCOUNT, CallId(5), script)
        with pytest.raises(NotFound):
            await hang_up(AccountId(2), over)

        call_id = await up(world, "00", LONG)
        for elsewhere in (
            RedirectCall(store=world.store, calls=_Nobody())(ACCOUNT, call_id, script),
            HangUpCall(store=world.store, calls=_Nobody(), clock=SystemClock(), wake=lambda: None)(
                ACCOUNT, call_id
            ),
        ):
            with pytest.raises(CallElsewhere):
                await elsewhere


class _Nobody:
    """A server on which no call lives."""

    def command(self, call_id: CallId, command: object) -> bool:
        return False
