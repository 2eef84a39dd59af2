"""Contacts, lists of them, and do-not-call entries."""

from __future__ import annotations

from alembic.operations import Operations

revision = "0002"
down_revision: str | None = "0001"


def upgrade(op: Operations) -> None:
    """Make the tables."""
