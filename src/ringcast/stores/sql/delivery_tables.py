"""The tables of subscriptions, the outbox and deliveries."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.types import TypeDecorator

from ringcast.domain.subscriptions import DeliveryState, Topic
from ringcast.stores.sql.columns import Attributes, Event, Id, Instant, Word, Words
from ringcast.stores.sql.tables import accounts, metadata

__all__ = [
    "deliveries",
    "delivery_has_ended",
    "delivery_waits",
    "outbox",
    "subscription_topics",
    "subscriptions",
]


class Topics(TypeDecorator[frozenset[Topic]]):
    """Topics, as words with spaces between them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[Topic] | None, dialect: Dialect) -> str | None:
        return None if value is None else " ".join(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[Topic] | None:
        return None if value is None else frozenset(Topic(word) for word in value.split())


subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("dialect", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("topics", Topics, nullable=False),
    Column("url", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("verify_certificate", Boolean, nullable=False),
    Column("secret", Words),
    Column("expires_at", Instant),
    Column("single_use", Boolean, nullable=False),
    Column("under_way", Boolean, nullable=False),
    Column("options", Attributes, nullable=False),
    Column("subject_id", Id),
    Column("max_attempts", SmallInteger),
    Index("subscriptions_by_account", "account_id", "id"),
)

# A row for each topic that a subscription listens for at present: whoever changes a call asks here,
# by the key, whether anybody wants to know.
subscription_topics = Table(
    "subscription_topics",
    metadata,
    Column("account_id", Id, primary_key=True, autoincrement=False),
    Column("topic", Word(Topic), primary_key=True),
    Column(
        "subscription_id",
        Id,
        ForeignKey(subscriptions.c.id),
        primary_key=True,
        autoincrement=False,
    ),
    Column("subject_id", Id),
    Index("subscription_topics_by_subscription", "subscription_id"),
    Index("subscription_topics_by_subject", "account_id", "topic", "subject_id"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", Id, primary_key=True, autoincrement=True),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("topic", Word(Topic), nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Column("event", Event),
    sqlite_autoincrement=True,  # numbers of entries that were taken never come again
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    # No foreign key: what was delivered is remembered for longer than the subscription.
    Column("subscription_id", Id, nullable=False),
    Column("topic", Word(Topic), nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("sequence", Id, nullable=False),
    Column("receiver", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Word(DeliveryState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("holder", Words),
    Column("ended_at", Instant),
    Column("status", SmallInteger),
    Column("problem", Words),
    UniqueConstraint("subscription_id", "sequence"),
)

delivery_waits = deliveries.c.state == literal_column("'pending'")
"""The delivery is PENDING."""

delivery_has_ended = deliveries.c.ended_at.is_not(None)
"""The delivery is not PENDING."""

Index("deliveries_by_account", deliveries.c.account_id, deliveries.c.id)
Index(
    "deliveries_waiting",
    deliveries.c.due_at,
    deliveries.c.id,
    deliveries.c.receiver,
    sqlite_where=delivery_waits,
    postgresql_where=delivery_waits,
)
Index(
    "deliveries_in_order",
    deliveries.c.subscription_id,
    deliveries.c.subject_id,
    deliveries.c.sequence,
    sqlite_where=delivery_waits,
    postgresql_where=delivery_waits,
)
Index(
    "deliveries_ended",
    deliveries.c.state,
    deliveries.c.ended_at,
    sqlite_where=delivery_has_ended,
    postgresql_where=delivery_has_ended,
)
Index(
    "subscriptions_of_subjects",
    subscriptions.c.created_at,
    sqlite_where=subscriptions.c.subject_id.is_not(None),
    postgresql_where=subscriptions.c.subject_id.is_not(None),
)
