"""Audio put in order by RTP timestamp: late packets fall into place, lost ones stay silent.

Positions are samples (8 kHz, one byte each, G.711) on the local clock since a track began.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

#: Samples a track remembers (2 s). They cover DELAY + AHEAD + a packet + what waits between drains.
LENGTH = 1 << 14
#: How late a packet may be and still be placed (0.5 s).
DELAY = 4000
#: How far ahead of its arrival a packet may be placed (0.4 s) before its timestamps are doubted.
AHEAD = 3200
#: Longest packet placed (80 ms).
LONGEST = 640
_MASK = LENGTH - 1
_STRIDE = LENGTH + LONGEST  # room for a packet that begins at the very end


class Tracks:
    """Rings of audio, one per track; every method that takes arrays takes distinct tracks.

    The first packet of a track lies where it arrived and those after it where their timestamps
    say, so that neither jitter nor loss moves audio. Timestamps that disagree with the time of
    arrival by more than `DELAY` or `AHEAD` (another source, a jump, a clock that stood still during
    silence, drift over hours) are anchored anew by arrival.
    """

    def __init__(self, *, initial: int = 8) -> None:
        self._resize(np.empty((initial, _STRIDE), np.uint8))
        self._silence = np.zeros(initial, np.uint8)
        self._anchored = np.zeros(initial, np.bool_)
        self._ssrc = np.zeros(initial, np.int64)
        self._anchor_position = np.zeros(initial, np.int64)
        self._anchor_timestamp = np.zeros(initial, np.int64)
        self._drained = np.zeros(initial, np.int64)
        self._end = np.zeros(initial, np.int64)
        self._free = list(range(initial - 1, -1, -1))

    def open(self, silence: int) -> int:
        """Return a new track, filled with the byte that is silence in its codec."""
        if not self._free:
            self._grow()
        track = self._free.pop()
        self._ring[track] = silence
        self._silence[track] = silence
        self._anchored[track] = False
        self._drained[track] = 0
        self._end[track] = 0
        return track

    def close(self, track: int) -> None:
        """Give a track back."""
        self._free.append(track)

    def place(
        self,
        tracks: NDArray[np.int64],
        ssrc: NDArray[np.int64],
        timestamps: NDArray[np.int64],
        arrival: NDArray[np.int64],
        newest: NDArray[np.bool_],
        payload: NDArray[np.uint8],
    ) -> None:
        """Put packets of one length where their timestamps say.

        `arrival` is the position at which each arrived; `newest` is false for those that came
        after a later one. What is too late to be heard is dropped.
        """
        known = self._anchored[tracks] & (self._ssrc[tracks] == ssrc)
        forward = timestamps - self._anchor_timestamp[tracks]
        forward = ((forward + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        position = self._anchor_position[tracks] + forward
        early = position - arrival
        astray = ~known | (early > AHEAD) | (newest & (early < -DELAY))
        position = np.where(astray, arrival, position)
        moved = newest | astray
        self._anchored[tracks[moved]] = True
        self._ssrc[tracks[moved]] = ssrc[moved]
        self._anchor_position[tracks[moved]] = position[moved]
        self._anchor_timestamp[tracks[moved]] = timestamps[moved]
        self.put(tracks, position, payload)

    def put(
        self, tracks: NDArray[np.int64], position: NDArray[np.int64], payload: NDArray[np.uint8]
    ) -> None:
        """Put packets of one length, at most `LONGEST`, at positions.

        What was drained before them is dropped.
        """
        size = payload.shape[1]
        if size > LONGEST:
            raise ValueError(f"a packet of {size} samples is too long to be placed")
        drained = self._drained[tracks]
        usable = (position >= drained) & (position + size <= drained + LENGTH)
        if not usable.all():
            tracks, position, payload = tracks[usable], position[usable], payload[usable]
        place = position & _MASK
        # A view of every stretch of `size` bytes, one per offset: whole packets are copied at once.
        stretches = as_strided(self._flat, shape=(len(self._flat) - size + 1, size), strides=(1, 1))
        stretches[tracks * _STRIDE + place] = payload
        for i in np.nonzero(place + size > LENGTH)[0].tolist():
            beyond = int(place[i]) + size - LENGTH  # written past the end: it belongs at the start
            self._ring[tracks[i], :beyond] = payload[i, size - beyond :]
        self._end[tracks] = np.maximum(self._end[tracks], position + size)

    def end(self, track: int) -> int:
        """Return the position after the last sample placed."""
        return int(self._end[track])

    def drain(self, track: int, upto: int) -> bytes:
        """Take the audio from where the last call ended up to a position, silence included.

        Nothing before `upto` can be placed afterwards. At most `LENGTH` samples are remembered:
        what lies further back, undrained, reads as silence.
        """
        start = int(self._drained[track])
        if upto <= start:
            return b""
        ring, silence = self._ring[track], int(self._silence[track])
        remembered = min(upto, start + LENGTH)
        first, last = start & _MASK, remembered & _MASK
        if first < last:
            taken: bytes = ring[first:last].tobytes()
            ring[first:last] = silence
        else:
            taken = ring[first:LENGTH].tobytes() + ring[:last].tobytes()
            ring[first:LENGTH] = silence
            ring[:last] = silence
        self._drained[track] = upto
        return taken + bytes((silence,)) * (upto - remembered)

    def _resize(self, ring: NDArray[np.uint8]) -> None:
        self._ring = ring
        self._flat = ring.reshape(-1)

    def _grow(self) -> None:
        size = len(self._silence)
        self._resize(np.concatenate([self._ring, np.empty_like(self._ring)]))
        for name in (
            "_silence",
            "_anchored",
            "_ssrc",
            "_anchor_position",
            "_anchor_timestamp",
            "_drained",
            "_end",
        ):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
        self._free.extend(range(2 * size - 1, size - 1, -1))
