"""What setting up and tearing down a call costs us, with SIPp as the far end.

    python -m bench.sip_setup --rate 200 --seconds 10

Each call is placed by the embedded engine, answered by SIPp after a short ring, held for `--hold`
seconds and hung up by us. CPU is utime + stime of all our processes: this one (engine, SIP user
agent, and the few lines that drive them) and the media workers, from the first INVITE to the last
LegEnded; SIPp's is not ours. `--profile FILE` keeps what cProfile saw of this process, whose CPU
is then not to be quoted.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import uvloop

from bench import machine
from bench.table import Row
from ringcast.cli.garbage import collect_rarely
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.integrations.clock import SystemClock
from ringcast.ports.engine import EngineEvent, LegAnswered, LegEnded, Originate, WhoEnded
from tests.sipp.runner import Counters, Sipp

HOST = "127.0.0.1"
CALLER = PhoneNumber("12025550199")
LONGEST_DRAIN = 20.0  # seconds
IDLE_SECONDS = 2.0
HOLDS_MS = (2.0, 1.5, 1.0)
"""The first hold, the one that counts, and the one that comes next."""


@dataclass
class Calls:
    """Places the calls and keeps what became of them."""

    hold: float
    begun: dict[AttemptId, float] = field(default_factory=dict)
    set_up: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    all_ended: asyncio.Event = field(default_factory=asyncio.Event)
    engine: EmbeddedEngine | None = None
    expected: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, event: EngineEvent) -> None:
        """Hang up what is answered, count what has ended."""
        if isinstance(event, LegAnswered):
            self.set_up.append(time.monotonic() - self.begun[event.leg])
            asyncio.get_running_loop().call_later(self.hold, self._spawn_hang_up, event.leg)
        elif isinstance(event, LegEnded):
            good = event.by is WhoEnded.LOCAL and event.sip_status is None
            self.ends["as it should" if good else event.reason] += 1
            if self.ends.total() == self.expected:
                self.all_ended.set()

    async def place(self, count: int, rate: float) -> None:
        """Place `count` calls, `rate` a second, at even intervals."""
        self.expected = count
        first = time.monotonic()
        for number in range(count):
            wait = first + number / rate - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            leg = AttemptId(number + 1)
            self.begun[leg] = time.monotonic()
            self._spawn(
                Originate(
                    leg=leg, to=PhoneNumber(f"1213{5550000 + number % 9999}"), from_number=CALLER
                )
            )

    def _spawn(self, request: Originate) -> None:
        assert self.engine is not None
        self._keep(asyncio.ensure_future(self.engine.originate(request)))

    def _spawn_hang_up(self, leg: AttemptId) -> None:
        assert self.engine is not None
        self._keep(asyncio.ensure_future(self.engine.hang_up(leg)))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run."""

    rate: float = 200.0
    seconds: float = 10.0
    hold: float = 0.0
    workers: int = 2
    transport: str = "udp"
    shared_ports: bool = False
    profile: Path | None = None

    @property
    def count(self) -> int:
        """How many calls that is."""
        return int(self.rate * self.seconds)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a run measured; CPU seconds are of all calls together."""

    plan: Plan
    calls: Calls
    took: float
    engine_cpu: float
    workers_cpu: float
    idle_cpu: float
    """Of the two above, what the processes use when there are no calls."""
    sipp_cpu: float
    sipp: Counters

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per call of all our processes."""
        return 1000 * (self.engine_cpu + self.workers_cpu) / self.plan.count

    @property
    def failed(self) -> int:
        """Calls that did not go as they should, on either side."""
        return max(self.plan.count - self.calls.ends["as it should"], self.sipp.failed)


def measured(plan: Plan) -> Figures:
    """Run the plan."""
    machine.raise_file_limit()
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(measure(plan, Path(folder)))


async def measure(plan: Plan, folder: Path) -> Figures:
    """Place the calls and return what it took."""
    calls = Calls(hold=plan.hold)
    with Sipp(
        "uas_plain.xml", directory=folder, calls=plan.count, transport=plan.transport
    ) as sipp:
        engine = calls.engine = EmbeddedEngine(
            clock=SystemClock(),
            sip=(HOST, 0),
            transports=("udp", "tcp"),
            rtp_ports=range(20000, 30000),
            rtp_host=HOST,
            advertise=None,
            media_workers=plan.workers,
            trunk=Trunk(
                host=HOST,
                port=sipp.port,
                transport="tcp" if plan.transport == "tcp" else "udp",
                symmetric=plan.shared_ports,
            ),
            playable=Path,
            rtp_timeout=timedelta(seconds=60),
        )
        await engine.start(calls.take)
        collect_rarely()  # as `ringcast serve` does
        try:
            used, idle, took = await run(calls, engine, plan, sipp.pid)
        finally:
            await engine.close()
        sipp.wait(timeout=10)
        counters = sipp.counters()
    return Figures(
        plan=plan,
        calls=calls,
        took=took,
        engine_cpu=used[0],
        workers_cpu=used[1],
        idle_cpu=sum(idle[:2]) * took,
        sipp_cpu=used[2],
        sipp=counters,
    )


async def run(
    calls: Calls, engine: EmbeddedEngine, plan: Plan, sipp: int
) -> tuple[list[float], list[float], float]:
    """Place the calls; return CPU seconds of engine, workers and SIPp, the same of a second without
    calls, and the seconds it took."""

    def cpu() -> list[float]:
        return [machine.cpu_seconds(p) for p in ([os.getpid()], engine.worker_pids, [sipp])]

    before = cpu()
    await asyncio.sleep(IDLE_SECONDS)
    idle = [(b - a) / IDLE_SECONDS for a, b in zip(before, cpu(), strict=True)]
    profile = cProfile.Profile() if plan.profile else nullcontext()
    before, began = cpu(), time.monotonic()
    with profile:
        await calls.place(plan.count, plan.rate)
        async with asyncio.timeout(LONGEST_DRAIN + plan.hold):
            await calls.all_ended.wait()
    took = time.monotonic() - began
    used = [b - a for a, b in zip(before, cpu(), strict=True)]
    if isinstance(profile, cProfile.Profile):
        profile.dump_stats(str(plan.profile))
    return used, idle, took


def rows(plan: Plan) -> Iterator[Row]:
    """Measure and yield the row of the table."""
    f = measured(plan)
    failed = f", {f.failed} CALLS FAILED" if f.failed else ""
    yield Row(
        f"SIP set-up + teardown, CPU per call in our processes, {plan.rate:.0f} calls/s",
        f"{f.cpu_ms:.2f} ms (SIPp's {1000 * f.sipp_cpu / plan.count:.2f}){failed}",
        " · ".join(f"≤ {hold:g} ms" for hold in HOLDS_MS),
        f.cpu_ms <= HOLDS_MS[1] and not f.failed,
    )


def report(figures: Figures) -> str:
    """Return the figures as lines."""
    f, count, calls = figures, figures.plan.count, figures.calls
    lines = [
        f"{count} calls in {f.took:.1f} s, {count / f.took:.0f} a second; held {f.plan.hold:g} s",
        f"CPU per call, all our processes: {f.cpu_ms:.3f} ms;"
        f" SIPp's {1000 * f.sipp_cpu / count:.3f}",
        f"    engine and SIP {1000 * f.engine_cpu / count:.3f},"
        f" workers {1000 * f.workers_cpu / count:.3f}",
        f"    of it what the processes use when idle: {1000 * f.idle_cpu / count:.3f}",
    ]
    at = sorted(calls.set_up)
    if at:
        middle, late = at[len(at) // 2], at[int(len(at) * 0.95)]
        lines.append(f"originate to answer: p50 {1000 * middle:.1f} ms, p95 {1000 * late:.1f} ms")
    lines += [f"ended {reason}: {times}" for reason, times in calls.ends.most_common()]
    sipp = f.sipp
    lines.append(
        f"SIPp: {sipp.successful} of {sipp.created} calls good, {sipp.failed} failed,"
        f" {sipp.retransmissions} messages sent again"
    )
    return "\n".join(lines)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=float, default=200.0, help="calls a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--hold", type=float, default=0.0, help="seconds from answer to hang-up")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--transport", choices=("udp", "tcp"), default="udp")
    parser.add_argument("--shared-ports", action="store_true")
    parser.add_argument("--profile", type=Path, help="file for cProfile's statistics")
    print(report(measured(Plan(**vars(parser.parse_args())))))


if __name__ == "__main__":
    main()
