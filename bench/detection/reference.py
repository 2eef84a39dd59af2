"""The rules of Asterisk's AMD application with its default limits, to compare with.

Written from the description of `amd.conf`: a frame is silent below a mean amplitude of 256 in 16
bits; a word is 100 ms of sound and longer; words are parted by 50 ms of silence.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.corpus import Kind

__all__ = ["asterisk_rules"]

FRAME: Final = 160
INITIAL_SILENCE: Final = 2.5
GREETING: Final = 1.5
AFTER_GREETING: Final = 0.8
TOTAL: Final = 5.0
WORD: Final = 0.1
BETWEEN_WORDS: Final = 0.05
SILENCE_LEVEL: Final = 256


def asterisk_rules(
    samples: NDArray[np.int16], *, most_words: int | None = 3
) -> tuple[Kind | None, float]:
    """Return the verdict (None: not sure) and when it came; without `most_words`, of time alone."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    loud = np.abs(frames.astype(np.int32)).mean(axis=1) >= SILENCE_LEVEL
    silence = voice = greeting = now = 0.0
    words, in_word, in_initial, in_greeting = 0, False, True, False
    for is_loud in loud.tolist():
        now = round(now + 0.02, 2)
        if not is_loud:
            silence += 0.02
            if silence >= BETWEEN_WORDS:
                in_word, voice = False, 0.0
            if in_initial and silence >= INITIAL_SILENCE:
                return Kind.MACHINE, now
            if in_greeting and silence >= AFTER_GREETING:
                return Kind.HUMAN, now
        else:
            silence = 0.0
            voice += 0.02
            if voice >= WORD and not in_word:
                words, in_word = words + 1, True
                in_initial, in_greeting = False, True
                if most_words is not None and words >= most_words:
                    return Kind.MACHINE, now
        if in_greeting:
            greeting += 0.02
            if voice and greeting >= GREETING:
                return Kind.MACHINE, now
        if now >= TOTAL:
            return None, now
    return None, now
