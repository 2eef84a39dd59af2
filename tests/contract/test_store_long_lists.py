"""Lists of calls are right at every depth, and are found without reading past others."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import AccountId, BatchId, CallId, CampaignId, ContactId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import Page
from ringcast.stores.sql import SqlStore, call_blocks, call_search
from ringcast.stores.sql.migrations.versions import v0011_long_lists
from ringcast.stores.sql.tables import call_blocks as blocks
from tests.contract.plans import Plans
from tests.contract.store_things import NOW, SECOND, a_call, an_account, kept
from tests.contract.test_store_campaigns import a_batch, a_campaign, keep

_CAMPAIGN = CampaignId(70_000_001)
_OTHER_CAMPAIGN = CampaignId(70_000_002)
_BATCH = BatchId(70_000_003)
_CONTACT = ContactId(70_000_004)
_NUMBERS = [PhoneNumber(f"1213555{n:04}") for n in range(100, 106)]


async def _kept(store: SqlStore, account: Account, *others: Account) -> None:
    """Keep accounts, the first of which has the campaigns and the batch."""
    await kept(store, account, *others)
    owner = a_campaign(account, id=_CAMPAIGN)
    await keep(store, owner, a_campaign(account, id=_OTHER_CAMPAIGN), a_batch(owner, id=_BATCH))


async def _added(store: SqlStore, calls: Sequence[Call]) -> None:
    async with store.begin() as tx:
        await tx.add_calls(calls)
        await tx.commit()


def _newest_first(calls: Sequence[Call]) -> list[Call]:
    return sorted(calls, key=lambda call: call.id, reverse=True)


def _in_any_order(account: Account, count: int, chance: random.Random) -> list[list[Call]]:
    """Return calls in the groups in which they are committed: identifiers in no order."""
    calls = [
        a_call(
            account,
            campaign_id=chance.choice([None, _CAMPAIGN]),
            created_at=NOW + chance.randrange(50) * SECOND,
        )
        for _ in range(count)
    ]
    groups = []
    while calls:
        size, at = chance.choice([1, 2, 5, 40]), chance.choice([0, 0, 3, 12])
        groups.append(calls[at : at + size])
        del calls[at : at + size]
    return [group for group in groups if group]


@pytest.mark.parametrize("seed", range(3))
async def test_pages_are_parts_of_the_whole_list_in_whatever_order_calls_came(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(call_blocks, "BLOCK", 7)
    account, other = an_account(), an_account()
    await _kept(store, account, other)
    groups = _in_any_order(account, 200, random.Random(seed))

    for group in groups:
        await _added(store, [*group, a_call(other)])

    calls = _newest_first([call for group in groups for call in group])
    of_campaign = [call for call in calls if call.campaign_id is not None]
    async with store.begin(read_only=True) as tx:
        for offset in (0, 6, 7, 8, 50, 99, 150, 198, 199, 200, 5000):
            page = Page(limit=5, offset=offset)
            assert await tx.calls(account.id, page) == (calls[offset : offset + 5], 200)
            found = await tx.calls(account.id, page, campaign_id=_CAMPAIGN)
            assert found == (of_campaign[offset : offset + 5], len(of_campaign))
        assert (await tx._place_of(account.id, 199, 200)).offset < 60  # of 199 without blocks


async def test_pages_are_right_after_many_have_added_at_once(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_blocks, "BLOCK", 10)
    account = an_account()
    await kept(store, account)
    calls = [a_call(account) for _ in range(120)]

    await asyncio.gather(*(_added(store, calls[at : at + 10]) for at in range(0, 120, 10)))

    async with store.begin(read_only=True) as tx:
        kept_blocks = (await tx._read(select(blocks).where(blocks.c.owner == account.id))).rows
        for offset in (0, 11, 57, 119):
            found = await tx.calls(account.id, Page(limit=3, offset=offset))
            assert found == (_newest_first(calls)[offset : offset + 3], 120)
    assert sum(row.number for row in kept_blocks) == 120
    assert len(kept_blocks) > 1  # as many as it may be: it is left to chance who comes first


async def test_lists_are_right_without_blocks_too(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a release that knows of no blocks has added calls."""
    monkeypatch.setattr(call_blocks, "BLOCK", 5)
    account = an_account()
    calls = [a_call(account, created_at=NOW + n * SECOND) for n in range(30)]
    await kept(store, account, *calls)
    async with store.begin() as tx:
        await tx._change(delete(blocks).where(blocks.c.first > calls[10].id))
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        found = await tx.calls(account.id, Page(limit=2, offset=20))
        late = await tx.calls(account.id, Page(), since=NOW + 28 * SECOND)

    assert found == ([calls[9], calls[8]], 30)
    assert late == ([calls[29], calls[28]], 2)


async def test_blocks_of_calls_that_were_there_are_made_as_they_would_have_grown(
    store: SqlStore,
) -> None:
    account = an_account()
    calls = [
        a_call(account, campaign_id=_CAMPAIGN, created_at=NOW + n * SECOND)
        for n in range(2 * call_blocks.BLOCK + 10)
    ]
    await kept(store, account)
    await _added(store, calls)

    async with store.begin() as tx:
        all_blocks = select(blocks).order_by(blocks.c.owner, blocks.c.first)
        grown = (await tx._read(all_blocks)).rows
        await tx._change(delete(blocks))
        for owner in ("account_id", "campaign_id"):
            await tx._change(text(v0011_long_lists.BLOCKS.replace("owner_id", owner)))
        made = (await tx._read(all_blocks)).rows

    assert made == grown
    assert [row.number for row in made] == [call_blocks.BLOCK, call_blocks.BLOCK, 10] * 2


async def test_a_search_ends_somewhere_but_a_list_does_not(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_search, "DEEPEST", 10)
    account = an_account()
    calls = [a_call(account, campaign_id=_CAMPAIGN) for _ in range(20)]
    await _kept(store, account)
    await _added(store, calls)
    deep = Page(limit=2, offset=11)

    async with store.begin(read_only=True) as tx:
        assert await tx.calls(account.id, deep) == ([calls[8], calls[7]], 20)
        found = await tx.calls(account.id, deep, campaign_id=_CAMPAIGN)
        assert found == ([calls[8], calls[7]], 20)
        with pytest.raises(InvalidInput, match="down to offset 10"):
            await tx.calls(account.id, deep, states=[CallState.READY])


def _some_calls(account: Account, count: int, chance: random.Random) -> list[Call]:
    calls = []
    for number in range(count):
        state = chance.choice([*CallState, CallState.FINISHED, CallState.FINISHED])
        campaign_id = chance.choice([None, _CAMPAIGN, _OTHER_CAMPAIGN])
        is_over = state is CallState.FINISHED
        calls.append(
            a_call(
                account,
                to=chance.choice(_NUMBERS),
                state=state,
                outcome=chance.choice(list(Outcome)) if is_over else None,
                from_number=chance.choice([None, *_NUMBERS[:2]]),
                label=chance.choice([None, "spring", "fall"]),
                created_at=NOW + (number + chance.randrange(20)) * SECOND,
                campaign_id=campaign_id,
                batch_id=_BATCH if campaign_id == _CAMPAIGN and chance.random() < 0.5 else None,
                is_inbound=campaign_id is None and chance.random() < 0.4,
                transferred_from=CallId(1) if chance.random() < 0.3 else None,
            )
        )
    return calls


def _some_search(chance: random.Random) -> dict[str, Any]:
    choices: dict[str, Callable[[], Any]] = {
        "states": lambda: chance.sample(list(CallState), chance.randrange(1, 4)),
        "outcomes": lambda: chance.sample(list(Outcome), chance.randrange(1, 6)),
        "to": lambda: chance.choice(_NUMBERS),
        "from_number": lambda: chance.choice(_NUMBERS[:3]),
        "label": lambda: chance.choice(["spring", "winter"]),
        "since": lambda: NOW + chance.randrange(300) * SECOND,
        "until": lambda: NOW + chance.randrange(320) * SECOND,
        "campaign_id": lambda: _CAMPAIGN,
        "batch_id": lambda: _BATCH,
        "single": lambda: True,
        "is_inbound": lambda: chance.choice([True, False]),
    }
    search = {
        name: choices[name]() for name in chance.sample(list(choices), chance.randrange(1, 4))
    }
    if "outcomes" in search and chance.random() < 0.5:
        search["leg_outcomes"] = chance.sample(list(Outcome), 3)
    return search


def _fits(call: Call, search: dict[str, Any]) -> bool:
    is_leg = call.transferred_from is not None
    outcomes = search.get("outcomes")
    if is_leg:
        outcomes = search.get("leg_outcomes", outcomes)
    return (
        call.state in search.get("states", list(CallState))
        and (outcomes is None or call.outcome in outcomes)
        and call.created_at >= search.get("since", NOW)
        and (call.created_at < search["until"] if "until" in search else True)
        and (call.campaign_id is None if "single" in search else True)
        and all(
            getattr(call, name) == search[name]
            for name in ("to", "from_number", "label", "campaign_id", "batch_id", "is_inbound")
            if name in search
        )
    )


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_searched_for_is_found(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(call_blocks, "BLOCK", 11)
    monkeypatch.setattr(call_search, "MOST_COUNTED", 40)
    chance = random.Random(seed)
    account, other = an_account(), an_account()
    await _kept(store, account, other)
    calls = _some_calls(account, 300, chance)
    for at in range(0, 300, 25):
        await _added(store, calls[at : at + 25])
    others = _some_calls(other, 20, chance)
    await _added(store, [replace(call, campaign_id=None, batch_id=None) for call in others])

    async with store.begin(read_only=True) as tx:
        for _ in range(60):
            search = _some_search(chance)
            expected = _newest_first([call for call in calls if _fits(call, search)])
            offset = chance.choice([0, 0, 3, 20])
            page = Page(limit=chance.choice([1, 4, 500]), offset=offset)
            found, total = await tx.calls(account.id, page, **search)
            assert found == expected[offset : offset + page.limit], search
            assert total == len(expected) or (total is None and len(expected) > 40), search


_BUSY = [CallState.READY, CallState.ACTIVE]
_REACHED = [Outcome.HUMAN, Outcome.MACHINE]
_SEARCHES: list[tuple[str, dict[str, Any]]] = [
    ("calls_by_account", {}),
    ("calls_by_account|calls_pk|PRIMARY KEY", {"since": NOW + 50 * SECOND}),
    ("calls_by_account|calls_pk|PRIMARY KEY", {"until": NOW + 50 * SECOND}),
    ("calls_by_destination", {"to": _NUMBERS[0]}),
    ("calls_by_destination", {"to": _NUMBERS[0], "since": NOW}),
    ("calls_by_label", {"label": "spring"}),
    ("calls_by_caller", {"from_number": _NUMBERS[0]}),
    ("calls_by_state", {"states": [CallState.READY]}),
    ("calls_by_state", {"states": _BUSY}),
    ("calls_by_state", {"states": _BUSY, "since": NOW, "until": NOW + 50 * SECOND}),
    ("calls_by_outcome", {"outcomes": [Outcome.BUSY]}),
    ("calls_by_outcome", {"outcomes": _REACHED, "leg_outcomes": [Outcome.BUSY]}),
    ("calls_of_no_campaign", {"single": True}),
    ("calls_inbound", {"is_inbound": True}),
    ("calls_by_account|calls_pk", {"is_inbound": False}),
    ("calls_by_campaign", {"campaign_id": _CAMPAIGN}),
    ("calls_of_campaign_by_state", {"campaign_id": _CAMPAIGN, "states": _BUSY}),
    ("calls_of_campaign_by_outcome", {"campaign_id": _CAMPAIGN, "outcomes": _REACHED}),
    ("calls_by_batch", {"batch_id": _BATCH}),
    ("calls_by_batch", {"campaign_id": _CAMPAIGN, "batch_id": _BATCH}),
    ("calls_by_(label|outcome)", {"label": "spring", "outcomes": _REACHED}),
]


_WORK: list[tuple[str, Callable[[Any, AccountId], Any]]] = [
    ("calls_waiting_in_campaign", lambda tx, _: tx.due_calls_of_campaign(_CAMPAIGN, NOW, 10)),
    ("calls_waiting_in_campaign", lambda tx, _: tx.next_due_of_campaign(_CAMPAIGN)),
    ("calls_waiting", lambda tx, _: tx.due_calls(NOW, 10)),
    ("calls_by_destination", lambda tx, a: tx.numbers_among(a, _CAMPAIGN, _NUMBERS)),
    (
        "calls_by_destination",
        lambda tx, a: tx.enable_calls(a, _CAMPAIGN, enabled=False, now=NOW, numbers=_NUMBERS),
    ),
    (
        "calls_by_batch",
        lambda tx, a: tx.enable_calls(a, _CAMPAIGN, enabled=False, now=NOW, batch_id=_BATCH),
    ),
    (
        "calls_by_contact",
        lambda tx, a: tx.enable_calls(a, _CAMPAIGN, enabled=False, now=NOW, contacts=[_CONTACT]),
    ),
    ("kept_counts", lambda tx, _: tx.call_counts([_CAMPAIGN, _BATCH])),
    ("batches_by_campaign", lambda tx, a: tx.batches(a, _CAMPAIGN, Page(limit=2))),
]


async def _planned_for(store: SqlStore) -> Account:
    """Return an account with calls of all kinds, of which PostgreSQL knows what it will."""
    account, other = an_account(), an_account()
    await _kept(store, account, other)
    calls = _some_calls(account, 400, random.Random(1))
    calls[20:] = [
        replace(call, to=PhoneNumber(f"1312555{number:04}"))
        for number, call in enumerate(calls[20:])
    ]
    await _added(store, calls)
    await _added(store, [a_call(other) for _ in range(200)])
    await _analyzed(store)
    return account


async def _analyzed(store: SqlStore) -> None:
    """Have PostgreSQL look at the calls, as it does by itself some time after many have come."""
    if store._database.locks_rows:
        engine = create_async_engine(
            make_url(store._database.name).set(drivername="postgresql+asyncpg"),
            isolation_level="AUTOCOMMIT",
        )
        async with engine.connect() as connection:
            await connection.execute(text("VACUUM ANALYZE calls"))
        await engine.dispose()


def _check(plans: Plans, index: str, what: object) -> None:
    """Check that the index was walked, nothing sorted, and the table of calls not read through."""
    assert re.search(index, str(plans)), f"{what}\n{plans}"
    bad = r"TEMP B-TREE|Sort  \(cost|Seq Scan on calls|SCAN calls|Bitmap"
    assert not re.search(bad, str(plans)), f"{what}\n{plans}"


async def test_a_search_walks_one_index_and_sorts_nothing(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await _planned_for(store)
    plans = Plans(monkeypatch)

    async with store.begin(read_only=True) as tx:
        for index, search in _SEARCHES:
            for offset in (0, 30):
                plans.texts.clear()
                await tx.calls(account.id, Page(limit=20, offset=offset), **search)
                _check(plans, index, search)


@pytest.mark.parametrize("deep", [False, True])
async def test_a_page_begins_where_its_block_says(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, deep: bool
) -> None:
    monkeypatch.setattr(call_blocks, "BLOCK", 20)
    account = await _planned_for(store)
    plans = Plans(monkeypatch)

    async with store.begin(read_only=True) as tx:
        found, total = await tx.calls(account.id, Page(limit=5, offset=300 if deep else 0))

    assert (len(found), total) == (5, 400)
    _check(plans, "calls_by_account|calls_pk", deep)
    assert ("call_blocks" in str(plans)) is deep
    assert bool(re.search(r"AND id<|id < ", str(plans))) is deep


async def test_what_campaigns_do_walks_one_index_and_sorts_nothing(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await _planned_for(store)
    plans = Plans(monkeypatch)

    for index, work in _WORK:
        async with store.begin() as tx:
            plans.texts.clear()
            await work(tx, account.id)
        _check(plans, index, index)


@pytest.mark.parametrize(
    "search",
    [
        {"campaign_id": _CAMPAIGN},
        {"campaign_id": _OTHER_CAMPAIGN},
        {"campaign_id": _OTHER_CAMPAIGN, "outcomes": _REACHED},
        {"campaign_id": _CAMPAIGN, "batch_id": _BATCH},
    ],
)
async def test_a_planner_left_to_itself_reads_past_no_others_calls(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, search: dict[str, Any]
) -> None:
    """The calls of a campaign lie together, while PostgreSQL believes them spread evenly."""
    account = an_account()
    await _kept(store, account)
    over = {"state": CallState.FINISHED, "outcome": Outcome.HUMAN}
    for campaign_id, batch_id in ((None, None), (_CAMPAIGN, _BATCH), (_OTHER_CAMPAIGN, None)):
        owners = {"campaign_id": campaign_id, "batch_id": batch_id}
        await _added(store, [a_call(account, **owners, **over) for _ in range(2_000)])
    await _analyzed(store)
    plans = Plans(monkeypatch, free=True)

    async with store.begin(read_only=True) as tx:
        for offset in (0, 1_500):
            found, total = await tx.calls(account.id, Page(limit=20, offset=offset), **search)
            assert (len(found), total) == (20, 2_000)

    assert not re.search(r"Seq Scan on calls|SCAN calls\b", str(plans)), str(plans)
