"""Subscriptions that are about one resource."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0013"
down_revision: str | None = "0012"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Subscriptions know their subject, and how often their deliveries are tried."""
    op.add_column("subscriptions", sa.Column("subject_id", _ID))
    op.add_column("subscriptions", sa.Column("max_attempts", sa.SmallInteger))
    op.add_column("subscription_topics", sa.Column("subject_id", _ID))
    op.create_index(
        "subscription_topics_by_subject",
        "subscription_topics",
        ["account_id", "topic", "subject_id"],
    )
    where = sa.text("subject_id IS NOT NULL")
    op.create_index(
        "subscriptions_of_subjects",
        "subscriptions",
        ["created_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
