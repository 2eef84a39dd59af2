"""What went wrong in the background, looked at."""

from __future__ import annotations

from collections.abc import Sequence

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, IncidentId
from ringcast.domain.incidents import Incident
from ringcast.ports.store import Page, Store

__all__ = ["FindIncidents", "GetIncident"]


class GetIncident:
    """Look at one incident."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, incident_id: IncidentId) -> Incident:
        """Return it; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            found = await tx.incident(account_id, incident_id)
        if found is None:
            raise NotFound("incident", incident_id)
        return found


class FindIncidents:
    """List the incidents of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, page: Page) -> Sequence[Incident]:
        """Return a page of them, newest first."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.incidents(account_id, page)
