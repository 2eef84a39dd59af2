"""Subscriptions, the outbox and deliveries: what lasts, who gets what, and in which order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.calls import CallState
from ringcast.domain.errors import Conflict, NotFound
from ringcast.domain.events import DigitPressed
from ringcast.domain.ids import AccountId, AttemptId, CallId, DeliveryId, SubscriptionId
from ringcast.domain.subscriptions import Announcement, Delivery, DeliveryState, Subscription, Topic
from ringcast.ports.store import Store
from tests.contract.delivery_things import a_delivery, a_subscription, an_announcement
from tests.contract.store_things import NOW, SECOND, a_call, an_account, kept

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


async def _kept(store: Store, account: Account, *things: Subscription | Delivery) -> None:
    await kept(store, account)
    async with store.begin() as tx:
        for thing in things:
            if isinstance(thing, Subscription):
                await tx.add_subscription(thing)
            else:
                await tx.add_deliveries([thing])
        await tx.commit()


async def _announce(store: Store, *announcements: Announcement) -> None:
    async with store.begin() as tx:
        await tx.announce(announcements)
        await tx.commit()


async def _outbox(store: Store) -> list[tuple[Topic, int]]:
    async with store.begin(read_only=True) as tx:
        return [
            (one.announcement.topic, one.announcement.subject_id) for one in await tx.outbox(100)
        ]


async def _deliveries(store: Store) -> dict[DeliveryId, Delivery]:
    async with store.begin(read_only=True) as tx:
        return {one.id: one for one in await tx.deliveries(100)}


class TestSubscriptions:
    async def test_they_come_back_whole(self, store: Store) -> None:
        account = an_account()
        plain = a_subscription(account)
        whole = a_subscription(
            account,
            name="Größe ☎",
            topics=frozenset(Topic),
            enabled=False,
            verify_certificate=False,
            secret="s3cret",
            expires_at=NOW + DAY,
            single_use=True,
            under_way=True,
            options={"fields": "id,name"},
        )
        await _kept(store, account, plain, whole)

        async with store.begin(read_only=True) as tx:
            assert await tx.subscriptions(account.id) == [plain, whole]
            assert await tx.subscriptions(AccountId(9)) == []
            assert await tx.subscription(account.id, whole.id) == whole
            assert await tx.subscription(AccountId(9), whole.id) is None
            unknown = SubscriptionId(9)
            assert await tx.subscriptions_of([whole.id, unknown]) == {whole.id: whole}
            assert await tx.subscriptions_of([]) == {}

    async def test_those_that_listen_are_found(self, store: Store) -> None:
        account, other = an_account(), an_account()
        one, two = a_subscription(account), a_subscription(other)
        off = a_subscription(account, enabled=False)
        busy = a_subscription(account, under_way=True)
        await kept(store, other)
        await _kept(store, account, one, two, off, busy)

        async with store.begin(read_only=True) as tx:
            assert await tx.subscriptions_listening([account.id]) == [one]
            assert await tx.subscriptions_listening([account.id, other.id]) == [one, two]
            assert await tx.subscriptions_listening([]) == []

    async def test_a_change_is_for_what_is_pending_too(self, store: Store) -> None:
        account = an_account()
        subscription = a_subscription(account)
        pending = a_delivery(subscription)
        ended = a_delivery(subscription, state=DeliveryState.DEAD, ended_at=NOW)
        await _kept(store, account, subscription, pending, ended)
        changed = replace(
            subscription, url="http://example.net:81/", topics=frozenset({Topic.CAMPAIGN_STARTED})
        )

        async with store.begin() as tx:
            await tx.update_subscription(changed)
            await tx.commit()

        async with store.begin(read_only=True) as tx:
            assert await tx.subscription(account.id, subscription.id) == changed
        kept_now = await _deliveries(store)
        assert kept_now[pending.id].receiver == "example.net:81"
        assert kept_now[ended.id].receiver == "example.com:443"
        async with store.begin() as tx:
            with pytest.raises(NotFound, match="subscription 9"):
                await tx.update_subscription(replace(changed, id=SubscriptionId(9)))

    async def test_a_deleted_one_takes_with_it_what_has_not_arrived(self, store: Store) -> None:
        account = an_account()
        subscription, other = a_subscription(account), a_subscription(account)
        pending, theirs = a_delivery(subscription), a_delivery(other)
        dead = a_delivery(subscription, state=DeliveryState.DEAD, ended_at=NOW)
        done = a_delivery(subscription, state=DeliveryState.DELIVERED, ended_at=NOW)
        await _kept(store, account, subscription, other, pending, theirs, dead, done)

        async with store.begin() as tx:
            assert await tx.delete_subscription(subscription.id)
            assert not await tx.delete_subscription(subscription.id)
            await tx.commit()

        assert set(await _deliveries(store)) == {theirs.id, done.id}
        await _announce(store, an_announcement(account, 1))
        assert await _outbox(store) == [(Topic.CALL_FINISHED, 1)]  # for the other one
        async with store.begin(read_only=True) as tx:
            assert await tx.subscriptions(account.id) == [other]

    async def test_an_account_that_is_not_there_is_named(self, store: Store) -> None:
        async with store.begin() as tx:
            with pytest.raises(NotFound, match="account"):
                await tx.add_subscription(a_subscription(an_account()))

    async def test_one_for_single_use_is_put_under_way_once(self, store: Store) -> None:
        account = an_account()
        subscription = a_subscription(account, single_use=True)
        await _kept(store, account, subscription)

        async def put() -> bool:
            async with store.begin() as tx:
                first = await tx.put_under_way(subscription.id)
                await tx.commit()
            return first

        assert sorted(await asyncio.gather(*(put() for _ in range(5)))) == [False] * 4 + [True]
        await _announce(store, an_announcement(account, 1))
        assert await _outbox(store) == []
        async with store.begin() as tx:
            await tx.update_subscription(replace(subscription, under_way=False))
            await tx.commit()
        await _announce(store, an_announcement(account, 2))
        assert await _outbox(store) == [(Topic.CALL_FINISHED, 2)]


class TestOutbox:
    async def test_only_what_somebody_listens_for_is_written(self, store: Store) -> None:
        account, silent, busy = an_account(), an_account(), an_account()
        await kept(store, silent, busy)
        await _kept(
            store,
            account,
            a_subscription(account, topics=frozenset({Topic.CAMPAIGN_STARTED})),
            a_subscription(account, topics=frozenset({Topic.CAMPAIGN_STARTED})),
            a_subscription(silent, enabled=False),
            a_subscription(busy, under_way=True),
        )

        await _announce(
            store,
            an_announcement(account, 1),
            an_announcement(account, 2, topic=Topic.CAMPAIGN_STARTED),
            an_announcement(silent, 3),
            an_announcement(busy, 4),
            an_announcement(account, 5, topic=Topic.CAMPAIGN_STARTED),
        )
        await _announce(store)

        assert await _outbox(store) == [(Topic.CAMPAIGN_STARTED, 2), (Topic.CAMPAIGN_STARTED, 5)]

    async def test_what_is_announced_can_carry_an_event(self, store: Store) -> None:
        account = an_account()
        topics = frozenset({Topic.CALL_EVENT})
        await _kept(store, account, a_subscription(account, topics=topics))
        event = DigitPressed(call_id=CallId(1), attempt_id=AttemptId(2), at=NOW, digit="#")
        told = an_announcement(account, 1, topic=Topic.CALL_EVENT, event=event)
        await _announce(store, told)

        async with store.begin(read_only=True) as tx:
            assert [one.announcement for one in await tx.outbox(10)] == [told]

    async def test_what_is_undone_is_not_announced(self, store: Store) -> None:
        account = an_account()
        await _kept(store, account, a_subscription(account))
        async with store.begin() as tx:
            await tx.announce([an_announcement(account, 1)])

        assert await _outbox(store) == []

    async def test_whoever_waits_for_it_is_told_after_the_commit(self, store: Store) -> None:
        account = an_account()
        await kept(store, account)
        campaign_started = Announcement(
            topic=Topic.CAMPAIGN_STARTED, account_id=account.id, subject_id=7, at=NOW
        )
        told: list[str] = []
        store.when_announced(lambda: told.append("now"))

        async with store.begin() as tx:
            await tx.announce([campaign_started])
        async with store.begin() as tx:
            await tx.announce([])
            await tx.commit()
        assert told == []

        async with store.begin() as tx:
            await tx.announce([campaign_started])
            assert told == []
            await tx.commit()
        assert told == ["now"]

    async def test_entries_come_in_order_and_are_given_out_once(self, store: Store) -> None:
        account = an_account()
        await _kept(store, account, a_subscription(account))
        for subject in range(1, 21):
            await _announce(store, an_announcement(account, subject, at=NOW + subject * SECOND))
        async with store.begin(read_only=True) as tx:
            entries = await tx.outbox(20)
        assert [one.announcement for one in entries] == [
            an_announcement(account, subject, at=NOW + subject * SECOND) for subject in range(1, 21)
        ]
        sequences = [one.sequence for one in entries]
        assert sequences == sorted(set(sequences))

        async def take(some: list[int]) -> frozenset[int]:
            async with store.begin() as tx:
                taken = await tx.take_from_outbox(some)
                await asyncio.sleep(0)
                await tx.commit()
            return taken

        taken = await asyncio.gather(
            *(take(sequences[start : start + 12]) for start in (0, 4, 8, 0, 8))
        )
        assert sorted(one for some in taken for one in some) == sequences
        assert await take(sequences) == frozenset()
        assert await _outbox(store) == []

    async def test_numbers_go_on_after_the_outbox_was_empty(self, store: Store) -> None:
        account = an_account()
        await _kept(store, account, a_subscription(account))
        seen = []
        for subject in range(3):
            await _announce(store, an_announcement(account, subject))
            async with store.begin() as tx:
                (entry,) = await tx.outbox(10)
                seen.append(entry.sequence)
                await tx.take_from_outbox([entry.sequence])
                await tx.commit()

        assert seen == sorted(set(seen))

    async def test_entries_of_one_subject_keep_the_order_of_its_changes(self, store: Store) -> None:
        """Whoever has the call has its place in the outbox, however many ask at once."""
        account = an_account()
        call = a_call(account)
        await _kept(store, account, a_subscription(account))
        await kept(store, call)
        order: list[int] = []

        async def change(number: int) -> None:
            async with store.begin() as tx:
                await tx.update_calls([replace(call, state=CallState.ACTIVE, attempts=number)])
                order.append(number)
                await tx.announce([an_announcement(account, call.id, at=NOW + number * SECOND)])
                await tx.commit()

        await asyncio.gather(*(change(number) for number in range(10)))

        async with store.begin(read_only=True) as tx:
            entries = await tx.outbox(100)
        times = [one.announcement.at for one in entries]
        assert times == [NOW + number * SECOND for number in order]


class TestDeliveries:
    async def test_they_come_back_whole(self, store: Store) -> None:
        account = an_account()
        subscription = a_subscription(account)
        plain = a_delivery(subscription)
        whole = a_delivery(
            subscription,
            body=bytes(range(256)),
            state=DeliveryState.DEAD,
            attempts=7,
            ended_at=NOW + SECOND,
            status=503,
            problem="it answered 503",
        )
        await _kept(store, account, subscription, plain, whole)

        async with store.begin(read_only=True) as tx:
            assert await tx.delivery(plain.id) == plain
            assert await tx.delivery(whole.id) == whole
            assert await tx.delivery(DeliveryId(9)) is None
            assert await tx.deliveries(10) == [whole, plain]
            assert await tx.deliveries(1) == [whole]
            assert await tx.deliveries(10, before=whole.id) == [plain]
            assert await tx.deliveries(10, state=DeliveryState.DEAD) == [whole]
            assert await tx.deliveries(10, state=DeliveryState.PENDING) == [plain]
            assert await tx.deliveries(10, state=DeliveryState.DELIVERED) == []
            assert await tx.deliveries(10, account_id=account.id) == [whole, plain]
            assert await tx.deliveries(10, account_id=AccountId(9)) == []

    async def test_one_entry_goes_to_a_subscription_once(self, store: Store) -> None:
        account = an_account()
        subscription = a_subscription(account)
        await _kept(store, account, subscription, a_delivery(subscription, sequence=1))

        async with store.begin() as tx:
            with pytest.raises(Conflict, match="already"):
                await tx.add_deliveries([a_delivery(subscription, sequence=1)])

    async def test_due_ones_come_the_earliest_first(self, store: Store) -> None:
        account = an_account()
        here = a_subscription(account)
        there = a_subscription(account, url="http://example.org/")
        late = a_delivery(here, due_at=NOW + SECOND)
        early = a_delivery(here, due_at=NOW - SECOND)
        now = a_delivery(there)
        done = a_delivery(here, state=DeliveryState.DELIVERED, ended_at=NOW)
        await _kept(store, account, here, there, late, early, now, done)

        async with store.begin(read_only=True) as tx:
            assert await tx.due_deliveries(NOW, 10) == [
                (early.id, "example.com:443"), (now.id, "example.org:80"),
            ]  # fmt: skip
            assert await tx.due_deliveries(NOW, 1) == [(early.id, "example.com:443")]
            busy = ["example.com:443"]
            assert await tx.due_deliveries(NOW, 10, except_receivers=busy) == [
                (now.id, "example.org:80")
            ]
            assert [one for one, _ in await tx.due_deliveries(NOW + SECOND, 10)] == [
                early.id, now.id, late.id,
            ]  # fmt: skip

    async def test_the_later_one_of_a_subject_waits_for_the_earlier(self, store: Store) -> None:
        account = an_account()
        one, two = a_subscription(account), a_subscription(account)
        # Sequences decide, not identifiers: these are given out in blocks to several servers.
        second = a_delivery(one, subject_id=7, sequence=12)
        first = a_delivery(one, subject_id=7, sequence=11)
        third = a_delivery(one, subject_id=7, sequence=13)
        other_subject = a_delivery(one, subject_id=8, sequence=14)
        other_subscription = a_delivery(two, subject_id=7, sequence=12)
        everything = (second, first, third, other_subject, other_subscription)
        await _kept(store, account, one, two, *everything)

        async def due(now_is: timedelta = timedelta()) -> set[DeliveryId]:
            async with store.begin(read_only=True) as tx:
                return {found for found, _ in await tx.due_deliveries(NOW + now_is, 10)}

        others = {other_subject.id, other_subscription.id}
        assert await due() == {first.id} | others
        async with store.begin() as tx:
            (claimed,) = await tx.claim_deliveries(
                [first.id], holder="a", now=NOW, until=NOW + MINUTE
            )
            await tx.commit()
        assert await due() == others  # it is being sent
        later = claimed.failed(status=500, problem="x", now=NOW, random=0)
        async with store.begin() as tx:
            assert await tx.end_claim(later, holder="a")
            await tx.commit()
        assert await due() == others  # it waits to be sent again
        assert await due(MINUTE) == {first.id} | others
        async with store.begin() as tx:
            (claimed,) = await tx.claim_deliveries(
                [first.id], holder="a", now=NOW + MINUTE, until=NOW + 2 * MINUTE
            )
            await tx.end_claim(claimed.delivered(status=200, now=NOW), holder="a")
            await tx.commit()
        assert await due() == {second.id} | others

    async def test_a_dead_one_holds_up_nobody(self, store: Store) -> None:
        account = an_account()
        one = a_subscription(account)
        first = a_delivery(one, subject_id=7, sequence=1, state=DeliveryState.DEAD, ended_at=NOW)
        second = a_delivery(one, subject_id=7, sequence=2)
        await _kept(store, account, one, first, second)

        async with store.begin(read_only=True) as tx:
            assert [found for found, _ in await tx.due_deliveries(NOW, 10)] == [second.id]

    async def test_each_is_claimed_by_one_server(self, store: Store) -> None:
        account = an_account()
        subscription = a_subscription(account)
        deliveries = [a_delivery(subscription) for _ in range(20)]
        await _kept(store, account, subscription, *deliveries)
        ids = [one.id for one in deliveries]

        async def claim(holder: str) -> list[DeliveryId]:
            async with store.begin() as tx:
                claimed = await tx.claim_deliveries(ids, holder=holder, now=NOW, until=NOW + MINUTE)
                await asyncio.sleep(0)
                await tx.commit()
            assert {(one.holder, one.attempts, one.due_at) for one in claimed} <= {
                (holder, 1, NOW + MINUTE)
            }
            return [one.id for one in claimed]

        claimed = await asyncio.gather(*(claim(f"server {number}") for number in range(4)))

        assert sorted(one for some in claimed for one in some) == ids

    async def test_whoever_lost_the_claim_writes_nothing(self, store: Store) -> None:
        account = an_account()
        subscription = a_subscription(account)
        delivery = a_delivery(subscription)
        await _kept(store, account, subscription, delivery)

        async def claim(holder: str, *, after: timedelta) -> list[Delivery]:
            async with store.begin() as tx:
                claimed = await tx.claim_deliveries(
                    [delivery.id], holder=holder, now=NOW + after, until=NOW + after + MINUTE
                )
                await tx.commit()
            return list(claimed)

        async def end(after: Delivery, holder: str) -> bool:
            async with store.begin() as tx:
                held = await tx.end_claim(after, holder=holder)
                await tx.commit()
            return held

        (mine,) = await claim("a", after=timedelta())
        assert await claim("b", after=59 * SECOND) == []
        (theirs,) = await claim("b", after=MINUTE)
        assert theirs.attempts == 2

        assert not await end(mine.delivered(status=200, now=NOW), "a")
        assert await end(theirs.delivered(status=204, now=NOW + MINUTE), "b")
        assert not await end(theirs.delivered(status=500, now=NOW + DAY), "b")
        back = (await _deliveries(store))[delivery.id]
        assert back == theirs.delivered(status=204, now=NOW + MINUTE)

    async def test_what_is_pending_can_be_given_up(self, store: Store) -> None:
        account = an_account()
        subscription, other = a_subscription(account), a_subscription(account)
        pending, theirs = a_delivery(subscription), a_delivery(other)
        held = a_delivery(subscription, holder="a", due_at=NOW + MINUTE)
        done = a_delivery(subscription, state=DeliveryState.DELIVERED, ended_at=NOW)
        await _kept(store, account, subscription, other, pending, theirs, held, done)

        async with store.begin() as tx:
            count = await tx.bury_deliveries(subscription.id, now=NOW + SECOND, problem="off")
            assert not await tx.end_claim(held.delivered(status=200, now=NOW), holder="a")
            await tx.commit()

        assert count == 2
        back = await _deliveries(store)
        for one in (pending, held):
            assert (back[one.id].state, back[one.id].problem) == (DeliveryState.DEAD, "off")
            assert back[one.id].ended_at == NOW + SECOND
        assert (back[theirs.id], back[done.id]) == (theirs, done)

    async def test_one_is_sent_again_by_hand(self, store: Store) -> None:
        account = an_account()
        subscription = a_subscription(account)
        dead = a_delivery(subscription, state=DeliveryState.DEAD, ended_at=NOW, attempts=11)
        await _kept(store, account, subscription, dead)

        async with store.begin() as tx:
            await tx.update_delivery(dead.sent_again(now=NOW + DAY))
            with pytest.raises(NotFound, match="delivery 9"):
                await tx.update_delivery(replace(dead, id=DeliveryId(9)))
        async with store.begin() as tx:
            await tx.update_delivery(dead.sent_again(now=NOW + DAY))
            await tx.commit()

        async with store.begin(read_only=True) as tx:
            assert [one for one, _ in await tx.due_deliveries(NOW + DAY, 10)] == [dead.id]

    async def test_old_ones_are_forgotten(self, store: Store) -> None:
        account = an_account()
        subscription = a_subscription(account)
        pending = a_delivery(subscription, created_at=NOW - 99 * DAY)
        ends = {
            (state, days): a_delivery(subscription, state=state, ended_at=NOW - days * DAY)
            for state in (DeliveryState.DELIVERED, DeliveryState.DEAD)
            for days in (1, 4, 40)
        }
        await _kept(store, account, subscription, pending, *ends.values())

        async with store.begin() as tx:
            count = await tx.forget_deliveries(
                delivered_before=NOW - 3 * DAY, dead_before=NOW - 30 * DAY
            )
            await tx.commit()

        assert count == 3
        assert set(await _deliveries(store)) == {
            pending.id,
            ends[DeliveryState.DELIVERED, 1].id,
            ends[DeliveryState.DEAD, 1].id,
            ends[DeliveryState.DEAD, 4].id,
        }


class TestSubscriptionsOfOneSubject:
    async def test_only_what_is_announced_of_their_subject_is_kept_for_them(
        self, store: Store
    ) -> None:
        account = an_account()
        topics = frozenset({Topic.CALL_RINGING, Topic.CALL_FINISHED})
        bound = a_subscription(account, subject_id=7, max_attempts=3, topics=topics)
        await _kept(store, account, bound)

        await _announce(
            store,
            an_announcement(account, 7, topic=Topic.CALL_RINGING),
            an_announcement(account, 8, topic=Topic.CALL_RINGING),
            an_announcement(account, 7, topic=Topic.CALL_ANSWERED),
            an_announcement(account, 7),
        )

        assert await _outbox(store) == [(Topic.CALL_RINGING, 7), (Topic.CALL_FINISHED, 7)]
        async with store.begin(read_only=True) as tx:
            assert await tx.subscriptions(account.id) == []
            assert await tx.subscriptions_listening([account.id]) == []
            assert await tx.subscriptions_listening([account.id], subjects=[8]) == []
            assert await tx.subscriptions_listening([account.id], subjects=[7, 8]) == [bound]
            assert await tx.subscriptions_listening([], subjects=[7]) == []

    async def test_others_of_the_account_listen_beside_them(self, store: Store) -> None:
        account = an_account()
        bound, plain = a_subscription(account, subject_id=7), a_subscription(account)
        await _kept(store, account, bound, plain)

        await _announce(store, an_announcement(account, 7), an_announcement(account, 8))

        assert [subject for _, subject in await _outbox(store)] == [7, 8]
        async with store.begin(read_only=True) as tx:
            found = await tx.subscriptions_listening([account.id], subjects=[7])
        assert {one.id for one in found} == {bound.id, plain.id}

    async def test_they_are_forgotten_when_nothing_of_them_is_left(self, store: Store) -> None:
        account = an_account()
        old, waiting, young = (
            a_subscription(account, subject_id=7, created_at=NOW - age)
            for age in (2 * DAY, 2 * DAY, timedelta())
        )
        plain = a_subscription(account, created_at=NOW - 2 * DAY)
        await _kept(store, account, old, waiting, young, plain, a_delivery(waiting))

        async with store.begin() as tx:
            await tx.forget_deliveries(delivered_before=NOW - DAY, dead_before=NOW - DAY)
            await tx.commit()

        async with store.begin(read_only=True) as tx:
            found = await tx.subscriptions_of([one.id for one in (old, waiting, young, plain)])
        assert set(found) == {waiting.id, young.id, plain.id}
