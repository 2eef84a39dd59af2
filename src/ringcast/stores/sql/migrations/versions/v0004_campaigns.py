"""Campaigns, batches, and their calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0004"
down_revision: str | None = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Make the tables; calls may be of a campaign, and are counted as they come."""
    op.create_table(
        "campaigns",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_folded", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("from_number", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("messages", sa.Text, nullable=False),
        sa.Column("script", sa.Text, nullable=False),
        sa.Column("answering", sa.Text, nullable=False),
        sa.Column("window", sa.Text),
        sa.Column("schedules", sa.Text, nullable=False),
        sa.Column("retry", sa.Text, nullable=False),
        sa.Column("max_active", sa.Integer),
        sa.Column("resume_next_day", sa.Boolean, nullable=False),
        sa.Column("wake_at", sa.BigInteger),
        sa.Column("stops_after", sa.Text),
        sa.PrimaryKeyConstraint("id", name="campaigns_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="campaigns_account_id_fk"),
    )
    op.create_index("campaigns_by_account", "campaigns", ["account_id", "id"])
    _create_partial_index(
        op, "campaigns_at_work", "campaigns", ["id"], "status = 'running' OR status = 'scheduled'"
    )
    op.create_table(
        "batches",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="batches_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="batches_account_id_fk"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="batches_campaign_id_fk"),
    )
    op.create_index("batches_by_campaign", "batches", ["campaign_id", "id"])
    op.create_table(
        "kept_counts",
        sa.Column("owner", _ID, nullable=False, autoincrement=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "what", name="kept_counts_pk"),
        sqlite_with_rowid=False,
    )
    for name in ("campaign_id", "batch_id", "contact_id"):
        op.add_column("calls", sa.Column(name, _ID))
    op.drop_index("calls_waiting", "calls")
    waiting = "state = 'ready' AND campaign_id IS NULL"
    _create_partial_index(op, "calls_waiting", "calls", ["due_at", "id"], waiting)
    waiting = "state = 'ready' AND campaign_id IS NOT NULL"
    columns = ["campaign_id", "due_at", "id"]
    _create_partial_index(op, "calls_waiting_in_campaign", "calls", columns, waiting)
    for name, column in (("calls_by_campaign", "campaign_id"), ("calls_by_batch", "batch_id")):
        _create_partial_index(op, name, "calls", [column, "id"], f"{column} IS NOT NULL")
    op.execute(
        "INSERT INTO kept_counts (owner, what, number)"
        " SELECT account_id, 'calls', count(*) FROM calls GROUP BY account_id"
    )


def _create_partial_index(
    op: Operations, name: str, table: str, columns: list[str], where: str
) -> None:
    op.create_index(
        name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
