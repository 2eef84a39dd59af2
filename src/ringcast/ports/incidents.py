"""What the core asks of the store about what went wrong in the background."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ringcast.domain.ids import AccountId, CallId, IncidentId
from ringcast.domain.incidents import Incident

if TYPE_CHECKING:
    from ringcast.ports.store import Page

__all__ = ["IncidentTransaction"]


class IncidentTransaction(Protocol):
    """The part of a unit of work that is about incidents."""

    async def add_incidents(self, incidents: Sequence[Incident]) -> None: ...
    async def incident(self, account_id: AccountId, incident_id: IncidentId) -> Incident | None: ...
    async def incidents(
        self,
        account_id: AccountId,
        page: Page,
        *,
        dialect: str | None = None,
        call_id: CallId | None = None,
    ) -> Sequence[Incident]:
        """Newest first; those in the words of one dialect, or on one call."""

    async def forget_incidents(self, before: datetime) -> int:
        """Delete those of before a time; return how many."""
