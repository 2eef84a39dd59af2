"""Telling subscribers: from the outbox to deliveries, from deliveries to the far end.

What is announced is in the outbox as soon as it is true. `AddressDeliveries` turns each entry into
a delivery for every subscription that wants it, and `SendDeliveries` sends those: at least once,
and in order for each subscription and subject. Both can run in several servers at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from ringcast.domain.errors import NotFound, Unavailable
from ringcast.domain.ids import AccountId, DeliveryId, SubscriptionId
from ringcast.domain.subscriptions import (
    Announcement,
    Delivery,
    DeliveryState,
    Subscription,
    Topic,
)
from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import (
    Callback,
    CallbackAnswer,
    CallbackRenderer,
    CallbackSender,
    OutboxEntry,
)
from ringcast.ports.store import Store, Transaction

__all__ = ["AddressDeliveries", "ReadResource", "SendDeliveries"]

log = logging.getLogger(__name__)

ReadResource: TypeAlias = Callable[[AccountId, int], Awaitable[object]]
"""Returns the subject of an announcement as its use case does; raises NotFound if it is gone."""

_POLL = 0.5  # seconds between looks when nobody has rung the bell
_RETRY_AFTER = 1.0  # seconds before trying again when the store is away
_ENTRIES = 100  # taken from the outbox in one transaction
_HOLD_FOR = timedelta(seconds=30)  # well above the time limit of a request
_AT_ONCE = 64  # requests under way
_AT_ONCE_PER_RECEIVER = 8  # so that one that is slow leaves room for the others
_LAST_WAIT = 5.0  # seconds for requests under way when the server stops


class _Bell:
    """Wakes a worker early."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when it has rung since the last time, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()


@dataclass(frozen=True, slots=True)
class _Addressed:
    entry: OutboxEntry
    subscription: Subscription
    body: bytes


class AddressDeliveries:
    """Turn what is announced into deliveries.

    An entry belongs to whoever removes it from the outbox, and its deliveries are written in the
    same transaction: nothing is lost or doubled, however many servers do this at once.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        renderers: Mapping[str, CallbackRenderer],
        resources: Mapping[Topic, ReadResource],
        wake: Callable[[], None],
    ) -> None:
        """`renderers` go by dialect; `wake` is called when there is something to send."""
        self._store = store
        self._clock = clock
        self._renderers = renderers
        self._resources = resources
        self._wake = wake
        self._bell = _Bell()

    def wake(self) -> None:
        """Look into the outbox now instead of at the next poll."""
        self._bell.ring()

    async def run(self) -> None:
        """Do so until cancelled."""
        while True:
            wait = _POLL
            try:
                if await self() == _ENTRIES:
                    continue
            except Unavailable:
                log.warning("store unavailable, announcements wait")
                wait = _RETRY_AFTER
            except Exception:  # the top of a worker's loop
                log.exception("announcements could not be addressed")
                wait = _RETRY_AFTER
            await self._bell.wait(wait)

    async def __call__(self) -> int:
        """Address the oldest entries of the outbox; return how many there were."""
        async with self._store.begin(read_only=True) as tx:
            entries = await tx.outbox(_ENTRIES)
            if not entries:
                return 0
            accounts = {entry.announcement.account_id for entry in entries}
            listening: dict[AccountId, list[Subscription]] = defaultdict(list)
            for subscription in await tx.subscriptions_listening(accounts):
                listening[subscription.account_id].append(subscription)
        addressed: list[_Addressed] = []
        for entry in entries:
            addressed += await self._address(entry, listening[entry.announcement.account_id])
        now = self._clock.now()
        ids = await self._store.take_ids(len(addressed), now) if addressed else ()
        async with self._store.begin() as tx:
            taken = await tx.take_from_outbox([entry.sequence for entry in entries])
            deliveries = [
                _delivery(DeliveryId(new_id), one, now=now)
                for new_id, one in zip(ids, addressed, strict=True)
                if one.entry.sequence in taken
                and (not one.subscription.single_use or await tx.put_under_way(one.subscription.id))
            ]
            await tx.add_deliveries(deliveries)
            await tx.commit()
        if deliveries:
            self._wake()
        return len(entries)

    async def _address(
        self, entry: OutboxEntry, listening: Sequence[Subscription]
    ) -> Sequence[_Addressed]:
        announcement = entry.announcement
        wanted = [
            one
            for one in listening
            if announcement.topic in one.topics and not one.has_expired(announcement.at)
        ]
        if not wanted:
            return ()
        about = {"topic": announcement.topic, "subject_id": announcement.subject_id}
        try:
            resource = await self._resources[announcement.topic](
                announcement.account_id, announcement.subject_id
            )
        except NotFound:
            log.warning("what was announced is gone", extra=about)
            return ()
        addressed = []
        for subscription in wanted:
            try:
                body = self._body(subscription, announcement, resource)
            except Exception:  # one that cannot be told must not keep the others waiting for ever
                log.exception(
                    "announcement could not be rendered",
                    extra={**about, "subscription_id": subscription.id},
                )
                continue
            addressed.append(_Addressed(entry, subscription, body))
        return addressed

    def _body(
        self, subscription: Subscription, announcement: Announcement, resource: object
    ) -> bytes:
        renderer = self._renderers[subscription.dialect]
        return renderer.body(subscription, announcement, resource, self._clock.now())


class SendDeliveries:
    """Send what is due, and write down what came of it.

    A delivery is claimed for a limited time, and an attempt counted, before its request leaves; if
    the server dies, it is due again when that time is over. So it may arrive twice, with the same
    body, but it is never lost.
    """

    def __init__(
        self,
        *,
        store: Store,
        sender: CallbackSender,
        renderers: Mapping[str, CallbackRenderer],
        clock: Clock,
        holder: str,
        random: Callable[[], float],
    ) -> None:
        """`random` gives numbers from 0 to 1, to spread attempts that are made again."""
        self._store = store
        self._sender = sender
        self._renderers = renderers
        self._clock = clock
        self._holder = holder
        self._random = random
        self._bell = _Bell()
        self._stopping = False
        self._under_way: dict[asyncio.Task[None], Delivery] = {}
        self._per_receiver: Counter[str] = Counter()
        self._ended: list[tuple[Delivery, Subscription | None]] = []

    def wake(self) -> None:
        """Look for due deliveries now instead of at the next poll."""
        self._bell.ring()

    def stop(self) -> None:
        """Send no more; `run` returns when requests under way have ended, or after some seconds."""
        self._stopping = True
        self._bell.ring()

    async def run(self) -> None:
        """Send until stopped."""
        try:
            while not self._stopping:
                wait = _POLL
                try:
                    await self._write_ended()
                    await self._start_due()
                except Unavailable:
                    log.warning("store unavailable, deliveries wait")
                    wait = _RETRY_AFTER
                except Exception:  # the top of a worker's loop
                    log.exception("deliveries could not be looked after")
                    wait = _RETRY_AFTER
                await self._bell.wait(wait)
            await self._finish()
        finally:
            for task in self._under_way:
                task.cancel()

    async def _finish(self) -> None:
        """Let requests under way end, release those that take too long, and write it down."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST_WAIT)
        for task, delivery in list(self._under_way.items()):
            task.cancel()
            self._ended.append((delivery.released(now=self._clock.now()), None))
        try:
            await self._write_ended()
        except Unavailable:
            log.warning(
                "store unavailable, deliveries under way will be sent again",
                extra={"deliveries": len(self._ended)},
            )

    async def _start_due(self) -> None:
        """Claim what is due, as much as there is room for, and begin to send it."""
        while (room := _AT_ONCE - len(self._under_way)) > 0:
            full = {
                receiver
                for receiver, count in self._per_receiver.items()
                if count >= _AT_ONCE_PER_RECEIVER
            }
            now = self._clock.now()
            async with self._store.begin(read_only=True) as tx:
                due = await tx.due_deliveries(now, _AT_ONCE, except_receivers=full)
            chosen = self._choose(due, room)
            if not chosen:
                return
            async with self._store.begin() as tx:
                claimed = await tx.claim_deliveries(
                    chosen, holder=self._holder, now=now, until=now + _HOLD_FOR
                )
                subscriptions = await tx.subscriptions_of({one.subscription_id for one in claimed})
                await tx.commit()
            for delivery in claimed:
                self._start(delivery, subscriptions)
            if len(due) < _AT_ONCE or not claimed:
                return  # nothing more is due, or another server is at it

    def _choose(self, due: Sequence[tuple[DeliveryId, str]], room: int) -> Sequence[DeliveryId]:
        """Return the first of them that there is room for, in all and at their receiver."""
        taken = Counter(self._per_receiver)
        chosen: list[DeliveryId] = []
        for delivery_id, receiver in due:
            if len(chosen) < room and taken[receiver] < _AT_ONCE_PER_RECEIVER:
                taken[receiver] += 1
                chosen.append(delivery_id)
        return chosen

    def _start(
        self, delivery: Delivery, subscriptions: Mapping[SubscriptionId, Subscription]
    ) -> None:
        subscription = subscriptions.get(delivery.subscription_id)
        if subscription is None:  # deleted while its delivery was being written
            now = self._clock.now()
            lost = replace(
                delivery,
                state=DeliveryState.DEAD,
                holder=None,
                ended_at=now,
                problem="the subscription was deleted",
            )
            self._ended.append((lost, None))
            self._bell.ring()
            return
        task = asyncio.create_task(self._send(delivery, subscription))
        self._under_way[task] = delivery
        self._per_receiver[delivery.receiver] += 1
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        delivery = self._under_way.pop(task)
        self._per_receiver[delivery.receiver] -= 1
        if not self._per_receiver[delivery.receiver]:
            del self._per_receiver[delivery.receiver]
        self._bell.ring()

    async def _send(self, delivery: Delivery, subscription: Subscription) -> None:
        try:
            headers = self._renderers[subscription.dialect].headers(subscription, delivery.body)
            answer = await self._sender.send(
                Callback(
                    url=subscription.url,
                    headers=headers,
                    body=delivery.body,
                    verify_certificate=subscription.verify_certificate,
                )
            )
        except Exception:  # one broken delivery must not take the others with it
            log.exception("delivery failed", extra={"delivery_id": delivery.id})
            answer = CallbackAnswer(problem="a fault inside the server; its log has the details")
        self._ended.append((self._after(delivery, answer), subscription))

    def _after(self, delivery: Delivery, answer: CallbackAnswer) -> Delivery:
        now = self._clock.now()
        about = {"delivery_id": delivery.id, "attempts": delivery.attempts}
        if answer.problem is None:
            assert answer.status is not None, "what was taken was answered"
            return delivery.delivered(status=answer.status, now=now)
        after = delivery.failed(
            status=answer.status, problem=answer.problem, now=now, random=self._random()
        )
        if after.state is DeliveryState.DEAD:
            log.warning("delivery given up", extra={**about, "problem": answer.problem})
        else:
            log.info("delivery to be tried again", extra={**about, "problem": answer.problem})
        return after

    async def _write_ended(self) -> None:
        if not self._ended:
            return
        ended = sorted(self._ended, key=lambda one: one[0].id)
        self._ended = []
        try:
            async with self._store.begin() as tx:
                for delivery, subscription in ended:
                    held = await tx.end_claim(delivery, holder=self._holder)
                    if held and subscription is not None and subscription.single_use:
                        await _end_single_use(tx, delivery)
                await tx.commit()
        except Exception:
            self._ended = ended + self._ended  # to be written later, or sent again
            raise


def _delivery(delivery_id: DeliveryId, one: _Addressed, *, now: datetime) -> Delivery:
    announcement = one.entry.announcement
    return Delivery(
        id=delivery_id,
        account_id=announcement.account_id,
        subscription_id=one.subscription.id,
        topic=announcement.topic,
        subject_id=announcement.subject_id,
        sequence=one.entry.sequence,
        receiver=one.subscription.receiver,
        body=one.body,
        state=DeliveryState.PENDING,
        created_at=announcement.at,
        due_at=now,
    )


async def _end_single_use(tx: Transaction, delivery: Delivery) -> None:
    """End a subscription for single use with its delivery, or have it listen again."""
    if delivery.state is DeliveryState.DELIVERED:
        await tx.delete_subscription(delivery.subscription_id)
    elif delivery.state is DeliveryState.DEAD:
        found = await tx.subscriptions_of([delivery.subscription_id])
        for subscription in found.values():
            await tx.update_subscription(replace(subscription, under_way=False))
