"""Sounds recorded by phone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0012"
down_revision: str | None = "0011"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Sounds know the call in which they are spoken."""
    op.add_column("sounds", sa.Column("call_id", _ID))
    where = sa.text("status = 'recording'")
    op.create_index(
        "sounds_recording", "sounds", ["id"], sqlite_where=where, postgresql_where=where
    )
