"""What is remembered of each stream: a row of an array."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.detection.settings import FRAME_SECONDS, LIMITS, DetectionSettings
from ringcast.audio.detection.spectrum import BANDS

__all__ = [
    "NOISE_PARTS",
    "SHORTEST_TONE",
    "UNITS",
    "State",
    "fresh",
    "set_limits",
]

State = NDArray[np.void]
NOISE_PARTS: Final = 4
SHORTEST_TONE: Final = 3
"""Frames after which a pure sound is taken for a tone and no longer for speech: 80 ms hold them."""
UNITS: Final = 48
"""Numbers that the model remembers of a stream."""

_DTYPE: Final = np.dtype(
    [
        ("stream", "i8"),
        ("frames", "i4"),  # heard so far
        # Speech
        ("noise", "f4", NOISE_PARTS),  # the least power in each of the last parts
        ("zeros", "i4"),  # frames on end without any sound
        ("peak", "f4"),  # the power of the loudest speech, slowly forgotten
        ("loud", "i4"),  # frames on end that were loud
        ("began", "i4"),  # at which frame somebody first spoke; -1: not yet
        ("spoke", "i4"),  # the last frame of speech
        ("sounded", "i4"),  # the last frame of speech or of a tone
        ("spoken", "i4"),  # frames of speech since the greeting last ended
        ("voiced", "i4"),  # frames of speech
        ("words", "i4"),
        ("word", "i4"),  # frames in the last word
        ("pauses", "i4"),  # of 0.3 s and longer between words
        ("longest_pause", "i4"),
        ("first_length", "i4"),  # frames from the first word to the first pause
        ("first_pause", "i4"),
        ("level", "f4"),  # of the last speech, mean of the logarithm
        ("level_all", "f4"),  # of all speech
        ("centre", "f4"),  # of the bands of speech, 0 to 1
        ("change", "f4"),  # of the bands from frame to frame
        ("last_power", "f4"),
        ("noise_before", "f4"),  # logarithms of what was heard before, in and after speech
        ("noise_within", "f4"),
        ("noise_after", "f4"),
        # Tones
        ("tone", "i4"),  # frames on end of the same tone
        ("hertz", "f4"),
        ("power", "f4"),
        ("powers", "f4", 4),  # of the last frames
        ("onset", "f4"),  # the power before the tone began
        ("ended_tone", "i4"),  # frames of the tone that has just ended: a beep if it stays quiet
        ("ended_hertz", "f4"),
        ("ended_power", "f4"),
        ("since_tone", "i4"),
        ("progress_tones", "i4"),  # tones of the network heard so far: ring-back or busy
        ("sit", "i4"),  # how many of the three special information tones have been heard
        # What speech sounded like (`model`)
        ("held_bands", "f4", BANDS),
        ("step", "f4", BANDS),
        ("memory", "f4", UNITS),
        ("screening_odds", "f4"),
        # Verdicts
        ("is_machine", "?"),
        ("is_over", "?"),  # the end of the greeting has been told
        ("is_screening", "?"),
        ("odds", "f4"),  # logarithm of the odds that it is a machine
        ("told", "i1"),  # the leaning told last
        ("bias", "f4"),
        ("learned", "?"),
        ("leanings", "?"),
        ("is_silence_in_doubt", "?"),
        ("most_words", "i4"),
        *((name, "i4") for name in LIMITS),  # in frames
    ]
)


def fresh(count: int) -> State:
    """Return rows of streams of which nothing has been heard."""
    state = np.zeros(count, _DTYPE)
    state["noise"] = np.inf
    state["began"] = -1
    state["noise_before"] = state["noise_within"] = state["noise_after"] = -6.0
    state["screening_odds"] = -100.0
    return state


def set_limits(state: State, settings: DetectionSettings) -> None:
    """Note what a stream's listener wants."""
    for name in LIMITS:
        state[name] = round(getattr(settings, name) / FRAME_SECONDS)
    state["bias"] = np.log(settings.bias)
    state["learned"] = settings.learned
    state["leanings"] = settings.leanings
    state["is_silence_in_doubt"] = settings.is_silence_in_doubt
    state["most_words"] = settings.words
