"""Audio placed by timestamp."""

from __future__ import annotations

import numpy as np
import pytest

from ringcast.protocols.rtp import Tracks
from ringcast.protocols.rtp.reordering import AHEAD, DELAY, LENGTH

SILENCE = 0xFF


class Peer:
    """Sends numbered packets to one track of several."""

    def __init__(self, *, timestamp: int = 0xFFFFFF00) -> None:
        self.tracks = Tracks(initial=1)
        self.other = self.tracks.open(0x55)
        self.track = self.tracks.open(SILENCE)
        self.timestamp = timestamp

    def hear(
        self,
        number: int,
        *,
        at: int | None = None,
        newest: bool = True,
        ssrc: int = 1,
        skew: int = 0,
        size: int = 160,
    ) -> None:
        """Take packet `number`, which arrives at that position (default: in time)."""
        self.tracks.place(
            np.array([self.track]),
            np.array([ssrc]),
            np.array([(self.timestamp + skew + number * size) & 0xFFFFFFFF]),
            np.array([number * size if at is None else at]),
            np.array([newest]),
            np.full((1, size), number, np.uint8),
        )

    def drain(self, upto: int) -> bytes:
        return self.tracks.drain(self.track, upto)


def blocks(*numbers: int) -> bytes:
    """Return what packets of those numbers sound like, one after the other."""
    return b"".join(bytes((number,)) * 160 for number in numbers)


def test_packets_lie_in_order_whatever_order_they_come_in() -> None:
    peer = Peer()
    for number, newest in ((0, True), (2, True), (1, False), (3, True)):
        peer.hear(number, newest=newest)

    assert peer.drain(640) == blocks(0, 1, 2, 3)


def test_lost_packet_leaves_silence_of_its_length() -> None:
    peer = Peer()
    peer.hear(0)
    peer.hear(2)

    assert peer.drain(640) == blocks(0, SILENCE, 2, SILENCE)


def test_first_packet_lies_where_it_arrived() -> None:
    peer = Peer()
    peer.hear(5, at=320)
    peer.hear(6, at=500)

    assert peer.drain(800) == blocks(SILENCE, SILENCE, 5, 6, SILENCE)


def test_jitter_of_arrival_moves_nothing() -> None:
    peer = Peer()
    for number, late in enumerate((0, 900, 700, 200, 0, 300)):
        peer.hear(number, at=number * 160 + late)

    assert peer.drain(960) == blocks(0, 1, 2, 3, 4, 5)


def test_packet_that_comes_too_late_is_dropped() -> None:
    peer = Peer()
    peer.hear(0)
    peer.hear(2)
    peer.drain(320)
    peer.hear(1, newest=False)
    peer.hear(3)

    assert peer.drain(640) == blocks(2, 3)


@pytest.mark.parametrize("jump", [10_000_000, -10_000_000, 0x7FFFFFFF])
def test_jump_of_the_timestamps_is_anchored_by_arrival(jump: int) -> None:
    peer = Peer()
    peer.hear(0)
    peer.hear(1, skew=jump)
    peer.hear(2, skew=jump)

    assert peer.drain(480) == blocks(0, 1, 2)


def test_clock_that_stood_still_in_silence_does_not_pull_audio_back() -> None:
    peer = Peer()
    peer.hear(0)
    pause = DELAY + 160
    peer.hear(1, at=160 + pause)

    assert peer.drain(320 + pause)[-160:] == blocks(1)


def test_new_source_is_anchored_by_arrival() -> None:
    peer = Peer()
    peer.hear(0)
    peer.hear(1, ssrc=2, skew=5)

    assert peer.drain(320) == blocks(0, 1)


def test_hours_of_audio_pass_through_the_ring() -> None:
    peer = Peer()
    heard = b""
    for number in range(500):
        peer.hear(number % 250, at=number * 160, skew=(number - number % 250) * 160)
        if number % 50 == 49:
            heard += peer.drain(number * 160 + 160 - DELAY)
    heard += peer.drain(500 * 160)

    assert heard == blocks(*(number % 250 for number in range(500)))


def test_packets_of_odd_length_cross_the_end_of_the_ring_whole() -> None:
    peer = Peer()
    heard = b""
    for number in range(200):
        peer.hear(number, size=237)
        if number % 20 == 19:
            heard += peer.drain(number * 237 + 237 - DELAY)
    heard += peer.drain(200 * 237)

    assert heard == b"".join(bytes((number,)) * 237 for number in range(200))


def test_audio_far_ahead_of_its_arrival_is_anchored_anew() -> None:
    peer = Peer()
    peer.hear(0)
    peer.hear(1, at=160, skew=AHEAD + 320)

    assert peer.drain(320) == blocks(0, 1)


def test_what_was_not_drained_in_time_reads_as_silence() -> None:
    peer = Peer()
    peer.hear(0)

    assert peer.drain(3 * LENGTH) == blocks(0) + bytes((SILENCE,)) * (3 * LENGTH - 160)


def test_end_is_after_the_last_sample_placed() -> None:
    peer = Peer()
    peer.hear(0)
    peer.hear(1)

    assert peer.tracks.end(peer.track) == 320
    assert peer.tracks.end(peer.other) == 0


def test_reopened_track_is_empty() -> None:
    peer = Peer()
    peer.hear(0)
    peer.tracks.close(peer.track)

    assert peer.tracks.open(0xD5) == peer.track
    assert peer.drain(160) == b"\xd5" * 160


def test_packet_longer_than_a_ring_can_take_is_refused() -> None:
    peer = Peer()

    with pytest.raises(ValueError, match="too long"):
        peer.hear(0, size=700)
