"""Numbers that an account says are its own, until a code read out on them proves it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from ringcast.domain.ids import AccountId, VerificationId
from ringcast.domain.numbers import PhoneNumber

__all__ = ["CallerIdVerification"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallerIdVerification:
    """A code on its way to whoever answers the number; an account has one of each number."""

    id: VerificationId
    account_id: AccountId
    number: PhoneNumber
    code_hash: str = field(repr=False)
    created_at: datetime
    expires_at: datetime
    tries_left: int
    """How many more codes can be tried."""

    def takes_codes(self, now: datetime) -> bool:
        """Tell whether the right code would still be taken."""
        return self.tries_left > 0 and now < self.expires_at

    def tried(self) -> CallerIdVerification:
        """Return it after one more code was tried."""
        return replace(self, tries_left=self.tries_left - 1)
