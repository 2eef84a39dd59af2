"""The session description of one phone in one call: its offers, its answers, what was agreed."""

from __future__ import annotations

from ringcast.protocols.sdp import (
    CODECS,
    Agreement,
    Direction,
    InvalidSdp,
    SessionDescription,
    answer_offer,
    make_offer,
    read_answer,
)

__all__ = ["AudioSession"]


class AudioSession:
    """Offers and answers of one phone; whichever side begins, `agreement` is the last result."""

    def __init__(self, *, address: str, port: int, session_id: int) -> None:
        """`address` and `port` are where the phone receives."""
        self.agreement: Agreement | None = None
        self.is_holding = False
        """Whether this phone has put the other side on hold."""
        self._address = address
        self._port = port
        self._session_id = session_id
        self._version = 0
        self._offered: SessionDescription | None = None

    def answer(self, offer: bytes) -> bytes:
        """Answer the caller's offer; raise SdpError."""
        description, agreement = answer_offer(
            SessionDescription.parse(offer),
            address=self._address,
            port=self._port,
            session_id=self._session_id,
            version=self._next_version(),
            direction=self._wish,
        )
        self.agreement = agreement
        return description.serialize()

    def offer(self) -> bytes:
        """Describe what this phone would like; `take_answer` is next."""
        agreed = self.agreement
        self._offered = make_offer(
            address=self._address,
            port=self._port,
            session_id=self._session_id,
            version=self._next_version(),
            codecs=tuple(CODECS.values()) if agreed is None else (CODECS[agreed.codec],),
            telephone_event_pt=101 if agreed is None else agreed.telephone_event_to_receive,
            direction=self._wish,
        )
        return self._offered.serialize()

    def take_answer(self, answer: bytes) -> None:
        """Read the caller's answer to `offer`; raise SdpError."""
        offered, self._offered = self._offered, None
        if offered is None:
            raise InvalidSdp("an answer came without an offer")
        self.agreement = read_answer(offered, SessionDescription.parse(answer))

    @property
    def _wish(self) -> Direction:
        return Direction.SENDONLY if self.is_holding else Direction.SENDRECV

    def _next_version(self) -> int:
        self._version += 1
        return self._version
