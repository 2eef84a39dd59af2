"""From an announcement to the far end, with a database and a receiver that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.errors import Conflict, NotFound, Unavailable
from ringcast.domain.ids import AccountId, DeliveryId
from ringcast.domain.subscriptions import (
    MAX_ATTEMPTS,
    Announcement,
    Delivery,
    DeliveryState,
    Subscription,
    Topic,
)
from ringcast.ports.deliveries import Callback, CallbackAnswer
from ringcast.services.announcements import AddressDeliveries
from ringcast.services.deliveries import SendDeliveries
from ringcast.services.delivery_care import ForgetDeliveries, ListDeliveries, ResendDeliveries
from ringcast.services.subscriptions import (
    CreateSubscription,
    DeleteSubscription,
    SubscriptionChanges,
    UpdateSubscription,
)
from ringcast.stores.sql.store import SqlStore
from tests.fakes.callbacks import BROKEN, TAKEN, FakeSender, PlainRenderer
from tests.fakes.clock import ManualClock

DIALECT = "plain"
DAY = timedelta(days=1)


class World:
    """Services around one store, account and receiver."""

    def __init__(self, store: SqlStore, clock: ManualClock, account: Account) -> None:
        self.store = store
        self.clock = clock
        self.account = account
        self.sender = FakeSender()
        self.renderers = {DIALECT: PlainRenderer()}
        self.gone: set[int] = set()
        self.address = AddressDeliveries(
            store=store,
            clock=clock,
            renderers=self.renderers,
            resources={Topic.CALL_FINISHED: self._resources},
            wake=lambda: None,
        )

    async def _resources(
        self, account_id: AccountId, subjects: Collection[int]
    ) -> Mapping[int, object]:
        assert account_id == self.account.id
        return {one: f"thing-{one}" for one in subjects if one not in self.gone}

    async def subscribe(
        self,
        url: str = "https://example.com/",
        *,
        single_use: bool = False,
        secret: str = "",
        expires_after: timedelta | None = None,
        broken: bool = False,
        unwanted: bool = False,
    ) -> Subscription:
        create = CreateSubscription(store=self.store, clock=self.clock, sender=self.sender)
        return await create(
            self.account,
            DIALECT,
            SubscriptionChanges(
                url=url,
                topics=frozenset({Topic.CALL_FINISHED}),
                single_use=single_use,
                secret=secret,
                expires_at=None if expires_after is None else self.clock.now() + expires_after,
                options={"broken": "yes"} if broken else {"except": "thing-1"} if unwanted else {},
            ),
        )

    async def announce(self, *subjects: int, topic: Topic = Topic.CALL_FINISHED) -> None:
        async with self.store.begin() as tx:
            await tx.announce(
                [
                    Announcement(
                        topic=topic,
                        account_id=self.account.id,
                        subject_id=subject,
                        at=self.clock.now(),
                    )
                    for subject in subjects
                ]
            )
            await tx.commit()

    def sending(self, holder: str = "server") -> SendDeliveries:
        return SendDeliveries(
            store=self.store,
            sender=self.sender,
            renderers=self.renderers,
            clock=self.clock,
            holder=holder,
            random=lambda: 0.0,
        )

    @asynccontextmanager
    async def server(self, holder: str = "server") -> AsyncIterator[SendDeliveries]:
        sending = self.sending(holder)
        task = asyncio.create_task(sending.run())
        try:
            yield sending
        finally:
            sending.stop()
            await task

    async def deliveries(self) -> list[Delivery]:
        """The oldest first."""
        async with self.store.begin(read_only=True) as tx:
            return list(await tx.deliveries(1000))[::-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 -- what is awaited has no event to offer
                await asyncio.sleep(0.001)

    async def until_all(self, state: DeliveryState, *, attempts: int | None = None) -> None:
        """Wait until all deliveries are in a state, and nobody holds them."""
        async with asyncio.timeout(10):
            while not all(  # noqa: ASYNC110 -- as above
                one.state is state
                and one.holder is None
                and (attempts is None or one.attempts == attempts)
                for one in await self.deliveries()
            ):
                await asyncio.sleep(0.002)

    def bodies(self) -> list[str]:
        return [one.body.decode() for one in self.sender.sent]


@pytest.fixture
def world(store: SqlStore, clock: ManualClock, account: Account) -> World:
    return World(store, clock, account)


class TestAddressing:
    async def test_each_subscriber_gets_each_announcement_once(self, world: World) -> None:
        one, two = await world.subscribe(), await world.subscribe("http://example.org/")
        await world.announce(7, 8)

        assert await world.address() == 2
        assert await world.address() == 0

        assert [(d.subscription_id, d.body, d.receiver) for d in await world.deliveries()] == [
            (one.id, b"call_finished 7 thing-7", "example.com:443"),
            (two.id, b"call_finished 7 thing-7", "example.org:80"),
            (one.id, b"call_finished 8 thing-8", "example.com:443"),
            (two.id, b"call_finished 8 thing-8", "example.org:80"),
        ]

    async def test_several_servers_at_once_double_nothing(self, world: World) -> None:
        await world.subscribe()
        await world.announce(*range(20))

        await asyncio.gather(*(world.address() for _ in range(4)))

        found = [(d.subject_id, d.sequence) for d in await world.deliveries()]
        assert sorted(subject for subject, _ in found) == list(range(20))
        assert sorted(found) == sorted(found, key=lambda one: one[1])  # numbered as announced

    async def test_what_expired_before_the_event_is_told_nothing(self, world: World) -> None:
        await world.subscribe(expires_after=timedelta(seconds=10))
        await world.announce(1)
        world.clock.advance(10)
        await world.announce(2)

        assert await world.address() == 2

        assert [d.subject_id for d in await world.deliveries()] == [1]

    async def test_what_its_renderer_leaves_out_is_not_sent(self, world: World) -> None:
        await world.subscribe(unwanted=True)
        other = await world.subscribe()
        await world.announce(1)

        assert await world.address() == 1

        assert [d.subscription_id for d in await world.deliveries()] == [other.id]

    async def test_what_is_gone_or_cannot_be_rendered_holds_up_nobody(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        await world.subscribe(broken=True)
        good = await world.subscribe()
        world.gone = {1}
        await world.announce(1, 2)

        assert await world.address() == 2
        assert await world.address() == 0

        assert [(d.subscription_id, d.subject_id) for d in await world.deliveries()] == [
            (good.id, 2)
        ]
        assert "what was announced is gone" in caplog.text
        assert "could not be rendered" in caplog.text

    async def test_a_subscription_for_single_use_gets_one_at_a_time(self, world: World) -> None:
        once = await world.subscribe(single_use=True)
        await world.announce(1, 2)
        await world.address()
        await world.announce(3)
        await world.address()

        assert [(d.subscription_id, d.subject_id) for d in await world.deliveries()] == [
            (once.id, 1)
        ]

    async def test_it_goes_on_when_the_store_was_away(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await world.subscribe()
        await world.announce(1)
        begin, refusals = world.store.begin, 2

        def failing(*, read_only: bool = False) -> object:
            nonlocal refusals
            if refusals:
                refusals -= 1
                raise Unavailable("the database is away") if refusals else RuntimeError("a bug")
            return begin(read_only=read_only)

        monkeypatch.setattr(world.store, "begin", failing)
        monkeypatch.setattr("ringcast.services.announcements._RETRY_AFTER", 0.001)
        task = asyncio.create_task(world.address.run())
        async with asyncio.timeout(10):
            while refusals or not await world.deliveries():  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.002)
        task.cancel()


class TestSending:
    async def test_a_delivery_is_sent_with_its_headers_and_ends(self, world: World) -> None:
        subscription = await world.subscribe(secret="s3cret")
        await world.announce(7)
        await world.address()

        async with world.server():
            await world.until_all(DeliveryState.DELIVERED)

        (sent,) = world.sender.sent
        assert sent == Callback(
            url=subscription.url,
            headers={"X-Secret": "s3cret"},
            body=b"call_finished 7 thing-7",
            verify_certificate=True,
        )
        (delivery,) = await world.deliveries()
        assert (delivery.attempts, delivery.status) == (1, 200)

    async def test_what_fails_is_sent_again_alike_and_given_up_in_the_end(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        await world.subscribe()
        await world.announce(7)
        await world.address()
        world.sender.answer = lambda _: BROKEN
        async with world.server() as server:
            for attempt in range(1, MAX_ATTEMPTS):
                await world.until_all(DeliveryState.PENDING, attempts=attempt)
                (delivery,) = await world.deliveries()
                assert delivery.problem == "it answered 500"
                assert delivery.due_at > world.clock.now()
                world.clock.set(delivery.due_at)
                server.wake()
            await world.until_all(DeliveryState.DEAD, attempts=MAX_ATTEMPTS)

        assert len(world.sender.sent) == MAX_ATTEMPTS
        assert len(set(world.bodies())) == 1
        assert "delivery given up" in caplog.text

    async def test_the_next_of_a_subject_waits_and_other_subjects_do_not(
        self, world: World
    ) -> None:
        await world.subscribe()
        await world.announce(7)
        await world.announce(7)
        await world.announce(8)
        await world.address()
        fails = True
        world.sender.answer = lambda c: BROKEN if fails and b" 7 " in c.body else TAKEN

        async with world.server() as server:
            await world.until(lambda: len(world.sender.sent) == 2)
            assert sorted(world.bodies()) == [
                "call_finished 7 thing-7", "call_finished 8 thing-8",
            ]  # fmt: skip
            for _ in range(5):  # the second of 7 is not sent, though it has been due all the time
                server.wake()
                await asyncio.sleep(0.005)
            assert len(world.sender.sent) == 2
            fails = False
            world.clock.advance(10)
            server.wake()
            await world.until_all(DeliveryState.DELIVERED)

        assert world.bodies()[2:] == ["call_finished 7 thing-7"] * 2

    async def test_a_slow_receiver_leaves_room_for_the_others(self, world: World) -> None:
        await world.subscribe("https://slow.example/")
        await world.announce(*range(100))
        await world.address()
        quick = await world.subscribe("https://quick.example/")
        await world.announce(500)
        await world.address()
        hanging = asyncio.Event()
        send = world.sender.send

        async def by_host(callback: Callback) -> CallbackAnswer:
            if "slow" in callback.url:
                world.sender.under_way += 1
                await hanging.wait()
                world.sender.under_way -= 1
            return await send(callback)

        world.sender.send = by_host  # type: ignore[method-assign]  # one receiver hangs
        async with world.server():
            await world.until(lambda: [c.url for c in world.sender.sent] == [quick.url])
            assert world.sender.under_way == 8
            hanging.set()
            await world.until_all(DeliveryState.DELIVERED)

        assert sum("slow" in callback.url for callback in world.sender.sent) == 101

    async def test_what_a_killed_server_was_sending_is_sent_again_after_its_hold(
        self, world: World
    ) -> None:
        await world.subscribe()
        await world.announce(7)
        await world.address()
        world.sender.open.clear()
        task = asyncio.create_task(world.sending("killed").run())
        await world.until(lambda: world.sender.under_way == 1)
        task.cancel()  # between the request and the mark, nothing is written on the way out
        await asyncio.gather(task, return_exceptions=True)
        world.sender.open.set()
        world.sender.sent.clear()

        async with world.server("other") as server:
            server.wake()
            await asyncio.sleep(0.02)
            assert world.sender.sent == []
            world.clock.advance(30)
            server.wake()
            await world.until_all(DeliveryState.DELIVERED)

        assert world.bodies() == ["call_finished 7 thing-7"]
        (delivery,) = await world.deliveries()
        assert delivery.attempts == 2

    async def test_a_server_that_stops_waits_a_little_and_lets_go(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await world.subscribe()
        await world.announce(1)
        await world.address()
        monkeypatch.setattr("ringcast.services.deliveries._LAST_WAIT", 0.01)
        world.sender.open.clear()
        async with world.server():
            await world.until(lambda: world.sender.under_way == 1)

        assert world.sender.under_way == 0
        (delivery,) = await world.deliveries()
        assert (delivery.state, delivery.holder) == (DeliveryState.PENDING, None)
        assert delivery.due_at == world.clock.now()
        world.sender.open.set()
        async with world.server("other"):
            await world.until_all(DeliveryState.DELIVERED)

    async def test_requests_under_way_may_end_when_the_server_stops(self, world: World) -> None:
        await world.subscribe()
        await world.announce(1)
        await world.address()
        world.sender.open.clear()
        async with world.server() as server:
            await world.until(lambda: world.sender.under_way == 1)
            server.stop()
            world.sender.open.set()

        (delivery,) = await world.deliveries()
        assert delivery.state is DeliveryState.DELIVERED

    async def test_outcomes_wait_while_the_store_is_away(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await world.subscribe()
        await world.announce(1)
        await world.address()
        begin, refusals = world.store.begin, 2

        def failing(*, read_only: bool = False) -> object:
            nonlocal refusals
            if world.sender.sent and refusals:
                refusals -= 1
                raise Unavailable("the database is away")
            return begin(read_only=read_only)

        monkeypatch.setattr("ringcast.services.deliveries._RETRY_AFTER", 0.001)
        async with world.server():
            monkeypatch.setattr(world.store, "begin", failing)
            await world.until(lambda: refusals == 0)
            await world.until_all(DeliveryState.DELIVERED)

        assert len(world.sender.sent) == 1

    async def test_a_bug_while_sending_fails_that_delivery_only(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        await world.subscribe()
        await world.announce(1, 2)
        await world.address()

        def answer(callback: Callback) -> CallbackAnswer:
            if b" 1 " in callback.body:
                raise RuntimeError("a bug")
            return TAKEN

        world.sender.answer = answer
        async with world.server():
            await world.until(lambda: len(world.sender.sent) == 2)
        bad, good = await world.deliveries()
        assert (bad.state, good.state) == (DeliveryState.PENDING, DeliveryState.DELIVERED)
        assert "a fault inside the server" in (bad.problem or "")
        assert "a bug" in caplog.text


class TestSingleUse:
    async def test_the_first_success_ends_it(self, world: World) -> None:
        once = await world.subscribe(single_use=True)
        await world.announce(1)
        await world.address()
        async with world.server():
            await world.until_all(DeliveryState.DELIVERED)

        async with world.store.begin(read_only=True) as tx:
            assert await tx.subscription(world.account.id, once.id) is None
        await world.announce(2)
        assert await world.address() == 0

    async def test_it_listens_again_when_its_delivery_was_given_up(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        once = await world.subscribe(single_use=True)
        await world.announce(1)
        await world.address()
        world.sender.answer = lambda _: BROKEN
        monkeypatch.setattr("ringcast.domain.subscriptions.MAX_ATTEMPTS", 1)
        async with world.server() as server:
            await world.until_all(DeliveryState.DEAD)
            world.sender.answer = lambda _: TAKEN
            await world.announce(2)
            await world.address()
            server.wake()
            await world.until(lambda: len(world.sender.sent) == 2)

        async with world.store.begin(read_only=True) as tx:
            assert await tx.subscription(world.account.id, once.id) is None
        assert [d.subject_id for d in await world.deliveries()] == [2]  # the dead one went with it


class TestChangesMeanwhile:
    async def test_what_is_on_its_way_goes_to_the_new_url_with_the_new_secret(
        self, world: World
    ) -> None:
        subscription = await world.subscribe(secret="old")
        await world.announce(1)
        await world.address()
        update = UpdateSubscription(store=world.store, clock=world.clock, sender=world.sender)
        changes = SubscriptionChanges(url="http://new.example/", secret="new")
        await update(world.account.id, DIALECT, subscription.id, changes)

        async with world.server():
            await world.until_all(DeliveryState.DELIVERED)

        (sent,) = world.sender.sent
        assert (sent.url, sent.headers) == ("http://new.example/", {"X-Secret": "new"})

    async def test_disabling_gives_up_and_what_was_given_up_can_be_sent_again(
        self, world: World
    ) -> None:
        subscription = await world.subscribe()
        await world.announce(1)
        await world.address()
        update = UpdateSubscription(store=world.store, clock=world.clock, sender=world.sender)
        disabled = SubscriptionChanges(enabled=False)
        await update(world.account.id, DIALECT, subscription.id, disabled)

        (delivery,) = await world.deliveries()
        assert (delivery.state, delivery.problem) == (
            DeliveryState.DEAD, "the subscription was disabled",
        )  # fmt: skip
        resend = ResendDeliveries(store=world.store, clock=world.clock)
        assert await resend([delivery.id]) == 1
        async with world.server():
            await world.until_all(DeliveryState.DELIVERED)
        assert len(world.sender.sent) == 1

    async def test_a_subscription_deleted_while_its_delivery_is_written(self, world: World) -> None:
        subscription = await world.subscribe()
        await world.announce(1)
        await world.address()
        (delivery,) = await world.deliveries()
        delete = DeleteSubscription(store=world.store)
        await delete(world.account.id, DIALECT, subscription.id)
        assert await world.deliveries() == []
        async with world.store.begin() as tx:
            await tx.add_deliveries([delivery])
            await tx.commit()

        async with world.server():
            await world.until_all(DeliveryState.DEAD)

        assert world.sender.sent == []
        (delivery,) = await world.deliveries()
        assert delivery.problem == "the subscription was deleted"


class TestCare:
    async def _ended(self, world: World, *subjects: int) -> list[Delivery]:
        await world.announce(*subjects)
        await world.address()
        async with world.server():
            await world.until(lambda: len(world.sender.sent) >= len(subjects))
        return await world.deliveries()

    async def test_deliveries_are_listed_with_whom_they_go_to(
        self, world: World, stranger: Account
    ) -> None:
        subscription = await world.subscribe()
        await self._ended(world, 1, 2)
        list_deliveries = ListDeliveries(store=world.store)

        found = await list_deliveries(10)
        assert [(one.delivery.subject_id, one.subscription) for one in found] == [
            (2, subscription), (1, subscription),
        ]  # fmt: skip
        assert len(await list_deliveries(1)) == 1
        assert len(await list_deliveries(10, account=world.account.name)) == 2
        assert await list_deliveries(10, account=stranger.name) == []
        assert await list_deliveries(10, state=DeliveryState.DEAD) == []
        with pytest.raises(NotFound, match="account nobody"):
            await list_deliveries(10, account="nobody")

    async def test_ids_are_sent_again_all_or_none(self, world: World) -> None:
        await world.subscribe()
        one, two = await self._ended(world, 1, 2)
        resend = ResendDeliveries(store=world.store, clock=world.clock)

        with pytest.raises(NotFound, match="delivery 5"):
            await resend([one.id, DeliveryId(5)])
        assert {d.state for d in await world.deliveries()} == {DeliveryState.DELIVERED}
        assert await resend([one.id, one.id]) == 1
        with pytest.raises(Conflict, match="on its way already"):
            await resend([two.id, one.id])
        again, other = await world.deliveries()
        assert (again.state, again.attempts) == (DeliveryState.PENDING, 0)
        assert other.state is DeliveryState.DELIVERED

    async def test_what_has_nowhere_to_go_is_not_sent_again(self, world: World) -> None:
        subscription = await world.subscribe()
        (one,) = await self._ended(world, 1)
        delete = DeleteSubscription(store=world.store)
        await delete(world.account.id, DIALECT, subscription.id)

        resend = ResendDeliveries(store=world.store, clock=world.clock)
        with pytest.raises(Conflict, match="was deleted"):
            await resend([one.id])

    async def test_all_that_was_given_up_is_sent_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ringcast.services.delivery_care._BATCH", 2)
        monkeypatch.setattr("ringcast.domain.subscriptions.MAX_ATTEMPTS", 1)
        await world.subscribe()
        world.sender.answer = lambda c: TAKEN if b" 3 " in c.body else BROKEN
        await self._ended(world, 1, 2, 3, 4, 5)

        resend = ResendDeliveries(store=world.store, clock=world.clock)
        assert await resend.all_dead() == 4
        assert await resend.all_dead() == 0
        world.sender.answer = lambda _: TAKEN
        async with world.server():
            await world.until_all(DeliveryState.DELIVERED)

    async def test_old_ones_are_forgotten(self, world: World) -> None:
        await world.subscribe()
        await self._ended(world, 1)
        forget = ForgetDeliveries(store=world.store, clock=world.clock)
        world.clock.advance(2 * DAY)
        assert await forget() == 0
        world.clock.advance(2 * DAY)
        assert await forget() == 1
        assert await world.deliveries() == []
