"""Buckets of tokens."""

from __future__ import annotations

import pytest

from ringcast.web.rates import Rates, source_of
from tests.fakes.clock import ManualClock


def test_a_burst_may_come_at_once_and_then_one_at_a_time() -> None:
    clock = ManualClock()
    rates = Rates(per_second=2, burst=3, monotonic=clock.monotonic)
    assert [rates.take("a") for _ in range(3)] == [0, 0, 0]
    assert rates.take("a") == pytest.approx(0.5)
    assert rates.take("b") == 0

    clock.advance(0.5)
    assert rates.take("a") == 0
    assert rates.take("a") == pytest.approx(0.5)

    clock.advance(3600)
    assert [rates.take("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_who_is_told_to_wait_does_not_wait_longer_for_asking() -> None:
    clock = ManualClock()
    rates = Rates(per_second=1, burst=1, monotonic=clock.monotonic)
    rates.take("a")
    for _ in range(10):
        assert rates.take("a") == pytest.approx(1)
    clock.advance(1)
    assert rates.take("a") == 0


def test_no_more_keys_are_kept_than_allowed() -> None:
    clock = ManualClock()
    rates = Rates(per_second=1, burst=1, monotonic=clock.monotonic, most_keys=2)
    assert [rates.take(key) for key in ("a", "b", "a")] == [0, 0, 1]
    rates.take("c")  # b is the one not seen for longest
    assert rates.take("a") > 0
    assert rates.take("b") == 0


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (-1, 1), (1, 0.5)])
def test_a_rate_that_lets_nothing_through_is_refused(per_second: float, burst: float) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Rates(per_second=per_second, burst=burst, monotonic=ManualClock().monotonic)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("a socket", "a socket"),
        ("", ""),
    ],
)
def test_neighbours_in_an_ipv6_network_are_one_source(address: str, source: str) -> None:
    assert source_of(address) == source
