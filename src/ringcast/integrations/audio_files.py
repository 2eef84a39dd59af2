"""Sounds in a directory, decoded once, found by the hash of what was given.

A sound is four files named by its digest, in a directory named by the digest's first two digits:
`.orig` (as given), `.ulaw` and `.alaw` (what calls play) and `.json`, which is written last: a
sound without it does not exist. `.mp3` is added when first asked for. Files appear under their
names complete and on the disk, so that several servers may share the directory.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec
import numpy as np
from numpy.typing import NDArray

from ringcast.audio import g711, wav
from ringcast.integrations import audio_messages as messages
from ringcast.integrations.worker_process import WorkerDied, WorkerProcess, WorkerTimedOut
from ringcast.ports.audio import (
    AudioEmpty,
    AudioNotFound,
    AudioTooLarge,
    AudioTooLong,
    AudioTooShort,
    AudioUnavailable,
    ImportedAudio,
    UnreadableAudio,
)

__all__ = ["AudioImporter", "AudioLimits"]

RATE: Final = 8000
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 1024 * 1024
_ABANDONED_SECONDS: Final = 3600.0
_ANSWERS: Final[msgspec.msgpack.Decoder[Any]] = msgspec.msgpack.Decoder(messages.Answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioLimits:
    """What an import may cost."""

    max_bytes: int = 50 * 1024 * 1024
    max_seconds: float = 3600.0
    min_seconds: float = 0.02
    """One packet: less cannot be played."""
    cpu_seconds: float = 60.0
    wall_seconds: float = 120.0
    """How long the decoder may work on one file, without the time it waits for its turn."""
    memory_bytes: int = 1024**3
    """Address space of the decoder: 250 MB for its libraries, and 130 MB an hour of sound."""


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a sound's `.json`."""

    samples: int
    original_format: str
    size: int


class AudioImporter:
    """Imports sounds into a directory and reads them back (implements `ports.audio.AudioStore`).

    Decoding runs in one process of its own, started when first needed and again when it was lost.
    Belongs to one event loop; `close` when done.
    """

    def __init__(self, directory: Path, *, limits: AudioLimits | None = None) -> None:
        self._directory = directory.absolute()
        self._incoming = self._directory / "incoming"
        self._limits = limits or AudioLimits()
        self._decoder = WorkerProcess(
            "ringcast.integrations.audio_process", str(self._limits.memory_bytes)
        )
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()

    @property
    def decoder_pid(self) -> int | None:
        """The id of the decoder's process, or None while none runs."""
        return self._decoder.pid

    async def start(self) -> None:
        """Start the decoder now, so that the first import does not wait for it."""
        await self._decoder.start()

    async def close(self) -> None:
        """End the decoder."""
        await self._decoder.close()

    async def import_bytes(self, data: bytes) -> ImportedAudio:
        """Store the sound of an uploaded file."""
        self._check_size(len(data))
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if (known := self._find(digest)) is not None:
            return known
        with self._temporary() as given:
            await _on_disk(_write_chunks, given, [data])
            return await self._import(given, digest, len(data))

    async def import_file(self, path: Path) -> ImportedAudio:
        """Store the sound of a file, which is copied: it may change or go away afterwards."""
        with self._temporary() as given:
            digest, size = await _on_disk(_copy, path, given, self._limits.max_bytes)
            self._check_size(size)
            return await self._import(given, digest, size)

    async def import_samples(self, samples: bytes, rate: int) -> ImportedAudio:
        """Store mono 16-bit little-endian samples; their original is a WAV file."""
        array = np.frombuffer(samples, dtype="<i2")
        return await self.import_bytes(await asyncio.to_thread(wav.write, array, rate))

    def describe(self, digest: str) -> ImportedAudio:
        """Return what the import of this sound returned."""
        found = self._find(digest)
        if found is None:
            raise AudioNotFound(digest)
        return found

    def playable(self, digest: str) -> Path:
        """Return the raw µ-law file; the same name with `.alaw` holds the sound in A-law."""
        self.describe(digest)
        return self._path(digest, ".ulaw")

    def original(self, digest: str) -> Path:
        """Return the file holding the bytes as they were given."""
        self.describe(digest)
        return self._path(digest, ".orig")

    async def samples(self, digest: str) -> NDArray[np.int16]:
        """Return the linear samples as heard in a call, 8,000 a second, without padding."""
        path, length = self.playable(digest), self._entry(digest).samples
        return await asyncio.to_thread(lambda: g711.decode_ulaw(path.read_bytes()[:length]))

    async def wav(self, digest: str) -> bytes:
        """Return the sound as heard in a call: mono WAV, 16 bits, 8,000 samples a second."""
        samples = await self.samples(digest)
        return await asyncio.to_thread(wav.write, samples, RATE)

    async def mp3(self, digest: str) -> bytes:
        """Return the sound as heard in a call: mono MP3, 8,000 samples a second."""
        ulaw, target = self.playable(digest), self._path(digest, ".mp3")
        async with self._lock(digest):
            if not target.exists():
                with self._temporary() as mp3:
                    request = messages.EncodeMp3(
                        ulaw=str(ulaw),
                        samples=self._entry(digest).samples,
                        mp3=str(mp3),
                        cpu_seconds=self._limits.cpu_seconds,
                    )
                    await self._ask_decoder(request)
                    await _on_disk(_publish, [(mp3, target)])
        return await asyncio.to_thread(target.read_bytes)

    async def _import(self, given: Path, digest: str, size: int) -> ImportedAudio:
        async with self._lock(digest):  # the same bytes twice at once are decoded once
            if (known := self._find(digest)) is not None:
                return known
            with (
                self._temporary() as ulaw,
                self._temporary() as alaw,
                self._temporary() as entry,
            ):
                done = await self._ask_decoder(
                    messages.Decode(
                        source=str(given),
                        ulaw=str(ulaw),
                        alaw=str(alaw),
                        min_seconds=self._limits.min_seconds,
                        max_seconds=self._limits.max_seconds,
                        cpu_seconds=self._limits.cpu_seconds,
                    )
                )
                described = _Entry(samples=done.samples, original_format=done.form, size=size)
                await _on_disk(_write_chunks, entry, [msgspec.json.encode(described)])
                moves = [(given, ".orig"), (ulaw, ".ulaw"), (alaw, ".alaw"), (entry, ".json")]
                await _on_disk(
                    _publish, [(path, self._path(digest, suffix)) for path, suffix in moves]
                )
            return self.describe(digest)

    async def _ask_decoder(self, request: messages.Request) -> messages.Done:
        limits = self._limits
        try:
            data = await self._decoder.ask(
                msgspec.msgpack.encode(request), timeout=limits.wall_seconds
            )
        except WorkerDied as exc:
            if exc.used_its_cpu_time:
                raise UnreadableAudio(
                    f"decoding it takes more than {limits.cpu_seconds:g} seconds of CPU: "
                    "shorten it, or save it as WAV"
                ) from exc
            raise AudioUnavailable("the decoder ended unexpectedly") from exc
        except WorkerTimedOut as exc:
            raise AudioUnavailable(
                f"the decoder did not finish within {limits.wall_seconds:g} seconds"
            ) from exc
        answer: messages.Answer = _ANSWERS.decode(data)
        match answer:
            case messages.Done():
                return answer
            case messages.Failed(reason=reason):
                raise AudioUnavailable(reason)
            case messages.Refused(reason=messages.TOO_LONG):
                raise AudioTooLong(limit_seconds=limits.max_seconds)
            case messages.Refused(reason=messages.TOO_SHORT, seconds=seconds):
                raise AudioTooShort(seconds=seconds, minimum_seconds=limits.min_seconds)
            case messages.Refused(reason=reason):
                raise UnreadableAudio(reason)

    def _check_size(self, size: int) -> None:
        if size == 0:
            raise AudioEmpty
        if size > self._limits.max_bytes:
            raise AudioTooLarge(size=size, limit=self._limits.max_bytes)

    def _lock(self, digest: str) -> asyncio.Lock:
        lock = self._locks.get(digest)
        if lock is None:
            lock = self._locks[digest] = asyncio.Lock()
        return lock

    def _path(self, digest: str, suffix: str) -> Path:
        return self._directory / digest[:2] / f"{digest}{suffix}"

    def _find(self, digest: str) -> ImportedAudio | None:
        try:
            entry = self._entry(digest)
        except AudioNotFound:
            return None
        return ImportedAudio(
            digest=digest,
            seconds=entry.samples / RATE,
            original_format=entry.original_format,
            size=entry.size,
        )

    def _entry(self, digest: str) -> _Entry:
        if not _DIGEST.fullmatch(digest):  # it becomes part of a path
            raise AudioNotFound(digest)
        try:
            return msgspec.json.decode(self._path(digest, ".json").read_bytes(), type=_Entry)
        except FileNotFoundError as exc:
            raise AudioNotFound(digest) from exc

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        """Give a new name among the incoming files; what is left there is removed."""
        path = self._incoming / uuid.uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _remove_abandoned(self) -> None:
        """Remove what a server that was killed left behind; not what another is writing."""
        before = time.time() - _ABANDONED_SECONDS
        for path in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


async def _on_disk(function: Any, *arguments: Any) -> Any:
    """Run a function that reads or writes files in a thread."""
    try:
        return await asyncio.to_thread(function, *arguments)
    except OSError as exc:
        raise AudioUnavailable(exc.strerror or str(exc)) from exc


def _write_chunks(path: Path, chunks: Sequence[bytes]) -> None:
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _copy(source: Path, target: Path, limit: int) -> tuple[str, int]:
    """Copy a file and return its SHA-256 and size; stop copying where it is too large."""
    try:
        size = source.stat().st_size
        read = source.open("rb")
    except OSError as exc:
        raise UnreadableAudio(f"{source}: {exc.strerror}") from exc
    with read, target.open("wb") as written:
        if size > limit:
            return "", size
        shutil.copyfileobj(read, written, _CHUNK)
        written.flush()
        os.fsync(written.fileno())
    with target.open("rb") as copy:
        return hashlib.file_digest(copy, "sha256").hexdigest(), target.stat().st_size


def _publish(moves: Sequence[tuple[Path, Path]]) -> None:
    """Give complete files their names, in this order, and see that the names are on the disk."""
    directory = moves[0][1].parent
    directory.mkdir(exist_ok=True)
    *first, (last, name) = moves
    for path, target in first:
        path.replace(target)
    _sync_directory(directory)
    last.replace(name)
    _sync_directory(directory)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
