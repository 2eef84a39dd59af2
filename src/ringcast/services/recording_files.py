"""Recordings that are being made, written down when they begin and when they are complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ringcast.domain.errors import NotFound, Unavailable
from ringcast.domain.ids import RecordingId, SubscriptionId
from ringcast.domain.programs import CallFacts
from ringcast.domain.recordings import Recording, RecordingSource, RecordingState
from ringcast.domain.subscriptions import Follower
from ringcast.ports.clock import Clock
from ringcast.ports.recording_archive import ArchivedFile, RecordingArchive, UnusableRecording
from ringcast.ports.recording_files import KeptRecording, RecordingPlace
from ringcast.ports.store import Store

__all__ = ["KeepRecordings"]

_MOST_NAME: Final = 255  # characters


class KeepRecordings:
    """Keeps recordings in the store and in an archive (`ports.recording_files.RecordingFiles`)."""

    def __init__(
        self,
        *,
        store: Store,
        archive: RecordingArchive,
        clock: Clock,
        url_of: Callable[[RecordingId], str] = lambda _: "",
    ) -> None:
        """`url_of` says where the account's programs can fetch a recording."""
        self._url_of = url_of
        self._store = store
        self._archive = archive
        self._clock = clock

    async def begin(
        self,
        call: CallFacts,
        name: str | None,
        *,
        source: RecordingSource,
        follower: Follower | None = None,
    ) -> RecordingPlace:
        """Write down that a recording begins, and return its place."""
        now = self._clock.now()
        number, subscription_id = await self._store.take_ids(2, now)
        recording = Recording(
            id=RecordingId(number),
            account_id=call.account_id,
            call_id=call.call_id,
            attempt_id=call.attempt_id,
            state=RecordingState.RECORDING,
            source=source,
            created_at=now,
            name=None if name is None else name[:_MOST_NAME],
        )
        path = await self._archive.place(call.account_id, recording.id)
        async with self._store.begin() as tx:
            await tx.add_recording(recording)
            if follower is not None:
                options = {**follower.options, "recording": str(recording.id)}
                await tx.add_subscription(
                    replace(follower, options=options).following(
                        SubscriptionId(subscription_id),
                        call.account_id,
                        call.call_id,
                        at=now,
                    )
                )
            await tx.commit()
        return RecordingPlace(
            id=recording.id, account_id=call.account_id, path=path, name=recording.name
        )

    async def finish(
        self,
        place: RecordingPlace,
        length: timedelta,
        *,
        trim_silence: bool = False,
        only_sent: bool = False,
    ) -> KeptRecording:
        """See that the file is on the disk, and write down that it is complete."""
        try:
            file = await self._archive.complete(
                place.account_id, place.id, trim_silence=trim_silence, only_sent=only_sent
            )
        except UnusableRecording as error:
            await self._end(place, None)
            raise Unavailable(f"recording {place.id} could not be kept") from error
        recording = await self._end(place, file)
        return KeptRecording(id=place.id, length=recording.length, url=self._url_of(place.id))

    async def _end(self, place: RecordingPlace, file: ArchivedFile | None) -> Recording:
        now = self._clock.now()
        async with self._store.begin() as tx:
            recording = await tx.recording(place.account_id, place.id, for_update=True)
            if recording is None:
                raise NotFound("recording", place.id)
            if recording.state.is_final:  # another process took it for abandoned
                return recording
            if file is None:
                recording = recording.failed(now=now)
            else:
                recording = recording.completed(
                    now=now,
                    length=file.length,
                    channels=file.channels,
                    size=file.size,
                    digest=file.digest,
                )
            await tx.update_recording(recording)
            await tx.commit()
        return recording
