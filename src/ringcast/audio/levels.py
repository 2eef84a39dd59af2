"""How loud samples are, and making them as loud as speech should be.

0 dBFS is full scale: a square wave of amplitude 32,768 has 0 dBFS of peak and of RMS, a sine
wave of that amplitude has an RMS of -3 dBFS.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["SILENCE_DBFS", "normalise", "peak_dbfs", "rms_dbfs", "speech_dbfs"]

SILENCE_DBFS: Final = -60.0
"""What has less RMS is taken for silence: a line's noise, not somebody speaking."""
_FULL_SCALE: Final = 32768.0
_BLOCK: Final = 160
_BELOW_LOUDEST_DB: Final = 30.0


def peak_dbfs(samples: NDArray[np.int16]) -> float:
    """Return the level of the greatest sample; minus infinity for digital silence."""
    if not len(samples):
        return -math.inf
    return _decibels(float(max(int(samples.max()), -int(samples.min()))) / _FULL_SCALE)


def rms_dbfs(samples: NDArray[np.int16]) -> float:
    """Return the level of the mean power; minus infinity for digital silence."""
    if not len(samples):
        return -math.inf
    return _decibels(math.sqrt(float(np.square(samples, dtype=np.float64).mean())) / _FULL_SCALE)


def speech_dbfs(samples: NDArray[np.int16]) -> float:
    """Return the RMS level of the parts that sound, leaving out pauses.

    A part is 160 samples; it sounds when within 30 dB of the loudest part.
    """
    whole = len(samples) // _BLOCK * _BLOCK
    if not whole:
        return rms_dbfs(samples)
    power = np.square(samples[:whole].reshape(-1, _BLOCK), dtype=np.float64).mean(axis=1)
    sounding = power[power >= power.max() * 10 ** (-_BELOW_LOUDEST_DB / 10)]
    return _decibels(math.sqrt(float(sounding.mean())) / _FULL_SCALE)


def normalise(
    samples: NDArray[np.int16],
    *,
    target_dbfs: float = -18.0,
    peak_limit_dbfs: float = -1.0,
    max_gain_db: float = 20.0,
) -> NDArray[np.int16]:
    """Return the samples with their speech at the target level.

    The peak stays within its limit, even if the target is then missed: nothing is clipped or
    compressed. Nothing is raised by more than `max_gain_db`, and silence is not raised at all.
    """
    level = speech_dbfs(samples)
    if level < SILENCE_DBFS:
        return samples
    gain_db = min(target_dbfs - level, peak_limit_dbfs - peak_dbfs(samples), max_gain_db)
    scaled = samples.astype(np.float64) * 10 ** (gain_db / 20)
    return scaled.astype(np.int16)  # towards zero, so that the limit is not passed by rounding


def _decibels(ratio: float) -> float:
    return 20 * math.log10(ratio) if ratio > 0 else -math.inf
