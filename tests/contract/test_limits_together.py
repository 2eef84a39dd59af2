"""Limits hold over all servers of a database, and over their ends: on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from ringcast.domain.accounts import Account
from ringcast.domain.calls import AttemptState, Call, CallState
from ringcast.domain.limits import JITTER, Lane, lane_of_account, lane_of_number
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.services.admission import Grant
from ringcast.services.claiming import ClaimDueCalls, Claimed
from ringcast.services.limit_settings import LimitOf, ListLimits, RemoveLimit, SetLimit
from ringcast.stores.sql import SqlStore
from tests.contract.store_things import a_call, a_number, an_account
from tests.fakes.clock import ManualClock

TRUNK = Lane(name="trunk:t", calls_per_second=100, max_calls=1000)
EVERYTHING = Grant(calls=100, first_at=0.0, interval=0.001, come_back_at=None)


class Servers:
    """Servers that claim due calls of one database, and when those calls leave."""

    def __init__(self, stores: Sequence[SqlStore], trunk: Lane = TRUNK) -> None:
        self.clock = ManualClock()
        self.store = stores[0]
        self.claims = [
            ClaimDueCalls(
                store=store,
                lane=trunk,
                clock=self.clock,
                holder=f"server {number}",
                again=lambda: None,
            )
            for number, store in enumerate(stores)
        ]
        self.left: list[tuple[datetime, Claimed]] = []
        self.by: Counter[str] = Counter()

    async def have(self, *accounts: Account, calls: int, **members: object) -> None:
        now = self.clock.now()
        async with self.store.begin() as tx:
            for account in accounts:
                await tx.add_account(account)
                await tx.add_calls(
                    [
                        a_call(
                            account,
                            to=PhoneNumber(f"1213555{n:04}"),
                            created_at=now,
                            updated_at=now,
                            due_at=now,
                            **members,
                        )
                        for n in range(calls)
                    ]
                )
            await tx.commit()

    async def go_on(self, steps: int, *, each: float = 0.05) -> None:
        """Have all servers claim at the same time, again and again."""
        for _ in range(steps):
            for claimed, _ in await asyncio.gather(*(claim(EVERYTHING) for claim in self.claims)):
                for one in claimed:
                    after = timedelta(seconds=one.leaves_at - self.clock.monotonic())
                    self.left.append((self.clock.now() + after, one))
                    self.by[one.attempt.holder] += 1
            self.clock.advance(each)

    async def end(self, claimed: Sequence[Claimed]) -> None:
        async with self.store.begin() as tx:
            await tx.update_attempts(
                [
                    replace(one.attempt, state=AttemptState.ENDED, outcome=Outcome.BUSY)
                    for one in claimed
                ]
            )
            await tx.update_calls(
                [
                    one.call.moved_to(
                        CallState.FINISHED, now=self.clock.now(), outcome=Outcome.BUSY
                    )
                    for one in claimed
                ]
            )
            await tx.commit()

    def calls(self) -> Sequence[Call]:
        return [one.call for _, one in self.left]

    def most_in_a_second(self) -> int:
        times = sorted(at for at, _ in self.left)
        return max(
            sum(1 for other in times if at <= other < at + timedelta(seconds=1)) for at in times
        )


async def test_servers_share_the_calls_per_second_of_a_trunk(database_url: str) -> None:
    one, two = SqlStore(database_url), SqlStore(database_url)
    servers = Servers([one, two])
    await servers.have(an_account(), calls=400)

    await servers.go_on(40)  # two seconds

    assert servers.most_in_a_second() <= 100
    assert 180 <= len(servers.left) <= 210  # no time is wasted either
    assert len({call.id for call in servers.calls()}) == len(servers.left)
    times = sorted(at for at, _ in servers.left)
    nearest = min(b - a for a, b in pairwise(times))
    assert nearest >= (timedelta(seconds=1) + JITTER) / 100 - timedelta(microseconds=2)
    await one.close()
    await two.close()


async def test_servers_share_the_calls_at_once_of_a_trunk(database_url: str) -> None:
    one, two = SqlStore(database_url), SqlStore(database_url)
    servers = Servers([one, two], replace(TRUNK, max_calls=7))
    await servers.have(an_account(), calls=30)

    await servers.go_on(10)
    assert len(servers.left) == 7

    await servers.end([claimed for _, claimed in servers.left[:3]])
    await servers.go_on(10)
    assert len(servers.left) == 10
    await one.close()
    await two.close()


async def test_a_server_that_starts_again_keeps_to_what_left_before(store: SqlStore) -> None:
    servers = Servers([store])
    await servers.have(an_account(), calls=400)
    await servers.go_on(20)
    before = servers.left

    servers = Servers([store])
    servers.clock.advance(1.0)  # where the first one ended; nothing is in its memory
    servers.left = before
    await servers.go_on(20)

    assert servers.most_in_a_second() <= 100
    assert len(servers.left) > 180


async def test_an_account_and_a_number_with_limits_hold_up_nobody_else(store: SqlStore) -> None:
    servers = Servers([store])
    slow, shown, free = an_account(), an_account(), an_account()
    number = a_number(shown)
    await servers.have(slow, calls=300)
    await servers.have(shown, calls=300, from_number=number.number)
    await servers.have(free, calls=20)
    async with store.begin() as tx:
        await tx.add_number(number)
        await tx.commit()
    set_limit = SetLimit(store=store)
    await set_limit(LimitOf.ACCOUNT, slow.name, calls_per_second=5, max_calls=None)
    await set_limit(LimitOf.NUMBER, number.number.e164, calls_per_second=None, max_calls=4)

    await servers.go_on(40)  # two seconds

    dialed = Counter(call.account_id for call in servers.calls())
    assert 8 <= dialed[slow.id] <= 11
    assert dialed[shown.id] == 4
    assert dialed[free.id] == 20
    limits = await ListLimits(store=store)()
    assert [lane.name for lane in limits] == [
        lane_of_account(slow.id),
        lane_of_number(number.number),
        TRUNK.name,
    ]
    await RemoveLimit(store=store)(LimitOf.ACCOUNT, slow.name)
    await servers.go_on(20)
    dialed = Counter(call.account_id for call in servers.calls())
    assert dialed[slow.id] >= 12


async def test_a_limit_set_meanwhile_is_not_undone_by_who_took_a_turn(store: SqlStore) -> None:
    lane = Lane(name="account:1", calls_per_second=5)
    async with store.begin() as tx:
        await tx.limit_lane(lane)
        await tx.limit_lane(replace(lane, calls_per_second=7))
        await tx.move_lanes([replace(lane, next_at=ManualClock().now(), failures=2)])
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        (kept,) = await tx.all_lanes()
    assert (kept.calls_per_second, kept.next_at, kept.failures) == (7, ManualClock().now(), 2)
