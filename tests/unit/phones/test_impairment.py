from __future__ import annotations

from random import Random

from ringcast.phones.impairment import Impairment


def test_a_good_line_passes_every_packet_at_once() -> None:
    line = Impairment(Random(1))

    assert [line.departure(now=n / 50) for n in range(100)] == [n / 50 for n in range(100)]


def test_the_share_of_packets_asked_for_is_lost() -> None:
    line = Impairment(Random(1))
    line.loss = 0.05

    lost = sum(line.departure(now=n / 50) is None for n in range(10_000))

    assert 400 < lost < 600


def test_packets_are_delayed_by_different_times_and_keep_their_order() -> None:
    line = Impairment(Random(1))
    line.jitter_ms = 40.0

    departures = [line.departure(now=n / 50) or -1.0 for n in range(1000)]

    delays = [departure - n / 50 for n, departure in enumerate(departures)]
    assert departures == sorted(departures)
    assert min(delays) < 0.012
    assert 0.035 < max(delays) <= 0.040
