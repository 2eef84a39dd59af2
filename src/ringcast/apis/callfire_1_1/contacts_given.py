"""Contacts as CallFire gives and takes them, and where those of a list come from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from ringcast.apis.callfire_1_1.given import TEXT, Given, Tree, TreeValue
from ringcast.domain.contacts import Contact, ContactDetails, PhoneKind, SearchKey
from ringcast.domain.errors import InvalidInput, InvalidNumber
from ringcast.domain.ids import ContactId
from ringcast.domain.numbers import PhoneNumber
from ringcast.services.contact_csv import read_table
from ringcast.services.contact_lists import NewMembers

__all__ = ["changes", "contact", "details", "members", "phone_kind", "search_key"]

_TEXTS: Mapping[str, str] = {
    "firstName": "first_name",
    "lastName": "last_name",
    "zipcode": "zipcode",
    "externalId": "external_id",
    "externalSystem": "external_system",
}
_PHONES: Mapping[str, PhoneKind] = {
    "homePhone": PhoneKind.HOME,
    "workPhone": PhoneKind.WORK,
    "mobilePhone": PhoneKind.MOBILE,
    # Known only to other ways in; here they are custom attributes.
    "extraPhone1": PhoneKind.EXTRA_1,
    "extraPhone2": PhoneKind.EXTRA_2,
    "extraPhone3": PhoneKind.EXTRA_3,
}
_MOST = 50_000  # contacts in one request


def contact(of: Contact) -> Tree:
    """Return a contact: everything is an attribute, its properties too."""
    tree: dict[str, TreeValue] = {"@id": of.id}
    for name, member in _TEXTS.items():
        if (text := getattr(of.details, member)) is not None:
            tree[f"@{name}"] = text
    for name, kind in _PHONES.items():
        if kind in of.details.phones:
            tree[f"@{name}"] = of.details.phones[kind].digits
    return {**{f"@{name}": value for name, value in of.details.properties.items()}, **tree}


def details(given: Given) -> ContactDetails:
    """Return a new contact; raise InvalidNumber."""
    found = changes(given)
    phones = found.pop("phones")
    return ContactDetails(phones=phones, **found)  # type: ignore[arg-type]  # as `changes` says


def changes(given: Given) -> dict[str, object]:
    """Return members of ContactDetails by their names; phones and properties are always there."""
    found: dict[str, object] = {}
    phones: dict[PhoneKind, PhoneNumber | None] = {}
    properties: dict[str, str] = {}
    for name, text in given.attributes().items():
        if name == "id":
            continue
        if name in _TEXTS:
            found[_TEXTS[name]] = text or None
        elif name in _PHONES:
            phones[_PHONES[name]] = PhoneNumber.parse(text, field=name) if text.strip() else None
        else:
            properties[name] = text
    return {**found, "phones": phones, "properties": properties}


def phone_kind(name: str | None) -> PhoneKind:
    """Return which telephone a field is; raise InvalidInput for one that is none."""
    if name is not None and name not in _PHONES:
        raise InvalidInput(
            f"Numbers[fieldName]: {name[:64]!r} is none of {', '.join(_PHONES)}", field="fieldName"
        )
    return _PHONES[name or "homePhone"]


def search_key(field: str, text: str) -> SearchKey:
    """Return what contacts are searched by; a field that is not CallFire's is a property."""
    if field in _TEXTS:
        return SearchKey(_TEXTS[field], text)
    if field in _PHONES:
        return SearchKey.of_number(PhoneNumber.parse(text, field="String"), _PHONES[field])
    return SearchKey.of_property(field, text)


async def members(given: Given, *, scrub: bool) -> NewMembers:
    """Return who comes into a list, from the first source that is given.

    With `scrub`, who has no number that can be called is left out; else they are an InvalidNumber.
    """
    if contacts := given.parts("Contact"):
        return NewMembers(contacts=_some(contacts, scrub), use_custom_fields=True)
    if ids := given.integers("ContactId"):
        return NewMembers(contact_ids=[ContactId(one) for one in ids])
    if (numbers := given.part("Numbers")) is not None:
        kind = phone_kind(numbers.text("@fieldName"))
        return NewMembers(numbers=_numbers(numbers.texts(TEXT) or [], scrub), numbers_are=kind)
    if (data := given.data("File")) is not None:
        contacts_read = await asyncio.to_thread(_from_file, data)
        return NewMembers(contacts=contacts_read, use_custom_fields=True)
    raise InvalidInput("give Contact, ContactId, Numbers or File", field="Contact")


def _some(given: Sequence[Given], scrub: bool) -> Sequence[ContactDetails]:
    found: list[ContactDetails] = []
    for one in given:
        try:
            made = details(one)
        except InvalidNumber:
            if not scrub:
                raise
            continue
        if made.phones or not scrub:
            found.append(made)
    if not found:
        raise InvalidInput("no contact has a number that can be called", field="Contact")
    return found


def _numbers(texts: Sequence[str], scrub: bool) -> Sequence[PhoneNumber]:
    found: list[PhoneNumber] = []
    for text in texts:
        try:
            found.append(PhoneNumber.parse(text, field="Numbers"))
        except InvalidNumber:
            if not scrub:
                raise
    if not found:
        raise InvalidInput("no number can be called", field="Numbers")
    return found


def _from_file(data: bytes) -> Sequence[ContactDetails]:
    table = read_table(data, use_custom_fields=True)
    if table.check() > _MOST:
        raise InvalidInput(f"more than {_MOST} rows: make a new list of the file", field="File")
    found = [row.contact for row in table.rows() if row.contact is not None]
    if not found:
        raise InvalidInput("no row of the file makes a contact", field="File")
    return found
