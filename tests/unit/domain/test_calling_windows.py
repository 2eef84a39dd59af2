"""Calling windows: the recipient's clock decides, in every zone, on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.domain.calling_windows import CallingWindow, Opening, zone_named, zones_of
from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbers import PhoneNumber, SipAddress

NEW_YORK = "America/New_York"
DAY = CallingWindow(begin=time(9), end=time(21), fallback_zone=NEW_YORK)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zones", "now", "begin", "end"),
    [
        # In winter New York is five hours behind.
        ([NEW_YORK], "2026-01-10T13:59:59", "2026-01-10T14:00", "2026-01-11T02:00"),
        ([NEW_YORK], "2026-01-10T14:00:00", "2026-01-10T14:00", "2026-01-11T02:00"),
        ([NEW_YORK], "2026-01-11T01:59:59", "2026-01-10T14:00", "2026-01-11T02:00"),
        ([NEW_YORK], "2026-01-11T02:00:00", "2026-01-11T14:00", "2026-01-12T02:00"),
        # The night in which summer time begins (8 March) and ends (1 November).
        ([NEW_YORK], "2026-03-08T03:00", "2026-03-08T13:00", "2026-03-09T01:00"),
        ([NEW_YORK], "2026-11-01T02:00", "2026-11-01T14:00", "2026-11-02T02:00"),
        # Idaho has two zones: open when it is open in both.
        (
            ["America/Boise", "America/Los_Angeles"],
            "2026-01-10T16:30",
            "2026-01-10T17:00",
            "2026-01-11T04:00",
        ),
        # Nowhere, and zones whose days never meet: the fallback's.
        ([], "2026-01-10T10:00", "2026-01-10T14:00", "2026-01-11T02:00"),
    ],
)
def test_opening_is_by_the_clocks_of_all_zones(
    zones: list[str], now: str, begin: str, end: str
) -> None:
    assert DAY.opening(zones, utc(now)) == Opening(utc(begin), utc(end))


def test_zones_that_are_never_open_together_count_as_the_fallback() -> None:
    window = CallingWindow(begin=time(12), end=time(13), fallback_zone="UTC")
    opening = window.opening([NEW_YORK, "Asia/Tokyo"], utc("2026-01-10T10:00"))
    assert opening == Opening(utc("2026-01-10T12:00"), utc("2026-01-10T13:00"))


@pytest.mark.parametrize(
    ("begin", "end", "now", "opening"),
    [
        # 02:30 is skipped on 8 March: the window opens an hour later by the sun, never earlier.
        (time(2, 30), time(4), "2026-03-08T05:00", ("2026-03-08T07:30", "2026-03-08T08:00")),
        # 01:30 comes twice on 1 November: begin at the second, end at the first.
        (time(1, 30), time(4), "2026-11-01T05:00", ("2026-11-01T06:30", "2026-11-01T09:00")),
        (time(0, 30), time(1, 30), "2026-11-01T04:00", ("2026-11-01T04:30", "2026-11-01T05:30")),
        # A window that lies in the hour that is skipped stays shut that day.
        (time(2, 10), time(2, 50), "2026-03-08T05:00", ("2026-03-09T06:10", "2026-03-09T06:50")),
        # Over midnight.
        (time(22), time(2), "2026-01-10T05:00", ("2026-01-10T03:00", "2026-01-10T07:00")),
        (time(22), time(0), "2026-01-10T05:00", ("2026-01-11T03:00", "2026-01-11T05:00")),
    ],
)
def test_clock_changes_never_make_a_window_longer(
    begin: time, end: time, now: str, opening: tuple[str, str]
) -> None:
    window = CallingWindow(begin=begin, end=end, fallback_zone=NEW_YORK)
    assert window.opening([NEW_YORK], utc(now)) == Opening(*map(utc, opening))


@given(
    st.integers(0, 730 * 86_400).map(lambda at: utc("2025-01-01") + timedelta(seconds=at)),
    st.sampled_from([NEW_YORK, "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    st.times().filter(lambda at: at != time(9)),
)
def test_inside_an_opening_the_clock_is_between_begin_and_end(
    now: datetime, zone: str, end: time
) -> None:
    window = CallingWindow(begin=time(9), end=end, fallback_zone="UTC")

    opening = window.opening([zone], now)

    assert opening.end > now
    assert opening.begin - now < timedelta(days=2)
    at = max(now, opening.begin).astimezone(ZoneInfo(zone)).time()
    if end > time(9):
        assert time(9) <= at < end
    else:
        assert at >= time(9) or at < end


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("12135557100", {"America/Los_Angeles"}),
        ("12085557100", {"America/Boise", "America/Los_Angeles"}),
        ("442071838750", {"Europe/London"}),
        ("18005551234", set()),  # toll-free: of no place
        ("19995557100", set()),  # an area that does not exist
        ("881612345678", set()),  # a satellite
    ],
)
def test_zones_of_a_number_are_those_of_its_place(number: str, zones: set[str]) -> None:
    assert zones_of(PhoneNumber(number)) == zones


def test_an_address_has_no_zone() -> None:
    assert zones_of(SipAddress("sip:bob@example.com")) == frozenset()


def test_windows_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="same time"):
        CallingWindow(begin=time(9), end=time(9), fallback_zone="UTC")
    with pytest.raises(InvalidInput, match="is not a time zone"):
        CallingWindow(begin=time(9), end=time(21), fallback_zone="Mars/Olympus")
    with pytest.raises(InvalidInput, match="is not a time zone"):
        zone_named("../etc/passwd")
