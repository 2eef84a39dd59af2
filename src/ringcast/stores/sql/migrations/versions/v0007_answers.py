"""Answers to the questions of scripts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0007"
down_revision: str | None = "0006"


def upgrade(op: Operations) -> None:
    """Attempts keep what was answered."""
    op.add_column("attempts", sa.Column("answers", sa.Text))
