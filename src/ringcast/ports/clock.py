"""Time as the core sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day and measures intervals."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC; it may jump when the system's clock is set."""

    def monotonic(self) -> float:
        """Return seconds since some moment in the past; never goes back."""
