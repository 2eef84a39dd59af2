"""Answers that are given before the request has been read to its end."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["EarlyAnswers"]

_MOST: Final = 256 * 1024 * 1024  # bytes that are read for nothing
_LONGEST: Final = 20.0  # seconds


class EarlyAnswers:
    """ASGI middleware: a client that is still sending gets its answer.

    Whoever refuses an upload by its length or its credential answers at once, and the server closes
    the connection. What the client goes on sending then meets a closed socket, whose reset may
    throw the answer away before the client reads it. So the answer is sent, and the rest of the
    request is read and forgotten, within limits, before the connection is closed.
    """

    def __init__(self, app: ASGIApp, *, most: int = _MOST, longest: float = _LONGEST) -> None:
        """Read at most so many bytes, for at most so many seconds."""
        self._app = app
        self._most = most
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _sends_a_body(scope):
            await self._app(scope, receive, send)
            return
        is_read = False

        async def receive_noting_the_end() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = is_read or not message.get("more_body", False)
            return message

        async def send_before_reading_on(message: Message) -> None:
            is_last = message["type"] == "http.response.body" and not message.get("more_body")
            if not is_last or is_read:
                await send(message)
                return
            await send({**message, "more_body": True})
            await self._read_on(receive)
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, receive_noting_the_end, send_before_reading_on)

    async def _read_on(self, receive: Receive) -> None:
        size = 0
        try:
            async with asyncio.timeout(self._longest):
                while size < self._most:
                    message = await receive()
                    size += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return


def _sends_a_body(scope: Scope) -> bool:
    """Whether a body comes unasked; with `Expect: 100-continue` it waits for our word."""
    headers = dict(scope["headers"])
    if b"expect" in headers:
        return False
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
