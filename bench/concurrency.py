"""How many calls with audio this machine carries, with SIPp as the far end on the same cores.

    python -m bench.concurrency --calls 1000 1500 2000

The method is that of `bench.live_calls`: a step holds if every call is answered and stays up, and
every packet that is due is sent, 99.9 % of those that are timed within 5 ms of their time and none
of them lost. The steps go on until one does not hold.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

from bench.live_calls import Figures, Plan, measured
from bench.table import Row, show

HOLD_CALLS = 1500


def rows(plans: Sequence[Plan], *, measure: Callable[[Plan], Figures] = measured) -> Iterator[Row]:
    """Measure and yield the rows of the table; beyond the first that does not hold, stop."""
    most = 0
    for plan in plans:
        f = measure(plan)
        good = holds(f)
        yield Row(
            f"{plan.calls:,} concurrent calls with audio, SIPp on the same cores",
            _found(f),
            "all answered, all packets on time" if plan.calls <= HOLD_CALLS else "",
            good if plan.calls <= HOLD_CALLS else None,
        )
        if not good:
            break
        most = plan.calls
    yield Row(
        "concurrent calls with audio that hold",
        f"{most:,} (tried: {', '.join(f'{plan.calls:,}' for plan in plans)})",
        f"≥ {HOLD_CALLS:,}",
        most >= HOLD_CALLS,
    )


def holds(f: Figures) -> bool:
    """Return whether every call was up and every packet on time."""
    return f.all_is_well and f.on_time


def _found(f: Figures) -> str:
    return (
        f"{f.answered:,} answered, {f.lost_calls.total()} lost;"
        f" {100 * f.sent_share:.2f} % of the packets due sent,"
        f" {100 * f.within_5ms:.2f} % within 5 ms, {f.missing_packets} missing,"
        f" {100 * f.received_share:.2f} % came back;"
        f" our CPU {f.cpu_ms * f.plan.calls / 10:.0f} % of a core,"
        f" the far end's {f.far_cpu_ms * f.plan.calls / 10:.0f} %"
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[1000, 1500, 2000])
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the window")
    options = parser.parse_args()
    show(rows([Plan(calls=calls, seconds=options.seconds) for calls in options.calls]))


if __name__ == "__main__":
    main()
