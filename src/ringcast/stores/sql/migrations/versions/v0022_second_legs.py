"""Second legs, found by the call that they were connected to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0022"
down_revision: str | None = "0021"


def upgrade(op: Operations) -> None:
    """Calls are indexed by their first leg."""
    where = sa.text("transferred_from IS NOT NULL")
    op.create_index(
        "calls_by_first_leg",
        "calls",
        ["transferred_from", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
