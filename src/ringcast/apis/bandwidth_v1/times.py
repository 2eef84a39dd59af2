"""Times as the vendor writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["epoch_ms", "iso"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(at: datetime) -> str:
    """Return a time in UTC with milliseconds: `2013-02-08T13:15:47.587Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def epoch_ms(at: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)
