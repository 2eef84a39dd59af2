"""CPU of a live call: playing, receiving and digit detection, with and without shared ports.

    python -m bench.media_cost --calls 500 1000 --seconds 10

The method is that of `bench.live_calls`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

from bench.live_calls import Figures, Plan, measured
from bench.table import Row, show

HOLD_OWN_MS = 0.5
HOLD_SHARED_MS = 0.35


def rows(plans: Sequence[Plan], *, measure: Callable[[Plan], Figures] = measured) -> Iterator[Row]:
    """Measure and yield the rows of the table."""
    for plan in plans:
        yield row(measure(plan))


def row(f: Figures) -> Row:
    """Return one row; it holds only if the calls did all they should."""
    hold = HOLD_SHARED_MS if f.plan.shared else HOLD_OWN_MS
    worked = f.all_is_well and f.digits == f.plan.calls
    ports = "shared ports" if f.plan.shared else "a port per call"
    failure = "" if worked else f"; {f.answered} answered, {f.digits} digits heard"
    return Row(
        "playing + receiving + RFC 4733 detection, CPU per call and second,"
        f" {ports}, {f.plan.calls:,} calls",
        f"{f.cpu_ms:.3f} ms (far end's {f.far_cpu_ms:.3f}){failure}",
        f"≤ {hold:g} ms",
        worked and f.cpu_ms <= hold,
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[500, 1000])
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the window")
    options = parser.parse_args()
    show(
        rows(
            [
                Plan(calls=calls, shared=shared, seconds=options.seconds)
                for shared in (False, True)
                for calls in options.calls
            ]
        )
    )


if __name__ == "__main__":
    main()
