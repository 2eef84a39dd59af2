"""When calls may be placed: the campaign's window and the law's hours, in the recipient's zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ringcast.domain.calling_windows import CallingWindow, zones_of
from ringcast.domain.calls import Call
from ringcast.domain.ids import AccountId
from ringcast.domain.legal_hours import Law, LegalHours, jurisdictions_of
from ringcast.ports.store import Transaction

__all__ = ["CallingHours"]

_ROUNDS: Final = 60
"""Openings of window and law that are compared before a call is put off to the last of them."""


class CallingHours:
    """What may be called at the instant of one transaction, and when the rest may."""

    def __init__(self, tx: Transaction, law: Law | None, now: datetime) -> None:
        """Without `law` there are only the windows of campaigns."""
        self._tx = tx
        self._law = law
        self._now = now
        self._choices: dict[AccountId, LegalHours] = {}
        self._known: dict[object, datetime] = {}

    async def law_for(self, account_id: AccountId, *, single: bool) -> Law | None:
        """Return the law if calls of the account, single ones or a campaign's, keep to it."""
        if self._law is None:
            return None
        if account_id not in self._choices:
            account = await self._tx.account(account_id)
            self._choices[account_id] = LegalHours.OFF if account is None else account.legal_hours
        choice = self._choices[account_id]
        keeps = choice is LegalHours.ALL or (choice is LegalHours.CAMPAIGNS and not single)
        return self._law if keeps else None

    def opens_at(
        self,
        call: Call,
        *,
        window: CallingWindow | None,
        law: Law | None,
        known_zones: frozenset[str] = frozenset(),
    ) -> datetime:
        """Return when the call may be placed: now, or at the next opening.

        `known_zones` are those of the contact, which count for more than those of its number.
        """
        if call.to is None:
            return self._now
        zones = known_zones or zones_of(call.to)
        jurisdictions = () if law is None else jurisdictions_of(call.to)
        key = (zones, jurisdictions, window)
        if key not in self._known:
            self._known[key] = self._find(zones, jurisdictions, window, law)
        return self._known[key]

    def _find(
        self,
        zones: frozenset[str],
        jurisdictions: Sequence[str],
        window: CallingWindow | None,
        law: Law | None,
    ) -> datetime:
        at = self._now
        clocks = zones or (frozenset() if window is None else {window.fallback_zone})
        for _ in range(_ROUNDS):
            later = at if window is None else max(at, window.opening(zones, at).begin)
            if law is not None and jurisdictions:
                later = law.opens_at(jurisdictions, clocks, later)
            if later == at:
                break
            at = later
        return at
