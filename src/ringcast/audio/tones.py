"""Signalling tones and test sounds as 16-bit samples.

Levels are the peak of one sine wave in dBFS (noise: its RMS). Tones begin and end in short
ramps, so that they do not click.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DTMF",
    "Sit",
    "beep",
    "cadence",
    "dtmf",
    "dtmf_sequence",
    "fax_ced",
    "fax_cng",
    "noise",
    "ringback",
    "silence",
    "sit",
    "tone",
]

_FULL_SCALE: Final = 32768.0
_LOW: Final = (697.0, 770.0, 852.0, 941.0)
_HIGH: Final = (1209.0, 1336.0, 1477.0, 1633.0)

DTMF: Final[dict[str, tuple[float, float]]] = {
    key: (low, high)
    for low, row in zip(_LOW, ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, key in zip(_HIGH, row, strict=True)
}
"""The low and the high frequency of each of the 16 keys, in Hz (ITU-T Q.23)."""


class Sit(Enum):
    """Special information tones (Telcordia SR-2275): three of (Hz, seconds)."""

    REORDER = ((913.8, 0.274), (1428.5, 0.380), (1776.7, 0.380))
    VACANT_CODE = ((985.2, 0.380), (1370.6, 0.274), (1776.7, 0.380))
    NO_CIRCUIT = ((985.2, 0.380), (1428.5, 0.380), (1776.7, 0.380))
    INTERCEPT = ((913.8, 0.274), (1370.6, 0.274), (1776.7, 0.380))


def tone(
    frequencies: Sequence[float],
    seconds: float,
    *,
    level_dbfs: float = -13.0,
    ramp_seconds: float = 0.005,
    rate: int = 8000,
) -> NDArray[np.int16]:
    """Return sine waves added up, each at `level_dbfs`; raise ValueError if they could clip."""
    amplitude = 10 ** (level_dbfs / 20)
    if amplitude * len(frequencies) > 1:
        raise ValueError(f"{len(frequencies)} tones of {level_dbfs} dBFS each add up to clipping")
    if any(not 0 < frequency < rate / 2 for frequency in frequencies):
        raise ValueError(f"frequencies must be between 0 and {rate / 2:g} Hz: {frequencies}")
    time = np.arange(round(seconds * rate)) / rate
    wave = np.zeros(len(time))
    for frequency in frequencies:
        wave += amplitude * np.sin(2 * np.pi * frequency * time)
    return _rounded(wave * _envelope(len(time), round(ramp_seconds * rate)))


def beep(
    frequency: float = 1000.0, milliseconds: int = 200, *, level_dbfs: float = -10.0
) -> NDArray[np.int16]:
    """Return the tone of an answering machine."""
    return tone((frequency,), milliseconds / 1000, level_dbfs=level_dbfs)


def dtmf(key: str, milliseconds: int = 100, *, level_dbfs: float = -10.0) -> NDArray[np.int16]:
    """Return one key pressed: `0` to `9`, `*`, `#`, `A` to `D`."""
    pair = DTMF.get(key.upper())
    if pair is None:
        raise ValueError(f"{key!r} is no DTMF key: {' '.join(sorted(DTMF))} are")
    return tone(pair, milliseconds / 1000, level_dbfs=level_dbfs, ramp_seconds=0.002)


def dtmf_sequence(
    keys: str, *, milliseconds: int = 100, pause_milliseconds: int = 100, level_dbfs: float = -10.0
) -> NDArray[np.int16]:
    """Return keys pressed one after the other, each followed by a pause."""
    pause = silence(pause_milliseconds / 1000)
    parts = [
        part for key in keys for part in (dtmf(key, milliseconds, level_dbfs=level_dbfs), pause)
    ]
    return np.concatenate(parts) if parts else silence(0)


def cadence(
    frequencies: Sequence[float], on: float, off: float, seconds: float, *, level_dbfs: float
) -> NDArray[np.int16]:
    """Return `seconds` of a tone that is on and off by turns, beginning with on."""
    period = np.concatenate([tone(frequencies, on, level_dbfs=level_dbfs), silence(off)])
    return np.resize(period, round(seconds * 8000))


def ringback(seconds: float = 6.0, *, level_dbfs: float = -19.0) -> NDArray[np.int16]:
    """Return the North American audible ringing tone: 440 and 480 Hz, 2 s on, 4 s off."""
    return cadence((440.0, 480.0), 2.0, 4.0, seconds, level_dbfs=level_dbfs)


def fax_ced(seconds: float = 3.0, *, level_dbfs: float = -10.0) -> NDArray[np.int16]:
    """Return the called fax machine's tone: 2,100 Hz for 2.6 to 4 s (ITU-T T.30, 4.3.3.2)."""
    return tone((2100.0,), seconds, level_dbfs=level_dbfs)


def fax_cng(seconds: float = 7.0, *, level_dbfs: float = -10.0) -> NDArray[np.int16]:
    """Return the calling fax machine's tone: 1,100 Hz, 0.5 s on, 3 s off (T.30, 4.3.3.3)."""
    return cadence((1100.0,), 0.5, 3.0, seconds, level_dbfs=level_dbfs)


def sit(kind: Sit, *, level_dbfs: float = -12.0) -> NDArray[np.int16]:
    """Return the three rising tones that come before a network's announcement."""
    return np.concatenate([tone((hz,), length, level_dbfs=level_dbfs) for hz, length in kind.value])


def silence(seconds: float, *, rate: int = 8000) -> NDArray[np.int16]:
    """Return digital silence."""
    return np.zeros(round(seconds * rate), dtype=np.int16)


def noise(
    seconds: float, *, seed: int, level_dbfs: float = -40.0, rate: int = 8000
) -> NDArray[np.int16]:
    """Return white noise with this RMS level: the same for the same seed."""
    wave = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return _rounded(np.clip(wave * 10 ** (level_dbfs / 20), -1, 1))


def _envelope(length: int, ramp: int) -> NDArray[np.float64]:
    """Return ones that begin and end in half a period of a raised cosine."""
    ramp = min(ramp, length // 2)
    envelope = np.ones(length)
    if ramp:
        rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / ramp)
        envelope[:ramp] = rise
        envelope[-ramp:] = rise[::-1]
    return envelope


def _rounded(wave: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(wave * _FULL_SCALE), -32768, 32767).astype(np.int16)
