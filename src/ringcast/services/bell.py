"""Waking workers early; what they rely on is looking again after a while."""

from __future__ import annotations

import asyncio

__all__ = ["Bell"]


class Bell:
    """Wakes a worker early."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake who waits, or who waits next."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when it has rung since the last time, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
