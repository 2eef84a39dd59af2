"""SIP messages as people look at them: a line each, with an arrow, numbers masked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.message import Request, Response, parse_message
from ringcast.protocols.sip.transactions import Destination
from ringcast.protocols.sip.uri import format_host_port

_DIGITS = re.compile(r"\d{6,}")
_SHOWN = 2  # digits at the end of a number that are left


@dataclass(slots=True)
class Ladder:
    """The messages of one test or call, in the order they were sent and received."""

    began: float
    """Seconds on the clock that `add` uses, from which the lines count."""
    lines: list[str] = field(default_factory=list)

    def add(self, data: bytes, peer: Destination, *, is_ours: bool, now: float) -> None:
        """Take a message that was sent (`is_ours`) or received."""
        arrow = "──▶" if is_ours else "◀──"
        self.lines.append(f"{now - self.began:8.3f}  {arrow}  {_named(data):<46}  {_shown(peer)}")


def masked(text: str) -> str:
    """Return text in which of every number of six digits or more only the last two are left."""
    return _DIGITS.sub(lambda found: "*" * (len(found[0]) - _SHOWN) + found[0][-_SHOWN:], text)


def _named(data: bytes) -> str:
    try:
        message = parse_message(data)
        line = _start(message)
        method = message.cseq.method if isinstance(message, Response) else ""
    except SipError as exc:
        return f"(no SIP message: {exc})"
    session = " (SDP)" if message.body else ""
    return f"{line}{f' ({method})' if method else ''}{session}"


def _start(message: Request | Response) -> str:
    if isinstance(message, Response):
        return f"{message.status} {message.reason}".rstrip()
    # Only the user part is somebody's number; an address must be readable.
    user, at, rest = message.uri.rpartition("@")
    return f"{message.method} {masked(user)}{at}{rest}"


def _shown(peer: Destination) -> str:
    return f"{peer.transport} {format_host_port(peer.host, peer.port)}"
