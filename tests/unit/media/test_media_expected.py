"""Packets that are as expected are told from the others, and nothing but speed depends on it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ringcast.media import messages as m
from ringcast.media.arrivals import Arrivals, Slots
from ringcast.media.datagrams import pack_address
from ringcast.media.expected import EventPacket, Expected, Usual
from ringcast.protocols.rtp import EventPayload, RtpPacket
from ringcast.protocols.rtp.reception import Reception
from tests.unit.media.test_media_pump import EVENTS, FAR, Bench

FIRST = RtpPacket(payload_type=0, sequence=65534, timestamp=160, ssrc=77, payload=bytes(160))


def arrived(*packets: tuple[int, bytes], source: tuple[str, int] = FAR) -> Arrivals:
    slots = Slots(len(packets), 1024)
    for i, (_, data) in enumerate(packets):
        slots.datagrams[i, : len(data)] = np.frombuffer(data, np.uint8)
        slots.length[i] = len(data)
        slots.source[i] = pack_address(*source)
    rows = np.array([row for row, _ in packets], np.int64)
    return Arrivals(rows, slots, slice(0, len(packets)))


def numbered(sequence: int, payload: bytes = bytes(160)) -> bytes:
    return RtpPacket(
        payload_type=0, sequence=sequence, timestamp=320, ssrc=77, payload=payload
    ).serialize()


@pytest.fixture
def expected() -> Expected:
    """Rows 0 and 1 have had packet 65534."""
    reception = Reception(4)
    expected = Expected(4, reception)
    arrivals = arrived((0, FIRST.serialize()), (1, FIRST.serialize()))
    two = np.array([77, 77])
    reception.take(arrivals.rows, two, np.array([FIRST.sequence] * 2))
    follows = np.array([True, True])
    expected.expect(arrivals, follows=follows, payload_type=np.zeros(2, np.uint8), ssrc=two)
    return expected


def rows(part: Usual | Arrivals | None) -> list[int]:
    return [] if part is None else part.rows.tolist()


def test_next_packets_are_as_expected_also_when_their_numbers_wrap(expected: Expected) -> None:
    for sequence in (65535, 0, 1):
        usual, rest = expected.split(arrived((1, numbered(sequence)), (0, numbered(sequence))))
        assert (rows(usual), rest) == ([1, 0], None)
        assert usual is not None
        assert usual.lengths.tolist() == [172, 172]


@pytest.mark.parametrize(
    "odd",
    [
        numbered(65534),
        numbered(0),
        numbered(65535, payload=bytes(80)),
        numbered(65535)[:12],
        numbered(65535)[:5],
        RtpPacket(8, 65535, 320, 77, bytes(160)).serialize(),
        RtpPacket(0, 65535, 320, 78, bytes(160)).serialize(),
        RtpPacket(0, 65535, 320, 77, bytes(160), marker=True).serialize(),
        b"\x90" + numbered(65535)[1:],
    ],
    ids=["again", "gap", "length", "empty", "short", "type", "ssrc", "marker", "extension"],
)
def test_any_difference_is_looked_at(expected: Expected, odd: bytes) -> None:
    usual, rest = expected.split(arrived((0, odd), (1, numbered(65535))))

    assert (rows(usual), rows(rest)) == ([1], [0])


def test_other_source_is_looked_at(expected: Expected) -> None:
    usual, rest = expected.split(arrived((0, numbered(65535)), source=(FAR[0], FAR[1] + 2)))

    assert (rows(usual), rows(rest)) == ([], [0])


def test_all_packets_of_a_row_that_has_several_are_looked_at(expected: Expected) -> None:
    usual, rest = expected.split(
        arrived((0, numbered(65535)), (1, numbered(65535)), (0, numbered(65535)))
    )

    assert (rows(usual), rows(rest)) == ([1], [0, 0])


def test_no_packets_at_all_are_neither(expected: Expected) -> None:
    assert expected.split(arrived()) == (None, None)


def test_nothing_is_expected_of_a_row_that_is_forgotten(expected: Expected) -> None:
    expected.forget(0)

    usual, rest = expected.split(arrived((0, numbered(65535)), (1, numbered(65535))))

    assert (rows(usual), rows(rest)) == ([1], [0])


def event(sequence: int, *, ssrc: int = 77, marker: bool = False) -> bytes:
    payload = EventPayload(5, False, 10, 160).serialize()
    return RtpPacket(EVENTS, sequence, 160, ssrc, payload, marker).serialize()


@pytest.mark.parametrize("marker", [True, False])
def test_event_in_order_is_told_from_other_packets(expected: Expected, marker: bool) -> None:
    for sequence in (65535, 0):
        arrivals = arrived((1, event(sequence, marker=marker)))
        assert expected.split(arrivals)[0] is None
        assert expected.event(arrivals, 0) == EventPacket(
            1, EVENTS, marker, 160, EventPayload(5, False, 10, 160).serialize()
        )
        expected.take_event(1)

    usual, rest = expected.split(arrived((1, numbered(1))))
    assert (rows(usual), rest) == ([1], None)


@pytest.mark.parametrize(
    "odd", [event(65534), event(0), event(65535, ssrc=78), event(65535) + b"\0", numbered(0)]
)
def test_event_that_is_not_the_next_packet_is_looked_at(expected: Expected, odd: bytes) -> None:
    assert expected.event(arrived((0, odd)), 0) is None


def test_event_of_another_source_or_a_forgotten_row_is_looked_at(expected: Expected) -> None:
    assert expected.event(arrived((0, event(65535)), source=(FAR[0], 9)), 0) is None
    expected.forget(0)
    assert expected.event(arrived((0, event(65535))), 0) is None


def test_counted_packets_are_as_good_as_taken_ones() -> None:
    for count in (1, 5, 63, 64, 65, 200):
        taken, counted = Reception(1), Reception(1)
        row, ssrc = np.array([0]), np.array([7])
        for reception in (taken, counted):
            for sequence in (65500, 65502):
                reception.take(row, ssrc, np.array([sequence]))
        for number in range(count):
            taken.take(row, ssrc, np.array([(65503 + number) % 65536]))
        counted.advance(row, np.array([count]))
        for back in range(80):  # also which of the packets before are known
            old = np.array([(65502 + count - back) % 65536])
            assert taken.take(row, ssrc, old) == counted.take(row, ssrc, old)
        assert taken.stats(0) == counted.stats(0)


def life(seed: int, folder: Path, forget: Callable[[Bench], None]) -> list[object]:
    """Let three streams have an eventful time; return all events and what was recorded."""
    chance = random.Random(seed)
    bench = Bench()
    number, source, ssrc = [65500, 10, 500], [FAR] * 3, [77, 78, 79]
    waiting: list[tuple[int, bytes]] = []
    for stream in range(3):
        bench.open(stream, host=FAR[0], port=FAR[1] + 2 * stream)
        source[stream] = (FAR[0], FAR[1] + 2 * stream)
    bench.do(m.StartRecording(1, 5, str(folder / f"{seed}.wav"), "received", None))
    for tick in range(300):
        for stream in range(3):
            dice = chance.random()
            if dice < 0.02:
                number[stream] += chance.choice([1, 3, 70, 5000])
            elif dice < 0.025:
                ssrc[stream] += 10
            elif dice < 0.03:
                source[stream] = (FAR[0], source[stream][1] + 100)
            kind, payload = 0, bytes([tick % 256]) * chance.choice([160] * 30 + [80, 320])
            if tick % 60 < 6 and stream == 2:
                kind = EVENTS
                payload = EventPayload(5, tick % 60 > 3, 10, 160 * (tick % 60 + 1)).serialize()
            number[stream] += 1
            begin = tick - tick % 60 if kind == EVENTS else tick
            packet = RtpPacket(
                kind, number[stream] % 65536, begin * 160, ssrc[stream], payload, dice > 0.99
            ).serialize()
            if 40 < tick < 160 and stream == 0:
                continue  # silent beyond the time-out
            times = chance.choice([1] * 20 + [0, 2])
            waiting += [(stream, packet)] * times
        if chance.random() < 0.05:
            continue  # they come with the next ones
        if chance.random() < 0.05:
            chance.shuffle(waiting)
        bench.wire.coming = [
            (stream, pack_address(*source[stream]), packet) for stream, packet in waiting
        ]
        waiting.clear()
        bench.run()
        forget(bench)
    for stream in range(3):
        bench.do(m.Close(stream))
    bench.finish_recordings()
    recorded = (folder / f"{seed}.wav").read_bytes()
    (folder / f"{seed}.wav").unlink()
    return [*bench.events, recorded]


def look_at_all(bench: Bench) -> None:
    """Expect nothing."""
    for row in range(3):
        bench.pump.receiver._expected.forget(row)


@pytest.mark.parametrize("seed", range(8))
def test_what_happens_is_the_same_as_if_all_were_looked_at(seed: int, tmp_path: Path) -> None:
    fast = life(seed, tmp_path, lambda _: None)

    assert fast == life(seed, tmp_path, look_at_all)
    assert {m.FirstPacketReceived, m.RtpTimeout, m.RtpResumed, m.DigitReceived} <= set(
        map(type, fast)
    )
