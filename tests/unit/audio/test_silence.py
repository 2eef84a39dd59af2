"""How long it has been silent, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import tones
from ringcast.audio.silence import FRAME, Silences, spoken_part


def speech(seconds: float, *, level_dbfs: float = -20.0) -> NDArray[np.int16]:
    """Noise that comes and goes four times a second, as syllables do."""
    noise = tones.noise(seconds, seed=3, level_dbfs=level_dbfs).astype(np.float64)
    time = np.arange(len(noise)) / 8000
    return (noise * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * time))).astype(np.int16)


def quiet(seconds: float) -> NDArray[np.int16]:
    return tones.noise(seconds, seed=5, level_dbfs=-60.0)


def ends(*streams: NDArray[np.int16], wait: float) -> dict[int, float]:
    """Return after how many seconds each stream has been silent for so long."""
    silences = Silences(initial=1)
    for number in range(len(streams)):
        silences.start(number, wait)
    found = {}
    for at in range(min(len(one) for one in streams) // FRAME):
        frames = [streams[number][at * FRAME : (at + 1) * FRAME] for number in silences.streams]
        if not frames:
            break
        samples = np.stack(frames).astype(np.float32) / np.float32(32768)
        for number in silences.hear(samples):
            found[number] = (at + 1) * FRAME / 8000
    return found


def test_silence_is_counted_from_the_last_word() -> None:
    stream = np.concatenate([quiet(0.5), speech(2.0), quiet(4.0)])

    (after,) = ends(stream, wait=1.5).values()

    assert after == pytest.approx(2.5 + 1.5, abs=0.12)


def test_silence_is_counted_from_the_beginning_if_nobody_speaks() -> None:
    assert ends(quiet(4.0), wait=1.5) == {0: 1.5}
    assert ends(np.zeros(32000, np.int16), wait=0.02) == {0: 0.02}


def test_pauses_between_words_are_no_end() -> None:
    words = [part for _ in range(5) for part in (speech(0.5), quiet(1.0))]

    (after,) = ends(np.concatenate([*words, quiet(3.0)]), wait=1.5).values()

    assert after == pytest.approx(4 * 1.5 + 0.5 + 1.5, abs=0.12)


def test_clicks_are_no_words() -> None:
    click = np.concatenate([speech(0.04), quiet(0.46)])

    assert ends(np.concatenate([click] * 8), wait=1.5) == {0: 1.5}


def test_noise_of_the_line_is_no_speech() -> None:
    noise = tones.noise(6.0, seed=9, level_dbfs=-40.0)

    (after,) = ends(noise, wait=1.5).values()

    assert after < 2.5


def test_streams_do_not_disturb_each_other() -> None:
    talking, short = speech(8.0), np.concatenate([speech(1.0), quiet(7.0)])

    found = ends(talking, short, quiet(8.0), talking, wait=2.0)

    assert sorted(found) == [1, 2]
    assert found[1] == pytest.approx(3.0, abs=0.12)
    assert found[2] == 2.0


def test_waiting_can_begin_anew_and_end() -> None:
    silences = Silences()
    silences.start(7, 0.04)
    frame = np.zeros((1, FRAME), np.float32)
    assert silences.hear(frame) == []
    silences.start(7, 0.04)
    assert silences.hear(frame) == []
    assert silences.hear(frame) == [7]
    silences.stop(7)
    assert len(silences) == 0


def test_silence_around_what_is_spoken_is_cut_off() -> None:
    said = speech(1.0)
    recording = np.concatenate([quiet(2.0), said, quiet(0.5), said, quiet(3.0)])

    kept = spoken_part(recording)

    assert len(kept) / 8000 == pytest.approx(2.5 + 0.4, abs=0.15)
    assert kept.tobytes() in recording.tobytes()
    assert said[800:-800].tobytes() in kept.tobytes()


def test_nothing_is_left_of_a_recording_without_a_word() -> None:
    assert len(spoken_part(quiet(3.0))) == 0
    assert len(spoken_part(np.zeros(0, np.int16))) == 0
