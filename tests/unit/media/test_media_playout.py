"""The jitter buffer, with packets and ticks given by the test."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio.g711 import ULAW_TO_ALAW
from ringcast.media.packets import TICK
from ringcast.media.playout import BLOCKS, KEPT, MOST_AHEAD, Playout
from ringcast.media.recordings import CODEC_NUMBER

AUDIO = np.random.default_rng(1).integers(0, 255, 400 * TICK, np.uint8)
SILENCE = bytes([0xFF]) * TICK


class Bench:
    """One row; packets are parts of AUDIO, so that what is read says where it was."""

    def __init__(self, *, row: int = 3, tick: int = 5000) -> None:
        self.playout = Playout(8)
        self.row = row
        self.tick = tick
        self.playout.advance(tick)
        self.playout.open(row, "PCMU")
        self._newest = -1

    def take(
        self, start: int, *, size: int = TICK, ssrc: int = 1, jump: int = 0, law: str = "PCMU"
    ) -> None:
        """Let samples `start` and on arrive after the present tick."""
        one = np.ones(1, np.int64)
        self.playout.place(
            one * self.row,
            np.array([CODEC_NUMBER[law]], np.uint8),  # type: ignore[index] # one of the two
            one * ssrc,
            one * ((start + jump) & 0xFFFFFFFF),
            np.array([start > self._newest]),
            AUDIO[start : start + size][None],
            tick=self.tick,
        )
        self._newest = max(self._newest, start)

    def next(self, ticks: int = 1) -> bytes:
        """Let ticks pass; return what they read."""
        heard = b""
        for _ in range(ticks):
            self.tick += 1
            self.playout.advance(self.tick)
            heard += self.read().tobytes()
        return heard

    def read(self, blocks: int = 1) -> NDArray[np.uint8]:
        return self.playout.read(np.array([self.row]), self.tick, blocks)


def audio(first: int, packets: int) -> bytes:
    return AUDIO[first * TICK : (first + packets) * TICK].tobytes()


def test_steady_packets_are_read_whole_after_two_ticks_of_delay() -> None:
    bench = Bench()
    heard = b""
    for number in range(100):
        bench.take(number * TICK)
        heard += bench.next()

    assert heard == SILENCE * 2 + audio(0, 98)


@pytest.mark.parametrize("size", [80, 240, 320, 480, 640])
def test_packets_of_every_length_are_read_whole(size: int) -> None:
    bench = Bench()
    heard, sent = b"", 0
    for tick in range(100):
        while sent < tick * TICK:
            bench.take(sent, size=size)
            sent += size
        heard += bench.next()

    begin = heard.index(audio(0, 1))
    assert begin <= 4 * TICK
    assert heard[begin:] == AUDIO[: len(heard) - begin].tobytes()


def test_jitter_reordering_and_loss_move_nothing() -> None:
    bench = Bench()
    bench.take(0)
    heard = bench.next()
    for number in range(2, 60, 2):  # in pairs, the wrong way round, every tenth lost
        if number % 10:
            bench.take(number * TICK)
        bench.take((number - 1) * TICK)
        heard += bench.next(2)

    assert heard[2 * TICK :][: 10 * TICK] == audio(0, 10)
    assert heard[12 * TICK :][:TICK] == SILENCE
    assert heard[13 * TICK :][: 9 * TICK] == audio(11, 9)


def test_packet_that_comes_too_late_makes_the_delay_longer_and_nothing_more_is_lost() -> None:
    bench = Bench()
    for number in range(5):
        bench.take(number * TICK)
        bench.next()
    bench.next(4)  # 80 ms without a packet; then all that was held up comes at once
    for number in range(5, 10):
        bench.take(number * TICK)
    heard = b""
    for number in range(10, 60):
        bench.take(number * TICK)
        heard += bench.next()

    assert heard == SILENCE * 2 + audio(5, 48)


def test_delay_that_is_not_needed_any_more_is_cut() -> None:
    bench = Bench()
    for number in range(5):
        bench.take(number * TICK)
        bench.next()
    bench.next(10)
    for number in range(5, 15):  # after a stall, 200 ms at once
        bench.take(number * TICK)
    heard = b""
    for number in range(15, 250):
        bench.take(number * TICK)
        heard += bench.next()

    assert audio(5, 90) in heard
    assert heard.endswith(audio(248 - 30, 30)), "read 2 ticks after it came, as at first"


def test_delay_that_has_grown_too_long_is_cut() -> None:
    bench = Bench()
    for number in range(40):  # a far end whose clock runs far too fast: two packets a tick
        bench.take(2 * number * TICK)
        bench.take((2 * number + 1) * TICK)
        bench.next()
    heard = b""
    for number in range(80, 120):
        bench.take(number * TICK)
        heard += bench.next()

    begin = heard.index(audio(108, 1))
    assert heard[begin:] == audio(108, len(heard) // TICK - begin // TICK)
    assert begin // TICK <= 28 + MOST_AHEAD // TICK + 2


@pytest.mark.parametrize("jump", [10_000_000, -10_000_000, 0xFFFFFFFF - 100 * TICK])
def test_new_source_and_jumping_timestamps_are_followed_at_once(jump: int) -> None:
    for ssrc in (1, 2):
        bench = Bench()
        for number in range(10):
            bench.take(number * TICK)
            bench.next()
        heard = b""
        for number in range(10, 40):
            bench.take(number * TICK, ssrc=ssrc, jump=jump)
            heard += bench.next()

        begin = heard.index(audio(10, 1))
        assert begin <= 2 * TICK
        assert heard[begin:] == audio(10, 30 - begin // TICK)


def test_nothing_is_heard_twice() -> None:
    bench = Bench()
    bench.take(0)
    assert audio(0, 1) in bench.next(5)

    assert bench.next(3 * BLOCKS) == SILENCE * 3 * BLOCKS


def test_nothing_stays_when_ticks_are_left_out() -> None:
    bench = Bench()
    for number in range(4):
        bench.take(number * TICK)
    bench.tick += 10 * BLOCKS + 1

    assert bench.next(2 * BLOCKS) == SILENCE * 2 * BLOCKS


def test_what_was_read_can_be_read_again_for_a_while() -> None:
    bench = Bench()
    for number in range(8):
        bench.take(number * TICK)
        bench.next()
    bench.next(2)

    assert bench.read(3).tobytes() == audio(5, 3)
    assert bench.read(KEPT - 4).tobytes() == audio(0, 8)


def test_other_codec_is_converted() -> None:
    bench = Bench()
    bench.playout.close(bench.row)
    bench.playout.open(bench.row, "PCMA")
    bench.take(0)
    bench.take(TICK, law="PCMA")

    heard = bench.next(5)

    assert heard[: 2 * TICK] == b"\xd5" * 2 * TICK
    assert heard[2 * TICK : 3 * TICK] == ULAW_TO_ALAW[AUDIO[:TICK]].tobytes()
    assert heard[3 * TICK : 4 * TICK] == audio(1, 1)


def test_row_is_open_for_as_long_as_anybody_listens() -> None:
    bench = Bench()
    bench.playout.open(bench.row, "PCMU")

    bench.playout.close(bench.row)
    assert bench.playout.is_open[bench.row]
    bench.playout.close(bench.row)
    assert not bench.playout.is_open[bench.row]


def test_row_that_is_opened_again_has_forgotten_its_last_stream() -> None:
    bench = Bench()
    bench.take(0)
    bench.playout.close(bench.row)
    bench.playout.open(bench.row, "PCMU")

    assert bench.next(5) == SILENCE * 5
