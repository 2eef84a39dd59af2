"""The system's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """The clock of this machine (implements `ports.clock.Clock`)."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds of CLOCK_MONOTONIC, which asyncio's loop time is, too."""
        return time.monotonic()
