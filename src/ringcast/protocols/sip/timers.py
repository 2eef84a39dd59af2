"""Timer values of RFC 3261 and one cheap heap for everything that waits."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from itertools import count
from typing import Protocol

NEVER = math.inf


@dataclass(frozen=True, slots=True)
class TimerSettings:
    """The base timers of RFC 3261, 17.1.1.1 and table 4, in seconds."""

    t1: float = 0.5
    """Estimate of the round-trip time."""
    t2: float = 4.0
    """Longest interval between retransmissions of a non-INVITE request or a final response."""
    t4: float = 5.0
    """Longest time a message stays in the network."""
    give_up_after: float = 0.0
    """Timers B, F, H, J, L and M; 64*T1 unless said otherwise."""
    timer_d: float = 32.0
    """How long a refused INVITE waits for repeated responses: at least 32 s (17.1.1.2)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "give_up_after", self.give_up_after or 64 * self.t1)


DEFAULT_TIMERS = TimerSettings()


class Waiting(Protocol):
    """Something that wants `handle_timer` called when its deadline has come."""

    deadline: float
    """When to call next, on the caller's monotonic clock; NEVER if nothing is due."""
    queued_at: float
    """Belongs to the TimerHeap; starts as NEVER."""

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`, and set a new deadline."""


class TimerHeap:
    """Deadlines of thousands of objects; one heap entry per object is enough.

    An object may move its deadline at will and calls `schedule` afterwards. A deadline moved
    later or cancelled costs nothing: the old entry is noticed when it comes to the top.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Waiting]] = []
        self._order = count()

    def schedule(self, item: Waiting) -> None:
        """Take note of the item's deadline."""
        if item.deadline < item.queued_at:
            item.queued_at = item.deadline
            heapq.heappush(self._heap, (item.deadline, next(self._order), item))

    def next_timer(self) -> float | None:
        """Return the earliest deadline, or None if nothing waits."""
        heap = self._heap
        while heap:
            at, _, item = heap[0]
            if item.queued_at == at and item.deadline <= at:
                return at
            heapq.heappop(heap)
            if item.queued_at == at:  # else an earlier entry of the same item has replaced it
                item.queued_at = NEVER
                self.schedule(item)
        return None

    def pop_due(self, *, now: float) -> Waiting | None:
        """Return one item whose deadline has come; call `schedule` after having served it."""
        at = self.next_timer()
        if at is None or at > now:
            return None
        item = heapq.heappop(self._heap)[2]
        item.queued_at = NEVER
        return item

    def __len__(self) -> int:
        return len(self._heap)
