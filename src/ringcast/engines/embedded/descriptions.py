"""Our offers and what answers to them say, without writing and reading the same text each time.

All our offers differ in the o= line and the port only, and so do the answers of one gateway. At
200 calls a second, writing and reading them from scratch is the largest part of a set-up.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from ringcast.protocols.sdp import Agreement, SessionDescription, make_offer, read_answer

__all__ = ["Descriptions"]

_MOST_REMEMBERED: Final = 512
_LONGEST_REMEMBERED: Final = 2048

# Numbers that occur nowhere else in an offer, to be replaced by the real ones.
_SESSION_ID: Final = 10**17 + 1
_VERSION: Final = 10**17 + 2
_PORT: Final = 54321

# Everything of an answer but what follows o= and the port. Port 0 refuses the stream, and a port
# of six digits is none: both are left to the parser.
_SHAPE: Final = re.compile(
    rb"\A((?:[^o][^\n]*\n)*o=)[^\r\n]*(\r?\n(?:[^m][^\n]*\n)*m=audio )([1-9][0-9]{0,4})( .*)\Z",
    re.DOTALL,
)


class Descriptions:
    """Writes the offers of one local address and reads the answers to them."""

    def __init__(self, address: str) -> None:
        offer = make_offer(address=address, port=_PORT, session_id=_SESSION_ID, version=_VERSION)
        self._offer = offer
        self._template = (
            offer.serialize()
            .replace(b"%", b"%%")
            .replace(b"%d %d" % (_SESSION_ID, _VERSION), b"%d %d")
            .replace(b"m=audio %d " % _PORT, b"m=audio %d ")
        )
        self._agreements: dict[tuple[bytes, bytes, bytes], Agreement] = {}

    def offer(self, *, port: int, session_id: int, version: int) -> bytes:
        """Return `make_offer` of these, serialised."""
        return self._template % (session_id, version, port)

    def read_answer(self, body: bytes) -> Agreement:
        """Return what an answer to one of our offers says; raises SdpError."""
        match = _SHAPE.match(body) if len(body) <= _LONGEST_REMEMBERED else None
        if match is None:
            return self._read(body)
        before_origin, before_port, port, rest = match.groups()
        number = int(port)
        if number > 65535:
            return self._read(body)
        shape = (before_origin, before_port, rest)
        agreement = self._agreements.get(shape)
        if agreement is not None:
            return replace(agreement, remote_port=number)
        agreement = self._read(body)
        if len(self._agreements) >= _MOST_REMEMBERED:
            self._agreements.clear()
        self._agreements[shape] = agreement
        return agreement

    def _read(self, body: bytes) -> Agreement:
        return read_answer(self._offer, SessionDescription.parse(body))
