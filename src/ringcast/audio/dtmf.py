"""Keys that are pressed as tones in the audio (ITU-T Q.23, Q.24), heard on many streams at once.

A frame holds a key if it is loud, nearly all its power lies in one tone of the low group and one of
the high group, the two are about as loud as each other, and no other tone of their group comes
near. So many frames on end are a key; it is told when it has been let go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.tones import DTMF

__all__ = ["FRAME", "KeyHeard", "KeyListener"]

RATE: Final = 8000
FRAME: Final = 160
"""Samples in a frame: 20 ms."""

_LOW: Final = (697.0, 770.0, 852.0, 941.0)
_HIGH: Final = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS: Final = {pair: key for key, pair in DTMF.items()}
_KEY_OF: Final = tuple(tuple(_KEYS[low, high] for high in _HIGH) for low in _LOW)
_OFF: Final = (-0.012, 0.0, 0.012)
"""Where tones are looked for beside their frequency: they may be 1.5 % off (Q.24)."""
_QUIETEST: Final = np.float32(10 ** (-38 / 10))
"""Power of both tones (full scale is 1)."""
_PURITY: Final = np.float32(0.7)
_TWIST: Final = np.float32(10 ** (8 / 10))
_ALONE: Final = np.float32(10 ** (6 / 10))
"""How much stronger a tone is than the others of its group."""
_SHORTEST: Final = 2
"""Frames on end that are a key: 40 ms must be heard (Q.24)."""
_GAP: Final = 2
"""Frames without it after which a key has been let go."""
_NO_KEY: Final = -1


def _waves() -> NDArray[np.float32]:
    hertz = np.array([f * (1 + off) for f in (*_LOW, *_HIGH) for off in _OFF])
    angles = 2 * np.pi * np.outer(np.arange(FRAME), hertz) / RATE
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


_WAVES: Final = _waves()
_STATE: Final = np.dtype(
    [
        ("stream", "i8"),
        ("key", "i1"),  # that which is being pressed
        ("frames", "i4"),  # for how many frames
        ("gap", "i4"),  # frames since it was last heard
    ]
)


@dataclass(frozen=True, slots=True)
class KeyHeard:
    """A key was pressed on a stream and has been let go."""

    stream: int
    key: str
    seconds: float


class KeyListener:
    """Listens to any number of streams, a frame of each at a time.

    Streams are named by the caller and kept in the order of `streams`, which changes with `start`
    and `stop`.
    """

    def __init__(self, *, initial: int = 16) -> None:
        self._state = np.zeros(initial, _STATE)
        self._place: dict[int, int] = {}

    @property
    def streams(self) -> NDArray[np.int64]:
        """The streams, in the order in which `hear` takes their frames."""
        streams: NDArray[np.int64] = self._state["stream"][: len(self._place)]
        return streams

    def start(self, stream: int) -> None:
        """Begin to listen to a stream."""
        if stream in self._place:
            return
        place = self._place[stream] = len(self._place)
        if place == len(self._state):
            self._state = np.concatenate([self._state, np.zeros_like(self._state)])
        self._state[place] = (stream, _NO_KEY, 0, 0)

    def stop(self, stream: int) -> None:
        """Listen to a stream no more; do nothing if it is not listened to."""
        place = self._place.pop(stream, None)
        if place is None:
            return
        last = len(self._place)
        if place != last:
            self._state[place] = self._state[last]
            self._place[int(self._state["stream"][place])] = place

    def hear(self, samples: NDArray[np.float32]) -> list[KeyHeard]:
        """Take the next frame of each of `streams`, a row each (full scale is 1)."""
        state = self._state[: len(self._place)]
        key = _keys(samples)
        is_same = (key == state["key"]) & (key != _NO_KEY)
        state["frames"] += is_same
        state["gap"] = np.where(is_same, 0, state["gap"] + 1)
        is_over = ~is_same & ((state["gap"] >= _GAP) | (key != _NO_KEY))
        told = np.nonzero(is_over & (state["key"] != _NO_KEY) & (state["frames"] >= _SHORTEST))[0]
        heard = [
            KeyHeard(
                int(state["stream"][place]),
                _KEY_OF[int(state["key"][place]) // 4][int(state["key"][place]) % 4],
                int(state["frames"][place]) * FRAME / RATE,
            )
            for place in told
        ]
        state["frames"] = np.where(is_over, key != _NO_KEY, state["frames"])
        state["gap"] = np.where(is_over, 0, state["gap"])
        state["key"] = np.where(is_over, key, state["key"])
        return heard


def _keys(samples: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the key in each row, 0 to 15 by low and high tone, or -1."""
    count = len(samples)
    power = np.einsum("ij,ij->i", samples, samples) / np.float32(FRAME)
    keys = np.full(count, _NO_KEY, np.int64)
    loud = np.nonzero(power > _QUIETEST)[0]
    if not len(loud):
        return keys
    both = np.square(samples[loud] @ _WAVES)
    half = both.shape[1] // 2
    # The power of a sine wave of amplitude a is a²/2, and its product with a wave is aN/2.
    found = (both[:, :half] + both[:, half:]) * np.float32(2 / FRAME**2)
    tones = found.reshape(len(loud), 8, len(_OFF)).max(axis=2)
    low, high = tones[:, :4], tones[:, 4:]
    best_low, best_high = low.argmax(axis=1), high.argmax(axis=1)
    every = np.arange(len(loud))
    low_power, high_power = low[every, best_low], high[every, best_high]
    others = np.sort(low, axis=1)[:, -2], np.sort(high, axis=1)[:, -2]
    is_key = (
        (low_power + high_power > _PURITY * power[loud])
        & (low_power + high_power > _QUIETEST)
        & (np.maximum(low_power, high_power) < _TWIST * np.minimum(low_power, high_power))
        & (low_power > _ALONE * others[0])
        & (high_power > _ALONE * others[1])
    )
    keys[loud] = np.where(is_key, best_low * 4 + best_high, _NO_KEY)
    return keys
