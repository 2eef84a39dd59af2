"""CallFire's shapes of contacts, lists of them and do-not-contact entries, in and out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from ringcast.apis.callfire_v2.contacts.contact_body import PHONES, TEXTS
from ringcast.apis.callfire_v2.responses import CallBody, milliseconds
from ringcast.apis.callfire_v2.responses import details as call_details
from ringcast.domain.contacts import (
    ContactDetails,
    ContactList,
    ContactListStatus,
    PhoneKind,
    SearchKey,
)
from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.errors import InvalidInput, InvalidNumber, NotFound
from ringcast.domain.ids import ContactId
from ringcast.domain.numbers import PhoneNumber
from ringcast.services.calls import CallDetails
from ringcast.services.contact_lists import NewMembers

__all__ = [
    "LIST_STATUS",
    "AddDoNotContactRequest",
    "ContactHistoryBody",
    "ContactListBody",
    "ContactListRequest",
    "ContactRequest",
    "CreateContactListRequest",
    "DoNotContactBody",
    "DoNotContactRequest",
    "NothingBody",
    "UniversalDoNotContactBody",
    "UpdateContactListRequest",
    "contact_changes",
    "contact_details",
    "contact_list",
    "do_not_contact",
    "history",
    "members",
    "number",
    "numbers",
    "search_key",
    "universal_do_not_contact",
]

_INTERNATIONAL = re.compile(r"[1-9][0-9]{6,14}")
_LIST_FIELDS = ("homePhone", "workPhone", "mobilePhone")

LIST_STATUS: Mapping[ContactListStatus, str] = {
    ContactListStatus.VALIDATING: "VALIDATING",
    ContactListStatus.IMPORTING: "IMPORTING",
    ContactListStatus.IMPORT_FAILED: "IMPORT_FAILED",
    ContactListStatus.ACTIVE: "ACTIVE",
    ContactListStatus.ERRORS: "ERRORS",
    ContactListStatus.PARSE_FAILED: "PARSE_FAILED",
    ContactListStatus.COLUMN_TOO_LARGE: "COLUMN_TOO_LARGE",
}


class ContactRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A contact to be made or changed."""

    id: int | None = None
    firstName: str | None = None  # noqa: N815 - the vendor's spelling, here and below
    lastName: str | None = None  # noqa: N815
    zipcode: str | int | None = None
    homePhone: str | int | None = None  # noqa: N815
    workPhone: str | int | None = None  # noqa: N815
    mobilePhone: str | int | None = None  # noqa: N815
    extraPhone1: str | int | None = None  # noqa: N815
    extraPhone2: str | int | None = None  # noqa: N815
    extraPhone3: str | int | None = None  # noqa: N815
    externalId: str | int | None = None  # noqa: N815
    externalSystem: str | None = None  # noqa: N815
    properties: dict[str, str] | None = None
    deleted: bool | None = None


class ContactHistoryBody(msgspec.Struct, kw_only=True):
    """The calls to a contact; there are no texts here."""

    id: int
    calls: list[CallBody]


class ContactListRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who is to come into a list."""

    contacts: list[ContactRequest] | None = None
    contactIds: list[int] | None = None  # noqa: N815
    contactNumbers: list[str | int] | None = None  # noqa: N815
    contactNumbersField: str | None = None  # noqa: N815
    useCustomFields: bool | None = None  # noqa: N815


class CreateContactListRequest(ContactListRequest, kw_only=True, forbid_unknown_fields=True):
    """A list to be made, and who is in it."""

    name: str | None = None


class UpdateContactListRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The new name of a list."""

    name: str | None = None


class ContactListBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A list of contacts."""

    id: int
    name: str
    size: int
    created: int
    status: str
    problem: str | None = None
    """Not of CallFire: what was wrong with the file, naming the rows."""


class AddDoNotContactRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Numbers for the do-not-contact list."""

    numbers: list[str | int] | None = None
    call: bool | None = None
    text: bool | None = None
    inboundCall: bool | None = None  # noqa: N815
    inboundText: bool | None = None  # noqa: N815
    source: str | None = None


class DoNotContactRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is barred of a number; the members that are read only may come back as they were."""

    number: str | int | None = None
    call: bool | None = None
    text: bool | None = None
    inboundCall: bool | None = None  # noqa: N815
    inboundText: bool | None = None  # noqa: N815
    source: str | None = None
    campaignId: int | None = None  # noqa: N815
    created: int | None = None


class DoNotContactBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An entry of the do-not-contact list."""

    number: str
    call: bool
    text: bool
    inboundCall: bool  # noqa: N815
    inboundText: bool  # noqa: N815
    campaignId: int | None = None  # noqa: N815
    source: str
    created: int


class UniversalDoNotContactBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What is allowed with a number, in both directions."""

    toNumber: str  # noqa: N815
    fromNumber: str | None = None  # noqa: N815
    inboundCall: bool  # noqa: N815
    inboundText: bool  # noqa: N815
    outboundCall: bool  # noqa: N815
    outboundText: bool  # noqa: N815


class NothingBody(msgspec.Struct):
    """An answer that says nothing but that it was done, where CallFire describes a body."""


def contact_list(of: ContactList) -> ContactListBody:
    """Return a list."""
    return ContactListBody(
        id=of.id,
        name=of.name,
        size=of.size,
        created=milliseconds(of.created_at),
        status=LIST_STATUS[of.status],
        problem=of.problem,
    )


def do_not_contact(of: DoNotCallEntry) -> DoNotContactBody:
    """Return an entry of the do-not-contact list."""
    return DoNotContactBody(
        number=of.number.digits,
        call=of.call,
        text=of.text,
        inboundCall=of.inbound_call,
        inboundText=of.inbound_text,
        campaignId=of.campaign_id,
        source=of.source,
        created=milliseconds(of.created_at),
    )


def universal_do_not_contact(
    to: PhoneNumber, from_number: PhoneNumber | None, entry: DoNotCallEntry | None
) -> UniversalDoNotContactBody:
    """Return what the account's own list allows with a number.

    True is allowed. As CallFire's own client explains the members, they are seen from `to` if it is
    alone (inbound is what it can receive), and else from `from_number` (inbound is what that can
    receive from `to`).
    """
    call, text = (True, True) if entry is None else (not entry.call, not entry.text)
    back_call = entry is None or not entry.inbound_call
    back_text = entry is None or not entry.inbound_text
    if from_number is not None:
        call, text, back_call, back_text = back_call, back_text, call, text
    return UniversalDoNotContactBody(
        toNumber=to.digits,
        fromNumber=None if from_number is None else from_number.digits,
        inboundCall=call,
        inboundText=text,
        outboundCall=back_call,
        outboundText=back_text,
    )


def history(of: ContactId, calls: Sequence[CallDetails], *, base: str) -> ContactHistoryBody:
    """Return the calls to a contact; `base` is the address of this API."""
    return ContactHistoryBody(id=of, calls=[call_details(one, base=base) for one in calls])


def contact_details(given: ContactRequest, *, place: int) -> ContactDetails:
    """Return a contact to be made; raise InvalidInput, naming the contact and the member."""
    if given.id is not None:
        raise InvalidInput(f"contact {place}: the id is given by the system", field="id")
    if given.deleted:
        raise InvalidInput(f"contact {place} cannot be made deleted", field="deleted")
    texts = {member: _text(given, name) or None for name, member in TEXTS.items()}
    phones = {}
    for name, kind in PHONES.items():
        text = _text(given, name)
        if text:
            phones[kind] = _number(text, name, what=f"contact {place}")
    return ContactDetails(**texts, phones=phones, properties=given.properties or {})


def contact_changes(given: ContactRequest, *, contact_id: ContactId) -> Mapping[str, object]:
    """Return what of a contact is to be changed: an empty text takes away what there was."""
    if given.id not in (None, contact_id):
        raise InvalidInput(f"the id of contact {contact_id} cannot be changed", field="id")
    changes: dict[str, object] = {}
    for name, member in TEXTS.items():
        text = _text(given, name)
        if text is not None:
            changes[member] = text or None
    phones: dict[PhoneKind, PhoneNumber | None] = {}
    for name, kind in PHONES.items():
        text = _text(given, name)
        if text is not None:
            phones[kind] = _number(text, name, what=f"contact {contact_id}") if text else None
    if phones:
        changes["phones"] = phones
    if given.properties is not None:
        changes["properties"] = given.properties
    return changes


def members(given: ContactListRequest) -> NewMembers:
    """Return who comes into a list; raise InvalidInput, naming the one at fault."""
    kind = given.contactNumbersField or None
    if kind is not None and not given.contactNumbers:
        raise InvalidInput(
            "contactNumbersField is for contactNumbers, which are not given",
            field="contactNumbersField",
        )
    if given.useCustomFields is not None and not given.contacts:
        raise InvalidInput(
            "useCustomFields is for contacts, which are not given", field="useCustomFields"
        )
    if kind is not None and kind not in _LIST_FIELDS:
        raise InvalidInput(
            f"contactNumbersField {kind[:40]!r} is none of {', '.join(_LIST_FIELDS)}",
            field="contactNumbersField",
        )
    return NewMembers(
        contacts=[
            contact_details(one, place=place) for place, one in enumerate(given.contacts or ())
        ],
        contact_ids=[_contact_id(one) for one in given.contactIds or ()],
        numbers=numbers(given.contactNumbers or (), field="contactNumbers"),
        numbers_are=PHONES[kind or "homePhone"],
        use_custom_fields=bool(given.useCustomFields),
    )


def numbers(given: Sequence[str | int], *, field: str) -> list[PhoneNumber]:
    """Read telephone numbers; raise InvalidInput, saying which is none."""
    return [
        _number(str(text).strip(), field, what=f"{field} {place}")
        for place, text in enumerate(given)
    ]


def number(text: str, *, field: str) -> PhoneNumber:
    """Read a telephone number, also of another country as we show it: without a plus.

    Raises InvalidNumber.
    """
    text = text[:64].strip()
    try:
        return PhoneNumber.parse(text, field=field)
    except InvalidNumber:
        if not _INTERNATIONAL.fullmatch(text):
            raise
    try:
        return PhoneNumber.parse("+" + text, field=field)
    except InvalidNumber as error:
        raise InvalidNumber(text, field=field) from error


def search_key(name: str, value: str) -> SearchKey:
    """Return what a contact is found by: one of its members, or a property of that name."""
    if name in TEXTS:
        return SearchKey(TEXTS[name], value)
    if name in PHONES:
        return SearchKey.of_number(number(value, field="propertyValue"), PHONES[name])
    return SearchKey.of_property(name, value)


def _contact_id(number: int) -> ContactId:
    if not 0 <= number < 2**63:
        raise NotFound("contact", number)
    return ContactId(number)


def _text(given: ContactRequest, name: str) -> str | None:
    value = getattr(given, name)
    return None if value is None else str(value).strip()


def _number(text: str, field: str, *, what: str) -> PhoneNumber:
    try:
        return number(text, field=field)
    except InvalidNumber as error:
        raise InvalidInput(f"{what}: {error}", field=field) from error
