"""Who has answered: what every engine that detects it reports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ringcast.domain.ids import AttemptId
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import (
    AnswerClassified,
    AnswerKind,
    DetectionSettings,
    GreetingEnded,
    LegAnswered,
    LegEnded,
    PlaybackFinished,
    SilenceHeard,
)
from tests.contract.rig import Rig, call, check_promises, happens, seconds
from tests.contract.rigs import RIGS

_PERSON = FarEnd()
_MACHINE = FarEnd(answer_kind=AnswerKind.MACHINE, greeting=seconds(2.5))
# The far ends of the contract speak noise, of which only the limits have an opinion.
_RULES = DetectionSettings(learned=False)
_HASTY = replace(_RULES, long_greeting=seconds(1.8), greeting_end=seconds(1.0))
_LATE = 1.0
"""Seconds that the verdict may come late: answer, packets and a busy machine."""


@pytest.fixture(params=sorted(RIGS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    made = RIGS[request.param](tmp_path)
    await made.start()
    yield made
    await made.close()
    check_promises(made.log)


async def detect(rig: Rig, far_end: FarEnd, settings: DetectionSettings) -> AttemptId:
    leg = await call(rig, rig.phone(far_end, speaks=True))
    await happens(rig, leg, LegAnswered)
    await rig.engine.start_detection(leg, settings)
    return leg


async def test_person_who_says_hello_is_a_person_and_that_is_all(rig: Rig) -> None:
    leg = await detect(rig, _PERSON, _RULES)

    found = await happens(rig, leg, AnswerClassified)
    await rig.pass_time(1.0)

    assert found.kind is AnswerKind.HUMAN
    assert seconds(1.3) <= found.after <= seconds(1.4 + _LATE)
    assert found.reason
    assert rig.log.kinds(leg)[2:] == ["AnswerClassified"]


async def test_nobody_who_speaks_is_silence(rig: Rig) -> None:
    settings = DetectionSettings(initial_silence=seconds(0.8))
    leg = await detect(rig, replace(_PERSON, answer_kind=AnswerKind.SILENCE), settings)

    found = await happens(rig, leg, AnswerClassified)

    assert found.kind is AnswerKind.SILENCE
    assert seconds(0.8) <= found.after <= seconds(0.9)


async def test_silence_is_told_once_when_the_far_end_has_spoken(rig: Rig) -> None:
    far_end = replace(_PERSON, greeting=seconds(1.0))
    leg = await call(rig, rig.phone(far_end, speaks=True))
    answered = await happens(rig, leg, LegAnswered)

    await rig.engine.watch_silence(leg, seconds(0.7))
    heard = await happens(rig, leg, SilenceHeard)
    await rig.pass_time(1.0)

    assert heard.length == seconds(0.7)
    assert seconds(1.5) <= heard.at - answered.at <= seconds(1.8 + _LATE)
    assert len(rig.log.of(leg, SilenceHeard)) == 1


async def test_silence_is_not_told_to_whoever_waits_no_more(rig: Rig) -> None:
    leg = await call(rig, rig.phone(_PERSON, speaks=True))
    await happens(rig, leg, LegAnswered)

    await rig.engine.watch_silence(leg, seconds(0.3))
    await rig.engine.stop_watching_silence(leg)
    await rig.pass_time(1.5)

    assert rig.log.of(leg, SilenceHeard) == []
    with pytest.raises(ValueError, match="silence is waited for"):
        await rig.engine.watch_silence(leg, seconds(0))


async def test_fax_is_a_fax(rig: Rig) -> None:
    leg = await detect(rig, FarEnd(answer_kind=AnswerKind.FAX), DetectionSettings())

    found = await happens(rig, leg, AnswerClassified)

    assert found.kind is AnswerKind.FAX


async def test_machine_is_known_while_it_speaks_and_its_beep_ends_its_greeting(rig: Rig) -> None:
    leg = await detect(rig, replace(_MACHINE, beeps=True), _HASTY)

    found = await happens(rig, leg, AnswerClassified)
    assert found.kind is AnswerKind.MACHINE
    assert rig.log.of(leg, GreetingEnded) == []
    ended = await happens(rig, leg, GreetingEnded)

    assert ended.beep
    (answered,) = rig.log.of(leg, LegAnswered)
    assert seconds(1.7) <= found.at - answered.at <= seconds(1.8 + _LATE)
    assert seconds(2.9) <= ended.at - answered.at <= seconds(3.0 + _LATE)


async def test_machine_without_a_beep_has_ended_when_it_is_silent(rig: Rig) -> None:
    leg = await detect(rig, _MACHINE, _HASTY)

    ended = await happens(rig, leg, GreetingEnded)

    assert not ended.beep
    (answered,) = rig.log.of(leg, LegAnswered)
    assert seconds(3.4) <= ended.at - answered.at <= seconds(3.5 + _LATE)


async def test_detection_and_playing_go_on_at_the_same_time(rig: Rig) -> None:
    leg = await detect(rig, _MACHINE, _HASTY)

    await rig.engine.play(leg, 1, [rig.sound(0.4)], 1)
    await happens(rig, leg, PlaybackFinished)
    found = await happens(rig, leg, AnswerClassified)

    assert found.kind is AnswerKind.MACHINE


async def test_stopped_detection_reports_nothing(rig: Rig) -> None:
    leg = await detect(rig, _PERSON, replace(_RULES, initial_silence=seconds(0.3)))

    await rig.engine.stop_detection(leg)
    await rig.pass_time(2.0)

    assert rig.log.of(leg, AnswerClassified) == []


async def test_leg_that_ends_is_not_classified(rig: Rig) -> None:
    leg = await detect(rig, replace(_PERSON, hangs_up_after=seconds(0.3)), _RULES)

    await happens(rig, leg, LegEnded)
    await rig.pass_time(2.0)

    assert rig.log.of(leg, AnswerClassified) == []


async def test_detecting_on_an_unknown_leg_does_nothing(rig: Rig) -> None:
    await rig.engine.start_detection(AttemptId(999_999_998), DetectionSettings())
    await rig.engine.stop_detection(AttemptId(999_999_998))
    await rig.pass_time(0.1)

    assert rig.log.events == []
