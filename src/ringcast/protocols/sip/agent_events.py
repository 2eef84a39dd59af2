"""What happens to a call, as its owner hears of it.

An outgoing call gives Trying?, Provisional*, then Failed, or Answered … Ended.
An incoming call gives Invited, then Cancelled or Ended, or Acked … Ended.
The last event of every call is exactly one of Failed, Cancelled and Ended.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringcast.protocols.sip.agent_reasons import q850_cause, reason_text, retry_after
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.transactions import Destination


@dataclass(slots=True, eq=False)
class Trying:
    """The next hop has the INVITE (100)."""


@dataclass(slots=True, eq=False)
class Provisional:
    """The far end makes progress (101 to 199); the body may be early media's answer."""

    response: Response

    @property
    def status(self) -> int:
        """180 for ringing, 183 for progress, …"""
        return self.response.status

    @property
    def headers(self) -> Headers:
        """All headers of the response."""
        return self.response.headers

    @property
    def body(self) -> bytes:
        """A session description, or nothing."""
        return self.response.body


@dataclass(slots=True, eq=False)
class Answered:
    """The far end has accepted the call (2xx).

    If the INVITE had no body, the body is an offer and `acknowledge` must be called with the
    answer; else the ACK has been sent.
    """

    response: Response

    @property
    def body(self) -> bytes:
        """The session description."""
        return self.response.body


@dataclass(slots=True, eq=False, kw_only=True)
class Failed:
    """The call was not answered.

    Without a final response the status is 408 (`is_timeout`), 503 (`is_transport_error`,
    8.1.3.1) or 487 (`is_cancelled`, and the far end kept silent or answered too late).
    """

    status: int
    reason: str
    response: Response | None = None
    is_timeout: bool = False
    is_transport_error: bool = False
    is_cancelled: bool = False

    @property
    def headers(self) -> Headers | None:
        """All headers of the final response, if there was one."""
        return None if self.response is None else self.response.headers

    @property
    def retry_after(self) -> int | None:
        """Seconds to wait before another try, if the far end said so (20.33)."""
        return None if self.response is None else retry_after(self.response)

    @property
    def cause(self) -> int | None:
        """The Q.850 cause of the Reason header, if there was one (RFC 3326, RFC 6432)."""
        return None if self.response is None else q850_cause(self.response)


@dataclass(slots=True, eq=False, kw_only=True)
class Ended:
    """An answered call, or an incoming one we refused, is over."""

    by_remote: bool
    request: Request | None = None
    """The far end's BYE."""
    is_timeout: bool = False
    """The far end no longer answers, or never acknowledged our answer."""
    is_transport_error: bool = False

    @property
    def reason(self) -> str | None:
        """The text of the Reason header of the BYE, if there was one."""
        return None if self.request is None else reason_text(self.request)

    @property
    def cause(self) -> int | None:
        """The Q.850 cause of the Reason header of the BYE, if there was one."""
        return None if self.request is None else q850_cause(self.request)


@dataclass(slots=True, eq=False)
class Invited:
    """Somebody calls. Ring, progress, answer or reject."""

    request: Request
    source: Destination


@dataclass(slots=True, eq=False)
class Acked:
    """Our answer has arrived; the body is the session answer if ours was the offer."""

    request: Request

    @property
    def body(self) -> bytes:
        """A session description, or nothing."""
        return self.request.body


@dataclass(slots=True, eq=False)
class Cancelled:
    """The caller gave up before we answered."""

    request: Request | None
    """The CANCEL."""

    @property
    def cause(self) -> int | None:
        """The Q.850 cause of the Reason header, if there was one."""
        return None if self.request is None else q850_cause(self.request)

    @property
    def is_answered_elsewhere(self) -> bool:
        """Whether another phone has taken the call (RFC 3326: SIP;cause=200)."""
        return self.request is not None and any(
            "cause=200" in value.replace(" ", "")
            for value in self.request.headers.get_all("Reason")
        )


@dataclass(slots=True, eq=False)
class RemoteOffer:
    """The far end changes the session; call `accept_offer` or `reject_offer`.

    A re-INVITE may have no body: then the body given to `accept_offer` is the offer, and Acked
    brings the answer.
    """

    request: Request

    @property
    def method(self) -> str:
        """INVITE or UPDATE."""
        return self.request.method

    @property
    def body(self) -> bytes:
        """The session offer, or nothing."""
        return self.request.body


@dataclass(slots=True, eq=False)
class OfferAnswered:
    """The far end has accepted our re-INVITE."""

    response: Response

    @property
    def body(self) -> bytes:
        """The session answer."""
        return self.response.body


@dataclass(slots=True, eq=False)
class OfferRefused:
    """Our re-INVITE was refused: the session stays as it was (14.1)."""

    response: Response

    @property
    def status(self) -> int:
        """The status of the refusal."""
        return self.response.status


@dataclass(slots=True, eq=False)
class Info:
    """The far end sends something in a SIP INFO, a DTMF digit mostly; 200 has been answered."""

    request: Request

    @property
    def content_type(self) -> str | None:
        """For instance application/dtmf-relay."""
        return self.request.content_type

    @property
    def body(self) -> bytes:
        """What is sent."""
        return self.request.body


@dataclass(slots=True, eq=False)
class InfoAnswered:
    """The far end's answer to our INFO; 408 if it never answered, 503 if it could not be sent."""

    status: int


CallEvent = (
    Trying
    | Provisional
    | Answered
    | Failed
    | Ended
    | Invited
    | Acked
    | Cancelled
    | RemoteOffer
    | OfferAnswered
    | OfferRefused
    | Info
    | InfoAnswered
)
