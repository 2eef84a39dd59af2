"""One worker of a pool: the streams and ports it has, and what its answers change."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ringcast.media import messages as m
from ringcast.media.link import Link
from ringcast.media.ports import PortRange
from ringcast.media.room_messages import RoomEvent

log = logging.getLogger(__name__)

#: Streams of one worker; its columns cost memory only where they are used.
CAPACITY = 8192
SHARED_SOCKETS = 2
#: Ports that a worker takes ahead, so that nobody waits for one.
RESERVED_PORTS = 64
#: How long an answer that somebody waits for may take, in seconds.
ANSWER_TIMEOUT = 5.0


@dataclass(slots=True, eq=False)
class PoolStream:
    """A stream as the pool sees it."""

    port: int | None
    #: While the worker has not yet said whether it has the port.
    opening: asyncio.Future[m.StreamOpened] | None = None
    events_agreed: bool = False
    is_closing: bool = False


class PoolWorker:
    """A worker as the pool sees it, over as many processes as its life takes.

    `home` says of every stream of the pool which worker has it; `ports` are the pool's too.
    """

    def __init__(
        self,
        number: int,
        *,
        host: str,
        ports: PortRange,
        is_shared: bool,
        home: dict[int, PoolWorker],
        on_event: Callable[[m.MediaEvent | RoomEvent], None],
    ) -> None:
        """Take the shared ports, if streams are to share some; raise NoPortsLeft."""
        self.number = number
        self.streams: dict[int, PoolStream] = {}
        #: While a process runs and is ready to work.
        self.channel: Link | None = None
        self.pid = 0
        #: Why the process ended, if it could not begin.
        self.refused: m.Refused | None = None
        self.shared_ports = deque(ports.take() for _ in range(SHARED_SOCKETS if is_shared else 0))
        #: Ports that it has already, for streams to come.
        self.reserved: deque[int] = deque()
        self._host = host
        self._ports = ports
        self._home = home
        self._on_event = on_event
        self._reserving: set[int] = set()
        #: How many shared ports it has had because other programs had those before.
        self._ports_tried = 0
        self._reports: list[asyncio.Future[m.WorkerStats]] = []

    # Streams.

    @property
    def has_port(self) -> bool:
        """Whether `open_at_once` is possible."""
        return bool(self.reserved or self.shared_ports) and len(self.streams) < CAPACITY

    def open_at_once(self, stream: int) -> m.LocalAddress:
        """Make a stream on a port that the worker has."""
        assert self.channel is not None
        if self.shared_ports:
            self.shared_ports.rotate()
            port = self.shared_ports[0]
            self.streams[stream] = PoolStream(None)
        else:
            port = self.reserved.popleft()
            self.streams[stream] = PoolStream(port)
        self._home[stream] = self
        self.channel.send(m.OpenReserved(stream, port))
        self.reserve()
        return m.LocalAddress(self._host, port)

    async def ask_open(self, stream: int, port: int | None) -> m.StreamOpened:
        """Make a stream on a port, or a shared one; the answer says whether the worker has it.

        Raises MediaUnavailable.
        """
        if self.channel is None:
            raise m.MediaUnavailable("the media worker has died")
        opened: asyncio.Future[m.StreamOpened] = asyncio.get_running_loop().create_future()
        self.streams[stream] = found = PoolStream(port, opening=opened)
        self._home[stream] = self
        self.channel.send(m.Open(stream, port or self.shared_ports[0]))
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                answer = await asyncio.shield(opened)
        except BaseException as exc:
            # Nobody will use it: close it. Its port comes back with StreamClosed.
            if self.streams.get(stream) is found and self.channel is not None:
                found.is_closing = True
                self.channel.send(m.Close(stream))
            if isinstance(exc, TimeoutError):
                raise m.MediaUnavailable("the media worker does not answer") from exc
            raise
        if answer.errno:
            self._forget(stream)
        return answer

    def reserve(self) -> None:
        """Have the worker take ports for streams to come, as long as there are plenty."""
        if self.channel is None or self.shared_ports:
            return
        wanted = RESERVED_PORTS - len(self.reserved) - len(self._reserving)
        for _ in range(min(wanted, len(self._ports) // 4)):
            port = self._ports.take()
            self._reserving.add(port)
            self.channel.send(m.Reserve(port))

    def ask_stats(self) -> asyncio.Future[m.WorkerStats]:
        """Ask for the load since this was last asked; the worker runs."""
        assert self.channel is not None
        report: asyncio.Future[m.WorkerStats] = asyncio.get_running_loop().create_future()
        self._reports.append(report)
        self.channel.send(m.ReportStats())
        return report

    # What the process says.

    def receive(self, answer: object) -> None:
        """Take an answer or event of the process."""
        match answer:
            case m.Ready():
                self.pid = answer.pid
                self._ports_tried = 0
                self.reserve()
            case m.Refused():
                self.refused = answer
            case m.StreamOpened():
                found = self.streams.get(answer.stream)
                if found is not None and found.opening is not None:
                    found.opening.set_result(answer)
                    found.opening = None
            case m.PortReserved():
                self._reserving.discard(answer.port)
                if answer.errno:  # another program has it: at the end of the line
                    self._ports.give_back(answer.port)
                else:
                    self.reserved.append(answer.port)
            case m.WorkerStats():
                report = self._reports.pop(0)
                if not report.done():
                    report.set_result(answer)
            case m.StreamClosed():
                found = self._forget(answer.stream)
                if found is not None and found.port is not None:
                    self._ports.give_back(found.port)
                self._on_event(answer)
            case _:
                self._on_event(answer)  # type: ignore[arg-type] # the rest are events

    def take_other_port(self, taken: int) -> None:
        """Have another shared port in place of one that another program has.

        Raises NoPortsLeft once all were tried.
        """
        self._ports_tried += 1
        if self._ports_tried > self._ports.size:
            raise m.NoPortsLeft(f"other programs have the RTP ports {self._ports}")
        other = self._ports.take()
        self.shared_ports = deque(other if p == taken else p for p in self.shared_ports)
        self._ports.give_back(taken)

    def note_lost(self, *, is_expected: bool) -> None:
        """Tell what a process that has ended took with it."""
        streams = tuple(self.streams)
        lost = m.MediaUnavailable("the media worker has died")
        reported = []
        for stream in streams:
            found = self._forget(stream)
            assert found is not None
            if found.port is not None:
                self._ports.give_back(found.port)
            if found.opening is None:
                reported.append(stream)
            else:
                found.opening.set_exception(lost)
        for port in (*self.reserved, *self._reserving):
            self._ports.give_back(port)
        self.reserved.clear()
        self._reserving.clear()
        for report in self._reports:
            if not report.done():
                report.set_exception(lost)
        self._reports.clear()
        if not is_expected and self.refused is None:
            log.error("media worker died", extra={"pid": self.pid, "streams": len(streams)})
            at = time.monotonic()
            self._on_event(m.WorkerLost(at=at, worker=self.number, streams=tuple(reported)))

    def _forget(self, stream: int) -> PoolStream | None:
        self._home.pop(stream, None)
        return self.streams.pop(stream, None)
