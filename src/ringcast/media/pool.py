"""The media of an asyncio process: streams spread over worker processes."""

from __future__ import annotations

import asyncio
import errno
import functools
import ipaddress
import os
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from ringcast.audio.detection import DetectionSettings
from ringcast.media import messages as m
from ringcast.media.board import make_board
from ringcast.media.link import Link
from ringcast.media.playback import check_items
from ringcast.media.pool_rooms import PoolRooms
from ringcast.media.pool_worker import ANSWER_TIMEOUT, CAPACITY, PoolStream, PoolWorker
from ringcast.media.ports import PortRange
from ringcast.media.room_messages import RoomEvent
from ringcast.media.worker_process import STOP_TIMEOUT, WorkerProcess
from ringcast.protocols.rtp.events import check_digits

PTIMES_MS = (20, 40, 60)
_TICK_MS = 20.0
_START_TIMEOUT = 20.0
#: How long a stream that closes is waited for, where its port is the only one.
_CLOSING_WAIT = 1.0
#: Ports found taken by other programs before `open` gives up.
_FOREIGN_PORTS = 50


class MediaPool:
    """Streams of RTP, each sent and received by one of `workers` processes.

    `host` is the local IPv4 address of the media, `ports` the range its RTP ports are taken from,
    one even port a stream; with `shared_ports` a few ports serve all streams, and a stream's media
    is told by the address it comes from. `rtp_timeout` is the silence on the wire after which
    `RtpTimeout` is reported. `io_uring` makes ports of their own nearly as cheap as shared ones; it
    is done without where the system does not allow it. `on_event` is called in the loop and must
    not raise.

    Commands are carried out in order, in time for the current or the next 20 ms tick; what becomes
    of them is reported by events. Commands raise `UnknownStream` for a stream that is not open and
    ValueError for what no worker can do.
    """

    def __init__(
        self,
        *,
        workers: int,
        host: str,
        ports: range,
        on_event: Callable[[m.MediaEvent], None],
        shared_ports: bool = False,
        rtp_timeout: timedelta | None = None,
        io_uring: bool = True,
    ) -> None:
        if workers < 1:
            raise ValueError(f"media needs at least one worker, not {workers}")
        if ipaddress.ip_address(host).version != 4:
            raise ValueError(f"media is IPv4 only, not {host}")
        self._host = host
        # In no order: another program of ours on this machine takes from the same range, and what
        # is still sent to the calls of a process that died should not reach those of the next one.
        self._ports = PortRange(ports, shuffle=random.shuffle)
        self._on_event = on_event
        self._rtp_timeout = None if rtp_timeout is None else rtp_timeout.total_seconds()
        self._io_uring = io_uring
        self._port_back = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        self._worker_of: dict[int, PoolWorker] = {}
        self._workers = [
            PoolWorker(
                number,
                host=host,
                ports=self._ports,
                is_shared=shared_ports,
                home=self._worker_of,
                on_event=self._note,
            )
            for number in range(workers)
        ]
        #: Who hears whom beyond two.
        self.rooms = PoolRooms(self._workers, find=lambda stream: self._find(stream)[0])
        self._board = make_board(workers)
        self._processes = [
            WorkerProcess(
                worker,
                board=self._board,
                configure=functools.partial(self._configuration, worker),
                closing=self._closing,
            )
            for worker in self._workers
        ]

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the workers that are running."""
        return [worker.pid for worker in self._workers if worker.channel is not None]

    async def start(self) -> None:
        """Start the workers; raise MediaUnavailable if one does not come up."""
        for process in self._processes:
            self._tasks.append(asyncio.create_task(process.keep_running()))
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                for task, process in zip(self._tasks, self._processes, strict=True):
                    waiting = asyncio.create_task(process.running.wait())
                    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
                    waiting.cancel()
                    if task.done():
                        task.result()
        except BaseException as exc:
            await self.close()
            if isinstance(exc, TimeoutError):
                raise m.MediaUnavailable("the media workers did not start in time") from exc
            raise

    async def close(self) -> None:
        """End every stream and every worker; recordings are complete when this returns."""
        self._closing.set()
        for process in self._processes:
            process.shut_down()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_TIMEOUT)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._board >= 0:
            os.close(self._board)
            self._board = -1

    # Streams.

    async def open(self, stream: int, *, near: int | None = None) -> m.LocalAddress:
        """Make a stream on the worker with the fewest and return where it receives.

        It is made on the worker of `near` if that stream is open, so that they can be bridged.
        Raise NoPortsLeft, or MediaUnavailable when no worker runs.
        """
        if stream in self._worker_of:
            raise ValueError(f"media stream {stream} is already open")
        worker = self._least_loaded(near)
        if worker.has_port:
            return worker.open_at_once(stream)
        for _ in range(_FOREIGN_PORTS):
            port = None if worker.shared_ports else await self._free_port()
            answer = await worker.ask_open(stream, port)
            if not answer.errno:
                worker.reserve()
                return m.LocalAddress(answer.host, answer.port)
            if answer.errno in (errno.EADDRINUSE, errno.EACCES) and port is not None:
                self._ports.give_back(port)  # another program has it: at the end of the line
                continue
            if port is not None:
                self._ports.give_back(port)
            raise m.MediaUnavailable(f"no media stream: {answer.error}")
        raise m.NoPortsLeft(f"other programs have the RTP ports {self._ports}")

    async def _free_port(self) -> int:
        """Return a port that is free, or comes back in a moment from a stream that closes.

        Raises NoPortsLeft.
        """
        with suppress(m.NoPortsLeft):
            return self._ports.take()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_WAIT):
                while not self._ports and self._is_closing_one():
                    self._port_back.clear()
                    await self._port_back.wait()
        return self._ports.take()

    def _is_closing_one(self) -> bool:
        return any(
            stream.is_closing for worker in self._workers for stream in worker.streams.values()
        )

    def connect(
        self,
        stream: int,
        *,
        remote: tuple[str, int],
        payload_type: int,
        codec: m.Codec,
        receive_payload_types: Mapping[int, m.Codec],
        event_payload_type: int | None,
        receive_event_payload_type: int | None,
        send: bool = True,
        receive: bool = True,
        ptime_ms: int = 20,
    ) -> None:
        """Send to and take from the far end as agreed; again whenever that changes (hold).

        From here on a packet leaves every `ptime_ms` while `send` is true: what is playing, or
        silence. A playback waits while `send` is false. `remote` is an IPv4 address in numbers;
        0.0.0.0 or port 0 mean that nothing can be sent.
        """
        host = _ipv4(remote[0])
        if not 0 <= remote[1] <= 65535:
            raise ValueError(f"{remote[1]} is no port")
        if ptime_ms not in PTIMES_MS:
            raise ValueError(f"packets of {ptime_ms} ms cannot be sent, only of {PTIMES_MS}")
        types = [payload_type, *receive_payload_types]
        types += [t for t in (event_payload_type, receive_event_payload_type) if t is not None]
        if not all(0 <= number <= 127 for number in types):
            raise ValueError(f"payload types are 0 to 127, not {types}")
        worker, found = self._find(stream)
        found.events_agreed = event_payload_type is not None
        worker.send(
            m.Connect(
                stream,
                host,
                remote[1],
                payload_type,
                codec,
                dict(receive_payload_types),
                event_payload_type,
                receive_event_payload_type,
                send,
                receive,
                ptime_ms,
            )
        )

    def play(
        self,
        stream: int,
        playback: int,
        items: Sequence[m.PlayItem],
        *,
        loop: int | None = 1,
    ) -> None:
        """Play items without a gap, `loop` times (None: until stopped), in place of what plays."""
        check_items(items, loop=loop)
        worker, _ = self._find(stream)
        worker.send(m.Play(stream, playback, list(items), loop))

    def stop_playback(self, stream: int, playback: int | None = None) -> None:
        """Stop that playback, or whatever is playing; no effect if it is over."""
        worker, _ = self._find(stream)
        worker.send(m.StopPlayback(stream, playback))

    def send_digits(
        self, stream: int, digits: str, *, duration_ms: int = 100, gap_ms: int = 60
    ) -> None:
        """Send digits as RFC 4733 events, after those being sent; a playback waits meanwhile.

        `digits` are 0-9 * # A-D; w waits 0.5 s and W 1 s. Raise NoEventsAgreed if the far end has
        no payload type for them.
        """
        check_digits(digits, duration_ms=duration_ms, gap_ms=gap_ms)
        worker, found = self._find(stream)
        if not found.events_agreed:
            raise m.NoEventsAgreed(stream)
        worker.send(m.SendDigits(stream, digits, duration_ms, gap_ms))

    def start_detection(self, stream: int, settings: DetectionSettings) -> None:
        """Find out who has answered: `AnswerClassified` follows, later `GreetingEnded`.

        Detection ends with the verdict, unless it is a machine: that is listened to until
        `stop_detection`. Started again, it begins anew.
        """
        worker, _ = self._find(stream)
        worker.send(m.StartDetection(stream, settings))

    def stop_detection(self, stream: int) -> None:
        """Listen to a stream no more; no effect if it is over."""
        worker, _ = self._find(stream)
        worker.send(m.StopDetection(stream))

    def watch_silence(self, stream: int, seconds: float) -> None:
        """Tell by `SilenceHeard`, once, when nobody has spoken for so long; begins anew."""
        if not 0 < seconds <= 3600:
            raise ValueError(f"silence is waited for up to an hour, not for {seconds:g} s")
        worker, _ = self._find(stream)
        worker.send(m.WatchSilence(stream, seconds))

    def stop_watching_silence(self, stream: int) -> None:
        """Wait for silence no more; no effect if it has come."""
        worker, _ = self._find(stream)
        worker.send(m.StopWatchingSilence(stream))

    def listen_for_keys(self, stream: int) -> None:
        """Tell also of keys that come as tones, unless the far end has sent one as an event."""
        worker, _ = self._find(stream)
        worker.send(m.ListenForKeys(stream))

    def stop_listening_for_keys(self, stream: int) -> None:
        """Tell only of keys that come as events."""
        worker, _ = self._find(stream)
        worker.send(m.StopListeningForKeys(stream))

    def bridge(self, stream: int, other: int) -> None:
        """Let two streams hear each other, in place of the silence they would send.

        What either plays is heard instead of the other one while it lasts. Digits are not passed
        on: they are events for the owner of the pool. A bridge that either was in ends, as this one
        does with `unbridge` or when either closes; the other stays open. Both leave the rooms they
        are in. Raise NotTogether if they are on different workers.
        """
        if stream == other:
            raise ValueError(f"media stream {stream} cannot be bridged to itself")
        worker, _ = self._find(stream)
        beside, _ = self._find(other)
        if beside is not worker:
            raise m.NotTogether(stream, other)
        worker.send(m.Bridge(stream, other))
        self.rooms.forget(stream)
        self.rooms.forget(other)

    def unbridge(self, stream: int) -> None:
        """Part a stream from the one it is bridged to; no effect if it is not."""
        worker, _ = self._find(stream)
        worker.send(m.Unbridge(stream))

    def start_recording(
        self,
        stream: int,
        recording: int,
        path: str,
        *,
        tracks: m.Tracks = "received",
        max_seconds: float | None = None,
    ) -> None:
        """Record to a WAV file (8 kHz, 16 bit), which is playable at any moment while it grows.

        `mixed` adds what we send, `separate` puts it on a second channel. At most two recordings of
        a stream run at a time.
        """
        if max_seconds is not None and max_seconds <= 0:
            raise ValueError(f"a recording lasts longer than {max_seconds} s")
        worker, _ = self._find(stream)
        worker.send(m.StartRecording(stream, recording, path, tracks, max_seconds))

    def stop_recording(self, stream: int, recording: int) -> None:
        """End a recording; `RecordingFinished` follows when its file is complete."""
        worker, _ = self._find(stream)
        worker.send(m.StopRecording(stream, recording))

    def close_stream(self, stream: int) -> None:
        """End a stream and all that runs on it; `StreamClosed` is its last event."""
        worker, found = self._find(stream)
        found.is_closing = True
        worker.send(m.Close(stream))
        self.rooms.forget(stream)

    async def stats(self) -> list[m.WorkerStats]:
        """Return the load of each worker since this was last asked."""
        reports = [worker.ask_stats() for worker in self._workers if worker.channel is not None]
        async with asyncio.timeout(ANSWER_TIMEOUT):
            return [await report for report in reports]

    # Workers.

    def _least_loaded(self, near: int | None) -> PoolWorker:
        running = [worker for worker in self._workers if worker.channel is not None]
        if not running or self._closing.is_set():
            raise m.MediaUnavailable("no media worker is running")
        beside = None if near is None else self._worker_of.get(near)
        if beside in running:
            return beside
        if not self._ports:  # the last ports are those that workers have reserved
            running = [worker for worker in running if worker.reserved] or running
        return min(running, key=lambda worker: len(worker.streams))

    def _find(self, stream: int) -> tuple[Link, PoolStream]:
        worker = self._worker_of.get(stream)
        if worker is None or worker.channel is None:
            raise m.UnknownStream(stream)
        found = worker.streams[stream]
        if found.is_closing or found.opening is not None:
            raise m.UnknownStream(stream)
        return worker.channel, found

    def _note(self, event: m.MediaEvent | RoomEvent) -> None:
        """Hand on an event of a worker."""
        if isinstance(event, RoomEvent):
            self.rooms.note(event)
            return
        if isinstance(event, m.StreamClosed):
            self._port_back.set()
        self._on_event(event)
        if isinstance(event, m.StreamClosed):
            self.rooms.forget(event.stream)
        elif isinstance(event, m.WorkerLost):
            self.rooms.note_lost(event)

    def _configuration(self, worker: PoolWorker) -> m.Configure:
        return m.Configure(
            host=self._host,
            shared_ports=list(worker.shared_ports),
            capacity=CAPACITY,
            io_uring=self._io_uring,
            phase_ms=worker.number * _TICK_MS / len(self._workers),
            rtp_timeout=self._rtp_timeout,
            workers=len(self._workers),
            number=worker.number,
        )


@functools.lru_cache(maxsize=1024)
def _ipv4(host: str) -> str:
    """Check an address in numbers; raise ValueError. Calls have few far ends."""
    return str(ipaddress.IPv4Address(host))
