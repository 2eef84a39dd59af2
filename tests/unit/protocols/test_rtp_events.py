"""Telephone events (RFC 4733), sent and received."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.rtp import (
    DIGITS,
    Digit,
    EventPacket,
    EventPayload,
    EventReceiver,
    EventSender,
    check_digits,
)


def send(digits: str, *, duration_ms: int = 100, gap_ms: int = 60) -> list[EventPacket | None]:
    """Return what each 20 ms interval carries, from timestamp 1000 on."""
    sender = EventSender()
    sender.send(digits, duration_ms=duration_ms, gap_ms=gap_ms)
    packets: list[EventPacket | None] = []
    while not sender.is_idle:
        packets.append(sender.next_packet(1000 + 160 * len(packets)))
        assert len(packets) < 2000
    return packets


def test_digit_is_sent_as_growing_event_with_three_end_packets() -> None:
    packets = send("5")

    events = [packet for packet in packets if packet is not None]
    payloads = [EventPayload.parse(event.payload) for event in events]
    assert [p.duration for p in payloads] == [160, 320, 480, 640, 800, 800, 800]
    assert [p.end for p in payloads] == [False] * 4 + [True] * 3
    assert {p.event for p in payloads} == {5}
    assert [event.marker for event in events] == [True] + [False] * 6
    assert {event.timestamp for event in events} == {1000}


def test_digits_begin_duration_plus_gap_apart() -> None:
    packets = send("12", duration_ms=100, gap_ms=60)

    begins = [i for i, packet in enumerate(packets) if packet is not None and packet.marker]
    assert begins == [0, 8]
    assert len(packets) == 16


def test_short_gap_still_leaves_room_for_the_end_packets() -> None:
    packets = send("12", duration_ms=40, gap_ms=0)

    ends = [p is not None and EventPayload.parse(p.payload).end for p in packets]
    assert ends == [False, True, True, True] * 2


def test_pauses_send_nothing() -> None:
    assert send("wW") == [None] * 75


def test_letters_may_be_small() -> None:
    packets = send("d")

    assert packets[0] is not None
    assert EventPayload.parse(packets[0].payload).event == DIGITS.index("D")


@pytest.mark.parametrize(
    ("digits", "duration_ms", "gap_ms"),
    [("12x", 100, 60), ("1", 20, 60), ("1", 9000, 60), ("1", 100, -1)],
)
def test_what_cannot_be_sent_is_refused(digits: str, duration_ms: int, gap_ms: int) -> None:
    with pytest.raises(ValueError, match="digit"):
        check_digits(digits, duration_ms=duration_ms, gap_ms=gap_ms)


def packet(event: int, duration: int, *, end: bool = False) -> bytes:
    return EventPayload(event, end, 10, duration).serialize()


def test_digit_is_reported_once_at_its_first_end_packet() -> None:
    receiver = EventReceiver()
    reports = []
    for i, (duration, end) in enumerate(
        [(160, False), (320, False), (480, True), (480, True), (480, True)]
    ):
        reports += receiver.receive(
            packet(7, duration, end=end), timestamp=50, marker=i == 0, now=i * 0.02
        )
        if i < 2:
            assert reports == []

    assert reports == [Digit("7", 60)]
    assert receiver.handle_timer(now=9.0) == []


def test_digit_whose_first_packets_were_lost_is_reported() -> None:
    receiver = EventReceiver()

    assert receiver.receive(packet(1, 800, end=True), timestamp=50, marker=False, now=0) == [
        Digit("1", 100)
    ]


def test_digit_without_end_packets_is_reported_when_the_next_begins() -> None:
    receiver = EventReceiver()
    receiver.receive(packet(1, 160), timestamp=0, marker=True, now=0)
    receiver.receive(packet(1, 640), timestamp=0, marker=False, now=0.06)

    assert receiver.receive(packet(1, 160), timestamp=1280, marker=True, now=0.11) == [
        Digit("1", 80)
    ]
    assert receiver.is_waiting


def test_digit_without_end_packets_is_reported_after_silence() -> None:
    receiver = EventReceiver()
    receiver.receive(packet(11, 640), timestamp=0, marker=True, now=1.0)

    assert receiver.handle_timer(now=1.1) == []
    assert receiver.handle_timer(now=1.13) == [Digit("#", 80)]
    assert receiver.receive(packet(11, 800, end=True), timestamp=0, marker=False, now=1.2) == []


def test_same_digit_twice_is_two_digits() -> None:
    receiver = EventReceiver()
    first = receiver.receive(packet(4, 800, end=True), timestamp=0, marker=False, now=0)
    second = receiver.receive(packet(4, 800, end=True), timestamp=1600, marker=False, now=0.2)

    assert first == second == [Digit("4", 100)]


def test_late_packet_of_the_digit_before_is_ignored() -> None:
    receiver = EventReceiver()
    receiver.receive(packet(4, 800, end=True), timestamp=0xFFFFFF00, marker=False, now=0)
    receiver.receive(packet(5, 160), timestamp=0x00000500, marker=True, now=0.2)

    assert (
        receiver.receive(packet(4, 800, end=True), timestamp=0xFFFFFF00, marker=False, now=0.21)
        == []
    )
    assert receiver.receive(
        packet(5, 320, end=True), timestamp=0x00000500, marker=False, now=0.22
    ) == [Digit("5", 40)]


@pytest.mark.parametrize("full", [0xFFFF, 0xFFA0], ids=["to the brim", "at the last update"])
def test_long_press_in_segments_is_one_digit(full: int) -> None:
    receiver = EventReceiver()
    for duration in (*range(160, full, 160), full):
        assert receiver.receive(packet(0, duration), timestamp=7, marker=False, now=0) == []
    second = 7 + full
    for duration in range(160, 8000, 160):
        assert receiver.receive(packet(0, duration), timestamp=second, marker=False, now=0) == []

    digits = receiver.receive(packet(0, 8000, end=True), timestamp=second, marker=False, now=0)

    assert digits == [Digit("0", (full + 8000) // 8)]


@pytest.mark.parametrize("payload", [b"", b"\x05\x00\x01", packet(16, 800, end=True)])
def test_what_is_no_digit_is_ignored(payload: bytes) -> None:
    receiver = EventReceiver()

    assert receiver.receive(payload, timestamp=0, marker=True, now=0) == []
    assert not receiver.is_waiting


@given(
    st.text("0123456789*#ABCD", min_size=1, max_size=6),
    st.lists(st.booleans(), min_size=64, max_size=64),
)
def test_digits_survive_the_loss_of_all_but_one_packet_of_each(
    digits: str, losses: list[bool]
) -> None:
    receiver = EventReceiver()
    heard: list[Digit] = []
    kept: set[int] = set()
    for i, event in enumerate(send(digits, duration_ms=100, gap_ms=60)):
        now = i * 0.02
        heard += receiver.handle_timer(now=now)
        if event is None or (losses[i % 64] and event.timestamp in kept):
            continue
        kept.add(event.timestamp)
        heard += receiver.receive(
            event.payload, timestamp=event.timestamp, marker=event.marker, now=now
        )
    heard += receiver.handle_timer(now=99.0)

    assert "".join(digit.digit for digit in heard) == digits
