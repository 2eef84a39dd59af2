"""A name for every request, and one line about it when it has been answered."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AccessLog", "masked_path"]

log = logging.getLogger("ringcast.access")

_GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_NUMBER = re.compile(r"(?<!\d)(\+?\d{2})\d{4,10}(\d{2})(?!\d)")  # our ids have 15 digits or more


class AccessLog:
    """ASGI middleware: takes or makes `X-Request-Id`, returns it, and logs the request.

    Neither query nor body are logged: both hold telephone numbers and texts.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._new_id = new_id
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or self._new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        started = self._monotonic()
        status = 0
        sent = 0

        async def send_named(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", [])
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode("ascii")),
                ]
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        finally:
            log.info(
                "request answered" if status else "request broke off",
                extra={
                    "request_id": request_id,
                    "method": scope["method"],
                    "path": masked_path(scope["path"]),
                    "status": status,
                    "bytes": sent,
                    "milliseconds": round((self._monotonic() - started) * 1000, 1),
                    "client": (scope.get("client") or ("", 0))[0],
                },
            )


def masked_path(path: str) -> str:
    """Return the path with telephone numbers in it masked, and not endlessly long."""
    return _NUMBER.sub(lambda m: f"{m[1]}{'*' * (len(m[0]) - len(m[1]) - 2)}{m[2]}", path[:500])


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GOOD_ID.fullmatch(value):
            return str(value, "ascii")
    return None
