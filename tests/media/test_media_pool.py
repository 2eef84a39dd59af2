"""Worker processes and real sockets on loopback."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, TypeVar, cast

import numpy as np
import psutil
import pytest
import uvloop

from ringcast.audio import g711, wav
from ringcast.media import (
    DigitReceived,
    DigitsSent,
    FirstPacketReceived,
    LocalAddress,
    MediaEvent,
    MediaPool,
    MediaUnavailable,
    NoEventsAgreed,
    NoPortsLeft,
    PlaybackFinished,
    PlaybackStarted,
    PlayFile,
    RecordingFinished,
    RtpResumed,
    RtpTimeout,
    StreamClosed,
    UnknownStream,
    WorkerLost,
)
from ringcast.protocols.rtp import EventPayload, EventReceiver, RtpPacket

EVENTS = 101
TRANSPORTS: dict[str, dict[str, bool]] = {
    "own ports": {},
    "own ports without io_uring": {"io_uring": False},
    "shared ports": {"shared_ports": True},
}
Kind = TypeVar("Kind")


def free_range(ports: int) -> range:
    """Return a range of ports nobody has, below those the system gives to sockets of any kind."""
    for _ in range(200):
        first = 2 * random.randrange(5100, 14000)
        with ExitStack() as stack:
            try:
                for port in range(first, first + ports):
                    sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        return range(first, first + ports)
    raise AssertionError("no free ports")


class Events:
    """What a pool reports."""

    def __init__(self) -> None:
        self.all: list[MediaEvent] = []
        self._changed = asyncio.Event()

    def note(self, event: MediaEvent) -> None:
        self.all.append(event)
        self._changed.set()

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.all if isinstance(event, kind)]

    async def wait(self, kind: type[Kind], *, count: int = 1, seconds: float = 10) -> list[Kind]:
        """Wait until there are so many events of a kind."""
        async with asyncio.timeout(seconds):
            while len(self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.of(kind)


async def until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait for what no event tells; fail after that time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is nothing to wait on
            await asyncio.sleep(0.01)


class Phone(asyncio.DatagramProtocol):
    """A far end in plain Python."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, RtpPacket]] = []
        self.sent = 0
        self.to: tuple[str, int] = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # 3.11's has no such base

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.heard.append((time.monotonic(), RtpPacket.parse(data)))

    @property
    def address(self) -> tuple[str, int]:
        assert self._transport is not None
        address: tuple[str, int] = self._transport.get_extra_info("sockname")
        return address

    def send(
        self,
        payload: bytes,
        *,
        number: int | None = None,
        payload_type: int = 0,
        timestamp: int | None = None,
        marker: bool = False,
    ) -> None:
        number = self.sent if number is None else number
        self.sent += 1
        timestamp = number * 160 if timestamp is None else timestamp
        packet = RtpPacket(payload_type, number & 0xFFFF, timestamp, 99, payload, marker=marker)
        assert self._transport is not None
        self._transport.sendto(packet.serialize(), self.to)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    @property
    def packets(self) -> list[RtpPacket]:
        return [packet for _, packet in self.heard]

    @property
    def audio(self) -> bytes:
        return b"".join(packet.payload for packet in self.packets if packet.payload_type != EVENTS)


class Rig:
    """A pool, its events, and phones."""

    def __init__(self, **settings: Any) -> None:
        self.events = Events()
        arguments: dict[str, Any] = {
            "workers": 1,
            "host": "127.0.0.1",
            "ports": free_range(40),
        } | settings
        self.pool = MediaPool(on_event=self.events.note, **arguments)
        self._phones: list[Phone] = []

    async def phone(self) -> Phone:
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(Phone, local_addr=("127.0.0.1", 0))
        self._phones.append(phone)
        return phone

    async def call(self, stream: int = 1, **changes: Any) -> Phone:
        """Open a stream, connect it to a new phone and wait until that hears it."""
        phone = await self.phone()
        address = await self.pool.open(stream)
        phone.to = (address.host, address.port)
        self.connect(stream, phone, **changes)
        await until(lambda: bool(phone.heard))
        return phone

    def connect(self, stream: int, phone: Phone, **changes: Any) -> None:
        settings: dict[str, Any] = {
            "remote": phone.address,
            "payload_type": 0,
            "codec": "PCMU",
            "receive_payload_types": {0: "PCMU", 8: "PCMA"},
            "event_payload_type": EVENTS,
            "receive_event_payload_type": EVENTS,
        }
        self.pool.connect(stream, **(settings | changes))

    async def close(self) -> None:
        await self.pool.close()
        for phone in self._phones:
            phone.close()


@asynccontextmanager
async def rigged(**settings: Any) -> AsyncIterator[Rig]:
    rig = Rig(**settings)
    await rig.pool.start()
    try:
        yield rig
    finally:
        await rig.close()


@pytest.fixture(params=TRANSPORTS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rigged(**TRANSPORTS[request.param]) as rig:
        yield rig


@pytest.fixture
def sounds(tmp_path: Path) -> list[Path]:
    """Three files of odd lengths, 1.1 s together; no sample is silence."""
    paths = []
    for number, size in enumerate((4001, 37, 4999)):
        path = tmp_path / f"{number}.ulaw"
        samples = np.random.default_rng(number).integers(0, 255, size, np.uint8)
        path.write_bytes(samples.tobytes())
        paths.append(path)
    return paths


async def test_three_files_arrive_exactly_in_order_every_20_ms(
    rig: Rig, sounds: list[Path]
) -> None:
    phone = await rig.call()
    rig.pool.play(1, 7, [PlayFile(str(path)) for path in sounds])
    (finished,) = await rig.events.wait(PlaybackFinished)
    await asyncio.sleep(0.1)

    original = b"".join(path.read_bytes() for path in sounds)
    begin = phone.audio.index(original[:160])
    assert begin % 160 == 0
    assert phone.audio[begin : begin + len(original)] == original
    assert (finished.playback, finished.reason) == (7, "completed")
    assert finished.played_ms == len(original) // 8
    assert [event.playback for event in rig.events.of(PlaybackStarted)] == [7]
    for one, two in pairwise(phone.packets):
        assert (two.sequence - one.sequence) & 0xFFFF == 1
        assert (two.timestamp - one.timestamp) & 0xFFFFFFFF == 160
        assert two.ssrc == one.ssrc
    times = [at for at, _ in phone.heard]
    assert median(b - a for a, b in pairwise(times)) == pytest.approx(0.02, abs=0.004)
    assert times[-1] - times[0] == pytest.approx(0.02 * (len(times) - 1), abs=0.15)


async def test_playback_stops_in_mid_file_and_another_replaces_it(
    rig: Rig, sounds: list[Path]
) -> None:
    phone = await rig.call()
    rig.pool.play(1, 1, [PlayFile(str(sounds[0]))])
    await asyncio.sleep(0.2)
    rig.pool.play(1, 2, [PlayFile(str(sounds[2]))])
    await asyncio.sleep(0.2)
    rig.pool.stop_playback(1, 2)
    first, second = await rig.events.wait(PlaybackFinished, count=2)
    await asyncio.sleep(0.1)

    assert (first.playback, first.reason) == (1, "stopped")
    assert (second.playback, second.reason) == (2, "stopped")
    one = sounds[0].read_bytes()[: first.played_ms * 8]
    two = sounds[2].read_bytes()[: second.played_ms * 8]
    assert 40 <= first.played_ms < 500
    assert one + two + b"\xff" * 160 in phone.audio


async def test_a_law_call_hears_a_law(rig: Rig, sounds: list[Path]) -> None:
    phone = await rig.call(payload_type=8, codec="PCMA")
    rig.pool.play(1, 1, [PlayFile(str(path)) for path in sounds])
    await rig.events.wait(PlaybackFinished)
    await asyncio.sleep(0.1)

    original = np.frombuffer(b"".join(path.read_bytes() for path in sounds), np.uint8)
    assert g711.ULAW_TO_ALAW[original].tobytes() in phone.audio
    assert {packet.payload_type for packet in phone.packets} == {8}


async def test_digits_sent_are_events_of_rfc_4733(rig: Rig) -> None:
    phone = await rig.call()
    rig.pool.send_digits(1, "1w#D", duration_ms=80, gap_ms=60)
    await rig.events.wait(DigitsSent)
    await asyncio.sleep(0.05)

    receiver = EventReceiver()
    digits = []
    begun: dict[int, list[RtpPacket]] = {}
    for at, packet in phone.heard:
        if packet.payload_type == EVENTS:
            begun.setdefault(packet.timestamp, []).append(packet)
            digits += receiver.receive(
                packet.payload, timestamp=packet.timestamp, marker=packet.marker, now=at
            )
    assert [(digit.digit, digit.duration_ms) for digit in digits] == [
        ("1", 80),
        ("#", 80),
        ("D", 80),
    ]
    for packets in begun.values():
        payloads = [EventPayload.parse(packet.payload) for packet in packets]
        assert [packet.marker for packet in packets] == [True] + [False] * 5
        assert [payload.duration for payload in payloads] == [160, 320, 480, 640, 640, 640]
        assert [payload.end for payload in payloads] == [False] * 3 + [True] * 3
    starts = sorted(begun)
    assert starts[2] - starts[1] == 140 * 8
    assert starts[1] - starts[0] == (140 + 500) * 8


async def test_digits_received_are_reported_once_each(rig: Rig) -> None:
    phone = await rig.call()

    def press(event: int, durations: list[int], ends: int, *, at: int, first: bool = True) -> None:
        for i, duration in enumerate(durations):
            payload = EventPayload(event, False, 10, duration).serialize()
            phone.send(payload, payload_type=EVENTS, timestamp=at, marker=first and i == 0)
        for _ in range(ends):
            payload = EventPayload(event, True, 10, durations[-1]).serialize()
            phone.send(payload, payload_type=EVENTS, timestamp=at)

    press(1, [160, 320, 480], 3, at=10_000)
    press(2, [160, 320, 480], 0, at=20_000)  # every end packet lost; the next tells
    press(3, [160, 800], 1, at=30_000)
    for event in (4, 4):  # the same digit twice
        press(event, [800], 3, at=40_000 + phone.sent * 1000)
    await asyncio.sleep(0.05)
    press(0, [*range(1600, 65535, 1600), 65535], 0, at=100_000)  # longer than one event
    press(0, [160, 8000], 3, at=100_000 + 65535, first=False)
    press(11, [480], 0, at=300_000)  # every end packet lost; silence tells
    digits = await rig.events.wait(DigitReceived, count=7)

    assert [(event.digit, event.duration_ms) for event in digits] == [
        ("1", 60),
        ("2", 60),
        ("3", 100),
        ("4", 100),
        ("4", 100),
        ("0", 9191),
        ("#", 60),
    ]
    await asyncio.sleep(0.2)
    assert len(rig.events.of(DigitReceived)) == 7


async def test_recording_of_reordered_and_repeated_packets_equals_the_original(
    rig: Rig, tmp_path: Path
) -> None:
    phone = await rig.call()
    original = np.random.default_rng(5).integers(0, 255, 60 * 160, np.uint8).tobytes()
    path = tmp_path / "heard.wav"
    rig.pool.start_recording(1, 5, str(path), tracks="received")
    await asyncio.sleep(0.05)
    began = time.monotonic()
    for i, number in enumerate([0, 1, *(n ^ 1 for n in range(2, 60))]):
        for _ in range(2 if number % 5 == 0 else 1):
            payload = original[number * 160 : number * 160 + 160]
            phone.send(payload, number=number + 65500, timestamp=number * 160)
        await asyncio.sleep(max(0.0, began + i * 0.02 - time.monotonic()))
    await asyncio.sleep(0.1)
    rig.pool.stop_recording(1, 5)
    (finished,) = await rig.events.wait(RecordingFinished)

    heard = wav.read(path.read_bytes())
    expected = g711.decode_ulaw(original)
    begin = int(np.nonzero(heard.mono())[0][0])
    assert heard.mono()[begin : begin + len(expected)].tolist() == expected.tolist()
    assert finished.error is None
    assert finished.path == str(path)
    assert finished.seconds == pytest.approx(heard.seconds)


async def test_mixed_recording_holds_what_both_said(
    rig: Rig, sounds: list[Path], tmp_path: Path
) -> None:
    phone = await rig.call()
    path = tmp_path / "both.wav"
    rig.pool.start_recording(1, 5, str(path), tracks="mixed")
    rig.pool.play(1, 1, [PlayFile(str(sounds[0]))])
    await rig.events.wait(PlaybackFinished)
    rig.pool.stop_recording(1, 5)
    await rig.events.wait(RecordingFinished)
    said = g711.decode_ulaw(sounds[0].read_bytes())
    both = wav.read(path.read_bytes()).mono()
    begin = int(np.nonzero(both)[0][0])
    assert both[begin : begin + len(said)].tolist() == said.tolist()
    assert len(phone.heard) > 20


async def test_media_follows_the_far_end_to_where_it_comes_from() -> None:
    async with rigged() as rig:
        signalled = await rig.call()
        behind_nat = await rig.phone()
        behind_nat.to = signalled.to
        await until(lambda: len(signalled.heard) > 2)
        behind_nat.send(b"\x80" * 160)
        await until(lambda: len(behind_nat.heard) > 5)

        count = len(signalled.heard)
        stranger = await rig.phone()
        stranger.to = signalled.to
        stranger.send(b"\x80" * 160)
        await until(lambda: len(behind_nat.heard) > 15)
        assert len(signalled.heard) - count <= 1
        assert not stranger.heard

        signalled.send(b"\x80" * 160)  # what comes from where the SDP says is always right
        await until(lambda: len(signalled.heard) > count + 5)
        count = len(behind_nat.heard)
        await until(lambda: len(signalled.heard) > 15)
        assert len(behind_nat.heard) - count <= 1
        assert len(rig.events.of(FirstPacketReceived)) == 1


async def test_held_call_hears_nothing_until_it_is_resumed(rig: Rig, sounds: list[Path]) -> None:
    phone = await rig.call()
    rig.pool.play(1, 1, [PlayFile(str(path)) for path in sounds])
    await until(lambda: len(phone.heard) >= 10)
    rig.connect(1, phone, send=False, receive=False)
    await asyncio.sleep(0.1)
    before = len(phone.heard)
    await asyncio.sleep(0.3)
    assert len(phone.heard) == before
    rig.connect(1, phone)
    await rig.events.wait(PlaybackFinished)
    await asyncio.sleep(0.1)

    assert b"".join(path.read_bytes() for path in sounds) in phone.audio


async def test_silence_on_the_wire_is_reported(rig: Rig) -> None:
    await rig.close()
    async with rigged(rtp_timeout=timedelta(seconds=0.3)) as quick:
        phone = await quick.call()
        phone.send(b"\x80" * 160)
        (timeout,) = await quick.events.wait(RtpTimeout)
        assert 0.3 <= timeout.seconds < 1.5
        phone.send(b"\x80" * 160)
        await quick.events.wait(RtpResumed)


async def test_closed_stream_tells_what_went_over_the_wire(rig: Rig) -> None:
    phone = await rig.call()
    for number in (0, 1, 2, 5, 4, 4):
        phone.send(b"\x80" * 160, number=number)
    await rig.events.wait(FirstPacketReceived)
    await asyncio.sleep(0.3)
    rig.pool.close_stream(1)
    (closed,) = await rig.events.wait(StreamClosed)
    await asyncio.sleep(0.1)

    assert closed.stats.packets_sent == len(phone.heard) >= 10
    assert closed.stats.packets_received == 5
    assert closed.stats.packets_lost == 1
    assert closed.stats.packets_reordered == 1
    assert closed.stats.packets_duplicate == 1
    with pytest.raises(UnknownStream):
        rig.pool.play(1, 1, [])
    with pytest.raises(UnknownStream):
        rig.pool.close_stream(1)


async def test_many_streams_each_hear_their_own_file(rig: Rig, tmp_path: Path) -> None:
    phones = []
    for stream in range(1, 19):
        path = tmp_path / f"{stream}.ulaw"
        path.write_bytes(bytes((stream,)) * 1600)
        phones.append(await rig.call(stream))
        rig.pool.play(stream, stream, [PlayFile(str(path))])
    await rig.events.wait(PlaybackFinished, count=18)

    for stream, phone in enumerate(phones, 1):
        # The event may overtake the last packet.
        await until(lambda: len(phone.audio.replace(b"\xff", b"")) >= 1600)  # noqa: B023 - right here
        assert phone.audio.replace(b"\xff", b"") == bytes((stream,)) * 1600


async def test_first_packet_of_a_playback_leaves_soon(rig: Rig, sounds: list[Path]) -> None:
    delays = []
    for stream in range(1, 13):
        phone = await rig.phone()
        await rig.pool.open(stream)
        asked = time.monotonic()
        rig.connect(stream, phone)
        rig.pool.play(stream, 1, [PlayFile(str(sounds[0]))])
        await until(lambda: bool(phone.heard))  # noqa: B023 - awaited right here
        delays.append(phone.heard[0][0] - asked)
        assert phone.heard[0][1].payload == sounds[0].read_bytes()[:160]

    assert median(delays) <= 0.04


# Ports.


async def test_ports_run_out_and_come_back() -> None:
    ports = free_range(8)
    async with rigged(ports=ports) as rig:
        addresses = [await rig.pool.open(stream) for stream in range(4)]
        assert [address.port % 2 for address in addresses] == [0] * 4
        assert {address.port for address in addresses} <= set(ports)
        with pytest.raises(NoPortsLeft):
            await rig.pool.open(4)
        rig.pool.close_stream(2)
        await rig.events.wait(StreamClosed)

        assert await rig.pool.open(5) == addresses[2]


async def test_the_port_of_a_stream_that_closes_is_waited_for_where_it_is_the_only_one() -> None:
    async with rigged(ports=free_range(2)) as rig:
        address = await rig.pool.open(1)
        rig.pool.close_stream(1)

        assert await rig.pool.open(2) == address
        with pytest.raises(NoPortsLeft):
            await rig.pool.open(3)


async def test_every_port_is_used_before_there_are_none_left() -> None:
    async with rigged(workers=2, ports=free_range(64)) as rig:
        await asyncio.sleep(0.1)  # both have reserved some

        ports = {(await rig.pool.open(stream)).port for stream in range(32)}

        assert len(ports) == 32
        with pytest.raises(NoPortsLeft):
            await rig.pool.open(32)


async def test_ports_reserved_by_a_worker_that_dies_come_back() -> None:
    async with rigged(ports=free_range(64)) as rig:
        for lives in range(1, 4):
            await rig.pool.open(-lives)
            os.kill(rig.pool.worker_pids[0], signal.SIGKILL)
            await rig.events.wait(WorkerLost, count=lives)
            await until(lambda: bool(rig.pool.worker_pids))

        assert len({(await rig.pool.open(stream)).port for stream in range(32)}) == 32


async def test_port_of_another_program_is_passed_over() -> None:
    ports = free_range(6)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign:
        foreign.bind(("127.0.0.1", ports[0]))
        async with rigged(ports=ports) as rig:
            opened = {await rig.pool.open(1), await rig.pool.open(2)}
            assert opened == {LocalAddress("127.0.0.1", port) for port in (ports[2], ports[4])}
            with pytest.raises(NoPortsLeft):
                await rig.pool.open(3)


async def test_port_can_be_used_at_once_after_a_stream_is_closed(rig: Rig) -> None:
    for stream in range(60):
        await rig.call(stream)
        await asyncio.sleep(0.021 if stream % 3 else 0)
        rig.pool.close_stream(stream)
        await rig.events.wait(StreamClosed, count=stream + 1)


# Commands refused.


async def test_what_no_worker_can_do_is_refused_at_once(rig: Rig) -> None:
    phone = await rig.call(event_payload_type=None)
    with pytest.raises(NoEventsAgreed):
        rig.pool.send_digits(1, "1")
    with pytest.raises(ValueError, match="no DTMF digit"):
        rig.pool.send_digits(1, "x")
    with pytest.raises(ValueError, match="30 ms"):
        rig.connect(1, phone, ptime_ms=30)
    with pytest.raises(ValueError, match="payload types"):
        rig.connect(1, phone, payload_type=128)
    with pytest.raises(ValueError, match="example"):
        rig.connect(1, phone, remote=("example.org", 4000))
    with pytest.raises(ValueError, match="no port"):
        rig.connect(1, phone, remote=("127.0.0.1", 70000))
    with pytest.raises(ValueError, match="longer than"):
        rig.pool.start_recording(1, 1, "x.wav", max_seconds=0)
    with pytest.raises(ValueError, match="already open"):
        await rig.pool.open(1)
    with pytest.raises(UnknownStream):
        rig.connect(2, phone)


# Processes.


async def test_worker_that_is_killed_is_reported_and_replaced_while_others_play_on(
    sounds: list[Path],
) -> None:
    async with rigged(workers=2) as rig:
        phones = {stream: await rig.call(stream) for stream in range(1, 5)}
        for stream in phones:
            rig.pool.play(stream, stream, [PlayFile(str(path)) for path in sounds])
        victim = rig.pool.worker_pids[0]
        await asyncio.sleep(0.2)
        os.kill(victim, signal.SIGKILL)
        (lost,) = await rig.events.wait(WorkerLost)

        assert sorted(lost.streams) == [1, 3]
        with pytest.raises(UnknownStream):
            rig.pool.stop_playback(1)
        finished = await rig.events.wait(PlaybackFinished, count=2)
        await asyncio.sleep(0.1)
        assert sorted(event.stream for event in finished) == [2, 4]
        original = b"".join(path.read_bytes() for path in sounds)
        assert original in phones[2].audio
        assert original in phones[4].audio
        await until(lambda: len(rig.pool.worker_pids) == 2)
        assert victim not in rig.pool.worker_pids
        for stream in range(5, 7):
            phone = await rig.call(stream)
            await until(lambda: bool(phone.heard))  # noqa: B023 - awaited right here
        assert sorted(stats.streams for stats in await rig.pool.stats()) == [2, 2]


async def test_recording_survives_the_kill_of_its_worker(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    async with rigged() as rig:
        phone = await rig.call()
        rig.pool.start_recording(1, 1, str(path), tracks="received")
        for _ in range(120):
            phone.send(b"\x80" * 160)
            await asyncio.sleep(0.02)
        os.kill(rig.pool.worker_pids[0], signal.SIGKILL)
        await rig.events.wait(WorkerLost)

    heard = wav.read(path.read_bytes())
    assert heard.seconds >= 1.0
    loud = heard.mono() == g711.ULAW_DECODE[0x80]
    assert loud[2000:].mean() > 0.9


async def test_recordings_are_complete_when_the_pool_has_closed(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    async with rigged() as rig:
        phone = await rig.call()
        rig.pool.start_recording(1, 1, str(path), tracks="received")
        await asyncio.sleep(0.1)
        for _ in range(5):
            phone.send(b"\x80" * 160)
        await asyncio.sleep(0.1)

    assert np.count_nonzero(wav.read(path.read_bytes()).mono()) == 800
    assert [type(event) for event in rig.events.all[-2:]] == [RecordingFinished, StreamClosed]


async def test_closed_pool_leaves_no_process_and_no_descriptor() -> None:
    async with rigged():
        pass  # what is opened once and kept (selectors, executors) is opened now
    before = psutil.Process().num_fds()
    async with rigged(workers=2) as rig:
        await rig.call()
        pids = rig.pool.worker_pids
        assert len(pids) == 2

    assert not any(psutil.pid_exists(pid) for pid in pids)
    await asyncio.sleep(0.05)  # the loop closes the phone's socket
    assert psutil.Process().num_fds() <= before
    assert rig.events.of(WorkerLost) == []
    with pytest.raises(MediaUnavailable):
        await rig.pool.open(2)


async def test_pool_closes_at_once_while_a_worker_is_starting_again() -> None:
    rig = Rig()
    await rig.pool.start()
    os.kill(rig.pool.worker_pids[0], signal.SIGKILL)
    await rig.events.wait(WorkerLost)
    await asyncio.sleep(0.15)
    children = [  # other tests keep a database server of theirs running
        child for child in psutil.Process().children() if "ringcast.media" in str(child.cmdline())
    ]
    began = time.monotonic()
    await rig.close()

    assert time.monotonic() - began < 5
    assert not any(is_running(child.pid) for child in children)


def test_pool_works_in_uvloop(sounds: list[Path]) -> None:
    async def call() -> None:
        async with rigged(workers=2) as rig:
            phone = await rig.call()
            rig.pool.play(1, 1, [PlayFile(str(path)) for path in sounds])
            await rig.events.wait(PlaybackFinished)
            await asyncio.sleep(0.1)
            assert b"".join(path.read_bytes() for path in sounds) in phone.audio
            os.kill(rig.pool.worker_pids[0], signal.SIGKILL)
            await rig.events.wait(WorkerLost)
            await until(lambda: len(rig.pool.worker_pids) == 2)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(call())


async def test_workers_run_before_other_programs_where_that_is_allowed() -> None:
    expected = os.SCHED_RR if await asyncio.to_thread(may_run_in_real_time) else os.SCHED_OTHER
    async with rigged() as rig:
        (worker,) = rig.pool.worker_pids

        assert os.sched_getscheduler(worker) == expected


def may_run_in_real_time() -> bool:
    """Try it on the thread that calls, and put it back."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


async def test_worker_imports_no_asyncio() -> None:
    code = "import sys, ringcast.media.worker; sys.exit('asyncio' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)

    assert await process.wait() == 0


OWNER = """
import asyncio
from ringcast.media import MediaPool

async def main():
    pool = MediaPool(workers=2, host="127.0.0.1", ports=range({first}, {last}), on_event=print)
    await pool.start()
    print(*pool.worker_pids, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_workers_end_with_the_process_that_owns_them() -> None:
    ports = free_range(10)
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OWNER.format(first=ports.start, last=ports.stop)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert owner.stdout is not None
    async with asyncio.timeout(20):
        pids = [int(pid) for pid in (await owner.stdout.readline()).split()]
    assert len(pids) == 2
    owner.kill()
    await owner.wait()

    await until(lambda: not any(is_running(pid) for pid in pids), seconds=5)


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting to be collected."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_shared_port_of_another_program_is_passed_over() -> None:
    ports = free_range(12)
    with ExitStack() as stack:
        for port in ports[:6]:
            foreign = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            foreign.bind(("127.0.0.1", port))
        async with rigged(ports=ports, shared_ports=True) as rig:
            assert (await rig.pool.open(1)).port in ports[6:]


async def test_range_that_other_programs_have_is_an_error_at_start() -> None:
    ports = free_range(8)
    with ExitStack() as stack:
        for port in ports:
            foreign = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            foreign.bind(("127.0.0.1", port))
        with pytest.raises(NoPortsLeft, match="other programs"):
            await Rig(ports=ports, shared_ports=True).pool.start()


async def test_address_that_is_not_ours_is_an_error_with_its_reason() -> None:
    with pytest.raises(MediaUnavailable, match="Cannot assign requested address"):
        await Rig(host="192.0.2.7", shared_ports=True).pool.start()
    async with rigged(host="192.0.2.7") as rig:
        with pytest.raises(MediaUnavailable, match="Cannot assign requested address"):
            await rig.pool.open(1)


async def test_load_is_told(rig: Rig) -> None:
    await rig.call()
    await rig.pool.stats()
    await asyncio.sleep(0.3)

    (stats,) = await rig.pool.stats()

    assert stats.pid == rig.pool.worker_pids[0]
    assert stats.streams == 1
    assert 5 <= stats.ticks <= 100
    assert 0 < stats.work_ms_mean <= stats.work_ms_max
    assert stats.packets_sent > 0
    assert stats.cpu_seconds > 0
