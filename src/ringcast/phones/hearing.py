"""When the caller begins to speak, told by the recording that grows while they do."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ringcast.audio import wav

__all__ = ["FirstSound"]

FRAME: Final = 160
LOUD_DBFS: Final = -45.0
"""A frame of 20 ms with more power than this is sound; comfort noise has less."""
_HEADER: Final = len(wav.header(wav.Encoding.PCM, rate=8000, channels=1, frames=0))
_LOUD_POWER: Final = 32768.0**2 * 10 ** (LOUD_DBFS / 10)


class FirstSound:
    """Looks for the first sound in a mono recording of 16 bits and 8 kHz while it is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames = 0

    def find(self) -> float | None:
        """Return at how many seconds of the recording sound begins; None if it has not yet."""
        try:
            with self._path.open("rb") as file:
                file.seek(_HEADER + self._frames * FRAME * 2)
                data = file.read()
        except FileNotFoundError:
            return None
        whole = len(data) // (FRAME * 2)
        frames = np.frombuffer(data, "<i2", whole * FRAME).reshape(whole, FRAME)
        power = np.square(frames, dtype=np.float64).mean(axis=1)
        loud = np.flatnonzero(power > _LOUD_POWER)
        if len(loud):
            return (self._frames + int(loud[0])) * FRAME / 8000
        self._frames += whole
        return None
