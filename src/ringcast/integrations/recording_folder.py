"""Recordings of calls as WAV files in a folder."""

from __future__ import annotations

import asyncio
import os
import uuid
from datetime import timedelta
from pathlib import Path

from ringcast.audio import silence, wav
from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import RecordingId
from ringcast.domain.programs import CallFacts
from ringcast.ports.clock import Clock
from ringcast.ports.recording_files import KeptRecording, RecordingPlace
from ringcast.ports.store import Store

__all__ = ["RecordingFolder"]


class RecordingFolder:
    """Keeps recordings under their identifiers, a folder for each account (`RecordingFiles`)."""

    def __init__(self, folder: Path, *, store: Store, clock: Clock) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock

    async def begin(self, call: CallFacts, name: str | None) -> RecordingPlace:
        """Return a place for a recording."""
        (number,) = await self._store.take_ids(1, self._clock.now())
        folder = self._folder / str(call.account_id)
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"recordings cannot be kept in {folder}: {error.strerror}") from error
        return RecordingPlace(id=RecordingId(number), path=folder / f"{number}.wav", name=name)

    async def finish(
        self, place: RecordingPlace, length: timedelta, *, trim_silence: bool = False
    ) -> KeptRecording:
        """Keep what was written, and cut the silence off."""
        if trim_silence:
            try:
                length = await asyncio.to_thread(_trim, place.path)
            except (OSError, wav.BadWav) as error:
                raise Unavailable(f"{place.path} could not be trimmed: {error}") from error
        return KeptRecording(id=place.id, length=length)


def _trim(path: Path) -> timedelta:
    """Cut off the silence of a file, whole or not at all; return how long it is then."""
    read = wav.read(path.read_bytes())
    spoken = silence.spoken_part(read.mono())
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("xb") as file:
            file.write(wav.write(spoken, read.rate))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return timedelta(seconds=len(spoken) / read.rate)
