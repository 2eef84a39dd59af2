"""Recordings of calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0009"
down_revision: str | None = "0008"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Make the table."""
    op.create_table(
        "recordings",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("call_id", _ID, nullable=False),
        sa.Column("attempt_id", _ID, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("channels", sa.SmallInteger, nullable=False),
        sa.Column("size", _ID, nullable=False),
        sa.Column("digest", sa.Text),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="recordings_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="recordings_account_id_fk"),
    )
    op.create_index("recordings_by_account", "recordings", ["account_id", "id"])
    op.create_index("recordings_by_call", "recordings", ["call_id", "id"])
    running = sa.text("state = 'recording'")
    op.create_index(
        "recordings_running",
        "recordings",
        ["attempt_id"],
        sqlite_where=running,
        postgresql_where=running,
    )
