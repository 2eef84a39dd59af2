"""Whatever ends a call announces it, in the transaction that ends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import SubscriptionId
from ringcast.domain.subscriptions import Announcement, Topic
from ringcast.integrations.clock import SystemClock
from ringcast.services.recovery import EndOrphanedAttempts
from ringcast.services.subscriptions import DeleteSubscription
from ringcast.stores.sql import SqlStore
from ringcast.stores.sql.store import SqlTransaction
from tests.contract.delivery_things import a_subscription
from tests.integration.test_dialing import ACCOUNT, World, _let_hold_run_out, _world


async def _subscribe(world: World) -> SubscriptionId:
    async with world.store.begin() as tx:
        account = await tx.account(ACCOUNT)
        assert account is not None
        subscription = a_subscription(account)
        await tx.add_subscription(subscription)
        await tx.commit()
    return subscription.id


async def _announced(store: SqlStore) -> list[Announcement]:
    async with store.begin(read_only=True) as tx:
        return [entry.announcement for entry in await tx.outbox(100)]


@pytest.mark.parametrize("ending", ["00", "04", "20", "99"])
async def test_a_call_that_ends_is_announced_once(tmp_path: Path, ending: str) -> None:
    async with _world(tmp_path) as world:
        await _subscribe(world)
        call, _ = await world.finish(await world.add_call(ending))

        assert await _announced(world.store) == [
            Announcement(
                topic=Topic.CALL_FINISHED,
                account_id=ACCOUNT,
                subject_id=call.id,
                at=call.updated_at,
            )
        ]


async def test_nothing_is_written_when_nobody_listens(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        gone = await _subscribe(world)
        await DeleteSubscription(store=world.store)(ACCOUNT, "plain", gone)
        await world.finish(await world.add_call("00"))

        assert await _announced(world.store) == []


async def test_a_call_whose_process_died_is_announced_by_who_ends_it(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        await _subscribe(world)
        call_id = await world.add_call("00")
        await world.until(lambda: bool(world.engine.originated))
        await _let_hold_run_out(world.store)

        assert await EndOrphanedAttempts(store=world.store, clock=SystemClock())() == 1

        (announcement,) = await _announced(world.store)
        assert announcement.subject_id == call_id
        world.engine.advance(timedelta(seconds=1))  # the frozen process finds its writes refused
        await world.until(lambda: world.dialer.live == 0)
        assert await _announced(world.store) == [announcement]


async def test_the_end_of_a_call_and_its_announcement_are_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _world(tmp_path) as world:
        await _subscribe(world)
        announce, refusals = SqlTransaction.announce, 2

        async def failing(self: SqlTransaction, announcements: Sequence[Announcement]) -> None:
            nonlocal refusals
            await announce(self, announcements)
            if announcements and refusals:
                refusals -= 1
                raise Unavailable("the database is away")

        monkeypatch.setattr(SqlTransaction, "announce", failing)
        monkeypatch.setattr("ringcast.services.changes._RETRY_AFTER", 0.01)
        call, _ = await world.finish(await world.add_call("00"))

        assert refusals == 0
        assert [one.subject_id for one in await _announced(world.store)] == [call.id]
