"""CallFire's shape of one contact, as it is shown by itself and in calls."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ringcast.domain.contacts import Contact, PhoneKind

__all__ = ["PHONES", "TEXTS", "ContactBody", "contact"]

TEXTS: Mapping[str, str] = {
    "firstName": "first_name",
    "lastName": "last_name",
    "zipcode": "zipcode",
    "externalId": "external_id",
    "externalSystem": "external_system",
}
PHONES: Mapping[str, PhoneKind] = {
    "homePhone": PhoneKind.HOME,
    "workPhone": PhoneKind.WORK,
    "mobilePhone": PhoneKind.MOBILE,
    "extraPhone1": PhoneKind.EXTRA_1,
    "extraPhone2": PhoneKind.EXTRA_2,
    "extraPhone3": PhoneKind.EXTRA_3,
}


class ContactBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A contact."""

    id: int
    firstName: str | None = None  # noqa: N815
    lastName: str | None = None  # noqa: N815
    zipcode: str | None = None
    homePhone: str | None = None  # noqa: N815
    workPhone: str | None = None  # noqa: N815
    mobilePhone: str | None = None  # noqa: N815
    extraPhone1: str | None = None  # noqa: N815
    extraPhone2: str | None = None  # noqa: N815
    extraPhone3: str | None = None  # noqa: N815
    externalId: str | None = None  # noqa: N815
    externalSystem: str | None = None  # noqa: N815
    properties: Mapping[str, str] | None = None
    deleted: bool


def contact(of: Contact) -> ContactBody:
    """Return a contact."""
    known = of.details
    body = ContactBody(id=of.id, properties=known.properties or None, deleted=of.deleted)
    for name, member in TEXTS.items():
        setattr(body, name, getattr(known, member))
    for name, kind in PHONES.items():
        if kind in known.phones:
            setattr(body, name, known.phones[kind].digits)
    return body
