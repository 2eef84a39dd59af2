"""When somebody has stopped to speak: for how long a stream has had no speech in it.

Speech is what is louder than the line's noise for 80 ms, as in `detection`; a noise that goes on
for longer than any word is the line's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME", "Silences", "spoken_part", "spoken_span"]

RATE: Final = 8000
FRAME: Final = 160
"""Samples in a frame: 20 ms."""
FRAME_SECONDS: Final = FRAME / RATE

_QUIETEST: Final = np.float32(10 ** (-45 / 10))
"""Power below which nothing is speech (full scale is 1)."""
_ABOVE_NOISE: Final = np.float32(10 ** (9 / 10))
_LOUDEST_NOISE: Final = np.float32(10 ** (-35 / 10))
"""More is no noise of a line: a voice that has not yet paused."""
_PARTS: Final = 4
_PART_FRAMES: Final = 20
"""The noise is the least power of a frame in the last 4 times 20 frames."""
_SHORTEST: Final = 4
"""Frames on end that are speech."""
_MARGIN: Final = 10
"""Frames kept before and after what is spoken: words begin and end softly."""

_LOOKED_AT: Final = 3000
"""Frames that are looked at at once from the end of a recording: a minute."""

_STATE: Final = np.dtype(
    [
        ("stream", "i8"),
        ("frames", "i4"),  # heard so far
        ("noise", "f4", _PARTS),
        ("loud", "i4"),  # frames on end that were loud
        ("quiet", "i4"),  # frames since the last one of speech
        ("limit", "i4"),
    ]
)


class Silences:
    """Listens to any number of streams, a frame of each at a time, for the silence in each.

    Streams are named by the caller and kept in the order of `streams`, which changes with `start`,
    `stop` and when a silence has come.
    """

    def __init__(self, *, initial: int = 16) -> None:
        self._state = np.zeros(initial, _STATE)
        self._place: dict[int, int] = {}

    def __len__(self) -> int:
        """Return how many streams are listened to."""
        return len(self._place)

    @property
    def streams(self) -> NDArray[np.int64]:
        """The streams, in the order in which `hear` takes their frames."""
        streams: NDArray[np.int64] = self._state["stream"][: len(self._place)]
        return streams

    def start(self, stream: int, seconds: float) -> None:
        """Wait for so many seconds without speech, from now on; anew if it was waited for."""
        place = self._place.get(stream)
        if place is None:
            place = self._place[stream] = len(self._place)
            if place == len(self._state):
                self._state = np.concatenate([self._state, np.zeros_like(self._state)])
        state = self._state[place : place + 1]
        state[:] = np.zeros(1, _STATE)
        state["stream"] = stream
        state["noise"] = np.inf
        state["limit"] = max(1, round(seconds / FRAME_SECONDS))

    def stop(self, stream: int) -> None:
        """Listen to a stream no more; do nothing if it is not listened to."""
        place = self._place.pop(stream, None)
        if place is None:
            return
        last = len(self._place)
        if place != last:
            self._state[place] = self._state[last]
            self._place[int(self._state["stream"][place])] = place

    def hear(self, samples: NDArray[np.float32]) -> list[int]:
        """Take the next frame of each of `streams`, a row each (full scale is 1).

        Return the streams that have been silent for as long as was waited for; they are let go.
        """
        state = self._state[: len(self._place)]
        speaks = _speaks(state, samples)
        state["quiet"] = np.where(speaks, 0, state["quiet"] + 1)
        silent: list[int] = state["stream"][state["quiet"] >= state["limit"]].tolist()
        for stream in silent:
            self.stop(stream)
        return silent


def spoken_part(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return a recording without the silence before and after what is spoken in it.

    Nothing is left of one in which nobody speaks.
    """
    return samples[spoken_span(samples)]


def spoken_span(samples: NDArray[np.int16]) -> slice:
    """Return where a recording begins and ends without the silence around what is spoken in it.

    It is empty if nobody speaks. A long one is looked at from both its ends, not as a whole.
    """
    frames = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, 1, FRAME)
    first = next(_spoken_frames(frames), None)
    if first is None:
        return slice(0, 0)
    last, end = first, len(frames)
    while end > first:
        begin = max(0, end - _LOOKED_AT)
        spoken = [begin + place for place in _spoken_frames(frames[begin:end])]
        if spoken:
            last = max(first, spoken[-1])
            break
        end = begin
    start = max(0, first - _SHORTEST - _MARGIN)
    return slice(start * FRAME, min(len(samples), (last + 1 + _MARGIN) * FRAME))


def _spoken_frames(frames: NDArray[np.int16]) -> Iterator[int]:
    state = np.zeros(1, _STATE)
    state["noise"] = np.inf
    for place, frame in enumerate(frames):
        if _speaks(state, frame.astype(np.float32) / np.float32(32768))[0]:
            yield place


def _speaks(state: NDArray[np.void], samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Follow the noise and say who speaks in this frame."""
    power = np.einsum("ij,ij->i", samples, samples) / np.float32(FRAME)
    frames, noise = state["frames"], state["noise"]
    part = frames // _PART_FRAMES % _PARTS
    every = np.arange(len(state))
    is_new = frames % _PART_FRAMES == 0
    noise[every, part] = np.where(is_new, power, np.minimum(noise[every, part], power))
    floor = np.minimum(noise.min(axis=1), _LOUDEST_NOISE)
    is_loud = power > np.maximum(floor * _ABOVE_NOISE, _QUIETEST)
    state["loud"] = loud = np.where(is_loud, state["loud"] + 1, 0)
    state["frames"] += 1
    speaks: NDArray[np.bool_] = loud >= _SHORTEST
    return speaks
