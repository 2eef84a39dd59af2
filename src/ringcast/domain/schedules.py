"""When a campaign runs, by the clock of the schedule's own zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import combinations

from ringcast.domain.calling_windows import Opening, at_wall_clock, zone_named
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import ScheduleId

__all__ = ["Schedule", "Weekday", "check_apart", "next_opening"]

_DAY = timedelta(days=1)
_COMPARED = 800  # openings of two schedules looked at for an overlap: more than two years of days


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEKDAYS = tuple(Weekday)  # in the order of `date.weekday`


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Certain hours of certain days, between two dates (both included) or without end."""

    id: ScheduleId
    zone: str
    begin: time = time(0)
    end: time = time(0)
    """Not after `begin`: on the next day; midnight is the end of the day."""
    first_day: date | None = None
    last_day: date | None = None
    weekdays: frozenset[Weekday] = frozenset(Weekday)

    def __post_init__(self) -> None:
        zone_named(self.zone)
        if not self.weekdays:
            raise InvalidInput("a schedule needs a day of the week", field="daysOfWeek")
        if self.begin == self.end and self.begin != time(0):
            raise InvalidInput(
                "a schedule begins and ends at the same time: leave both out for whole days",
                field="stopTimeOfDay",
            )
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise InvalidInput("a schedule ends before it begins", field="stopDate")

    def openings(self, now: datetime) -> Iterator[Opening]:
        """Yield the openings that end after `now`, in order."""
        zone = zone_named(self.zone)
        day = now.astimezone(zone).date() - _DAY
        if self.first_day is not None:
            day = max(day, self.first_day)
        while day <= (self.last_day or date.max - 2 * _DAY):
            if _WEEKDAYS[day.weekday()] in self.weekdays:
                begin = at_wall_clock(day, self.begin, zone, late=True)
                last = day if self.begin < self.end else day + _DAY
                end = at_wall_clock(last, self.end, zone, late=False)
                if begin < end and end > now:
                    yield Opening(begin, end)
            day += _DAY


def next_opening(schedules: Sequence[Schedule], now: datetime) -> Opening | None:
    """Return the opening that `now` is in, or else the next one; None if all are over."""
    found = [
        opening
        for schedule in schedules
        if (opening := next(schedule.openings(now), None)) is not None
    ]
    return min(found, key=lambda opening: (opening.begin, opening.end), default=None)


def check_apart(schedules: Sequence[Schedule], now: datetime) -> None:
    """Raise InvalidInput if two schedules are open at the same time."""
    for one, other in combinations(schedules, 2):
        start = _begins(one, other, now)
        ours, theirs = one.openings(start), other.openings(start)
        a, b = next(ours, None), next(theirs, None)
        for _ in range(_COMPARED):
            if a is None or b is None:
                break
            if a.begin < b.end and b.begin < a.end:
                raise InvalidInput(
                    f"two schedules overlap on {max(a.begin, b.begin).date()}: they must not",
                    field="schedules",
                )
            if a.end <= b.begin:
                a = next(ours, None)
            else:
                b = next(theirs, None)


def _begins(one: Schedule, other: Schedule, now: datetime) -> datetime:
    """Return a time before the first opening the two could have in common."""
    firsts = [schedule.first_day for schedule in (one, other) if schedule.first_day is not None]
    if not firsts:
        return now
    start = datetime.combine(max(firsts), time(0), tzinfo=now.tzinfo) - 2 * _DAY
    return max(now, start)
