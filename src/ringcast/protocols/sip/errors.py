"""What can be wrong with SIP text.

SipError
├── MalformedMessage   the message as a whole cannot be used
├── InvalidHeader      one header cannot be read
├── InvalidUri         a URI cannot be read
├── FramingError       the stream can no longer be cut into messages
└── DigestError        a challenge or credentials cannot be used (see digest.py)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringcast.protocols.sip.header_map import Headers


class SipError(Exception):
    """Base of everything this package raises about what a peer has sent."""


class MalformedMessage(SipError):
    """Bytes that are no usable SIP message.

    What was readable is kept, so that a request can be refused with `status` where RFC 4475 asks
    for an answer (`message.refuse_malformed`): `partial` holds the headers found up to the fault.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int = 400,
        method: str | None = None,
        partial: Headers | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.method = method
        self.partial = partial

    @property
    def request_line_readable(self) -> bool:
        """Whether the first line was that of a request, so that an answer makes sense."""
        return self.method is not None


class InvalidHeader(SipError):
    """The text of one header does not follow its grammar."""

    def __init__(self, header: str, reason: str) -> None:
        super().__init__(f"{header}: {reason}")
        self.header = header
        self.reason = reason


class InvalidUri(SipError):
    """Text that is no URI."""

    def __init__(self, text: str, reason: str) -> None:
        shown = text if len(text) <= 100 else text[:97] + "..."
        super().__init__(f"{shown!r} is no URI: {reason}")
        self.text = text
        self.reason = reason


class FramingError(SipError):
    """A stream that can no longer be cut into messages: the connection must be closed."""


class DigestError(SipError):
    """A challenge or credentials that cannot be read or met."""
