"""Power in bands of a 20 ms frame, and the one frequency of a pure one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BANDS", "FRAME", "RATE", "band_powers", "is_narrow", "pure_tones"]

RATE: Final = 8000
FRAME: Final = 160
"""Samples in a frame: 20 ms."""
BANDS: Final = 16
"""Bands of 200 Hz from 300 to 3,300 Hz. Mains hum, engines and tyres lie below."""

Floats = NDArray[np.float32]

_HALF: Final = FRAME // 2
_LOWEST_BIN: Final = 7
_HIGHEST_BIN: Final = 51
"""A bin is 50 Hz: 350 to 2,550 Hz; the beeps lie between 400 and 2,500."""
_BOTTOM_BIN: Final = 4
"""Where a woman's voice has its fundamental, a beep has nothing."""
_MARGIN: Final = 2
_SKIPPED: Final = _LOWEST_BIN - _BOTTOM_BIN
_PURITY: Final = np.float32(0.92)
"""How much of the power lies within two bins of the strongest: more than in any vowel for long."""
_NARROW: Final = np.float32(0.8)
_AROUND: Final = np.arange(2 * _MARGIN + 1)
_TINY: Final = np.float32(1e-12)


def _waves(length: int, hertz: NDArray[np.floating[Any]]) -> Floats:
    """Return windowed cosines, then sines; scaled so that their squares add up to a power.

    Their product with many frames costs a seventh of as many fast Fourier transforms.
    """
    window = np.hanning(length + 1)[:length]
    angles = 2 * np.pi * np.outer(np.arange(length), hertz) / RATE
    waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1) * window[:, None]
    scaled: Floats = (waves * np.sqrt(2 / (length * np.square(window).sum()))).astype(np.float32)
    return scaled


_BAND_WAVES: Final = _waves(_HALF, 300.0 + 200.0 * np.arange(BANDS)) * np.float32(np.sqrt(1.5))
_FINE_WAVES: Final = _waves(FRAME, 50.0 * np.arange(_BOTTOM_BIN, _HIGHEST_BIN + _MARGIN + 1))


def band_powers(samples: Floats) -> Floats:
    """Return the power of each frame (full scale is 1) in each band."""
    both = np.square(samples.reshape(-1, _HALF) @ _BAND_WAVES)
    halves = both[:, :BANDS] + both[:, BANDS:]
    powers: Floats = halves[0::2] + halves[1::2]
    return powers * np.float32(0.5)


def is_narrow(bands: Floats) -> NDArray[np.bool_]:
    """Say which frames could be one pure tone: few are, and only those are looked at closely."""
    top = np.clip(bands.argmax(axis=1), 1, BANDS - 2)
    every = np.arange(len(bands))
    inside = bands[every, top - 1] + bands[every, top] + bands[every, top + 1]
    narrow: NDArray[np.bool_] = inside > _NARROW * (bands.sum(axis=1) + _TINY)
    return narrow


def pure_tones(samples: Floats) -> Floats:
    """Return the frequency of frames that are one pure tone of 350 to 2,550 Hz, 0 of others."""
    both = np.square(samples @ _FINE_WAVES)
    count = both.shape[1] // 2
    power = both[:, :count] + both[:, count:]
    lowest = power[:, _SKIPPED:-_MARGIN].argmax(axis=1) + (_SKIPPED - _MARGIN)
    near = np.take_along_axis(power, lowest[:, None] + _AROUND, axis=1)
    inside = near.sum(axis=1)
    is_pure = inside > _PURITY * power.sum(axis=1) + _TINY
    centre = (near @ _AROUND.astype(np.float32)) / np.maximum(inside, _TINY)
    hertz = (lowest + centre + _BOTTOM_BIN) * (RATE / FRAME)
    pure: Floats = np.where(is_pure, hertz, 0).astype(np.float32)
    return pure
