"""What of a campaign came to its end when."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0016"
down_revision: str | None = "0015"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Times are microseconds since 1970. Each of the long tables is read once.
FILL: Sequence[str] = (
    """
WITH ended AS (
    SELECT c.campaign_id AS owner, a.ended_at / 60000000 AS first, a.outcome AS outcome,
           count(*) AS attempts, count(a.answered_at) AS answered,
           sum(a.ended_at - a.answered_at) AS talk,
           sum((a.ended_at - a.answered_at + 59999999) / 60000000) AS billed
    FROM attempts a JOIN calls c ON c.id = a.call_id
    WHERE c.campaign_id IS NOT NULL AND a.ended_at IS NOT NULL
    GROUP BY 1, 2, 3
)
INSERT INTO timed_counts (owner, minutes, first, what, number)
SELECT owner, 1, first, 'ended:' || outcome, attempts FROM ended WHERE outcome IS NOT NULL
UNION ALL
SELECT owner, 1, first, 'attempts', sum(attempts) FROM ended GROUP BY 1, 3
UNION ALL
SELECT owner, 1, first, 'answered', sum(answered) FROM ended GROUP BY 1, 3
HAVING sum(answered) > 0
UNION ALL
SELECT owner, 1, first, 'talk_us', sum(talk) FROM ended GROUP BY 1, 3 HAVING sum(talk) > 0
UNION ALL
SELECT owner, 1, first, 'billed_minutes', sum(billed) FROM ended GROUP BY 1, 3
HAVING sum(billed) > 0
""",
    """
WITH done AS (
    SELECT campaign_id AS owner, updated_at / 60000000 AS first, state, outcome,
           count(*) AS calls, count(CASE WHEN attempts > 0 THEN 1 END) AS dialed
    FROM calls
    WHERE campaign_id IS NOT NULL
      AND state IN ('finished', 'invalid', 'duplicate', 'do_not_call')
    GROUP BY 1, 2, 3, 4
)
INSERT INTO timed_counts (owner, minutes, first, what, number)
SELECT owner, 1, first, 'state:' || state, sum(calls) FROM done GROUP BY 1, 3, 4
UNION ALL
SELECT owner, 1, first, 'outcome:' || outcome, calls FROM done
WHERE state = 'finished' AND outcome IS NOT NULL
UNION ALL
SELECT owner, 1, first, 'dialed', sum(dialed) FROM done GROUP BY 1, 3 HAVING sum(dialed) > 0
""",
    """
INSERT INTO timed_counts (owner, minutes, first, what, number)
SELECT owner, 60, first / 60 * 60, what, sum(number) FROM timed_counts
WHERE minutes = 1 GROUP BY 1, 3, 4
""",
)


def upgrade(op: Operations) -> None:
    """Count by minutes and hours what there is."""
    op.create_table(
        "timed_counts",
        sa.Column("owner", _ID, nullable=False, autoincrement=False),
        sa.Column("minutes", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("first", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "minutes", "first", "what", name="timed_counts_pk"),
        sqlite_with_rowid=False,
    )
    for statement in FILL:
        op.execute(statement)
