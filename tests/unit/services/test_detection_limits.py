"""The limits of detection mean what clients were told, as heard by the detector itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import detection, tones
from ringcast.audio.detection import AnswerKind, Classified
from ringcast.domain.programs import Detect, DetectUntil
from ringcast.engines.embedded.engine import limits_in_seconds
from ringcast.services.detecting import settings_for
from ringcast.services.detection_limits import LIMITS, LimitOutOfRange, detect_step
from tests.unit.audio.test_detection import sounds, speech


def heard(samples: NDArray[np.int16], **given: float) -> Classified:
    """Return the verdict on a recording under these limits."""
    step = detect_step(given, until=DetectUntil.VERDICT)
    told = detection.detect(samples, limits_in_seconds(settings_for(step)))
    return next(one for one in told if isinstance(one, Classified))


def test_no_limit_leaves_the_engine_to_itself() -> None:
    step = detect_step({"words": None}, until=DetectUntil.GREETING_END)

    assert step == Detect(until=DetectUntil.GREETING_END)
    assert settings_for(step).learned


def test_one_limit_brings_the_usual_others_and_no_model() -> None:
    step = detect_step({"speech_threshold": 3000}, until=DetectUntil.VERDICT)

    assert step.speech_threshold == timedelta(seconds=3)
    assert step.speech_end_threshold == timedelta(seconds=1.2)
    assert (step.silence_timeout, step.timeout, step.words) == (
        timedelta(seconds=5),
        timedelta(seconds=30),
        6,
    )
    assert not settings_for(step).learned


@pytest.mark.parametrize("name", LIMITS)
def test_limits_have_ranges(name: str) -> None:
    limit = LIMITS[name]
    for fits in (limit.least, limit.most):
        detect_step({name: fits}, until=DetectUntil.VERDICT)
    for beyond in (limit.least - 1, limit.most + 1):
        with pytest.raises(LimitOutOfRange, match=f"{name} must be {limit.least:g}"):
            detect_step({name: beyond}, until=DetectUntil.VERDICT)


@pytest.mark.parametrize(
    ("spoken", "threshold", "kind"),
    [
        (2.0, 2400, AnswerKind.HUMAN),
        (2.9, 2400, AnswerKind.MACHINE),
        (2.9, 3400, AnswerKind.HUMAN),
        (2.0, 1500, AnswerKind.MACHINE),
    ],
)
def test_first_speech_shorter_than_the_threshold_is_a_person(
    spoken: float, threshold: float, kind: AnswerKind
) -> None:
    found = heard(sounds(0.3, speech(spoken), 4.0), speech_threshold=threshold, words=100)

    assert found.kind is kind
    after = spoken + 1.2 if kind is AnswerKind.HUMAN else threshold / 1000
    assert found.seconds == pytest.approx(0.3 + after, abs=0.2)


@pytest.mark.parametrize("silence", [600, 2000])
def test_speech_ends_after_the_end_threshold(silence: float) -> None:
    found = heard(sounds(0.3, speech(0.8), 5.0), speech_end_threshold=silence)

    assert found.kind is AnswerKind.HUMAN
    assert found.seconds == pytest.approx(1.1 + silence / 1000, abs=0.15)


def test_pause_shorter_than_the_end_threshold_belongs_to_the_first_speech() -> None:
    said = sounds(0.3, speech(1.5), 1.0, speech(1.5), 4.0)

    assert heard(said, speech_end_threshold=1200, words=100).kind is AnswerKind.MACHINE
    assert heard(said, speech_end_threshold=800, words=100).kind is AnswerKind.HUMAN


def test_nobody_knows_after_the_silence_timeout() -> None:
    found = heard(sounds(9.0), silence_timeout=3000)

    assert found.kind is AnswerKind.SILENCE
    assert found.seconds == pytest.approx(3.0, abs=0.05)


def test_nobody_knows_after_the_timeout() -> None:
    found = heard(sounds(0.5, speech(9.0)), timeout=2, speech_threshold=6000, words=100)

    assert (found.kind, found.seconds) == (AnswerKind.SILENCE, 2.0)


def test_as_many_words_as_the_threshold_are_a_machine() -> None:
    word: list[Any] = [tones.noise(0.2, seed=3, level_dbfs=-18), 0.15]
    said = sounds(0.3, *(word * 4), 4.0)

    many = heard(said, words=4)
    few = heard(said, words=5)

    assert (many.kind, many.reason) == (AnswerKind.MACHINE, "many words")
    assert many.seconds == pytest.approx(0.3 + 3 * 0.35 + 0.1, abs=0.1)
    assert few.kind is AnswerKind.HUMAN
