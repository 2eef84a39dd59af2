"""Keys in the audio."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import g711, tones
from ringcast.audio.dtmf import FRAME, KeyHeard, KeyListener

KEYS = "0123456789*#ABCD"


def heard(*streams: NDArray[np.int16]) -> list[KeyHeard]:
    """Return the keys heard on streams 0, 1, …, each as it comes over a call."""
    listener = KeyListener(initial=1)
    for number in range(len(streams)):
        listener.start(number)
    longest = max(len(one) for one in streams) // FRAME * FRAME + 4 * FRAME
    lines = [
        g711.decode_ulaw(g711.encode_ulaw(np.pad(one, (0, longest - len(one)))).tobytes())
        for one in streams
    ]
    found = []
    for at in range(0, longest, FRAME):
        rows = np.stack([lines[number][at : at + FRAME] for number in listener.streams])
        found += listener.hear(rows.astype(np.float32) / np.float32(32768))
    return found


def keys(stream: NDArray[np.int16]) -> str:
    return "".join(one.key for one in heard(stream))


@pytest.mark.parametrize("shift", [0, 37, 80, 121])
@pytest.mark.parametrize("milliseconds", [60, 100, 250])
def test_all_keys_are_heard_once_however_they_lie_in_the_frames(
    shift: int, milliseconds: int
) -> None:
    pressed = tones.dtmf_sequence(KEYS, milliseconds=milliseconds, pause_milliseconds=80)

    assert keys(np.concatenate([np.zeros(shift, np.int16), pressed])) == KEYS


def test_same_key_twice_is_two_keys() -> None:
    assert keys(tones.dtmf_sequence("1122", milliseconds=80, pause_milliseconds=60)) == "1122"


@pytest.mark.parametrize("level", [-3.5 - 6, -20.0, -30.0])
def test_keys_are_heard_loud_and_soft(level: float) -> None:
    assert keys(tones.dtmf_sequence("159D", level_dbfs=level)) == "159D"


@pytest.mark.parametrize("off", [-0.015, 0.015])
def test_tones_may_be_off_by_as_much_as_the_standard_allows(off: float) -> None:
    for key in KEYS:
        low, high = (f * (1 + off) for f in tones.DTMF[key])
        assert keys(tones.tone((low, high), 0.1)) == key


def test_keys_are_heard_over_noise() -> None:
    pressed = tones.dtmf_sequence("1590", level_dbfs=-16.0)
    noise = tones.noise(len(pressed) / 8000, seed=4, level_dbfs=-36.0)

    assert keys(pressed + noise) == "1590"


@pytest.mark.parametrize(
    "sound",
    [
        tones.noise(20.0, seed=8, level_dbfs=-15.0),
        tones.ringback(6.0),
        tones.beep(milliseconds=1000),
        tones.tone((697.0,), 1.0),
        tones.tone((697.0, 770.0), 1.0),
        tones.tone((1209.0, 1336.0), 1.0),
        tones.fax_ced(),
        tones.fax_cng(),
        tones.dtmf("5", milliseconds=15),
        np.zeros(8000, np.int16),
    ],
    ids=lambda sound: f"{len(sound)}",
)
def test_other_sounds_are_no_keys(sound: NDArray[np.int16]) -> None:
    assert keys(sound) == ""


def test_length_of_a_key_is_told() -> None:
    (one,) = heard(tones.dtmf("5", milliseconds=400))

    assert one.seconds == pytest.approx(0.4, abs=0.03)


def test_streams_do_not_disturb_each_other() -> None:
    found = heard(
        tones.dtmf_sequence("12"), tones.noise(1.0, seed=1, level_dbfs=-15), tones.dtmf("9")
    )

    assert sorted((one.stream, one.key) for one in found) == [(0, "1"), (0, "2"), (2, "9")]


def test_stream_that_is_left_is_forgotten() -> None:
    listener = KeyListener(initial=1)
    tone = (tones.dtmf("5")[:FRAME] / 32768).astype(np.float32)
    silence = np.zeros(FRAME, np.float32)
    for stream in (3, 4):
        listener.start(stream)
    for _ in range(3):
        listener.hear(np.stack([tone, tone]))
    listener.stop(3)
    listener.stop(3)
    assert listener.streams.tolist() == [4]

    found = [one for _ in range(3) for one in listener.hear(silence[None])]

    assert [(one.stream, one.key) for one in found] == [(4, "5")]
