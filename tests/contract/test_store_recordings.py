"""Recordings last, and are found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ringcast.domain.calls import AttemptState
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import RecordingId
from ringcast.domain.recordings import RecordingSource, RecordingState
from ringcast.ports.store import Page, Store
from tests.contract.store_things import (
    NOW,
    SECOND,
    a_call,
    a_recording,
    an_account,
    an_attempt,
    kept,
)


async def test_recording_is_its_accounts_only(store: Store) -> None:
    account, other = an_account(), an_account()
    call = a_call(account)
    attempt = an_attempt(call)
    recording = a_recording(attempt, name="Straße ✓", source=RecordingSource.MESSAGE)
    recording = recording.completed(
        now=NOW, length=timedelta(seconds=3, microseconds=125), channels=2, size=2**33, digest="ab"
    )
    await kept(store, account, other, call, attempt, recording)

    async with store.begin(read_only=True) as tx:
        assert await tx.recording(account.id, recording.id) == recording
        assert await tx.recording(other.id, recording.id) is None


async def test_recordings_of_calls_come_first_to_last(store: Store) -> None:
    account = an_account()
    calls = [a_call(account) for _ in range(3)]
    attempts = [an_attempt(call) for call in calls]
    first, other, second = (a_recording(attempts[place]) for place in (0, 1, 0))
    await kept(store, account, *calls, *attempts, second, other, first)

    async with store.begin(read_only=True) as tx:
        found = await tx.recordings_of([call.id for call in calls])

    assert found == {calls[0].id: [first, second], calls[1].id: [other], calls[2].id: []}


async def test_recordings_are_listed_newest_first(store: Store) -> None:
    account, other = an_account(), an_account()
    call, another = a_call(account), a_call(account)
    attempt, another_attempt = an_attempt(call), an_attempt(another)
    mine = [a_recording(attempt, created_at=NOW + place * SECOND) for place in range(4)]
    more = a_recording(another_attempt)
    theirs = a_call(other)
    theirs_attempt = an_attempt(theirs)
    await kept(store, account, other, call, another, theirs, attempt, another_attempt)
    await kept(store, theirs_attempt, *mine, more, a_recording(theirs_attempt))

    async with store.begin(read_only=True) as tx:
        assert await tx.recordings(account.id, Page()) == ([more, *reversed(mine)], 5)
        assert await tx.recordings(account.id, Page(1, 2), call_id=call.id) == ([mine[1]], 4)
        later = await tx.recordings(account.id, Page(), since=NOW + SECOND, until=NOW + 3 * SECOND)
        assert later == ([mine[2], mine[1]], 2)
        assert await tx.recordings(other.id, Page(), call_id=call.id) == ([], 0)


async def test_recordings_are_abandoned_when_their_attempt_has_long_ended(store: Store) -> None:
    account = an_account()
    call = a_call(account)
    ended = an_attempt(call, state=AttemptState.ENDED, ended_at=NOW)
    lives = an_attempt(call, number=2)
    abandoned, complete = a_recording(ended), a_recording(ended, state=RecordingState.READY)
    await kept(store, account, call, ended, lives, abandoned, complete, a_recording(lives))

    async with store.begin() as tx:
        assert await tx.abandoned_recordings(NOW, 10) == []
        assert await tx.abandoned_recordings(NOW + SECOND, 10) == [abandoned]
        await tx.update_recording(abandoned.failed(now=NOW + SECOND))
        assert await tx.abandoned_recordings(NOW + SECOND, 10) == []
        await tx.commit()


async def test_recording_is_changed_and_deleted(store: Store) -> None:
    account, other = an_account(), an_account()
    call = a_call(account)
    attempt = an_attempt(call)
    recording = a_recording(attempt)
    await kept(store, account, other, call, attempt, recording)
    failed = recording.failed(now=NOW + SECOND)

    async with store.begin() as tx:
        locked = await tx.recording(account.id, recording.id, for_update=True)
        assert locked == recording
        await tx.update_recording(failed)
        await tx.commit()
    async with store.begin() as tx:
        await tx.delete_recording(other.id, recording.id)
        assert await tx.recording(account.id, recording.id) == failed
        await tx.delete_recording(account.id, recording.id)
        assert await tx.recording(account.id, recording.id) is None
        await tx.commit()


async def test_recording_that_is_not_there_cannot_be_changed(store: Store) -> None:
    account = an_account()
    call = a_call(account)
    attempt = an_attempt(call)
    await kept(store, account, call, attempt)
    unknown = replace(a_recording(attempt), id=RecordingId(2**52))

    async with store.begin() as tx:
        with pytest.raises(NotFound):
            await tx.update_recording(unknown)
