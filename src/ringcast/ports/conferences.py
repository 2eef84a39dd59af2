"""What the core asks of the store about conferences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ringcast.domain.conferences import Conference, ConferenceMember, ConferenceState
from ringcast.domain.ids import AccountId, ConferenceId

if TYPE_CHECKING:
    from ringcast.ports.store import Page

__all__ = ["ConferenceTransaction"]


class ConferenceTransaction(Protocol):
    """The part of a unit of work that is about conferences."""

    async def add_conference(self, conference: Conference) -> None:
        """Raises Conflict if the account has one of that name that has not ended."""

    async def conference(
        self, account_id: AccountId, conference_id: ConferenceId, *, for_update: bool = False
    ) -> Conference | None:
        """With `for_update` it is locked for this transaction."""

    async def open_conference(self, account_id: AccountId, name: str) -> Conference | None:
        """The one of that name that has not ended."""

    async def conferences(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None = None,
        states: Sequence[ConferenceState] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
    ) -> tuple[Sequence[Conference], int]:
        """Newest first, those made, and changed, from a time on and before another; their count."""

    async def update_conference(self, conference: Conference) -> bool:
        """Write it, unless it has ended in the store; return whether it had not.

        `holder_until` is not written where it was set before: only `extend_conferences` moves it.
        """

    async def extend_conferences(self, holder: str, until: datetime) -> int:
        """Prolong the holding of all conferences of a holder that have not ended; how many."""

    async def orphaned_conferences(self, now: datetime, limit: int) -> Sequence[Conference]:
        """Those not ended whose holder has let its time pass, locked for this transaction."""

    async def add_member(self, member: ConferenceMember) -> None: ...

    async def update_members(self, members: Sequence[ConferenceMember]) -> None: ...

    async def members_of(
        self, conference_ids: Sequence[ConferenceId], *, present: bool = False
    ) -> Sequence[ConferenceMember]:
        """First to last; with `present` without those that have left."""
