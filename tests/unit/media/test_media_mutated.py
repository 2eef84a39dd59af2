"""Mutated RTP packets: nothing raises, and what is not agreed is neither heard nor followed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from ringcast.media import messages as m
from ringcast.media.datagrams import pack_address
from ringcast.protocols.rtp import EventPayload, RtpPacket
from tests.unit.media.test_media_pump import EVENTS, FAR, Bench

INTRUDER = ("203.0.113.5", 5)
STREAMS = 8


def mutated(chance: random.Random, count: int) -> Iterator[bytes]:
    """Give packets that were right before bytes were changed, cut or added."""
    for number in range(count):
        kind = chance.randrange(3)
        packet = RtpPacket(
            payload_type=(0, 8, EVENTS)[kind],
            sequence=number & 0xFFFF,
            timestamp=number * 160 & 0xFFFFFFFF,
            ssrc=chance.choice((7, chance.getrandbits(32))),
            payload=EventPayload(chance.randrange(256), chance.random() < 0.5, 10, 800).serialize()
            if kind == 2
            else chance.randbytes(160),
            marker=chance.random() < 0.1,
        )
        data = bytearray(packet.serialize())
        for _ in range(chance.randrange(4)):
            how = chance.randrange(4)
            if how == 0:
                data[chance.randrange(min(len(data), 16))] = chance.randrange(256)
            elif how == 1:
                del data[chance.randrange(1, len(data) + 1) :]
            elif how == 2:
                data += chance.randbytes(chance.randrange(200))
            else:
                data[0] = 0x80 | chance.randrange(64)  # padding, extension, sources
        yield bytes(data[:1024])


def campaign(seed: int, count: int) -> None:
    chance = random.Random(seed)
    bench = Bench()
    for stream in range(STREAMS):
        bench.open(stream)
        bench.hear(0, stream=stream)
    bench.run()
    for start in range(0, count, 500):
        for data in mutated(chance, min(500, count - start)):
            source = FAR if chance.random() < 0.7 else INTRUDER
            bench.wire.coming.append((chance.randrange(STREAMS), pack_address(*source), data))
        sent = bench.run()
        # Live streams are undisturbed: each sends its packet, to where it did before.
        assert len(sent) == STREAMS
        assert {where for _, where, _ in bench.wire.sent} == {pack_address(*FAR)}
    digits = bench.seen(m.DigitReceived)
    assert {digit.digit for digit in digits} <= set("0123456789*#ABCD")
    assert np.isfinite(
        [bench.pump.receiver.stats(stream, sent=0).jitter_ms for stream in range(STREAMS)]
    ).all()
    bench.writer.close(timeout=10)


def test_mutated_packets_break_nothing_and_move_no_stream() -> None:
    campaign(3550, 80_000)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_million_mutated_packets_break_nothing() -> None:
    campaign(1, 10_000_000)
