"""The one place that says whether another call may be dialled now (DESIGN 5.5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from ringcast.domain.limits import JITTER, Lane, lane_of_trunk

__all__ = ["Admission", "Grant", "fair_shares"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How many calls may be dialled, and when.

    The n-th call may leave at `first_at + n * interval` seconds on the monotonic clock.
    """

    calls: int
    first_at: float
    interval: float
    come_back_at: float | None
    """When to ask again if calls wait; None: when a call has ended."""


class Admission:
    """Calls per second and calls at once over the trunk.

    Calls are spaced evenly: no window of one second holds more INVITEs than the limit.
    Time is the caller's monotonic clock, in seconds. This is what one server knows by itself; what
    all servers of a database share is the trunk's `lane`, which `services.limits` keeps.
    """

    def __init__(self, *, calls_per_second: float, max_calls: int, trunk: str = "trunk") -> None:
        if calls_per_second <= 0 or max_calls <= 0:
            raise ValueError("limits must be positive")
        self.lane = Lane(
            name=lane_of_trunk(trunk), calls_per_second=calls_per_second, max_calls=max_calls
        )
        """The trunk's limits, as they are kept for all servers."""
        self._departures: deque[float] = deque(maxlen=ceil(calls_per_second))
        self._window = max(1.0, 1.0 / calls_per_second) + JITTER.total_seconds()
        self._interval = 1.0 / calls_per_second
        self._max_calls = max_calls
        self._live = 0
        self._next_at = 0.0

    @property
    def live(self) -> int:
        """Calls granted and not yet released."""
        return self._live

    @property
    def max_calls(self) -> int:
        """The most calls at once."""
        return self._max_calls

    def grant(self, *, now: float, horizon: float) -> Grant:
        """Say how many calls may leave within the next `horizon` seconds, without taking them."""
        free = self._max_calls - self._live
        first_at = max(now, self._next_at)
        if free <= 0:
            return Grant(calls=0, first_at=now, interval=self._interval, come_back_at=None)
        due = (
            int((now + horizon - first_at) / self._interval) + 1 if first_at <= now + horizon else 0
        )
        calls = min(free, due)
        return Grant(
            calls=calls,
            first_at=first_at,
            interval=self._interval,
            come_back_at=first_at + max(calls, 1) * self._interval - horizon,
        )

    def take(self, grant: Grant, calls: int) -> None:
        """Use `calls` of the grant just given."""
        if not 0 <= calls <= grant.calls:
            raise ValueError("more calls taken than granted")
        if calls:
            self._live += calls
            self._next_at = grant.first_at + calls * grant.interval

    def depart(self, now: float) -> float:
        """Note that a call leaves now, or return for how many seconds it must wait first.

        A server that was held up has calls whose time has passed: they leave as closely as may be,
        and no closer.
        """
        last = self._departures
        if len(last) == last.maxlen and last[0] + self._window > now:
            return last[0] + self._window - now
        last.append(now)
        return 0.0

    def take_arrival(self) -> bool:
        """Use a place for a call that came to us; return False if none is free.

        Calls a second are a limit of what we send: who calls us does not count.
        """
        if self._live >= self._max_calls:
            return False
        self._live += 1
        return True

    def release(self) -> None:
        """Note that one call has ended."""
        if self._live <= 0:
            raise ValueError("more calls released than taken")
        self._live -= 1


def fair_shares(room: int, wants: Sequence[int]) -> Sequence[int]:
    """Return how many of `room` places each gets: one each in turn, nobody more than it wants.

    The first have the advantage of the remainder: whoever asks again and again begins with another.
    """
    shares = [0] * len(wants)
    while room > 0 and any(share < want for share, want in zip(shares, wants, strict=True)):
        for place, want in enumerate(wants):
            if room > 0 and shares[place] < want:
                shares[place] += 1
                room -= 1
    return shares
