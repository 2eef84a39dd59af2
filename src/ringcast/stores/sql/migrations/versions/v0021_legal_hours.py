"""The hours of the law, as accounts keep to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0021"
down_revision: str | None = "0020"


def upgrade(op: Operations) -> None:
    """Accounts say which of their calls keep to the hours of the law."""
    op.add_column(
        "accounts",
        sa.Column("legal_hours", sa.Text, nullable=False, server_default="campaigns"),
    )
