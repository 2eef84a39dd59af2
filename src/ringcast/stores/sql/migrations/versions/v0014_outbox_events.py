"""What is announced can carry the event that it is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0014"
down_revision: str | None = "0013"


def upgrade(op: Operations) -> None:
    """The outbox keeps events."""
    op.add_column("outbox", sa.Column("event", sa.Text))
