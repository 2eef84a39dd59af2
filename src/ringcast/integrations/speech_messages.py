"""What `EspeakSynthesizer` and the eSpeak process say to each other."""

from __future__ import annotations

import msgspec

__all__ = ["Answer", "Failed", "NoSuchVoice", "Speak", "Spoken", "TooLong"]


class Speak(msgspec.Struct, kw_only=True):
    """Speak a text with the first of these voices that exists."""

    text: str
    voices: list[str]
    max_seconds: float
    cpu_seconds: float


class Spoken(msgspec.Struct, tag=True, kw_only=True):
    """Mono 16-bit little-endian samples."""

    samples: bytes
    rate: int


class NoSuchVoice(msgspec.Struct, tag=True, kw_only=True):
    """None of the voices exists."""


class TooLong(msgspec.Struct, tag=True, kw_only=True):
    """Speaking the text takes longer than allowed."""


class Failed(msgspec.Struct, tag=True, kw_only=True):
    """The engine reported an error."""

    reason: str


Answer = Spoken | NoSuchVoice | TooLong | Failed
