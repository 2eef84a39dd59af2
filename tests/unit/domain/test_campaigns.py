"""Campaigns: the table of their statuses, and what their rules decide."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

import pytest

from ringcast.domain.calling_windows import CallingWindow
from ringcast.domain.campaigns import Campaign, CampaignStatus
from ringcast.domain.errors import IllegalTransition, InvalidInput
from ringcast.domain.ids import AccountId, CampaignId, ScheduleId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.schedules import Schedule

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)  # ten in New York
S = CampaignStatus
WINDOW = CallingWindow(begin=time(9), end=time(21), fallback_zone="America/New_York")
AFTERNOON = Schedule(
    id=ScheduleId(1), zone="UTC", begin=time(16), end=time(17), last_day=date(2026, 3, 3)
)

IDLE = {S.SETUP, S.STOPPED, S.SUSPENDED, S.FINISHED}
STARTED = {S.START_PENDING, S.RUNNING, S.SCHEDULED}
MOVES = {
    *product(IDLE, STARTED),
    *product(STARTED, {S.STOPPED, S.SUSPENDED}),
    *product(IDLE | STARTED, {S.ARCHIVED}),
    (S.START_PENDING, S.RUNNING),
    (S.START_PENDING, S.SCHEDULED),
    (S.RUNNING, S.SCHEDULED),
    (S.SCHEDULED, S.RUNNING),
    (S.RUNNING, S.FINISHED),
    (S.SCHEDULED, S.FINISHED),
}


def campaign(status: CampaignStatus = S.SETUP, **members: Any) -> Campaign:
    plain: dict[str, Any] = {
        "id": CampaignId(1),
        "account_id": AccountId(1),
        "name": "c",
        "status": status,
        "from_number": PhoneNumber("12135550100"),
        "created_at": NOW,
        "updated_at": NOW - timedelta(hours=1),
    }
    return Campaign(**plain | members)


@pytest.mark.parametrize(("now", "asked"), list(product(S, S)))
def test_a_campaign_moves_only_along_its_way(now: CampaignStatus, asked: CampaignStatus) -> None:
    if (now, asked) in MOVES:
        moved = campaign(now, wake_at=NOW).moved_to(asked, now=NOW)
        assert (moved.status, moved.updated_at, moved.wake_at) == (asked, NOW, None)
    else:
        with pytest.raises(IllegalTransition, match=f"is {now}"):
            campaign(now).moved_to(asked, now=NOW)


def test_those_started_dial_without_anybodys_doing() -> None:
    assert {status for status in S if status.is_started} == STARTED


@pytest.mark.parametrize("status", sorted(IDLE))
def test_starting(status: CampaignStatus) -> None:
    assert campaign(status).started(now=NOW, waiting=0).status is S.START_PENDING
    assert campaign(status).started(now=NOW, waiting=1).status is S.RUNNING
    scheduled = campaign(status, schedules=(AFTERNOON,)).started(now=NOW, waiting=1)
    assert (scheduled.status, scheduled.wake_at) == (S.SCHEDULED, NOW + timedelta(hours=1))


@pytest.mark.parametrize("status", [S.RUNNING, S.SCHEDULED])
def test_starting_twice_is_once(status: CampaignStatus) -> None:
    started = campaign(status)
    assert started.started(now=NOW, waiting=1) is started
    pending = campaign(S.START_PENDING)
    assert pending.started(now=NOW, waiting=0) is pending
    assert pending.started(now=NOW, waiting=1).status is S.RUNNING


def test_what_cannot_be_started() -> None:
    with pytest.raises(IllegalTransition):
        campaign(S.ARCHIVED).started(now=NOW, waiting=1)
    with pytest.raises(InvalidInput, match="over"):
        campaign(schedules=(AFTERNOON,)).started(now=NOW + timedelta(days=9), waiting=1)


def test_schedules_open_and_close_a_campaign_and_end_it() -> None:
    hour = timedelta(hours=1)
    running = campaign(S.SCHEDULED, schedules=(AFTERNOON,)).kept_to_schedule(NOW + hour)
    assert (running.status, running.wake_at) == (S.RUNNING, NOW + 2 * hour)
    assert running.kept_to_schedule(NOW + 1.5 * hour) == running
    closed = running.kept_to_schedule(NOW + 2 * hour)
    assert (closed.status, closed.wake_at) == (S.SCHEDULED, NOW + 25 * hour)
    assert closed.kept_to_schedule(NOW + 27 * hour).status is S.STOPPED
    free = campaign(S.RUNNING)
    assert free.kept_to_schedule(NOW) is free


@pytest.mark.parametrize(
    ("hour", "members", "last_day"),
    [
        (10, {"window": WINDOW}, date(2026, 3, 2)),
        (22, {"window": WINDOW}, date(2026, 3, 3)),  # started at night: its day is the next
        (10, {"window": WINDOW, "resume_next_day": True}, None),
        (10, {"window": WINDOW, "schedules": (AFTERNOON,)}, None),
        (10, {}, None),
    ],
)
def test_one_that_does_not_resume_has_one_day(
    hour: int, members: dict[str, Any], last_day: date | None
) -> None:
    now = NOW + timedelta(hours=hour - 10)
    started = campaign(**members).started(now=now, waiting=1)
    assert started.stops_after == last_day
    tomorrow = datetime(2026, 3, 4, 14, tzinfo=UTC)
    assert started.rests_until(tomorrow) is (last_day is not None)
    assert not started.rests_until(now)


def test_a_change_of_rules_is_followed_at_once() -> None:
    running = campaign(S.RUNNING, schedules=(AFTERNOON,), window=WINDOW, stops_after=None)
    assert running.rescheduled(NOW).status is S.SCHEDULED
    free = campaign(S.SCHEDULED, window=WINDOW, wake_at=NOW)
    assert free.rescheduled(NOW).status is S.RUNNING
    assert free.rescheduled(NOW).stops_after == date(2026, 3, 2)


def test_a_campaign_needs_room_for_one_call() -> None:
    with pytest.raises(InvalidInput, match="one call"):
        campaign(max_active=0)
