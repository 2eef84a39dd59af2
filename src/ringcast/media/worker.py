"""A media worker process: `python -m ringcast.media.worker FD PARENT_PID BOARD_FD`.

It is started by `MediaPool` with one end of a socket pair, ticks every 20 ms, and ends when that
channel closes or its parent dies. Nothing of the product is imported here.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import logging
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections import deque
from contextlib import suppress

import numpy as np

from ringcast.media import messages as m
from ringcast.media.board import Board
from ringcast.media.channel import BatchReader, BrokenChannel, parse_commands, serialize_answers
from ringcast.media.datagrams import Outgoing, Ports, PortUnavailable
from ringcast.media.own_ports import OwnPorts
from ringcast.media.pump import Pump
from ringcast.media.recorder import Writer
from ringcast.media.shared_ports import SharedPorts
from ringcast.media.uring import RingPorts

log = logging.getLogger("ringcast.media.worker")  # __name__ is __main__ in the process

TICK_SECONDS = 0.02
#: Ticks a worker may be behind and still catch up; beyond, the missed ones are left out (200 ms).
MOST_LATE = 10
#: Shorter than a tick, so that a writing thread never holds the interpreter for long.
_SWITCH_INTERVAL = 0.0005
_READ_SIZE = 1 << 18
#: Bytes of events that wait for a pool that does not read; beyond, the pool is taken for dead.
_MOST_UNSENT = 16 << 20
_WRITER_TIMEOUT = 5.0
_LAST_WORDS = 1.0
_LEAST_FOR_COMMANDS = 0.002
_COLLECT_EVERY = 500
#: Answers that nobody waits for, and the ticks they wait for others to go with.
_HOUSEKEEPING = (m.StreamClosed, m.PortReserved)
_HOUSEKEEPING_EVERY = 5
_LONGEST_IDLE = 1.0
_PR_SET_PDEATHSIG = 1
_PR_SET_TIMERSLACK = 29
_NICE = -10
_REAL_TIME_PRIORITY = 1  # the lowest of the class


class ParentGone(Exception):
    """The channel is closed or its other end does not read."""


class Channel:
    """The worker's end of the command channel; never blocks."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._reader = BatchReader()
        self._answers: list[object] = []
        self._unsent = bytearray()
        self._has_news = False

    @property
    def has_news(self) -> bool:
        """Whether `flush` has something to send that somebody may wait for."""
        return self._has_news or bool(self._unsent)

    def emit(self, answer: object) -> None:
        """Send an event or an answer with the next `flush`."""
        self._answers.append(answer)
        self._has_news = self._has_news or not isinstance(answer, _HOUSEKEEPING)

    def rest(self, seconds: float) -> None:
        """Let the time pass, whatever comes."""
        if seconds > 0:
            time.sleep(seconds)

    def wait(self, seconds: float) -> list[m.AnyCommand]:
        """Return the commands that come within that time, at once when there are some."""
        writing = [self._sock] if self._unsent else []
        readable, _, _ = select.select([self._sock], writing, [], max(0.0, seconds))
        if not readable:
            return []
        try:
            data = self._sock.recv(_READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError as exc:
            raise ParentGone from exc
        if not data:
            raise ParentGone
        return [c for batch in self._reader.receive(data) for c in parse_commands(batch)]

    def flush(self) -> None:
        """Send what waits, as far as the other end takes it."""
        if self._answers:
            self._unsent += serialize_answers(self._answers)
            self._answers.clear()
            self._has_news = False
        if not self._unsent:
            return
        try:
            sent = self._sock.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as exc:
            raise ParentGone from exc
        del self._unsent[:sent]
        if len(self._unsent) > _MOST_UNSENT:
            raise ParentGone

    def finish(self, *, seconds: float) -> None:
        """Send all that waits; give up after that time."""
        until = time.monotonic() + seconds
        self.flush()
        while self._unsent and (left := until - time.monotonic()) > 0:
            select.select([], [self._sock], [], left)
            self.flush()


class Load:
    """How much of each tick is work, and how late ticks begin."""

    def __init__(self) -> None:
        self.skipped = 0
        self._ticks = 0
        self._late = self._late_max = self._work = self._work_max = 0.0

    def note(self, *, late: float, work: float) -> None:
        """Take one tick: seconds of lateness and of work."""
        self._ticks += 1
        self._late += late
        self._late_max = max(self._late_max, late)
        self._work += work
        self._work_max = max(self._work_max, work)

    def report(self, pump: Pump, transport: str) -> m.WorkerStats:
        """Return the figures since the last report."""
        ticks = max(1, self._ticks)
        stats = m.WorkerStats(
            pid=os.getpid(),
            streams=pump.streams,
            ticks=self._ticks,
            work_ms_mean=round(self._work * 1000 / ticks, 3),
            work_ms_max=round(self._work_max * 1000, 3),
            late_ms_mean=round(self._late * 1000 / ticks, 3),
            late_ms_max=round(self._late_max * 1000, 3),
            ticks_skipped=self.skipped,
            packets_sent=pump.transmitter.packets_sent,
            packets_received=pump.receiver.packets_received,
            packets_failed=pump.transmitter.packets_failed,
            cpu_seconds=time.process_time(),
            transport=transport,
        )
        self._ticks = 0
        self._late = self._late_max = self._work = self._work_max = 0.0
        return stats


class Worker:
    """The loop: on each tick the commands that have come, then the pump, then the answers.

    To be woken costs more than most commands, so that commands do not wake a worker that has
    ticks to keep; without streams there are none, and commands are all it waits for.
    """

    def __init__(
        self,
        channel: Channel,
        pump: Pump,
        *,
        phase: float,
        transport: str,
        commands: list[m.AnyCommand],
    ) -> None:
        """Begin with commands that have come already."""
        self._channel = channel
        self._pump = pump
        self._phase = phase
        self._transport = transport
        self._commands: deque[m.AnyCommand] = deque(commands)
        self._load = Load()
        self._collect_at = 0
        self._is_ending = False

    def run(self) -> None:
        """Work until told to shut down; raise ParentGone when nobody is there to tell."""
        self._channel.emit(m.Ready(pid=os.getpid()))
        self._channel.flush()
        tick = self._next_tick()
        while not self._is_ending:
            tick = self._idle() if self._pump.is_idle else self._keep(tick)

    def _keep(self, tick: int) -> int:
        """Keep a tick; return the next one."""
        due_at = tick * TICK_SECONDS + self._phase
        self._channel.rest(due_at - time.monotonic())
        self._commands.extend(self._channel.wait(0.0))
        self._handle_commands(until=due_at)
        if self._is_ending:
            return tick
        tick = self._run_ticks(tick, time.monotonic())
        if self._channel.has_news or tick % _HOUSEKEEPING_EVERY == 0:
            self._channel.flush()
        if self._commands:
            self._handle_commands(until=tick * TICK_SECONDS + self._phase)
        return tick

    def _idle(self) -> int:
        """Wait for commands, without streams; return the next tick."""
        housekeeping = _HOUSEKEEPING_EVERY * TICK_SECONDS
        if not self._commands:
            self._commands.extend(self._channel.wait(housekeeping))
        if not self._commands:
            self._channel.flush()
            self._commands.extend(self._channel.wait(_LONGEST_IDLE))
        tick = self._next_tick()
        self._pump.skip(tick - 1)
        self._handle_commands(until=0.0)
        if self._channel.has_news:
            self._channel.flush()
        self._collect(tick)
        return tick

    def _next_tick(self) -> int:
        return last_tick(time.monotonic(), self._phase) + 1

    def _run_ticks(self, tick: int, now: float) -> int:
        """Run the ticks that are due; return the next one."""
        late = now - (tick * TICK_SECONDS + self._phase)
        last = max(tick, last_tick(now, self._phase))
        if last - tick > MOST_LATE:
            log.warning("ticks left out", extra={"ticks": last - tick, "late_ms": late * 1000})
            self._load.skipped += last - tick
            tick = last
        for each in range(tick, last + 1):
            self._pump.send(each, now=time.monotonic())
        self._pump.receive(now=time.monotonic())
        self._pump.handle_timers(now=time.monotonic())
        self._load.note(late=late, work=time.monotonic() - now)
        self._collect(last)
        return last + 1

    def _collect(self, tick: int) -> None:
        """Do by hand, and rarely, what the garbage collector would do in the middle of a tick."""
        if tick >= self._collect_at:
            self._collect_at = tick + _COLLECT_EVERY
            gc.collect()

    def _handle_commands(self, *, until: float) -> None:
        """Carry out commands until then; what is left over comes after the next tick.

        They always get a little time, also from a worker that is late: they may be to hang up.
        """
        until = max(until, time.monotonic() + _LEAST_FOR_COMMANDS)
        while self._commands:
            now = time.monotonic()
            command = self._commands.popleft()
            match command:
                case m.ReportStats():
                    self._channel.emit(self._load.report(self._pump, self._transport))
                case m.ShutDown():
                    self._is_ending = True
                    return
                case _:
                    self._pump.handle(command, now=now)
            if time.monotonic() >= until:
                return


def last_tick(now: float, phase: float) -> int:
    """Return the last tick that is due: ticks lie at multiples of 20 ms of the clock."""
    return int((now - phase) // TICK_SECONDS)


def run(sock: socket.socket, board_descriptor: int) -> None:
    """Be a worker on a channel until it ends; rooms are shared by way of the board."""
    channel = Channel(sock)
    waiting: list[m.AnyCommand] = []
    while not waiting:
        waiting = channel.wait(60.0)
    configure = waiting.pop(0)
    if not isinstance(configure, m.Configure):
        raise BrokenChannel("the first command configures the worker")
    phase = configure.phase_ms / 1000
    board = Board(board_descriptor, workers=configure.workers, number=configure.number)
    os.close(board_descriptor)
    outgoing = Outgoing(configure.capacity)
    try:
        ports = open_ports(outgoing, configure)
    except PortUnavailable as exc:
        number = exc.errno or errno.EIO
        channel.emit(m.Refused(port=exc.port, errno=number, error=os.strerror(number)))
        channel.finish(seconds=_LAST_WORDS)
        return
    writer = Writer()
    pump = Pump(
        outgoing,
        ports,
        writer=writer,
        emit=channel.emit,
        rtp_timeout=configure.rtp_timeout,
        random_bits=RandomBits(),
        board=board,
        tick=last_tick(time.monotonic(), phase),
    )
    worker = Worker(
        channel,
        pump,
        phase=phase,
        transport=type(ports).__name__,
        commands=waiting,
    )
    gc.collect()
    gc.freeze()
    gc.disable()  # collected by hand between ticks
    try:
        worker.run()
    finally:
        pump.shut()
        writer.close(timeout=_WRITER_TIMEOUT)
        pump.handle_timers(now=time.monotonic())
        with suppress(ParentGone):
            channel.finish(seconds=_LAST_WORDS)


def open_ports(outgoing: Outgoing, configure: m.Configure) -> Ports:
    """Return the sockets a configuration asks for."""
    if configure.shared_ports:
        return SharedPorts(outgoing, host=configure.host, ports=configure.shared_ports)
    if configure.io_uring:
        try:
            return RingPorts(outgoing, host=configure.host)
        except OSError as exc:
            log.info("io_uring is not to be had", extra={"reason": str(exc)})
    return OwnPorts(outgoing, host=configure.host)


def main(arguments: list[str]) -> None:
    """Start as a process: tie the life to the parent's, then run."""
    descriptor, parent, board = (int(argument) for argument in arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return  # it died before we could ask to be told
    libc.prctl(_PR_SET_TIMERSLACK, 1000, 0, 0, 0)  # nanoseconds
    # A terminal's ^C, and systemd's SIGTERM to all processes of a service, are the parent's to act
    # on: while it drains, calls go on.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    _take_precedence()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    # The parent may have thousands of files open: a low number, which select() needs.
    sock = socket.socket(fileno=os.dup(descriptor))
    os.close(descriptor)
    with suppress(ParentGone):
        run(sock, board)


def _take_precedence() -> None:
    """Run before other programs, as far as the system lets us.

    A packet that leaves late is not heard. In the real-time class a worker does not wait for the
    time slices of others; the kernel leaves them 5 % of each core whatever a worker does.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_REAL_TIME_PRIORITY))


class RandomBits:
    """Numbers that cannot be guessed; one system call serves many."""

    def __init__(self) -> None:
        self._words: list[int] = []

    def __call__(self, bits: int) -> int:
        """Return a number of so many bits, 64 at most."""
        if not self._words:
            self._words = list(struct.unpack("=256Q", os.urandom(2048)))
        return self._words.pop() >> (64 - bits)


if __name__ == "__main__":
    np.seterr(over="ignore")  # sequence numbers and timestamps wrap
    main(sys.argv[1:])
