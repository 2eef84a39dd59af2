"""Calls that come to us, and what is done with those to a number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0008"
down_revision: str | None = "0007"


def upgrade(op: Operations) -> None:
    """Numbers have scripts; calls say whether they came to us."""
    op.add_column("numbers", sa.Column("script", sa.Text))
    op.add_column(
        "calls", sa.Column("is_inbound", sa.Boolean, nullable=False, server_default=sa.false())
    )
    inbound = sa.column("is_inbound", sa.Boolean)
    op.create_index(
        "calls_inbound",
        "calls",
        ["account_id", "id"],
        sqlite_where=inbound,
        postgresql_where=inbound,
    )
