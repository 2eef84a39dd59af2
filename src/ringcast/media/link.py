"""The pool's end of a command channel: commands ride together, in time for the next tick."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Final, cast

from ringcast.media import messages as m
from ringcast.media.channel import BatchReader, BrokenChannel, parse_answers, serialize_commands

log = logging.getLogger(__name__)

_TICK: Final = 0.02
#: How long before a worker's tick its commands leave: time for a busy event loop, and for the
#: worker to carry them out.
_LEAD: Final = 0.006
_NEVER: Final = math.inf
#: Somebody waits for the answer, or for the worker.
_URGENT: Final = (m.Configure, m.Open, m.ReportStats, m.ShutDown)
#: Nothing is heard of it whether it is done on this tick or on the next.
_PATIENT: Final = (m.Reserve, m.OpenReserved, m.Close)


class Link(asyncio.Protocol):
    """Sends commands to a worker and gives its answers.

    What a worker is told has an effect on its next tick. Each write wakes it, so commands wait
    until shortly before that tick and go together; those that somebody waits for leave, with all
    before them, in this pass of the loop.
    """

    def __init__(
        self,
        on_answer: Callable[[object], None],
        *,
        phase: float,
        loop: asyncio.AbstractEventLoop,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """The worker's ticks lie at multiples of 20 ms of the monotonic clock, plus `phase`."""
        self._on_answer = on_answer
        self._phase = phase
        self._reader = BatchReader()
        self._transport: asyncio.WriteTransport | None = None
        self._commands: list[m.AnyCommand] = []
        self._loop = loop
        self._now = now
        self._flush_at: asyncio.Handle | None = None
        self._leave_at = _NEVER
        self.closed = asyncio.Event()

    def send(self, command: m.AnyCommand) -> None:
        """Send a command after those sent before."""
        self._commands.append(command)
        if isinstance(command, _URGENT):
            leave_at = 0.0
        elif self._leave_at == _NEVER or not isinstance(command, _PATIENT):
            now = self._now()
            wait = time_to_send(now - self._phase, is_patient=isinstance(command, _PATIENT))
            leave_at = now + wait if wait else 0.0
        else:
            return
        if leave_at < self._leave_at:
            self._leave(leave_at)

    def _leave(self, at: float) -> None:
        """Have what waits leave at that time; 0 is at the end of this pass of the loop."""
        if self._flush_at is not None:
            self._flush_at.cancel()
        self._leave_at = at
        if at:
            self._flush_at = self._loop.call_later(at - self._now(), self._flush)
        else:
            self._flush_at = self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Send what waits and close."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._flush_at is not None:
            self._flush_at.cancel()
            self._flush_at = None
        self._leave_at = _NEVER
        if self._commands and self._transport is not None:
            self._transport.write(serialize_commands(self._commands))
        self._commands.clear()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        """Give the answers that have come."""
        try:
            for batch in self._reader.receive(data):
                for answer in parse_answers(batch):
                    self._on_answer(answer)
        except BrokenChannel:
            log.exception("media worker cannot be understood")
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the worker is gone."""
        self._transport = None
        self.closed.set()


def time_to_send(now: float, *, is_patient: bool = False) -> float:
    """Return how long commands wait, when the worker's ticks are at multiples of 20 ms.

    It is 0 if the next one is near, for which patient ones wait for the one after it.
    """
    left = _TICK - now % _TICK - _LEAD
    if left > 0:
        return left
    return left + _TICK if is_patient else 0.0
