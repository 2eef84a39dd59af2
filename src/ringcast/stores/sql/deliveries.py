"""Subscriptions, the outbox, and deliveries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, DeliveryId, SubscriptionId
from ringcast.domain.subscriptions import (
    Announcement,
    Delivery,
    DeliveryState,
    Subscription,
    Topic,
)
from ringcast.ports.deliveries import OutboxEntry
from ringcast.stores.sql.columns import Event, Id, Instant, Word, Words
from ringcast.stores.sql.connecting import Connection, Database
from ringcast.stores.sql.delivery_tables import deliveries as table
from ringcast.stores.sql.delivery_tables import (
    delivery_has_ended,
    delivery_waits,
    outbox,
    subscription_topics,
    subscriptions,
)
from ringcast.stores.sql.work import Work, any_of, batches, entity, values

__all__ = ["DeliveryWork"]

# One row for each announcement that somebody listens for: the rest cost a look at a key.
_ANNOUNCE = insert(outbox).from_select(
    ["account_id", "topic", "subject_id", "at", "event"],
    select(
        bindparam("account", type_=Id),
        bindparam("about", type_=Word(Topic)),
        bindparam("subject", type_=Id),
        bindparam("when", type_=Instant),
        bindparam("what", type_=Event),
    ).where(
        exists().where(
            subscription_topics.c.account_id == bindparam("account", type_=Id),
            subscription_topics.c.topic == bindparam("about", type_=Word(Topic)),
            or_(
                subscription_topics.c.subject_id.is_(None),
                subscription_topics.c.subject_id == bindparam("subject", type_=Id),
            ),
        )
    ),
    include_defaults=False,
)

_earlier = table.alias("earlier")
_IS_NEXT = ~exists().where(
    _earlier.c.state == literal_column("'pending'"),
    _earlier.c.subscription_id == table.c.subscription_id,
    _earlier.c.subject_id == table.c.subject_id,
    _earlier.c.sequence < table.c.sequence,
)

_CHANGING = ("state", "due_at", "attempts", "holder", "ended_at", "status", "problem")
_UPDATE = (
    update(table)
    .where(table.c.id == bindparam("key", type_=Id))
    .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in _CHANGING})
)
_UPDATE_HELD = _UPDATE.where(table.c.holder == bindparam("by", type_=Words), delivery_waits)


class DeliveryWork(Work):
    """The part of a transaction that is about subscriptions and deliveries."""

    def __init__(self, connection: Connection, database: Database, *, read_only: bool) -> None:
        super().__init__(connection, database, read_only=read_only)
        self._announces = False
        self._has_announced = False

    @property
    def has_announced(self) -> bool:
        """Whether something was announced, and committed."""
        return self._has_announced

    async def commit(self) -> None:
        """Make it last."""
        await super().commit()
        self._has_announced = self._announces

    # subscriptions

    async def add_subscription(self, subscription: Subscription) -> None:
        await self._insert(
            subscriptions,
            [values(subscription)],
            exists=f"subscription {subscription.id} exists already",
            missing=NotFound("account", subscription.account_id),
        )
        await self._write_topics(subscription)

    async def subscription(
        self, account_id: AccountId, subscription_id: SubscriptionId
    ) -> Subscription | None:
        return await self._one(
            Subscription,
            subscriptions,
            subscriptions.c.id == subscription_id,
            subscriptions.c.account_id == account_id,
        )

    async def subscriptions(self, account_id: AccountId) -> Sequence[Subscription]:
        return await self._all(
            Subscription,
            subscriptions,
            subscriptions.c.account_id == account_id,
            subscriptions.c.subject_id.is_(None),
        )

    async def subscriptions_of(
        self, subscription_ids: Collection[SubscriptionId]
    ) -> Mapping[SubscriptionId, Subscription]:
        found: list[Subscription] = []
        for some in batches(sorted(set(subscription_ids))):
            found += await self._all(Subscription, subscriptions, subscriptions.c.id.in_(some))
        return {one.id: one for one in found}

    async def subscriptions_listening(
        self, account_ids: Collection[AccountId], *, subjects: Collection[int] = ()
    ) -> Sequence[Subscription]:
        found: list[Subscription] = []
        about = [
            row.subscription_id
            for some in batches(sorted(set(account_ids)))
            for those in batches(sorted(set(subjects)))
            for row in (
                await self._read(
                    select(subscription_topics.c.subscription_id)
                    .where(
                        subscription_topics.c.account_id.in_(some),
                        subscription_topics.c.topic.in_(list(Topic)),
                        subscription_topics.c.subject_id.in_(those),
                    )
                    .distinct()
                )
            ).rows
        ]
        for some_ids in batches(sorted(set(about))):
            found += await self._all(Subscription, subscriptions, subscriptions.c.id.in_(some_ids))
        for some in batches(sorted(set(account_ids))):
            found += await self._all(
                Subscription,
                subscriptions,
                subscriptions.c.account_id.in_(some),
                subscriptions.c.enabled.is_(True),
                subscriptions.c.under_way.is_(False),
                subscriptions.c.subject_id.is_(None),
            )
        return found

    async def update_subscription(self, subscription: Subscription) -> None:
        row = values(subscription)
        del row["account_id"]
        statement = update(subscriptions).where(subscriptions.c.id == row.pop("id")).values(row)
        if not (await self._change(statement)).changed:
            raise NotFound("subscription", subscription.id)
        await self._change(_forget_topics(subscription.id))
        await self._write_topics(subscription)
        await self._change(
            update(table)
            .where(
                delivery_waits,
                table.c.subscription_id == subscription.id,
                table.c.receiver != subscription.receiver,
            )
            .values(receiver=subscription.receiver)
        )

    async def delete_subscription(self, subscription_id: SubscriptionId) -> bool:
        await self._change(_forget_topics(subscription_id))
        gone = await self._change(
            delete(subscriptions).where(subscriptions.c.id == subscription_id)
        )
        await self._change(
            delete(table).where(delivery_waits, table.c.subscription_id == subscription_id)
        )
        await self._change(
            delete(table).where(
                delivery_has_ended,
                table.c.state == DeliveryState.DEAD,
                table.c.subscription_id == subscription_id,
            )
        )
        return gone.changed > 0

    async def put_under_way(self, subscription_id: SubscriptionId) -> bool:
        statement = (
            update(subscriptions)
            .where(subscriptions.c.id == subscription_id, subscriptions.c.under_way.is_(False))
            .values(under_way=True)
        )
        if not (await self._change(statement)).changed:
            return False
        await self._change(_forget_topics(subscription_id))
        return True

    async def _write_topics(self, subscription: Subscription) -> None:
        if subscription.is_listening:
            await self._insert(
                subscription_topics,
                [
                    {
                        "account_id": subscription.account_id,
                        "topic": topic,
                        "subscription_id": subscription.id,
                        "subject_id": subscription.subject_id,
                    }
                    for topic in sorted(subscription.topics)
                ],
                exists=f"subscription {subscription.id} is being changed by somebody else",
            )

    # outbox

    async def announce(self, announcements: Sequence[Announcement]) -> None:
        if announcements:
            self._announces = True
            rows = [
                {
                    "account": a.account_id,
                    "about": a.topic,
                    "subject": a.subject_id,
                    "when": a.at,
                    "what": a.event,
                }
                for a in announcements
            ]
            await self._change(
                _ANNOUNCE,
                rows,
                missing=NotFound("account", any_of(a.account_id for a in announcements)),
            )

    async def outbox(self, limit: int) -> Sequence[OutboxEntry]:
        found = await self._read(select(outbox).order_by(outbox.c.sequence).limit(limit))
        return [
            OutboxEntry(
                row.sequence,
                Announcement(
                    topic=row.topic,
                    account_id=row.account_id,
                    subject_id=row.subject_id,
                    at=row.at,
                    event=row.event,
                ),
            )
            for row in found.rows
        ]

    async def take_from_outbox(self, sequences: Sequence[int]) -> frozenset[int]:
        # Locked in one order first: two who took the same entries crosswise would never end.
        wanted = outbox.c.sequence.in_(sorted(sequences))
        locked = await self._lock(
            select(outbox.c.sequence).where(wanted).order_by(outbox.c.sequence), skip_locked=False
        )
        taken = [row.sequence for row in locked.rows]
        if taken:
            await self._change(delete(outbox).where(outbox.c.sequence.in_(taken)))
        return frozenset(taken)

    # deliveries

    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        await self._insert(
            table,
            [values(delivery) for delivery in deliveries],
            exists="that announcement is on its way to that subscription already",
            missing=NotFound("account", any_of(one.account_id for one in deliveries)),
        )

    async def due_deliveries(
        self, now: datetime, limit: int, *, except_receivers: Collection[str] = ()
    ) -> Sequence[tuple[DeliveryId, str]]:
        statement = (
            select(table.c.id, table.c.receiver)
            .where(delivery_waits, table.c.due_at <= now, _IS_NEXT)
            .order_by(table.c.due_at, table.c.id)
            .limit(limit)
        )
        if except_receivers:
            statement = statement.where(table.c.receiver.not_in(sorted(except_receivers)))
        return [(row.id, row.receiver) for row in (await self._read(statement)).rows]

    async def claim_deliveries(
        self, delivery_ids: Collection[DeliveryId], *, holder: str, now: datetime, until: datetime
    ) -> Sequence[Delivery]:
        statement = (
            select(table)
            .where(table.c.id.in_(sorted(delivery_ids)), delivery_waits, table.c.due_at <= now)
            .order_by(table.c.id)
        )
        found = await self._lock(statement, skip_locked=True)
        claimed = [
            entity(Delivery, row._mapping).claimed(holder, until=until) for row in found.rows
        ]
        if claimed:
            await self._change(_UPDATE, [_changes(delivery) for delivery in claimed])
        return claimed

    async def end_claim(self, delivery: Delivery, *, holder: str) -> bool:
        changed = await self._change(_UPDATE_HELD, _changes(delivery) | {"by": holder})
        return changed.changed > 0

    async def delivery(self, delivery_id: DeliveryId) -> Delivery | None:
        return await self._one(Delivery, table, table.c.id == delivery_id)

    async def deliveries(
        self,
        limit: int,
        *,
        state: DeliveryState | None = None,
        account_id: AccountId | None = None,
        before: DeliveryId | None = None,
    ) -> Sequence[Delivery]:
        statement = select(table).order_by(table.c.id.desc()).limit(limit)
        if state is not None:
            ended = delivery_waits if state is DeliveryState.PENDING else delivery_has_ended
            statement = statement.where(ended, table.c.state == state)
        if account_id is not None:
            statement = statement.where(table.c.account_id == account_id)
        if before is not None:
            statement = statement.where(table.c.id < before)
        return [entity(Delivery, row._mapping) for row in (await self._read(statement)).rows]

    async def update_delivery(self, delivery: Delivery) -> None:
        if not (await self._change(_UPDATE, _changes(delivery))).changed:
            raise NotFound("delivery", delivery.id)

    async def bury_deliveries(
        self, subscription_id: SubscriptionId, *, now: datetime, problem: str
    ) -> int:
        statement = (
            update(table)
            .where(delivery_waits, table.c.subscription_id == subscription_id)
            .values(state=DeliveryState.DEAD, holder=None, ended_at=now, problem=problem)
        )
        return (await self._change(statement)).changed

    async def forget_deliveries(self, *, delivered_before: datetime, dead_before: datetime) -> int:
        statement = delete(table).where(
            delivery_has_ended,
            or_(
                and_(
                    table.c.state == DeliveryState.DELIVERED,
                    table.c.ended_at < delivered_before,
                ),
                and_(table.c.state == DeliveryState.DEAD, table.c.ended_at < dead_before),
            ),
        )
        count = (await self._change(statement)).changed
        left = exists().where(table.c.subscription_id == subscriptions.c.id)
        found = await self._read(
            select(subscriptions.c.id).where(
                subscriptions.c.subject_id.is_not(None),
                subscriptions.c.created_at < delivered_before,
                ~left,
            )
        )
        for some in batches([row.id for row in found.rows]):
            await self._change(
                delete(subscription_topics).where(subscription_topics.c.subscription_id.in_(some))
            )
            await self._change(delete(subscriptions).where(subscriptions.c.id.in_(some)))
        return count


def _changes(delivery: Delivery) -> dict[str, Any]:
    return {"key": delivery.id} | {f"new_{name}": getattr(delivery, name) for name in _CHANGING}


def _forget_topics(subscription_id: SubscriptionId) -> Any:
    return delete(subscription_topics).where(
        subscription_topics.c.subscription_id == subscription_id
    )
