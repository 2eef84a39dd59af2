"""A sound is found in a recording, and what happened to it on the way is told."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import compare, g711, tones
from tests.fakes.sounds import speech_like

Samples = NDArray[np.int16]
SOUND = speech_like(12.0, seed=1)
BEFORE, AFTER = speech_like(3.0, seed=2), speech_like(5.0, seed=3)
RECORDING = np.concatenate([BEFORE, SOUND, AFTER])


def played_at(speed: float, samples: Samples) -> Samples:
    at = np.arange(0, len(samples) - 1, speed)
    wave: NDArray[np.float64] = np.interp(at, np.arange(len(samples)), samples)
    return wave.astype(np.int16)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
@pytest.mark.parametrize("quieter", [1, 10])
def test_sound_that_went_through_g711_is_found_intact(law: str, quieter: int) -> None:
    recording = (RECORDING // quieter).astype(np.int16)
    if law == "ulaw":
        recording = g711.decode_ulaw(g711.encode_ulaw(recording))
    else:
        recording = g711.decode_alaw(g711.encode_alaw(recording))

    match = compare.find(SOUND, recording)

    assert match.correlation >= 0.98
    assert match.offset_seconds == pytest.approx(3.0, abs=1e-4)
    assert match.speed_ratio == pytest.approx(1, abs=1e-5)
    assert match.gaps == ()
    assert match.is_intact


@pytest.mark.parametrize(
    "other",
    [speech_like(12.0, seed=9), tones.noise(10.0, seed=1, level_dbfs=-20), tones.ringback(12.0)],
    ids=["speech", "noise", "tone"],
)
def test_another_sound_is_not_taken_for_it(other: Samples) -> None:
    match = compare.find(other, RECORDING)
    assert match.correlation < 0.3
    assert not match.is_intact


@pytest.mark.parametrize("at", [3.0, 4.13, 6.9, 9.0])
def test_missing_packet_is_found_where_it_is_missing(at: float) -> None:
    cut = round((3.0 + at) * 8000)
    match = compare.find(SOUND, np.delete(RECORDING, np.s_[cut : cut + 160]))

    (gap,) = match.gaps
    assert gap.shift_samples == -160
    assert gap.start_seconds == pytest.approx(at, abs=0.3)  # in a pause, it may be anywhere
    assert gap.end_seconds - gap.start_seconds == pytest.approx(0.02, abs=0.001)
    assert match.speed_ratio == pytest.approx(1, abs=1e-4)
    assert not match.is_intact


def test_inserted_packet_is_found() -> None:
    cut = round((3.0 + 6.0) * 8000)
    inserted = np.insert(RECORDING, cut, np.zeros(160, dtype=np.int16))

    (gap,) = compare.find(SOUND, inserted).gaps

    assert gap.shift_samples == 160
    assert gap.start_seconds == gap.end_seconds == pytest.approx(6.0, abs=0.1)


def test_packet_replaced_by_silence_is_found_though_the_timing_is_kept() -> None:
    loud = int(np.abs(SOUND).argmax()) - 80
    silenced = RECORDING.copy()
    silenced[24000 + loud : 24000 + loud + 160] = 0

    match = compare.find(SOUND, silenced)

    (gap,) = match.gaps
    assert gap.shift_samples == 0
    assert gap.start_seconds <= loud / 8000 + 0.01
    assert gap.end_seconds >= loud / 8000 + 0.01
    assert gap.end_seconds - gap.start_seconds <= 0.03
    assert match.correlation > 0.95
    assert not match.is_intact


def test_each_of_several_missing_packets_is_told() -> None:
    frames = RECORDING[: len(RECORDING) // 160 * 160].reshape(-1, 160)
    lossy = np.delete(frames, [150 + 95, 150 + 210, 150 + 333], axis=0).reshape(-1)

    gaps = compare.find(SOUND, lossy).gaps

    assert [gap.shift_samples for gap in gaps] == [-160, -160, -160]


@pytest.mark.parametrize("speed", [0.97, 0.99, 0.999, 1.0002, 1.001, 1.003, 1.01, 1.05])
def test_wrong_speed_is_measured(speed: float) -> None:
    match = compare.find(SOUND, played_at(speed, RECORDING))

    assert match.speed_ratio == pytest.approx(speed, abs=2e-4)
    assert match.gaps == ()


@pytest.mark.parametrize("speed", [0.99, 1.01])
def test_wrong_speed_is_never_intact(speed: float) -> None:
    match = compare.find(SOUND, played_at(speed, RECORDING))
    assert match.correlation < 0.95
    assert not match.is_intact


def test_what_was_cut_off_counts() -> None:
    match = compare.find(SOUND, RECORDING[: 24000 + 48000])

    assert match.offset_seconds == pytest.approx(3.0, abs=1e-3)
    assert 0.4 < match.correlation < 0.9
    assert match.gaps[-1].start_seconds == pytest.approx(6.0, abs=0.6)
    assert match.gaps[-1].end_seconds == pytest.approx(12.0)


def test_beginning_that_was_cut_off_gives_a_negative_offset() -> None:
    match = compare.find(SOUND, SOUND[16000:])

    assert match.offset_seconds == pytest.approx(-2.0, abs=1e-3)
    assert match.gaps[0].start_seconds < 0.5
    assert match.gaps[0].end_seconds == pytest.approx(2.0, abs=0.5)


def test_silence_inside_the_sound_is_no_gap() -> None:
    sound = np.concatenate([SOUND[:24000], tones.silence(4.0), SOUND[24000:]])
    line = tones.noise(len(sound) / 8000 + 2, seed=4, level_dbfs=-60)
    recording = line.copy()
    recording[8000 : 8000 + len(sound)] += sound

    match = compare.find(sound, recording)

    assert match.is_intact
    assert match.offset_seconds == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    "sound",
    [tones.beep(), tones.ringback(8.0), tones.fax_ced(), tones.tone((3000.0,), 0.5), SOUND[:900]],
    ids=["beep", "ringback", "ced", "high", "short"],
)
def test_tones_and_short_sounds_are_found(sound: Samples) -> None:
    recording = np.concatenate([tones.silence(1.25), sound, tones.silence(0.8)])
    match = compare.find(sound, g711.decode_ulaw(g711.encode_ulaw(recording)))
    assert match.correlation >= 0.98
    assert match.offset_seconds == pytest.approx(1.25, abs=0.003)
    assert match.gaps == ()


def test_sound_that_is_silent_cannot_be_looked_for() -> None:
    for nothing in (tones.silence(0), tones.silence(1)):
        with pytest.raises(ValueError, match="silent"):
            compare.find(nothing, RECORDING)


@pytest.mark.parametrize("recording", [tones.silence(0), tones.silence(2), SOUND[:1]])
def test_nothing_is_found_in_a_recording_of_nothing(recording: Samples) -> None:
    match = compare.find(SOUND, recording)
    assert match.correlation < 0.1
    assert match.gaps == (compare.Gap(0.0, 12.0, 0),)


def test_half_a_minute_is_found_in_a_minute_in_little_cpu_time() -> None:
    sound = speech_like(30.0, seed=5)
    recording = np.concatenate([speech_like(12.0, seed=6), sound, speech_like(18.0, seed=7)])

    spent = []
    for _ in range(5):
        start = time.process_time()
        match = compare.find(sound, recording)
        spent.append(time.process_time() - start)

    assert match.is_intact
    assert min(spent) < 0.25  # measured 0.05; the rest is for busy machines


def test_fast_sizes_have_no_large_prime_factor() -> None:
    for least in (1, 2, 7, 4999, 7201, 180_001, 719_999):
        size = left = compare._fft_size(least)
        for prime in (2, 3, 5):
            while left % prime == 0:
                left //= prime
        assert left == 1
        assert least <= size <= max(least * 1.1, least + 2)
