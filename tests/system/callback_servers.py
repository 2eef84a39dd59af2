"""A web server that takes callbacks, remembers them, and can be made to fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

__all__ = ["CallbackServer", "Told", "serving_callbacks"]


@dataclass(frozen=True)
class Told:
    """A callback that came."""

    method: str
    path: str
    headers: dict[str, str]
    event: dict[str, Any]
    """The JSON of a POST, the query of a GET."""
    at: float
    """On the monotonic clock."""


@dataclass
class CallbackServer:
    """What came. How it answers goes by path: `/down/` with 500, `/slow/` late, `/cut/` never."""

    url: str = ""
    told: list[Told] = field(default_factory=list)

    def of(self, path: str, call_id: str | None = None) -> list[Told]:
        """Return what came to a path, of one call or of all."""
        return [
            one
            for one in list(self.told)
            if one.path == path and call_id in (None, one.event.get("callId"))
        ]

    def kinds(self, path: str, call_id: str | None = None) -> list[str]:
        """Return the event types that came to a path, in order."""
        return [str(one.event["eventType"]) for one in self.of(path, call_id)]


@contextmanager
def serving_callbacks() -> Iterator[CallbackServer]:
    """Run such a server for the length of the block."""
    callbacks = CallbackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._take(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))

        def do_POST(self) -> None:
            self._take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _take(self, event: dict[str, Any]) -> None:
            path = urlsplit(self.path).path
            callbacks.told.append(
                Told(self.command, path, dict(self.headers), event, time.monotonic())
            )
            if path.startswith("/slow/"):
                time.sleep(1.0)
            if path.startswith("/cut/"):
                self.close_connection = True
                self.wfile.write(b"HTTP/1.1 200")  # and no more
                return
            try:
                self.send_response(500 if path.startswith("/down/") else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                pass  # whoever told us has gone

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    callbacks.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield callbacks
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
