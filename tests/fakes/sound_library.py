"""Audio and speech kept in memory, for tests of what is done with sounds."""

from __future__ import annotations

import asyncio
import hashlib
import io
import wave
from pathlib import Path

from ringcast.ports.audio import AudioEmpty, AudioNotFound, ImportedAudio, UnreadableAudio
from ringcast.ports.speech import UnspeakableText, Voice


def wav_file(seconds: float, *, level: int = 1000) -> bytes:
    """Return a WAV file, 8,000 samples a second, all of the same level."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(level.to_bytes(2, "little", signed=True) * round(8000 * seconds))
    return out.getvalue()


class MemoryAudio:
    """WAV files by digest (implements `ports.audio.AudioStore`, but for what lies on disk)."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[ImportedAudio, bytes]] = {}

    async def import_bytes(self, data: bytes) -> ImportedAudio:
        if not data:
            raise AudioEmpty
        try:
            with wave.open(io.BytesIO(data)) as file:
                seconds = file.getnframes() / file.getframerate()
        except (wave.Error, EOFError) as exc:
            raise UnreadableAudio("it is no WAV file") from exc
        digest = hashlib.sha256(data).hexdigest()
        imported = ImportedAudio(
            digest=digest, seconds=seconds, original_format="wav", size=len(data)
        )
        self._files[digest] = (imported, data)
        return imported

    async def import_file(self, path: Path) -> ImportedAudio:
        return await self.import_bytes(await asyncio.to_thread(path.read_bytes))

    async def import_samples(self, samples: bytes, rate: int) -> ImportedAudio:
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
            file.writeframes(samples)
        return await self.import_bytes(out.getvalue())

    def describe(self, digest: str) -> ImportedAudio:
        return self._found(digest)[0]

    def playable(self, digest: str) -> Path:
        raise AudioNotFound(digest)  # nothing lies on disk

    def original(self, digest: str) -> Path:
        raise AudioNotFound(digest)

    async def wav(self, digest: str) -> bytes:
        return self._found(digest)[1]

    async def mp3(self, digest: str) -> bytes:
        return b"ID3" + self._found(digest)[1]

    def _found(self, digest: str) -> tuple[ImportedAudio, bytes]:
        if digest not in self._files:
            raise AudioNotFound(digest)
        return self._files[digest]


class MemorySpeech:
    """Speaks a text as a level made of text and voice (implements `ports.speech.Speech`)."""

    def __init__(self, audio: MemoryAudio) -> None:
        self._audio = audio
        self.spoken: list[tuple[str, Voice]] = []

    async def speak(self, text: str, voice: Voice) -> ImportedAudio:
        if not any(c.isalnum() for c in text):
            raise UnspeakableText
        self.spoken.append((text, voice))
        level = int.from_bytes(hashlib.sha256(f"{voice}{text}".encode()).digest()[:2], "big") // 4
        return await self._audio.import_bytes(wav_file(0.05 * len(text), level=level))
