"""The tick, with ticks and packets given by the test."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ringcast.audio import g711, tones, wav
from ringcast.media import messages as m
from ringcast.media.arrivals import Arrivals, Slots
from ringcast.media.board import Board
from ringcast.media.datagrams import AddressInUse, Outgoing, pack_address
from ringcast.media.pump import Pump
from ringcast.media.recorder import Writer
from ringcast.protocols.rtp import EventPayload, RtpPacket

FAR = ("192.0.2.1", 4000)
EVENTS = 101


class Wire:
    """Ports without sockets: what is sent is read as the kernel would read it."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self.sent: list[tuple[int, int, RtpPacket]] = []
        self.coming: list[tuple[int, int, bytes]] = []
        self.taken: set[int] = set()
        self.ports: dict[int, int] = {}
        self.reserved: list[int] = []

    def reserve(self, port: int) -> None:
        if port in self.taken:
            raise OSError(98, "in use")
        self.reserved.append(port)

    def open(self, row: int, port: int) -> tuple[str, int]:
        if port in self.taken:
            raise OSError(98, "in use")
        self.ports[row] = port
        return "127.0.0.1", port

    def aim(self, row: int) -> None:
        if int(self._outgoing.remote[row]) == pack_address("192.0.2.99", 1):
            raise AddressInUse(98, "already talks to 192.0.2.99")

    def close(self, row: int) -> None:
        del self.ports[row]

    def send(self, rows: NDArray[np.int64]) -> int:
        for row in rows.tolist():
            message = self._outgoing.messages[row]
            vectors = np.frombuffer(ctypes.string_at(int(message["vectors"]), 32), np.uint64)
            data = b"".join(
                ctypes.string_at(int(base), int(length)) for base, length in vectors.reshape(2, 2)
            )
            self.sent.append((row, int(self._outgoing.remote[row]), RtpPacket.parse(data)))
        return 0

    def receive(self) -> Iterator[Arrivals]:
        if not self.coming:
            return
        coming, self.coming = self.coming, []
        slots = Slots(len(coming), 1024)
        for i, (_, source, data) in enumerate(coming):
            slots.datagrams[i, : len(data)] = np.frombuffer(data, np.uint8)
            slots.length[i] = len(data)
            slots.source[i] = source
        rows = np.array([row for row, _, _ in coming])
        yield Arrivals(rows, slots, slice(0, len(coming)))

    def shut(self) -> None:
        self.ports.clear()


class Bench:
    """A pump whose ticks the test counts; streams 0, 1, … lie in rows 0, 1, …"""

    def __init__(
        self,
        *,
        random_bits: Callable[[int], int] = lambda bits: (1 << bits) - 3,
        rows: int = 8,
        board: Board | None = None,
    ) -> None:
        outgoing = Outgoing(rows)
        self.wire = Wire(outgoing)
        self.events: list[Any] = []
        self.writer = Writer()
        self.tick = 1000
        self.pump = Pump(
            outgoing,
            self.wire,
            writer=self.writer,
            emit=self.events.append,
            rtp_timeout=2.0,
            random_bits=random_bits,
            board=board,
            tick=self.tick,
        )

    @property
    def now(self) -> float:
        return self.tick * 0.02

    def do(self, command: m.AnyCommand) -> None:
        self.pump.handle(command, now=self.now)

    def open(self, stream: int = 0, **changes: Any) -> None:
        self.do(m.Open(stream, 20000 + 2 * stream))
        self.connect(stream, **changes)

    def connect(self, stream: int = 0, **changes: Any) -> None:
        settings: dict[str, Any] = {
            "host": FAR[0],
            "port": FAR[1],
            "payload_type": 0,
            "codec": "PCMU",
            "receive_payload_types": {0: "PCMU", 8: "PCMA"},
            "event_payload_type": EVENTS,
            "receive_event_payload_type": EVENTS,
            "send": True,
            "receive": True,
            "ptime_ms": 20,
        }
        self.do(m.Connect(stream, **(settings | changes)))

    def run(self, ticks: int = 1) -> list[RtpPacket]:
        """Let that many ticks pass; return what they sent."""
        self.wire.sent.clear()
        for _ in range(ticks):
            self.tick += 1
            self.pump.send(self.tick, now=self.now)
            self.pump.receive(now=self.now)
            self.pump.handle_timers(now=self.now)
        return [packet for _, _, packet in self.wire.sent]

    def hear(
        self,
        number: int,
        payload: bytes = b"\x80" * 160,
        *,
        stream: int = 0,
        payload_type: int = 0,
        source: tuple[str, int] = FAR,
        timestamp: int | None = None,
        marker: bool = False,
    ) -> None:
        """Let a packet arrive in time for the next tick."""
        packet = RtpPacket(
            payload_type=payload_type,
            sequence=number,
            timestamp=number * 160 if timestamp is None else timestamp,
            ssrc=77,
            payload=payload,
            marker=marker,
        )
        self.wire.coming.append((stream, pack_address(*source), packet.serialize()))

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def finish_recordings(self) -> list[m.RecordingFinished]:
        self.writer.close(timeout=10)
        self.pump.handle_timers(now=self.now)
        return self.seen(m.RecordingFinished)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.writer.close(timeout=10)


@pytest.fixture
def sound(tmp_path: Path) -> str:
    path = tmp_path / "sound.ulaw"
    path.write_bytes(np.random.default_rng(1).integers(0, 255, 1600, np.uint8).tobytes())
    return str(path)


def payloads(packets: list[RtpPacket]) -> bytes:
    return b"".join(packet.payload for packet in packets)


# Sending.


def test_connected_stream_sends_silence_from_the_first_tick_on(bench: Bench) -> None:
    bench.open()

    packets = bench.run(3)

    assert payloads(packets) == b"\xff" * 480
    assert [packet.marker for packet in packets] == [True, False, False]
    assert [packet.sequence for packet in packets] == [0x7FFE, 0x7FFF, 0x8000]
    steps = {b.timestamp - a.timestamp for a, b in pairwise(packets)}
    assert steps == {160}
    assert {packet.ssrc for packet in packets} == {0xFFFFFFFD}
    assert {address for _, address, _ in bench.wire.sent} == {pack_address(*FAR)}


def test_sequence_and_timestamp_wrap() -> None:
    bench = Bench(random_bits=lambda _: 0xFFFD)
    bench.open()
    bench.tick = (1 << 32) // 160 - 410
    packets = bench.run(6)
    bench.writer.close(timeout=10)

    assert [packet.sequence for packet in packets] == [0xFFFE, 0xFFFF, 0, 1, 2, 3]
    steps = [b.timestamp - a.timestamp for a, b in pairwise(packets)]
    assert sorted(steps) == [160 - (1 << 32), 160, 160, 160, 160]


def test_playback_begins_on_the_next_tick_and_is_exact(bench: Bench, sound: str) -> None:
    bench.open()
    bench.run(2)
    bench.do(m.Play(0, 5, [m.PlayFile(sound)], 1))

    packets = bench.run(11)

    assert payloads(packets) == Path(sound).read_bytes() + b"\xff" * 160
    started, finished = bench.events[-2:]
    assert started == m.PlaybackStarted(stream=0, at=1003 * 0.02, playback=5)
    assert finished == m.PlaybackFinished(
        stream=0, at=1013 * 0.02, playback=5, reason="completed", played_ms=200
    )


def test_stopped_playback_gives_way_to_silence(bench: Bench, sound: str) -> None:
    bench.open()
    bench.do(m.Play(0, 5, [m.PlayFile(sound)], 1))
    bench.run(4)
    bench.do(m.StopPlayback(0, 4))  # another one: no effect
    bench.do(m.StopPlayback(0, None))

    assert payloads(bench.run(2)) == b"\xff" * 320
    (finished,) = bench.seen(m.PlaybackFinished)
    assert (finished.reason, finished.played_ms) == ("stopped", 80)


def test_second_playback_replaces_the_first(bench: Bench, sound: str) -> None:
    bench.open()
    bench.do(m.Play(0, 1, [m.PlaySilence(1000)], 1))
    bench.run(3)
    bench.do(m.Play(0, 2, [m.PlayFile(sound)], 1))

    assert payloads(bench.run(2)) == Path(sound).read_bytes()[:320]
    (finished,) = bench.seen(m.PlaybackFinished)
    assert (finished.playback, finished.reason, finished.played_ms) == (1, "stopped", 60)


def test_playback_of_a_missing_file_fails(bench: Bench) -> None:
    bench.open()
    bench.do(m.Play(0, 1, [m.PlayFile("/no/such.ulaw")], 1))

    (finished,) = bench.seen(m.PlaybackFinished)
    assert (finished.reason, finished.played_ms) == ("failed", 0)
    assert finished.error == "/no/such.ulaw: No such file or directory"
    assert payloads(bench.run(1)) == b"\xff" * 160


def test_a_law_stream_sends_a_law(bench: Bench, sound: str) -> None:
    bench.open(payload_type=8, codec="PCMA")
    assert payloads(bench.run(1)) == b"\xd5" * 160
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], 1))

    packets = bench.run(10)

    expected = g711.ULAW_TO_ALAW[np.frombuffer(Path(sound).read_bytes(), np.uint8)]
    assert payloads(packets) == expected.tobytes()
    assert {packet.payload_type for packet in packets} == {8}


def test_playback_goes_on_when_the_codec_changes(bench: Bench, sound: str) -> None:
    bench.open()
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], 1))
    bench.run(4)
    bench.connect(payload_type=8, codec="PCMA")

    expected = g711.ULAW_TO_ALAW[np.frombuffer(Path(sound).read_bytes()[640:], np.uint8)]
    assert payloads(bench.run(6)) == expected.tobytes()


def test_held_stream_is_silent_on_the_wire_and_resumes_where_it_was(
    bench: Bench, sound: str
) -> None:
    bench.open()
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], 1))
    before = bench.run(3)
    bench.connect(send=False)
    assert bench.run(10) == []
    bench.connect()

    after = bench.run(7)

    assert payloads(before + after) == Path(sound).read_bytes()
    assert after[0].sequence == before[-1].sequence + 1
    assert (after[0].timestamp - before[-1].timestamp) & 0xFFFFFFFF == 11 * 160
    assert [packet.marker for packet in after[:2]] == [True, False]


@pytest.mark.parametrize("where", [("0.0.0.0", 4000), ("192.0.2.1", 0)])
def test_nothing_is_sent_to_nowhere(bench: Bench, where: tuple[str, int]) -> None:
    bench.open(host=where[0], port=where[1])

    assert bench.run(2) == []


@pytest.mark.parametrize("ptime_ms", [40, 60])
def test_longer_packets_leave_less_often(bench: Bench, sound: str, ptime_ms: int) -> None:
    bench.open(ptime_ms=ptime_ms)
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], 1))

    packets = bench.run(12)

    assert len(packets) == 240 // ptime_ms
    assert payloads(packets)[:1600] == Path(sound).read_bytes()
    assert packets[1].timestamp - packets[0].timestamp == ptime_ms * 8


def test_digits_interrupt_the_playback_which_then_goes_on(bench: Bench, sound: str) -> None:
    bench.open()
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], 1))
    before = bench.run(2)
    bench.do(m.SendDigits(0, "1", 100, 60))

    digits = bench.run(8)

    after = bench.run(8)
    events = [packet for packet in digits if packet.payload_type == EVENTS]
    assert payloads(before + after) == Path(sound).read_bytes()
    assert [EventPayload.parse(e.payload).end for e in events] == [False] * 4 + [True] * 3
    assert {e.timestamp for e in events} == {(before[-1].timestamp + 160) & 0xFFFFFFFF}
    assert [e.marker for e in events] == [True] + [False] * 6
    sequences = [packet.sequence for packet in before + digits + after]
    assert sequences == list(range(sequences[0], sequences[0] + 18))
    assert digits[7].payload == b"\xff" * 160
    (sent,) = bench.seen(m.DigitsSent)
    assert sent.at == pytest.approx(1010 * 0.02)
    assert bench.seen(m.PlaybackFinished) == []
    bench.run(1)
    assert bench.seen(m.PlaybackFinished)[0].played_ms == 200


def test_playback_asked_for_while_digits_are_sent_waits_for_them(bench: Bench, sound: str) -> None:
    bench.open()
    bench.do(m.SendDigits(0, "1", 100, 60))
    bench.run(3)
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], 1))
    bench.do(m.SendDigits(0, "2", 100, 60))

    bench.run(13)

    assert len(bench.seen(m.DigitsSent)) == 1
    assert payloads(bench.run(10)) == Path(sound).read_bytes()


def test_digits_break_off_when_the_far_end_takes_none_any_more(bench: Bench) -> None:
    bench.open()
    bench.do(m.SendDigits(0, "123", 100, 60))
    bench.run(2)
    bench.connect(event_payload_type=None)

    assert payloads(bench.run(3)) == b"\xff" * 480
    assert "digits broken off" in bench.seen(m.StreamFailed)[0].reason


# Receiving.


def test_first_packet_is_reported_once(bench: Bench) -> None:
    bench.open()
    for number in range(3):
        bench.hear(number)
        bench.run()

    assert len(bench.seen(m.FirstPacketReceived)) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x00" * 172,
        b"\x80\x03" + b"\x00" * 170,  # payload type not agreed
        b"\x90\x00" + b"\x00" * 10 + b"\xbe\xde\xff\xff",
    ],
)
def test_what_is_not_agreed_is_neither_heard_nor_followed(bench: Bench, data: bytes) -> None:
    bench.open()
    bench.wire.coming.append((0, pack_address("192.0.2.66", 6), data))
    bench.run(2)

    assert bench.seen(m.FirstPacketReceived) == []
    assert {address for _, address, _ in bench.wire.sent} == {pack_address(*FAR)}


def test_media_goes_to_where_the_first_packet_came_from(bench: Bench) -> None:
    nat, intruder = ("198.51.100.9", 1234), ("203.0.113.5", 5)
    bench.open()
    bench.hear(0, source=nat)
    bench.run()
    bench.hear(1, source=intruder)
    bench.run(2)
    assert {address for _, address, _ in bench.wire.sent} == {pack_address(*nat)}

    bench.connect()  # the same address again: what was learnt stays
    bench.run(1)
    assert {address for _, address, _ in bench.wire.sent} == {pack_address(*nat)}

    bench.connect(port=4002)  # another one: learnt anew
    bench.run(1)
    assert {address for _, address, _ in bench.wire.sent} == {pack_address(FAR[0], 4002)}


def test_another_port_is_taken_after_the_first_has_fallen_silent(bench: Bench) -> None:
    other = (FAR[0], 1234)
    bench.open()
    bench.hear(0)
    bench.run(49)
    bench.hear(1, source=other)
    bench.run(2)
    assert {address for _, address, _ in bench.wire.sent} == {pack_address(*FAR)}

    bench.hear(2, source=other)
    bench.run(2)
    assert bench.wire.sent[-1][1] == pack_address(*other)


def test_another_host_is_never_taken_once_the_far_end_has_been_heard(bench: Bench) -> None:
    nat, intruder = ("198.51.100.9", 1234), ("203.0.113.5", 5)
    bench.open()
    bench.hear(0, source=nat)
    bench.run(500)  # ten seconds of silence, on hold for instance
    for number in range(1, 50):
        bench.hear(number, source=intruder)
        bench.run()
    assert {address for _, address, _ in bench.wire.sent} == {pack_address(*nat)}
    assert bench.pump.receiver.packets_received == 1


def test_who_was_faster_than_the_far_end_is_turned_out_by_it(bench: Bench) -> None:
    intruder = ("203.0.113.5", 5)
    bench.open()
    bench.hear(0, source=intruder)
    bench.run()
    bench.hear(1)
    bench.hear(1, source=intruder)
    bench.run(2)
    bench.hear(2, source=intruder)
    bench.run(2)

    assert bench.wire.sent[-1][1] == pack_address(*FAR)
    assert bench.pump.receiver.packets_received == 2  # the first of each


def test_digits_are_reported_and_counted_as_no_audio(bench: Bench) -> None:
    bench.open()
    for number, (duration, end) in enumerate([(160, False), (320, True), (320, True)]):
        payload = EventPayload(5, end, 10, duration).serialize()
        bench.hear(number, payload, payload_type=EVENTS, timestamp=0, marker=number == 0)
        bench.run()

    (digit,) = bench.seen(m.DigitReceived)
    assert digit == m.DigitReceived(stream=0, at=1002 * 0.02, digit="5", duration_ms=40)


def test_digit_whose_end_was_lost_is_reported_after_a_while(bench: Bench) -> None:
    bench.open()
    bench.hear(0, EventPayload(5, False, 10, 160).serialize(), payload_type=EVENTS, marker=True)
    bench.run(6)
    assert bench.seen(m.DigitReceived) == []
    bench.run(2)

    assert [digit.digit for digit in bench.seen(m.DigitReceived)] == ["5"]


def test_silence_on_the_wire_is_reported_and_its_end(bench: Bench) -> None:
    bench.open()
    bench.hear(0)
    bench.run(80)
    assert bench.seen(m.RtpTimeout) == []
    bench.run(200)
    (timeout,) = bench.seen(m.RtpTimeout)
    assert 2.0 < timeout.seconds <= 2.21

    bench.hear(1)
    bench.run(1)

    assert len(bench.seen(m.RtpResumed)) == 1
    assert len(bench.seen(m.FirstPacketReceived)) == 1


def test_stream_that_is_not_to_receive_does_not_time_out(bench: Bench) -> None:
    bench.open(receive=False)
    bench.hear(0)
    bench.run(300)
    assert bench.seen(m.RtpTimeout) == bench.seen(m.FirstPacketReceived) == []

    bench.connect()  # counts from here
    bench.run(90)
    assert bench.seen(m.RtpTimeout) == []


def test_several_packets_of_a_stream_in_one_tick_are_all_taken(bench: Bench) -> None:
    bench.open(0)
    bench.open(1)
    for number in (0, 2, 1, 3, 3):
        bench.hear(number, stream=1)
        bench.hear(number * 2, stream=0)
    bench.run()
    bench.do(m.Close(0))
    bench.do(m.Close(1))

    sparse, dense = [event.stats for event in bench.seen(m.StreamClosed)]
    assert (dense.packets_received, dense.packets_lost) == (4, 0)
    assert (dense.packets_reordered, dense.packets_duplicate) == (1, 1)
    assert (sparse.packets_received, sparse.packets_lost) == (4, 3)


# Recording.


def test_recording_of_a_disordered_stream_equals_the_original(bench: Bench, tmp_path: Path) -> None:
    original = np.random.default_rng(5).integers(0, 256, 100 * 160, np.uint8).tobytes()
    path = tmp_path / "heard.wav"
    bench.open()
    bench.do(m.StartRecording(0, 3, str(path), "received", None))
    order = [n ^ 1 if n % 10 < 8 else n for n in range(100)]
    for n in order:
        bench.hear(n, original[n * 160 : n * 160 + 160])
        if n % 7 == 0:
            bench.hear(n, original[n * 160 : n * 160 + 160])
        bench.run()
    bench.do(m.StopRecording(0, 3))

    (finished,) = bench.finish_recordings()
    heard = wav.read(path.read_bytes()).mono()
    expected = g711.decode_ulaw(original)
    # The first to arrive was packet 1, at 160: packet 0 came just in time before it.
    begin = 160 if order[0] == 0 else 0
    assert heard[begin : begin + len(expected)].tolist() == expected.tolist()
    assert finished.error is None
    assert finished.seconds == pytest.approx(len(heard) / 8000)


def test_recording_keeps_silence_where_nothing_came(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    bench.open()
    bench.do(m.StartRecording(0, 3, str(path), "received", None))
    bench.run(99)
    bench.hear(0)
    bench.run(101)
    bench.do(m.StopRecording(0, 3))
    bench.finish_recordings()

    heard = wav.read(path.read_bytes()).mono()
    assert len(heard) == 200 * 160
    loud = np.nonzero(heard)[0]
    assert (loud[0], loud[-1]) == (100 * 160, 101 * 160 - 1)


def test_mixed_recording_holds_both_sides_in_time(bench: Bench, tmp_path: Path, sound: str) -> None:
    path = tmp_path / "both.wav"
    bench.open(payload_type=8, codec="PCMA")
    bench.do(m.StartRecording(0, 3, str(path), "mixed", None))
    bench.run(9)
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], 1))
    for number in range(10):
        bench.hear(number, b"\xaa" * 160, payload_type=8)
        bench.run()
    bench.do(m.SendDigits(0, "1", 100, 60))
    bench.run(10)
    bench.do(m.StopRecording(0, 3))
    bench.finish_recordings()

    heard = wav.read(path.read_bytes()).mono().astype(int)
    said = g711.ULAW_TO_ALAW[np.frombuffer(Path(sound).read_bytes(), np.uint8)]
    both = g711.ALAW_DECODE[said].astype(int) + int(g711.ALAW_DECODE[0xAA])
    assert heard[1600:3200].tolist() == np.clip(both, -32768, 32767).tolist()
    assert np.abs(heard[:1600]).max() <= 16


def test_separate_recording_holds_each_side_on_its_channel(
    bench: Bench, tmp_path: Path, sound: str
) -> None:
    path = tmp_path / "both.wav"
    bench.open()
    bench.do(m.StartRecording(0, 1, str(path), "separate", None))
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], 1))
    for number in range(10):
        bench.hear(number, b"\x80" * 160)
        bench.run()
    bench.do(m.StopRecording(0, 1))
    bench.finish_recordings()

    received, sent = wav.read(path.read_bytes()).samples.T
    played = g711.decode_ulaw(Path(sound).read_bytes())
    assert sent.tobytes() in played.tobytes() or played[:1440].tobytes() in sent.tobytes()
    assert set(received.tolist()) <= {0, int(g711.ULAW_DECODE[0x80])}
    assert (received != 0).mean() > 0.7


@pytest.mark.parametrize(("payload_type", "loud"), [(0, 0x80), (8, 0x2A)])
def test_silence_is_told_once_when_the_far_end_has_stopped_to_speak(
    bench: Bench, payload_type: int, loud: int
) -> None:
    bench.open()
    bench.do(m.WatchSilence(0, 0.4))
    for number in range(50):
        bench.hear(number, bytes([loud, loud ^ 0x80]) * 80, payload_type=payload_type)
        bench.run()
    assert bench.seen(m.SilenceHeard) == []
    spoken_until = bench.now

    bench.run(60)

    (heard,) = bench.seen(m.SilenceHeard)
    assert heard.at - spoken_until == pytest.approx(0.4, abs=0.1)
    assert heard.seconds == 0.4


def hear_tones(bench: Bench, key: str, *, first: int) -> None:
    """Let a key arrive as tones, and silence after it."""
    audio = np.concatenate([tones.dtmf(key, 100), np.zeros(1600, np.int16)])
    coded = g711.encode_ulaw(audio).tobytes()
    for number in range(len(coded) // 160):
        bench.hear(first + number, coded[number * 160 : (number + 1) * 160])
        bench.run()


def test_keys_that_come_as_tones_are_told_while_they_are_listened_for(bench: Bench) -> None:
    bench.open()
    hear_tones(bench, "1", first=0)
    assert bench.seen(m.DigitReceived) == []

    bench.do(m.ListenForKeys(0))
    hear_tones(bench, "2", first=20)
    bench.do(m.StopListeningForKeys(0))
    hear_tones(bench, "3", first=40)

    (key,) = bench.seen(m.DigitReceived)
    assert (key.digit, key.is_tone) == ("2", True)
    assert key.duration_ms == pytest.approx(100, abs=25)


def test_key_that_comes_as_an_event_and_as_tones_is_told_once(bench: Bench) -> None:
    bench.open()
    bench.do(m.ListenForKeys(0))
    event = EventPayload(event=5, end=True, volume=10, duration=800)
    bench.hear(0, event.serialize(), payload_type=EVENTS, marker=True)
    bench.run()

    hear_tones(bench, "5", first=1)
    bench.do(m.ListenForKeys(0))
    hear_tones(bench, "5", first=30)

    (key,) = bench.seen(m.DigitReceived)
    assert (key.digit, key.is_tone) == ("5", False)


def test_silence_is_not_told_to_whoever_waits_no_more(bench: Bench) -> None:
    bench.open()
    bench.open(1)
    for stream in (0, 1):
        bench.do(m.WatchSilence(stream, 0.4))
    bench.run(10)
    bench.do(m.StopWatchingSilence(0))
    bench.do(m.StopWatchingSilence(0))
    bench.do(m.Close(1))
    bench.run(60)

    assert bench.seen(m.SilenceHeard) == []


def test_audio_in_the_other_codec_is_recorded_too(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    bench.open()
    bench.do(m.StartRecording(0, 3, str(path), "received", None))
    bench.hear(0, b"\x80" * 160)
    bench.run()
    bench.hear(1, b"\xaa" * 160, payload_type=8)
    bench.run()
    bench.do(m.StopRecording(0, 3))
    bench.finish_recordings()

    heard = wav.read(path.read_bytes()).mono()
    loudest = g711.ULAW_DECODE[0x80]
    assert heard[160:].tolist() == [loudest] * 320


def test_recording_ends_to_the_sample_at_its_limit(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    bench.open()
    bench.do(m.StartRecording(0, 3, str(path), "received", 0.5123))
    bench.run(26)
    bench.do(m.StopRecording(0, 3))  # already over

    (finished,) = bench.finish_recordings()
    assert finished.seconds == pytest.approx(0.5123, abs=0.0001)


def test_two_recordings_of_a_stream_run_at_a_time_and_no_third(
    bench: Bench, tmp_path: Path
) -> None:
    bench.open()
    for number in range(3):
        path = str(tmp_path / f"{number}.wav")
        bench.do(m.StartRecording(0, number, path, "received", None))
    assert "2 recordings" in str(bench.seen(m.RecordingFinished)[0].error)
    bench.hear(0)
    bench.run()
    bench.do(m.StopRecording(0, 0))
    bench.hear(1)
    bench.run()
    bench.do(m.Close(0))
    bench.finish_recordings()

    lengths = [
        np.count_nonzero(wav.read((tmp_path / f"{n}.wav").read_bytes()).mono()) for n in (0, 1)
    ]
    assert lengths == [160, 320]


def test_stream_is_closed_only_after_its_recordings_are_complete(
    bench: Bench, tmp_path: Path
) -> None:
    bench.open()
    bench.do(m.StartRecording(0, 3, str(tmp_path / "heard.wav"), "mixed", None))
    bench.run(5)
    bench.do(m.Close(0))
    assert bench.seen(m.StreamClosed) == []
    assert bench.wire.ports == {}

    bench.finish_recordings()

    assert [type(event) for event in bench.events[-2:]] == [m.RecordingFinished, m.StreamClosed]


def test_unwritable_recording_is_reported(bench: Bench) -> None:
    bench.open()
    bench.do(m.StartRecording(0, 3, "/no/such/heard.wav", "received", None))
    bench.run(5)
    bench.do(m.StopRecording(0, 3))

    (finished,) = bench.finish_recordings()
    assert finished.error == "/no/such/heard.wav: No such file or directory"


# Streams.


def test_closed_stream_ends_its_playback_and_is_silent(bench: Bench, sound: str) -> None:
    bench.open()
    bench.do(m.Play(0, 1, [m.PlayFile(sound)], None))
    bench.run(3)
    bench.do(m.SendDigits(0, "1", 100, 60))
    bench.run(1)
    bench.do(m.Close(0))
    bench.do(m.Play(0, 2, [m.PlayFile(sound)], 1))  # too late

    assert bench.run(2) == []
    finished, closed = bench.events[-2:]
    assert (finished.playback, finished.reason, finished.played_ms) == (1, "stopped", 60)
    assert closed.stats == m.StreamStats(packets_sent=4)
    assert bench.pump.streams == 0


def test_row_used_again_remembers_nothing(bench: Bench, sound: str) -> None:
    bench.open(ptime_ms=60)
    bench.do(m.SendDigits(0, "1", 100, 60))
    bench.hear(5, source=("198.51.100.9", 1))
    bench.run(1)
    bench.do(m.Close(0))
    bench.events.clear()
    bench.open(1)
    bench.hear(1)

    packets = bench.run(2)

    assert [len(packet.payload) for packet in packets] == [160, 160]
    assert packets[0].marker
    assert {address for _, address, _ in bench.wire.sent} == {pack_address(*FAR)}
    assert len(bench.seen(m.FirstPacketReceived)) == 1


def test_port_that_is_taken_is_the_answer_to_open(bench: Bench) -> None:
    bench.wire.taken.add(20000)
    bench.do(m.Open(0, 20000))

    (answer,) = bench.seen(m.StreamOpened)
    assert (answer.errno, answer.error) == (98, "Address already in use")
    bench.open(1)
    assert len(bench.run(1)) == 1


def test_stream_on_a_reserved_port_is_made_without_an_answer(bench: Bench) -> None:
    bench.do(m.Reserve(20000))
    bench.do(m.OpenReserved(0, 20000))
    bench.connect(0)

    assert bench.seen(m.PortReserved) == [m.PortReserved(port=20000)]
    assert not bench.seen(m.StreamOpened)
    assert len(bench.run(1)) == 1


def test_pump_is_idle_from_the_first_tick_without_a_stream(bench: Bench) -> None:
    idle = [bench.pump.is_idle]
    bench.open()
    idle.append(bench.pump.is_idle)
    bench.run(1)
    bench.do(m.Close(0))
    idle.append(bench.pump.is_idle)  # its socket is still to be let go of
    bench.run(1)
    idle.append(bench.pump.is_idle)
    bench.open(1)
    bench.do(m.Close(1))
    idle.append(bench.pump.is_idle)

    assert idle == [True, False, False, True, True]


def test_port_that_cannot_be_reserved_is_told(bench: Bench) -> None:
    bench.wire.taken.add(20000)
    bench.do(m.Reserve(20000))

    assert bench.seen(m.PortReserved) == [m.PortReserved(port=20000, errno=98)]


def test_stream_beyond_the_room_is_refused(bench: Bench) -> None:
    for stream in range(9):
        bench.open(stream)

    assert [answer.errno for answer in bench.seen(m.StreamOpened)] == [0] * 8 + [24]


def test_far_end_that_another_stream_has_is_refused(bench: Bench) -> None:
    bench.open()
    bench.connect(host="192.0.2.99", port=1)

    assert "already talks to" in bench.seen(m.StreamFailed)[0].reason
    bench.run(1)
    assert [address for _, address, _ in bench.wire.sent] == [pack_address(*FAR)]
