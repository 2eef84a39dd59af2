"""Rooms on the tick, with ticks and packets given by the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ringcast.audio import g711, wav
from ringcast.media import messages as m
from ringcast.media.board import BEHIND, Board, make_board
from ringcast.media.room_messages import (
    NOWHERE,
    LeaveRoom,
    PlayInRoom,
    RoomPlaybackFinished,
    RoomPlaybackStarted,
    RoomRecordingFinished,
    SetMember,
    StartRoomRecording,
    StopRoomPlayback,
    StopRoomRecording,
)
from tests.unit.media.test_media_pump import Bench

#: Quiet enough that sums of a few are not cut.
SAID = g711.encode_ulaw(
    np.random.default_rng(4).integers(-4000, 4000, (4, 60, 160)).astype(np.int16)
)
SAID[SAID == 0x7F] = 0xFF  # -0 does not come out of a sum
SILENCE = b"\xff" * 160
PLACE = 5
DELAY = 3  # ticks from when something is said until it is heard


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(rows=8)
    yield bench
    bench.writer.close(timeout=10)


def seat(bench: Bench, *streams: int, place: int = PLACE) -> None:
    for stream in streams:
        bench.do(SetMember(stream, place, place, NOWHERE))


def talk(bench: Bench, streams: int, ticks: int, first: int = 0) -> dict[int, bytes]:
    """Let all speak at once; return what each has been sent."""
    heard = dict.fromkeys(range(streams), b"")
    for tick in range(first, first + ticks):
        for stream in range(streams):
            bench.hear(tick, SAID[stream, tick].tobytes(), stream=stream)
        bench.run()
        for row, _, packet in bench.wire.sent:
            heard[row] += packet.payload
    return heard


def mixed(*of: int, ticks: int) -> bytes:
    """Return the sum of what was said in the first ticks."""
    total = sum(g711.decode_ulaw(SAID[stream, :ticks]).astype(np.int32) for stream in of)
    return g711.encode_ulaw(np.clip(total, -32768, 32764).astype(np.int16)).tobytes()


def test_each_hears_the_exact_sum_of_the_others(bench: Bench) -> None:
    for stream in range(4):
        bench.open(stream)
    seat(bench, 0, 1, 2)

    heard = talk(bench, 4, 40)

    assert heard[0] == SILENCE * DELAY + mixed(1, 2, ticks=37)
    assert heard[1] == SILENCE * DELAY + mixed(0, 2, ticks=37)
    assert heard[2] == SILENCE * DELAY + mixed(0, 1, ticks=37)
    assert heard[3] == SILENCE * 40  # in no room


def test_two_alone_hear_each_other_as_they_are(bench: Bench) -> None:
    bench.open(0)
    bench.open(1, payload_type=8, codec="PCMA")
    seat(bench, 0, 1)
    codes = np.concatenate([np.arange(0x7F), np.arange(0x80, 0x100)]).astype(np.uint8)
    said = np.resize(codes, (20, 160))  # all that µ-law has, but -0

    for tick in range(20):
        bench.hear(tick, said[tick].tobytes(), stream=0)
        bench.run()
        if tick >= DELAY:
            (packet,) = [packet for row, _, packet in bench.wire.sent if row == 1]
            assert packet.payload == g711.ULAW_TO_ALAW[said[tick - DELAY]].tobytes()


def test_what_is_too_loud_is_cut_and_not_wrapped(bench: Bench) -> None:
    for stream in range(8):
        bench.open(stream)
    seat(bench, *range(8))
    loud = b"\x80" * 160  # full scale

    for tick in range(6):
        for stream in range(8):
            bench.hear(tick, loud, stream=stream)
        bench.run()

    assert {packet.payload for _, _, packet in bench.wire.sent} == {loud}


def test_muted_hears_and_on_hold_does_not(bench: Bench) -> None:
    for stream in range(3):
        bench.open(stream)
    seat(bench, 0)
    bench.do(SetMember(1, PLACE, NOWHERE, NOWHERE))
    bench.do(SetMember(2, NOWHERE, NOWHERE, NOWHERE))

    heard = talk(bench, 3, 20)

    assert heard[0] == SILENCE * 20
    assert heard[1] == SILENCE * DELAY + mixed(0, ticks=17)
    assert heard[2] == SILENCE * 20


def test_coach_is_heard_by_one_alone(bench: Bench) -> None:
    for stream in range(3):
        bench.open(stream)
    seat(bench, 0)
    bench.do(SetMember(1, PLACE, PLACE, PLACE + 1))
    bench.do(SetMember(2, PLACE, PLACE + 1, NOWHERE))

    heard = talk(bench, 3, 20)

    assert heard[0] == SILENCE * DELAY + mixed(1, ticks=17)
    assert heard[1] == SILENCE * DELAY + mixed(0, 2, ticks=17)
    assert heard[2] == SILENCE * DELAY + mixed(0, 1, ticks=17)


@pytest.mark.parametrize("ptime_ms", [40, 60])
def test_longer_packets_lose_nothing(bench: Bench, ptime_ms: int) -> None:
    bench.open(0)
    bench.open(1, ptime_ms=ptime_ms)
    bench.open(2)
    seat(bench, 0, 1, 2)

    heard = talk(bench, 3, 60)[1]

    expected = mixed(0, 2, ticks=60)
    begin = heard.index(expected[:160])
    assert begin <= 6 * 160
    assert heard[begin:] == expected[: len(heard) - begin]
    assert len(heard) >= 57 * 160


def test_who_leaves_is_not_heard_and_hears_nothing(bench: Bench) -> None:
    for stream in range(3):
        bench.open(stream)
    seat(bench, 0, 1, 2)
    talk(bench, 3, 10)

    bench.do(LeaveRoom(1))
    bench.do(m.Close(2))
    bench.run(4)
    bench.run()  # what was on its way has been heard
    heard = {row: packet.payload for row, _, packet in bench.wire.sent}

    assert heard == {0: SILENCE, 1: SILENCE}


def test_playback_to_all_is_added_to_what_is_said(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "sound.ulaw"
    path.write_bytes(SAID[3, :10].tobytes() + b"\xff" * 80)
    for stream in range(2):
        bench.open(stream)
    seat(bench, 0, 1)
    bench.do(PlayInRoom(9, PLACE, 4, [m.PlayFile(str(path))], 1))

    heard = talk(bench, 2, 20)

    alone = SAID[3, :DELAY].tobytes()
    total = g711.decode_ulaw(SAID[0, :7]).astype(np.int32) + g711.decode_ulaw(SAID[3, 3:10])
    both = g711.encode_ulaw(total.astype(np.int16)).tobytes()
    assert heard[1] == alone + both + SAID[0, 7:17].tobytes()
    assert any(isinstance(event, RoomPlaybackStarted) for event in bench.events)
    (finished,) = [event for event in bench.events if isinstance(event, RoomPlaybackFinished)]
    assert (finished.room, finished.playback, finished.reason) == (9, 4, "completed")
    assert finished.played_ms == 210


def test_playbacks_to_all_end_one_by_one_or_together(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "sound.ulaw"
    path.write_bytes(SAID[3].tobytes())
    bench.open(0)
    for number in (1, 2, 3):
        bench.do(PlayInRoom(9, PLACE, number, [m.PlayFile(str(path))], None))
    bench.do(PlayInRoom(9, PLACE, 4, [m.PlayFile(str(tmp_path / "none.ulaw"))], 1))
    bench.run(3)

    bench.do(StopRoomPlayback(9, 2))
    bench.do(StopRoomPlayback(8, None))
    bench.do(StopRoomPlayback(9, None))

    finished = [event for event in bench.events if isinstance(event, RoomPlaybackFinished)]
    assert [(event.playback, event.reason) for event in finished] == [
        (4, "failed"),
        (2, "stopped"),
        (1, "stopped"),
        (3, "stopped"),
    ]
    assert finished[1].played_ms == 60


def test_recording_holds_what_all_say(bench: Bench, tmp_path: Path) -> None:
    whole, short = tmp_path / "whole.wav", tmp_path / "short.wav"
    for stream in range(2):
        bench.open(stream)
    seat(bench, 0, 1)
    bench.do(StartRoomRecording(9, PLACE, 1, str(whole), None))
    bench.do(StartRoomRecording(9, PLACE, 2, str(short), 0.11))
    talk(bench, 2, 60)

    bench.do(StopRoomRecording(9, None))
    bench.writer.close(timeout=10)
    bench.run()

    both = g711.decode_ulaw(np.frombuffer(mixed(0, 1, ticks=57), np.uint8))
    assert (wav.read(whole.read_bytes()).mono()[DELAY * 160 :] == both).all()
    assert len(wav.read(short.read_bytes()).mono()) == 880
    finished = [event for event in bench.events if isinstance(event, RoomRecordingFinished)]
    assert sorted((event.recording, event.seconds) for event in finished) == [(1, 1.2), (2, 0.11)]


def test_members_on_other_workers_are_heard() -> None:
    descriptor = make_board(2)
    benches = [
        Bench(rows=4, board=Board(descriptor, workers=2, number=number)) for number in (0, 1)
    ]
    os.close(descriptor)
    for bench in benches:
        bench.open(0)
        bench.open(1)
        seat(bench, 0, 1)
    heard = [b"", b""]

    for tick in range(20):
        for number, bench in enumerate(benches):
            bench.hear(tick, SAID[number, tick].tobytes(), stream=0)
            bench.run()
            heard[number] += b"".join(p.payload for row, _, p in bench.wire.sent if row == 0)
    for bench in benches:
        bench.writer.close(timeout=10)

    for here, there in ((0, 1), (1, 0)):
        late = DELAY + BEHIND
        assert heard[here] == SILENCE * late + SAID[there, : 20 - late].tobytes()


def test_worker_that_is_late_is_not_heard_and_holds_up_nobody() -> None:
    descriptor = make_board(3)
    boards = [Board(descriptor, workers=3, number=number) for number in range(3)]
    os.close(descriptor)
    places = np.array([3, 700], np.int64)
    boards[0].publish(100, places, np.full((2, 160), 7, np.int16))
    boards[1].publish(101, places, np.full((2, 160), 9, np.int16))  # that of 100 was left out

    total = np.zeros((2, 160), np.int32)
    boards[2].add_others(100 + BEHIND, places, total)

    assert (total == 7).all()
    boards[2].add_others(101 + BEHIND, places, total)
    assert (total == 16).all()
    boards[2].add_others(101 + BEHIND + 8, places, total)  # the same place in the ring
    assert (total == 16).all()
