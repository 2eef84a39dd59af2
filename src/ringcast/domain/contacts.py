"""Contacts, and lists of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import AccountId, ContactId, ContactListId
from ringcast.domain.numbers import PhoneNumber

__all__ = [
    "MAX_CELL",
    "MAX_PROPERTIES",
    "MAX_TEXT",
    "Contact",
    "ContactDetails",
    "ContactList",
    "ContactListStatus",
    "PhoneKind",
    "SearchKey",
    "checked_list_name",
    "lettered",
]

MAX_CELL = 1000
"""Characters of one value of a property, which is the longest thing a contact holds."""
MAX_PROPERTIES = 100
MAX_TEXT = 255
"""Characters of a name, and of the other members."""


class PhoneKind(StrEnum):
    """Which telephone of a contact a number is; in the order in which they are tried."""

    HOME = "home"
    WORK = "work"
    MOBILE = "mobile"
    EXTRA_1 = "extra_1"
    EXTRA_2 = "extra_2"
    EXTRA_3 = "extra_3"


class SearchKey(NamedTuple):
    """Something a contact is found by: one of its members with exactly that value."""

    name: str
    """The name of a text in ContactDetails, a kind of telephone, or `property:` and a name."""
    value: str

    @classmethod
    def of_number(cls, number: PhoneNumber, kind: PhoneKind) -> SearchKey:
        """Find a number as one kind of telephone."""
        return cls(kind.value, number.digits)

    @classmethod
    def of_property(cls, name: str, value: str) -> SearchKey:
        """Find a property."""
        return cls(f"property:{name}", value)


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactDetails:
    """What is known of a person."""

    first_name: str | None = None
    last_name: str | None = None
    zipcode: str | None = None
    time_zone: str | None = None
    """IANA's name of it; None leaves it to be told from the number."""
    external_id: str | None = None
    external_system: str | None = None
    """The system that `external_id` is of."""
    phones: Mapping[PhoneKind, PhoneNumber] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    """What else there is to know, under names that the account chose."""

    def check(self) -> None:
        """Raise InvalidInput, naming the member, if anything is too long or too much."""
        for name in _TEXTS:
            text = getattr(self, name)
            if text is not None and len(text) > MAX_TEXT:
                raise InvalidInput(
                    f"{name.replace('_', ' ')} has {len(text)} characters: {MAX_TEXT} are allowed",
                    field=name,
                )
        if len(self.properties) > MAX_PROPERTIES:
            raise InvalidInput(
                f"a contact can have {MAX_PROPERTIES} properties, not {len(self.properties)}",
                field="properties",
            )
        for name, value in self.properties.items():
            if not name.strip() or len(name) > MAX_TEXT:
                raise InvalidInput(
                    f"a property's name has 1 to {MAX_TEXT} characters", field="properties"
                )
            if len(value) > MAX_CELL:
                raise InvalidInput(
                    f"property {name!r} has {len(value)} characters: {MAX_CELL} are allowed",
                    field="properties",
                )

    @property
    def first_phone(self) -> PhoneNumber | None:
        """The number to try first: home, work, mobile, and then the extra ones."""
        return next((self.phones[kind] for kind in PhoneKind if kind in self.phones), None)


_TEXTS = (
    "first_name",
    "last_name",
    "zipcode",
    "time_zone",
    "external_id",
    "external_system",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A person to be called."""

    id: ContactId
    account_id: AccountId
    details: ContactDetails
    created_at: datetime
    updated_at: datetime
    deleted: bool = False
    """It is still there to be read, but is found no more and is in no list."""


class ContactListStatus(StrEnum):
    """Whether a list can be used."""

    VALIDATING = "validating"
    """Its file waits to be read, or is being read for the first time."""
    IMPORTING = "importing"
    IMPORT_FAILED = "import_failed"
    """A fault of ours kept its contacts from coming in, or some of them."""
    ACTIVE = "active"
    ERRORS = "errors"
    """No row of its file makes a contact."""
    PARSE_FAILED = "parse_failed"
    """Its file is not a table that can be read."""
    COLUMN_TOO_LARGE = "column_too_large"
    """A cell of its file is longer than is kept."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more becomes of the list by itself."""
        return self not in (ContactListStatus.VALIDATING, ContactListStatus.IMPORTING)


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactList:
    """Contacts under a name."""

    id: ContactListId
    account_id: AccountId
    name: str
    status: ContactListStatus
    created_at: datetime
    size: int = 0
    """How many contacts are in it; counted by the store as they come and go."""
    problem: str | None = None
    """What was wrong with the file it was made from, naming the rows."""


def checked_list_name(name: str) -> str:
    """Return the name of a list without spaces around it; raise InvalidInput for a bad one."""
    name = name.strip()
    if not name or len(name) > MAX_TEXT or not name.isprintable():
        raise InvalidInput(
            f"a list needs a name of 1 to {MAX_TEXT} printable characters", field="name"
        )
    return name


def lettered(names: Sequence[str]) -> Mapping[str, str]:
    """Return a letter for each name in the order of first sight: A to Z, AA, AB and so on."""
    letters: dict[str, str] = {}
    for name in names:
        if name not in letters:
            letters[name] = _letter(len(letters))
    return letters


def _letter(place: int) -> str:
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
