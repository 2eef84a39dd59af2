"""How evenly the packets of many calls leave, by the kernel's clock at the receiver.

    python -m bench.pacing --calls 1000 --seconds 10

The method is that of `bench.live_calls`. A packet's time is that of its call's 20 ms grid: the one
from which its call's packets stray least (median). Only a sample of the calls is timed, by a
process that takes nothing else, so that timing does not slow what is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.live_calls import Figures, Plan, arguments, measured
from bench.table import Row, show


def rows(plan: Plan, *, measure: Callable[[Plan], Figures] = measured) -> Iterator[Row]:
    """Measure and yield the rows of the table."""
    f = measure(plan)
    yield Row(
        f"RTP pacing at {plan.calls:,} calls",
        f"{100 * f.within_5ms:.3f} % within 5 ms ({100 * f.within_1ms:.1f} % within 1 ms),"
        f" {f.missing_packets} of {f.timed_packets:,} lost, longest gap {f.worst_gap_ms:.1f} ms",
        "99.9 % within 5 ms, none lost",
        f.all_is_well and f.on_time,
    )


def main() -> None:
    """Read the command line and measure."""
    parser = arguments()
    parser.description = (__doc__ or "").partition("\n")[0]
    parser.add_argument("--shared", action="store_true", help="many calls on a few ports")
    parser.add_argument("--sampled", type=int, default=20, help="calls that are timed")
    show(rows(Plan(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
