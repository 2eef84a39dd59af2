"""Calls that come to us: for whom they are, what their script does, and what is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ringcast.domain.accounts import AccountNumber
from ringcast.domain.calls import Attempt, Call, CallState
from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.forwarding import (
    FORWARDING,
    Forwarding,
    forward,
    forwarding_of,
    forwarding_script,
)
from ringcast.domain.ids import AccountId, NumberId, SoundId
from ringcast.domain.instructions import Instruction, Interpret, Play, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import (
    CallFacts,
    Dial,
    Dialed,
    DialTarget,
    Gather,
    Gathered,
    Listen,
    NoteAnswer,
    Program,
    Reject,
    RejectReason,
    Say,
    Spoken,
)
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import Refusal
from ringcast.ports.store import Page
from ringcast.services.numbers import AnswerNumber
from tests.integration.test_dialing import ACCOUNT, FAR_ENDS, SOUND, START, World, _world

OURS = PhoneNumber("12135550100")
CALLER = "+12025550123"


async def own(
    world: World, *script: Instruction, caller_id_only: bool = False, silent: bool = False
) -> None:
    """Give the account a number with a script, by default one sound."""
    number = AccountNumber(
        id=NumberId(1),
        account_id=ACCOUNT,
        number=OURS,
        created_at=START,
        caller_id_only=caller_id_only,
        script=None if silent else Script(instructions=script or (SOUND,)),
    )
    async with world.store.begin() as tx:
        await tx.add_number(number)
        await tx.commit()


async def received(
    world: World, *, far_end: FarEnd | None = None, gives_up_after: float = 60.0
) -> tuple[Call, Attempt]:
    """Have our number called; return what was written down when the call was over."""
    world.engine.call_in(
        str(OURS),
        from_text=CALLER,
        far_end=far_end,
        gives_up_after=timedelta(seconds=gives_up_after),
    )
    calls: Sequence[Call] = ()
    async with asyncio.timeout(10):
        while not calls:
            async with world.store.begin(read_only=True) as tx:
                calls, _ = await tx.calls(ACCOUNT, Page(limit=5), is_inbound=True)
    return await world.finish(calls[0].id)


async def refusal(world: World, to: str = str(OURS)) -> Refusal | None:
    """Have a number called; return why that was refused."""
    offer = world.engine.call_in(to, from_text=CALLER)
    await world.until(lambda: bool(world.dialer.live) or world.engine.refused(offer) is not None)
    return world.engine.refused(offer)


async def test_a_call_to_a_number_runs_its_script_and_is_written_down(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        await own(world)

        call, attempt = await received(world)

        assert call.is_inbound
        assert (call.to, call.from_number) == (OURS, PhoneNumber("12025550123"))
        assert (call.state, call.outcome, call.attempts) == (CallState.FINISHED, Outcome.HUMAN, 1)
        assert attempt.ringing_at is not None
        assert attempt.answered_at is not None
        assert world.engine.heard[attempt.id] == ["sound"]
        async with world.store.begin(read_only=True) as tx:
            events = await tx.events_of(call.id)
        assert [type(one.event).__name__ for one in events] == [
            "CallCreated",
            "CallReceived",
            "CallAnswered",
            "SoundPlayed",
            "CallEnded",
        ]


@pytest.mark.parametrize(
    ("to", "owned", "why"),
    [
        ("+12135550999", {}, Refusal.NO_SUCH_NUMBER),
        ("reception", {}, Refusal.NO_SUCH_NUMBER),
        (str(OURS), {"caller_id_only": True}, Refusal.NO_SUCH_NUMBER),
        (str(OURS), {"silent": True}, Refusal.UNAVAILABLE),
    ],
)
async def test_what_is_for_nobody_is_refused_and_leaves_nothing(
    tmp_path: Path, to: str, owned: Mapping[str, bool], why: Refusal
) -> None:
    async with _world(tmp_path) as world:
        await own(world, **owned)

        assert await refusal(world, to) is why

        async with world.store.begin(read_only=True) as tx:
            assert await tx.calls(ACCOUNT, Page(limit=5)) == ([], 0)


@pytest.mark.parametrize("unwanted", [True, False])
async def test_who_must_not_call_in_is_turned_away(tmp_path: Path, unwanted: bool) -> None:
    entry = DoNotCallEntry(
        account_id=ACCOUNT,
        number=PhoneNumber("12025550123"),
        call=not unwanted,
        text=False,
        inbound_call=unwanted,
        inbound_text=False,
        source="desk",
        created_at=START,
    )
    async with _world(tmp_path) as world:
        await own(world)
        async with world.store.begin() as tx:
            await tx.put_do_not_call([entry])
            await tx.commit()

        assert await refusal(world) is (Refusal.REJECTED if unwanted else None)


async def test_more_calls_than_there_is_room_for_are_refused_as_overload(tmp_path: Path) -> None:
    async with _world(tmp_path, max_calls=1) as world:
        await own(world, Play(audio=("sound",), loop=100))
        assert await refusal(world) is None

        assert await refusal_of_second(world) is Refusal.OVERLOADED


async def refusal_of_second(world: World) -> Refusal | None:
    offer = world.engine.call_in(str(OURS), from_text=CALLER)
    await world.until(lambda: world.engine.refused(offer) is not None)
    return world.engine.refused(offer)


async def test_a_server_that_drains_takes_no_calls(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        await own(world)
        world.dialer.drain()

        assert await refusal(world) is Refusal.OVERLOADED


async def test_a_caller_who_gives_up_while_it_rings_has_not_been_answered(tmp_path: Path) -> None:
    def thinking(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        yield Listen(length=timedelta(seconds=30))
        yield Say(prompts=(Spoken(text="too late"),))

    async with _world(tmp_path, interpreters={"l": thinking}) as world:
        await own(world, Interpret(language="l", source=""))

        call, attempt = await received(world, gives_up_after=5)

        assert call.outcome is Outcome.CANCELED
        assert attempt.answered_at is None
        assert attempt.id not in world.engine.heard


@pytest.mark.parametrize(
    ("reason", "outcome", "status"),
    [(RejectReason.BUSY, Outcome.BUSY, 486), (RejectReason.REJECTED, Outcome.REJECTED, 603)],
)
async def test_a_program_turns_callers_away_without_answering(
    tmp_path: Path, reason: RejectReason, outcome: Outcome, status: int
) -> None:
    def program(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        assert call.is_inbound
        yield NoteAnswer(question="who", response=str(call.from_number))
        yield Reject(reason=reason)

    async with _world(tmp_path, interpreters={"l": program}) as world:
        await own(world, Interpret(language="l", source=""))

        call, attempt = await received(world)

        assert (call.outcome, attempt.sip_status) == (outcome, status)
        assert attempt.answered_at is None
        assert attempt.answers[0].response == CALLER


async def test_a_program_that_never_answers_refuses_in_the_end(tmp_path: Path) -> None:
    def program(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        yield NoteAnswer(question="seen", response="yes")

    async with _world(tmp_path, interpreters={"l": program}) as world:
        await own(world, Interpret(language="l", source=""))

        call, attempt = await received(world)

        assert (call.outcome, attempt.sip_status) == (Outcome.NO_ANSWER, 480)


async def test_the_first_step_that_needs_it_answers_and_keys_arrive(tmp_path: Path) -> None:
    gathered: list[object] = []

    def program(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        result = yield Gather(prompts=(Spoken(text="your choice"),), max_digits=2)
        gathered.append(result)

    presses = [(timedelta(seconds=1), "4"), (timedelta(seconds=1.5), "2")]
    async with _world(tmp_path, interpreters={"l": program}) as world:
        await own(world, Interpret(language="l", source=""))

        _, attempt = await received(world, far_end=FarEnd(presses=presses))

        (result,) = gathered
        assert isinstance(result, Gathered)
        assert result.digits == attempt.digits == "42"


async def test_a_caller_is_put_through_and_his_number_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAR_ENDS, "77", FarEnd(hangs_up_after=timedelta(seconds=9)))
    dialed: list[object] = []

    def program(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        result = yield Dial(targets=(DialTarget(to=PhoneNumber("12135550177")),))
        dialed.append(result)

    async with _world(tmp_path, interpreters={"l": program}) as world:
        await own(world, Interpret(language="l", source=""))

        call, _ = await received(world)

        (result,) = dialed
        assert isinstance(result, Dialed)
        assert result.outcome is Outcome.HUMAN
        assert call.outcome is Outcome.TRANSFERRED
        (second,) = world.engine.originated
        assert second.from_number == PhoneNumber("12025550123")


@pytest.mark.parametrize("accepts", [True, False])
async def test_who_is_asked_first_takes_a_forwarded_call_or_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accepts: bool
) -> None:
    presses = [(timedelta(seconds=4), "1" if accepts else "2")]
    agent = FarEnd(presses=presses, hangs_up_after=timedelta(seconds=12) if accepts else None)
    monkeypatch.setitem(FAR_ENDS, "77", agent)
    async with _world(tmp_path, interpreters={FORWARDING: forward}) as world:
        wanted = Forwarding(numbers=("12135550177",), screen=True, voicemail=True)
        await own(world, *forwarding_script(wanted).instructions)

        call, attempt = await received(world, far_end=FarEnd(hangs_up_after=timedelta(seconds=40)))

        assert call.outcome is (Outcome.TRANSFERRED if accepts else Outcome.HUMAN)
        asked, caller = world.engine.originated[0].leg, attempt.id
        assert len(world.engine.heard[asked]) == 1
        # The ring-back tone; and the request for a message where nobody took the call.
        assert len(world.engine.heard[caller]) == (1 if accepts else 2)


def test_a_forwarding_is_read_back_from_its_script() -> None:
    wanted = Forwarding(numbers=("12135550177",), record=True, whisper=SoundId(4))

    assert forwarding_of(forwarding_script(wanted)) == wanted
    assert forwarding_of(Script(instructions=(SOUND,))) is None
    assert forwarding_of(Script(instructions=())) is None


async def test_what_is_done_with_calls_to_a_number_can_be_changed(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        await own(world, silent=True)
        answer = AnswerNumber(store=world.store)

        changed = await answer(ACCOUNT, OURS, Script(instructions=(SOUND,)))

        assert changed.script == Script(instructions=(SOUND,))
        call, _ = await received(world)
        assert call.outcome is Outcome.HUMAN
        with pytest.raises(NotFound):
            await answer(AccountId(99), OURS, None)
        async with world.store.begin() as tx:
            await tx.update_number(replace(changed, caller_id_only=True))
            await tx.commit()
        with pytest.raises(InvalidInput, match="only shown as a caller id"):
            await answer(ACCOUNT, OURS, Script(instructions=(SOUND,)))
