"""What went wrong in the background, and headers of INVITEs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0018"
down_revision: str | None = "0017"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Incidents are kept; calls have headers."""
    op.create_table(
        "incidents",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="incidents_account_id_fk"),
        sa.PrimaryKeyConstraint("id", name="incidents_pk"),
    )
    op.create_index("incidents_by_account", "incidents", ["account_id", "id"])
    op.create_index("incidents_by_time", "incidents", ["at"])
    op.add_column("calls", sa.Column("headers", sa.Text, nullable=False, server_default="{}"))
