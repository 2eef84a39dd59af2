"""Lanes say how many calls may leave, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.domain.errors import InvalidInput
from ringcast.domain.limits import JITTER, Lane

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HORIZON = timedelta(milliseconds=100)
SECOND = timedelta(seconds=1)


@given(
    rate=st.floats(0.5, 500),
    waits=st.lists(st.floats(0, 0.5), min_size=1, max_size=60),
    most=st.integers(1, 1000),
)
def test_no_second_holds_more_calls_than_the_rate_even_if_each_is_late_by_the_jitter(
    rate: float, waits: list[float], most: int
) -> None:
    lane, now = Lane(name="l", calls_per_second=rate), NOW
    left = []
    for wait in waits:
        now += timedelta(seconds=wait)
        room = lane.room(live=0, now=now, horizon=HORIZON)
        assert room is not None
        for _ in range(min(room, most)):
            at = lane.free_at(now)
            assert now <= at <= now + HORIZON + timedelta(microseconds=room)
            left.append(at)
            lane = lane.taken(at)
    whole = ceil(rate)
    for first, later in zip(left, left[whole:], strict=False):
        assert later - first >= SECOND + JITTER - timedelta(microseconds=whole)


def test_a_lane_without_limits_does_not_mind() -> None:
    assert Lane(name="l").room(live=10**6, now=NOW, horizon=HORIZON) is None


def test_calls_at_once_are_counted() -> None:
    lane = Lane(name="l", max_calls=3)
    assert [lane.room(live=live, now=NOW, horizon=HORIZON) for live in (0, 2, 3, 4)] == [3, 1, 0, 0]


def test_a_closed_lane_opens_when_it_is_time() -> None:
    lane = Lane(name="l", max_calls=3, closed_until=NOW + SECOND)
    assert lane.room(live=0, now=NOW, horizon=HORIZON) == 0
    assert lane.free_at(NOW) == NOW + SECOND
    assert lane.room(live=0, now=NOW + SECOND, horizon=HORIZON) == 3


def test_a_clock_put_back_by_an_hour_holds_nobody_up_for_an_hour() -> None:
    lane = Lane(name="l", calls_per_second=10, next_at=NOW)
    an_hour_ago = NOW - timedelta(hours=1)
    assert lane.free_at(an_hour_ago) == an_hour_ago
    assert lane.free_at(NOW - SECOND) == NOW  # taken ahead, as lanes are


@pytest.mark.parametrize(
    "limits", [{"calls_per_second": 0.0}, {"calls_per_second": 1e6}, {"max_calls": 0}]
)
def test_limits_that_cannot_be_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        replace(Lane(name="l"), **limits)
