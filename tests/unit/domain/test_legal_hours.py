"""At no instant of a year is anybody called outside the hours of the law, by their own clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.domain.area_codes import CANADIAN_AREAS, STATE_OF_AREA
from ringcast.domain.calling_windows import zones_of
from ringcast.domain.legal_hours import RULES, DayHours, Law, jurisdictions_of
from ringcast.domain.numbers import PhoneNumber, SipAddress
from ringcast.integrations.public_holidays import is_public_holiday

LAW = Law(is_holiday=is_public_holiday)
YEAR = 2026
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
AREAS = sorted([*STATE_OF_AREA, *CANADIAN_AREAS])


def a_number(area: str) -> PhoneNumber:
    return PhoneNumber(f"1{area}2345678")


def the_law_says(jurisdictions: tuple[str, ...], zones: frozenset[str], at: datetime) -> bool:
    """Whether somebody there may be called, worked out anew from the clocks on their walls."""
    for zone in zones:
        wall = at.astimezone(ZoneInfo(zone))
        for name in jurisdictions:
            hours = _hours(name, wall.date())
            if hours is None or not hours.begin <= wall.time() < hours.end:
                return False
    return True


def _hours(jurisdiction: str, day: date) -> DayHours | None:
    rules = [one for one in RULES if one.jurisdiction == jurisdiction and one.since <= day]
    if not rules:
        return DayHours(time(0), time.max)
    rule = max(rules, key=lambda one: one.since)
    if not rule.on_holidays and is_public_holiday(jurisdiction, day):
        return None
    return {5: rule.saturday, 6: rule.sunday}.get(day.weekday(), rule.weekdays)


def places() -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    """Yield each state of the United States and Canada with each zone that numbers of it are in."""
    seen = set()
    for area in AREAS:
        number = a_number(area)
        place = (jurisdictions_of(number), zones_of(number))
        if place[1] and place not in seen:
            seen.add(place)
            yield place


def test_every_state_and_every_zone_is_there() -> None:
    states = {names[-1] for names, _ in places()}
    assert len(states) == 52  # 50 states, Washington D.C., and Canada
    zones = {zone for _, zones in places() for zone in zones}
    assert {
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Phoenix",  # no daylight saving
        "America/Los_Angeles",
        "America/Anchorage",
        "Pacific/Honolulu",
    } <= zones


@pytest.mark.parametrize("month", range(1, 13))
def test_nobody_is_called_outside_the_hours_on_any_day_of_a_year(month: int) -> None:
    """Where hours begin and end, and in the minute before."""
    for jurisdictions, zones in places():
        zone = ZoneInfo(min(zones))
        day = date(YEAR, month, 1)
        last = (
            10 if month in (3, 11) else 3
        )  # clocks change on the 8th of March, the 1st of November
        edges = {time(8), time(21)}
        for name in jurisdictions:
            for one in (one for one in RULES if one.jurisdiction == name):
                for hours in (one.weekdays, one.saturday, one.sunday):
                    edges |= set() if hours is None else {hours.begin, hours.end}
        while day.month == month and day.day <= last:
            for edge in edges:
                at = datetime.combine(day, edge, tzinfo=zone).astimezone(UTC)
                for instant in (at - MINUTE, at):
                    opens_at = LAW.opens_at(jurisdictions, zones, instant)
                    said = the_law_says(jurisdictions, zones, instant)
                    assert (opens_at == instant) == said, (jurisdictions, zones, instant)
            day += DAY


@given(
    area=st.sampled_from(AREAS),
    minute=st.integers(0, 365 * 24 * 60 - 1),
    part=st.floats(0, 1),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    area: str, minute: int, part: float
) -> None:
    number = a_number(area)
    now = datetime(YEAR, 1, 1, tzinfo=UTC) + minute * MINUTE
    jurisdictions, zones = jurisdictions_of(number), zones_of(number)
    opens_at = LAW.opens_at(jurisdictions, zones, now)

    clocks = zones or frozenset({"America/New_York", "America/Los_Angeles"})
    assert the_law_says(jurisdictions, clocks, opens_at)
    before = now + (opens_at - now) * part
    if before < opens_at:
        assert not the_law_says(jurisdictions, clocks, before)


def _at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("area", "zone", "at", "opens_at"),
    [
        ("213", "America/Los_Angeles", "2026-03-08 07:59", "2026-03-08 08:00"),  # clocks go on
        ("213", "America/Los_Angeles", "2026-11-01 20:59", "2026-11-01 20:59"),  # clocks go back
        ("213", "America/Los_Angeles", "2026-11-01 21:00", "2026-11-02 08:00"),
        ("305", "America/New_York", "2026-05-04 20:00", "2026-05-05 08:00"),  # Florida
        ("205", "America/Chicago", "2026-05-02 20:30", "2026-05-04 08:00"),  # Alabama, a Sunday
        ("205", "America/Chicago", "2026-07-02 20:30", "2026-07-06 08:00"),  # and its 4th of July
        ("401", "America/New_York", "2026-05-02 17:00", "2026-05-04 09:00"),  # Rhode Island
        ("512", "America/Chicago", "2026-05-03 09:30", "2026-05-03 12:00"),  # Texas, a Sunday
        ("416", "America/Toronto", "2026-05-04 21:29", "2026-05-04 21:29"),  # Ontario
        ("416", "America/Toronto", "2026-05-04 21:30", "2026-05-05 09:00"),
    ],
)
def test_openings(area: str, zone: str, at: str, opens_at: str) -> None:
    jurisdictions = jurisdictions_of(a_number(area))
    found = LAW.opens_at(jurisdictions, [zone], _at(at, zone))
    assert found == _at(opens_at, zone)


def test_a_rule_counts_from_its_day_on() -> None:
    number = PhoneNumber("12032345678")  # Connecticut, where evenings became shorter
    late = time(20, 30)
    before = datetime.combine(date(2023, 9, 29), late, tzinfo=ZoneInfo("America/New_York"))
    after = datetime.combine(date(2023, 10, 2), late, tzinfo=ZoneInfo("America/New_York"))
    where = jurisdictions_of(number)
    assert LAW.opens_at(where, zones_of(number), before) == before
    assert LAW.opens_at(where, zones_of(number), after) > after


def test_numbers_of_nobody_knows_where_must_be_open_on_both_coasts() -> None:
    toll_free = jurisdictions_of(PhoneNumber("18002345678"))
    assert toll_free == ("US",)
    early = _at("2026-05-04 10:59", "America/New_York")
    assert LAW.opens_at(toll_free, (), early) == early + MINUTE


@pytest.mark.parametrize(
    "to", [PhoneNumber("12135550100"), PhoneNumber("442079460000"), SipAddress("sip:a@b.example")]
)
def test_where_no_rule_is_known_there_is_none(to: PhoneNumber | SipAddress) -> None:
    assert jurisdictions_of(to) == ()
    now = datetime(2026, 5, 4, 3, tzinfo=UTC)
    assert LAW.opens_at((), (), now) == now


def test_every_rule_has_a_source() -> None:
    assert all(len(rule.source) > 5 for rule in RULES)
