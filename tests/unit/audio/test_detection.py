"""Who answers, on synthetic sounds: bursts of noise speak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import g711, tones
from ringcast.audio.detection import (
    FRAME,
    AnswerKind,
    Classified,
    DetectionSettings,
    Detector,
    GreetingEnded,
    Heard,
)
from ringcast.audio.detection import detect as _detect

_SYLLABLE = 0.18
RULES = DetectionSettings(learned=False)
"""Noise speaks no language: the model has no opinion of it."""


def detect(samples: NDArray[np.int16], settings: DetectionSettings = RULES) -> list[Heard]:
    """Return what the rules make of it."""
    return _detect(samples, settings)


def speech(seconds: float, *, level_dbfs: float = -18.0, seed: int = 1) -> NDArray[np.int16]:
    """Return noise that comes in syllables."""
    whole = tones.noise(seconds, seed=seed, level_dbfs=level_dbfs).astype(np.float64)
    shape = 0.55 - 0.45 * np.cos(2 * np.pi * np.arange(len(whole)) / 8000 / _SYLLABLE)
    return (whole * shape).astype(np.int16)


def sounds(*parts: NDArray[np.int16] | float) -> NDArray[np.int16]:
    """Join sounds; a number is so many seconds of silence."""
    joined = [tones.silence(part) if isinstance(part, int | float) else part for part in parts]
    return g711.decode_ulaw(g711.encode_ulaw(np.concatenate(joined)))


def verdict(heard: list[Heard]) -> Classified:
    (found,) = [one for one in heard if isinstance(one, Classified)]
    return found


def endings(heard: list[Heard]) -> list[GreetingEnded]:
    return [one for one in heard if isinstance(one, GreetingEnded)]


@pytest.mark.parametrize("level", [-12.0, -18.0, -30.0])
def test_short_greeting_and_then_silence_is_a_person(level: float) -> None:
    found = verdict(detect(sounds(0.4, speech(0.6, level_dbfs=level), 5.0)))

    assert found.kind is AnswerKind.HUMAN
    assert found.seconds == pytest.approx(0.4 + 0.6 + 0.8, abs=0.1)


def test_nobody_who_speaks_is_silence() -> None:
    found = verdict(detect(sounds(10.0)))

    assert (found.kind, found.seconds) == (AnswerKind.SILENCE, 2.52)


def test_noise_of_the_line_is_no_speech() -> None:
    for level in (-60.0, -50.0, -42.0):
        found = verdict(detect(sounds(tones.noise(10.0, seed=2, level_dbfs=level))))

        assert found.kind is AnswerKind.SILENCE, level


def test_speech_is_heard_through_the_noise_of_the_line() -> None:
    heard = sounds(0.5, speech(0.7), 6.0)
    noisy = heard + tones.noise(len(heard) / 8000, seed=3, level_dbfs=-42.0)

    found = verdict(detect(noisy.astype(np.int16)))

    assert found.kind is AnswerKind.HUMAN
    assert found.seconds == pytest.approx(2.0, abs=0.15)


def test_click_is_no_speech() -> None:
    found = verdict(detect(sounds(0.5, speech(0.04), 6.0)))

    assert found.kind is AnswerKind.SILENCE


def test_longer_greeting_is_given_more_time_and_is_a_person_all_the_same() -> None:
    found = verdict(detect(sounds(speech(3.5), 5.0)))

    assert found.kind is AnswerKind.HUMAN
    assert found.seconds == pytest.approx(3.5 + 1.5, abs=0.15)


def test_pause_between_words_does_not_end_a_greeting() -> None:
    found = verdict(detect(sounds(speech(0.6), 0.6, speech(0.6), 5.0)))

    assert found.kind is AnswerKind.HUMAN
    assert found.seconds == pytest.approx(1.8 + 0.8, abs=0.15)


def test_who_speaks_on_is_a_machine_and_is_so_at_once() -> None:
    heard = detect(sounds(0.2, speech(8.0), 0.1))

    found = verdict(heard)
    assert (found.kind, found.reason) == (AnswerKind.MACHINE, "long greeting")
    assert found.seconds == pytest.approx(0.2 + 4.2, abs=0.15)
    assert endings(heard) == []


@pytest.mark.parametrize("hertz", [440, 1000, 1850, 2400])
@pytest.mark.parametrize("milliseconds", [80, 400])
def test_beep_after_a_short_greeting_is_a_machine_whose_greeting_is_over(
    hertz: float, milliseconds: int
) -> None:
    for shift in (0.0, 0.005, 0.013):
        begin = 2.3 + shift
        beep = tones.beep(hertz, milliseconds, level_dbfs=-20.0)
        heard = detect(sounds(speech(2.0), 0.3 + shift, beep, 0.5))

        assert verdict(heard).kind is AnswerKind.MACHINE
        (end,) = endings(heard)
        assert end.beep
        assert 0 <= end.seconds - (begin + milliseconds / 1000) <= 0.12


def test_beep_in_noise_is_a_beep() -> None:
    heard = sounds(speech(5.0), 0.3, tones.beep(1000, 300, level_dbfs=-20), 3.0)
    noisy = heard + tones.noise(len(heard) / 8000, seed=4, level_dbfs=-45.0)

    (end,) = endings(detect(noisy.astype(np.int16)))

    assert end.beep


def test_beep_alone_is_a_machine() -> None:
    heard = detect(sounds(1.0, tones.beep(), 5.0))

    assert verdict(heard).kind is AnswerKind.MACHINE
    assert [end.beep for end in endings(heard)] == [True]


def test_tone_that_began_before_the_answer_is_the_end_of_a_ringback() -> None:
    for ring in (tones.tone((425.0,), 0.3), tones.ringback(0.3)):
        found = verdict(detect(sounds(ring, 0.5, speech(0.6), 5.0)))

        assert found.kind is AnswerKind.HUMAN


def test_key_pressed_is_no_beep() -> None:
    for key in "159D":
        found = verdict(detect(sounds(speech(0.6), 0.2, tones.dtmf(key, 200), 5.0)))

        assert found.kind is AnswerKind.HUMAN, key


def test_machine_without_a_beep_has_ended_after_a_silence() -> None:
    heard = detect(sounds(speech(5.0), 10.0))

    (end,) = endings(heard)
    assert not end.beep
    assert end.seconds == pytest.approx(5.0 + 2.0, abs=0.1)


def test_greeting_that_goes_on_after_a_pause_ends_again() -> None:
    heard = detect(sounds(speech(5.0), 2.6, speech(3.0, seed=5), 0.3, tones.beep(), 10.0))

    assert [end.beep for end in endings(heard)] == [False, True]
    assert endings(heard)[1].seconds == pytest.approx(5 + 2.6 + 3 + 0.3 + 0.2, abs=0.1)


@pytest.mark.parametrize("tone", [tones.fax_ced(), tones.fax_cng()], ids=["CED", "CNG"])
def test_tone_of_a_fax_machine_is_a_fax(tone: NDArray[np.int16]) -> None:
    found = verdict(detect(sounds(0.7, tone)))

    assert found.kind is AnswerKind.FAX
    assert found.seconds < 1.5


def test_beep_like_a_fax_tone_after_a_greeting_is_a_beep() -> None:
    heard = detect(sounds(speech(2.5), 0.3, tones.beep(1100, 500), 3.0))

    assert verdict(heard).kind is AnswerKind.MACHINE


def test_total_time_ends_every_doubt() -> None:
    settings = DetectionSettings(learned=False, total=2.0, initial_silence=5.0)

    assert verdict(detect(sounds(1.0, speech(5.0)), settings)).seconds == 2.0
    assert verdict(detect(sounds(1.0, speech(5.0)), settings)).kind is AnswerKind.HUMAN
    assert verdict(detect(sounds(5.0), settings)).kind is AnswerKind.SILENCE


def test_limits_are_those_of_the_settings() -> None:
    settings = DetectionSettings(
        learned=False,
        initial_silence=1.0,
        short_greeting=1.0,
        after_short=0.4,
        long_greeting=2.0,
        greeting_end=1.0,
    )

    assert verdict(detect(sounds(4.0), settings)).seconds == pytest.approx(1.0, abs=0.05)
    short = verdict(detect(sounds(speech(0.6), 3.0), settings))
    assert short.seconds == pytest.approx(1.0, abs=0.1)
    heard = detect(sounds(speech(2.5), 4.0), settings)
    assert verdict(heard).kind is AnswerKind.MACHINE
    assert endings(heard)[0].seconds == pytest.approx(3.5, abs=0.1)


@pytest.mark.parametrize(
    "limits",
    [
        {"total": 0.0},
        {"greeting_end": 601.0},
        {"long_greeting": 1.0},
        {"words": 0},
        {"bias": 0.0},
    ],
)
def test_limits_that_make_no_sense_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        DetectionSettings(**limits)


def test_many_streams_are_each_heard_as_if_alone() -> None:
    recordings = [
        sounds(0.1 * (i % 7), speech(0.3 * (i % 19), seed=i), 0.3, tones.beep(), 3.0)
        if i % 3
        else sounds(0.02 * i, speech(0.8, seed=i), 4.0)
        for i in range(24)
    ]
    alone = [detect(recording) for recording in recordings]

    detector, together = Detector(initial=1), [list[Heard]() for _ in recordings]
    for i in range(len(recordings)):
        detector.start(i, RULES)
    for frame in range(1000):
        chosen = detector.streams.tolist()
        if not chosen:
            break
        block = np.zeros((len(chosen), FRAME), np.float32)
        for place, stream in enumerate(chosen):
            part = recordings[stream][frame * FRAME : (frame + 1) * FRAME]
            block[place, : len(part)] = part / np.float32(32768)
        for one in detector.hear(block):
            together[one.stream].append(one)

    for i, heard in enumerate(together):
        kinds = [(type(one), one.seconds) for one in heard]
        assert kinds == [(type(one), one.seconds) for one in alone[i]]
    assert {one.kind for heard in alone for one in heard if isinstance(one, Classified)} == {
        AnswerKind.HUMAN,
        AnswerKind.MACHINE,
    }


def test_stopped_stream_is_heard_no_more() -> None:
    detector = Detector()
    for stream in (5, 6, 7):
        detector.start(stream, DetectionSettings())

    detector.stop(5)
    detector.stop(5)

    assert sorted(detector.streams.tolist()) == [6, 7]
    assert 5 not in detector
    assert len(detector) == 2


def test_starting_anew_forgets_what_was_heard() -> None:
    detector = Detector()
    detector.start(1, DetectionSettings())
    loud = np.full((1, FRAME), 0.2, np.float32) * np.resize([1, -1], FRAME).astype(np.float32)
    for _ in range(100):
        detector.hear(loud)
    detector.start(1, DetectionSettings())

    heard: list[Heard] = []
    for _ in range(200):
        if 1 in detector:
            heard += detector.hear(np.zeros((1, FRAME), np.float32))

    assert verdict(heard).kind is AnswerKind.SILENCE


def test_special_information_tones_are_never_call_screening() -> None:
    three = [tones.tone((hz,), 0.33) for hz in (950.0, 1400.0, 1800.0)]
    heard = detect(sounds(0.4, *three, 0.3, speech(3.0), 6.0), DetectionSettings())

    assert [one.kind for one in heard if isinstance(one, Classified)] == [AnswerKind.MACHINE]
