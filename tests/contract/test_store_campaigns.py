"""Campaigns and batches last; counts are what counting would give; calls are claimed in turn."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.calling_windows import CallingWindow
from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import (
    AnsweringPolicy,
    Batch,
    BatchStatus,
    Campaign,
    CampaignStatus,
    Message,
    Messages,
)
from ringcast.domain.errors import Conflict, InvalidInput, NotFound
from ringcast.domain.ids import BatchId, CallId, CampaignId, ScheduleId, SoundId
from ringcast.domain.instructions import Play, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.retries import RetryRule
from ringcast.domain.schedules import Schedule, Weekday
from ringcast.ports.campaigns import CallCounts
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, SECOND, a_call, an_account, an_attempt, kept

_ids = itertools.count(1_000_000)
READY, ACTIVE, DISABLED = CallState.READY, CallState.ACTIVE, CallState.DISABLED


def a_campaign(account: Account, **members: Any) -> Campaign:
    plain: dict[str, Any] = {
        "id": CampaignId(next(_ids)),
        "account_id": account.id,
        "name": "Snow day",
        "status": CampaignStatus.SETUP,
        "from_number": PhoneNumber("12135550100"),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Campaign(**plain | members)


def a_batch(campaign: Campaign, **members: Any) -> Batch:
    plain: dict[str, Any] = {
        "id": BatchId(next(_ids)),
        "account_id": campaign.account_id,
        "campaign_id": campaign.id,
        "name": "first",
        "status": BatchStatus.ACTIVE,
        "created_at": NOW,
    }
    return Batch(**plain | members)


def a_member(account: Account, campaign: Campaign, **members: Any) -> Call:
    return a_call(account, campaign_id=campaign.id, **members)


async def keep(store: Store, *things: Campaign | Batch | Call) -> None:
    async with store.begin() as tx:
        for thing in things:
            match thing:
                case Campaign():
                    await tx.add_campaign(thing)
                case Batch():
                    await tx.add_batch(thing)
                case Call():
                    await tx.add_calls([thing])
        await tx.commit()


async def counts_of(store: Store, owner: CampaignId | BatchId) -> CallCounts:
    async with store.begin(read_only=True) as tx:
        return (await tx.call_counts([owner]))[owner]


async def test_a_campaign_is_read_back_whole(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    plain = a_campaign(account)
    full = a_campaign(
        account,
        status=CampaignStatus.SCHEDULED,
        labels=("a", 'with "quotes"', "Zoë"),
        messages=Messages(
            live=Message(sound_id=SoundId(7), text="hello", voice="MALE1"),
            transfer_number=PhoneNumber("442071838750"),
            transfer_digit="1",
        ),
        script=Script(instructions=(Play(audio=("abc",)),)),
        answering=AnsweringPolicy.PEOPLE_ONLY,
        window=CallingWindow(begin=time(9), end=time(20, 30), fallback_zone="UTC"),
        schedules=(
            Schedule(
                id=ScheduleId(3),
                zone="America/Chicago",
                begin=time(8, 0, 1),
                first_day=date(2026, 3, 1),
                weekdays=frozenset({Weekday.MONDAY}),
            ),
        ),
        retry=RetryRule(
            max_attempts=3, wait=timedelta(minutes=5), outcomes=frozenset({Outcome.BUSY})
        ),
        max_active=10,
        resume_next_day=True,
        wake_at=NOW + SECOND,
        stops_after=date(2026, 3, 2),
    )
    await keep(store, plain, full)

    async with store.begin(read_only=True) as tx:
        assert await tx.campaign(account.id, plain.id) == plain
        assert await tx.campaign(account.id, full.id, for_update=False) == full
        assert await tx.campaigns_with_ids([full.id, plain.id, CampaignId(1)]) == {
            full.id: full,
            plain.id: plain,
        }
    changed = replace(full, name="other", window=None, schedules=(), labels=(), wake_at=None)
    async with store.begin() as tx:
        await tx.update_campaign(changed)
        await tx.commit()
    async with store.begin(read_only=True) as tx:
        assert await tx.campaign(account.id, full.id) == changed


async def test_a_campaign_is_its_accounts_only(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    campaign = a_campaign(account)
    batch = a_batch(campaign)
    await keep(store, campaign, batch)
    async with store.begin() as tx:
        assert await tx.campaign(other.id, campaign.id) is None
        assert await tx.batch(other.id, batch.id) is None
        assert await tx.batches(other.id, campaign.id, Page()) == ([], 0)
        assert await tx.campaigns(other.id, Page()) == ([], 0)
        with pytest.raises(NotFound):
            await tx.update_campaign(replace(campaign, account_id=other.id))
    async with store.begin() as tx:
        with pytest.raises(NotFound):
            await tx.update_batch(replace(batch, account_id=other.id))


async def test_what_exists_or_has_no_owner_is_refused(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account)
    batch = a_batch(campaign)
    await keep(store, campaign, batch)
    for error, thing in (
        (Conflict, campaign),
        (Conflict, batch),
        (NotFound, a_campaign(an_account())),
        (NotFound, a_batch(a_campaign(account))),
    ):
        with pytest.raises(error):
            await keep(store, thing)


_FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "cba"),
    ({"name": "SNOW"}, "ba"),
    ({"name": "%"}, ""),
    ({"name": "öst"}, "c"),
    ({"label": "red"}, "ba"),
    ({"label": "re"}, ""),
    ({"label": 'b"'}, "b"),
    ({"statuses": [CampaignStatus.RUNNING]}, "b"),
    ({"statuses": [CampaignStatus.RUNNING, CampaignStatus.ARCHIVED]}, "db"),
    ({"statuses": []}, ""),
    ({"since": NOW + 2 * SECOND}, "c"),
    ({"until": NOW + SECOND}, "a"),
]


@pytest.mark.parametrize(("filters", "found"), _FILTERS)
async def test_campaigns_are_filtered(store: Store, filters: dict[str, Any], found: str) -> None:
    account = an_account()
    await kept(store, account)
    campaigns = {
        "a": a_campaign(account, name="Snow", labels=("red",)),
        "b": a_campaign(
            account, name="snow 2", labels=('b"', "red"), status=CampaignStatus.RUNNING
        ),
        "c": a_campaign(account, name="KÖSTLICH", labels=("Red",)),
        "d": a_campaign(account, status=CampaignStatus.ARCHIVED),
    }
    campaigns = {
        name: replace(one, created_at=NOW + number * SECOND)
        for number, (name, one) in enumerate(campaigns.items())
    }
    await keep(store, *campaigns.values())
    async with store.begin(read_only=True) as tx:
        listed, count = await tx.campaigns(account.id, Page(), **filters)
        first, count_of_all = await tx.campaigns(account.id, Page(limit=1), **filters)
    assert listed == [campaigns[name] for name in found]
    assert first == listed[:1]
    assert count == count_of_all == len(found)


async def test_batches_are_listed_newest_first_and_changed(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account)
    batches = [a_batch(campaign) for _ in range(3)]
    await keep(store, campaign, *batches)
    changed = replace(batches[1], enabled=False, status=BatchStatus.ERRORS)
    async with store.begin() as tx:
        await tx.update_batch(changed)
        await tx.commit()
    async with store.begin(read_only=True) as tx:
        assert await tx.batches(account.id, campaign.id, Page()) == (
            [batches[2], changed, batches[0]],
            3,
        )
        assert await tx.batches(account.id, campaign.id, Page(limit=1, offset=1)) == ([changed], 3)
        assert await tx.batch(account.id, changed.id) == changed


@pytest.mark.parametrize("seed", range(3))
async def test_counts_are_what_counting_gives(store: Store, seed: int) -> None:
    """Random changes, some of them to calls that are final already, some undone."""
    draw = random.Random(seed)
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account)
    batch = a_batch(campaign)
    await keep(store, campaign, batch)
    calls = [
        a_member(
            account,
            campaign,
            batch_id=draw.choice([None, batch.id]),
            state=draw.choice([READY, READY, READY, DISABLED, CallState.INVALID]),
        )
        for _ in range(40)
    ]
    async with store.begin() as tx:
        await tx.add_calls(calls)
        await tx.commit()
    for _ in range(15):
        some = [
            replace(
                call,
                state=draw.choice(list(CallState)),
                attempts=draw.randrange(3),
                outcome=draw.choice([None, Outcome.BUSY, Outcome.HUMAN]),
            )
            for call in draw.sample(calls, 7)
        ]
        async with store.begin() as tx:
            await tx.update_calls(some)
            if draw.random() < 0.8:
                await tx.commit()

    async with store.begin(read_only=True) as tx:
        found, total = await tx.calls(account.id, Page(limit=1000))
    assert total == 40
    for owner, members in (
        (campaign.id, found),
        (batch.id, [call for call in found if call.batch_id == batch.id]),
    ):
        counts = await counts_of(store, owner)
        assert {s: n for s, n in counts.states.items() if n} == Counter(c.state for c in members)
        assert {o: n for o, n in counts.outcomes.items() if n} == Counter(
            call.outcome
            for call in members
            if call.outcome is not None and call.state is CallState.FINISHED
        )
        assert counts.dialed == sum(call.attempts > 0 for call in members)
        assert counts.attempts == sum(call.attempts for call in members)
        assert counts.waiting_again == sum(c.attempts > 0 and c.state is READY for c in members)
        assert counts.total == len(members)


async def test_counts_of_many_writers_at_once_are_exact(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account, status=CampaignStatus.RUNNING)
    await keep(store, campaign)
    calls = [a_member(account, campaign) for _ in range(80)]

    async def write(some: list[Call]) -> None:
        async with store.begin() as tx:
            await tx.add_calls(some)
            await tx.commit()
        for call in some:
            async with store.begin() as tx:
                await tx.update_calls([replace(call, state=ACTIVE, attempts=1)])
                await tx.count_attempt(
                    call,
                    at=NOW,
                    outcome=Outcome.HUMAN,
                    answered=True,
                    talk_time=90 * SECOND,
                    billed_minutes=2,
                )
                await tx.commit()

    async with asyncio.TaskGroup() as tasks:
        for start in range(0, 80, 20):
            tasks.create_task(write(calls[start : start + 20]))

    counts = await counts_of(store, campaign.id)
    assert counts.states == {READY: 0, ACTIVE: 80}
    assert (counts.total, counts.remaining, counts.dialed, counts.attempts) == (80, 80, 80, 80)
    assert (counts.answered, counts.billed_minutes) == (80, 160)
    assert counts.talk_time == 7200 * SECOND


async def test_due_calls_of_a_campaign_are_its_own(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    campaign, other = a_campaign(account), a_campaign(account)
    late = a_member(account, campaign)
    early = a_member(account, campaign, due_at=NOW - SECOND)
    future = a_member(account, campaign, due_at=NOW + SECOND)
    single = a_call(account)
    left_out = a_member(account, campaign, state=DISABLED)
    await keep(store, campaign, other, late, early, future, single, left_out)
    await keep(store, a_member(account, other))

    async with store.begin() as tx:
        assert await tx.due_calls_of_campaign(campaign.id, NOW, 10) == [early, late]
        assert await tx.due_calls_of_campaign(campaign.id, NOW, 1) == [early]
        assert await tx.next_due_of_campaign(campaign.id) == early.due_at
        assert await tx.due_calls(NOW, 10) == [single]
        assert await tx.next_due_at() == single.due_at
        assert await tx.make_due(campaign.id, NOW) == 1
        assert await tx.due_calls_of_campaign(campaign.id, NOW, 10) == [
            early,
            late,
            replace(future, due_at=NOW),
        ]


async def test_campaigns_at_work_are_those_with_something_to_do(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    running = a_campaign(account, status=CampaignStatus.RUNNING)
    opens = a_campaign(account, status=CampaignStatus.SCHEDULED, wake_at=NOW)
    waits = a_campaign(account, status=CampaignStatus.SCHEDULED, wake_at=NOW + SECOND)
    others = [
        a_campaign(account, status=status, wake_at=NOW)
        for status in CampaignStatus
        if status not in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED)
    ]
    await keep(store, *others, waits, opens, running)

    async with store.begin() as tx:
        assert await tx.campaigns_at_work(NOW) == [running, opens]
        assert await tx.campaigns_at_work(NOW + SECOND) == [running, opens, waits]


@pytest.mark.parametrize(
    ("members", "calls", "wanting"),
    [
        ({}, [{}], False),
        ({"status": CampaignStatus.RUNNING}, [{}], True),
        ({"status": CampaignStatus.RUNNING}, [{"due_at": NOW + SECOND}], False),
        ({"status": CampaignStatus.RUNNING}, [{"state": ACTIVE}], False),
        ({"status": CampaignStatus.RUNNING}, [{"state": DISABLED}], True),  # it is through
        ({"status": CampaignStatus.RUNNING}, [], True),
        (
            {"status": CampaignStatus.RUNNING, "wake_at": NOW},
            [{"due_at": NOW + SECOND}],
            True,  # its schedule closes
        ),
        (
            {"status": CampaignStatus.RUNNING, "stops_after": date(2026, 3, 1)},
            [{"due_at": NOW + SECOND}],
            True,
        ),
        ({"status": CampaignStatus.SCHEDULED, "wake_at": NOW}, [{}], True),
        ({"status": CampaignStatus.SCHEDULED, "wake_at": NOW + SECOND}, [{}], False),
        ({"status": CampaignStatus.STOPPED, "wake_at": NOW}, [{}], False),
    ],
)
async def test_whether_a_campaign_wants_anything(
    store: Store, members: dict[str, Any], calls: list[dict[str, Any]], wanting: bool
) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account, **members)
    await keep(store, campaign, *(a_member(account, campaign, **one) for one in calls))
    async with store.begin(read_only=True) as tx:
        assert await tx.campaigns_wanting(NOW) is wanting


async def test_claimants_never_get_the_same_call_nor_exceed_a_campaigns_limit(
    store: Store,
) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account, status=CampaignStatus.RUNNING, max_active=5)
    calls = [a_member(account, campaign) for _ in range(30)]
    await keep(store, campaign)
    async with store.begin() as tx:
        await tx.add_calls(calls)
        await tx.commit()
    claimed: list[CallId] = []
    most = 0

    async def claim() -> None:
        nonlocal most
        for _ in range(100):
            async with store.begin() as tx:
                if await tx.campaigns_at_work(NOW):
                    counts = (await tx.call_counts([campaign.id]))[campaign.id]
                    active = counts.states.get(ACTIVE, 0)
                    due = await tx.due_calls_of_campaign(campaign.id, NOW, 5 - active)
                    most = max(most, active + len(due))
                    await tx.update_calls([call.moved_to(ACTIVE, now=NOW) for call in due])
                    await tx.commit()
                else:
                    due = []
            claimed.extend(call.id for call in due)
            for call in due:
                async with store.begin() as tx:
                    active_call = call.moved_to(ACTIVE, now=NOW)
                    await tx.update_calls([active_call.moved_to(CallState.FINISHED, now=NOW)])
                    await tx.commit()
            if len(claimed) == len(calls):
                return
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(claim())

    assert sorted(claimed) == [call.id for call in calls]
    assert most <= 5


async def test_calls_are_left_out_and_taken_in_by_number_and_by_batch(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account)
    batch = a_batch(campaign)
    here, there = PhoneNumber("12135550101"), PhoneNumber("12135550102")
    calls = [
        a_member(account, campaign, to=here, batch_id=batch.id),
        a_member(account, campaign, to=there),
        a_member(account, campaign, to=here, attempts=1, batch_id=batch.id),
        a_member(account, campaign, to=here, state=ACTIVE, attempts=1),
        a_call(account, to=here),
    ]
    await keep(store, campaign, batch, *calls)

    async def states() -> list[CallState]:
        async with store.begin(read_only=True) as tx:
            found, _ = await tx.calls(account.id, Page())
        return [call.state for call in found[::-1]]

    async with store.begin() as tx:
        assert (
            await tx.enable_calls(account.id, campaign.id, enabled=False, now=NOW, numbers=[here])
            == 1
        )
        assert (
            await tx.enable_calls(account.id, campaign.id, enabled=False, now=NOW, numbers=[here])
            == 0
        )
        await tx.commit()
    assert await states() == [DISABLED, READY, READY, ACTIVE, READY]
    assert (await counts_of(store, campaign.id)).states == {READY: 2, ACTIVE: 1, DISABLED: 1}
    assert (await counts_of(store, batch.id)).states == {READY: 1, DISABLED: 1}

    async with store.begin() as tx:
        assert (
            await tx.enable_calls(account.id, campaign.id, enabled=True, now=NOW, batch_id=batch.id)
            == 1
        )
        await tx.commit()
    assert await states() == [READY, READY, READY, ACTIVE, READY]
    async with store.begin(read_only=True) as tx:
        others = [there, PhoneNumber("12135550103")]
        assert await tx.numbers_among(account.id, campaign.id, others) == {there}


async def test_calls_are_found_by_campaign_batch_and_outcome(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    campaign, second = a_campaign(account), a_campaign(account)
    batch = a_batch(campaign)
    calls = {
        "a": a_member(account, campaign),
        "b": a_member(account, campaign, batch_id=batch.id),
        "c": a_member(
            account,
            campaign,
            batch_id=batch.id,
            state=CallState.FINISHED,
            outcome=Outcome.BUSY,
        ),
        "d": a_member(account, second),
        "e": a_call(account, state=CallState.FINISHED, outcome=Outcome.BUSY),
    }
    await keep(store, campaign, second, batch, *calls.values())
    queries: list[tuple[dict[str, Any], str]] = [
        ({"campaign_id": campaign.id}, "cba"),
        ({"campaign_id": campaign.id, "states": [READY]}, "ba"),
        ({"campaign_id": campaign.id, "states": [CallState.INVALID]}, ""),
        ({"batch_id": batch.id}, "cb"),
        ({"batch_id": batch.id, "campaign_id": second.id}, ""),
        ({"batch_id": batch.id, "states": [CallState.FINISHED]}, "c"),
        ({"single": True}, "e"),
        ({"outcomes": [Outcome.BUSY]}, "ec"),
        ({"outcomes": [Outcome.BUSY], "campaign_id": campaign.id}, "c"),
    ]
    async with store.begin(read_only=True) as tx:
        for filters, found in queries:
            listed, count = await tx.calls(account.id, Page(), **filters)
            first, count_of_all = await tx.calls(account.id, Page(limit=1), **filters)
            assert listed == [calls[name] for name in found], filters
            assert first == listed[:1]
            assert count == count_of_all == len(found)
            assert await tx.calls(other.id, Page(), **filters) == ([], 0)
            assert await tx.calls(other.id, Page(offset=1), **filters) == ([], 0)
            assert await tx.calls(account.id, Page(offset=9), **filters) == ([], len(found))


async def test_many_calls_are_added_as_few_are(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account)
    await keep(store, campaign)
    calls = [
        a_member(
            account,
            campaign,
            batch_id=BatchId(7),
            to=None if number == 3 else PhoneNumber(f"1213555{number:04}"),
            to_text="' \\ \" % Zoë $[0] :x",
            state=CallState.INVALID if number == 3 else READY,
            from_number=PhoneNumber("442071838750") if number == 4 else None,
            attributes={"name": 'Zoë "x"', "n": "1"} if number == 5 else {},
        )
        for number in range(300)
    ]
    async with store.begin() as tx:
        await tx.add_calls(calls)
        await tx.commit()
    async with store.begin(read_only=True) as tx:
        found, total = await tx.calls(account.id, Page(limit=1000))
    assert found == calls[::-1]
    assert total == 300
    assert (await counts_of(store, campaign.id)).states == {READY: 299, CallState.INVALID: 1}
    for text, error in (("\0", InvalidInput), ("\ud800", InvalidInput)):
        async with store.begin() as tx:
            with pytest.raises(error):
                await tx.add_calls(
                    [replace(c, id=CallId(c.id + 10_000), to_text=text) for c in calls]
                )
    async with store.begin() as tx:
        with pytest.raises(Conflict):
            await tx.add_calls(calls)
    async with store.begin() as tx:
        nobody = an_account()
        with pytest.raises(NotFound, match=f"account {nobody.id}"):
            await tx.add_calls(
                [replace(c, id=CallId(c.id + 20_000), account_id=nobody.id) for c in calls]
            )


async def test_an_update_writes_the_number_called_from(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account)
    call = a_member(account, campaign)
    await keep(store, campaign, call)
    changed = replace(call, from_number=PhoneNumber("12135550177"))
    async with store.begin() as tx:
        await tx.update_calls([changed])
        await tx.add_attempts([an_attempt(call)])
        await tx.commit()
    async with store.begin(read_only=True) as tx:
        assert await tx.call(account.id, call.id) == changed
