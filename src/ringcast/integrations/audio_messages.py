"""What `AudioImporter` and the audio process say to each other."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = [
    "TOO_LONG",
    "TOO_SHORT",
    "Answer",
    "Decode",
    "Done",
    "EncodeMp3",
    "EncodeWavAsMp3",
    "Failed",
    "Refused",
    "Request",
]


class Decode(msgspec.Struct, tag=True, kw_only=True):
    """Write the G.711 forms of an audio file."""

    source: str
    ulaw: str
    alaw: str
    min_seconds: float
    max_seconds: float
    cpu_seconds: float


class EncodeMp3(msgspec.Struct, tag=True, kw_only=True):
    """Write the MP3 form of a raw µ-law file."""

    ulaw: str
    samples: int
    mp3: str
    cpu_seconds: float


class EncodeWavAsMp3(msgspec.Struct, tag=True, kw_only=True):
    """Write the MP3 form of a WAV file of ours: 16 bits, one channel or two."""

    wav: str
    mp3: str
    cpu_seconds: float


class Done(msgspec.Struct, tag=True, kw_only=True):
    """The files are written and on the disk."""

    samples: int
    form: str


class Refused(msgspec.Struct, tag=True, kw_only=True):
    """The audio is at fault; `reason` is `TOO_LONG`, `TOO_SHORT` or a clause."""

    reason: str
    seconds: float = 0.0


class Failed(msgspec.Struct, tag=True, kw_only=True):
    """The machine is at fault."""

    reason: str


Request = Decode | EncodeMp3 | EncodeWavAsMp3
Answer = Done | Refused | Failed
TOO_LONG: Final = "too long"
TOO_SHORT: Final = "too short"
