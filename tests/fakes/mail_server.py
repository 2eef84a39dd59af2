"""A mail server on a loopback port: SMTP with STARTTLS and AUTH PLAIN (RFC 5321, 3207, 4954)."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser


@dataclass(frozen=True)
class Mail:
    """What was taken."""

    sender: str
    to: str
    message: EmailMessage
    is_private: bool
    """Whether it came over TLS."""
    user: str | None


@dataclass
class MailServer:
    """Takes mails, or refuses them as told."""

    tls: ssl.SSLContext | None = None
    """Offered with STARTTLS; None does not offer it."""
    logins: dict[str, str] = field(default_factory=dict)
    """If there are some, one of them is needed."""
    refuses: str | None = None
    """What is said to RCPT, such as `550 5.1.1 No such user`."""
    is_silent: bool = False
    """Takes connections and says nothing."""
    taken: list[Mail] = field(default_factory=list)
    refused: int = 0
    port: int = 0

    @asynccontextmanager
    async def running(self, *, is_tls: bool = False) -> AsyncIterator[MailServer]:
        """Listen for the length of the block; `is_tls` from the first byte."""
        server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, ssl=self.tls if is_tls else None
        )
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.is_silent:
                await reader.read()
            else:
                await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # whoever was here has left
        finally:
            writer.close()


class _Session:
    def __init__(
        self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._private = writer.get_extra_info("sslcontext") is not None
        self._user: str | None = None
        self._sender = ""
        self._to: list[str] = []

    async def run(self) -> None:
        await self._say("220 mail.test ESMTP")
        while True:
            line = (await self._reader.readuntil(b"\r\n")).decode().rstrip("\r\n")
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    offers = ["AUTH PLAIN"] if self._server.logins else []
                    if self._server.tls is not None and not self._private:
                        offers.append("STARTTLS")
                    await self._say("250-mail.test", *(f"250-{one}" for one in offers), "250 HELP")
                case "STARTTLS" if self._server.tls is not None:
                    await self._say("220 Go on")
                    await self._writer.start_tls(self._server.tls)
                    self._private = True
                case "AUTH":
                    await self._log_in(rest)
                case "MAIL" if self._server.logins and self._user is None:
                    await self._say("530 5.7.0 Authentication required")
                case "MAIL":
                    self._sender, self._to = _path(rest), []
                    await self._say("250 OK")
                case "RCPT" if self._server.refuses is not None:
                    self._server.refused += 1
                    await self._say(self._server.refuses)
                case "RCPT":
                    self._to.append(_path(rest))
                    await self._say("250 OK")
                case "DATA":
                    await self._say("354 Go on")
                    self._take(await self._reader.readuntil(b"\r\n.\r\n"))
                    await self._say("250 Taken")
                case "RSET":
                    await self._say("250 OK")
                case "QUIT":
                    await self._say("221 Bye")
                    return
                case _:
                    await self._say("500 What?")

    async def _log_in(self, rest: str) -> None:
        _, user, password = b64decode(rest.partition(" ")[2]).decode().split("\0")
        if self._server.logins.get(user) == password:
            self._user = user
            await self._say("235 Welcome")
        else:
            await self._say("535 5.7.8 Wrong")

    def _take(self, data: bytes) -> None:
        content = data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        message = BytesParser(_class=EmailMessage, policy=policy.SMTP).parsebytes(content)
        (to,) = self._to
        self._server.taken.append(Mail(self._sender, to, message, self._private, self._user))

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


def _path(text: str) -> str:
    return text.partition("<")[2].partition(">")[0]
