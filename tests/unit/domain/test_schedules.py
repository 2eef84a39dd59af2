"""Schedules: hours, days and dates by a clock of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

from ringcast.domain.calling_windows import Opening
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import ScheduleId
from ringcast.domain.schedules import Schedule, Weekday, check_apart, next_opening

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)  # a Wednesday
WORKDAYS = frozenset(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY}


def schedule(**members: Any) -> Schedule:
    return Schedule(**{"id": ScheduleId(1), "zone": "America/New_York", **members})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OFFICE = schedule(begin=time(9), end=time(17), weekdays=WORKDAYS)


@pytest.mark.parametrize(
    ("one", "now", "opening"),
    [
        (OFFICE, "2026-01-07T12:00", ("2026-01-07T14:00", "2026-01-07T22:00")),
        (OFFICE, "2026-01-07T15:00", ("2026-01-07T14:00", "2026-01-07T22:00")),
        (OFFICE, "2026-01-07T22:00", ("2026-01-08T14:00", "2026-01-08T22:00")),
        (OFFICE, "2026-01-09T22:00", ("2026-01-12T14:00", "2026-01-12T22:00")),  # the weekend
        (OFFICE, "2026-03-06T23:00", ("2026-03-09T13:00", "2026-03-09T21:00")),  # summer time
        (schedule(), "2026-01-07T12:00", ("2026-01-07T05:00", "2026-01-08T05:00")),  # whole days
        (
            schedule(begin=time(22), end=time(6), weekdays=frozenset({Weekday.FRIDAY})),
            "2026-01-10T10:59",
            ("2026-01-10T03:00", "2026-01-10T11:00"),  # it is still Friday's night
        ),
        (
            schedule(first_day=date(2026, 2, 2), last_day=date(2026, 2, 2), begin=time(8)),
            "2026-01-07T12:00",
            ("2026-02-02T13:00", "2026-02-03T05:00"),
        ),
    ],
)
def test_next_opening(one: Schedule, now: str, opening: tuple[str, str]) -> None:
    assert next_opening([one], utc(now)) == Opening(*map(utc, opening))


def test_a_schedule_whose_last_day_has_passed_is_over() -> None:
    over = schedule(last_day=date(2026, 1, 6), begin=time(9), end=time(17))
    assert next_opening([over], NOW) is None
    assert next_opening([over, OFFICE], NOW) is not None
    assert next_opening([], NOW) is None
    never = schedule(
        first_day=date(2026, 1, 10), last_day=date(2026, 1, 11), weekdays=WORKDAYS
    )  # a weekend
    assert next_opening([never], NOW) is None


def test_the_earliest_of_several_schedules_counts() -> None:
    early = schedule(begin=time(8), end=time(9))
    assert next_opening([OFFICE, early], NOW) == next_opening([early], NOW)


def test_openings_come_in_order_and_do_not_end() -> None:
    openings = OFFICE.openings(NOW)
    some = [next(openings) for _ in range(300)]
    assert all(a.end <= b.begin for a, b in pairwise(some))
    assert some[-1].begin - some[0].begin > timedelta(days=400)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (OFFICE, OFFICE, True),
        (OFFICE, schedule(begin=time(17), end=time(18)), False),
        (OFFICE, schedule(begin=time(16, 59), end=time(18)), True),
        (OFFICE, schedule(weekdays=frozenset({Weekday.SUNDAY})), False),
        (OFFICE, schedule(begin=time(14), end=time(15), zone="Europe/London"), True),
        (OFFICE, schedule(begin=time(13), end=time(14), zone="Europe/London"), True),  # in March
        (OFFICE, schedule(begin=time(12), end=time(13), zone="Europe/London"), False),
        (OFFICE, schedule(last_day=date(2025, 1, 1)), False),
        (schedule(last_day=date(2027, 5, 1)), schedule(first_day=date(2027, 5, 2)), False),
        (schedule(last_day=date(2027, 5, 2)), schedule(first_day=date(2027, 5, 2)), True),
        (
            schedule(begin=time(22), end=time(6), weekdays=frozenset({Weekday.SUNDAY})),
            schedule(begin=time(5), end=time(7), weekdays=frozenset({Weekday.MONDAY})),
            True,
        ),
    ],
)
def test_schedules_that_overlap_are_refused(one: Schedule, other: Schedule, overlap: bool) -> None:
    for pair in ([one, other], [other, one]):
        if overlap:
            with pytest.raises(InvalidInput, match="overlap"):
                check_apart(pair, NOW)
        else:
            check_apart(pair, NOW)


@pytest.mark.parametrize(
    "members",
    [
        {"weekdays": frozenset()},
        {"begin": time(9), "end": time(9)},
        {"first_day": date(2026, 2, 2), "last_day": date(2026, 2, 1)},
        {"zone": "Nowhere"},
    ],
)
def test_schedules_that_mean_nothing_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        schedule(**members)
