"""Recording to WAV: the tick hands over stretches of G.711, a thread decodes and writes them."""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ringcast.audio import g711, wav
from ringcast.media.messages import Codec

DECODE: dict[Codec, NDArray[np.int16]] = {"PCMU": g711.ULAW_DECODE, "PCMA": g711.ALAW_DECODE}


@dataclass(slots=True, eq=False)
class RecordingFile:
    """A growing WAV file, 16 bit 8 kHz, playable at any moment up to the last stretch.

    With one channel what is received and what is sent are mixed, with two they are beside each
    other, what is received on the left.

    The header is written anew after each stretch, so that a process that is killed leaves a whole
    file. Used by the writer thread only.
    """

    stream: int
    recording: int
    path: str
    codec: Codec
    channels: int = 1
    error: str | None = None
    samples: int = 0
    _fd: int = field(default=-1)

    @property
    def seconds(self) -> float:
        """How much has been written."""
        return self.samples / 8000

    def open(self) -> None:
        """Create the file (or empty it); an OSError is kept in `error`."""
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
            self._write_header()
        except OSError as exc:
            self._fail(exc)

    def append(self, received: bytes, sent: bytes | None) -> None:
        """Add a stretch of audio, with what was sent at the same time if that is given."""
        if self.error is not None or not received:
            return
        table = DECODE[self.codec]
        audio = table[np.frombuffer(received, np.uint8)]
        samples = len(audio)
        if self.channels == 2:
            own = np.zeros_like(audio) if sent is None else table[np.frombuffer(sent, np.uint8)]
            audio = np.stack([audio, own], axis=1).reshape(-1)
        elif sent is not None:
            both = audio.astype(np.int32) + table[np.frombuffer(sent, np.uint8)]
            audio = np.clip(both, -32768, 32767).astype(np.int16)
        try:
            place = HEADER_SIZE + 2 * self.channels * self.samples
            _write_all(self._fd, audio.astype("<i2", copy=False).tobytes(), place)
            self.samples += samples
            self._write_header()
        except OSError as exc:
            self._fail(exc)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write_header(self) -> None:
        header = wav.header(
            wav.Encoding.PCM, rate=8000, channels=self.channels, frames=self.samples
        )
        _write_all(self._fd, header, 0)

    def _fail(self, exc: OSError) -> None:
        self.error = f"{self.path}: {exc.strerror or exc}"


HEADER_SIZE = len(wav.header(wav.Encoding.PCM, rate=8000, channels=1, frames=0))


def _write_all(fd: int, data: bytes, place: int) -> None:
    while data:
        written = os.pwrite(fd, data, place)
        data = data[written:]
        place += written


@dataclass(frozen=True, slots=True)
class _Stretch:
    file: RecordingFile
    received: bytes
    sent: bytes | None
    is_last: bool


_Job: TypeAlias = RecordingFile | _Stretch | None


class Writer:
    """The thread that writes all recordings of a worker, so that no disk holds up the tick."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._finished: deque[RecordingFile] = deque()
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    def open(self, file: RecordingFile) -> None:
        """Create a recording's file, soon."""
        self._jobs.put(file)

    def append(
        self, file: RecordingFile, received: bytes, sent: bytes | None, *, is_last: bool = False
    ) -> None:
        """Write a stretch, soon; after the last one the file appears in `finished`."""
        self._jobs.put(_Stretch(file, received, sent, is_last))

    def finished(self) -> list[RecordingFile]:
        """Return the files closed since the last call."""
        files = []
        while self._finished:
            files.append(self._finished.popleft())
        return files

    def close(self, *, timeout: float) -> None:
        """Write what is left and end the thread; give up after `timeout` seconds."""
        self._jobs.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if isinstance(job, RecordingFile):
                job.open()
                continue
            job.file.append(job.received, job.sent)
            if job.is_last:
                job.file.close()
                self._finished.append(job.file)
