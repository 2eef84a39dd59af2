"""The pool's end of a command channel: commands ride together, in time for the next tick."""

from __future__ import annotations

import asyncio
import logging
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
#: Somebody waits for the answer, or for the worker.
_URGENT: Final = (m.Configure, m.Open, m.ReportStats, m.ShutDown)


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
        self._leaves_now = False
        self.closed = asyncio.Event()

    def send(self, command: m.AnyCommand) -> None:
        """Send a command after those sent before."""
        self._commands.append(command)
        if self._leaves_now:
            return
        if isinstance(command, _URGENT):
            wait = 0.0
        elif self._flush_at is None:
            wait = time_to_send(self._now() - self._phase)
        else:
            return
        if self._flush_at is not None:
            self._flush_at.cancel()
        if wait:
            self._flush_at = self._loop.call_later(wait, self._flush)
        else:
            self._flush_at = self._loop.call_soon(self._flush)
            self._leaves_now = True

    def close(self) -> None:
        """Send what waits and close."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._flush_at is not None:
            self._flush_at.cancel()
            self._flush_at = None
        self._leaves_now = False
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


def time_to_send(now: float) -> float:
    """Return how long commands wait, when the worker's ticks are at multiples of 20 ms: 0 if the
    next one is near."""
    return max(0.0, _TICK - now % _TICK - _LEAD)
