"""From the outbox to deliveries.

What is announced is in the outbox as soon as it is true. Here each entry becomes a delivery for
every subscription that wants it; `deliveries` sends those.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import AccountId, DeliveryId
from ringcast.domain.subscriptions import (
    Announcement,
    Delivery,
    DeliveryState,
    Subscription,
    Topic,
)
from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import CallbackRenderer, OutboxEntry
from ringcast.ports.store import Store
from ringcast.services.bell import Bell

__all__ = ["AddressDeliveries", "ReadResources"]

log = logging.getLogger(__name__)

ReadResources: TypeAlias = Callable[[AccountId, Collection[int]], Awaitable[Mapping[int, object]]]
"""Returns subjects of announcements as their use case does, without those that are gone."""

_POLL = 0.5  # seconds between looks when nobody has rung the bell
_RETRY_AFTER = 1.0  # seconds before trying again when the store is away
_ENTRIES = 100  # taken from the outbox in one transaction


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
        resources: Mapping[Topic, ReadResources],
        wake: Callable[[], None],
    ) -> None:
        """`renderers` go by dialect; `wake` is called when there is something to send."""
        self._store = store
        self._clock = clock
        self._renderers = renderers
        self._resources = resources
        self._wake = wake
        self._bell = Bell()

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
            subjects = {entry.announcement.subject_id for entry in entries}
            for subscription in await tx.subscriptions_listening(accounts, subjects=subjects):
                listening[subscription.account_id].append(subscription)
        wanted = [
            (entry, subscription)
            for entry in entries
            for subscription in listening[entry.announcement.account_id]
            if _wants(subscription, entry.announcement)
        ]
        addressed = self._rendered(wanted, await self._read({entry for entry, _ in wanted}))
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

    async def _read(self, entries: Collection[OutboxEntry]) -> Mapping[OutboxEntry, object]:
        """Return what the entries are about, without what is gone."""
        groups: dict[tuple[Topic, AccountId], list[OutboxEntry]] = defaultdict(list)
        for entry in entries:
            groups[entry.announcement.topic, entry.announcement.account_id].append(entry)
        found: dict[OutboxEntry, object] = {}
        for (topic, account_id), some in groups.items():
            subjects = {entry.announcement.subject_id for entry in some}
            resources = await self._resources[topic](account_id, subjects)
            for entry in some:
                if entry.announcement.subject_id in resources:
                    found[entry] = resources[entry.announcement.subject_id]
                else:
                    log.warning("what was announced is gone", extra=_about(entry))
        return found

    def _rendered(
        self,
        wanted: Sequence[tuple[OutboxEntry, Subscription]],
        resources: Mapping[OutboxEntry, object],
    ) -> Sequence[_Addressed]:
        addressed = []
        now = self._clock.now()
        for entry, subscription in wanted:
            if entry not in resources:
                continue
            renderer = self._renderers[subscription.dialect]
            try:
                body = renderer.body(subscription, entry.announcement, resources[entry], now)
            except Exception:  # one that cannot be told must not keep the others waiting for ever
                log.exception(
                    "announcement could not be rendered",
                    extra={**_about(entry), "subscription_id": subscription.id},
                )
                continue
            if body is None:
                continue
            addressed.append(_Addressed(entry, subscription, body))
        return addressed


def _wants(subscription: Subscription, announcement: Announcement) -> bool:
    return (
        announcement.topic in subscription.topics
        and subscription.subject_id in (None, announcement.subject_id)
        and not subscription.has_expired(announcement.at)
    )


def _about(entry: OutboxEntry) -> dict[str, object]:
    return {"topic": entry.announcement.topic, "subject_id": entry.announcement.subject_id}


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
