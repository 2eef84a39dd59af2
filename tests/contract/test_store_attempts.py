"""Attempts last, and belong to their holder."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ringcast.domain.calls import Attempt, AttemptState, CallState, QuestionAnswer
from ringcast.domain.errors import Conflict, NotFound
from ringcast.domain.ids import CallId
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import Store
from tests.contract.store_things import NOW, SECOND, a_call, an_account, an_attempt, kept


async def test_attempts_of_calls_come_first_to_last(store: Store) -> None:
    account = an_account()
    one, two, none = a_call(account), a_call(account), a_call(account)
    second, first = an_attempt(one, number=2), an_attempt(one, number=1)
    only = an_attempt(two)
    await kept(store, account, one, two, none, second, first, only)

    async with store.begin(read_only=True) as tx:
        found = await tx.attempts_of([two.id, one.id, none.id, CallId(99_999)])
        assert await tx.attempts_of([]) == {}

    assert found == {one.id: [first, second], two.id: [only], none.id: [], CallId(99_999): []}


async def test_attempt_has_a_number_of_its_own_in_its_call(store: Store) -> None:
    account = an_account()
    call = a_call(account)
    await kept(store, account, call, an_attempt(call, number=1))

    async with store.begin() as tx:
        with pytest.raises(Conflict, match="exists already"):
            await tx.add_attempts([an_attempt(call, number=1)])
    async with store.begin() as tx:
        with pytest.raises(NotFound, match=r"call \d+ does not exist"):
            await tx.add_attempts([an_attempt(a_call(account))])


async def test_living_attempts_are_written_by_their_holder_only(store: Store) -> None:
    account = an_account()
    calls = [a_call(account) for _ in range(4)]
    mine, taken, ended, other = (an_attempt(call) for call in calls)
    ended = replace(ended, state=AttemptState.ENDED, ended_at=NOW, outcome=Outcome.BUSY)
    taken = replace(taken, holder="server 2")
    await kept(store, account, *calls, mine, taken, ended, other)

    def answered(attempt: Attempt) -> Attempt:
        return replace(
            attempt,
            holder="server 1",
            state=AttemptState.ANSWERED,
            ringing_at=NOW + SECOND,
            answered_at=NOW + 2 * SECOND,
            played=timedelta(milliseconds=20),
            digits="12#",
            answers=(QuestionAnswer(question="fine?", response="\u00e9 <1>"),),
        )

    async with store.begin() as tx:
        stranger = an_attempt(calls[0], number=2)
        written = await tx.update_attempts(
            [answered(one) for one in (stranger, ended, taken, other, mine)]
        )
        assert await tx.update_attempts([]) == []
        await tx.commit()

    assert written == [other.id, mine.id]
    async with store.begin(read_only=True) as tx:
        found = await tx.attempts_of([call.id for call in calls])
    assert [found[call.id] for call in calls] == [
        [answered(mine)],
        [taken],
        [ended],
        [answered(other)],
    ]


@pytest.mark.parametrize("why", ["ended", "taken", "unknown"])
async def test_single_attempt_that_is_lost_is_not_written(store: Store, why: str) -> None:
    account = an_account()
    call = a_call(account)
    attempt = an_attempt(call)
    there = {
        "ended": replace(attempt, state=AttemptState.ENDED),
        "taken": replace(attempt, holder="server 2"),
        "unknown": an_attempt(call),
    }[why]
    await kept(store, account, call, there)

    async with store.begin() as tx:
        assert await tx.update_attempts([replace(attempt, digits="1")]) == []
        assert await tx.attempts_of([call.id]) == {call.id: [there]}


async def test_attempt_ends_once(store: Store) -> None:
    account = an_account()
    call = a_call(account)
    attempt = an_attempt(call)
    await kept(store, account, call, attempt)
    end = replace(
        attempt,
        state=AttemptState.ENDED,
        ended_at=NOW,
        outcome=Outcome.BUSY,
        sip_status=486,
        q850_cause=17,
        reason="busy",
    )

    written = []
    for outcome in (Outcome.BUSY, Outcome.HUMAN):
        async with store.begin() as tx:
            written.append(await tx.update_attempts([replace(end, outcome=outcome)]))
            await tx.commit()

    assert written == [[attempt.id], []]
    async with store.begin(read_only=True) as tx:
        assert await tx.attempts_of([call.id]) == {call.id: [end]}


async def test_holding_is_prolonged_for_living_attempts_and_an_update_does_not_undo_it(
    store: Store,
) -> None:
    account = an_account()
    calls = [a_call(account) for _ in range(3)]
    mine, ended, other = (an_attempt(call) for call in calls)
    ended = replace(ended, state=AttemptState.ENDED)
    other = replace(other, holder="server 2")
    await kept(store, account, *calls, mine, ended, other)
    later = NOW + timedelta(hours=1)

    async with store.begin() as tx:
        assert await tx.extend_holding("server 1", later) == 1
        assert await tx.extend_holding("server 3", later) == 0
        assert await tx.update_attempts([replace(mine, digits="1")]) == [mine.id]
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        found = await tx.attempts_of([call.id for call in calls])
    assert [found[call.id] for call in calls] == [
        [replace(mine, digits="1", holder_until=later)],
        [ended],
        [other],
    ]


async def test_orphans_are_living_attempts_whose_time_has_passed(store: Store) -> None:
    account = an_account()
    calls = [a_call(account) for _ in range(4)]
    now, earlier, held, ended = (
        an_attempt(call, holder_until=until, state=state)
        for call, until, state in zip(
            calls,
            [NOW, NOW - SECOND, NOW + timedelta(microseconds=1), NOW - SECOND],
            [
                AttemptState.CREATED,
                AttemptState.ANSWERED,
                AttemptState.RINGING,
                AttemptState.ENDED,
            ],
            strict=True,
        )
    )
    await kept(store, account, *calls, now, earlier, held, ended)

    async with store.begin() as tx:
        assert await tx.orphaned_attempts(NOW, 10) == [earlier, now]
        assert await tx.orphaned_attempts(NOW, 1) == [earlier]
        assert await tx.attempts_held_by("server 1") == [now, earlier, held]
        assert await tx.attempts_held_by("server 2") == []


async def test_orphan_is_ended_by_one_of_many_who_look(store: Store) -> None:
    account = an_account()
    calls = [a_call(account, state=CallState.ACTIVE) for _ in range(20)]
    orphans = [an_attempt(call, holder_until=NOW) for call in calls]
    await kept(store, account, *calls, *orphans)
    ended: list[int] = []

    async def look() -> None:
        while True:
            async with store.begin() as tx:
                found = await tx.orphaned_attempts(NOW, 3)
                written = await tx.update_attempts(
                    [attempt.moved_to(AttemptState.ENDED) for attempt in found]
                )
                await tx.commit()
            ended.extend(written)
            if not found:
                break

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(look())

    assert sorted(ended) == [attempt.id for attempt in orphans]
