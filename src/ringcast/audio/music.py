"""Music on hold, made of chords and broken chords: some twenty seconds that can be repeated.

Each style is a row of a table: its chords, its pace, how its notes are struck and how they sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["STYLES", "hold_music"]

_RATE: Final = 8000
_LEVEL: Final = 10 ** (-16 / 20)
"""Peak of the whole, of full scale."""
_MAJOR: Final = (0, 4, 7)
_MINOR: Final = (0, 3, 7)
_SEVENTH: Final = (0, 4, 7, 10)
_MINOR_SEVENTH: Final = (0, 3, 7, 10)
_FIFTH: Final = (0, 7, 12)

_PLAIN: Final = (1.0,)
_SOFT: Final = (1.0, 0.3, 0.1)
_REED: Final = (1.0, 0.1, 0.5, 0.05, 0.25)
_BRIGHT: Final = (1.0, 0.6, 0.4, 0.3, 0.2)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a style sounds."""

    chords: tuple[tuple[int, tuple[int, ...]], ...]
    """The root of each (semitones above C3) and its notes above the root; four beats each."""
    beats_per_minute: float
    order: tuple[int, ...]
    """Which note of the chord is struck on each part of its four beats; -1 is a rest."""
    partials: tuple[float, ...]
    """How strong the fundamental and each overtone is."""
    ring: float
    """Seconds after which a struck note has died away to a third."""
    swing: float = 0.0
    """How far every second part is late, in parts."""


_UP: Final = (0, 1, 2, 1)
_DOWN: Final = (2, 1, 0, 1)
_RUN: Final = (0, 1, 2, 3, 2, 1, 0, 1)
_POP_CHORDS: Final = ((12, _MAJOR), (7, _MAJOR), (9, _MINOR), (5, _MAJOR)) * 2
_BLUES_CHORDS: Final = (
    (4, _SEVENTH), (9, _SEVENTH), (4, _SEVENTH), (4, _SEVENTH),
    (9, _SEVENTH), (4, _SEVENTH), (11, _SEVENTH), (4, _SEVENTH),
)  # fmt: skip
_CIRCLE: Final = (
    (2, _MINOR_SEVENTH), (7, _SEVENTH), (0, _MAJOR), (9, _MINOR_SEVENTH),
    (2, _MINOR_SEVENTH), (7, _SEVENTH), (0, _MAJOR), (0, _MAJOR),
)  # fmt: skip
_CANON: Final = (
    (2, _MAJOR), (9, _MAJOR), (11, _MINOR), (6, _MINOR),
    (7, _MAJOR), (2, _MAJOR), (7, _MAJOR), (9, _MAJOR),
)  # fmt: skip
_AEOLIAN: Final = ((9, _MINOR), (5, _MAJOR), (0, _MAJOR), (7, _MAJOR)) * 2
_DORIAN: Final = ((2, _FIFTH), (0, _FIFTH), (2, _FIFTH), (9, _FIFTH)) * 2

_STYLES: Final[Mapping[str, _Style]] = {
    "default": _Style(_POP_CHORDS, 96, _UP, _SOFT, 0.7),
    "alternative": _Style(_AEOLIAN, 104, (0, 2, 1, 2), _BRIGHT, 0.3),
    "blues": _Style(_BLUES_CHORDS, 92, (0, 0, 2, 2, 3, 3, 2, 2), _REED, 0.3, 0.33),
    "celtic": _Style(_DORIAN, 112, (0, 1, 2, 0, 1, 2, 1, 0), _REED, 0.25),
    "classical": _Style(_CANON, 88, _RUN, _SOFT, 0.5),
    "country": _Style(((7, _MAJOR), (0, _MAJOR), (7, _MAJOR), (2, _MAJOR)) * 2, 108,
                      (0, 2, 1, 2, 0, 2, 1, 2), _BRIGHT, 0.2),
    "instrumental": _Style(_POP_CHORDS, 84, _DOWN, _PLAIN, 0.9),
    "jazz": _Style(_CIRCLE, 100, (0, 2, 3, 2, 1, 2, 3, 1), _SOFT, 0.4, 0.33),
    "neopunk": _Style(((4, _FIFTH), (0, _FIFTH), (7, _FIFTH), (2, _FIFTH)) * 2, 120,
                      (0, 0, 1, 0, 0, 0, 2, 1), _BRIGHT, 0.12),
    "new_age": _Style(_AEOLIAN, 76, (0, -1, 1, 2), _PLAIN, 1.6),
    "pop": _Style(_POP_CHORDS, 110, (0, 1, 2, 1, 0, 2, 1, 2), _SOFT, 0.3),
    "rock": _Style(((9, _FIFTH), (7, _FIFTH), (5, _FIFTH), (7, _FIFTH)) * 2, 116,
                   (0, 0, 1, 0), _BRIGHT, 0.3),
    "swing": _Style(_CIRCLE, 118, (0, 1, 2, 1, 0, 2, 1, 2), _REED, 0.2, 0.4),
    "techno": _Style(_AEOLIAN, 120, (0, 1, 0, 2, 0, 1, 2, 1) * 2, _BRIGHT, 0.1),
}  # fmt: skip

STYLES: Final = frozenset(_STYLES)


def hold_music(style: str) -> NDArray[np.int16]:
    """Return the music of a style, 8,000 samples a second; raise ValueError for one unknown."""
    how = _STYLES.get(style)
    if how is None:
        raise ValueError(
            f"there is no music of style {style!r}: there is {', '.join(sorted(STYLES))}"
        )
    per_chord = round(4 * 60 / how.beats_per_minute * _RATE)
    wave = np.zeros(per_chord * len(how.chords))
    part = per_chord / len(how.order)
    for number, (root, notes) in enumerate(how.chords):
        begin = number * per_chord
        _add(wave, begin, _note(root - 12, how, 2.5))
        for place, which in enumerate(how.order):
            if which >= 0:
                late = how.swing * part if place % 2 else 0.0
                struck = _note(root + notes[which % len(notes)], how, how.ring)
                _add(wave, begin + round(place * part + late), struck)
    wave *= _LEVEL / np.max(np.abs(wave))
    return np.rint(wave * 32767).astype(np.int16)


def _note(semitones: int, how: _Style, ring: float) -> NDArray[np.float64]:
    """Return one struck note that dies away."""
    frequency = 130.81 * 2 ** (semitones / 12)
    length = min(3 * ring, 2.0)
    time = np.arange(round(length * _RATE)) / _RATE
    note = np.zeros(len(time))
    for overtone, strength in enumerate(how.partials, start=1):
        if overtone * frequency < 3400:  # what a telephone carries
            note += strength * np.sin(2 * np.pi * overtone * frequency * time)
    attack = np.minimum(time / 0.01, 1.0)
    release = np.minimum((length - time) / 0.02, 1.0)
    return note * np.exp(-time / ring) * attack * release


def _add(wave: NDArray[np.float64], begin: int, note: NDArray[np.float64]) -> None:
    """Add a note; what rings on at the end is heard at the beginning: it can be repeated."""
    places = (begin + np.arange(len(note))) % len(wave)
    wave[places] += note
