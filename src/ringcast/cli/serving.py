"""The server at work: HTTP beside the core, and what signals do."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Awaitable, Iterator

import uvicorn
import uvloop

from ringcast.bootstrap.core import running_core
from ringcast.bootstrap.deliveries import running_deliveries
from ringcast.bootstrap.http import http_app
from ringcast.bootstrap.mail import mail_server
from ringcast.cli.garbage import collect_rarely
from ringcast.cli.stopping import stop_signals
from ringcast.config import ConfigError, Endpoint, Settings

__all__ = ["run_server"]

log = logging.getLogger(__name__)


def run_server(settings: Settings) -> None:
    """Run the server until SIGTERM or Ctrl-C; the first lets live calls finish."""
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    stops = _Stops()
    with stop_signals(stops.received):  # first, for the dialer may have calls to place at once
        await _serve(settings, stops)


async def _serve(settings: Settings, stops: _Stops) -> None:
    mail_server(settings)  # a mistake in these is told before anything starts
    with contextlib.closing(_listen(settings.http)) as listener:
        async with running_core(settings) as core, running_deliveries(core, settings):
            collect_rarely()
            server = _Server(
                uvicorn.Config(
                    http_app(core, settings),
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    timeout_graceful_shutdown=5,
                )
            )
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            await _first_of(server.listening.wait(), serving)
            host, port = listener.getsockname()[:2]
            sip_host, sip_port = core.engine.sip_address
            print(
                f"ready http={Endpoint(host, port)} sip={Endpoint(sip_host, sip_port)}", flush=True
            )
            try:
                await _first_of(stops.first.wait(), serving)
                if not serving.done():
                    log.info("draining: no new calls, live ones finish; again to end them")
                    await _first_of(core.drain(), stops.second.wait(), serving)
            finally:
                server.should_exit = True
                await asyncio.gather(core.end_calls("the server was stopped"), serving)


async def _first_of(*waits: Awaitable[object]) -> None:
    """Return when one of them is done; cancel what was made for this call."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task, wait in zip(tasks, waits, strict=True):
            if task is not wait:
                task.cancel()


def _listen(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((endpoint.host, endpoint.port))
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        raise ConfigError(
            f"HTTP cannot listen on {endpoint} ({error.strerror}): "
            + ("end the program that does, or " if taken else "")
            + "choose another address with --http"
        ) from error
    listener.listen(2048)
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """Leaves signals to us: live calls outlast the first SIGTERM."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Stops:
    """The first SIGTERM or Ctrl-C asks to drain, the second to stop at once."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()

    def received(self) -> None:
        if self.first.is_set():
            self.second.set()
        self.first.set()
