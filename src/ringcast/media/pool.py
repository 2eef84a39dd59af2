"""The media of an asyncio process: streams spread over worker processes."""

from __future__ import annotations

import asyncio
import errno
import functools
import ipaddress
import logging
import os
import random
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from ringcast.audio.detection import DetectionSettings
from ringcast.media import messages as m
from ringcast.media.link import Link
from ringcast.media.playback import check_items
from ringcast.media.ports import PortRange
from ringcast.protocols.rtp.events import check_digits

log = logging.getLogger(__name__)

PTIMES_MS = (20, 40, 60)
#: Streams of one worker; its columns cost memory only where they are used.
CAPACITY = 8192
SHARED_SOCKETS = 2
#: Ports that a worker takes ahead, so that nobody waits for one.
RESERVED_PORTS = 64
_TICK_MS = 20.0
_START_TIMEOUT = 20.0
_ANSWER_TIMEOUT = 5.0
#: How long a stream that closes is waited for, where its port is the only one.
_CLOSING_WAIT = 1.0
_STOP_TIMEOUT = 8.0
_FIRST_BACKOFF = 0.1
_LONGEST_BACKOFF = 5.0
_STEADY_AFTER = 30.0
#: Ports found taken by other programs before `open` gives up.
_FOREIGN_PORTS = 50


@dataclass(slots=True, eq=False)
class _Stream:
    port: int | None
    #: While the worker has not yet said whether it has the port.
    opening: asyncio.Future[m.StreamOpened] | None = None
    events_agreed: bool = False
    is_closing: bool = False


@dataclass(slots=True, eq=False)
class _Worker:
    """One worker process as the pool sees it."""

    number: int
    shared_ports: deque[int] = field(default_factory=deque)
    streams: dict[int, _Stream] = field(default_factory=dict)
    #: Ports that it has already, for streams to come, and those it has been asked to take.
    reserved: deque[int] = field(default_factory=deque)
    reserving: set[int] = field(default_factory=set)
    #: Why it ended, if it could not begin, and how many shared ports it has had because of that.
    refused: m.Refused | None = None
    ports_tried: int = 0
    #: While it runs and is ready to work.
    channel: Link | None = None
    #: While it runs at all.
    process_channel: Link | None = None
    pid: int = 0
    reports: list[asyncio.Future[m.WorkerStats]] = field(default_factory=list)


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
        self._workers = [_Worker(number) for number in range(workers)]
        if shared_ports:
            for worker in self._workers:
                worker.shared_ports = deque(self._ports.take() for _ in range(SHARED_SOCKETS))
        self._worker_of: dict[int, _Worker] = {}
        self._port_back = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the workers that are running."""
        return [worker.pid for worker in self._workers if worker.channel is not None]

    async def start(self) -> None:
        """Start the workers; raise MediaUnavailable if one does not come up."""
        running = [asyncio.Event() for _ in self._workers]
        for worker, event in zip(self._workers, running, strict=True):
            self._tasks.append(asyncio.create_task(self._keep_running(worker, event)))
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                for task, event in zip(self._tasks, running, strict=True):
                    waiting = asyncio.create_task(event.wait())
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
        for worker in self._workers:
            if worker.process_channel is not None:
                worker.process_channel.send(m.ShutDown())
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_STOP_TIMEOUT)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    # Streams.

    async def open(self, stream: int, *, near: int | None = None) -> m.LocalAddress:
        """Make a stream on the worker with the fewest and return where it receives.

        It is made on the worker of `near` if that stream is open, so that they can be bridged.
        Raise NoPortsLeft, or MediaUnavailable when no worker runs.
        """
        if stream in self._worker_of:
            raise ValueError(f"media stream {stream} is already open")
        worker = self._least_loaded(near)
        if (worker.reserved or worker.shared_ports) and len(worker.streams) < CAPACITY:
            return self._open_at_once(worker, stream)
        for _ in range(_FOREIGN_PORTS):
            port = None if worker.shared_ports else await self._free_port()
            answer = await self._ask_open(worker, stream, port)
            if not answer.errno:
                self._reserve(worker)
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
        does with `unbridge` or when either closes; the other stays open. Raise NotTogether if they
        are on different workers.
        """
        if stream == other:
            raise ValueError(f"media stream {stream} cannot be bridged to itself")
        worker, _ = self._find(stream)
        beside, _ = self._find(other)
        if beside is not worker:
            raise m.NotTogether(stream, other)
        worker.send(m.Bridge(stream, other))

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

    async def stats(self) -> list[m.WorkerStats]:
        """Return the load of each worker since this was last asked."""
        loop = asyncio.get_running_loop()
        reports = []
        for worker in self._workers:
            if worker.channel is not None:
                report: asyncio.Future[m.WorkerStats] = loop.create_future()
                worker.reports.append(report)
                worker.channel.send(m.ReportStats())
                reports.append(report)
        async with asyncio.timeout(_ANSWER_TIMEOUT):
            return [await report for report in reports]

    # Workers.

    def _least_loaded(self, near: int | None) -> _Worker:
        running = [worker for worker in self._workers if worker.channel is not None]
        if not running or self._closing.is_set():
            raise m.MediaUnavailable("no media worker is running")
        beside = None if near is None else self._worker_of.get(near)
        if beside in running:
            return beside
        if not self._ports:  # the last ports are those that workers have reserved
            running = [worker for worker in running if worker.reserved] or running
        return min(running, key=lambda worker: len(worker.streams))

    def _find(self, stream: int) -> tuple[Link, _Stream]:
        worker = self._worker_of.get(stream)
        if worker is None or worker.channel is None:
            raise m.UnknownStream(stream)
        found = worker.streams[stream]
        if found.is_closing or found.opening is not None:
            raise m.UnknownStream(stream)
        return worker.channel, found

    def _open_at_once(self, worker: _Worker, stream: int) -> m.LocalAddress:
        """Make a stream on a port that the worker has."""
        assert worker.channel is not None
        if worker.shared_ports:
            worker.shared_ports.rotate()
            port = worker.shared_ports[0]
            worker.streams[stream] = _Stream(None)
        else:
            port = worker.reserved.popleft()
            worker.streams[stream] = _Stream(port)
        self._worker_of[stream] = worker
        worker.channel.send(m.OpenReserved(stream, port))
        self._reserve(worker)
        return m.LocalAddress(self._host, port)

    def _reserve(self, worker: _Worker) -> None:
        """Have a worker take ports for streams to come, as long as there are plenty."""
        if worker.channel is None or worker.shared_ports:
            return
        wanted = RESERVED_PORTS - len(worker.reserved) - len(worker.reserving)
        for _ in range(min(wanted, len(self._ports) // 4)):
            port = self._ports.take()
            worker.reserving.add(port)
            worker.channel.send(m.Reserve(port))

    async def _ask_open(self, worker: _Worker, stream: int, port: int | None) -> m.StreamOpened:
        if worker.channel is None:
            raise m.MediaUnavailable("the media worker has died")
        opened: asyncio.Future[m.StreamOpened] = asyncio.get_running_loop().create_future()
        worker.streams[stream] = found = _Stream(port, opening=opened)
        self._worker_of[stream] = worker
        worker.channel.send(m.Open(stream, port or worker.shared_ports[0]))
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                answer = await asyncio.shield(opened)
        except BaseException as exc:
            # Nobody will use it: close it. Its port comes back with StreamClosed.
            if worker.streams.get(stream) is found and worker.channel is not None:
                found.is_closing = True
                worker.channel.send(m.Close(stream))
            if isinstance(exc, TimeoutError):
                raise m.MediaUnavailable("the media worker does not answer") from exc
            raise
        if answer.errno:
            self._forget(worker, stream)
        return answer

    def _forget(self, worker: _Worker, stream: int) -> _Stream | None:
        self._worker_of.pop(stream, None)
        return worker.streams.pop(stream, None)

    def _receive(self, worker: _Worker, answer: object) -> None:
        match answer:
            case m.Ready():
                worker.pid = answer.pid
                worker.ports_tried = 0
                self._reserve(worker)
            case m.Refused():
                worker.refused = answer
            case m.StreamOpened():
                found = worker.streams.get(answer.stream)
                if found is not None and found.opening is not None:
                    found.opening.set_result(answer)
                    found.opening = None
            case m.PortReserved():
                worker.reserving.discard(answer.port)
                if answer.errno:  # another program has it: at the end of the line
                    self._ports.give_back(answer.port)
                else:
                    worker.reserved.append(answer.port)
            case m.WorkerStats():
                report = worker.reports.pop(0)
                if not report.done():
                    report.set_result(answer)
            case m.StreamClosed():
                found = self._forget(worker, answer.stream)
                if found is not None and found.port is not None:
                    self._ports.give_back(found.port)
                    self._port_back.set()
                self._on_event(answer)
            case _:
                self._on_event(answer)  # type: ignore[arg-type] # the rest are events

    async def _keep_running(self, worker: _Worker, running: asyncio.Event) -> None:
        """Run a worker process, and another when it dies, until the pool closes."""
        backoff = _FIRST_BACKOFF
        while True:
            began = time.monotonic()
            await self._run_once(worker, running)
            if self._closing.is_set():
                return
            refused, worker.refused = worker.refused, None
            if refused is not None and refused.errno == errno.EADDRINUSE:
                self._take_other_port(worker, refused.port)  # NoPortsLeft once all were tried
                continue
            if not running.is_set():
                reason = "it ended as soon as it was started" if refused is None else refused.error
                raise m.MediaUnavailable(f"media worker: {reason}")
            if time.monotonic() - began > _STEADY_AFTER:
                backoff = _FIRST_BACKOFF
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff):
                    await self._closing.wait()
                    return
            backoff = min(2 * backoff, _LONGEST_BACKOFF)

    def _take_other_port(self, worker: _Worker, taken: int) -> None:
        """Give a worker another shared port in place of one that another program has."""
        worker.ports_tried += 1
        if worker.ports_tried > self._ports.size:
            raise m.NoPortsLeft(f"other programs have the RTP ports {self._ports}")
        other = self._ports.take()
        worker.shared_ports = deque(other if p == taken else p for p in worker.shared_ports)
        self._ports.give_back(taken)

    async def _run_once(self, worker: _Worker, running: asyncio.Event) -> None:
        """Start a worker process and see it to its end."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        process: asyncio.subprocess.Process | None = None
        channel: Link | None = None
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-m", "ringcast.media.worker", str(theirs.fileno()), str(os.getpid())),
                    pass_fds=[theirs.fileno()],
                    # Its matrices are small: other threads would cost more than they do.
                    env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                    stdin=asyncio.subprocess.DEVNULL,
                )

            def receive(answer: object) -> None:
                if isinstance(answer, m.Ready):
                    worker.channel = channel
                    running.set()
                self._receive(worker, answer)

            phase_ms = worker.number * _TICK_MS / len(self._workers)
            loop = asyncio.get_running_loop()
            _, channel = await loop.create_unix_connection(
                lambda: Link(receive, phase=phase_ms / 1000, loop=loop), sock=ours
            )
            worker.process_channel = channel
            channel.send(
                m.Configure(
                    host=self._host,
                    shared_ports=list(worker.shared_ports),
                    capacity=CAPACITY,
                    io_uring=self._io_uring,
                    phase_ms=phase_ms,
                    rtp_timeout=self._rtp_timeout,
                )
            )
            if self._closing.is_set():
                channel.send(m.ShutDown())
            await channel.closed.wait()
        finally:
            worker.channel = worker.process_channel = None
            if channel is not None:
                channel.close()
            else:
                ours.close()
            if process is not None:
                await _end(process)
            self._note_lost(worker)

    def _note_lost(self, worker: _Worker) -> None:
        """Tell what a worker that has ended took with it."""
        streams = tuple(worker.streams)
        lost = m.MediaUnavailable("the media worker has died")
        reported = []
        for stream in streams:
            found = self._forget(worker, stream)
            assert found is not None
            if found.port is not None:
                self._ports.give_back(found.port)
            if found.opening is None:
                reported.append(stream)
            else:
                found.opening.set_exception(lost)
        for port in (*worker.reserved, *worker.reserving):
            self._ports.give_back(port)
        worker.reserved.clear()
        worker.reserving.clear()
        for report in worker.reports:
            if not report.done():
                report.set_exception(lost)
        worker.reports.clear()
        if not self._closing.is_set() and worker.refused is None:
            log.error("media worker died", extra={"pid": worker.pid, "streams": len(streams)})
            at = time.monotonic()
            self._on_event(m.WorkerLost(at=at, worker=worker.number, streams=tuple(reported)))


@functools.lru_cache(maxsize=1024)
def _ipv4(host: str) -> str:
    """Check an address in numbers; raise ValueError. Calls have few far ends."""
    return str(ipaddress.IPv4Address(host))


async def _end(process: asyncio.subprocess.Process) -> None:
    """See that a process is gone and waited for."""
    try:
        async with asyncio.timeout(_STOP_TIMEOUT):
            await process.wait()
    except BaseException as exc:
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
        if not isinstance(exc, TimeoutError):
            raise
