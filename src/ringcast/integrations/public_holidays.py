"""Public holidays, from the `holidays` package, which is loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from functools import lru_cache

__all__ = ["is_public_holiday"]


def is_public_holiday(jurisdiction: str, day: date) -> bool:
    """Whether a day is a public holiday of a country ("US") or of a part of it ("US-AL")."""
    return day in _holidays(jurisdiction, day.year)


@lru_cache(maxsize=256)
def _holidays(jurisdiction: str, year: int) -> Container[date]:
    import holidays

    country, _, part = jurisdiction.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
