"""Who hears whom in rooms, as columns; one tick of all rooms of a worker in a few passes.

Sums are kept in the 14 bits of µ-law: its values are multiples of 4, and A-law's of 8, so that
nothing is lost and the tables fit the processor's caches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.g711 import ALAW_DECODE, ULAW_DECODE, encode_alaw, encode_ulaw
from ringcast.media.recordings import CODEC_NUMBER
from ringcast.media.room_messages import NOWHERE

_PCMA: Final = CODEC_NUMBER["PCMA"]
_FULL: Final = 8191
#: The loudest sum that is kept: with another voice taken off it, it still fits 16 bits.
LOUDEST: Final = 24_000

#: Codes of µ-law, then of A-law.
_DECODE: Final = (np.concatenate([ULAW_DECODE, ALAW_DECODE]) >> 2).astype(np.int16)
_ALAW_AT: Final = np.uint16(len(ULAW_DECODE))


def _encoding_tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the codes of all 16-bit sums, in the order of their unsigned bit patterns."""
    sums = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    samples = (np.clip(sums, -_FULL - 1, _FULL) * 4).astype(np.int16)
    return encode_ulaw(samples), encode_alaw(samples)


_TO_ULAW, _TO_ALAW = _encoding_tables()


def decoded(codes: NDArray[np.uint8], law: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return the 14-bit samples of rows of audio, each in its own codec."""
    is_alaw = law == _PCMA
    if not is_alaw.any():
        return _DECODE.take(codes, mode="clip")
    index = codes.astype(np.uint16)
    index[is_alaw] += _ALAW_AT
    return _DECODE.take(index, mode="clip")


def encoded(sums: NDArray[np.int16], law: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return rows of sums as audio, each in its own codec; what is too loud is cut."""
    codes = _TO_ULAW.take(sums.view(np.uint16), mode="clip")
    is_alaw = np.nonzero(law == _PCMA)[0]
    if len(is_alaw):
        codes[is_alaw] = _TO_ALAW.take(sums[is_alaw].view(np.uint16), mode="clip")
    return codes


@dataclass(frozen=True, slots=True)
class Part:
    """A row's part in rooms."""

    hears: int
    speaks: int
    hears_too: int


class Seating:
    """The parts of all rows, ordered so that each tick takes them in one go."""

    def __init__(self, parts: dict[int, Part], others: set[int]) -> None:
        """`others` are places that are used by no row: something plays there or is recorded."""
        used = {p for part in parts.values() for p in (part.hears, part.speaks, part.hears_too)}
        #: All places in use, in order; the others below are indices of it.
        self.places = np.array(sorted((used | others) - {NOWHERE}), np.int64)
        speaking = sorted(
            (part.speaks, row) for row, part in parts.items() if part.speaks != NOWHERE
        )
        #: Rows that speak, those of one place beside each other, and where each place begins.
        self.speakers = np.array([row for _, row in speaking], np.int64)
        into = np.array([place for place, _ in speaking], np.int64)
        self.spoken_in, self.starts = np.unique(self._index(into), return_index=True)
        hears = np.array([parts[row].hears for _, row in speaking], np.int64)
        #: Those of them who hear the place they speak in.
        self.is_talker = hears == into
        self.talkers = self.speakers[self.is_talker]
        self.talkers_hear = self._index(into[self.is_talker])
        talkers = set(self.talkers.tolist())
        hearing = [
            (row, part.hears)
            for row, part in sorted(parts.items())
            if part.hears != NOWHERE and row not in talkers
        ]
        #: Rows that hear all there is in a place.
        self.listeners = np.array([row for row, _ in hearing], np.int64)
        self.listeners_hear = self._index(np.array([place for _, place in hearing], np.int64))
        #: Which of the talkers (by number), and of the listeners, hear another place too.
        self.talkers_too = self._too(parts, self.talkers)
        self.listeners_too = self._too(parts, self.listeners)

    def index_of(self, place: int) -> int:
        """Return where a place in use stands."""
        return int(np.searchsorted(self.places, place))

    def _index(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.places, places)

    def _too(self, parts: dict[int, Part], rows: NDArray[np.int64]) -> list[tuple[int, int]]:
        return [
            (number, self.index_of(parts[row].hears_too))
            for number, row in enumerate(rows.tolist())
            if parts[row].hears_too != NOWHERE
        ]


def sum_up(seating: Seating, samples: NDArray[np.int16]) -> NDArray[np.int32]:
    """Return the sum of each place in use; `samples` are those of the speakers."""
    total = np.zeros((len(seating.places), samples.shape[1]), np.int32)
    if len(samples):
        sums = np.add.reduceat(samples, seating.starts, axis=0, dtype=np.int32)
        total[seating.spoken_in] = sums
    return total


def limited(total: NDArray[np.int32]) -> NDArray[np.int16]:
    """Return sums in 16 bits."""
    return np.clip(total, -LOUDEST, LOUDEST).astype(np.int16)


def heard_by_talkers(
    seating: Seating, total: NDArray[np.int16], samples: NDArray[np.int16]
) -> NDArray[np.int16]:
    """Return what each talker hears: the place without their own voice."""
    own = samples if seating.is_talker.all() else samples[seating.is_talker]
    heard = total[seating.talkers_hear]
    heard -= own
    _add(heard, total, seating.talkers_too)
    return heard


def heard_by_listeners(seating: Seating, total: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return what each listener hears."""
    heard = total[seating.listeners_hear]
    _add(heard, total, seating.listeners_too)
    return heard


def _add(heard: NDArray[np.int16], total: NDArray[np.int16], too: list[tuple[int, int]]) -> None:
    for number, place in too:
        both = heard[number].astype(np.int32) + total[place]
        heard[number] = np.clip(both, -LOUDEST, LOUDEST)
