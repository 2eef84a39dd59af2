"""The part of a transaction that is about numbers that must not be called."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.ids import AccountId, CampaignId
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

    async def do_not_call_among(
        self, account_id: AccountId, numbers: Collection[PhoneNumber]
    ) -> frozenset[PhoneNumber]:
        """Return those of `numbers` that the account must not call."""
