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
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
import uvloop
from tests.sipp.runner import Sipp

from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.integrations.clock import SystemClock
from ringcast.ports.engine import EngineEvent, LegAnswered, LegEnded, Originate, WhoEnded

HOST = "127.0.0.1"
CALLER = PhoneNumber("12025550199")
LONGEST_DRAIN = 20.0  # seconds
IDLE_SECONDS = 2.0


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


def cpu_seconds(processes: list[psutil.Process]) -> list[float]:
    """Return utime + stime of each process."""
    times = [process.cpu_times() for process in processes]
    return [t.user + t.system for t in times]


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Run the calls and print the figures."""
    count = int(arguments.rate * arguments.seconds)
    calls = Calls(hold=arguments.hold)
    with Sipp(
        "uas_plain.xml", directory=folder, calls=count, transport=arguments.transport
    ) as sipp:
        engine = calls.engine = EmbeddedEngine(
            clock=SystemClock(),
            sip=(HOST, 0),
            transports=("udp", "tcp"),
            rtp_ports=range(20000, 30000),
            rtp_host=HOST,
            advertise=None,
            media_workers=arguments.workers,
            trunk=Trunk(
                host=HOST,
                port=sipp.port,
                transport=arguments.transport,
                symmetric=arguments.shared_ports,
            ),
            playable=Path,
            rtp_timeout=timedelta(seconds=60),
        )
        await engine.start(calls.take)
        try:
            used, idle, took = await run(calls, engine, arguments)
        finally:
            await engine.close()
        sipp.wait(timeout=10)
        counters = sipp.counters()
    report(calls, count=count, took=took, used=used, idle=idle)
    print(f"SIPp: {counters.successful} of {counters.created} calls good, {counters.failed} failed")


async def run(
    calls: Calls, engine: EmbeddedEngine, arguments: argparse.Namespace
) -> tuple[list[float], list[float], float]:
    """Place the calls; return CPU seconds of each process, those of an idle second, and seconds."""
    count = int(arguments.rate * arguments.seconds)
    ours = [psutil.Process(), *(psutil.Process(pid) for pid in engine.worker_pids)]
    before = cpu_seconds(ours)
    await asyncio.sleep(IDLE_SECONDS)
    idle = [(b - a) / IDLE_SECONDS for a, b in zip(before, cpu_seconds(ours), strict=True)]
    profile = cProfile.Profile() if arguments.profile else nullcontext()
    before, began = cpu_seconds(ours), time.monotonic()
    with profile:
        await calls.place(count, arguments.rate)
        async with asyncio.timeout(LONGEST_DRAIN + arguments.hold):
            await calls.all_ended.wait()
    took = time.monotonic() - began
    used = [b - a for a, b in zip(before, cpu_seconds(ours), strict=True)]
    if isinstance(profile, cProfile.Profile):
        profile.dump_stats(arguments.profile)
    return used, idle, took


def report(calls: Calls, *, count: int, took: float, used: list[float], idle: list[float]) -> None:
    """Print what it took."""
    main, workers = used[0], sum(used[1:])
    resting = sum(idle) * took
    print(f"{count} calls in {took:.1f} s, {count / took:.0f} a second; held {calls.hold:g} s")
    print(f"CPU per call, all our processes: {1000 * sum(used) / count:.3f} ms")
    print(f"    engine and SIP {1000 * main / count:.3f}, workers {1000 * workers / count:.3f}")
    print(f"    of it what the processes use when idle: {1000 * resting / count:.3f}")
    at = sorted(calls.set_up)
    if at:
        middle, late = at[len(at) // 2], at[int(len(at) * 0.95)]
        print(f"originate to answer: p50 {1000 * middle:.1f} ms, p95 {1000 * late:.1f} ms")
    for reason, times in calls.ends.most_common():
        print(f"ended {reason}: {times}")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=float, default=200.0, help="calls a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--hold", type=float, default=0.0, help="seconds from answer to hang-up")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--transport", choices=("udp", "tcp"), default="udp")
    parser.add_argument("--shared-ports", action="store_true")
    parser.add_argument("--profile", type=Path, help="file for cProfile's statistics")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(measure(arguments, Path(folder)))


if __name__ == "__main__":
    main()
