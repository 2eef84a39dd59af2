"""The part of a transaction that is about contacts and lists of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ringcast.domain.calls import Call
from ringcast.domain.contacts import Contact, ContactList, SearchKey
from ringcast.domain.ids import AccountId, ContactId, ContactListId
from ringcast.domain.numbers import PhoneNumber

if TYPE_CHECKING:  # that module builds on this one
    from ringcast.ports.store import Page

__all__ = ["ContactTransaction", "ListImport"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListImport:
    """A list whose file is to be read, by whoever holds the import."""

    contact_list: ContactList
    use_custom_fields: bool
    imported_rows: int
    """How many rows of the file, those without a contact included, are in the list already."""


class ContactTransaction(Protocol):
    """Contacts and lists of them within a transaction."""

    async def add_contacts(self, contacts: Sequence[Contact]) -> None: ...

    async def contact(self, account_id: AccountId, contact_id: ContactId) -> Contact | None:
        """Return the contact, deleted or not."""

    async def contacts_with_ids(
        self, contact_ids: Collection[ContactId]
    ) -> Mapping[ContactId, Contact]:
        """Those there are, deleted or not, of any account."""

    async def contacts(
        self,
        account_id: AccountId,
        page: Page,
        *,
        ids: Collection[ContactId] | None = None,
        numbers: Collection[PhoneNumber] | None = None,
        key: SearchKey | None = None,
        list_id: ContactListId | None = None,
    ) -> tuple[Sequence[Contact], int | None]:
        """Contacts that are not deleted, and the count of all that match.

        They have any of `numbers`; the conditions that are given narrow each other. The count is
        None if there are too many to be counted in good time. To find by `key` alone, unless by the
        external id, takes a look at each contact of the account.
        """

    async def contacts_of_list(
        self,
        account_id: AccountId,
        list_id: ContactListId,
        *,
        after: ContactId | None,
        limit: int,
    ) -> Sequence[Contact]:
        """The next members of a list behind one of them, to go through lists of any size."""

    async def update_contact(self, contact: Contact) -> None:
        """Write details and deletion; a deleted contact leaves its lists. Raises NotFound."""

    async def calls_to(
        self, account_id: AccountId, numbers: Collection[PhoneNumber], page: Page
    ) -> Sequence[Call]:
        """Calls to any of the numbers, newest first."""

    async def add_contact_list(
        self,
        contact_list: ContactList,
        *,
        import_due_at: datetime | None = None,
        use_custom_fields: bool = False,
    ) -> None:
        """Add an empty list; with `import_due_at` one whose file is to be imported from then on."""

    async def contact_list(
        self, account_id: AccountId, list_id: ContactListId
    ) -> ContactList | None: ...

    async def contact_lists(
        self, account_id: AccountId, page: Page, *, name: str | None
    ) -> tuple[Sequence[ContactList], int]:
        """Newest first, those whose name contains `name` whatever its case; and their count."""

    async def rename_contact_list(
        self, account_id: AccountId, list_id: ContactListId, name: str
    ) -> None:
        """Raises NotFound."""

    async def delete_contact_list(self, account_id: AccountId, list_id: ContactListId) -> bool:
        """Delete a list and its file, not the contacts in it; return whether there was one."""

    async def add_to_contact_list(
        self, account_id: AccountId, list_id: ContactListId, contact_ids: Collection[ContactId]
    ) -> int:
        """Put contacts into a list; return how many were not in it.

        Raises NotFound for the list, and for a contact that the account has not or that is deleted.
        """

    async def remove_from_contact_list(
        self, account_id: AccountId, list_id: ContactListId, contact_ids: Collection[ContactId]
    ) -> int:
        """Take contacts out of a list; return how many were in it. Raises NotFound for the list."""

    # lists made from files

    async def add_list_file(self, list_id: ContactListId, parts: Sequence[bytes]) -> None:
        """Keep the file a list is made from, in parts that follow each other."""

    async def list_file_part(self, list_id: ContactListId, part: int) -> bytes | None:
        """Return a part, counted from 0; None behind the last one."""

    async def claim_list_import(
        self, *, now: datetime, holder: str, until: datetime
    ) -> ListImport | None:
        """Take the import that is due longest; others leave it alone until `until`."""

    async def import_into_list(
        self,
        contact_list: ContactList,
        contacts: Sequence[Contact],
        *,
        imported_rows: int,
        holder: str,
        until: datetime | None,
    ) -> bool:
        """Add new contacts to their list, and write its status and problem.

        `until` prolongs the hold; None ends the import and deletes the file. Return False, with
        nothing written, if `holder` does not hold the import any more or the list is gone.
        """
