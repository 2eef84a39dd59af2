"""Sounds as the core sees them: imported once, then named by the digest of what was given.

InvalidAudio (domain.errors)
├─ AudioEmpty        no bytes at all
├─ AudioTooLarge     more bytes than allowed
├─ AudioTooLong      plays longer than allowed
├─ AudioTooShort     nothing one could hear
└─ UnreadableAudio   not audio we read, damaged or cut off
NotFound
└─ AudioNotFound     nothing is stored under this digest
Unavailable
└─ AudioUnavailable  the decoder failed, not the audio: trying again may help
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ringcast.domain.errors import InvalidAudio, NotFound, Unavailable

__all__ = [
    "AudioEmpty",
    "AudioNotFound",
    "AudioStore",
    "AudioTooLarge",
    "AudioTooLong",
    "AudioTooShort",
    "AudioUnavailable",
    "ImportedAudio",
    "UnreadableAudio",
]


class AudioEmpty(InvalidAudio):
    """The sound has no bytes."""

    def __init__(self) -> None:
        super().__init__("the audio file is empty (0 bytes): send a WAV or MP3 file")


class AudioTooLarge(InvalidAudio):
    """The sound has more bytes than allowed."""

    def __init__(self, *, size: int, limit: int) -> None:
        super().__init__(
            f"the audio file has {size:,} bytes, {limit:,} are allowed: "
            "send it as MP3, or as mono WAV with 8,000 samples a second, the quality of a call"
        )
        self.size, self.limit = size, limit


class AudioTooLong(InvalidAudio):
    """The sound plays longer than allowed."""

    def __init__(self, *, limit_seconds: float) -> None:
        super().__init__(
            f"the audio plays longer than the {limit_seconds:,.0f} seconds allowed: shorten it"
        )
        self.limit_seconds = limit_seconds


class AudioTooShort(InvalidAudio):
    """The sound has nothing one could hear."""

    def __init__(self, *, seconds: float, minimum_seconds: float) -> None:
        super().__init__(
            f"the audio file holds {seconds:.3f} seconds of sound, at least {minimum_seconds} "
            "are needed: check that the recording was saved completely"
        )
        self.seconds, self.minimum_seconds = seconds, minimum_seconds


class UnreadableAudio(InvalidAudio):
    """The bytes are not audio we read, or are damaged."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the audio cannot be read: {reason}")
        self.reason = reason


class AudioNotFound(NotFound):
    """No sound is stored under this digest."""

    def __init__(self, digest: str) -> None:
        super().__init__("audio", digest)
        self.digest = digest


class AudioUnavailable(Unavailable):
    """The decoder failed; the sound may be good."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the audio could not be processed: {reason}; try again")
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedAudio:
    """A stored sound: what it is called and what it was made from."""

    digest: str
    """SHA-256 of the original bytes, 64 lower-case hexadecimal digits."""
    seconds: float
    """How long it plays, without the padding of the last frame."""
    original_format: str
    """`wav`, `mp3`, `flac` or `ogg`."""
    size: int
    """Length of the original, in bytes."""


class AudioStore(Protocol):
    """Keeps sounds in the form that calls play.

    What an import returned stays readable, also after a restart. Importing the same bytes again
    is cheap and gives the same digest. Imports raise `AudioEmpty`, `AudioTooLarge`,
    `AudioTooLong`, `AudioTooShort`, `UnreadableAudio` or `AudioUnavailable`; everything else
    raises `AudioNotFound` for a digest that was never imported.
    """

    async def import_bytes(self, data: bytes) -> ImportedAudio:
        """Store the sound of an uploaded file."""

    async def import_file(self, path: Path) -> ImportedAudio:
        """Store the sound of a file, which is left as it is."""

    async def import_samples(self, samples: bytes, rate: int) -> ImportedAudio:
        """Store mono 16-bit little-endian samples, `rate` of them a second."""

    def describe(self, digest: str) -> ImportedAudio:
        """Return what the import of this sound returned."""

    def playable(self, digest: str) -> Path:
        """Return the raw µ-law file, 8,000 bytes a second, whole frames of 160 bytes.

        The same name with the suffix `.alaw` holds the sound in A-law.
        """

    def original(self, digest: str) -> Path:
        """Return the file holding the bytes as they were given."""

    async def wav(self, digest: str) -> bytes:
        """Return the sound as heard in a call: mono WAV, 16 bits, 8,000 samples a second."""

    async def mp3(self, digest: str) -> bytes:
        """Return the sound as heard in a call: mono MP3, 8,000 samples a second."""
