"""Calls made by SQL are as the store would have made them."""

from __future__ import annotations

from pathlib import Path

from bench.many_calls import RARE_CALLER, fill
from ringcast.domain.calls import CallState
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.stores.sql import SqlStore
from tests.contract.store_things import an_account, kept


async def test_calls_made_by_sql_are_found_and_counted_like_others(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    store = SqlStore(url)
    await store.migrate()
    account = an_account()
    await kept(store, account)

    made = await fill(url, account.id, number=10_000)

    async with store.begin(read_only=True) as tx:
        calls, total = await tx.calls(account.id, Page(limit=2, offset=9_000))
        attempts = await tx.attempts_of([call.id for call in calls])
        counts = (await tx.call_counts([made.campaigns[-1]]))[made.campaigns[-1]]
        ready, _ = await tx.calls(account.id, Page(limit=10_000), states=[CallState.READY])
        rare, _ = await tx.calls(account.id, Page(), from_number=PhoneNumber(RARE_CALLER))
    await store.close()
    assert (len(calls), total) == (2, 10_000)
    assert all(len(of_call) == 1 for of_call in attempts.values())
    assert counts.total == 1_000
    assert counts.states[CallState.READY] == len(ready) == 900
    assert len(rare) == 10
