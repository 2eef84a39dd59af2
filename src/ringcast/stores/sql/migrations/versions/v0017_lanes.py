"""Limits that all servers on a database keep to together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0017"
down_revision: str | None = "0016"


def upgrade(op: Operations) -> None:
    """What calls that have something in common keep to is in the store."""
    op.create_table(
        "lanes",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("calls_per_second", sa.Float(53)),
        sa.Column("max_calls", sa.Integer),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("closed_until", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="lanes_pk"),
    )
