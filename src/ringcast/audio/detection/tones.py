"""Tones: beeps, fax machines, special information tones, ring-back and busy.

A beep is a pure tone of 400 to 2,500 Hz that is steady for 80 ms or longer and ends in quiet. What
goes over into another sound is a vowel, a note of a tune or a part of a special information tone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.detection.spectrum import is_narrow, pure_tones
from ringcast.audio.detection.state import SHORTEST_TONE, State

__all__ = ["SPECIAL_TONES", "Tones", "note_tones"]

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

_QUIETEST: Final = np.float32(10 ** (-50 / 10))
_STEADY_HZ: Final = np.float32(12.0)
_STEADY_POWER: Final = np.float32(1.6)
_QUIET_FRAMES: Final = 3
"""Frames after a tone that must be softer by `_FALL`, as must be those before it."""
_FALL: Final = np.float32(10 ** (-9 / 10))
_RINGBACK_FRAMES: Final = 5
"""A tone that began in these first frames is the end of what was heard before the answer."""
_NOTHING: Final = np.float32(10 ** (-80 / 10))
_LOST_FRAMES: Final = 3
_BEEP_HZ: Final = (385.0, 2520.0)
_LONGEST_BEEP: Final = 175
"""Frames: what is longer is no beep."""
_FAX_TONES: Final = ((2100.0, 25), (1100.0, 20))
"""CED and CNG (T.30, 4.3.3): Hz, and frames after which one is no beep."""
_FAX_HZ: Final = np.float32(30.0)
_A_WORD: Final = 25
"""Frames of speech after which such a tone is no fax machine's."""
_FAR_AWAY: Final = np.float32(10 ** (-11 / 10))
_PROGRESS_HZ: Final = (390.0, 490.0)
"""Ring-back and busy (E.180): where nobody has spoken yet, no beep."""
_PROGRESS_FRAMES: Final = 10
_SIT_HZ: Final = ((900.0, 1000.0), (1350.0, 1450.0), (1750.0, 1820.0))
"""Special information tones (E.180), one after the other without a pause."""
SPECIAL_TONES: Final = len(_SIT_HZ)
_SIT_FRAMES: Final = 8


@dataclass(frozen=True, slots=True)
class Tones:
    """What is heard in this frame, by stream."""

    is_tone: Bools
    beeped: Bools
    """A beep has ended a few frames ago."""
    fax: Bools
    special: Bools
    busy: Bools


def note_tones(state: State, samples: Floats, bands: Floats) -> Tones:
    """Follow pure tones."""
    power = bands.sum(axis=1)
    before, hertz_before, power_before = state["tone"], state["hertz"], state["power"]
    hertz = np.zeros(len(state), np.float32)
    # Most frames are neither narrow nor as loud as the one before: they are not looked at.
    near = np.nonzero(is_narrow(bands) & (power > _QUIETEST))[0]
    if len(near):
        hertz[near] = pure_tones(samples[near])
    is_same = (
        (np.abs(hertz - hertz_before) < _STEADY_HZ)
        & (hertz_before > 0)
        & (np.maximum(power, power_before) < _STEADY_POWER * np.minimum(power, power_before))
    )
    tone = np.where(hertz > 0, np.where(is_same, before + 1, 1), 0)
    # A few packets lost do not end a tone.
    held = (power < _NOTHING) & (before > 0) & (state["zeros"] < _LOST_FRAMES)
    if held.any():
        tone = np.where(held, before, tone)
        hertz = np.where(held, hertz_before, hertz)
    ends = (before >= SHORTEST_TONE) & ((tone < before) | (hertz == 0))
    beeped = _beeps(state, power, hertz)
    if ends.any():
        _note_end(state, ends, before, hertz_before, power_before)
    # The frame before a tone may hold its beginning; two before that may have been lost.
    state["onset"] = np.where(tone <= 1, state["powers"][:, :3].max(axis=1), state["onset"])
    state["powers"][:, :-1] = state["powers"][:, 1:]
    state["powers"][:, -1] = power
    state["since_tone"] += 1
    state["tone"], state["hertz"] = tone, hertz
    state["power"] = np.where(held, power_before, power)
    is_tone = tone >= SHORTEST_TONE
    is_early = _is_first_heard(state, power)
    fax = np.zeros(len(state), np.bool_)
    if is_tone.any():
        for wanted, frames in _FAX_TONES:
            fax |= (np.abs(hertz - wanted) < _FAX_HZ) & (tone >= frames) & is_early
    return Tones(
        is_tone=is_tone,
        beeped=beeped,
        fax=fax,
        special=state["sit"] == SPECIAL_TONES,
        busy=state["progress_tones"] >= 3,
    )


def _beeps(state: State, power: Floats, pure: Floats) -> Bools:
    """Return where a tone that ended is now known to have been a beep."""
    waits = state["ended_tone"] > 0
    if not waits.any():
        return waits
    since = state["since_tone"]
    loud_again = waits & (power > state["ended_power"] * _FALL)
    another = loud_again & (since >= 1) & (pure > 0)  # the second of two beeps
    loud_again &= ~another
    state["ended_tone"][loud_again] = 0
    done = another | (waits & ~loud_again & (since >= _QUIET_FRAMES - 1))
    length, hertz = state["ended_tone"].copy(), state["ended_hertz"]
    state["ended_tone"][done] = 0
    in_time = state["frames"] - since - length > _RINGBACK_FRAMES
    is_progress = (
        (state["began"] < 0)
        & (hertz > _PROGRESS_HZ[0])
        & (hertz < _PROGRESS_HZ[1])
        & (length >= _PROGRESS_FRAMES)
    )
    state["progress_tones"] += done & is_progress
    is_fax = np.zeros(len(state), np.bool_)
    for wanted, frames in _FAX_TONES:
        is_fax |= (np.abs(hertz - wanted) < _FAX_HZ) & (length >= frames)
    is_fax &= _is_first_heard(state, state["ended_power"])
    beeped: Bools = (
        done
        & in_time
        & ~is_progress
        & ~is_fax
        & (hertz > _BEEP_HZ[0])
        & (hertz < _BEEP_HZ[1])
        & (length <= _LONGEST_BEEP)
        & (state["sit"] < 2)
    )
    return beeped


def _is_first_heard(state: State, power: Floats) -> Bools:
    """Say where nobody has spoken but somebody far away: a fax machine's tone may be one."""
    first: Bools = (state["voiced"] < _A_WORD) | (state["peak"] < power * _FAR_AWAY)
    return first


def _note_end(
    state: State, ends: Bools, length: NDArray[np.int32], hertz: Floats, power: Floats
) -> None:
    at = np.nonzero(ends)[0]
    state["ended_tone"][at] = length[at]
    state["ended_hertz"][at] = hertz[at]
    state["ended_power"][at] = power[at]
    is_sudden = state["onset"][at] < power[at] * _FALL
    lost = state["zeros"][at]  # frames of quiet that could have been lost packets
    state["since_tone"][at] = np.where(lost >= _LOST_FRAMES, _LOST_FRAMES - 1, -1)
    state["ended_tone"][at] = np.where(is_sudden, length[at], 0)
    sit = state["sit"][at]
    for place, (low, high) in enumerate(_SIT_HZ):
        fits = (hertz[at] > low) & (hertz[at] < high) & (length[at] >= _SIT_FRAMES)
        if place:
            fits &= sit == place
        sit = np.where(fits, place + 1, sit)
    state["sit"][at] = sit
