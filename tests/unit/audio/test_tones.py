"""Tones have the frequencies, times and levels asked for."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import levels, tones


def strongest(samples: NDArray[np.int16], count: int) -> list[float]:
    """Return the frequencies of the greatest separate peaks, in Hz, rising."""
    size = 1 << 17
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    found = []
    for _ in range(count):
        peak = int(spectrum.argmax())
        found.append(peak * 8000 / size)
        width = round(30 * size / 8000)
        spectrum[max(0, peak - width) : peak + width] = 0
    return sorted(found)


@pytest.mark.parametrize("key", "0123456789*#ABCD")
def test_each_key_has_its_two_frequencies(key: str) -> None:
    samples = tones.dtmf(key)

    assert len(samples) == 800
    assert strongest(samples, 2) == pytest.approx(tones.DTMF[key], abs=3)
    assert levels.peak_dbfs(samples) == pytest.approx(-4.1, abs=0.3)


def test_key_pad_is_that_of_the_standard() -> None:
    assert tones.DTMF["1"] == (697.0, 1209.0)
    assert tones.DTMF["#"] == (941.0, 1477.0)
    assert tones.DTMF["D"] == (941.0, 1633.0)
    assert len(set(tones.DTMF.values())) == 16
    assert (tones.dtmf("a") == tones.dtmf("A")).all()


@pytest.mark.parametrize("key", ["", "E", "12", " "])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no DTMF key"):
        tones.dtmf(key)


def test_keys_follow_each_other_with_pauses() -> None:
    samples = tones.dtmf_sequence("12", milliseconds=60, pause_milliseconds=40)

    assert len(samples) == 1600
    assert (samples[:480] == tones.dtmf("1", 60)).all()
    assert not samples[480:800].any()
    assert (samples[800:1280] == tones.dtmf("2", 60)).all()
    assert len(tones.dtmf_sequence("")) == 0


def test_ringback_rings_two_seconds_of_six() -> None:
    samples = tones.ringback(14.0)

    assert len(samples) == 14 * 8000
    assert strongest(samples[:16000], 2) == pytest.approx([440, 480], abs=1)
    assert not samples[16000:48000].any()
    assert (samples[48000:64000] == samples[:16000]).all()
    assert (samples[96000:] == samples[:16000]).all()


def test_fax_tones_have_their_frequencies_and_times() -> None:
    assert strongest(tones.fax_ced(), 1) == pytest.approx([2100], abs=1)
    cng = tones.fax_cng()
    assert strongest(cng[:4000], 1) == pytest.approx([1100], abs=1)
    assert not cng[4000:28000].any()
    assert (cng[28000:32000] == cng[:4000]).all()


@pytest.mark.parametrize("kind", tones.Sit)
def test_special_information_tone_rises_in_three_steps(kind: tones.Sit) -> None:
    samples, at, heard = tones.sit(kind), 0, []
    for frequency, seconds in kind.value:
        part = samples[at : at + round(seconds * 8000)]
        assert strongest(part, 1) == pytest.approx([frequency], abs=2)
        at += len(part)
        heard.append(frequency)
    assert at == len(samples)
    assert heard == sorted(heard)


def test_beep_has_the_level_asked_for_and_does_not_click() -> None:
    samples = tones.beep(1000, 200, level_dbfs=-10)

    assert len(samples) == 1600
    assert levels.peak_dbfs(samples) == pytest.approx(-10, abs=0.1)
    assert levels.rms_dbfs(samples) == pytest.approx(-13.1, abs=0.2)
    assert abs(int(samples[0])) < 100
    assert abs(int(samples[-1])) < 100
    # No step is greater than the sine's own steepest one.
    steepest = 32768 * 10 ** (-10 / 20) * 2 * np.pi * 1000 / 8000
    assert np.abs(np.diff(samples.astype(np.int32))).max() <= steepest + 1


def test_tones_that_would_clip_or_alias_are_refused() -> None:
    with pytest.raises(ValueError, match="clipping"):
        tones.tone((440, 480), 1.0, level_dbfs=-3)
    with pytest.raises(ValueError, match="between 0 and 4000 Hz"):
        tones.tone((4100,), 1.0)


def test_very_short_tone_has_no_ramp_longer_than_itself() -> None:
    assert len(tones.tone((1000,), 0.001)) == 8
    assert len(tones.tone((1000,), 0.0)) == 0


def test_noise_is_repeatable_white_and_as_loud_as_asked() -> None:
    noise = tones.noise(10, seed=1, level_dbfs=-30)

    assert (noise == tones.noise(10, seed=1, level_dbfs=-30)).all()
    assert (noise != tones.noise(10, seed=2, level_dbfs=-30)).mean() > 0.9
    assert levels.rms_dbfs(noise) == pytest.approx(-30, abs=0.1)
    power = np.square(np.abs(np.fft.rfft(noise.astype(float))))
    assert power[:20000].mean() == pytest.approx(power[20000:].mean(), rel=0.1)


def test_silence_is_silent() -> None:
    assert tones.silence(0.5).tolist() == [0] * 4000
