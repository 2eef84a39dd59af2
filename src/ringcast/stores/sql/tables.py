"""The tables. A change here needs a migration (`migrations/versions`); a test compares the two.

Columns bear the names of the members they keep. Indexes on states of work (calls that wait,
attempts that live) are partial: they stay as small as the work at hand, however many calls are in
the past.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    and_,
    false,
    literal_column,
    text,
)

from ringcast.domain.accounts import CredentialKind
from ringcast.domain.calls import AttemptState, CallState
from ringcast.domain.legal_hours import LegalHours
from ringcast.domain.outcomes import Outcome
from ringcast.domain.sounds import SoundStatus
from ringcast.domain.subscriptions import Follower
from ringcast.stores.sql.columns import (
    Address,
    Answers,
    Attributes,
    Document,
    Event,
    Id,
    Instant,
    Length,
    ScriptText,
    Word,
    Words,
)

__all__ = [
    "accounts",
    "applications",
    "attempt_lives",
    "attempts",
    "call_blocks",
    "call_events",
    "call_waits",
    "calls",
    "campaign_call_waits",
    "credentials",
    "id_blocks",
    "metadata",
    "numbers",
    "saved_answers",
    "secrets",
    "sounds",
]

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("signing_key", Words, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("legal_hours", Word(LegalHours), nullable=False, server_default="campaigns"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("kind", Word(CredentialKind), nullable=False),
    Column("name", Words, nullable=False),
    Column("identifier", Words, nullable=False, unique=True),
    Column("secret_hash", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Index("credentials_by_account", "account_id", "id"),
)

applications = Table(
    "applications",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("dialect", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("script", ScriptText),
    Column("follower", Document(Follower)),
    Column("options", Attributes, nullable=False),
    Index("applications_by_account", "account_id", "dialect", "id"),
)

numbers = Table(
    "numbers",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("number", Address, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("caller_id_only", Boolean, nullable=False),
    Column("voice_url", Words),
    Column("script", ScriptText),
    Column("name", Words, nullable=False, server_default=""),
    # No foreign key: SQLite cannot add one to a table that is there.
    Column("application_id", Id),
    Column("follower", Document(Follower)),
    Column("options", Attributes, nullable=False, server_default="{}"),
    Index("numbers_by_account", "account_id", "id"),
    Index("numbers_by_application", "application_id"),
)

sounds = Table(
    "sounds",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("name", Words, nullable=False),
    # The name as it is searched, whatever its case: the databases know case only of ASCII, or only
    # of the language they were set up for.
    Column("name_folded", Words, nullable=False),
    Column("audio", Words, nullable=False),
    Column("length", Length, nullable=False),
    Column("status", Word(SoundStatus), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("text", Words),
    Column("call_id", Id),
    Index("sounds_by_account", "account_id", "id"),
    Index("sounds_by_audio", "account_id", "audio", "id"),
)

sound_is_recorded = sounds.c.status == literal_column("'recording'")
"""Somebody is called to speak the sound."""

Index(
    "sounds_recording",
    sounds.c.id,
    sqlite_where=sound_is_recorded,
    postgresql_where=sound_is_recorded,
)

calls = Table(
    "calls",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("to", Address),
    Column("to_text", Words, nullable=False),
    Column("from_number", Address),
    Column("script", ScriptText, nullable=False),
    Column("state", Word(CallState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("ring_timeout", Length, nullable=False),
    Column("max_length", Length, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("outcome", Word(Outcome)),
    Column("label", Words),
    Column("attributes", Attributes, nullable=False),
    # No foreign keys: each would be looked up for each of a million recipients.
    Column("campaign_id", Id),
    Column("batch_id", Id),
    Column("contact_id", Id),
    Column("transferred_from", Id),
    Column("is_inbound", Boolean, nullable=False, server_default=false()),
    Column("headers", Attributes, nullable=False, server_default="{}"),
)

# Words of the indexes' conditions are literals, not parameters: only then does SQLite see that a
# query is about the rows of a partial index.
call_waits = and_(calls.c.state == literal_column("'ready'"), calls.c.campaign_id.is_(None))
"""The call is READY, and of no campaign."""

campaign_call_waits = and_(
    calls.c.state == literal_column("'ready'"), calls.c.campaign_id.is_not(None)
)
"""The call is READY, and waits for its campaign."""

second_leg_lives = and_(
    calls.c.state == literal_column("'active'"), calls.c.transferred_from.is_not(None)
)
"""The call is the second leg of a transfer, and not over."""

_in_campaign = calls.c.campaign_id.is_not(None)
_in_no_campaign = calls.c.campaign_id.is_(None)
_in_batch = calls.c.batch_id.is_not(None)
_is_over = calls.c.outcome.is_not(None)
_over_in_campaign = and_(_in_campaign, _is_over)
_of_contact = calls.c.contact_id.is_not(None)
_shows_number = calls.c.from_number.is_not(None)

Index("calls_by_account", calls.c.account_id, calls.c.id)
Index("calls_by_destination", calls.c.account_id, calls.c.to, calls.c.id)
Index(
    "calls_by_label",
    calls.c.account_id,
    calls.c.label,
    calls.c.id,
    sqlite_where=calls.c.label.is_not(None),
    postgresql_where=calls.c.label.is_not(None),
)
Index(
    "calls_waiting",
    calls.c.due_at,
    calls.c.id,
    sqlite_where=call_waits,
    postgresql_where=call_waits,
)
Index(
    "calls_waiting_in_campaign",
    calls.c.campaign_id,
    calls.c.due_at,
    calls.c.id,
    sqlite_where=campaign_call_waits,
    postgresql_where=campaign_call_waits,
)
Index(
    "calls_second_legs",
    calls.c.transferred_from,
    sqlite_where=second_leg_lives,
    postgresql_where=second_leg_lives,
)
Index(
    "calls_by_first_leg",
    calls.c.transferred_from,
    calls.c.id,
    sqlite_where=calls.c.transferred_from.is_not(None),
    postgresql_where=calls.c.transferred_from.is_not(None),
)
Index(
    "calls_by_campaign",
    calls.c.campaign_id,
    calls.c.id,
    sqlite_where=_in_campaign,
    postgresql_where=_in_campaign,
)
Index(
    "calls_by_batch",
    calls.c.batch_id,
    calls.c.id,
    sqlite_where=_in_batch,
    postgresql_where=_in_batch,
)

Index(
    "calls_by_contact",
    calls.c.contact_id,
    calls.c.id,
    sqlite_where=_of_contact,
    postgresql_where=_of_contact,
)

# Each ends with the identifier, by which lists are ordered: whatever is searched for, its newest
# are found first, and nothing needs to be sorted. What stands behind the identifier is looked at on
# the way: without it each call would have to be.
Index("calls_by_state", calls.c.account_id, calls.c.state, calls.c.id)
Index(
    "calls_by_outcome",
    calls.c.account_id,
    calls.c.outcome,
    calls.c.id,
    calls.c.transferred_from,
    sqlite_where=_is_over,
    postgresql_where=_is_over,
)
Index(
    "calls_by_caller",
    calls.c.account_id,
    calls.c.from_number,
    calls.c.id,
    sqlite_where=_shows_number,
    postgresql_where=_shows_number,
)
Index(
    "calls_inbound",
    calls.c.account_id,
    calls.c.id,
    calls.c.is_inbound,
    sqlite_where=text("is_inbound = 1"),  # as a search says it there
    postgresql_where=calls.c.is_inbound,
)
Index(
    "calls_of_no_campaign",
    calls.c.account_id,
    calls.c.id,
    calls.c.campaign_id,
    sqlite_where=_in_no_campaign,
    postgresql_where=_in_no_campaign,
)
Index(
    "calls_of_campaign_by_state",
    calls.c.campaign_id,
    calls.c.state,
    calls.c.id,
    sqlite_where=_in_campaign,
    postgresql_where=_in_campaign,
)
Index(
    "calls_of_campaign_by_outcome",
    calls.c.campaign_id,
    calls.c.outcome,
    calls.c.id,
    calls.c.transferred_from,
    sqlite_where=_over_in_campaign,
    postgresql_where=_over_in_campaign,
)

call_blocks = Table(
    "call_blocks",
    metadata,
    # An account or a campaign, as the owner of a kept count.
    Column("owner", Id, primary_key=True, autoincrement=False),
    Column("first", Id, primary_key=True, autoincrement=False),
    Column("last", Id, nullable=False),
    Column("number", Integer, nullable=False),
    Column("oldest", Instant, nullable=False),
    Column("newest", Instant, nullable=False),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("call_id", Id, ForeignKey(calls.c.id), nullable=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("to", Address, nullable=False),
    Column("from_number", Address),
    Column("state", Word(AttemptState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("holder", Words, nullable=False),
    Column("holder_until", Instant, nullable=False),
    Column("ringing_at", Instant),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("outcome", Word(Outcome)),
    Column("sip_status", SmallInteger),
    Column("q850_cause", SmallInteger),
    Column("reason", Words),
    Column("played", Length, nullable=False),
    Column("digits", Words, nullable=False),
    Column("answers", Answers),
    UniqueConstraint("call_id", "number"),
)

attempt_lives = attempts.c.state != literal_column("'ended'")
"""The attempt has not ENDED."""

Index(
    "attempts_living_by_time",
    attempts.c.holder_until,
    attempts.c.id,
    sqlite_where=attempt_lives,
    postgresql_where=attempt_lives,
)
Index(
    "attempts_living_by_holder",
    attempts.c.holder,
    attempts.c.id,
    sqlite_where=attempt_lives,
    postgresql_where=attempt_lives,
)

call_events = Table(
    "call_events",
    metadata,
    Column("call_id", Id, ForeignKey(calls.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("event", Event, nullable=False),
    sqlite_with_rowid=False,  # the events of a call lie together, under one key
)

saved_answers = Table(
    "saved_answers",
    metadata,
    Column("account_id", Id, ForeignKey(accounts.c.id), primary_key=True),
    Column("key", Words, primary_key=True),
    Column("fingerprint", Words, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Index("saved_answers_by_time", "saved_at"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Words, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

id_blocks = Table(
    "id_blocks",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
)
