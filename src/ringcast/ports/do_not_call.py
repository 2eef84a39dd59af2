"""The part of a transaction that is about numbers that must not be called."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ringcast.domain.do_not_call import DoNotCallEntry, DoNotCallList
from ringcast.domain.ids import AccountId, CampaignId, DoNotCallListId
from ringcast.domain.numbers import PhoneNumber

if TYPE_CHECKING:  # that module builds on this one
    from ringcast.ports.store import Page

__all__ = ["DoNotCallFilter", "DoNotCallTransaction"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DoNotCallFilter:
    """Which entries are wanted; None is all."""

    prefix: str | None = None
    """Digits the number begins with, of a North American number also without its 1."""
    numbers: Collection[PhoneNumber] | None = None
    list_id: DoNotCallListId | None = None
    campaign_id: CampaignId | None = None
    source: str | None = None
    call: bool | None = None
    text: bool | None = None
    inbound_call: bool | None = None
    inbound_text: bool | None = None


class DoNotCallTransaction(Protocol):
    """Do-not-call entries within a transaction."""

    async def put_do_not_call(self, entries: Sequence[DoNotCallEntry]) -> None:
        """Add entries, or replace those of the same numbers; their `created_at` stays."""

    async def do_not_call_entry(
        self, account_id: AccountId, number: PhoneNumber
    ) -> DoNotCallEntry | None: ...

    async def do_not_call_entries(
        self, account_id: AccountId, page: Page, wanted: DoNotCallFilter
    ) -> tuple[Sequence[DoNotCallEntry], int]:
        """Those that fit in the order of numbers, and the count of all that do."""

    async def delete_do_not_call(
        self, account_id: AccountId, numbers: Collection[PhoneNumber]
    ) -> int:
        """Take entries out; return how many there were."""

    async def delete_do_not_call_of(self, account_id: AccountId, source: str) -> int:
        """Take out all entries of a source; return how many there were."""

    # lists

    async def add_do_not_call_list(self, made: DoNotCallList) -> None: ...
    async def do_not_call_list(
        self, account_id: AccountId, list_id: DoNotCallListId
    ) -> DoNotCallList | None: ...
    async def do_not_call_lists(
        self, account_id: AccountId, page: Page
    ) -> tuple[Sequence[DoNotCallList], int]:
        """Newest first, and how many there are."""

    async def delete_do_not_call_list(
        self, account_id: AccountId, list_id: DoNotCallListId
    ) -> bool:
        """Delete a list, not the entries of its numbers; return whether there was one."""

    async def put_in_do_not_call_list(
        self, account_id: AccountId, list_id: DoNotCallListId, numbers: Collection[PhoneNumber]
    ) -> int:
        """Put numbers into a list; return how many were not in it."""

    async def take_from_do_not_call_list(
        self, account_id: AccountId, list_id: DoNotCallListId, numbers: Collection[PhoneNumber]
    ) -> int:
        """Take numbers out of a list; return how many were in it."""

    async def do_not_call_list_numbers(
        self, account_id: AccountId, list_id: DoNotCallListId
    ) -> Sequence[PhoneNumber]:
        """All numbers of a list, in their order."""

    async def do_not_call_lists_of(
        self, account_id: AccountId, numbers: Collection[PhoneNumber]
    ) -> Mapping[PhoneNumber, Sequence[DoNotCallListId]]:
        """The lists that each number is in, the oldest first; without those that are in none."""

    async def do_not_call_among(
        self, account_id: AccountId, numbers: Collection[PhoneNumber]
    ) -> frozenset[PhoneNumber]:
        """Return those of `numbers` that the account must not call."""
