"""Spoken texts in the audio store, each spoken once."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from pathlib import Path
from weakref import WeakValueDictionary

from ringcast.ports.audio import AudioNotFound, AudioStore, AudioUnavailable, ImportedAudio
from ringcast.ports.speech import SpeechSynthesizer, Voice

__all__ = ["StoredSpeech"]


class StoredSpeech:
    """Speaks texts into the audio store (implements `ports.speech.Speech`).

    What was spoken is remembered in `directory`: a small file named by the hash of engine, voice
    and text, which holds the digest of the sound. Several servers may share it.
    """

    def __init__(
        self, synthesizer: SpeechSynthesizer, audio: AudioStore, *, directory: Path
    ) -> None:
        self._synthesizer = synthesizer
        self._audio = audio
        self._directory = directory
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def speak(self, text: str, voice: Voice) -> ImportedAudio:
        """Return the stored sound of the text; raise as the synthesiser and the store do."""
        key = _key(self._synthesizer.name, voice, text)
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        async with lock:  # the same text twice at once is spoken once
            known = await asyncio.to_thread(self._remembered, key)
            if known is not None:
                return known
            spoken = await self._synthesizer.synthesize(text, voice)
            imported = await self._audio.import_samples(spoken.samples, spoken.rate)
            try:
                await asyncio.to_thread(self._remember, key, imported.digest)
            except OSError as exc:
                raise AudioUnavailable(exc.strerror or str(exc)) from exc
            return imported

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / key

    def _remembered(self, key: str) -> ImportedAudio | None:
        try:
            return self._audio.describe(self._path(key).read_text(encoding="ascii"))
        except (FileNotFoundError, UnicodeDecodeError, AudioNotFound):
            return None  # never spoken, or cut off by a power failure

    def _remember(self, key: str, digest: str) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{key}.{uuid.uuid4().hex}")
        try:
            with temporary.open("x", encoding="ascii") as file:
                file.write(digest)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _key(engine: str, voice: Voice, text: str) -> str:
    parts = (engine, voice.name, voice.language, voice.gender, text)
    # Lengths first, so that no two lists of parts look the same; lone surrogates are kept apart.
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.sha256(
        b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    ).hexdigest()
