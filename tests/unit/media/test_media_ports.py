"""The range of RTP ports."""

from __future__ import annotations

import pytest

from ringcast.media.messages import NoPortsLeft
from ringcast.media.ports import PortRange


def test_ports_are_the_even_ones_of_the_range() -> None:
    ports = PortRange(range(10001, 10008))

    assert [ports.take() for _ in range(3)] == [10002, 10004, 10006]


def test_port_given_back_is_the_last_to_be_used_again() -> None:
    ports = PortRange(range(10000, 10006))
    first = ports.take()
    ports.give_back(first)

    assert [ports.take() for _ in range(3)] == [10002, 10004, 10000]


def test_ports_begin_in_the_order_that_shuffling_gives() -> None:
    ports = PortRange(range(10000, 10006), shuffle=list.reverse)

    assert [ports.take() for _ in range(3)] == [10004, 10002, 10000]


def test_exhaustion_says_which_range() -> None:
    ports = PortRange(range(10000, 10002))
    ports.take()

    with pytest.raises(NoPortsLeft, match="10000-10001"):
        ports.take()


@pytest.mark.parametrize("ports", [range(0), range(1001, 1002), range(65530, 70000), range(2)])
def test_range_without_usable_port_is_refused(ports: range) -> None:
    with pytest.raises(ValueError, match="no even port"):
        PortRange(ports)
