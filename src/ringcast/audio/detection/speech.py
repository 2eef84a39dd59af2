"""Speech: who speaks in a frame, in which words, with which pauses.

Speech is what is louder than the line's noise, and not much softer than the loudest speech so far
(what is, is the room behind), for `shortest_sound`. Noise is the least of the last 1.6 s: a voice
pauses, a line does not. Only the bands of a voice count, so hum and engines are hardly heard.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.detection.spectrum import BANDS
from ringcast.audio.detection.state import NOISE_PARTS, State

__all__ = ["note_speech"]

Floats = NDArray[np.float32]

_QUIETEST: Final = np.float32(10 ** (-55 / 10))
"""Power below which nothing is speech, however quiet the line (full scale is 1)."""
_NOTHING: Final = np.float32(10 ** (-80 / 10))
_LOST_FRAMES: Final = 6
"""Frames without any sound, on end, that are silence and no lost packets."""
_ABOVE_NOISE: Final = np.float32(10 ** (9 / 10))
_LOUDEST_NOISE: Final = np.float32(10 ** (-30 / 10))
_BELOW_PEAK: Final = np.float32(10 ** (-21 / 10))
_FORGET: Final = np.float32(10 ** (-1 / 10 / 50))
"""The peak falls by 1 dB in a second."""
_NOISE_FRAMES: Final = 20
_WORD_GAP: Final = 3
"""Frames of silence that part two words."""
_PAUSE: Final = 15
_CENTRES: Final = np.arange(BANDS, dtype=np.float32) / np.float32(BANDS - 1)


def note_speech(state: State, bands: Floats, is_tone: NDArray[np.bool_]) -> None:
    """Follow the noise, and note who speaks in this frame."""
    frames = state["frames"]
    power = bands.sum(axis=1)
    floor = _noise(state, power)
    last = state["last_power"].copy()
    state["last_power"] = power
    threshold = np.maximum(np.minimum(floor, _LOUDEST_NOISE) * _ABOVE_NOISE, _QUIETEST)
    peak = state["peak"] * _FORGET
    is_loud = (power > np.maximum(threshold, peak * _BELOW_PEAK)) & ~is_tone
    state["peak"] = np.where(is_loud, np.maximum(peak, np.minimum(power, last)), peak)
    before = state["loud"].copy()
    state["loud"] = loud = np.where(is_loud, before + 1, 0)
    speaks = loud >= state["shortest_sound"]
    gap = frames - loud - state["spoke"]
    starts = speaks & (before < state["shortest_sound"])
    begins = starts & (state["began"] < 0)
    if begins.any():
        state["began"][begins] = (frames + 1 - loud)[begins]
        state["noise_before"][begins] = np.log10(np.maximum(floor, _NOTHING))[begins]
        state["noise_within"][begins] = 0.0
    if starts.any():
        _note_words(state, starts & ~begins, loud, gap)
        state["words"] += begins
        state["word"][begins] = loud[begins]
    state["spoke"] = np.where(speaks, frames, state["spoke"])
    state["sounded"] = np.where(speaks | is_tone, frames, state["sounded"])
    state["spoken"] += speaks
    state["voiced"] += speaks
    state["word"] += speaks
    _note_sound(state, bands, power, speaks)


def _noise(state: State, power: Floats) -> Floats:
    frames, zeros, noise = state["frames"], state["zeros"], state["noise"]
    state["zeros"] = zeros = np.where(power < _NOTHING, zeros + 1, 0)
    # A lost packet is silent; that does not make the line so.
    counted = np.where((zeros > 0) & (zeros < _LOST_FRAMES), np.inf, power)
    part = frames // _NOISE_FRAMES % NOISE_PARTS
    every = np.arange(len(state))
    is_new = frames % _NOISE_FRAMES == 0
    noise[every, part] = np.where(is_new, counted, np.minimum(noise[every, part], counted))
    least: Floats = noise.min(axis=1)
    return np.where(np.isinf(least), power, least)


def _note_words(
    state: State, starts: NDArray[np.bool_], loud: NDArray[np.int32], gap: NDArray[np.int32]
) -> None:
    new = starts & (gap >= _WORD_GAP)
    state["words"] += new
    state["word"][new] = loud[new]
    pauses = new & (gap >= _PAUSE)
    if pauses.any():
        first = pauses & (state["pauses"] == 0)
        state["first_length"][first] = (state["spoke"] + 1 - state["began"])[first]
        state["first_pause"][first] = gap[first]
        state["pauses"] += pauses
        state["longest_pause"][pauses] = np.maximum(state["longest_pause"], gap)[pauses]


def _note_sound(state: State, bands: Floats, power: Floats, speaks: NDArray[np.bool_]) -> None:
    """Follow how speech and what is between it sound."""
    level = np.log10(np.maximum(power, _NOTHING))
    slow = np.float32(1) / np.maximum(state["voiced"], 1)
    state["level"] += np.where(speaks, (level - state["level"]) * np.float32(0.15), 0)
    state["level_all"] += np.where(speaks, (level - state["level_all"]) * slow, 0)
    centre = (bands @ _CENTRES) / np.maximum(power, _NOTHING)
    moved = centre - state["centre"]
    state["change"] += np.where(speaks, (np.abs(moved) - state["change"]) * slow, 0)
    state["centre"] += np.where(speaks, moved * slow, 0)
    has_begun = state["began"] >= 0
    quiet = has_begun & (state["frames"] - state["spoke"] > 4)
    is_sound = power > _NOTHING
    state["noise_after"] += np.where(quiet, (level - state["noise_after"]) * np.float32(0.2), 0)
    within = has_begun & ~quiet & is_sound
    state["noise_within"] = np.where(
        within, np.minimum(state["noise_within"], level), state["noise_within"]
    )
