"""A helper process that answers one request at a time, and may be lost without harm.

What can crash, hang or grow (decoders, speech engines) runs in such a process. `WorkerProcess` is
the side that asks; `answer_requests` is the main loop of the process. Requests and answers are
bytes, each preceded by its length in four bytes, on the process's standard input and output.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import struct
import sys
from collections.abc import Callable
from typing import Final

__all__ = ["WorkerDied", "WorkerProcess", "WorkerTimedOut", "allow_cpu", "answer_requests"]

MAX_MESSAGE: Final = 256 * 1024 * 1024
_LENGTH: Final = struct.Struct(">I")
# A decoder of foreign bytes is given no secrets: only what a Python program needs to start.
_ENVIRONMENT: Final = frozenset(
    {"HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV"}
)
_CLOSING_SECONDS: Final = 2.0


class WorkerDied(Exception):
    """The process ended instead of answering; the next request starts another."""

    def __init__(self, module: str, code: int | None) -> None:
        if code is None:
            how = "could not be started"
        elif code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        else:
            how = f"exited with status {code}"
        super().__init__(f"{module} {how}")
        self.code = code

    @property
    def used_its_cpu_time(self) -> bool:
        """Whether the process went over the limit set by `allow_cpu`."""
        return self.code == -signal.SIGPROF


class WorkerTimedOut(Exception):
    """The process did not answer in time and was killed; the next request starts another."""

    def __init__(self, module: str, seconds: float) -> None:
        super().__init__(f"{module} did not answer within {seconds:g} seconds")


class WorkerProcess:
    """Runs `python -m module`, restarts it when needed, and gives it one request at a time.

    Belongs to the event loop that first uses it. `close` when done.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._module = module
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The id of the process, or None while none runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start the process now, so that the first request does not wait for it."""
        async with self._turn:
            await self._running()

    async def ask(self, request: bytes, *, timeout: float) -> bytes:
        """Return the answer to a request.

        Waits its turn for as long as needed, then at most `timeout` seconds, which includes
        starting the process if none runs. Raises `WorkerDied` or `WorkerTimedOut`. When this call
        is cancelled, the process is killed, too: it may be hanging.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(timeout):
                    return await self._exchange(request)
            except TimeoutError as exc:
                await self._kill()
                raise WorkerTimedOut(self._module, timeout) from exc
            except (asyncio.IncompleteReadError, OSError) as exc:
                raise WorkerDied(self._module, await self._kill()) from exc
            except BaseException:
                await self._kill()
                raise

    async def close(self) -> None:
        """End the process: it sees the end of its input; if that is not enough, it is killed."""
        async with self._turn:
            process = self._process
            if process is None:
                return
            assert process.stdin is not None
            process.stdin.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_SECONDS):
                    await process.wait()
            await self._kill()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        if self._process is not None:  # died between two requests
            await self._kill()
        kept = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the working directory is no place to import from
            "-m",
            self._module,
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Arrays here are small: threads of a BLAS would only cost memory.
            env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"} | kept,
        )
        return self._process

    async def _exchange(self, request: bytes) -> bytes:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(_LENGTH.pack(len(request)) + request)
        await process.stdin.drain()
        (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
        if length > MAX_MESSAGE:
            raise ConnectionError(f"an answer of {length} bytes")
        return await process.stdout.readexactly(length)

    async def _kill(self) -> int | None:
        """End the process if it still runs; return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin is not None
        assert process.stdout is not None
        if process.returncode is None:
            # It may be ending by itself, which its status should tell.
            with contextlib.suppress(ProcessLookupError):
                if process.stdout.at_eof():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_CLOSING_SECONDS):
                            await process.wait()
                if process.returncode is None:
                    process.kill()
        process.stdin.close()
        with contextlib.suppress(ConnectionError):
            while await process.stdout.read(65536):
                pass  # to the end, so that the pipe closes
        return await process.wait()


def answer_requests(answer: Callable[[bytes], bytes]) -> None:
    """Answer requests until standard input ends: the main loop of a worker process.

    What libraries print to standard output goes to standard error instead.
    """
    # Ctrl-C, and systemd's SIGTERM to all processes of a service, are for the server: it closes us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with requests, answers:
        while len(head := requests.read(_LENGTH.size)) == _LENGTH.size:
            (length,) = _LENGTH.unpack(head)
            reply = answer(requests.read(length))
            answers.write(_LENGTH.pack(len(reply)) + reply)
            answers.flush()


def allow_cpu(seconds: float) -> None:
    """Let this process use so many more seconds of CPU, then be ended by SIGPROF.

    RLIMIT_CPU would not do: it counts from the start of the process, in clock ticks, and so not
    what `getrusage` tells; in a process that lives long the two drift apart.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process, also inside of a library
    signal.setitimer(signal.ITIMER_PROF, seconds)
