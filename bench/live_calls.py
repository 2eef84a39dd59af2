"""Many calls at once through the embedded engine, each playing, hearing itself, pressing a digit.

    python -m bench.live_calls --calls 1000 --seconds 10 [--shared]

SIPp answers every call and, with a port per call, echoes its audio; a sample of the calls is
echoed by a process of ours that reads the kernel's arrival times (SO_TIMESTAMPNS). SIPp's echo has
one port, which cannot tell calls apart that share ours: with shared ports our echo serves all of
them. CPU is utime + stime of all our processes (engine and SIP, media workers) in a window in
which all calls are up; the far end's is not ours, but it has the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import uvloop
from numpy.typing import NDArray

from bench import machine
from bench.far_end import HOST, Address, Echo, SippEchoes, telephones
from bench.media_load import pacing
from ringcast.cli.garbage import collect_rarely
from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.integrations.clock import SystemClock
from ringcast.ports.engine import DigitReceived, EngineEvent, LegAnswered, LegEnded, Originate
from tests.sipp.runner import Sipp

CALLER = PhoneNumber("12025550199")
RTP_PORTS = range(20000, 30000)
WORKERS = 2  # what `ringcast serve` starts on two cores
PACKETS_A_SECOND = 50
_SETTLE = 1.5  # seconds
_LONGEST_ANSWER = 20.0
_HANG_UPS_A_SECOND = 400.0
_STEP = 0.05


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run."""

    calls: int
    shared: bool = False
    seconds: float = 10.0
    rate: float = 200.0
    workers: int = WORKERS
    sampled: int = 20
    """Calls whose packets are timed; with shared ports all are."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run measured; shares are of 1."""

    plan: Plan
    answered: int
    lost_calls: Counter[str]
    """Calls that ended before they should, by reason."""
    cpu_ms: float
    """Per call and second, of all our processes."""
    engine_cpu_ms: float
    far_cpu_ms: float
    sent_share: float
    """Packets sent, of those due."""
    received_share: float
    """Packets that came back to us, of those sent."""
    digits: int
    timed_packets: int
    within_1ms: float
    within_5ms: float
    worst_gap_ms: float
    missing_packets: int
    """Of the calls that are timed: sent, but not arrived."""
    late_ticks_ms: float
    ticks_skipped: int
    dropped: int
    """Datagrams that any socket of the machine had no room for."""
    memory_kb: float
    """Per call, of all our processes."""
    others_cpu: float
    """Cores that other programs kept busy: they should not have been there."""
    transport: str

    @property
    def all_is_well(self) -> bool:
        """Whether every call was up all the time and sent every packet that was due."""
        return (
            self.answered == self.plan.calls
            and not self.lost_calls
            and self.ticks_skipped == 0
            and self.sent_share > 0.998  # a window may begin or end within a tick
        )

    @property
    def on_time(self) -> bool:
        """Whether the packets left when they should."""
        return self.timed_packets > 0 and self.within_5ms >= 0.999 and self.missing_packets == 0


@dataclass
class Calls:
    """The calls of a run, and what became of them."""

    engine: EmbeddedEngine | None = None
    answered: int = 0
    digits: int = 0
    ended: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    is_ending: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, event: EngineEvent) -> None:
        """Play to whoever answers; count the rest."""
        if isinstance(event, LegAnswered):
            assert self.engine is not None
            self.answered += 1
            self._spawn(self.engine.play(event.leg, 1, ["noise"], loop=1000))
        elif isinstance(event, DigitReceived):
            self.digits += 1
        elif isinstance(event, LegEnded):
            self.ended += 1
            if not self.is_ending:
                self.lost[event.reason] += 1

    async def place(self, count: int, rate: float) -> None:
        """Place the calls at even intervals, and wait until each is answered or lost."""
        assert self.engine is not None
        first = time.monotonic()
        for number in range(1, count + 1):
            await asyncio.sleep(max(0.0, first + number / rate - time.monotonic()))
            to = PhoneNumber(f"1213{5550000 + number}")
            request = Originate(leg=AttemptId(number), to=to, from_number=CALLER)
            self._spawn(self._originate(request))
        await _until(lambda: self.answered + self.ended >= count)

    async def press(self, count: int, seconds: float) -> None:
        """Send a digit on every call, spread over the time."""
        assert self.engine is not None
        first = time.monotonic()
        for number in range(1, count + 1):
            if number % 20 == 0:
                await asyncio.sleep(max(0.0, first + number / count * seconds - time.monotonic()))
            await self.engine.send_digits(AttemptId(number), "5")

    async def hang_up(self, count: int) -> None:
        """End every call."""
        assert self.engine is not None
        self.is_ending = True
        first = time.monotonic()
        for number in range(1, count + 1):
            ahead = first + number / _HANG_UPS_A_SECOND - time.monotonic()
            if ahead > 0.01:
                await asyncio.sleep(ahead)
            await self.engine.hang_up(AttemptId(number))
        await _until(lambda: self.ended >= count)

    async def _originate(self, request: Originate) -> None:
        assert self.engine is not None
        try:
            await self.engine.originate(request)
        except EngineUnavailable as exc:
            self.ended += 1
            self.lost[str(exc)] += 1

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _until(is_so: Callable[[], bool]) -> None:
    """Wait for it, but not for ever: what is missing then shows in the figures."""
    for _ in range(int(_LONGEST_ANSWER / _STEP)):
        if is_so():
            return
        await asyncio.sleep(_STEP)


def measured(plan: Plan) -> Figures:
    """Run the plan."""
    machine.raise_file_limit()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        # The whole life of a call that is timed: it is set up first.
        life = plan.calls / plan.rate + _LONGEST_ANSWER + plan.seconds
        timed = plan.calls if plan.shared else min(plan.sampled, plan.calls)
        echo = stack.enter_context(Echo(calls=timed, seconds=life))
        addresses = [echo.address(number) for number in range(timed)]
        far_pids = []
        if not plan.shared:
            echoes = stack.enter_context(SippEchoes(calls=plan.calls, directory=folder))
            addresses = mixed(addresses, echoes.addresses, plan.calls)
            far_pids = echoes.pids
        sipp = stack.enter_context(telephones(addresses, directory=folder))
        return uvloop.run(_run(plan, folder, sipp, [sipp.pid, echo.pid, *far_pids], echo))


def mixed(timed: list[Address], others: list[Address], calls: int) -> list[Address]:
    """Spread the addresses that are timed evenly among the others, which take turns."""
    addresses = [others[number % len(others)] for number in range(calls)]
    for number, address in enumerate(timed):
        addresses[number * calls // len(timed)] = address
    return addresses


async def _run(plan: Plan, folder: Path, sipp: Sipp, far_pids: list[int], echo: Echo) -> Figures:
    sound = folder / "noise.ulaw"
    sound.write_bytes(np.random.default_rng(1).integers(0, 256, 240_007, np.uint8).tobytes())
    calls = Calls()
    engine = calls.engine = EmbeddedEngine(
        clock=SystemClock(),
        sip=(HOST, 0),
        transports=("udp", "tcp"),
        rtp_ports=RTP_PORTS,
        rtp_host=HOST,
        advertise=None,
        media_workers=plan.workers,
        trunk=Trunk(host=HOST, port=sipp.port, symmetric=plan.shared),
        playable=lambda _: sound,
        rtp_timeout=timedelta(seconds=60),
    )
    await engine.start(calls.take)
    collect_rarely()  # as `ringcast serve` does
    media = engine._media  # the workers' own counters are no part of the engine port
    try:
        workers = engine.worker_pids
        ours = [os.getpid(), *workers]
        await asyncio.sleep(1.0)
        empty = machine.memory_bytes(ours)
        await calls.place(plan.calls, plan.rate)
        await asyncio.sleep(_SETTLE)
        dropped = machine.datagrams_dropped()
        before = await media.stats()
        cpu = [machine.cpu_seconds(pids) for pids in (ours, workers, far_pids)]
        busy = machine.busy_seconds()
        began, begin_at = time.monotonic(), time.time()
        await calls.press(plan.calls, plan.seconds / 2)
        await asyncio.sleep(max(0.0, began + plan.seconds - time.monotonic()))
        after = await media.stats()
        took, end_at = time.monotonic() - began, time.time()
        used = [
            machine.cpu_seconds(pids) - first
            for pids, first in zip((ours, workers, far_pids), cpu, strict=True)
        ]
        busy = machine.busy_seconds() - busy
        dropped = machine.datagrams_dropped() - dropped
        memory = machine.memory_bytes(ours) - empty
        await calls.hang_up(plan.calls)
    finally:
        await engine.close()
    sent = sum(b.packets_sent - a.packets_sent for a, b in zip(before, after, strict=True))
    failed = sum(b.packets_failed - a.packets_failed for a, b in zip(before, after, strict=True))
    received = sum(
        b.packets_received - a.packets_received for a, b in zip(before, after, strict=True)
    )
    records = echo.records()
    records = records[(records["at"] >= begin_at) & (records["at"] <= end_at)]
    within_1ms, within_5ms, worst_gap, missing = _pacing(records)
    per_call = 1000 / plan.calls / took
    return Figures(
        plan=plan,
        answered=calls.answered,
        lost_calls=calls.lost,
        cpu_ms=used[0] * per_call,
        engine_cpu_ms=(used[0] - used[1]) * per_call,
        far_cpu_ms=used[2] * per_call,
        sent_share=(sent - failed) / (plan.calls * PACKETS_A_SECOND * took),
        received_share=received / max(1, sent),
        digits=calls.digits,
        timed_packets=len(records),
        within_1ms=within_1ms,
        within_5ms=within_5ms,
        worst_gap_ms=worst_gap * 1000,
        missing_packets=missing,
        late_ticks_ms=max(one.late_ms_max for one in after),
        ticks_skipped=sum(
            b.ticks_skipped - a.ticks_skipped for a, b in zip(before, after, strict=True)
        ),
        dropped=dropped,
        memory_kb=memory / 1024 / plan.calls,
        others_cpu=max(0.0, busy - used[0] - used[2]) / took,
        transport=after[0].transport,
    )


def _pacing(records: NDArray[np.void]) -> tuple[float, float, float, int]:
    return pacing(records) if len(records) else (0.0, 0.0, float("inf"), 0)


def report(figures: Figures) -> str:
    """Return the figures as lines."""
    f, plan = figures, figures.plan
    ports = "shared ports" if plan.shared else "a port per call"
    lines = [
        f"{plan.calls} calls, {ports} ({f.transport}), {plan.workers} workers:"
        f" {f.answered} answered, {f.lost_calls.total()} lost {dict(f.lost_calls) or ''}".rstrip(),
        f"    CPU {f.cpu_ms:.3f} ms per call and second (engine {f.engine_cpu_ms:.3f}),"
        f" the far end's {f.far_cpu_ms:.3f}",
        f"    sent {100 * f.sent_share:.2f} % of the packets due, {100 * f.received_share:.2f} %"
        f" of them came back, {f.digits} digits heard, {f.dropped} datagrams dropped",
        f"    of {f.timed_packets} packets timed {100 * f.within_1ms:.2f} % within 1 ms,"
        f" {100 * f.within_5ms:.3f} % within 5 ms, longest gap {f.worst_gap_ms:.1f} ms,"
        f" {f.missing_packets} missing",
        f"    ticks late by {f.late_ticks_ms:.1f} ms at most, {f.ticks_skipped} left out;"
        f" memory {f.memory_kb:.1f} kB per call",
        f"    other programs kept {f.others_cpu:.2f} cores busy",
    ]
    return "\n".join(lines)


def arguments() -> argparse.ArgumentParser:
    """Return the flags that a run with live calls has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the window")
    parser.add_argument("--rate", type=float, default=200.0, help="calls a second on the way up")
    parser.add_argument("--workers", type=int, default=WORKERS)
    return parser


def main() -> None:
    """Read the command line and measure."""
    parser = arguments()
    parser.description = (__doc__ or "").partition("\n")[0]
    parser.add_argument("--shared", action="store_true", help="many calls on a few ports")
    parser.add_argument("--sampled", type=int, default=20, help="calls that are timed")
    print(report(measured(Plan(**vars(parser.parse_args())))))


if __name__ == "__main__":
    main()
