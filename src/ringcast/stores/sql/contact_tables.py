"""The tables of contacts, lists of them and do-not-call entries; as `tables`, whose rules hold."""

from __future__ import annotations

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

from ringcast.domain.contacts import ContactListStatus, PhoneKind
from ringcast.domain.numbers import PhoneNumber
from ringcast.stores.sql.columns import Address, Attributes, Id, Instant, Word, Words
from ringcast.stores.sql.tables import accounts, metadata

__all__ = [
    "contact_list_files",
    "contact_list_members",
    "contact_lists",
    "contact_numbers",
    "contacts",
    "do_not_call",
    "do_not_call_lists",
    "do_not_call_members",
]

_text_of = msgspec.json.Encoder().encode
_texts = msgspec.json.Decoder(dict[str, str]).decode


class Phones(TypeDecorator[dict[PhoneKind, PhoneNumber]]):
    """Telephone numbers by kind, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self, value: dict[PhoneKind, PhoneNumber] | None, dialect: Dialect
    ) -> str | None:
        if value is None:
            return None
        return _text_of({kind.value: number.digits for kind, number in value.items()}).decode()

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> dict[PhoneKind, PhoneNumber] | None:
        if value is None:
            return None
        return {PhoneKind(kind): PhoneNumber(digits) for kind, digits in _texts(value).items()}


contacts = Table(
    "contacts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("first_name", Words),
    Column("last_name", Words),
    Column("zipcode", Words),
    Column("time_zone", Words),
    Column("external_id", Words),
    Column("external_system", Words),
    Column("phones", Phones, nullable=False),
    Column("properties", Attributes, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Index("contacts_by_account", "account_id", "deleted", "id"),
)

_has_external_id = contacts.c.external_id.is_not(None)
Index(
    "contacts_by_external_id",
    contacts.c.account_id,
    contacts.c.external_id,
    contacts.c.deleted,
    contacts.c.id,
    sqlite_where=_has_external_id,
    postgresql_where=_has_external_id,
)

# The numbers of contacts that are not deleted, to find them by. More is not indexed: entries come
# in the order of nothing, and each costs a file of a million rows a page of the database.
contact_numbers = Table(
    "contact_numbers",
    metadata,
    Column("account_id", Id, nullable=False, autoincrement=False),
    Column("number", Address, nullable=False),
    Column("contact_id", Id, ForeignKey(contacts.c.id), nullable=False, autoincrement=False),
    PrimaryKeyConstraint("account_id", "number", "contact_id"),
    sqlite_with_rowid=False,
)

contact_lists = Table(
    "contact_lists",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("name", Words, nullable=False),
    Column("name_folded", Words, nullable=False),  # as sounds.name_folded
    Column("status", Word(ContactListStatus), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("size", Integer, nullable=False),
    Column("problem", Words),
    Column("use_custom_fields", Boolean, nullable=False),
    Column("imported_rows", Integer, nullable=False),
    Column("import_holder", Words),
    # When the import may be taken by whoever comes; NULL if there is nothing to import.
    Column("import_due_at", Instant),
    Index("contact_lists_by_account", "account_id", "id"),
)

_import_waits = contact_lists.c.import_due_at.is_not(None)
Index(
    "contact_lists_to_import",
    contact_lists.c.import_due_at,
    contact_lists.c.id,
    sqlite_where=_import_waits,
    postgresql_where=_import_waits,
)

contact_list_members = Table(
    "contact_list_members",
    metadata,
    Column("list_id", Id, ForeignKey(contact_lists.c.id), nullable=False, autoincrement=False),
    Column("contact_id", Id, ForeignKey(contacts.c.id), nullable=False, autoincrement=False),
    PrimaryKeyConstraint("list_id", "contact_id"),
    Index("contact_list_members_by_contact", "contact_id"),
    sqlite_with_rowid=False,
)

contact_list_files = Table(
    "contact_list_files",
    metadata,
    Column("list_id", Id, ForeignKey(contact_lists.c.id), nullable=False, autoincrement=False),
    Column("part", Integer, nullable=False, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("list_id", "part"),
)

do_not_call = Table(
    "do_not_call",
    metadata,
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False, autoincrement=False),
    Column("number", Address, nullable=False),
    Column("call", Boolean, nullable=False),
    Column("text", Boolean, nullable=False),
    Column("inbound_call", Boolean, nullable=False),
    Column("inbound_text", Boolean, nullable=False),
    Column("source", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("campaign_id", Id),
    PrimaryKeyConstraint("account_id", "number"),
    Index("do_not_call_by_source", "account_id", "source", "number"),
)

do_not_call_lists = Table(
    "do_not_call_lists",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("name", Words, nullable=False),
    Column("campaign_id", Id),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("do_not_call_lists_by_account", "account_id", "id"),
)

do_not_call_members = Table(
    "do_not_call_members",
    metadata,
    Column("list_id", Id, ForeignKey(do_not_call_lists.c.id), nullable=False, autoincrement=False),
    Column("number", Address, nullable=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    PrimaryKeyConstraint("list_id", "number"),
    Index("do_not_call_members_by_number", "account_id", "number"),
)
