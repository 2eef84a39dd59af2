"""Recordings are found, heard, deleted, and completed after a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.errors import IllegalTransition, NotFound, Unavailable
from ringcast.domain.ids import AttemptId, CallId, RecordingId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import CallFacts
from ringcast.domain.recordings import Recording, RecordingSource, RecordingState
from ringcast.integrations.recording_archive import RecordingDirectory
from ringcast.ports.store import Page
from ringcast.services.recording_files import KeepRecordings
from ringcast.services.recordings import (
    CompleteAbandonedRecordings,
    DeleteRecording,
    FindRecordings,
    GetNamedRecording,
    GetRecording,
    RecordingAudio,
    RecordingFormat,
    RecordingNotReady,
    RecordingsOfCall,
)
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock
from tests.fakes.sound_library import wav_file

TO = PhoneNumber("12135550142")


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[RecordingDirectory]:
    archive = RecordingDirectory(tmp_path / "recordings")
    yield archive
    await archive.close()


@pytest.fixture
async def attempt(store: SqlStore, account: Account, clock: ManualClock) -> Attempt:
    """An attempt that has ended just now."""
    now = clock.now()
    call_id, attempt_id = await store.take_ids(2, now)
    call = Call(
        id=CallId(call_id),
        account_id=account.id,
        to=TO,
        to_text=str(TO),
        from_number=None,
        script=Script(instructions=()),
        state=CallState.FINISHED,
        created_at=now,
        updated_at=now,
        due_at=now,
    )
    attempt = Attempt(
        id=AttemptId(attempt_id),
        call_id=call.id,
        account_id=account.id,
        number=1,
        to=TO,
        from_number=None,
        state=AttemptState.ENDED,
        created_at=now,
        ended_at=now,
        holder="server",
        holder_until=now,
    )
    async with store.begin() as tx:
        await tx.add_calls([call])
        await tx.add_attempts([attempt])
        await tx.commit()
    return attempt


async def begun(
    store: SqlStore, attempt: Attempt, name: str | None = None, **members: Any
) -> Recording:
    (number,) = await store.take_ids(1, attempt.created_at)
    recording = Recording(
        id=RecordingId(number),
        account_id=attempt.account_id,
        call_id=attempt.call_id,
        attempt_id=attempt.id,
        state=RecordingState.RECORDING,
        source=RecordingSource.CALL,
        created_at=attempt.created_at,
        name=name,
    )
    recording = replace(recording, **members)
    async with store.begin() as tx:
        await tx.add_recording(recording)
        await tx.commit()
    return recording


async def test_recordings_are_found_by_whoever_has_the_call(
    store: SqlStore, account: Account, stranger: Account, attempt: Attempt
) -> None:
    first = await begun(store, attempt, "name")
    second = await begun(store, attempt, "name")
    unnamed = await begun(store, attempt)
    get, of_call = GetRecording(store=store), RecordingsOfCall(store=store)
    named, find = GetNamedRecording(store=store), FindRecordings(store=store)

    assert (await get(account.id, first.id)).recording == first
    assert (await get(account.id, first.id)).call.id == attempt.call_id
    found = await of_call(account.id, attempt.call_id)
    assert [one.recording for one in found] == [first, second, unnamed]
    assert (await named(account.id, attempt.call_id, "name")).recording == second
    assert (await named(account.id, attempt.call_id, str(unnamed.id))).recording == unnamed
    assert await find(account.id, Page(limit=2)) == ([unnamed, second], 3)
    assert await find(stranger.id, Page()) == ([], 0)
    with pytest.raises(NotFound, match="recording"):
        await get(stranger.id, first.id)
    with pytest.raises(NotFound, match="call"):
        await of_call(stranger.id, attempt.call_id)
    with pytest.raises(NotFound, match="recording other"):
        await named(account.id, attempt.call_id, "other")


async def test_recording_of_a_dead_process_is_completed_with_what_there_is(
    store: SqlStore,
    account: Account,
    attempt: Attempt,
    archive: RecordingDirectory,
    clock: ManualClock,
) -> None:
    kept, lost = await begun(store, attempt), await begun(store, attempt)
    path = await archive.place(account.id, kept.id)
    path.write_bytes(wav_file(2))
    complete = CompleteAbandonedRecordings(store=store, archive=archive, clock=clock)
    get = GetRecording(store=store)

    clock.advance(59)
    assert await complete() == 0  # whoever made them may still be about it
    clock.advance(2)
    assert await complete() == 2
    assert await complete() == 0

    ready = (await get(account.id, kept.id)).recording
    assert (ready.state, ready.length) == (RecordingState.READY, timedelta(seconds=2))
    assert (ready.ended_at, ready.channels) == (clock.now(), 1)
    assert (await get(account.id, lost.id)).recording.state is RecordingState.FAILED


async def test_only_a_recording_that_is_ready_can_be_heard(
    store: SqlStore, account: Account, attempt: Attempt, archive: RecordingDirectory
) -> None:
    audio = RecordingAudio(archive=archive)
    running = await begun(store, attempt)
    path = await archive.place(account.id, running.id)
    path.write_bytes(wav_file(1))

    with pytest.raises(RecordingNotReady, match="is still being made"):
        await audio(running, RecordingFormat.WAV)
    with pytest.raises(RecordingNotReady, match="could not be made"):
        await audio(running.failed(now=attempt.created_at), RecordingFormat.MP3)
    ready = replace(running, state=RecordingState.READY)
    assert await audio(ready, RecordingFormat.WAV) == path
    assert (await audio(ready, RecordingFormat.MP3)).suffix == ".mp3"


async def test_recording_is_deleted_with_its_files_once_it_has_ended(
    store: SqlStore,
    account: Account,
    stranger: Account,
    attempt: Attempt,
    archive: RecordingDirectory,
) -> None:
    delete = DeleteRecording(store=store, archive=archive)
    running = await begun(store, attempt)
    ready = await begun(store, attempt, state=RecordingState.READY)
    path = await archive.place(account.id, ready.id)
    path.write_bytes(wav_file(1))

    with pytest.raises(RecordingNotReady):
        await delete(account.id, running.id)
    with pytest.raises(NotFound):
        await delete(stranger.id, ready.id)
    assert path.exists()
    await delete(account.id, ready.id)

    assert not path.exists()
    with pytest.raises(NotFound):
        await delete(account.id, ready.id)


async def test_recording_ends_once(store: SqlStore, attempt: Attempt) -> None:
    ended = (await begun(store, attempt)).failed(now=attempt.created_at)

    with pytest.raises(IllegalTransition):
        ended.failed(now=attempt.created_at)
    with pytest.raises(IllegalTransition):
        ended.completed(
            now=attempt.created_at, length=timedelta(), channels=1, size=0, digest="0" * 64
        )


async def test_recording_is_written_down_when_it_begins_and_when_it_is_complete(
    store: SqlStore,
    account: Account,
    attempt: Attempt,
    archive: RecordingDirectory,
    clock: ManualClock,
) -> None:
    keep = KeepRecordings(
        store=store, archive=archive, clock=clock, url_of="http://here/{}.mp3".format
    )
    get = GetRecording(store=store)
    facts = CallFacts(
        call_id=attempt.call_id,
        attempt_id=attempt.id,
        account_id=account.id,
        to=TO,
        from_number=None,
        answered_at=None,
    )

    place = await keep.begin(facts, "n" * 300, source=RecordingSource.MESSAGE)
    begun = (await get(account.id, place.id)).recording
    place.path.write_bytes(wav_file(1))
    clock.advance(2)
    kept = await keep.finish(place, timedelta(seconds=1))
    ready = (await get(account.id, place.id)).recording
    again = await keep.finish(place, timedelta(seconds=1))

    assert begun.state is RecordingState.RECORDING
    assert (begun.source, begun.name) == (RecordingSource.MESSAGE, "n" * 255)
    assert (ready.state, ready.ended_at) == (RecordingState.READY, clock.now())
    assert kept == again
    assert kept.url == f"http://here/{place.id}.mp3"
    assert kept.length == ready.length > timedelta(seconds=0.9)


async def test_recording_without_a_file_has_failed(
    store: SqlStore,
    account: Account,
    attempt: Attempt,
    archive: RecordingDirectory,
    clock: ManualClock,
) -> None:
    keep = KeepRecordings(store=store, archive=archive, clock=clock)
    facts = CallFacts(
        call_id=attempt.call_id,
        attempt_id=attempt.id,
        account_id=account.id,
        to=TO,
        from_number=None,
        answered_at=None,
    )
    place = await keep.begin(facts, None, source=RecordingSource.CALL)

    with pytest.raises(Unavailable, match="could not be kept"):
        await keep.finish(place, timedelta(seconds=1))

    found = await GetRecording(store=store)(account.id, place.id)
    assert found.recording.state is RecordingState.FAILED
