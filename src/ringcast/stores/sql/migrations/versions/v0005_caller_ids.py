"""Verifications of caller ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0005"
down_revision: str | None = "0004"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Make the table."""
    op.create_table(
        "caller_id_verifications",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("code_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("tries_left", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="caller_id_verifications_pk"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="caller_id_verifications_account_id_fk"
        ),
        sa.UniqueConstraint(
            "account_id", "number", name="caller_id_verifications_account_id_number_key"
        ),
    )
