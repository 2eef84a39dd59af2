"""Memory per call: the whole server, all its processes, with calls that hear a sound.

    python -m bench.memory --calls 1000

PSS of `ringcast serve`, its media workers and its helpers with the calls up, less what they had
before the first call (sound uploaded and decoded), divided by the calls. What the processes need
once, to make any call at all, is thereby spread over the calls, to our disadvantage. The CPU cost
of the whole server with the calls up is told beside it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.far_end import SippEchoes, telephones
from bench.server import server, upload_noise
from bench.table import Row, show
from tests.sipp.runner import Sipp
from tests.system.programs import Api

HOLD_KB = 60.0
_SOUND_SECONDS = 120.0  # longer than all of this takes
_CALLS_A_REQUEST = 10
_LONGEST_ANSWER = 40.0
_SETTLE = 2.0
_CPU_WINDOW = 4.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`processes` are those of the server; memory is of all of them together."""

    calls: int
    answered: int
    processes: int
    empty_mb: float
    kb_per_call: float
    cpu_ms: float
    """Per call and second."""


def measured(*, calls: int) -> Figures:
    """Run the server and fill it with calls."""
    machine.raise_file_limit()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        echoes = stack.enter_context(SippEchoes(calls=calls, directory=folder))
        addresses = [echoes.addresses[n % len(echoes.addresses)] for n in range(calls)]
        sipp = stack.enter_context(telephones(addresses, directory=folder))
        program, api = stack.enter_context(server(folder, sip_port=sipp.port, calls=calls))
        sound = upload_noise(api, seconds=_SOUND_SECONDS)
        time.sleep(_SETTLE)
        pid = program.process.pid
        empty = machine.memory_bytes(machine.process_tree(pid))
        _fill(api, sound, calls)
        answered = _wait_until_answered(sipp, calls)
        time.sleep(_SETTLE)
        pids = machine.process_tree(pid)
        used = machine.memory_bytes(pids) - empty
        cpu, began = machine.cpu_seconds(pids), time.monotonic()
        time.sleep(_CPU_WINDOW)
        cpu, took = machine.cpu_seconds(pids) - cpu, time.monotonic() - began
        return Figures(
            calls=calls,
            answered=answered,
            processes=len(pids),
            empty_mb=empty / 1024**2,
            kb_per_call=used / 1024 / calls,
            cpu_ms=1000 * cpu / calls / took,
        )


def _fill(api: Api, sound: int, calls: int) -> None:
    numbers = [f"+1213{5550000 + n}" for n in range(calls)]
    for first in range(0, calls, _CALLS_A_REQUEST):
        api.call(*numbers[first : first + _CALLS_A_REQUEST], sound=sound)


def _wait_until_answered(sipp: Sipp, calls: int) -> int:
    """Wait until SIPp has taken the calls; return how many of them live."""
    until = time.monotonic() + _LONGEST_ANSWER
    while sipp.counters().created < calls and time.monotonic() < until:
        time.sleep(0.5)  # SIPp writes its statistics once a second
    return sipp.counters().unfinished


def rows(*, calls: int) -> Iterator[Row]:
    """Measure and yield the rows of the table."""
    f = measured(calls=calls)
    yield Row(
        f"memory per call, all our processes, whole server, {calls:,} calls",
        f"{f.kb_per_call:.1f} kB ({f.answered} calls up;"
        f" {f.processes} processes have {f.empty_mb:.0f} MB without calls)",
        f"≤ {HOLD_KB:.0f} kB",
        f.answered == calls and f.kb_per_call <= HOLD_KB,
    )
    yield Row(
        f"beside: CPU per call and second of the whole server, {calls:,} calls playing",
        f"{f.cpu_ms:.3f} ms",
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1000)
    show(rows(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
