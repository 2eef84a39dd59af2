"""What went wrong in the background, looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, CallId, IncidentId
from ringcast.domain.incidents import CALL, Incident, IncidentKind
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store

__all__ = ["FindIncidents", "GetIncident", "KeepIncident"]

_LONGEST: Final = 2000
"""Characters that are kept of each text."""


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

    async def __call__(
        self,
        account_id: AccountId,
        page: Page,
        *,
        dialect: str | None = None,
        call_id: CallId | None = None,
    ) -> Sequence[Incident]:
        """Return a page of them, newest first: those in words of a dialect, or on a call."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.incidents(account_id, page, dialect=dialect, call_id=call_id)


class KeepIncident:
    """Write down what went wrong on a call."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        account_id: AccountId,
        call_id: CallId,
        *,
        dialect: str,
        message: str,
        details: Mapping[str, str],
    ) -> None:
        """Keep it; raise Unavailable, and InvalidInput for text that cannot be kept."""
        now = self._clock.now()
        (new_id,) = await self._store.take_ids(1, now)
        incident = Incident(
            id=IncidentId(new_id),
            account_id=account_id,
            at=now,
            kind=IncidentKind.SCRIPT_FAILED,
            dialect=dialect,
            message=_kept(message),
            details={
                CALL: str(call_id),
                **{name: _kept(value) for name, value in details.items() if name != CALL},
            },
        )
        async with self._store.begin() as tx:
            await tx.add_incidents([incident])
            await tx.commit()


def _kept(text: str) -> str:
    return text[:_LONGEST].replace("\x00", "").encode(errors="replace").decode()
