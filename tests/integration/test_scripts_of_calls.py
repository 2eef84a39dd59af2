"""What scripts leave in the database: outcomes and do-not-call entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from ringcast.domain.calls import Attempt, Call, CallState
from ringcast.domain.instructions import BanNumber, Menu, Play, Script, Transfer, WhenAnsweredBy
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import AnswerKind
from ringcast.ports.store import Page
from tests.integration.test_dialing import ACCOUNT, FAR_ENDS, World, _world

SCRIPT = WhenAnsweredBy(
    human=(
        Menu(
            audio=("sound",),
            keys={"9": (BanNumber(source="pressed 9"),)},
            wait=timedelta(milliseconds=10),
        ),
    ),
    machine=(Play(audio=("other",)),),
)


AGENT = PhoneNumber("12135550177")


def test_nested_instructions_are_the_same_after_being_written_down() -> None:
    script = Script(instructions=(SCRIPT, Transfer(to=AGENT)))

    assert msgspec.json.decode(msgspec.json.encode(script), type=Script) == script


@pytest.mark.parametrize(
    ("kind", "outcome", "heard"),
    [
        (AnswerKind.HUMAN, Outcome.HUMAN, ["sound"]),
        (AnswerKind.SILENCE, Outcome.HUMAN, ["sound"]),
        (AnswerKind.MACHINE, Outcome.MACHINE, ["other"]),
        (AnswerKind.SCREENING, Outcome.SCREENING, ["sound"]),
        (AnswerKind.FAX, Outcome.FAX, []),
    ],
)
async def test_outcome_says_who_has_answered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: AnswerKind,
    outcome: Outcome,
    heard: list[str],
) -> None:
    monkeypatch.setitem(FAR_ENDS, "10", FarEnd(answer_kind=kind))
    async with _world(tmp_path) as world:
        call_id = await world.add_call("10", SCRIPT)

        call, attempt = await world.finish(call_id)

        assert (call.state, call.outcome) == (CallState.FINISHED, outcome)
        assert attempt.outcome is outcome
        assert world.engine.heard.get(attempt.id, []) == heard


async def test_who_asks_for_it_is_on_the_do_not_call_list_when_the_call_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [(timedelta(seconds=second), "9") for second in range(1, 30)]
    monkeypatch.setitem(FAR_ENDS, "11", FarEnd(presses=keys))
    async with _world(tmp_path) as world:
        call_id = await world.add_call("11", SCRIPT)

        await world.finish(call_id)

        number = PhoneNumber("12135550111")
        async with world.store.begin(read_only=True) as tx:
            entry = await tx.do_not_call_entry(ACCOUNT, number)
        assert entry is not None
        assert (entry.source, entry.call) == ("pressed 9", True)


async def _calls(world: World) -> dict[str, tuple[Call, Sequence[Attempt]]]:
    """Return all calls and their attempts by the end of the number called."""
    async with world.store.begin(read_only=True) as tx:
        calls, _ = await tx.calls(ACCOUNT, Page(limit=10, offset=0))
        attempts = await tx.attempts_of([call.id for call in calls])
    return {call.to_text[-2:]: (call, attempts[call.id]) for call in calls}


async def test_transfer_is_two_calls_that_are_both_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAR_ENDS, "77", FarEnd(hangs_up_after=timedelta(seconds=9)))
    async with _world(tmp_path) as world:
        call_id = await world.add_call("00", Transfer(to=AGENT, audio=("other",)))

        call, attempt = await world.finish(call_id)
        await world.until(lambda: not world.dialer.live)

        second, (leg,) = (await _calls(world))["77"]
        assert (call.outcome, attempt.outcome) == (Outcome.TRANSFERRED, Outcome.TRANSFERRED)
        assert (second.state, second.outcome) == (CallState.FINISHED, Outcome.HUMAN)
        assert leg.talk_time >= timedelta(seconds=9)
        assert leg.holder == attempt.holder
        assert second.from_number == call.from_number
        assert [one.near for one in world.engine.originated] == [None, attempt.id]


async def test_second_leg_to_a_number_that_must_not_be_called_is_not_dialled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAR_ENDS, "77", FarEnd())
    async with _world(tmp_path) as world:
        banned = await world.add_call("77", BanNumber(source="said so"))
        await world.finish(banned)
        call_id = await world.add_call("00", Transfer(to=AGENT))

        call, _ = await world.finish(call_id)

        assert call.outcome is Outcome.HUMAN
        assert len(world.engine.originated) == 2


async def test_second_leg_finds_no_room_on_a_full_trunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAR_ENDS, "77", FarEnd())
    async with _world(tmp_path, max_calls=1) as world:
        call_id = await world.add_call("00", Transfer(to=AGENT))

        call, _ = await world.finish(call_id)

        assert call.outcome is Outcome.HUMAN
        assert len(world.engine.originated) == 1
