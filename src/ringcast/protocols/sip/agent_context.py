"""What all sessions of one user agent share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from ringcast.protocols.sip.agent_events import CallEvent
from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.timers import TimerSettings
from ringcast.protocols.sip.transaction_layer import TransactionLayer, default_port
from ringcast.protocols.sip.transactions import TCP, TLS, Destination
from ringcast.protocols.sip.uri import OpaqueUri, SipUri

if TYPE_CHECKING:
    from ringcast.protocols.sip.agent_lone import LoneEvent, LoneRequest
    from ringcast.protocols.sip.agent_session import Session

ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK")
ALLOWED_METHODS = frozenset(
    {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK"}
)
SUPPORTED = ("Supported", "100rel, timer")
SUPPORTED_OPTIONS = frozenset({"100rel", "timer"})
ACCEPT = ("Accept", "application/sdp")
_MOST_SET_ASIDE = 1000
# Call-IDs of calls that have ended: at 200 calls a second those of the last 40 s.
_MOST_ENDED = 8192
_TRANSPORT_PARAMETERS = {TCP: ";transport=tcp", TLS: ";transport=tls"}


class NoRoute(SipError):
    """We have no transport that leads to a URI."""

    def __init__(self, uri: SipUri | OpaqueUri, why: str) -> None:
        super().__init__(f"no way to {uri}: {why}")
        self.uri = uri


class AgentContext:
    """The transaction layer, the live sessions, and who we say we are."""

    __slots__ = (
        "_call_ids",
        "_ended",
        "_sent_by",
        "_set_aside",
        "_transports",
        "events",
        "layer",
        "lone_events",
        "new_token",
        "sessions",
        "software",
        "trouble",
    )

    def __init__(
        self,
        *,
        new_token: Callable[[], str],
        sent_by: Callable[[Destination], str],
        transports: Collection[str],
        software: str,
        timers: TimerSettings,
    ) -> None:
        self.layer = TransactionLayer(new_token=new_token, sent_by=sent_by, timers=timers)
        self.new_token = new_token
        self.software = software
        self.sessions: dict[tuple[str, str], Session] = {}
        self.events: deque[tuple[Session, CallEvent]] = deque()
        self.lone_events: deque[tuple[LoneRequest, LoneEvent]] = deque()
        self.trouble: str | None = None
        """Why a destination cannot be reached, while its sessions are told of it."""
        self._call_ids: dict[str, None] = {}
        self._ended: deque[str] = deque()
        self._set_aside: dict[Destination, float] = {}
        self._sent_by = sent_by
        self._transports = frozenset(transports)

    @property
    def timers(self) -> TimerSettings:
        """The timer values in use."""
        return self.layer.timers

    def contact(self, destination: Destination, user: str, *, is_secure: bool = False) -> str:
        """Return the Contact under which requests from a destination reach us (8.1.1.8).

        `is_secure` says that the call is to a sips: URI, and so must be the way back. Others name
        the transport: transport=tls is deprecated (26.2.2), and what carriers expect.
        """
        at = "@" if user else ""
        if is_secure:
            return f"<sips:{user}{at}{self._sent_by(destination)}>"
        transport = _TRANSPORT_PARAMETERS.get(destination.transport, "")
        return f"<sip:{user}{at}{self._sent_by(destination)}{transport}>"

    def add(self, session: Session) -> None:
        """Keep a call."""
        self.sessions[session.call_id, session.local_tag] = session
        self._call_ids[session.call_id] = None

    def remove(self, session: Session) -> None:
        """Forget a call, but not yet its Call-ID: the far end may have missed our last answer."""
        if self.sessions.pop((session.call_id, session.local_tag), None) is not None:
            self._ended.append(session.call_id)
            if len(self._ended) > _MOST_ENDED:
                self._call_ids.pop(self._ended.popleft(), None)

    def knows(self, call_id: str) -> bool:
        """Whether this is, or was a short while ago, the Call-ID of a call of ours."""
        return call_id in self._call_ids

    def set_aside(self, destination: Destination, *, until: float) -> None:
        """Try a server only after others for a while."""
        if len(self._set_aside) >= _MOST_SET_ASIDE:
            self._set_aside.clear()
        self._set_aside[destination] = until

    def by_readiness(self, destinations: Sequence[Destination], *, now: float) -> list[Destination]:
        """Return the servers in the same order, but those that have just failed at the end."""
        if not self._set_aside:
            return list(destinations)
        return sorted(destinations, key=lambda one: self._set_aside.get(one, now) > now)

    def can_use(self, transport: str) -> bool:
        """Whether this transport is open."""
        return transport in self._transports

    def destination(self, uri: SipUri | OpaqueUri, *, transport: str) -> Destination:
        """Return where a request to a URI is sent; raises NoRoute.

        RFC 3263 takes UDP for a URI that names no transport. We take the one the call is on:
        what sent us something over TCP listens there, and many leave the parameter out.
        """
        if not isinstance(uri, SipUri):
            raise NoRoute(uri, f"a {uri.scheme}: URI names no host")
        name = uri.transport.upper() if uri.transport else transport
        if uri.scheme == "sips":
            name = TLS  # 26.2.2; over TCP, as TLS is
        if name not in self._transports:
            raise NoRoute(uri, f"transport {name} is not open")
        host = uri.params.get("maddr") or uri.host
        return Destination(name, host, uri.port or default_port(name))
