"""Contacts, lists of them, and do-not-call entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0002"
down_revision: str | None = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(op: Operations) -> None:
    """Make the tables."""
    _make_contacts(op)
    _make_lists(op)
    op.create_table(
        "do_not_call",
        sa.Column("account_id", _ID, nullable=False, autoincrement=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("call", sa.Boolean, nullable=False),
        sa.Column("text", sa.Boolean, nullable=False),
        sa.Column("inbound_call", sa.Boolean, nullable=False),
        sa.Column("inbound_text", sa.Boolean, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("campaign_id", _ID),
        sa.PrimaryKeyConstraint("account_id", "number", name="do_not_call_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="do_not_call_account_id_fk"),
    )
    op.create_index("do_not_call_by_source", "do_not_call", ["account_id", "source", "number"])


def _make_contacts(op: Operations) -> None:
    op.create_table(
        "contacts",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        sa.Column("zipcode", sa.Text),
        sa.Column("time_zone", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("external_system", sa.Text),
        sa.Column("phones", sa.Text, nullable=False),
        sa.Column("properties", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="contacts_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="contacts_account_id_fk"),
    )
    op.create_index("contacts_by_account", "contacts", ["account_id", "deleted", "id"])
    has_one = sa.text("external_id IS NOT NULL")
    op.create_index(
        "contacts_by_external_id",
        "contacts",
        ["account_id", "external_id", "deleted", "id"],
        sqlite_where=has_one,
        postgresql_where=has_one,
    )
    op.create_table(
        "contact_numbers",
        sa.Column("account_id", _ID, nullable=False, autoincrement=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("contact_id", _ID, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("account_id", "number", "contact_id", name="contact_numbers_pk"),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name="contact_numbers_contact_id_fk"
        ),
        sqlite_with_rowid=False,
    )


def _make_lists(op: Operations) -> None:
    op.create_table(
        "contact_lists",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_folded", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("use_custom_fields", sa.Boolean, nullable=False),
        sa.Column("imported_rows", sa.Integer, nullable=False),
        sa.Column("import_holder", sa.Text),
        sa.Column("import_due_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="contact_lists_pk"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="contact_lists_account_id_fk"
        ),
    )
    op.create_index("contact_lists_by_account", "contact_lists", ["account_id", "id"])
    waits = sa.text("import_due_at IS NOT NULL")
    op.create_index(
        "contact_lists_to_import",
        "contact_lists",
        ["import_due_at", "id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_table(
        "contact_list_members",
        sa.Column("list_id", _ID, nullable=False, autoincrement=False),
        sa.Column("contact_id", _ID, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("list_id", "contact_id", name="contact_list_members_pk"),
        sa.ForeignKeyConstraint(
            ["list_id"], ["contact_lists.id"], name="contact_list_members_list_id_fk"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name="contact_list_members_contact_id_fk"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("contact_list_members_by_contact", "contact_list_members", ["contact_id"])
    op.create_table(
        "contact_list_files",
        sa.Column("list_id", _ID, nullable=False, autoincrement=False),
        sa.Column("part", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("list_id", "part", name="contact_list_files_pk"),
        sa.ForeignKeyConstraint(
            ["list_id"], ["contact_lists.id"], name="contact_list_files_list_id_fk"
        ),
    )
