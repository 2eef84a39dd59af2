"""How fast calls may follow each other, and how many may live at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import AccountId, CampaignId
from ringcast.domain.numbers import PhoneNumber

__all__ = [
    "JITTER",
    "Lane",
    "lane_of_account",
    "lane_of_campaign",
    "lane_of_number",
    "lane_of_trunk",
    "spacing",
]

JITTER: Final = timedelta(milliseconds=20)
"""How much later than meant a call may leave without two calls coming too close: so much longer
than a second is the time in which as many calls leave as may in a second."""
_AHEAD: Final = timedelta(seconds=1)
"""A lane is taken so far ahead at the most; more means that the clock was put back."""


def spacing(calls_per_second: float) -> timedelta:
    """Return the time from one call to the next."""
    return (timedelta(seconds=1) + JITTER) / calls_per_second


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """What calls that have something in common keep to, all servers of a database together."""

    name: str
    calls_per_second: float | None = None
    """None: as fast as others let them."""
    max_calls: int | None = None
    """None: as many as others let there be."""
    next_at: datetime | None = None
    """When the next call may leave; None: no call has left yet."""
    closed_until: datetime | None = None
    """No call leaves before that, because those that did came to nothing."""
    failures: int = 0
    """How many calls have failed one after the other, for a reason that is the lane's own."""

    def __post_init__(self) -> None:
        if self.calls_per_second is not None and not 0 < self.calls_per_second < 1e6:
            raise InvalidInput(
                "calls per second are a number above 0 and below a million", field="cps"
            )
        if self.max_calls is not None and not 0 < self.max_calls < 1e6:
            raise InvalidInput(
                "calls at once are a whole number above 0 and below a million", field="max-calls"
            )

    @property
    def interval(self) -> timedelta:
        """The time from one call to the next."""
        return timedelta() if self.calls_per_second is None else spacing(self.calls_per_second)

    def free_at(self, now: datetime) -> datetime:
        """Return when the next call may leave, now or later."""
        free = now
        if self.next_at is not None and now < self.next_at <= now + _AHEAD + 2 * self.interval:
            free = self.next_at
        if self.closed_until is not None:
            free = max(free, self.closed_until)
        return free

    def room(self, *, live: int, now: datetime, horizon: timedelta) -> int | None:
        """Return how many calls may leave up to `now + horizon`; None: this lane does not mind."""
        free_at = self.free_at(now)
        if free_at > now + horizon or (self.max_calls is not None and live >= self.max_calls):
            return 0
        rooms = []
        if self.calls_per_second is not None:
            rooms.append((now + horizon - free_at) // self.interval + 1)
        if self.max_calls is not None:
            rooms.append(self.max_calls - live)
        return min(rooms, default=None)

    def taken(self, at: datetime) -> Lane:
        """Return the lane after a call has left at that time."""
        return replace(self, next_at=at + self.interval)


def lane_of_trunk(trunk: str) -> str:
    """Return the name of the lane of calls over a trunk."""
    return f"trunk:{trunk}"


def lane_of_account(account_id: AccountId) -> str:
    """Return the name of the lane of an account's calls."""
    return f"account:{account_id}"


def lane_of_campaign(campaign_id: CampaignId) -> str:
    """Return the name of the lane of a campaign's calls."""
    return f"campaign:{campaign_id}"


def lane_of_number(number: PhoneNumber) -> str:
    """Return the name of the lane of calls that show a number."""
    return f"number:{number.digits}"
