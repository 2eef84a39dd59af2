"""Lists of contacts: made, filled, found, renamed, deleted. Those from files: `list_imports`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ringcast.domain.accounts import Account
from ringcast.domain.contacts import (
    Contact,
    ContactDetails,
    ContactList,
    ContactListStatus,
    PhoneKind,
    checked_list_name,
    lettered,
)
from ringcast.domain.errors import Conflict, InvalidInput, NotFound
from ringcast.domain.ids import AccountId, ContactId, ContactListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.subscriptions import Announcement, Topic
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.contacts import new_contacts
from ringcast.services.idempotency import Once

__all__ = [
    "AddToContactList",
    "CreateContactList",
    "DeleteContactList",
    "FindContactLists",
    "GetContactList",
    "ListMembers",
    "NewMembers",
    "RemoveFromContactList",
    "RenameContactList",
    "announcement",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewMembers:
    """Who comes into a list, in exactly one of three ways."""

    contacts: Sequence[ContactDetails] = ()
    """New contacts."""
    contact_ids: Sequence[ContactId] = ()
    """Contacts that are there."""
    numbers: Sequence[PhoneNumber] = ()
    """Numbers, of each of which a new contact is made."""
    numbers_are: PhoneKind = PhoneKind.HOME
    use_custom_fields: bool = False
    """Whether properties of `contacts` keep their names; else they are called A, B, C and so on."""

    def details(self) -> Sequence[ContactDetails]:
        """Return the contacts to be made; raise InvalidInput unless one way was taken."""
        ways = sum(map(bool, (self.contacts, self.contact_ids, self.numbers)))
        if ways != 1:
            raise InvalidInput(
                "give contacts, contactIds or contactNumbers: exactly one of them, and not empty"
            )
        if self.numbers:
            # The same number twice is one person.
            unique = dict.fromkeys(self.numbers)
            return [ContactDetails(phones={self.numbers_are: number}) for number in unique]
        if self.use_custom_fields:
            return self.contacts
        letters = lettered([name for one in self.contacts for name in one.properties])
        return [
            replace(one, properties={letters[n]: value for n, value in one.properties.items()})
            for one in self.contacts
        ]


class CreateContactList:
    """Make a list of new contacts, or of contacts that are there."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        account: Account,
        name: str,
        members: NewMembers,
        *,
        once: Once[ContactList] | None = None,
    ) -> ContactList:
        """Return the list; raise InvalidInput, or NotFound for a contact: then nothing was made."""
        name = checked_list_name(name)
        new = await new_contacts(self._store, self._clock, account.id, members.details())
        now = self._clock.now()
        (list_id,) = await self._store.take_ids(1, now)
        made = ContactList(
            id=ContactListId(list_id),
            account_id=account.id,
            name=name,
            status=ContactListStatus.ACTIVE,
            created_at=now,
        )
        async with self._store.begin() as tx:
            await tx.add_contact_list(made)
            size = await _put_in(tx, account.id, made.id, new, members.contact_ids)
            made = replace(made, size=size)
            await tx.announce([announcement(made, now=now)])
            if once is not None:
                await once.save(tx, account.id, made, now=now)
            await tx.commit()
        return made


class GetContactList:
    """Look at one list."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, list_id: ContactListId) -> ContactList:
        """Return the list; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            return await _found(tx, account_id, list_id)


class FindContactLists:
    """Search the lists of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, page: Page, *, name: str | None = None
    ) -> tuple[Sequence[ContactList], int]:
        """Return a page of lists, newest first, and how many there are in all.

        `name` is a part of the name, whatever its case.
        """
        async with self._store.begin(read_only=True) as tx:
            return await tx.contact_lists(account_id, page, name=name)


class RenameContactList:
    """Give a list another name."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, list_id: ContactListId, name: str) -> None:
        """Rename it; raise NotFound, InvalidInput for the name."""
        name = checked_list_name(name)
        async with self._store.begin() as tx:
            await tx.rename_contact_list(account_id, list_id, name)
            await tx.commit()


class DeleteContactList:
    """Delete a list; the contacts in it stay."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, list_id: ContactListId) -> None:
        """Delete it, also while its file is being imported; raise NotFound."""
        async with self._store.begin() as tx:
            if not await tx.delete_contact_list(account_id, list_id):
                raise NotFound("contact list", list_id)
            await tx.commit()


class ListMembers:
    """List the contacts in a list."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, list_id: ContactListId, page: Page
    ) -> tuple[Sequence[Contact], int | None]:
        """Return a page of contacts, oldest first, and how many there are; raise NotFound."""
        async with self._store.begin(read_only=True) as tx:
            await _found(tx, account_id, list_id)
            return await tx.contacts(account_id, page, list_id=list_id)


class AddToContactList:
    """Put contacts into a list."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self, account_id: AccountId, list_id: ContactListId, members: NewMembers
    ) -> int:
        """Return how many were not in it; all come in, or none.

        Raises NotFound for the list or a contact, Conflict while the list is not active.
        """
        new = await new_contacts(self._store, self._clock, account_id, members.details())
        async with self._store.begin() as tx:
            await _active(tx, account_id, list_id)
            added = await _put_in(tx, account_id, list_id, new, members.contact_ids)
            await tx.commit()
        return added


class RemoveFromContactList:
    """Take contacts out of a list; they stay contacts."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, list_id: ContactListId, contact_ids: Collection[ContactId]
    ) -> int:
        """Return how many were taken out; what is not in the list is passed over.

        Raises NotFound for the list, InvalidInput for no contact at all, Conflict while the list is
        not active.
        """
        if not contact_ids:
            raise InvalidInput("say which contacts are to leave the list", field="contactId")
        async with self._store.begin() as tx:
            await _active(tx, account_id, list_id)
            removed = await tx.remove_from_contact_list(account_id, list_id, contact_ids)
            await tx.commit()
        return removed


def announcement(contact_list: ContactList, *, now: datetime) -> Announcement:
    """Return what is to be announced of a list that has become what it will be."""
    ready = contact_list.status is ContactListStatus.ACTIVE
    return Announcement(
        topic=Topic.CONTACT_LIST_READY if ready else Topic.CONTACT_LIST_FAILED,
        account_id=contact_list.account_id,
        subject_id=contact_list.id,
        at=now,
    )


async def _put_in(
    tx: Transaction,
    account_id: AccountId,
    list_id: ContactListId,
    new: Sequence[Contact],
    there: Sequence[ContactId],
) -> int:
    await tx.add_contacts(new)
    ids = [contact.id for contact in new] if new else there
    return await tx.add_to_contact_list(account_id, list_id, ids)


async def _found(tx: Transaction, account_id: AccountId, list_id: ContactListId) -> ContactList:
    found = await tx.contact_list(account_id, list_id)
    if found is None:
        raise NotFound("contact list", list_id)
    return found


async def _active(tx: Transaction, account_id: AccountId, list_id: ContactListId) -> None:
    found = await _found(tx, account_id, list_id)
    if found.status is not ContactListStatus.ACTIVE:
        raise Conflict(
            f"contact list {list_id} is {found.status}: contacts come and go when it is active"
        )
