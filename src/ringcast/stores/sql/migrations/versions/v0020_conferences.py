"""Conferences and their members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0020"
down_revision: str | None = "0019"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Accounts have conferences."""
    op.create_table(
        "conferences",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("end_reason", sa.Text),
        sa.Column("ended_by", _ID),
        sa.Column("holder", sa.Text),
        sa.Column("holder_until", sa.BigInteger),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="conferences_account_id_fk"),
        sa.PrimaryKeyConstraint("id", name="conferences_pk"),
    )
    op.create_index("conferences_by_account", "conferences", ["account_id", "id"])
    is_open = sa.text("state != 'ended'")
    op.create_index(
        "conferences_open",
        "conferences",
        ["account_id", "name"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        "conferences_held",
        "conferences",
        ["holder_until"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "conference_members",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("conference_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("call_id", _ID, nullable=False),
        sa.Column("leg", _ID, nullable=False),
        sa.Column("joined_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("left_at", sa.BigInteger),
        sa.Column("is_muted", sa.Boolean, nullable=False),
        sa.Column("is_on_hold", sa.Boolean, nullable=False),
        sa.Column("coaches", _ID),
        sa.Column("starts", sa.Boolean, nullable=False),
        sa.Column("ends", sa.Boolean, nullable=False),
        sa.Column("tone_on_join", sa.Boolean, nullable=False),
        sa.Column("tone_on_leave", sa.Boolean, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conferences.id"], name="conference_members_conference_id_fk"
        ),
        sa.PrimaryKeyConstraint("id", name="conference_members_pk"),
    )
    op.create_index(
        "conference_members_by_conference", "conference_members", ["conference_id", "id"]
    )
