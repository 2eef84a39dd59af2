"""A web server that gives documents and sounds to calls, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from ringcast.audio import wav

__all__ = ["Asked", "Documents", "serving_documents"]


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    url: str
    """The whole of it, as whoever asked has it."""
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    """The form of a POST, the query of a GET."""


@dataclass
class Documents:
    """What is given: documents by path; `/tone/440` is a sound of two seconds."""

    url: str = ""
    documents: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def give(self, path: str, *verbs: str) -> str:
        """Have a document given at a path; return its URL."""
        self.documents[path] = f"<Response>{''.join(verbs)}</Response>"
        return self.url + path

    def tone(self, hertz: int) -> str:
        """Return the URL of a tone."""
        return f"{self.url}/tone/{hertz}"

    def requests(self, path: str) -> list[Asked]:
        """Return what was asked of one path, in order."""
        return [one for one in list(self.asked) if one.path == path]


@contextmanager
def serving_documents() -> Iterator[Documents]:
    """Run such a server for the length of the block."""
    documents = Documents()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, body: str) -> None:
            parts = urlsplit(self.path)
            documents.asked.append(
                Asked(
                    self.command,
                    documents.url + self.path,
                    parts.path,
                    dict(self.headers),
                    dict(parse_qsl(body or parts.query, keep_blank_values=True)),
                )
            )
            status, kind, content = 404, "text/plain", b"nothing here"
            if parts.path.startswith("/tone/"):
                status, kind, content = 200, "audio/wav", _tone(float(parts.path[6:]))
            elif parts.path in documents.documents:
                status, kind = 200, "text/xml; charset=utf-8"
                content = documents.documents[parts.path].encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # whoever asked has gone

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    documents.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield documents
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _tone(hertz: float) -> bytes:
    wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(2 * 8000) / 8000)
    return wav.write(wave.astype(np.int16))
