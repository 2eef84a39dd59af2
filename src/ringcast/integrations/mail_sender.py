"""Sending callbacks by e-mail, through one mail server.

The standard library's SMTP client on threads of our own: a mail is a handful of short exchanges,
and a library more would do nothing that it does not.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from types import TracebackType
from typing import Final

from ringcast.domain.errors import InvalidInput, NotSupported
from ringcast.domain.subscriptions import is_mailbox, mailbox_of
from ringcast.ports.deliveries import Callback, CallbackAnswer, CallbackSender

__all__ = ["MailCallbackSender", "MailServer", "WebOrMail"]

_AT_ONCE: Final = 8
_TAKEN: Final = 250  # RFC 5321 4.2.3: requested mail action okay, completed


@dataclass(frozen=True, kw_only=True, slots=True)
class MailServer:
    """The server that takes our mail, and whom it comes from."""

    host: str
    port: int
    sender: str
    """The address that mails come from."""
    is_tls: bool = False
    """TLS from the first byte; without it STARTTLS is used where the server offers it."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    """Told to no server in the clear, but for one on this machine."""
    trusted: ssl.SSLContext | None = field(default=None, repr=False)
    """Whose certificates are trusted; None: those that this machine trusts."""
    patience: float = 10.0
    """Seconds for each exchange."""


class MailCallbackSender:
    """Sends callbacks whose URL is `mailto:` (implements `ports.deliveries.CallbackSender`).

    The body is a message without sender and receiver. What the server says to it is the answer,
    with its reply code for a status (RFC 5321 section 4.2); a mail that it took may still fail on
    its way.
    """

    def __init__(self, server: MailServer | None) -> None:
        """Without a server every mail is refused."""
        self._server = server
        self._threads: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> MailCallbackSender:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mail")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._threads is not None, "__aenter__ made it"
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._threads = None

    def check(self, url: str) -> None:
        """Raise InvalidInput for an address that is none, NotSupported without a mail server."""
        if not is_mailbox(mailbox_of(url)):
            raise InvalidInput(f"{mailbox_of(url)[:100]!r} is not an e-mail address")
        if self._server is None:
            raise NotSupported("this system sends no mail: the operator has to give it --smtp")

    async def send(self, callback: Callback) -> CallbackAnswer:
        """Hand it to the mail server once; raise nothing that the server is the cause of."""
        if self._server is None:
            return CallbackAnswer(problem="the server was started without --smtp")
        assert self._threads is not None, "used as a context manager"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _answer, self._server, callback)


class WebOrMail:
    """Sends callbacks by what their URL begins with (implements `CallbackSender`)."""

    def __init__(self, *, web: CallbackSender, mail: CallbackSender) -> None:
        self._web = web
        self._mail = mail

    def check(self, url: str) -> None:
        """As the sender for such a URL does."""
        self._for(url).check(url)

    async def send(self, callback: Callback) -> CallbackAnswer:
        """As the sender for such a URL does."""
        return await self._for(callback.url).send(callback)

    def _for(self, url: str) -> CallbackSender:
        return self._mail if mailbox_of(url) else self._web


def _answer(server: MailServer, callback: Callback) -> CallbackAnswer:
    try:
        _send(server, mailbox_of(callback.url), callback.body)
    except smtplib.SMTPRecipientsRefused as error:
        ((code, words),) = error.recipients.values()
        return _refused(code, words)
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error)
    except ssl.SSLCertVerificationError as error:
        return CallbackAnswer(problem=f"its certificate is not trusted: {error.verify_message}")
    except (smtplib.SMTPException, OSError) as error:
        return CallbackAnswer(problem=f"mail server: {error}")
    return CallbackAnswer(status=_TAKEN)


def _send(server: MailServer, to: str, body: bytes) -> None:
    trusted = server.trusted or ssl.create_default_context()
    connection = (
        smtplib.SMTP_SSL(server.host, server.port, timeout=server.patience, context=trusted)
        if server.is_tls
        else smtplib.SMTP(server.host, server.port, timeout=server.patience)
    )
    with connection as smtp:
        smtp.ehlo()
        is_private = server.is_tls or _is_here(server.host)
        if not server.is_tls and smtp.has_extn("starttls"):
            smtp.starttls(context=trusted)
            is_private = True
        if server.user is not None:
            if not is_private:
                raise smtplib.SMTPNotSupportedError(
                    "it offers no STARTTLS, and gets no password in the clear"
                )
            smtp.login(server.user, server.password or "")
        smtp.sendmail(server.sender, [to], _addressed(body, sender=server.sender, to=to))


def _addressed(body: bytes, *, sender: str, to: str) -> bytes:
    message = BytesParser(_class=EmailMessage, policy=policy.SMTP).parsebytes(body)
    message["From"] = sender
    message["To"] = to
    # The same at each attempt, so that who gets it twice can tell.
    digest = hashlib.sha256(body).hexdigest()[:40]
    message["Message-ID"] = f"<{digest}@{sender.rpartition('@')[2]}>"
    return message.as_bytes()


def _refused(code: int, words: bytes | str) -> CallbackAnswer:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    return CallbackAnswer(status=code, problem=f"the mail server refused it: {code} {said}"[:500])


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
