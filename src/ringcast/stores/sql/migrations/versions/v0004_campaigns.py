"""Campaigns, batches, and their calls."""

from __future__ import annotations

from alembic.operations import Operations

revision = "0004"
down_revision: str | None = "0003"


def upgrade(op: Operations) -> None:
    """Make the tables."""
