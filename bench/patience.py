"""Measuring on a machine that others use too: waiting, and measuring again what they disturbed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from bench import machine

T = TypeVar("T")

BUSY = 0.15
"""Cores that other programs may use before a measurement counts as disturbed."""
_QUIET_FOR = 6.0  # seconds
_LOOK = 2.0


@dataclass
class Patience:
    """Runs measurements, each several times if need be, as long as `seconds` are not over."""

    seconds: float
    worst: float = field(default=0.0, init=False)
    """The most cores that others used during a measurement that was kept."""

    def undisturbed(self, measure: Callable[[], T]) -> T:
        """Return the measurement that others disturbed least; without time left it is the first.

        All processes that `measure` starts must have ended when it returns.
        """
        until = time.monotonic() + self.seconds
        best, least = None, float("inf")
        while best is None or (least > BUSY and time.monotonic() < until):
            _wait_until_quiet(until)
            began, busy, own = time.monotonic(), machine.busy_seconds(), machine.own_seconds()
            result = measure()
            busy, own = machine.busy_seconds() - busy, machine.own_seconds() - own
            others = max(0.0, busy - own) / (time.monotonic() - began)
            if others < least:
                best, least = (result,), others
        self.worst = max(self.worst, least)
        return best[0]


def _wait_until_quiet(until: float) -> None:
    quiet_since = time.monotonic()
    while time.monotonic() < until and time.monotonic() - quiet_since < _QUIET_FOR:
        busy = machine.busy_seconds()
        time.sleep(_LOOK)
        if machine.busy_seconds() - busy > BUSY * _LOOK:
            quiet_since = time.monotonic()
