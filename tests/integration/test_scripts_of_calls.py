"""What scripts leave in the database: outcomes and do-not-call entries."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.integration.test_dialing import ACCOUNT, FAR_ENDS, _world

from ringcast.domain.calls import CallState
from ringcast.domain.instructions import BanNumber, Menu, Play, Script, WhenAnsweredBy
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import AnswerKind

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


def test_nested_instructions_are_the_same_after_being_written_down() -> None:
    script = Script(instructions=(SCRIPT,))

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
