"""The process of a pool's worker: started, seen to its end, started again when it dies."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from ringcast.media import messages as m
from ringcast.media.link import Link
from ringcast.media.pool_worker import PoolWorker

#: How long a process may take to end, in seconds.
STOP_TIMEOUT = 8.0
_FIRST_BACKOFF = 0.1
_LONGEST_BACKOFF = 5.0
_STEADY_AFTER = 30.0


class WorkerProcess:
    """Keeps a process of a worker running until `closing` is set.

    `running` is set when the first one is ready; `configure` makes its first command, anew for each
    process; `board` is the descriptor of what it shares with the others (`media.board`).
    """

    def __init__(
        self,
        worker: PoolWorker,
        *,
        board: int,
        configure: Callable[[], m.Configure],
        closing: asyncio.Event,
    ) -> None:
        self.running = asyncio.Event()
        self._worker = worker
        self._board = board
        self._configure = configure
        self._closing = closing
        #: While a process runs at all.
        self._channel: Link | None = None

    def shut_down(self) -> None:
        """Tell the process, if there is one, to end its streams and itself."""
        if self._channel is not None:
            self._channel.send(m.ShutDown())

    async def keep_running(self) -> None:
        """Run a process, and another when it dies, until the pool closes.

        Raises MediaUnavailable if the first one cannot begin.
        """
        backoff = _FIRST_BACKOFF
        worker = self._worker
        while True:
            began = time.monotonic()
            await self._run_once()
            if self._closing.is_set():
                return
            refused, worker.refused = worker.refused, None
            if refused is not None and refused.errno == errno.EADDRINUSE:
                worker.take_other_port(refused.port)
                continue
            if not self.running.is_set():
                reason = "it ended as soon as it was started" if refused is None else refused.error
                raise m.MediaUnavailable(f"media worker: {reason}")
            if time.monotonic() - began > _STEADY_AFTER:
                backoff = _FIRST_BACKOFF
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff):
                    await self._closing.wait()
                    return
            backoff = min(2 * backoff, _LONGEST_BACKOFF)

    async def _run_once(self) -> None:
        """Start a process and see it to its end."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        process: asyncio.subprocess.Process | None = None
        channel: Link | None = None
        worker = self._worker
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-m", "ringcast.media.worker", str(theirs.fileno()), str(os.getpid())),
                    str(self._board),
                    pass_fds=[theirs.fileno(), self._board],
                    # Its matrices are small: other threads would cost more than they do.
                    env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                    stdin=asyncio.subprocess.DEVNULL,
                )

            def receive(answer: object) -> None:
                if isinstance(answer, m.Ready):
                    worker.channel = channel
                    self.running.set()
                worker.receive(answer)

            configure = self._configure()
            loop = asyncio.get_running_loop()
            _, channel = await loop.create_unix_connection(
                lambda: Link(receive, phase=configure.phase_ms / 1000, loop=loop), sock=ours
            )
            self._channel = channel
            channel.send(configure)
            if self._closing.is_set():
                channel.send(m.ShutDown())
            await channel.closed.wait()
        finally:
            worker.channel = self._channel = None
            if channel is not None:
                channel.close()
            else:
                ours.close()
            if process is not None:
                await _end(process)
            worker.note_lost(is_expected=self._closing.is_set())


async def _end(process: asyncio.subprocess.Process) -> None:
    """See that a process is gone and waited for."""
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            await process.wait()
    except BaseException as exc:
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
        if not isinstance(exc, TimeoutError):
            raise
