"""Calls by the contact that is called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0019"
down_revision: str | None = "0018"


def upgrade(op: Operations) -> None:
    """Find the calls of a contact without looking at all of its account's."""
    where = sa.text("contact_id IS NOT NULL")
    op.create_index(
        "calls_by_contact",
        "calls",
        ["contact_id", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
