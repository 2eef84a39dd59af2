"""Text to speech as the core sees it.

InvalidInput (domain.errors)
├─ UnknownVoice      no such voice or language here
├─ TextTooLong       more characters than allowed
└─ UnspeakableText   nothing in the text can be spoken
Unavailable
└─ SpeechFailed      the engine failed: trying again may help
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from ringcast.domain.errors import InvalidInput, Unavailable
from ringcast.ports.audio import ImportedAudio

__all__ = [
    "VOICES",
    "Gender",
    "Speech",
    "SpeechFailed",
    "SpeechSynthesizer",
    "SpokenAudio",
    "TextTooLong",
    "UnknownVoice",
    "UnspeakableText",
    "Voice",
]


class UnknownVoice(InvalidInput):
    """The engine has no such voice or language."""

    def __init__(self, voice: Voice) -> None:
        what = f"voice {voice.name!r}" if voice.name else f"voice for language {voice.language!r}"
        super().__init__(
            f"there is no {what}: use one of {', '.join(VOICES)}, "
            "or no name and a language such as 'de' or 'en-GB'"
        )
        self.voice = voice


class TextTooLong(InvalidInput):
    """The text has more characters than allowed."""

    def __init__(self, *, length: int, limit: int) -> None:
        super().__init__(
            f"the text has {length:,} characters, {limit:,} are allowed: "
            "shorten it, or speak it in parts"
        )
        self.length, self.limit = length, limit


class UnspeakableText(InvalidInput):
    """Nothing in the text can be spoken."""

    def __init__(self) -> None:
        super().__init__("the text has nothing that can be spoken: write words or digits")


class SpeechFailed(Unavailable):
    """The engine failed; the text may be good."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the text could not be spoken: {reason}; try again")
        self.reason = reason


class Gender(StrEnum):
    """How a voice sounds."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A voice asked for: by name, or with an empty name by language and gender."""

    name: str = ""
    """A key of `VOICES`, or the engine's own name; empty lets the engine choose."""
    language: str = "en-US"
    """BCP 47 tag."""
    gender: Gender = Gender.FEMALE


VOICES: Final[Mapping[str, Voice]] = {
    voice.name: voice
    for voice in (
        Voice(name="en-us-female-1", language="en-US", gender=Gender.FEMALE),
        Voice(name="en-us-female-2", language="en-US", gender=Gender.FEMALE),
        Voice(name="en-us-male-1", language="en-US", gender=Gender.MALE),
        Voice(name="en-us-male-2", language="en-US", gender=Gender.MALE),
        Voice(name="es-female-1", language="es-US", gender=Gender.FEMALE),
        Voice(name="es-male-1", language="es-US", gender=Gender.MALE),
        Voice(name="fr-ca-female-1", language="fr-CA", gender=Gender.FEMALE),
        Voice(name="fr-ca-male-1", language="fr-CA", gender=Gender.MALE),
    )
}
"""The voices every engine has, by name; dialects map their own names to these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenAudio:
    """Speech as mono 16-bit little-endian samples."""

    samples: bytes
    rate: int
    """Samples a second."""

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.samples) / 2 / self.rate


class SpeechSynthesizer(Protocol):
    """Turns text into sound."""

    @property
    def name(self) -> str:
        """The engine's name and version of its sound; another name means other sounds."""

    async def synthesize(self, text: str, voice: Voice) -> SpokenAudio:
        """Return the text as spoken; markup in it is text like any other.

        Raises `UnknownVoice`, `TextTooLong`, `UnspeakableText` or `SpeechFailed`.
        """


class Speech(Protocol):
    """Speaks texts into the audio store; a text once spoken costs nothing again."""

    async def speak(self, text: str, voice: Voice) -> ImportedAudio:
        """Return the stored sound of the text; raises as `SpeechSynthesizer` and `AudioStore`."""
