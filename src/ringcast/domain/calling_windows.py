"""The hours in which people may be called, by the clocks where they live.

Openings are half open: the instant `begin` is in them, `end` is not. On the days when clocks
change an opening is never longer than its clock times allow: it begins at the later reading of an
ambiguous or skipped time, and ends at the earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone

from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbers import Destination, PhoneNumber

__all__ = ["CallingWindow", "Opening", "at_wall_clock", "zone_named", "zones_of"]

_DAY = timedelta(days=1)
_LOOK_AHEAD = 3  # days: a daily window opens on each of them
_UNKNOWN = "Etc/Unknown"
_OF_A_PLACE = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A stretch of time, in UTC."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CallingWindow:
    """From `begin` to `end` o'clock every day, in the zone of whoever is called.

    A window whose end is not after its beginning goes over midnight.
    """

    begin: time
    end: time
    fallback_zone: str
    """For numbers that are of no place: toll-free, or of nobody knows where."""

    def __post_init__(self) -> None:
        if self.begin == self.end:
            raise InvalidInput(
                "the calling window begins and ends at the same time: leave it out to call at any"
                " time",
                field="localTimeRestriction",
            )
        zone_named(self.fallback_zone)

    def opening(self, zones: Iterable[str], now: datetime) -> Opening:
        """Return the opening that `now` is in, or else the next one.

        A number whose zone is one of several is called when the window is open in all of them. No
        zones, or zones so far apart that their windows never meet, count as the fallback zone.
        """
        found: list[Opening] | None = None
        for name in zones:
            openings = list(self._openings(zone_named(name), now))
            found = openings if found is None else list(_common(found, openings))
        later = next((one for one in found or () if one.end > now), None)
        if later is not None:
            return later
        openings = list(self._openings(zone_named(self.fallback_zone), now))
        return next(one for one in openings if one.end > now)

    def _openings(self, zone: ZoneInfo, now: datetime) -> Iterator[Opening]:
        today = now.astimezone(zone).date()
        for offset in range(-1, _LOOK_AHEAD):
            day = today + offset * _DAY
            last = day if self.begin < self.end else day + _DAY
            begin = at_wall_clock(day, self.begin, zone, late=True)
            end = at_wall_clock(last, self.end, zone, late=False)
            if begin < end:  # a window of an hour that the clocks skip is not open at all
                yield Opening(begin, end)


def zones_of(to: Destination) -> frozenset[str]:
    """Return the time zones a number may be in; none if it is of no place.

    A mobile number's zone is that of the area its number was given out in: nobody knows better.
    """
    if not isinstance(to, PhoneNumber):
        return frozenset()
    # In North America the zone depends on area code and exchange, and on nothing after them.
    return _zones(to.digits[:7] + "0100" if to.digits.startswith("1") else to.digits)


@lru_cache(maxsize=65_536)
def _zones(digits: str) -> frozenset[str]:
    number = phonenumbers.parse(f"+{digits}")
    if phonenumbers.number_type(number) not in _OF_A_PLACE:
        return frozenset()
    return frozenset(timezone.time_zones_for_number(number)) - {_UNKNOWN}


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """Return an IANA time zone; raise InvalidInput if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise InvalidInput(
            f"{name[:64]!r} is not a time zone: give a name such as America/New_York",
            field="timeZone",
        ) from exc


def at_wall_clock(day: date, at: time, zone: ZoneInfo, *, late: bool) -> datetime:
    """Return when the clocks of a zone show a time, in UTC.

    Where they show it twice, or skip it, that is the later or the earlier of the two readings that
    PEP 495 gives.
    """
    wall = datetime.combine(day, at, tzinfo=zone)
    readings = [wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    return max(readings) if late else min(readings)


def _common(one: Iterable[Opening], other: Iterable[Opening]) -> Iterator[Opening]:
    others = list(other)
    for a in one:
        for b in others:
            begin, end = max(a.begin, b.begin), min(a.end, b.end)
            if begin < end:
                yield Opening(begin, end)
