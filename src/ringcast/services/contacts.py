"""Contacts: made, found, changed, deleted; and what calls they have had."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ringcast.domain.accounts import Account
from ringcast.domain.contacts import Contact, ContactDetails, SearchKey
from ringcast.domain.errors import Conflict, InvalidInput, NotFound
from ringcast.domain.ids import AccountId, ContactId, ContactListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store
from ringcast.services.calls import CallDetails, call_details
from ringcast.services.idempotency import Once

__all__ = [
    "ContactHistory",
    "CreateContacts",
    "DeleteContact",
    "FindContacts",
    "GetContact",
    "UpdateContact",
    "new_contacts",
]


class CreateContacts:
    """Keep contacts of an account."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        account: Account,
        details: Sequence[ContactDetails],
        *,
        once: Once[Sequence[Contact]] | None = None,
    ) -> Sequence[Contact]:
        """Return the contacts in the order of their details; all are made, or none.

        Raises InvalidInput for details that are too long, or no details at all.
        """
        if not details:
            raise InvalidInput("there is no contact in the request")
        contacts = await new_contacts(self._store, self._clock, account.id, details)
        async with self._store.begin() as tx:
            await tx.add_contacts(contacts)
            if once is not None:
                await once.save(tx, account.id, contacts, now=contacts[0].created_at)
            await tx.commit()
        return contacts


class GetContact:
    """Look at one contact, deleted or not."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, contact_id: ContactId) -> Contact:
        """Return the contact; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            contact = await tx.contact(account_id, contact_id)
        if contact is None:
            raise NotFound("contact", contact_id)
        return contact


class FindContacts:
    """Search the contacts of an account that are not deleted."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self,
        account_id: AccountId,
        page: Page,
        *,
        ids: Collection[ContactId] | None = None,
        numbers: Collection[PhoneNumber] | None = None,
        list_id: ContactListId | None = None,
        key: SearchKey | None = None,
    ) -> tuple[Sequence[Contact], int | None]:
        """Return a page of contacts, oldest first, and how many match (None: too many to count).

        They have one of the ids, any of the numbers, are in the list and have the key, as far as
        these are given. Raises NotFound for a list that the account has not.
        """
        async with self._store.begin(read_only=True) as tx:
            if list_id is not None and await tx.contact_list(account_id, list_id) is None:
                raise NotFound("contact list", list_id)
            return await tx.contacts(
                account_id, page, ids=ids, numbers=numbers, key=key, list_id=list_id
            )


class UpdateContact:
    """Change what is known of a contact."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self, account_id: AccountId, contact_id: ContactId, changes: Mapping[str, object]
    ) -> Contact:
        """Return the contact with `changes` made: members of ContactDetails by their names.

        Of `phones` those given are changed, one that is None is taken away. Raises NotFound,
        Conflict for a deleted contact, InvalidInput for what is too long.
        """
        async with self._store.begin() as tx:
            contact = await tx.contact(account_id, contact_id)
            if contact is None:
                raise NotFound("contact", contact_id)
            if contact.deleted:
                raise Conflict(f"contact {contact_id} is deleted: it can be read, not changed")
            members = dict(changes)
            phones = members.pop("phones", {})
            assert isinstance(phones, Mapping)
            merged = {**contact.details.phones, **phones}
            details = replace(
                contact.details,
                **members,  # type: ignore[arg-type]  # names and types are the caller's promise
                phones={kind: number for kind, number in merged.items() if number is not None},
            )
            details.check()
            changed = replace(contact, details=details, updated_at=self._clock.now())
            await tx.update_contact(changed)
            await tx.commit()
        return changed


class DeleteContact:
    """Take a contact out of use and out of all lists; it can still be read."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, contact_id: ContactId) -> Contact:
        """Return the deleted contact; deleting twice is once. Raises NotFound."""
        async with self._store.begin() as tx:
            contact = await tx.contact(account_id, contact_id)
            if contact is None:
                raise NotFound("contact", contact_id)
            if not contact.deleted:
                contact = replace(contact, deleted=True, updated_at=self._clock.now())
                await tx.update_contact(contact)
                await tx.commit()
        return contact


class ContactHistory:
    """List the calls to any of a contact's numbers."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, contact_id: ContactId, page: Page
    ) -> Sequence[CallDetails]:
        """Return a page of calls, newest first; raise NotFound for the contact."""
        async with self._store.begin(read_only=True) as tx:
            contact = await tx.contact(account_id, contact_id)
            if contact is None:
                raise NotFound("contact", contact_id)
            calls = await tx.calls_to(
                account_id, sorted(set(contact.details.phones.values())), page
            )
            return await call_details(tx, calls)


async def new_contacts(
    store: Store, clock: Clock, account_id: AccountId, details: Sequence[ContactDetails]
) -> Sequence[Contact]:
    """Return contacts that are yet to be kept; raise InvalidInput, saying which is wrong."""
    for place, one in enumerate(details):
        try:
            one.check()
        except InvalidInput as error:
            raise InvalidInput(f"contact {place}: {error}", field=error.field) from error
    now = clock.now()
    return [
        Contact(
            id=ContactId(contact_id),
            account_id=account_id,
            details=one,
            created_at=now,
            updated_at=now,
        )
        for contact_id, one in zip(await store.take_ids(len(details), now), details, strict=True)
    ]
