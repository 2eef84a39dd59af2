"""Measures the figures to hold and prints them as a table: `make bench`.

    python -m bench                   the whole table, in under six minutes
    python -m bench --quick           small runs, in a minute: does everything still work?
    python -m bench --write           the whole table, also into docs/performance.md

Every part can be run alone, with its own flags: `python -m bench.pacing --help`. Nothing is written
without --write. The exit status is 0 when everything could be measured, whether it holds or not.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from bench import concurrency, latency, machine, media_cost, memory, pacing, reference, sip_setup
from bench.live_calls import Plan
from bench.table import Row, markdown, show, write

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything a whole run measures."""

    packets: int = 200_000
    set_up_seconds: float = 10.0
    media_calls: tuple[int, ...] = (500, 1000)
    concurrent_calls: tuple[int, ...] = (1000, 1500, 2000)
    paced_calls: int = 1000
    window: float = 10.0
    latency_calls: int = 300
    memory_calls: int = 1000


QUICK = Size(
    packets=20_000,
    set_up_seconds=1.5,
    media_calls=(200,),
    concurrent_calls=(200,),
    paced_calls=200,
    window=2.0,
    latency_calls=40,
    memory_calls=200,
)


def rows(size: Size) -> Iterator[Row]:
    """Measure everything, in order of the page; runs that serve several rows are made once."""
    own = {calls: Plan(calls=calls, seconds=size.window) for calls in size.concurrent_calls}
    alike = [own.get(n, Plan(calls=n, seconds=size.window)) for n in size.media_calls]
    shared = [Plan(calls=n, shared=True, seconds=size.window) for n in size.media_calls]
    parts: tuple[Iterable[Row], ...] = (
        sip_setup.rows(sip_setup.Plan(seconds=size.set_up_seconds)),
        media_cost.rows([*alike, *shared]),
        concurrency.rows(list(own.values())),
        pacing.rows(Plan(calls=size.paced_calls, seconds=size.window)),
        memory.rows(calls=size.memory_calls),
        latency.rows(calls=size.latency_calls, rate=20.0),
        reference.rows(packets=size.packets, calls=int(200 * size.set_up_seconds)),
    )
    return chain.from_iterable(parts)


def notes(*, date: datetime, took: float, load: float, others: float) -> list[str]:
    """Return what has to be known of a run besides its rows."""
    command = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
    return [
        f"Measured {date:%Y-%m-%d %H:%M} UTC by `{command}` in {took:.0f} s",
        *machine.describe(),
        f"Load average of the minute before: {load:.2f};"
        f" other programs kept {others:.2f} cores busy during the run",
    ]


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small runs, in a minute")
    parser.add_argument("--write", action="store_true", help="put the table into the page as well")
    options = parser.parse_args()
    if options.quick and options.write:
        parser.error("the page shows whole runs: --write goes without --quick")
    date, began, load = datetime.now(UTC), time.monotonic(), machine.load()
    busy, own = machine.busy_seconds(), machine.own_seconds()
    measured = []
    for row in rows(QUICK if options.quick else Size()):
        # What processes cost when idle weighs most in small runs: only whole ones are judged.
        measured.append(replace(row, holds=None) if options.quick else row)
        print(f"{row.figure}: {row.measured}", flush=True)
    took = time.monotonic() - began
    others = machine.busy_seconds() - busy - (machine.own_seconds() - own)
    show(measured)
    about = notes(date=date, took=took, load=load, others=max(0.0, others / took))
    print("\n".join(about))
    if options.write:
        write(PAGE, markdown(measured, about))


if __name__ == "__main__":
    main()
