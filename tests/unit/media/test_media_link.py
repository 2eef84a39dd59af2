"""When commands leave for a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from ringcast.media.channel import BatchReader, parse_commands
from ringcast.media.link import Link, time_to_send
from ringcast.media.messages import AnyCommand, Close, Open, StopPlayback


class Wire:
    """A transport that keeps each write."""

    def __init__(self) -> None:
        self.writes: list[list[AnyCommand]] = []

    def write(self, data: bytes) -> None:
        (batch,) = BatchReader().receive(data)
        self.writes.append(parse_commands(batch))

    def close(self) -> None:
        pass


class Due:
    """A call that the loop will make, unless it is cancelled."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call = at, call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Loop:
    """The part of an event loop that a link uses, with the time as a value."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._due: list[Due] = []

    def call_later(self, delay: float, call: Callable[[], None]) -> Due:
        self._due.append(Due(self.now + delay, call))
        return self._due[-1]

    def call_soon(self, call: Callable[[], None]) -> Due:
        return self.call_later(0.0, call)

    def run(self, until: float) -> None:
        self.now = until
        due, self._due = self._due, []
        for one in due:
            if not one.is_cancelled and one.at <= until:
                one.call()
            else:
                self._due.append(one)


class Bench:
    """A link whose worker ticks at multiples of 20 ms."""

    def __init__(self) -> None:
        self.loop = Loop(5.001)
        self.wire = Wire()
        self.link = Link(
            lambda _: None, phase=0.0, loop=cast(Any, self.loop), now=lambda: self.loop.now
        )
        self.link.connection_made(cast(Any, self.wire))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("now", "wait"), [(5.0001, 0.0139), (5.004, 0.01), (5.0139, 0.0001), (5.0141, 0), (5.0199, 0)]
)
def test_commands_leave_six_ms_before_a_tick_or_at_once_if_it_is_nearer(
    now: float, wait: float
) -> None:
    assert time_to_send(now) == pytest.approx(wait, abs=1e-9)


def test_commands_wait_for_the_tick_and_go_together(bench: Bench) -> None:
    bench.link.send(Close(1))
    bench.loop.run(until=5.009)
    bench.link.send(Close(2))
    bench.loop.run(until=5.0139)
    assert not bench.wire.writes

    bench.loop.run(until=5.0141)

    assert bench.wire.writes == [[Close(1), Close(2)]]


def test_what_nobody_hears_waits_for_the_next_tick_when_one_is_near(bench: Bench) -> None:
    bench.loop.run(until=5.015)
    bench.link.send(Close(1))
    bench.loop.run(until=5.033)
    assert not bench.wire.writes

    bench.loop.run(until=5.0341)

    assert bench.wire.writes == [[Close(1)]]


def test_what_is_heard_does_not_wait_with_it(bench: Bench) -> None:
    bench.loop.run(until=5.015)
    bench.link.send(Close(1))
    bench.link.send(StopPlayback(2, None))
    bench.loop.run(until=5.015)

    assert bench.wire.writes == [[Close(1), StopPlayback(2, None)]]


def test_what_somebody_waits_for_leaves_at_once_with_all_before_it(bench: Bench) -> None:
    bench.link.send(Close(1))
    bench.link.send(Open(2, 20000))
    bench.link.send(StopPlayback(3, None))
    bench.loop.run(until=5.001)

    assert bench.wire.writes == [[Close(1), Open(2, 20000), StopPlayback(3, None)]]
    bench.link.send(Close(2))
    bench.loop.run(until=5.0141)
    assert bench.wire.writes[1:] == [[Close(2)]]


def test_closing_sends_what_waits_once(bench: Bench) -> None:
    bench.link.send(Close(1))

    bench.link.close()
    bench.loop.run(until=6.0)

    assert bench.wire.writes == [[Close(1)]]
