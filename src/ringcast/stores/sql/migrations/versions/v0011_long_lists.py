"""Lists of calls that stay quick however long they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0011"
down_revision: str | None = "0010"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

BLOCKS = """
INSERT INTO call_blocks (owner, first, last, number, oldest, newest)
SELECT owner, min(id), max(id), count(*), min(created_at), max(created_at)
FROM (
    SELECT owner_id AS owner, id, created_at,
           (row_number() OVER (PARTITION BY owner_id ORDER BY id) - 1) / 4096 AS block
    FROM calls WHERE owner_id IS NOT NULL
) AS numbered
GROUP BY owner, block
"""


def upgrade(op: Operations) -> None:
    """Divide calls into blocks, and index them by what they are searched by."""
    op.create_table(
        "call_blocks",
        sa.Column("owner", _ID, nullable=False, autoincrement=False),
        sa.Column("first", _ID, nullable=False, autoincrement=False),
        sa.Column("last", _ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("oldest", sa.BigInteger, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "first", name="call_blocks_pk"),
        sqlite_with_rowid=False,
    )
    op.execute(BLOCKS.replace("owner_id", "account_id"))
    op.execute(BLOCKS.replace("owner_id", "campaign_id"))
    op.create_index("calls_by_state", "calls", ["account_id", "state", "id"])
    op.drop_index("calls_inbound", "calls")
    op.create_index(
        "calls_inbound",
        "calls",
        ["account_id", "id", "is_inbound"],
        sqlite_where=sa.text("is_inbound = 1"),
        postgresql_where=sa.text("is_inbound"),
    )
    for name, columns, where in (
        (
            "calls_by_outcome",
            ["account_id", "outcome", "id", "transferred_from"],
            "outcome IS NOT NULL",
        ),
        ("calls_by_caller", ["account_id", "from_number", "id"], "from_number IS NOT NULL"),
        ("calls_of_no_campaign", ["account_id", "id", "campaign_id"], "campaign_id IS NULL"),
        ("calls_of_campaign_by_state", ["campaign_id", "state", "id"], "campaign_id IS NOT NULL"),
        (
            "calls_of_campaign_by_outcome",
            ["campaign_id", "outcome", "id", "transferred_from"],
            "campaign_id IS NOT NULL AND outcome IS NOT NULL",
        ),
    ):
        condition = sa.text(where)
        op.create_index(name, "calls", columns, sqlite_where=condition, postgresql_where=condition)
