"""Measures the figures to hold and prints them as a table: `make bench`.

    python -m bench                   the whole table, in under six minutes
    python -m bench --quick           small runs, in a minute: does everything still work?
    python -m bench --write           the whole table, also into docs/performance.md
    python -m bench --patience 5      on a machine that others use too

Every part can be run alone, with its own flags: `python -m bench.pacing --help`. Nothing is written
without --write. The exit status is 0 when everything could be measured, whether it holds or not.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from bench import (
    concurrency,
    latency,
    live_calls,
    machine,
    media_cost,
    memory,
    pacing,
    reference,
    sip_setup,
)
from bench.live_calls import Figures, Plan
from bench.patience import Patience
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


def rows(size: Size, patience: Patience) -> Iterator[Row]:
    """Measure everything, in order of the page; runs that serve several rows are made once."""

    @cache
    def live(plan: Plan) -> Figures:
        return patience.undisturbed(lambda: live_calls.measured(plan))

    def part(measure: Callable[[], Iterable[Row]]) -> Iterable[Row]:
        return patience.undisturbed(lambda: list(measure()))

    window = size.window
    shared = [Plan(calls=n, shared=True, seconds=window) for n in size.media_calls]
    own = [Plan(calls=n, seconds=window) for n in size.media_calls]
    steps = [Plan(calls=n, seconds=window) for n in size.concurrent_calls]
    set_up = sip_setup.Plan(seconds=size.set_up_seconds)
    yield from part(lambda: sip_setup.rows(set_up))
    yield from media_cost.rows([*own, *shared], measure=live)
    yield from concurrency.rows(steps, measure=live)
    yield from pacing.rows(Plan(calls=size.paced_calls, seconds=window), measure=live)
    yield from part(lambda: memory.rows(calls=size.memory_calls))
    yield from part(lambda: latency.rows(calls=size.latency_calls, rate=20.0))
    yield from part(
        lambda: reference.rows(packets=size.packets, calls=int(200 * size.set_up_seconds))
    )


def notes(*, date: datetime, took: float, load: float, others: float) -> list[str]:
    """Return what has to be known of a run besides its rows."""
    command = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
    return [
        f"Measured {date:%Y-%m-%d %H:%M} UTC by `{command}` in {took:.0f} s",
        *machine.describe(),
        f"Load average of the minute before: {load:.2f};"
        f" other programs kept at most {others:.2f} cores busy during a measurement",
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
    parser.add_argument(
        "--patience",
        type=float,
        default=0.0,
        metavar="MINUTES",
        help="for each measurement: how long to wait for a quiet machine and to measure again",
    )
    options = parser.parse_args()
    if options.quick and options.write:
        parser.error("the page shows whole runs: --write goes without --quick")
    date, began, load = datetime.now(UTC), time.monotonic(), machine.load()
    patience = Patience(seconds=60 * options.patience)
    measured = []
    for row in rows(QUICK if options.quick else Size(), patience):
        # What processes cost when idle weighs most in small runs: only whole ones are judged.
        measured.append(replace(row, holds=None) if options.quick else row)
        print(f"{row.figure}: {row.measured}", flush=True)
    took = time.monotonic() - began
    show(measured)
    about = notes(date=date, took=took, load=load, others=patience.worst)
    print("\n".join(about))
    if options.write:
        write(PAGE, markdown(measured, about))


if __name__ == "__main__":
    main()
