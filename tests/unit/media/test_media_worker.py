"""The worker's loop, with its clock, its channel and its wire given by the test."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.media import messages as m
from ringcast.media.arrivals import Arrivals
from ringcast.media.channel import BatchReader, parse_answers
from ringcast.media.datagrams import Outgoing
from ringcast.media.pump import Pump
from ringcast.media.recorder import Writer
from ringcast.media.worker import Channel, RandomBits, Worker


class Clock:
    """Time that passes only when the worker waits or works."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeChannel:
    """Gives commands at their times."""

    def __init__(self, clock: Clock, commands: list[tuple[float, m.AnyCommand]]) -> None:
        self._clock = clock
        self._coming = commands
        self.emitted: list[Any] = []
        self.has_news = False

    def emit(self, answer: object) -> None:
        self.emitted.append(answer)

    def flush(self) -> None:
        pass

    def rest(self, seconds: float) -> None:
        self._clock.now += max(0.0, seconds)

    def wait(self, seconds: float) -> list[m.AnyCommand]:
        until = self._clock.now + max(0.0, seconds)
        if self._coming and self._coming[0][0] <= until:
            self._clock.now = max(self._clock.now, self._coming[0][0])
            due = [command for at, command in self._coming if at <= self._clock.now]
            del self._coming[: len(due)]
            return due
        self._clock.now = until
        return []


class SlowWire:
    """Ports on which sending takes a time."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds
        self.sent_at: list[float] = []

    def reserve(self, port: int) -> None:
        pass

    def open(self, row: int, port: int) -> tuple[str, int]:
        return "127.0.0.1", port

    def aim(self, row: int) -> None:
        pass

    def close(self, row: int) -> None:
        pass

    def send(self, rows: NDArray[np.int64]) -> int:
        self.sent_at.append(self._clock.now)
        self._clock.now += self.seconds
        return 0

    def receive(self) -> Iterator[Arrivals]:
        return iter(())

    def shut(self) -> None:
        pass


CONNECT = m.Connect(1, "192.0.2.1", 4000, 0, "PCMU", {0: "PCMU"}, None, None, True, True, 20)


def run(
    monkeypatch: pytest.MonkeyPatch,
    *,
    work: float = 0.001,
    stall: tuple[float, float] | None = None,
    end: float = 100.51,
    closed_at: float | None = None,
) -> tuple[list[float], list[Any]]:
    """Run a worker with one stream until `end`; return when it sent, and what it said.

    `work` is how long sending takes; `stall` when the process was stopped, and for how long.
    """
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    commands: list[tuple[float, m.AnyCommand]] = [
        (100.001, m.Open(1, 20000)),
        (100.001, CONNECT),
        (end, m.ReportStats()),
        (end, m.ShutDown()),
    ]
    if closed_at is not None:
        commands.insert(2, (closed_at, m.Close(1)))
    channel = FakeChannel(clock, commands)
    wire = SlowWire(clock, work)
    writer = Writer()
    if stall is not None:
        send = wire.send

        def stalled(rows: NDArray[np.int64]) -> int:
            result = send(rows)
            if len(wire.sent_at) > 1 and wire.sent_at[-2] < stall[0] <= wire.sent_at[-1]:
                clock.now += stall[1]
            return result

        monkeypatch.setattr(wire, "send", stalled)
    pump = Pump(
        Outgoing(4),
        wire,
        writer=writer,
        emit=channel.emit,
        random_bits=lambda _: 1,
        tick=4999,
    )
    worker = Worker(channel, pump, phase=0.0, transport="test", commands=[])  # type: ignore[arg-type] # the fake has what is used
    try:
        worker.run()
    finally:
        monkeypatch.undo()
        writer.close(timeout=5)
    return wire.sent_at, channel.emitted


def test_ticks_keep_to_the_clock_without_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    sent_at, _ = run(monkeypatch, work=0.007, end=102.01)

    assert len(sent_at) == 100
    assert sent_at == pytest.approx([100.02 + 0.02 * n for n in range(100)], abs=1e-6)


def test_worker_without_streams_keeps_no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    sent_at, emitted = run(monkeypatch, closed_at=100.111, end=160.0)

    (stats,) = [answer for answer in emitted if isinstance(answer, m.WorkerStats)]
    assert sent_at == pytest.approx([100.02, 100.04, 100.06, 100.08, 100.1], abs=1e-6)
    assert stats.ticks == 6  # the last one finds that there is no stream
    assert stats.ticks_skipped == 0


def test_random_bits_fill_their_range_and_do_not_repeat() -> None:
    random_bits = RandomBits()

    drawn = [random_bits(32) for _ in range(1000)]

    assert len(set(drawn)) > 990
    assert max(drawn) > 1 << 31
    assert max(drawn) < 1 << 32


def test_only_news_hurry_to_the_pool() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(theirs)
        channel.emit(m.PortReserved(port=20000))
        channel.emit(m.StreamClosed(stream=1, at=1.0, stats=m.StreamStats()))
        hurries = [channel.has_news]
        channel.emit(m.DigitsSent(stream=2, at=1.0))
        hurries.append(channel.has_news)
        channel.flush()
        hurries.append(channel.has_news)

        assert hurries == [False, True, False]
        (batch,) = BatchReader().receive(ours.recv(1000))
        assert len(list(parse_answers(batch))) == 3


def test_late_ticks_are_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sent_at, emitted = run(monkeypatch, stall=(100.1, 0.15))

    assert len(sent_at) == 25
    assert sent_at[-1] == pytest.approx(100.5, abs=1e-6)
    (stats,) = [answer for answer in emitted if isinstance(answer, m.WorkerStats)]
    assert stats.ticks_skipped == 0
    assert 100 < stats.late_ms_max < 150


def test_ticks_more_than_200_ms_late_are_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent_at, emitted = run(monkeypatch, stall=(100.1, 1.0), end=101.51)

    (stats,) = [answer for answer in emitted if isinstance(answer, m.WorkerStats)]
    assert 45 <= stats.ticks_skipped <= 51
    assert len(sent_at) + stats.ticks_skipped == 75
    assert sent_at[-1] == pytest.approx(101.5, abs=1e-6)


def test_commands_are_carried_out_even_by_a_worker_that_is_always_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent_at, emitted = run(monkeypatch, work=0.05, end=101.0)

    assert sent_at[-1] < 101.6
    assert any(isinstance(answer, m.WorkerStats) for answer in emitted)
