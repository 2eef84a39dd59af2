"""Provisional responses that must arrive: numbered, repeated, acknowledged by PRACK (RFC 3262)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringcast.protocols.sip.errors import InvalidHeader, SipError
from ringcast.protocols.sip.headers import parse_number
from ringcast.protocols.sip.message import Request, Response

OPTION: Final = "100rel"
_MOST: Final = 2**31 - 1  # 3: more would not fit after the first has been chosen at random


def response_number(response: Response) -> int | None:
    """Return the RSeq of a provisional response that wants a PRACK, or None."""
    if not 100 < response.status < 200 or OPTION not in response.require:
        return None
    try:
        return parse_number(response.headers.get("RSeq") or "", "RSeq", maximum=2**32 - 1)
    except InvalidHeader:
        return None


def acknowledgement(number: int, invite: Request) -> tuple[str, str]:
    """Return the header of a PRACK (7.2)."""
    return "RAck", f"{number} {invite.cseq}"


class Numbering:
    """Which reliable responses of each early dialog have come (4): in order, each once."""

    __slots__ = ("_newest",)

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}

    def is_next(self, tag: str, number: int) -> bool:
        """Take the number of a response; False: it is a copy, or an earlier one is missing."""
        newest = self._newest.get(tag)
        if newest is not None and number != newest + 1:
            return False
        self._newest[tag] = number
        return True


@dataclass(slots=True)
class Unacknowledged:
    """A reliable response of ours on its way."""

    response: Response
    number: int
    interval: float

    def is_met_by(self, prack: Request) -> bool:
        """Whether a PRACK is for it."""
        try:
            words = (prack.headers.get("RAck") or "").split()
            cseq = self.response.cseq
            return words == [str(self.number), str(cseq.number), cseq.method]
        except SipError:
            return False
