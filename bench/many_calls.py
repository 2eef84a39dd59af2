"""Millions of calls, made by SQL in the database itself.

An account has ten parts of calls, the oldest first: one of single calls, eight of campaigns that
are through with theirs, and one of a campaign of which nine in ten calls wait to be dialled.
Whoever was dialled has an attempt. They were made over 90 days. What is kept about calls (counts,
blocks) is what counting gives. Indexes are made after the rows, which takes a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from string import Template

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from ringcast.domain.campaigns import Batch, BatchStatus, Campaign, CampaignStatus
from ringcast.domain.ids import AccountId, BatchId, CampaignId, first_id_at
from ringcast.domain.instructions import Play, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.stores.sql import SqlStore
from ringcast.stores.sql.columns import as_json
from ringcast.stores.sql.migrations.versions import v0016_timed_counts
from ringcast.stores.sql.migrations.versions.v0011_long_lists import BLOCKS
from ringcast.stores.sql.tables import attempts, calls

__all__ = ["CALLER", "RARE_CALLER", "Calls", "fill"]

CALLER = "12135550199"
RARE_CALLER = "12135550198"
"""One in a thousand calls was made from it."""

_PARTS = 10
_BATCHES = 20  # in each campaign
_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What there is."""

    account: AccountId
    number: int
    """Of calls."""
    campaigns: Sequence[CampaignId]
    """Oldest first; the last is stopped and has calls to be dialled."""
    batches: Sequence[BatchId]
    first: datetime
    last: datetime


async def fill(url: str, account: AccountId, *, number: int) -> Calls:
    """Make the calls; `account` has none yet, and nobody uses the database meanwhile."""
    last = datetime.now(UTC)
    made = Calls(
        account=account,
        number=number,
        campaigns=(),
        batches=(),
        first=last - timedelta(days=_DAYS),
        last=last,
    )
    store = SqlStore(url)
    try:
        made = await _with_campaigns(store, made)
        for statements in _steps(made):
            async with store._database.connection(read_only=False, patient=True) as connection:
                await connection.run(statements)
                await connection.commit()
    finally:
        await store.close()
    if url.startswith("postgresql"):
        await _vacuum(url)
    return made


async def _with_campaigns(store: SqlStore, made: Calls) -> Calls:
    ids = await store.take_ids((_PARTS - 1) * (1 + _BATCHES), made.first)
    campaigns = [CampaignId(one) for one in ids[: _PARTS - 1]]
    batches = [BatchId(one) for one in ids[_PARTS - 1 :]]
    async with store.begin() as tx:
        for place, campaign_id in enumerate(campaigns):
            await tx.add_campaign(
                Campaign(
                    id=campaign_id,
                    account_id=made.account,
                    name=f"campaign {place}",
                    status=CampaignStatus.STOPPED,
                    from_number=PhoneNumber(CALLER),
                    created_at=made.first,
                    updated_at=made.first,
                    script=Script(instructions=(Play(audio=("none",)),)),
                )
            )
            for batch_id in batches[place * _BATCHES : (place + 1) * _BATCHES]:
                await tx.add_batch(
                    Batch(
                        id=batch_id,
                        account_id=made.account,
                        campaign_id=campaign_id,
                        name=f"batch {batch_id}",
                        status=BatchStatus.ACTIVE,
                        created_at=made.first,
                    )
                )
        await tx.commit()
    return Calls(
        account=made.account,
        number=made.number,
        campaigns=campaigns,
        batches=batches,
        first=made.first,
        last=made.last,
    )


def _steps(made: Calls) -> Iterator[Callable[[Connection], None]]:
    """Give what is to be done, each in a transaction of its own."""
    part = made.number // _PARTS
    indexes = [*calls.indexes, *attempts.indexes]
    for index in indexes:
        yield index.drop
    for place in range(_PARTS):
        yield partial(_run, _calls(made, place, part))
        yield partial(_run, _attempts(made, place, part))
    for index in indexes:
        yield index.create
    yield partial(_run, BLOCKS.replace("owner_id", "account_id"))
    yield partial(_run, BLOCKS.replace("owner_id", "campaign_id"))
    yield partial(_run, _KEPT_CALLS)
    for owner in ("campaign_id", "batch_id"):
        for statement in _KEPT:
            yield partial(_run, statement.replace("owner_id", owner))
    for statement in v0016_timed_counts.FILL:
        yield partial(_run, statement)


def _run(statement: str, connection: Connection) -> None:
    if connection.dialect.name != "sqlite":  # what the database has made need not be looked up
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    connection.exec_driver_sql(statement).close()


async def _vacuum(url: str) -> None:
    """Do what PostgreSQL does by itself some minutes after so much has changed."""
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:", 1))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("VACUUM ANALYZE")
    await engine.dispose()


_CALLS = """
WITH RECURSIVE numbers (i) AS (
    SELECT CAST($first AS bigint) UNION ALL SELECT i + 1 FROM numbers WHERE i < $last
)
INSERT INTO calls (
    id, account_id, "to", to_text, from_number, script, state, created_at, updated_at, due_at,
    ring_timeout, max_length, attempts, outcome, label, attributes, campaign_id, batch_id
)
SELECT $first_id + ms * 4096, $account, '+' || digits, digits,
       CASE WHEN NOT done THEN NULL WHEN i % 1000 = 7 THEN '+$rare_caller' ELSE '+$caller' END,
       '$script',
       CASE WHEN done THEN 'finished' WHEN i % 20000 = 11 THEN 'invalid' ELSE 'ready' END,
       $first_at + ms * 1000, $first_at + ms * 1000, $first_at + ms * 1000,
       60000000, 14400000000, CASE WHEN done THEN 1 ELSE 0 END,
       CASE WHEN NOT done THEN NULL
            WHEN i % 100000 = 55 THEN 'fax' WHEN i % 100 < 40 THEN 'human'
            WHEN i % 100 < 70 THEN 'machine' WHEN i % 100 < 85 THEN 'no_answer'
            WHEN i % 100 < 95 THEN 'busy' ELSE 'invalid_number' END,
       $label, '{"name":"Person ' || i || '"}', $campaign, $batch
FROM (
    SELECT i, i < $done AS done, i * $every / 1000 AS ms,
           '1' || (201 + i * 347 % 700) || (2000000 + i * 4999999 % 8000000) AS digits
    FROM numbers
) AS made
"""

_ATTEMPTS = """
INSERT INTO attempts (
    id, call_id, account_id, number, "to", from_number, state, created_at, holder, holder_until,
    ringing_at, answered_at, ended_at, outcome, sip_status, played, digits
)
SELECT id + 1, id, account_id, 1, "to", from_number, 'ended', created_at, 'gone', created_at,
       created_at + 1000000,
       CASE WHEN outcome IN ('human', 'machine', 'fax') THEN created_at + 5000000 END,
       created_at + 30000000, outcome,
       CASE WHEN outcome IN ('human', 'machine', 'fax') THEN 200 ELSE 486 END, 10000000, ''
FROM calls WHERE id BETWEEN $first AND $last AND state = 'finished'
"""

_KEPT_CALLS = """
INSERT INTO kept_counts (owner, what, number)
SELECT account_id, 'calls', count(*) FROM calls GROUP BY account_id
"""

_KEPT = (
    """
INSERT INTO kept_counts (owner, what, number)
SELECT owner_id, 'state:' || state, count(*) FROM calls
WHERE owner_id IS NOT NULL GROUP BY owner_id, state
""",
    """
INSERT INTO kept_counts (owner, what, number)
SELECT owner_id, 'outcome:' || outcome, count(*) FROM calls
WHERE owner_id IS NOT NULL AND outcome IS NOT NULL GROUP BY owner_id, outcome
""",
    """
INSERT INTO kept_counts (owner, what, number)
SELECT owner_id, what, count(*) FROM calls, (SELECT 'dialed' AS what UNION SELECT 'attempts') AS w
WHERE owner_id IS NOT NULL AND attempts > 0 GROUP BY owner_id, what
""",
)


def _calls(made: Calls, place: int, part: int) -> str:
    """Return the statement that makes one of the parts."""
    first = place * part
    single, waiting = place == 0, place == _PARTS - 1
    batch = f"{made.batches[0]} + {(place - 1) * _BATCHES} + (i - {first}) * {_BATCHES} / {part}"
    label = "CASE WHEN i % 10000 = 3 THEN 'rare' WHEN i % 10 = 4 THEN 'spring' END"
    return Template(_CALLS).substitute(
        first=first,
        last=first + part - 1,
        first_id=first_id_at(made.first),
        first_at=int(made.first.timestamp()) * 1_000_000,
        every=_microseconds(made),
        account=made.account,
        caller=CALLER,
        rare_caller=RARE_CALLER,
        script=as_json(Script(instructions=())),
        done=first + (part // 10 if waiting else part),
        label=label if single else "NULL",
        campaign="NULL" if single else made.campaigns[place - 1],
        batch="NULL" if single else batch,
    )


def _attempts(made: Calls, place: int, part: int) -> str:
    """Return the statement that makes the attempts of one of the parts."""

    def id_of(number: int) -> int:
        return first_id_at(made.first) + number * _microseconds(made) // 1000 * 4096

    return Template(_ATTEMPTS).substitute(
        first=id_of(place * part), last=id_of((place + 1) * part - 1)
    )


def _microseconds(made: Calls) -> int:
    """Return how much time is between two calls."""
    return _DAYS * 86_400_000_000 // made.number
