"""Applications, and what numbers keep of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0015"
down_revision: str | None = "0014"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Numbers have names, options, followers, and applications."""
    op.create_table(
        "applications",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("script", sa.Text),
        sa.Column("follower", sa.Text),
        sa.Column("options", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="applications_account_id_fk"),
        sa.PrimaryKeyConstraint("id", name="applications_pk"),
    )
    op.create_index("applications_by_account", "applications", ["account_id", "dialect", "id"])
    op.add_column("numbers", sa.Column("name", sa.Text, nullable=False, server_default=""))
    op.add_column("numbers", sa.Column("application_id", _ID))
    op.add_column("numbers", sa.Column("follower", sa.Text))
    op.add_column("numbers", sa.Column("options", sa.Text, nullable=False, server_default="{}"))
    op.create_index("numbers_by_application", "numbers", ["application_id"])
