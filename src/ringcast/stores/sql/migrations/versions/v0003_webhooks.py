"""Subscriptions, the outbox of events, and deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0003"
down_revision: str | None = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Make the tables."""
    op.create_table(
        "subscriptions",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("topics", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("verify_certificate", sa.Boolean, nullable=False),
        sa.Column("secret", sa.Text),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("single_use", sa.Boolean, nullable=False),
        sa.Column("under_way", sa.Boolean, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="subscriptions_pk"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="subscriptions_account_id_fk"
        ),
    )
    op.create_index("subscriptions_by_account", "subscriptions", ["account_id", "id"])
    op.create_table(
        "subscription_topics",
        sa.Column("account_id", _ID, nullable=False, autoincrement=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("subscription_id", _ID, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint(
            "account_id", "topic", "subscription_id", name="subscription_topics_pk"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name="subscription_topics_subscription_id_fk",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "subscription_topics_by_subscription", "subscription_topics", ["subscription_id"]
    )
    op.create_table(
        "outbox",
        sa.Column("sequence", _ID, nullable=False, autoincrement=True),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="outbox_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="outbox_account_id_fk"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("subscription_id", _ID, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("sequence", _ID, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("status", sa.SmallInteger),
        sa.Column("problem", sa.Text),
        sa.PrimaryKeyConstraint("id", name="deliveries_pk"),
        sa.UniqueConstraint(
            "subscription_id", "sequence", name="deliveries_subscription_id_sequence_key"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="deliveries_account_id_fk"),
    )
    op.create_index("deliveries_by_account", "deliveries", ["account_id", "id"])
    for name, columns, where in (
        ("deliveries_waiting", ["due_at", "id", "receiver"], "state = 'pending'"),
        ("deliveries_in_order", ["subscription_id", "subject_id", "sequence"], "state = 'pending'"),
        ("deliveries_ended", ["state", "ended_at"], "ended_at IS NOT NULL"),
    ):
        op.create_index(
            name,
            "deliveries",
            columns,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
