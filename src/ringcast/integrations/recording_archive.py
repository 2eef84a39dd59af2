"""Recordings as WAV files in a directory, a directory in it for each account.

A recording is `<id>.wav`, playable at any moment while it grows; `<id>.mp3` is added when first
asked for. Several servers may share the directory.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import struct
import uuid
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar
from weakref import WeakValueDictionary

import msgspec

from ringcast.audio import silence, wav
from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import AccountId, RecordingId
from ringcast.integrations import audio_messages as messages
from ringcast.integrations.worker_process import WorkerDied, WorkerProcess, WorkerTimedOut
from ringcast.ports.recording_archive import ArchivedFile, UnusableRecording

__all__ = ["RecordingDirectory"]

T = TypeVar("T")

_HEADER: Final = len(wav.header(wav.Encoding.PCM, rate=8000, channels=1, frames=0))
_CHANNELS: Final = struct.Struct("<H")
_CHANNELS_AT: Final = 22  # in the fmt chunk, which comes first
_NUMBER: Final = struct.Struct("<I")
_MEMORY: Final = 1024**3
_ANSWERS: Final[msgspec.msgpack.Decoder[Any]] = msgspec.msgpack.Decoder(messages.Answer)
_ENCODING_SECONDS: Final = 30.0
_ENCODING_PER_SECOND: Final = 1 / 30
"""CPU seconds for a second of sound: several times what it takes."""


class RecordingDirectory:
    """Keeps recordings in a directory (implements `ports.recording_archive.RecordingArchive`).

    MP3 is made by a process of its own, started when first needed. `close` when done.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self._encoder = WorkerProcess("ringcast.integrations.audio_process", str(_MEMORY))
        self._locks: WeakValueDictionary[RecordingId, asyncio.Lock] = WeakValueDictionary()

    async def close(self) -> None:
        """End the encoder."""
        await self._encoder.close()

    async def place(self, account_id: AccountId, recording_id: RecordingId) -> Path:
        """Return where the engine writes the file, in a directory that is there."""
        path = self._path(account_id, recording_id)
        await _on_disk(asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True))
        return path

    async def complete(
        self,
        account_id: AccountId,
        recording_id: RecordingId,
        *,
        trim_silence: bool = False,
        only_sent: bool = False,
    ) -> ArchivedFile:
        """See that a file that was written is on the disk, and describe it."""
        path = self._path(account_id, recording_id)
        try:
            if trim_silence or only_sent:
                await _on_disk(asyncio.to_thread(_cut, path, trim_silence, only_sent))
            return await _on_disk(asyncio.to_thread(_complete, path))
        except (FileNotFoundError, wav.BadWav) as exc:
            raise UnusableRecording(recording_id) from exc

    async def wav(self, account_id: AccountId, recording_id: RecordingId) -> Path:
        """Return the WAV file."""
        path = self._path(account_id, recording_id)
        if not await _on_disk(asyncio.to_thread(path.is_file)):
            raise UnusableRecording(recording_id)
        return path

    async def mp3(self, account_id: AccountId, recording_id: RecordingId) -> Path:
        """Return the MP3 file."""
        source = await self.wav(account_id, recording_id)
        target = source.with_suffix(".mp3")
        lock = self._locks.get(recording_id)
        if lock is None:
            lock = self._locks[recording_id] = asyncio.Lock()
        async with lock:  # asked for twice at once it is made once
            if not await _on_disk(asyncio.to_thread(target.exists)):
                await self._encode(source, target)
        return target

    async def delete(self, account_id: AccountId, recording_id: RecordingId) -> None:
        """Delete all files."""
        path = self._path(account_id, recording_id)
        for one in (path.with_suffix(".mp3"), path):
            await _on_disk(asyncio.to_thread(one.unlink, missing_ok=True))

    async def _encode(self, source: Path, target: Path) -> None:
        size = (await _on_disk(asyncio.to_thread(source.stat))).st_size
        seconds = _ENCODING_SECONDS + size / 16_000 * _ENCODING_PER_SECOND
        beside = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
        request = messages.EncodeWavAsMp3(wav=str(source), mp3=str(beside), cpu_seconds=seconds)
        try:
            answer = _ANSWERS.decode(
                await self._encoder.ask(msgspec.msgpack.encode(request), timeout=3 * seconds)
            )
            if not isinstance(answer, messages.Done):
                raise Unavailable(f"the recording could not be made MP3: {answer.reason}")
            await _on_disk(asyncio.to_thread(beside.replace, target))
        except (WorkerDied, WorkerTimedOut) as exc:
            raise Unavailable("the recording could not be made MP3: try again") from exc
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)

    def _path(self, account_id: AccountId, recording_id: RecordingId) -> Path:
        return self._directory / str(account_id) / f"{recording_id}.wav"


async def _on_disk(work: Awaitable[T]) -> T:
    """Return what the work returns; a disk that fails is Unavailable, a missing file is not."""
    try:
        return await work
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise Unavailable(f"recordings cannot be kept or read: {exc.strerror or exc}") from exc


def _cut(path: Path, trim: bool, only_sent: bool) -> None:
    """Cut off the silence of a file, or the channel of what was received: whole or not at all."""
    read = wav.read(path.read_bytes())
    kept = read.samples[:, -1:] if only_sent else read.samples
    if trim:
        heard = wav.Wav(read.rate, kept.shape[1], kept).mono()
        kept = kept[silence.spoken_span(heard)]
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("xb") as file:
            file.write(wav.write(kept, read.rate))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _complete(path: Path) -> ArchivedFile:
    with path.open("r+b") as file:
        channels, frames = _mended(file)
        os.fsync(file.fileno())
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _sync_directory(path.parent)
    return ArchivedFile(
        length=timedelta(seconds=frames / 8000), channels=channels, size=size, digest=digest
    )


def _mended(file: BinaryIO) -> tuple[int, int]:
    """Make the header say what is there; return the channels and frames.

    Whoever writes says after each stretch how long the file is by then: if it is killed between the
    two, or the power fails, the header speaks of less or more than there is.
    """
    header = file.read(_HEADER)
    if len(header) < 44 or header[:4] != b"RIFF" or header[8:16] != b"WAVEfmt ":
        raise wav.BadWav("the header of the recording is not there")
    (channels,) = _CHANNELS.unpack_from(header, _CHANNELS_AT)
    data = header.find(b"data", 36)
    if not 1 <= channels <= wav.MAX_CHANNELS or not 36 <= data <= _HEADER - 8:
        raise wav.BadWav("the header of the recording is broken")
    begin, block = data + 8, 2 * channels
    frames = (file.seek(0, os.SEEK_END) - begin) // block
    end = begin + frames * block
    file.truncate(end)
    numbers = {4: end - 8, data + 4: frames * block}
    fact = header.find(b"fact", 36, data)
    if fact >= 0:
        numbers[fact + 8] = frames
    for place, number in numbers.items():
        if _NUMBER.unpack_from(header, place) != (number,):
            file.seek(place)
            file.write(_NUMBER.pack(number))
    file.flush()
    return channels, frames


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
