"""Sequence numbers, duplicates, loss and jitter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.rtp import Reception, ReceptionStats


def take(reception: Reception, sequence: int, *, row: int = 0, ssrc: int = 1) -> tuple[bool, bool]:
    """Give one row one packet; return whether it is fresh, and the newest."""
    fresh, newest = reception.take(np.array([row]), np.array([ssrc]), np.array([sequence % 65536]))
    return bool(fresh[0]), bool(newest[0])


def stats(reception: Reception, row: int = 0) -> ReceptionStats:
    return reception.stats(row)


def test_packets_in_order_are_fresh_over_the_wrap() -> None:
    reception = Reception(4)

    assert [take(reception, n) for n in range(65530, 65545)] == [(True, True)] * 15
    assert stats(reception) == ReceptionStats(15, 0, 0, 0, 0.0)


def test_late_packet_is_fresh_but_not_the_newest() -> None:
    reception = Reception(4)
    for n in (65534, 65535, 1):
        take(reception, n)

    assert take(reception, 0) == (True, False)
    assert stats(reception) == ReceptionStats(4, 0, 1, 0, 0.0)


def test_duplicate_is_not_fresh() -> None:
    reception = Reception(4)
    for n in (10, 11, 12):
        take(reception, n)

    assert take(reception, 11) == (False, False)
    assert take(reception, 12) == (False, False)
    assert stats(reception).duplicate == 2
    assert stats(reception).received == 3


def test_gap_counts_as_lost() -> None:
    reception = Reception(4)
    take(reception, 10)
    take(reception, 110)

    assert stats(reception).lost == 99
    assert take(reception, 109) == (True, False)
    assert stats(reception).lost == 98


def test_single_stray_packet_does_not_derail_a_stream() -> None:
    reception = Reception(4)
    take(reception, 10)

    assert take(reception, 40000) == (False, False)
    assert take(reception, 11) == (True, True)
    assert stats(reception).lost == 0


def test_second_packet_confirms_a_jump() -> None:
    reception = Reception(4)
    take(reception, 10)
    take(reception, 40000)

    assert take(reception, 40001) == (True, True)
    assert take(reception, 40002) == (True, True)
    assert stats(reception) == ReceptionStats(3, 0, 0, 0, 0.0)


def test_new_source_begins_anew_at_once() -> None:
    reception = Reception(4)
    take(reception, 10)
    take(reception, 12)

    assert take(reception, 5, ssrc=2) == (True, True)
    assert stats(reception) == ReceptionStats(3, 1, 0, 0, 0.0)


def test_rows_do_not_touch_each_other() -> None:
    reception = Reception(4)
    rows = np.array([0, 2, 3])
    ssrc = np.array([1, 2, 3])
    for step in range(3):
        fresh, _ = reception.take(rows, ssrc, np.array([step, 100 + 2 * step, 7]))

    assert fresh.tolist() == [True, True, False]
    assert [stats(reception, row).lost for row in (0, 2, 3)] == [0, 2, 0]
    assert stats(reception, 3).duplicate == 2
    assert stats(reception, 1).received == 0


def test_cleared_row_remembers_nothing() -> None:
    reception = Reception(1)
    take(reception, 10)
    take(reception, 20)
    reception.clear(0)

    assert stats(reception) == ReceptionStats(0, 0, 0, 0, 0.0)
    assert take(reception, 10) == (True, True)


def test_jitter_of_a_regular_sender_is_nothing_and_of_an_irregular_one_grows() -> None:
    reception = Reception(2)
    rows = np.array([0, 1])
    for n in range(200):
        reception.take(rows, np.array([1, 1]), np.array([n, n]))
        arrival = 5.0 + n * 0.02 + np.array([0.0, 0.004 if n % 2 else 0.0])
        reception.measure_jitter(rows, np.array([n * 160, n * 160]), arrival)

    assert stats(reception, 0).jitter_ms < 0.2
    assert stats(reception, 1).jitter_ms == pytest.approx(4.0, abs=0.2)


@given(st.permutations(list(range(40))), st.integers(0, 65535))
def test_every_packet_is_fresh_exactly_once_in_any_order(order: list[int], base: int) -> None:
    reception = Reception(1)
    take(reception, base + 64 - 1)
    fresh = [take(reception, base + 64 - 1 - 40 + n)[0] for n in order + order]

    assert fresh[:40] == [True] * 40
    assert fresh[40:] == [False] * 40
