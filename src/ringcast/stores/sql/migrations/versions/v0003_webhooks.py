"""Subscriptions, the outbox of events, and deliveries."""

from __future__ import annotations

from alembic.operations import Operations

revision = "0003"
down_revision: str | None = "0002"


def upgrade(op: Operations) -> None:
    """Make the tables."""
