"""The system clock and the clock of tests keep the same promises."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ringcast.integrations.clock import SystemClock
from ringcast.ports.clock import Clock
from tests.fakes.clock import ManualClock


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()], ids=["system", "manual"])
def test_time_is_aware_utc_and_never_goes_back(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC
    assert clock.now() <= clock.now()
    assert clock.monotonic() <= clock.monotonic()


async def test_system_clock_measures_as_the_event_loop_does() -> None:
    before = asyncio.get_running_loop().time()
    measured = SystemClock().monotonic()
    assert before <= measured <= asyncio.get_running_loop().time()


def test_system_clock_tells_the_time_of_day() -> None:
    before = datetime.now(UTC)  # noqa: TID251 - what is compared with
    assert timedelta() <= SystemClock().now() - before < timedelta(seconds=10)


def test_manual_clock_moves_both_times_together() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    started = clock.monotonic()

    clock.advance(1.5)
    clock.advance(timedelta(minutes=1))

    assert clock.now() == datetime(2026, 1, 1, 0, 1, 1, 500_000, tzinfo=UTC)
    assert clock.monotonic() - started == 61.5


def test_manual_clock_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        ManualClock().advance(-1)
