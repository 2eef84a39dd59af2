"""The tables of campaigns, their batches, and what is counted as it happens."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    literal_column,
    or_,
)

from ringcast.domain.calling_windows import CallingWindow
from ringcast.domain.campaigns import AnsweringPolicy, BatchStatus, CampaignStatus, Messages
from ringcast.domain.retries import RetryRule
from ringcast.domain.schedules import Schedule
from ringcast.stores.sql.columns import (
    Address,
    Day,
    Document,
    Id,
    Instant,
    ScriptText,
    Word,
    Words,
)
from ringcast.stores.sql.tables import accounts, metadata

__all__ = ["batches", "campaign_is_at_work", "campaigns", "kept_counts", "timed_counts"]

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("name", Words, nullable=False),
    Column("name_folded", Words, nullable=False),
    Column("status", Word(CampaignStatus), nullable=False),
    Column("from_number", Address, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("labels", Document(tuple[str, ...]), nullable=False),
    Column("messages", Document(Messages), nullable=False),
    Column("script", ScriptText, nullable=False),
    Column("answering", Word(AnsweringPolicy), nullable=False),
    Column("window", Document(CallingWindow)),
    Column("schedules", Document(tuple[Schedule, ...]), nullable=False),
    Column("retry", Document(RetryRule), nullable=False),
    Column("max_active", Integer),
    Column("resume_next_day", Boolean, nullable=False),
    Column("wake_at", Instant),
    Column("stops_after", Day),
    Column("max_active_transfers", Integer),
    Index("campaigns_by_account", "account_id", "id"),
)

campaign_is_at_work = or_(
    campaigns.c.status == literal_column("'running'"),
    campaigns.c.status == literal_column("'scheduled'"),
)
"""The campaign dials, or waits for its schedule."""

Index(
    "campaigns_at_work",
    campaigns.c.id,
    sqlite_where=campaign_is_at_work,
    postgresql_where=campaign_is_at_work,
)

batches = Table(
    "batches",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("campaign_id", Id, ForeignKey(campaigns.c.id), nullable=False),
    Column("name", Words, nullable=False),
    Column("status", Word(BatchStatus), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Index("batches_by_campaign", "campaign_id", "id"),
)

kept_counts = Table(
    "kept_counts",
    metadata,
    # An account, a campaign or a batch: identifiers are unique over all of them.
    Column("owner", Id, primary_key=True, autoincrement=False),
    Column("what", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # all that is counted for one owner lies together
)

timed_counts = Table(
    "timed_counts",
    metadata,
    # A campaign: what of it came to its end in a span of time, for each minute and each hour.
    Column("owner", Id, primary_key=True, autoincrement=False),
    Column("minutes", SmallInteger, primary_key=True, autoincrement=False),  # of the span: 1, 60
    Column("first", Integer, primary_key=True, autoincrement=False),  # minute of it, since 1970
    Column("what", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
