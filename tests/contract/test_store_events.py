"""Events are numbered within their call, without gaps, whoever appends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ringcast.domain.errors import NotFound
from ringcast.domain.events import (
    AnswerDetected,
    AttemptStarted,
    AudioEnded,
    AudioStarted,
    CallAnswered,
    CallBarred,
    CallCreated,
    CallEnded,
    CallEvent,
    CallReceived,
    CallRinging,
    DigitPressed,
    GatherStarted,
    KeysGathered,
    RecordingEnded,
    RecordingStarted,
    RingTimedOut,
    SoundPlayed,
)
from ringcast.domain.ids import AttemptId, CallId, RecordingId
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import NumberedEvent, Store
from tests.contract.store_things import NOW, SECOND, a_call, an_account, kept

A = AttemptId(7)


def _every_kind(call_id: CallId) -> list[CallEvent]:
    return [
        CallCreated(call_id=call_id, at=NOW),
        CallBarred(call_id=call_id, at=NOW),
        CallReceived(call_id=call_id, attempt_id=A, at=NOW, trunk="trunk"),
        AttemptStarted(call_id=call_id, attempt_id=A, at=NOW),
        CallRinging(call_id=call_id, attempt_id=A, at=NOW, early_media=True),
        CallAnswered(call_id=call_id, attempt_id=A, at=NOW + SECOND),
        SoundPlayed(
            call_id=call_id,
            attempt_id=A,
            at=NOW,
            played=timedelta(days=1, microseconds=1),
            completed=False,
        ),
        DigitPressed(call_id=call_id, attempt_id=A, at=NOW, digit="#"),
        RingTimedOut(call_id=call_id, attempt_id=A, at=NOW),
        AudioStarted(call_id=call_id, attempt_id=A, at=NOW, is_speech=True, reference="hé"),
        AudioEnded(call_id=call_id, attempt_id=A, at=NOW, is_speech=False, completed=True),
        GatherStarted(call_id=call_id, attempt_id=A, at=NOW, gather_id=2**53),
        KeysGathered(
            call_id=call_id, attempt_id=A, at=NOW, gather_id=1, digits="1#", ended_by="timeout"
        ),
        RecordingStarted(call_id=call_id, attempt_id=A, at=NOW, recording_id=RecordingId(3)),
        RecordingEnded(
            call_id=call_id, attempt_id=A, at=NOW, recording_id=RecordingId(3), is_kept=False
        ),
        AnswerDetected(
            call_id=call_id,
            attempt_id=A,
            at=NOW,
            who="machine",
            after=timedelta(seconds=1, microseconds=1),
            greeting_end="beep",
            is_final=False,
        ),
        CallEnded(
            call_id=call_id, attempt_id=A, at=NOW, outcome=Outcome.HUMAN, reason="aufgelegt ☎"
        ),
    ]


async def test_events_of_every_kind_come_back_in_order(store: Store) -> None:
    account = an_account()
    call = a_call(account)
    await kept(store, account, call)
    events = _every_kind(call.id)
    assert {type(event) for event in events} == set(CallEvent.__args__)

    async with store.begin() as tx:
        await tx.add_events(events[:4])
        await tx.add_events([])
        await tx.add_events(events[4:])
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.events_of(call.id) == [
            NumberedEvent(number, event) for number, event in enumerate(events, 1)
        ]
        assert await tx.events_of(CallId(99_999)) == []


async def test_events_of_several_calls_in_one_list_are_numbered_per_call(store: Store) -> None:
    account = an_account()
    one, two = a_call(account), a_call(account)
    await kept(store, account, one, two)
    mixed = [
        event
        for pair in zip(_every_kind(one.id), _every_kind(two.id), strict=True)
        for event in pair
    ]

    async with store.begin() as tx:
        await tx.add_events(mixed)
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        for call in (one, two):
            numbered = await tx.events_of(call.id)
            made = _every_kind(call.id)
            assert [event.number for event in numbered] == list(range(1, len(made) + 1))
            assert [event.event for event in numbered] == made


async def test_appending_at_the_same_time_leaves_no_gap_and_no_double(store: Store) -> None:
    account = an_account()
    calls = [a_call(account) for _ in range(3)]
    await kept(store, account, *calls)

    async def append(order: int) -> None:
        for at in range(5):
            async with store.begin() as tx:
                await tx.add_events(
                    [
                        DigitPressed(call_id=call.id, attempt_id=A, at=NOW, digit=f"{order}{at}")
                        for call in calls[:: 1 if order % 2 else -1]
                        for _ in range(2)
                    ]
                )
                await tx.commit()

    async with asyncio.TaskGroup() as tasks:
        for order in range(4):
            tasks.create_task(append(order))

    async with store.begin(read_only=True) as tx:
        for call in calls:
            numbers = [event.number for event in await tx.events_of(call.id)]
            assert numbers == list(range(1, 4 * 5 * 2 + 1))


async def test_events_that_were_not_committed_leave_no_gap(store: Store) -> None:
    account = an_account()
    call = a_call(account)
    await kept(store, account, call)
    created = CallCreated(call_id=call.id, at=NOW)

    async with store.begin() as tx:
        await tx.add_events([created, created])
    async with store.begin() as tx:
        await tx.add_events([created])
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.events_of(call.id) == [NumberedEvent(1, created)]


async def test_event_of_an_unknown_call_is_refused(store: Store) -> None:
    async with store.begin() as tx:
        with pytest.raises(NotFound, match="call 99999 does not exist"):
            await tx.add_events([CallCreated(call_id=CallId(99_999), at=NOW)])
