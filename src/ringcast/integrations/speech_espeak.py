"""Speech by eSpeak NG, in a process of its own."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from typing import Any, Final

import msgspec
import numpy as np

from ringcast.audio import levels
from ringcast.integrations import speech_messages as messages
from ringcast.integrations.worker_process import WorkerDied, WorkerProcess, WorkerTimedOut
from ringcast.ports.speech import (
    Gender,
    SpeechFailed,
    SpokenAudio,
    TextTooLong,
    UnknownVoice,
    UnspeakableText,
    Voice,
)

__all__ = ["EspeakSynthesizer"]

# A voice is a language and, after the plus sign, how the speaker sounds.
_BY_NAME: Final[dict[str, str]] = {
    "en-us-female-1": "en-us+f2",
    "en-us-female-2": "en-us+f5",
    "en-us-male-1": "en-us+m3",
    "en-us-male-2": "en-us+m7",
    "es-female-1": "es-419+f2",
    "es-male-1": "es-419+m3",
    "fr-ca-female-1": "fr+f2",
    "fr-ca-male-1": "fr+m3",
}
_BY_GENDER: Final = {Gender.FEMALE: "+f2", Gender.MALE: "+m3"}
# What eSpeak NG calls by another name than BCP 47, or is nearer than the bare language.
_LANGUAGES: Final[dict[str, str]] = {
    "en": "en-us",
    "en-au": "en-gb",
    "en-ca": "en-us",
    "en-nz": "en-gb",
    "es-ar": "es-419",
    "es-co": "es-419",
    "es-mx": "es-419",
    "es-us": "es-419",
    "fr-ca": "fr",
    "no": "nb",
    "zh": "cmn",
    "zh-cn": "cmn",
    "zh-hk": "yue",
    "zh-tw": "cmn",
}
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")
_ANSWERS: Final[msgspec.msgpack.Decoder[Any]] = msgspec.msgpack.Decoder(messages.Answer)


class EspeakSynthesizer:
    """Speaks with eSpeak NG (implements `ports.speech.SpeechSynthesizer`).

    One text at a time. The process is started when first needed, and again when it was lost.
    Belongs to one event loop; `close` when done.
    """

    def __init__(
        self,
        *,
        max_characters: int = 5000,
        max_seconds: float = 900.0,
        cpu_seconds: float = 20.0,
        wall_seconds: float = 40.0,
    ) -> None:
        self._max_characters = max_characters
        self._max_seconds = max_seconds
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds
        self._engine = WorkerProcess("ringcast.integrations.espeak_process")

    @property
    def name(self) -> str:
        """The engine and the version of how it sounds here."""
        return "espeak-ng-1"

    @property
    def engine_pid(self) -> int | None:
        """The id of the engine's process, or None while none runs."""
        return self._engine.pid

    async def start(self) -> None:
        """Start the engine now, so that the first text does not wait for it."""
        await self._engine.start()

    async def close(self) -> None:
        """End the engine."""
        await self._engine.close()

    async def synthesize(self, text: str, voice: Voice) -> SpokenAudio:
        """Return the text as spoken, at the level of a voice on the telephone.

        Control characters are spaces, markup is read out. Raises `UnknownVoice`, `TextTooLong`,
        `UnspeakableText` or `SpeechFailed`.
        """
        if len(text) > self._max_characters:
            raise TextTooLong(length=len(text), limit=self._max_characters)
        request = messages.Speak(
            text=_speakable(text),
            voices=_engine_voices(voice),
            max_seconds=self._max_seconds,
            cpu_seconds=self._cpu_seconds,
        )
        match await self._ask(request):
            case messages.Spoken(samples=samples, rate=rate):
                return SpokenAudio(
                    samples=await asyncio.to_thread(_levelled, samples),
                    rate=rate,
                )
            case messages.NoSuchVoice():
                raise UnknownVoice(voice)
            case messages.TooLong():
                raise TextTooLong(length=len(text), limit=self._max_characters)
            case messages.Failed(reason=reason):
                raise SpeechFailed(reason)

    async def _ask(self, request: messages.Speak) -> messages.Answer:
        try:
            data = await self._engine.ask(
                msgspec.msgpack.encode(request), timeout=self._wall_seconds
            )
        except WorkerDied as exc:
            raise SpeechFailed("the speech engine ended unexpectedly") from exc
        except WorkerTimedOut as exc:
            raise SpeechFailed(f"it took longer than {self._wall_seconds:g} seconds") from exc
        answer: messages.Answer = _ANSWERS.decode(data)
        return answer


def _levelled(samples: bytes) -> bytes:
    """Return speech at the level of a voice; raise `UnspeakableText` if there is none."""
    wave = np.frombuffer(samples, dtype="<i2").astype(np.int16, copy=False)
    if levels.rms_dbfs(wave) < levels.SILENCE_DBFS:
        raise UnspeakableText
    return levels.normalise(wave).astype("<i2", copy=False).tobytes()


def _speakable(text: str) -> str:
    """Return the text without what would steer the engine; raise `UnspeakableText` if none is left.

    Control characters are its embedded commands, and a NUL would end the text; half of a
    surrogate pair cannot be encoded.
    """
    plain = "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") else character
        for character in text
    )
    if not any(unicodedata.category(character)[0] in "LNS" for character in plain):
        raise UnspeakableText
    return plain


def _engine_voices(voice: Voice) -> list[str]:
    """Return the engine's names for a voice, best first; raise `UnknownVoice`."""
    if voice.name:
        known = _BY_NAME.get(voice.name)
        if known is None:
            raise UnknownVoice(voice)
        return [known]
    language = voice.language.lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(language):  # it becomes part of the name of a file
        raise UnknownVoice(voice)
    base = language.partition("-")[0]
    names = [_LANGUAGES.get(language, language), _LANGUAGES.get(base, base)]
    return [name + _BY_GENDER[voice.gender] for name in dict.fromkeys(names)]
