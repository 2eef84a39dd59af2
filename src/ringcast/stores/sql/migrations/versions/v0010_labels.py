"""Labels of numbers, and do-not-call lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0010"
down_revision: str | None = "0009"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Make the tables."""
    op.create_table(
        "number_labels",
        sa.Column("number_id", _ID, nullable=False, autoincrement=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("number_id", "label", name="number_labels_pk"),
        sa.ForeignKeyConstraint(["number_id"], ["numbers.id"], name="number_labels_number_id_fk"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="number_labels_account_id_fk"
        ),
    )
    op.create_index("number_labels_by_account", "number_labels", ["account_id"])
    op.create_table(
        "do_not_call_lists",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("campaign_id", _ID),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="do_not_call_lists_pk"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="do_not_call_lists_account_id_fk"
        ),
    )
    op.create_index("do_not_call_lists_by_account", "do_not_call_lists", ["account_id", "id"])
    op.create_table(
        "do_not_call_members",
        sa.Column("list_id", _ID, nullable=False, autoincrement=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("list_id", "number", name="do_not_call_members_pk"),
        sa.ForeignKeyConstraint(
            ["list_id"], ["do_not_call_lists.id"], name="do_not_call_members_list_id_fk"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="do_not_call_members_account_id_fk"
        ),
    )
    op.create_index(
        "do_not_call_members_by_number", "do_not_call_members", ["account_id", "number"]
    )
