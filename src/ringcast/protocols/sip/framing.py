"""Cutting a stream into SIP messages (RFC 3261 18.3) and keep-alives (RFC 5626 4.4.1)."""

from __future__ import annotations

from typing import Final

from ringcast.protocols.sip.errors import FramingError
from ringcast.protocols.sip.message import MAX_BODY, MAX_HEAD

KEEP_ALIVE_ANSWER: Final = b"\r\n"


class KeepAlivePing:
    """Two empty lines from the peer: answer with KEEP_ALIVE_ANSWER (RFC 5626 4.4.1)."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeepAlivePing)

    def __hash__(self) -> int:
        return hash(KeepAlivePing)

    def __repr__(self) -> str:
        return "KeepAlivePing()"


class StreamFramer:
    """Collects the bytes of one connection and gives whole messages.

    After `receive_data` call `next_frame` until it returns None. After a FramingError the rest of
    the stream has no meaning: the connection must be closed.
    """

    def __init__(self, *, max_head: int = MAX_HEAD, max_body: int = MAX_BODY) -> None:
        self._max_head = max_head
        self._max_body = max_body
        self._buffer = bytearray()
        self._searched = 0  # how much of the buffer has no end of a head in it
        self._frame_size = 0  # of the message whose head has come, 0 before
        self._broken = False

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the connection."""
        self._buffer += data

    def next_frame(self) -> bytes | KeepAlivePing | None:
        """Return the next message or ping, or None when more bytes are needed.

        Raises FramingError when Content-Length is missing, unreadable or contradictory, or when
        a limit is passed.
        """
        if self._broken:
            raise FramingError("the stream was broken before")
        try:
            return self._next_frame()
        except FramingError:
            self._broken = True
            self._buffer.clear()
            raise

    def _next_frame(self) -> bytes | KeepAlivePing | None:
        if not self._frame_size:
            if self._buffer and self._buffer[0] in b"\r\n":
                if self._take_ping():
                    return KeepAlivePing()
                if self._buffer[:1] == b"\r":  # maybe the first half of a ping
                    return None
            end = self._buffer.find(b"\r\n\r\n", self._searched)
            if end > self._max_head or (end < 0 and len(self._buffer) > self._max_head + 4):
                raise FramingError(f"more than {self._max_head} bytes of headers")
            if end < 0:
                self._searched = max(0, len(self._buffer) - 3)
                return None
            length = _content_length(bytes(self._buffer[:end]))
            if length > self._max_body:
                raise FramingError(f"a body of more than {self._max_body} bytes")
            self._frame_size = end + 4 + length
        if len(self._buffer) < self._frame_size:
            return None
        frame = bytes(self._buffer[: self._frame_size])
        del self._buffer[: self._frame_size]
        self._searched = self._frame_size = 0
        return frame

    def _take_ping(self) -> bool:
        """Drop empty lines before a message (RFC 3261 7.5); return whether two were a ping.

        A single empty line is an answer to a ping of ours, or what some send after a body.
        """
        while True:
            if self._buffer.startswith(b"\r\n\r\n"):
                del self._buffer[:4]
                return True
            if b"\r\n\r".startswith(self._buffer):
                return False
            if not self._buffer.startswith(b"\r\n"):
                if self._buffer[0] in b"\r\n":
                    raise FramingError("a line end that is not CR LF")
                return False
            del self._buffer[:2]


def _content_length(head: bytes) -> int:
    found: int | None = None
    for line in head.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if not colon or name.strip().lower() not in (b"content-length", b"l"):
            continue
        digits = value.strip(b" \t")
        if not digits.isdigit() or len(digits) > 10:
            raise FramingError("Content-Length must be a number")
        if found not in (None, int(digits)):
            raise FramingError("more than one Content-Length")
        found = int(digits)
    if found is None:
        # Without it the next message cannot be found (RFC 3261 20.14: mandatory over streams).
        raise FramingError("no Content-Length")
    return found
