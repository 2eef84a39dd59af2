"""Contacts as recipients of campaigns: their number, their properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ringcast.domain.contacts import Contact
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, ContactId, ContactListId
from ringcast.ports.store import Page, Store
from ringcast.services.calls import Recipient, fitting_attributes

__all__ = ["MAX_ADDED", "recipients_of_list", "with_contacts"]

MAX_ADDED: Final = 50_000
"""Recipients in one request: as many as are written while nobody notices the wait."""

_AT_ONCE: Final = 10_000


async def with_contacts(
    store: Store, account_id: AccountId, recipients: Sequence[Recipient]
) -> Sequence[Recipient]:
    """Return the recipients; contacts without `to` have their first number, and properties as
    attributes.

    A recipient's own attributes come before the properties. Raises NotFound for a contact that is
    not there, InvalidInput for one without a number.
    """
    wanted = sorted({one.contact_id for one in recipients if one.contact_id and not one.to})
    if not wanted:
        return recipients
    found: dict[ContactId, Contact] = {}
    async with store.begin(read_only=True) as tx:
        for start in range(0, len(wanted), _AT_ONCE):
            some, _ = await tx.contacts(
                account_id, Page(limit=_AT_ONCE), ids=wanted[start : start + _AT_ONCE]
            )
            found.update((one.id, one) for one in some)
    for contact_id in wanted:
        if contact_id not in found:
            raise NotFound("contact", contact_id)
        if found[contact_id].details.first_phone is None:
            raise InvalidInput(f"contact {contact_id} has no telephone number", field="contactId")
    return [
        _filled(one, found[one.contact_id]) if one.contact_id and not one.to else one
        for one in recipients
    ]


async def recipients_of_list(
    store: Store, account_id: AccountId, list_id: ContactListId
) -> Sequence[Recipient]:
    """Return a recipient for each member of a list; one without a number has nothing to dial.

    Raises NotFound, and InvalidInput for a list that is empty, too long or not ready.
    """
    recipients: list[Recipient] = []
    async with store.begin(read_only=True) as tx:
        contact_list = await tx.contact_list(account_id, list_id)
        if contact_list is None:
            raise NotFound("contact list", list_id)
        if not contact_list.status.is_final:
            raise InvalidInput(
                f"contact list {list_id} is {contact_list.status}: wait until it is active",
                field="contactListId",
            )
        if not 1 <= contact_list.size <= MAX_ADDED:
            raise InvalidInput(
                f"contact list {list_id} has {contact_list.size} members: a batch takes 1 to"
                f" {MAX_ADDED}",
                field="contactListId",
            )
        after: ContactId | None = None
        while some := await tx.contacts_of_list(account_id, list_id, after=after, limit=_AT_ONCE):
            after = some[-1].id
            recipients += [_filled(Recipient(contact_id=one.id), one) for one in some]
    return recipients


def _filled(recipient: Recipient, contact: Contact) -> Recipient:
    phone = contact.details.first_phone
    return replace(
        recipient,
        to=f"contact {contact.id}" if phone is None else phone,
        attributes=_attributes(contact.details.properties, recipient.attributes),
    )


def _attributes(properties: Mapping[str, str], own: Mapping[str, str]) -> Mapping[str, str]:
    return {**fitting_attributes(properties, room_beside=own), **own} if properties else own
