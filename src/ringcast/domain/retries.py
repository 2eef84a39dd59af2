"""When to dial again after an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ringcast.domain.calls import Attempt, Call, CallState
from ringcast.domain.contacts import ContactDetails, PhoneKind
from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome

__all__ = ["NO_RETRY", "RetryRule", "after_attempt"]

_SPREAD = 0.1  # of the wait: a thousand busy lines are not tried again in the same second


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryRule:
    """When to dial a number again after an attempt that did not do."""

    max_attempts: int = 1
    wait: timedelta = timedelta(minutes=60)
    outcomes: frozenset[Outcome] = frozenset()
    phones: tuple[PhoneKind | None, ...] = ()
    """Which telephone of a contact is tried at each further attempt, in turn; None is the first."""

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise InvalidInput("there must be at least one attempt", field="maxAttempts")
        if self.wait < timedelta(0):
            raise InvalidInput("the wait between attempts is negative", field="retryConfig")

    def next_attempt_at(
        self, *, attempts: int, outcome: Outcome, answered: bool, now: datetime, spread: float
    ) -> datetime | None:
        """Return when to dial again, or None to give up.

        `spread`, from 0 to 1, is drawn at random and makes the wait up to a tenth longer. Who has
        answered is not dialled again because something failed on our side.
        """
        if attempts >= self.max_attempts or outcome not in self.outcomes:
            return None
        if answered and outcome is Outcome.INTERNAL_ERROR:
            return None
        return now + self.wait * (1 + _SPREAD * spread)

    def phone_of(self, contact: ContactDetails, *, attempts: int) -> PhoneNumber | None:
        """Return the number to dial after so many attempts; telephones that are not there are
        passed over."""
        first = contact.first_phone
        if not attempts:
            return first
        wanted = [first if kind is None else contact.phones.get(kind) for kind in self.phones]
        numbers = [number for number in wanted if number is not None]
        return numbers[(attempts - 1) % len(numbers)] if numbers else first


NO_RETRY = RetryRule()


def after_attempt(
    call: Call, attempt: Attempt, *, rule: RetryRule, outcome: Outcome, now: datetime, spread: float
) -> Call:
    """Return the call after its attempt has ended: READY for another one, or FINISHED."""
    again_at = rule.next_attempt_at(
        attempts=call.attempts,
        outcome=outcome,
        answered=attempt.answered_at is not None,
        now=now,
        spread=spread,
    )
    if again_at is None:
        return call.moved_to(CallState.FINISHED, now=now, outcome=outcome)
    return call.moved_to(CallState.READY, now=now, due_at=again_at)
