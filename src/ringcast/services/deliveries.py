"""Sending deliveries to the far end: at least once, in order for each subscription and subject."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import DeliveryId, IncidentId, SubscriptionId
from ringcast.domain.incidents import Incident, IncidentKind
from ringcast.domain.subscriptions import RETRY_AFTER, Delivery, DeliveryState, Subscription
from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import (
    Callback,
    CallbackAnswer,
    CallbackRenderer,
    CallbackSender,
)
from ringcast.ports.store import Store, Transaction
from ringcast.services.bell import Bell

__all__ = ["SendDeliveries"]

log = logging.getLogger(__name__)

_POLL = 0.5  # seconds between looks when nobody has rung the bell
_RETRY_AFTER = 1.0  # seconds before trying again when the store is away
_HOLD_FOR = timedelta(seconds=30)  # well above the time limit of a request
_AT_ONCE = 64  # requests under way
_AT_ONCE_PER_RECEIVER = 8  # so that one that is slow leaves room for the others
_MAX_MESSAGE = 1000  # characters kept of what went wrong
_LAST_WAIT = 5.0  # seconds for requests under way when the server stops


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
        self._bell = Bell()
        self._stopping = False
        self._under_way: dict[asyncio.Task[None], Delivery] = {}
        self._per_receiver: Counter[str] = Counter()
        self._ended: list[tuple[Delivery, Subscription | None]] = []
        self._incidents: list[Incident] = []

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
        waits: Sequence[timedelta] = RETRY_AFTER
        try:
            renderer = self._renderers[subscription.dialect]
            callback = renderer.callback(subscription, delivery.body)
            waits = callback.retry_after
            answer = await self._sent(delivery, callback)
        except Exception:  # one broken delivery must not take the others with it
            log.exception("delivery failed", extra={"delivery_id": delivery.id})
            answer = CallbackAnswer(problem="a fault inside the server; its log has the details")
        after = self._after(delivery, answer, subscription.max_attempts, waits)
        self._ended.append((after, subscription))

    async def _sent(self, delivery: Delivery, callback: Callback) -> CallbackAnswer:
        """Send a callback, or what is sent otherwise; note what was not taken."""
        answer = await self._sender.send(callback)
        if answer.problem is not None and callback.details:
            details = {**callback.details, "problem": answer.problem}
            self._incidents.append(
                Incident(
                    id=IncidentId(0),  # given when it is written
                    account_id=delivery.account_id,
                    at=self._clock.now(),
                    kind=IncidentKind.CALLBACK_FAILED,
                    dialect=callback.details["dialect"],
                    message=f"a callback was not taken: {answer.problem}"[:_MAX_MESSAGE],
                    details={name: value[:_MAX_MESSAGE] for name, value in details.items()},
                )
            )
        if answer.problem is None or callback.otherwise is None:
            return answer
        return await self._sent(delivery, callback.otherwise)

    def _after(
        self,
        delivery: Delivery,
        answer: CallbackAnswer,
        most: int | None,
        waits: Sequence[timedelta],
    ) -> Delivery:
        now = self._clock.now()
        about = {"delivery_id": delivery.id, "attempts": delivery.attempts}
        if answer.problem is None:
            assert answer.status is not None, "what was taken was answered"
            return delivery.delivered(status=answer.status, now=now)
        after = delivery.failed(
            status=answer.status,
            problem=answer.problem,
            now=now,
            random=self._random(),
            max_attempts=most,
            waits=waits,
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
        incidents, self._ended, self._incidents = self._incidents, [], []
        try:
            ids = await self._store.take_ids(len(incidents), self._clock.now()) if incidents else ()
            numbered = [
                replace(one, id=IncidentId(new_id))
                for new_id, one in zip(ids, incidents, strict=True)
            ]
            async with self._store.begin() as tx:
                for delivery, subscription in ended:
                    held = await tx.end_claim(delivery, holder=self._holder)
                    if held and subscription is not None and subscription.single_use:
                        await _end_single_use(tx, delivery)
                if numbered:
                    await tx.add_incidents(numbered)
                await tx.commit()
        except Exception:
            self._ended = ended + self._ended  # to be written later, or sent again
            self._incidents = incidents + self._incidents
            raise


async def _end_single_use(tx: Transaction, delivery: Delivery) -> None:
    """End a subscription for single use with its delivery, or have it listen again."""
    if delivery.state is DeliveryState.DELIVERED:
        await tx.delete_subscription(delivery.subscription_id)
    elif delivery.state is DeliveryState.DEAD:
        found = await tx.subscriptions_of([delivery.subscription_id])
        for subscription in found.values():
            await tx.update_subscription(replace(subscription, under_way=False))
