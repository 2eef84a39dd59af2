"""Accounts, sounds, calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0001"
down_revision: str | None = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Make the first tables."""
    op.create_table(
        "accounts",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("signing_key", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="accounts_pk"),
        sa.UniqueConstraint("name", name="accounts_name_key"),
    )
    op.create_table(
        "credentials",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("identifier", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="credentials_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="credentials_account_id_fk"),
        sa.UniqueConstraint("identifier", name="credentials_identifier_key"),
    )
    op.create_index("credentials_by_account", "credentials", ["account_id", "id"])
    op.create_table(
        "numbers",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("caller_id_only", sa.Boolean, nullable=False),
        sa.Column("voice_url", sa.Text),
        sa.PrimaryKeyConstraint("id", name="numbers_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="numbers_account_id_fk"),
        sa.UniqueConstraint("number", name="numbers_number_key"),
    )
    op.create_index("numbers_by_account", "numbers", ["account_id", "id"])
    op.create_table(
        "sounds",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_folded", sa.Text, nullable=False),
        sa.Column("audio", sa.Text, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text),
        sa.PrimaryKeyConstraint("id", name="sounds_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="sounds_account_id_fk"),
    )
    op.create_index("sounds_by_account", "sounds", ["account_id", "id"])
    op.create_index("sounds_by_audio", "sounds", ["account_id", "audio", "id"])
    op.create_table(
        "calls",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("to", sa.Text),
        sa.Column("to_text", sa.Text, nullable=False),
        sa.Column("from_number", sa.Text),
        sa.Column("script", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("ring_timeout", sa.BigInteger, nullable=False),
        sa.Column("max_length", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("label", sa.Text),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="calls_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="calls_account_id_fk"),
    )
    op.create_index("calls_by_account", "calls", ["account_id", "id"])
    op.create_index("calls_by_destination", "calls", ["account_id", "to", "id"])
    _create_partial_index(
        op, "calls_by_label", "calls", ["account_id", "label", "id"], "label IS NOT NULL"
    )
    _create_partial_index(op, "calls_waiting", "calls", ["due_at", "id"], "state = 'ready'")
    op.create_table(
        "attempts",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("call_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("to", sa.Text, nullable=False),
        sa.Column("from_number", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("holder_until", sa.BigInteger, nullable=False),
        sa.Column("ringing_at", sa.BigInteger),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("outcome", sa.Text),
        sa.Column("sip_status", sa.SmallInteger),
        sa.Column("q850_cause", sa.SmallInteger),
        sa.Column("reason", sa.Text),
        sa.Column("played", sa.BigInteger, nullable=False),
        sa.Column("digits", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="attempts_pk"),
        sa.UniqueConstraint("call_id", "number", name="attempts_call_id_number_key"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="attempts_call_id_fk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="attempts_account_id_fk"),
    )
    for name, column in (
        ("attempts_living_by_time", "holder_until"),
        ("attempts_living_by_holder", "holder"),
    ):
        _create_partial_index(op, name, "attempts", [column, "id"], "state != 'ended'")
    op.create_table(
        "call_events",
        sa.Column("call_id", _ID, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "number", name="call_events_pk"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="call_events_call_id_fk"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "saved_answers",
        sa.Column("account_id", _ID, nullable=False, autoincrement=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("saved_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name="saved_answers_pk"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="saved_answers_account_id_fk"
        ),
    )
    op.create_index("saved_answers_by_time", "saved_answers", ["saved_at"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="secrets_pk"),
    )
    op.create_table(
        "id_blocks",
        sa.Column("id", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("next", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="id_blocks_pk"),
    )


def _create_partial_index(
    op: Operations, name: str, table: str, columns: list[str], where: str
) -> None:
    op.create_index(
        name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
