"""What the two ends of one leg have agreed to send each other (RFC 3264)."""

from __future__ import annotations

from ringcast.engines.embedded.descriptions import Descriptions
from ringcast.protocols.sdp import (
    Agreement,
    SessionDescription,
    answer_offer,
)

__all__ = ["Negotiation"]


class Negotiation:
    """Offers, answers and the agreement in force; one stream of audio with telephone events."""

    __slots__ = (
        "_address",
        "_descriptions",
        "_has_offered",
        "_last_answer",
        "_port",
        "_session_id",
        "_version",
        "agreed",
    )

    def __init__(
        self, descriptions: Descriptions, *, address: str, port: int, session_id: int
    ) -> None:
        """`address` (that of `descriptions`) and `port` are where the far end shall send."""
        self._descriptions = descriptions
        self._address = address
        self._port = port
        self._session_id = session_id
        self._version = 0
        self._has_offered = False
        self._last_answer: bytes | None = None
        self.agreed: Agreement | None = None
        """What is in force; None before the first answer."""

    @property
    def takes_telephone_events(self) -> bool:
        """Whether the far end takes digits as RFC 4733 events."""
        return self.agreed is not None and self.agreed.telephone_event_to_send is not None

    @property
    def is_on_hold(self) -> bool:
        """Whether media is not meant to flow both ways: silence then means nothing."""
        agreed = self.agreed
        return agreed is not None and not (agreed.direction.sends and agreed.direction.receives)

    def offer(self) -> bytes:
        """Return an offer of ours: in the INVITE, or in the answer to one that has none."""
        self._has_offered = True
        self._last_answer = None
        return self._descriptions.offer(
            port=self._port, session_id=self._session_id, version=self._next_version()
        )

    def take_answer(self, body: bytes) -> bool:
        """Read the answer to our offer; return whether it is news. Raises SdpError.

        A 183 and the 200 after it mostly carry the same answer.
        """
        assert self._has_offered, "an answer comes after an offer"
        if body == self._last_answer:
            return False
        self.agreed = self._descriptions.read_answer(body)
        self._last_answer = body
        return True

    def answer(self, body: bytes) -> bytes:
        """Answer an offer of the far end, which is then in force; raises SdpError."""
        description, self.agreed = answer_offer(
            SessionDescription.parse(body),
            address=self._address,
            port=self._port,
            session_id=self._session_id,
            version=self._next_version(),
        )
        return description.serialize()

    def _next_version(self) -> int:
        self._version += 1  # RFC 3264 8: one more with each description
        return self._version
