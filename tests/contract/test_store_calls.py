"""Calls last, are found, and are claimed by one only."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import Conflict, InvalidInput, NotFound
from ringcast.domain.ids import CallId
from ringcast.domain.numbers import PhoneNumber, SipAddress
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, PHONE, SECOND, a_call, an_account, kept


async def test_call_is_its_accounts_only(store: Store) -> None:
    account, other = an_account(), an_account()
    call = a_call(account)
    await kept(store, account, other, call)

    async with store.begin(read_only=True) as tx:
        assert await tx.call(account.id, call.id) == call
        assert await tx.call(other.id, call.id) is None
        assert await tx.call(account.id, CallId(99_999)) is None


async def test_calls_that_exist_or_have_no_account_are_refused_and_none_is_kept(
    store: Store,
) -> None:
    account = an_account()
    there = a_call(account)
    await kept(store, account, there)
    new = a_call(account)

    async with store.begin() as tx:
        with pytest.raises(Conflict, match="exists already"):
            await tx.add_calls([new, there])
    nobody = an_account()
    async with store.begin() as tx:
        with pytest.raises(NotFound, match="account one of 2 given does not exist"):
            await tx.add_calls([new, a_call(nobody)])
    async with store.begin() as tx:
        with pytest.raises(NotFound, match=f"account {nobody.id} does not exist"):
            await tx.add_calls([a_call(nobody)])

    async with store.begin(read_only=True) as tx:
        assert await tx.calls(account.id, Page()) == ([there], 1)


async def test_many_calls_are_added_at_once_and_paged_newest_first(store: Store) -> None:
    account = an_account()
    calls = [a_call(account) for _ in range(250)]
    await kept(store, account)

    async with store.begin() as tx:
        await tx.add_calls(calls)
        await tx.add_calls([])
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.calls(account.id, Page(limit=3)) == (calls[:-4:-1], 250)
        assert await tx.calls(account.id, Page(limit=2, offset=248)) == ([calls[1], calls[0]], 250)
        assert await tx.calls(account.id, Page(limit=9, offset=248)) == ([calls[1], calls[0]], 250)
        assert await tx.calls(account.id, Page(limit=1000)) == (calls[::-1], 250)
        assert await tx.calls(account.id, Page(limit=0)) == ([], 250)
        assert await tx.calls(account.id, Page(offset=300)) == ([], 250)


_FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "dcba"),
    ({"states": [CallState.READY]}, "da"),
    ({"states": [CallState.ACTIVE, CallState.INVALID]}, "cb"),
    ({"states": []}, ""),
    ({"to": PHONE}, "ba"),
    ({"from_number": PhoneNumber("442071234567")}, "b"),
    ({"label": "spring"}, "dc"),
    ({"label": "Spring"}, ""),
    ({"since": NOW + 2 * SECOND}, "dc"),
    ({"until": NOW + 2 * SECOND}, "ba"),
    ({"since": NOW + SECOND, "until": NOW + 3 * SECOND}, "cb"),
    ({"states": [CallState.READY], "label": "spring", "since": NOW}, "d"),
    ({"ids": []}, ""),
]


@pytest.mark.parametrize(("filters", "found"), _FILTERS)
async def test_calls_are_filtered(store: Store, filters: dict[str, Any], found: str) -> None:
    account, other = an_account(), an_account()
    calls = {
        "a": a_call(account),
        "b": a_call(account, state=CallState.ACTIVE, from_number=PhoneNumber("442071234567")),
        "c": a_call(account, state=CallState.INVALID, to=None, label="spring"),
        "d": a_call(account, to=SipAddress("sip:bob@example.com"), label="spring"),
    }
    calls = {
        name: replace(call, created_at=NOW + number * SECOND)
        for number, (name, call) in enumerate(calls.items())
    }
    await kept(store, account, other, *calls.values(), a_call(other, label="spring"))

    async with store.begin(read_only=True) as tx:
        listed, count = await tx.calls(account.id, Page(), **filters)
        first, count_of_all = await tx.calls(account.id, Page(limit=1), **filters)

    assert listed == [calls[name] for name in found]
    assert first == listed[:1]
    assert count == count_of_all == len(found)


async def test_calls_are_found_by_ids_of_the_account(store: Store) -> None:
    account, other = an_account(), an_account()
    one, two, foreign = a_call(account), a_call(account), a_call(other)
    await kept(store, account, other, one, two, foreign)

    async with store.begin(read_only=True) as tx:
        listed = await tx.calls(account.id, Page(), ids=[foreign.id, one.id, CallId(99_999)])
        assert listed == ([one], 1)
        with pytest.raises(InvalidInput, match="at most 10000"):
            await tx.calls(account.id, Page(), ids=[CallId(n) for n in range(10_001)])


async def test_due_calls_are_ready_and_come_earliest_first(store: Store) -> None:
    account = an_account()
    late = a_call(account, due_at=NOW)
    early = a_call(account, due_at=NOW - SECOND)
    future = a_call(account, due_at=NOW + timedelta(microseconds=1))
    others = [
        a_call(account, state=state, due_at=NOW - SECOND)
        for state in CallState
        if state is not CallState.READY
    ]
    await kept(store, account, late, early, future, *others)

    async with store.begin() as tx:
        assert await tx.due_calls(NOW, 10) == [early, late]
        assert await tx.due_calls(NOW, 1) == [early]
        assert await tx.due_calls(NOW - 2 * SECOND, 10) == []
        assert await tx.next_due_at() == early.due_at


async def test_nothing_is_due_in_an_empty_store(store: Store) -> None:
    async with store.begin() as tx:
        assert await tx.next_due_at() is None
        assert await tx.due_calls(NOW, 10) == []


async def test_claimants_at_the_same_time_never_get_the_same_call(store: Store) -> None:
    account = an_account()
    calls = [a_call(account) for _ in range(60)]
    await kept(store, account, *calls)
    claimed: list[CallId] = []

    async def claim() -> None:
        while True:
            async with store.begin() as tx:
                due = await tx.due_calls(NOW, 7)
                await tx.update_calls([call.moved_to(CallState.ACTIVE, now=NOW) for call in due])
                await tx.commit()
            claimed.extend(call.id for call in due)
            if not due:
                break

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(claim())

    assert sorted(claimed) == [call.id for call in calls]


async def test_claim_that_is_not_committed_leaves_the_calls_to_others(store: Store) -> None:
    account = an_account()
    call = a_call(account)
    await kept(store, account, call)

    async with store.begin() as tx:
        due = await tx.due_calls(NOW, 1)
        await tx.update_calls([call.moved_to(CallState.ACTIVE, now=NOW) for call in due])

    async with store.begin() as tx:
        assert await tx.due_calls(NOW, 1) == [call]


async def test_update_writes_state_outcome_due_time_and_attempts(store: Store) -> None:
    account = an_account()
    call, untouched = a_call(account), a_call(account)
    await kept(store, account, call, untouched)
    changed = replace(
        call,
        state=CallState.ACTIVE,
        outcome=Outcome.BUSY,
        due_at=NOW + SECOND,
        attempts=1,
        updated_at=NOW + 2 * SECOND,
    )

    async with store.begin() as tx:
        await tx.update_calls([replace(changed, to_text="ignored", label="ignored")])
        await tx.update_calls([])
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.calls(account.id, Page()) == ([untouched, changed], 2)


@pytest.mark.parametrize("final", [state for state in CallState if state.is_final])
async def test_call_that_is_final_in_the_store_never_changes(
    store: Store, final: CallState
) -> None:
    account = an_account()
    done = a_call(account, state=final, outcome=Outcome.HUMAN)
    live = a_call(account, state=CallState.ACTIVE)
    await kept(store, account, done, live)
    ended = live.moved_to(CallState.FINISHED, now=NOW + SECOND, outcome=Outcome.MACHINE)

    async with store.begin() as tx:
        late = [replace(done, state=CallState.READY, outcome=None, attempts=7), ended]
        await tx.update_calls(late)
        await tx.update_calls([replace(ended, outcome=Outcome.BUSY)])
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.calls(account.id, Page()) == ([ended, done], 2)


async def test_calls_may_be_updated_in_any_order_by_many_at_once(store: Store) -> None:
    account = an_account()
    calls = [a_call(account) for _ in range(20)]
    await kept(store, account, *calls)

    async def write(some: list[Call], attempts: int) -> None:
        async with store.begin() as tx:
            await tx.update_calls([replace(call, attempts=attempts) for call in some])
            await tx.commit()

    async with asyncio.TaskGroup() as tasks:
        for attempts in range(1, 9):
            some = calls if attempts % 2 else calls[::-1]
            tasks.create_task(write(some, attempts))

    async with store.begin(read_only=True) as tx:
        listed, _ = await tx.calls(account.id, Page())
    assert len({call.attempts for call in listed}) == 1
