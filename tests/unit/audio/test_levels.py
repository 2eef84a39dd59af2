"""Levels are measured against full scale, and normalising neither clips nor raises silence."""

import math

import numpy as np
import pytest

from ringcast.audio import levels, tones
from tests.fakes.sounds import speech_like


def test_full_scale_square_wave_is_zero() -> None:
    square = np.array([-32768, 32767] * 400, dtype=np.int16)
    assert levels.peak_dbfs(square) == 0
    assert levels.rms_dbfs(square) == pytest.approx(0, abs=0.001)


def test_sine_is_three_decibels_below_its_peak() -> None:
    sine = tones.tone((500,), 1.0, level_dbfs=-20, ramp_seconds=0)
    assert levels.peak_dbfs(sine) == pytest.approx(-20, abs=0.01)
    assert levels.rms_dbfs(sine) == pytest.approx(-23.01, abs=0.01)


@pytest.mark.parametrize("length", [0, 1, 800])
def test_digital_silence_is_minus_infinity(length: int) -> None:
    nothing = np.zeros(length, dtype=np.int16)
    assert levels.peak_dbfs(nothing) == levels.rms_dbfs(nothing) == -math.inf
    assert levels.speech_dbfs(nothing) == -math.inf
    assert levels.normalise(nothing) is nothing


def test_pauses_do_not_lower_the_level_of_speech() -> None:
    speech = tones.tone((500,), 1.0, level_dbfs=-20)
    with_pause = np.concatenate([speech, tones.silence(9.0)])
    assert levels.speech_dbfs(with_pause) == pytest.approx(levels.speech_dbfs(speech))
    assert levels.rms_dbfs(with_pause) == pytest.approx(-33, abs=0.2)


@pytest.mark.parametrize("gain_db", [-16, -6, 0, 5])
def test_speech_is_brought_to_the_target_or_to_the_limit_of_its_peak(gain_db: float) -> None:
    given = speech_like(4.0, seed=1).astype(float) * 10 ** (gain_db / 20)

    result = levels.normalise(np.clip(given, -32768, 32767).astype(np.int16), target_dbfs=-20)

    assert levels.speech_dbfs(result) == pytest.approx(-20, abs=0.1)
    assert levels.peak_dbfs(result) <= -1


def test_peak_is_never_above_its_limit() -> None:
    click = np.zeros(8000, dtype=np.int16)
    click[::40] = -32768

    result = levels.normalise(click, target_dbfs=0)

    assert levels.peak_dbfs(result) == pytest.approx(-1, abs=0.01)
    assert np.count_nonzero(result) == np.count_nonzero(click)


def test_line_noise_is_not_raised_and_quiet_speech_by_no_more_than_allowed() -> None:
    line = tones.noise(1.0, seed=1, level_dbfs=-65)
    assert levels.normalise(line) is line
    quiet = tones.tone((500,), 1.0, level_dbfs=-50)
    raised = levels.speech_dbfs(levels.normalise(quiet)) - levels.speech_dbfs(quiet)
    assert raised == pytest.approx(20, abs=0.1)
