"""Second legs of transfers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0006"
down_revision: str | None = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Calls know whom they put through; campaigns may limit that."""
    op.add_column("calls", sa.Column("transferred_from", _ID))
    op.add_column("campaigns", sa.Column("max_active_transfers", sa.Integer))
    where = sa.text("state = 'active' AND transferred_from IS NOT NULL")
    op.create_index(
        "calls_second_legs",
        "calls",
        ["transferred_from"],
        sqlite_where=where,
        postgresql_where=where,
    )
