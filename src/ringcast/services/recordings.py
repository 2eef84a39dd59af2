"""Recordings: found, heard, deleted; and completed after a crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from ringcast.domain.calls import Call
from ringcast.domain.errors import Conflict, NotFound, Unavailable
from ringcast.domain.ids import AccountId, CallId, RecordingId
from ringcast.domain.recordings import Recording, RecordingState
from ringcast.ports.clock import Clock
from ringcast.ports.recording_archive import RecordingArchive, UnusableRecording
from ringcast.ports.store import Page, Store

__all__ = [
    "CompleteAbandonedRecordings",
    "DeleteRecording",
    "FindRecordings",
    "GetNamedRecording",
    "GetRecording",
    "RecordingAudio",
    "RecordingDetails",
    "RecordingFormat",
    "RecordingNotReady",
    "RecordingsOfCall",
]

log = logging.getLogger(__name__)

_PERIOD: Final = 60.0  # seconds
_GRACE: Final = timedelta(minutes=1)
"""How long after the end of an attempt its recordings are left to the process that made them."""
_BATCH: Final = 20


class RecordingNotReady(Conflict):
    """The recording cannot be heard: it is being made, or could not be."""

    def __init__(self, recording: Recording) -> None:
        why = (
            "is still being made"
            if recording.state is RecordingState.RECORDING
            else "could not be made"
        )
        super().__init__(f"recording {recording.id} {why}")
        self.recording = recording


class RecordingFormat(StrEnum):
    """A form in which a recording can be fetched."""

    WAV = "wav"
    MP3 = "mp3"


@dataclass(frozen=True, slots=True)
class RecordingDetails:
    """A recording and the call it is of."""

    recording: Recording
    call: Call


class GetRecording:
    """Look at one recording."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, recording_id: RecordingId) -> RecordingDetails:
        """Return the recording with its call; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            recording = await tx.recording(account_id, recording_id)
            call = None if recording is None else await tx.call(account_id, recording.call_id)
        if recording is None or call is None:
            raise NotFound("recording", recording_id)
        return RecordingDetails(recording, call)


class RecordingsOfCall:
    """Look at the recordings of a call."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, call_id: CallId) -> Sequence[RecordingDetails]:
        """Return them first to last; raise NotFound if the account has no such call."""
        async with self._store.begin(read_only=True) as tx:
            call = await tx.call(account_id, call_id)
            if call is None:
                raise NotFound("call", call_id)
            found = await tx.recordings_of([call_id])
        return [RecordingDetails(one, call) for one in found[call_id]]


class GetNamedRecording:
    """Look at a recording of a call by its name."""

    def __init__(self, *, store: Store) -> None:
        self._of_call = RecordingsOfCall(store=store)

    async def __call__(self, account_id: AccountId, call_id: CallId, name: str) -> RecordingDetails:
        """Return the newest of that name; one without a name has its number. Raises NotFound."""
        found = await self._of_call(account_id, call_id)
        for one in reversed(found):
            if name == (one.recording.name or str(one.recording.id)):
                return one
        raise NotFound("recording", name)


class FindRecordings:
    """List recordings of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self,
        account_id: AccountId,
        page: Page,
        *,
        call_id: CallId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sequence[Recording], int]:
        """Return a page of recordings, newest first, and how many there are in all.

        `since` and `until` limit when they began, the second excluded.
        """
        async with self._store.begin(read_only=True) as tx:
            return await tx.recordings(account_id, page, call_id=call_id, since=since, until=until)


class RecordingAudio:
    """Fetch the file of a recording."""

    def __init__(self, *, archive: RecordingArchive) -> None:
        self._archive = archive

    async def __call__(self, recording: Recording, audio_format: RecordingFormat) -> Path:
        """Return a file in that format; raise RecordingNotReady, Unavailable."""
        if recording.state is not RecordingState.READY:
            raise RecordingNotReady(recording)
        account_id, recording_id = recording.account_id, recording.id
        if audio_format is RecordingFormat.WAV:
            return await self._archive.wav(account_id, recording_id)
        return await self._archive.mp3(account_id, recording_id)


class DeleteRecording:
    """Delete a recording with its files."""

    def __init__(self, *, store: Store, archive: RecordingArchive) -> None:
        self._store = store
        self._archive = archive

    async def __call__(self, account_id: AccountId, recording_id: RecordingId) -> None:
        """Delete it; raise NotFound, and RecordingNotReady while it is being made."""
        async with self._store.begin() as tx:
            recording = await tx.recording(account_id, recording_id, for_update=True)
            if recording is None:
                raise NotFound("recording", recording_id)
            if not recording.state.is_final:
                raise RecordingNotReady(recording)
            await tx.delete_recording(account_id, recording_id)
            await tx.commit()
        await self._archive.delete(account_id, recording_id)


class CompleteAbandonedRecordings:
    """Give an end to recordings whose process died: what is in their files is kept."""

    def __init__(self, *, store: Store, archive: RecordingArchive, clock: Clock) -> None:
        self._store = store
        self._archive = archive
        self._clock = clock

    async def __call__(self) -> int:
        """Complete those there are; return how many."""
        done = 0
        while True:
            now = self._clock.now()
            async with self._store.begin() as tx:
                found = await tx.abandoned_recordings(now - _GRACE, _BATCH)
                if not found:
                    return done
                for recording in found:
                    await tx.update_recording(await self._ended(recording, now))
                await tx.commit()
            done += len(found)
            log.warning("recordings of a dead process completed", extra={"recordings": len(found)})

    async def run(self) -> None:
        """Do so until cancelled."""
        while True:
            try:
                await self()
            except Unavailable:
                log.warning("store or disk unavailable, abandoned recordings wait")
            await asyncio.sleep(_PERIOD)

    async def _ended(self, recording: Recording, now: datetime) -> Recording:
        try:
            file = await self._archive.complete(recording.account_id, recording.id)
        except UnusableRecording:
            return recording.failed(now=now)
        return recording.completed(
            now=now,
            length=file.length,
            channels=file.channels,
            size=file.size,
            digest=file.digest,
        )
