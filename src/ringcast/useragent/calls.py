"""Calls as an application holds them: actions without a clock, events by callback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ringcast.protocols.sip.agent_events import CallEvent
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.agent_outgoing import OutgoingSession
from ringcast.protocols.sip.agent_session import Session
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.transactions import Destination

HeaderList = Sequence[tuple[str, str]]


class Switchboard(Protocol):
    """What a call needs of its user agent."""

    def now(self) -> float:
        """Return the time on the event loop's clock."""

    def run(self) -> None:
        """Send what has to be sent, deliver events and set the timer."""


class Call:
    """What can be done in any call. Actions on a call that has ended do nothing."""

    def __init__(self, switchboard: Switchboard, session: Session) -> None:
        self.on_event: Callable[[CallEvent], None] | None = None
        """Called with each event, on the event loop; it must not block."""
        self._switchboard = switchboard
        self._session = session
        session.owner = self

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self._session.call_id

    @property
    def is_finished(self) -> bool:
        """Whether the last event has been given."""
        return self._session.is_finished

    @property
    def answer_offer(self) -> Callable[[Request], bytes | None] | None:
        """If set: answers the far end's re-INVITEs; None makes a RemoteOffer event after all."""
        return self._session.answer_offer

    @answer_offer.setter
    def answer_offer(self, answer: Callable[[Request], bytes | None] | None) -> None:
        self._session.answer_offer = answer

    def bye(self, *, cause: int | None = None) -> None:
        """Hang up, with a Q.850 cause if one is given; before the answer, cancel or refuse."""
        self._session.bye(now=self._switchboard.now(), cause=cause)
        self._switchboard.run()

    def reinvite(self, body: bytes, *, headers: HeaderList = ()) -> None:
        """Offer another session; OfferAnswered or OfferRefused follows.

        Raises ActionNotPossible before the call is answered or while an offer is open.
        """
        self._session.reinvite(body, now=self._switchboard.now(), headers=headers)
        self._switchboard.run()

    def accept_offer(self, body: bytes, *, headers: HeaderList = ()) -> None:
        """Answer a RemoteOffer with 200."""
        self._session.accept_offer(body, now=self._switchboard.now(), headers=headers)
        self._switchboard.run()

    def reject_offer(self, status: int = 488) -> None:
        """Refuse a RemoteOffer: the session stays as it was."""
        self._session.reject_offer(status, now=self._switchboard.now())
        self._switchboard.run()

    def info(self, body: bytes, *, content_type: str) -> None:
        """Send a SIP INFO; InfoAnswered follows. Raises ActionNotPossible before the answer."""
        self._session.info(body, content_type=content_type, now=self._switchboard.now())
        self._switchboard.run()


class OutgoingCall(Call):
    """A call we placed."""

    def __init__(self, switchboard: Switchboard, session: OutgoingSession) -> None:
        super().__init__(switchboard, session)
        self._outgoing = session

    def cancel(self, *, headers: HeaderList = ()) -> None:
        """Give up an unanswered call: Failed with `is_cancelled` follows in 64*T1 or little more.

        An answer that crosses the CANCEL is acknowledged and hung up. If the call is answered
        already this is `bye`.
        """
        self._outgoing.cancel(now=self._switchboard.now(), headers=headers)
        self._switchboard.run()

    def acknowledge(self, body: bytes) -> None:
        """Send our session answer in the ACK, if the INVITE was without an offer."""
        self._outgoing.acknowledge(body, now=self._switchboard.now())
        self._switchboard.run()


class IncomingCall(Call):
    """A call that came to us."""

    def __init__(self, switchboard: Switchboard, session: IncomingSession) -> None:
        super().__init__(switchboard, session)
        self._incoming = session

    @property
    def request(self) -> Request:
        """The INVITE."""
        return self._incoming.request

    @property
    def source(self) -> Destination:
        """Where the INVITE came from."""
        return self._incoming.source

    def ring(self, body: bytes = b"", *, headers: HeaderList = ()) -> None:
        """Send 180 Ringing, with early media's session if there is a body."""
        self._incoming.ring(body, now=self._switchboard.now(), headers=headers)
        self._switchboard.run()

    def progress(self, body: bytes = b"", *, status: int = 183, headers: HeaderList = ()) -> None:
        """Send 183 Session Progress or another provisional response."""
        self._incoming.progress(body, now=self._switchboard.now(), status=status, headers=headers)
        self._switchboard.run()

    def answer(self, body: bytes, *, headers: HeaderList = ()) -> None:
        """Accept the call with 200; Acked follows, or Ended if no ACK comes."""
        self._incoming.answer(body, now=self._switchboard.now(), headers=headers)
        self._switchboard.run()

    def reject(
        self, status: int = 486, *, reason: str | None = None, headers: HeaderList = ()
    ) -> None:
        """Refuse the call with a final status of 300 or more."""
        now = self._switchboard.now()
        self._incoming.reject(status, now=now, reason=reason, headers=headers)
        self._switchboard.run()
