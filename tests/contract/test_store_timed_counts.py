"""What came to its end when is counted as it happens, and is what counting would give."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.campaigns import Campaign
from ringcast.domain.outcomes import Outcome
from ringcast.ports.campaigns import CallCounts
from ringcast.services.changes import count_attempt
from ringcast.stores.sql import SqlStore
from ringcast.stores.sql.campaign_tables import timed_counts
from ringcast.stores.sql.migrations.versions import v0016_timed_counts
from tests.contract.plans import Plans
from tests.contract.store_things import a_call, an_account, an_attempt, kept
from tests.contract.test_store_campaigns import a_campaign, a_member, keep

_FIRST = datetime(2026, 3, 1, 22, 50, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def _floor(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _ceiling(at: datetime) -> datetime:
    return -((datetime.min.replace(tzinfo=UTC) - at) // _MINUTE) * _MINUTE + datetime.min.replace(
        tzinfo=UTC
    )


def _some_time(chance: random.Random) -> datetime:
    return _FIRST + chance.randrange(4 * 3600) * timedelta(seconds=1, microseconds=7)


def _life(
    account: Account, campaign: Campaign | None, chance: random.Random
) -> tuple[Call, Call, list[Attempt]]:
    """Return a call as it begins and as it is left, with its attempts, which have ended."""
    begun = _some_time(chance)
    owner = {} if campaign is None else {"campaign_id": campaign.id}
    state = chance.choice([CallState.READY] * 6 + [CallState.INVALID, CallState.DISABLED])
    call = a_call(account, **owner, state=state, created_at=begun, updated_at=begun)
    if state is not CallState.READY:
        return call, call, []
    attempts, at, left = [], begun, call
    for number in range(1, chance.randrange(4) + 1):
        answered = chance.choice([None, at + timedelta(seconds=5)])
        at += timedelta(seconds=chance.choice([5, 65, 66, 4000]))
        attempt = an_attempt(
            call,
            number=number,
            state=AttemptState.ENDED,
            outcome=chance.choice([Outcome.BUSY, Outcome.HUMAN, Outcome.MACHINE]),
            answered_at=answered,
            ended_at=at,
        )
        attempts.append(attempt)
        left = replace(left, attempts=number, updated_at=at)
    end = chance.choice([CallState.READY, CallState.FINISHED, CallState.DO_NOT_CALL])
    if end is CallState.FINISHED and attempts:
        left = replace(left, state=end, outcome=attempts[-1].outcome)
    elif end is CallState.DO_NOT_CALL:
        left = replace(left, state=end)
    return call, left, attempts


def _counted(
    lives: Sequence[tuple[Call, Call, list[Attempt]]], since: datetime, until: datetime
) -> CallCounts:
    over = [c for _, c, _ in lives if c.state.is_final and since <= c.updated_at < until]
    ended = [a for *_, all_ in lives for a in all_ if a.ended_at and since <= a.ended_at < until]
    return CallCounts(
        states=Counter(call.state for call in over),
        outcomes=Counter(call.outcome for call in over if call.outcome is not None),
        attempt_outcomes=Counter(a.outcome for a in ended if a.outcome is not None),
        dialed=sum(call.attempts > 0 for call in over),
        attempts=len(ended),
        answered=sum(a.answered_at is not None for a in ended),
        talk_time=sum((a.talk_time for a in ended), timedelta()),
        billed_minutes=sum(-(-a.talk_time // _MINUTE) for a in ended),
    )


@pytest.mark.parametrize("seed", range(2))
async def test_what_ended_in_a_time_is_what_counting_gives(store: SqlStore, seed: int) -> None:
    chance = random.Random(seed)
    account = an_account()
    await kept(store, account)
    campaign, other = a_campaign(account), a_campaign(account)
    await keep(store, campaign, other)
    lives = [_life(account, campaign, chance) for _ in range(60)]
    others = [_life(account, chance.choice([None, other]), chance) for _ in range(10)]
    for begun, left, attempts in lives + others:
        async with store.begin() as tx:
            await tx.add_calls([begun])
            await tx.commit()
        async with store.begin() as tx:
            await tx.add_attempts(attempts)
            for attempt in attempts:
                await count_attempt(tx, left, attempt)
            if left != begun:
                await tx.update_calls([left])
            await tx.commit()

    times = [(_some_time(chance), _some_time(chance)) for _ in range(12)]
    times += [(at, at + timedelta(seconds=1)) for at, _ in times[:3]]
    times += [(_floor(at), _ceiling(at) + 61 * _MINUTE) for at, _ in times[:3]]
    ever = (_FIRST - timedelta(days=9), _FIRST + timedelta(days=9))
    async with store.begin(read_only=True) as tx:
        for since, until in (sorted(pair) for pair in times):
            found = await tx.call_counts_within(campaign.id, since, until)
            assert found == _counted(lives, _floor(since), _ceiling(until)), (since, until)
        since, until = times[0]
        found = await tx.call_counts_within(campaign.id, since, None)
        assert found == _counted(lives, _floor(since), ever[1])
        found = await tx.call_counts_within(campaign.id, None, until)
        assert found == _counted(lives, ever[0], _ceiling(until))
        rows = (await tx._read(select(timed_counts).order_by(*timed_counts.primary_key))).rows
    async with store.begin() as tx:  # as a database of an earlier release is counted
        await tx._change(delete(timed_counts))
        for statement in v0016_timed_counts.FILL:
            await tx._change(text(statement))
        made = (await tx._read(select(timed_counts).order_by(*timed_counts.primary_key))).rows
    assert made == rows
    assert len(rows) > 200


async def test_writers_at_once_count_to_one_minute(store: SqlStore) -> None:
    account = an_account()
    await kept(store, account)
    campaign = a_campaign(account)
    await keep(store, campaign)

    async def write() -> None:
        async with store.begin() as tx:
            call = a_member(account, campaign)
            for number in range(5):
                ended = an_attempt(
                    call, number=number, ended_at=_FIRST, outcome=Outcome.BUSY, answered_at=None
                )
                await count_attempt(tx, call, ended)
            await tx.commit()

    await asyncio.gather(*(write() for _ in range(12)))

    async with store.begin(read_only=True) as tx:
        found = await tx.call_counts_within(campaign.id, _FIRST, _FIRST + _MINUTE)
    assert (found.attempts, found.attempt_outcomes) == (60, {Outcome.BUSY: 60})


async def test_a_time_is_found_by_its_key(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = Plans(monkeypatch)

    async with store.begin(read_only=True) as tx:
        await tx.call_counts_within(a_campaign(an_account()).id, _FIRST, _FIRST + 500 * _MINUTE)

    by_key = (
        r"minutes = \d+\) AND \(first >= \d+\) AND \(first < "
        r"|PRIMARY KEY \(owner=\? AND minutes=\? AND first>\? AND first<"
    )
    ranges = re.findall(r"Index Scan using timed_counts_pk|SEARCH timed_counts", str(plans))
    assert len(ranges) == 3  # hours, and minutes at both ends
    assert len(re.findall(by_key, str(plans))) == 3, str(plans)
