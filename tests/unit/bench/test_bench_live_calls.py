"""What a run with live calls must have done to count."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench.concurrency import holds
from bench.far_end import write_addresses
from bench.live_calls import Figures, Plan, mixed

GOOD = Figures(
    plan=Plan(calls=1500),
    answered=1500,
    lost_calls=Counter(),
    cpu_ms=0.4,
    engine_cpu_ms=0.01,
    far_cpu_ms=0.3,
    sent_share=1.001,
    received_share=1.0,
    digits=1500,
    timed_packets=10_000,
    within_1ms=0.95,
    within_5ms=0.9995,
    worst_gap_ms=24.0,
    missing_packets=0,
    late_ticks_ms=1.0,
    ticks_skipped=0,
    dropped=0,
    memory_kb=20.0,
    others_cpu=0.0,
    transport="RingPorts",
)


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, answered=1499),
        replace(GOOD, lost_calls=Counter({"no audio": 1})),
        replace(GOOD, sent_share=0.99),
        replace(GOOD, ticks_skipped=1),
        replace(GOOD, within_5ms=0.998),
        replace(GOOD, missing_packets=1),
        replace(GOOD, timed_packets=0),
    ],
)
def test_a_run_in_which_anything_went_wrong_does_not_count(bad: Figures) -> None:
    assert holds(GOOD)
    assert not holds(bad)


def test_timed_calls_are_spread_among_the_others() -> None:
    addresses = mixed([("a", 1), ("b", 1)], [("x", 1), ("y", 2)], 6)

    assert addresses == [("a", 1), ("y", 2), ("x", 1), ("b", 1), ("x", 1), ("y", 2)]


def test_sipp_takes_the_addresses_in_order(tmp_path: Path) -> None:
    file = write_addresses(tmp_path / "audio.csv", [("127.0.0.1", 9), ("127.1.0.1", 10)])

    assert file.read_text() == "SEQUENTIAL\n127.0.0.1;9;\n127.1.0.1;10;\n"
