"""A SIP user agent without I/O: datagrams and time in, datagrams and call events out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ringcast.protocols.sip.agent_context import (
    ACCEPT,
    ALLOW,
    ALLOWED_METHODS,
    SUPPORTED,
    SUPPORTED_OPTIONS,
    AgentContext,
)
from ringcast.protocols.sip.agent_events import CallEvent
from ringcast.protocols.sip.agent_incoming import IncomingSession
from ringcast.protocols.sip.agent_lone import Enquiry, LoneEvent, LoneRequest, Registration
from ringcast.protocols.sip.agent_outgoing import Invitation, OutgoingSession
from ringcast.protocols.sip.agent_refresh import interval_too_small
from ringcast.protocols.sip.agent_requests import SDP
from ringcast.protocols.sip.agent_session import Session
from ringcast.protocols.sip.errors import InvalidHeader, MalformedMessage, SipError
from ringcast.protocols.sip.headers import parse_number, split_list
from ringcast.protocols.sip.message import (
    Request,
    Response,
    make_response,
    parse_message,
    refuse_malformed,
)
from ringcast.protocols.sip.timers import DEFAULT_TIMERS, TimerSettings
from ringcast.protocols.sip.transactions import (
    TCP,
    UDP,
    AckReceived,
    Destination,
    RequestReceived,
    ResponseReceived,
    TimedOut,
    Transmission,
    TransportFailed,
)
from ringcast.protocols.sip.uri import SipUri

_CALL_ID = re.compile(rb"\r\n(?:Call-ID|i)[ \t]*:[ \t]*([^\s]+)", re.IGNORECASE)
# Media ranges of an Accept that let a session description through (20.1).
_DESCRIPTIONS = frozenset({"application/sdp", "application/*", "*/*"})


@dataclass(frozen=True, slots=True)
class Admit:
    """The request may come in."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The request is answered with this status."""

    status: int
    reason: str | None = None
    headers: Sequence[tuple[str, str]] = ()


Admission = Admit | Refuse | None
ADMIT = Admit()


def admit_nobody(request: Request, source: Destination) -> Admission:
    """Stay silent to everyone: for an agent that only calls out."""
    return None


class Agent:
    """All calls of one user agent.

    After any other method take `next_event` until None, then `datagrams_to_send` and
    `next_timer`. Times are seconds on the caller's monotonic clock.
    """

    def __init__(
        self,
        *,
        new_token: Callable[[], str],
        sent_by: Callable[[Destination], str],
        admit: Callable[[Request, Destination], Admission] = admit_nobody,
        is_stranger: Callable[[Destination], bool] = lambda source: False,
        transports: Collection[str] = (UDP, TCP),
        software: str = "Ringcast",
        timers: TimerSettings = DEFAULT_TIMERS,
    ) -> None:
        """Begin without calls.

        `new_token` gives unguessable text that is never given twice (tags, branches, Call-IDs,
        client nonces). `sent_by` says under which host:port a destination can reach us. `admit`
        is asked about every request that belongs to no call of ours: Admit, Refuse, or None to
        stay silent, which is what scanners deserve. Who `is_stranger` is not even read, unless it
        writes about a call of ours: a flood of that costs next to nothing.
        """
        self._admit = admit
        self._is_stranger = is_stranger
        self._context = AgentContext(
            new_token=new_token,
            sent_by=sent_by,
            transports=transports,
            software=software,
            timers=timers,
        )
        self._layer = self._context.layer

    @property
    def session_count(self) -> int:
        """How many calls have not ended."""
        return len(self._context.sessions)

    @property
    def transaction_count(self) -> int:
        """How many transactions are not terminated."""
        return self._layer.transaction_count

    def invite(self, invitation: Invitation, *, now: float) -> OutgoingSession:
        """Place a call; raises SipError if an address is malformed or we have no way to it."""
        session = OutgoingSession(self._context, invitation)
        session.start(now=now)
        return session

    def ask(self, enquiry: Enquiry, *, now: float) -> LoneRequest:
        """Send a request outside of dialogs; raises SipError as `invite` does."""
        request = LoneRequest(self._context, enquiry)
        request.send(now=now)
        return request

    def register(self, enquiry: Enquiry, *, expires: int, now: float) -> Registration:
        """Tell a registrar where we are, again and again; raises SipError as `invite` does."""
        registration = Registration(self._context, enquiry, expires=expires)
        registration.send(now=now)
        return registration

    def receive_data(self, data: bytes, source: Destination, *, now: float) -> None:
        """Take one datagram, or one message cut from a stream; never raises for what is in it."""
        if (
            not data.startswith(b"SIP/2.0 ")
            and self._is_stranger(source)
            and not self._is_about_a_call(data)
        ):
            return
        try:
            message = parse_message(data)
            if isinstance(message, Request):
                message.validate()
            else:
                _check_response(message)
            self._layer.receive_message(message, source, now=now)
        except MalformedMessage as exc:
            self._refuse_malformed(exc, source)
        except SipError:
            return  # a header nobody promised to be readable
        self._dispatch(now=now)

    def transport_failed(
        self, destination: Destination, *, now: float, why: str | None = None
    ) -> None:
        """Take the news that nothing can be delivered to a destination, and why if it is known."""
        self._layer.transport_failed(destination)
        self._context.trouble = why
        self._dispatch(now=now)
        self._context.trouble = None

    def handle_timers(self, *, now: float) -> None:
        """Do all that is due at `now`."""
        self._layer.handle_timers(now=now)
        self._dispatch(now=now)

    def next_timer(self) -> float | None:
        """Return when to call `handle_timers`, or None."""
        return self._layer.next_timer()

    def next_event(self) -> tuple[Session, CallEvent] | None:
        """Return the oldest event not yet taken and its call, or None."""
        events = self._context.events
        return events.popleft() if events else None

    def next_lone_event(self) -> tuple[LoneRequest, LoneEvent] | None:
        """Return the oldest event of requests outside of dialogs not yet taken, or None."""
        events = self._context.lone_events
        return events.popleft() if events else None

    @property
    def has_events(self) -> bool:
        """Whether `next_event` or `next_lone_event` has something to give."""
        return bool(self._context.events or self._context.lone_events)

    def datagrams_to_send(self) -> list[Transmission]:
        """Return what has to be sent, in this order, and forget it."""
        return self._layer.datagrams_to_send()

    def _dispatch(self, *, now: float) -> None:
        while (event := self._layer.next_event()) is not None:
            try:
                if isinstance(event, ResponseReceived):
                    if event.transaction.user is not None:
                        event.transaction.user.on_response(event.transaction, event.response, now)
                elif isinstance(event, RequestReceived):
                    self._on_request(event.request, event.source, now=now)
                elif isinstance(event, AckReceived):
                    self._on_ack(event.request, now=now)
                elif event.transaction.user is not None:
                    user, transaction = event.transaction.user, event.transaction
                    if isinstance(event, TimedOut):
                        user.on_timeout(transaction, now)
                    elif isinstance(event, TransportFailed):
                        user.on_transport_failed(transaction, now)
            except SipError:
                continue  # a header that this message did not need to have right for the others

    def _is_about_a_call(self, data: bytes) -> bool:
        """Whether a request names a call of ours, found without reading the rest of it."""
        found = _CALL_ID.search(data)
        return found is not None and self._context.knows(found[1].decode("utf-8", "replace"))

    def _on_ack(self, request: Request, *, now: float) -> None:
        session = self._context.sessions.get((request.call_id, request.to_tag or ""))
        if session is not None:
            session.receive_ack(request, now=now)

    def _on_request(self, request: Request, source: Destination, *, now: float) -> None:
        if request.method == "CANCEL":
            self._on_cancel(request, source, now=now)
            return
        to_tag = request.to_tag
        if to_tag is not None:
            session = self._context.sessions.get((request.call_id, to_tag))
            dialog = None if session is None else session.dialog_with(request.from_tag)
            if session is not None and dialog is not None:
                transaction = self._layer.accept(request, source, now=now)
                session.receive_request(dialog, transaction, now=now)
                return
        admission = self._admit(request, source)
        if admission is None:
            return
        refusal = (
            admission
            if isinstance(admission, Refuse)
            else _unacceptable(request, is_in_dialog=to_tag is not None)
        )
        if refusal is not None:
            self._refuse(request, source, refusal, now=now)
        elif request.method == "INVITE":
            self._begin_incoming(request, source, now=now)
        else:  # OPTIONS (11.2)
            headers = (ALLOW, ACCEPT, SUPPORTED)
            self._refuse(request, source, Refuse(200, headers=headers), now=now)

    def _begin_incoming(self, request: Request, source: Destination, *, now: float) -> None:
        transaction = self._layer.accept(request, source, now=now)
        try:
            IncomingSession(self._context, transaction, source)
        except SipError as exc:
            response = make_response(
                request, 400, reason=str(exc), to_tag=self._context.new_token()
            )
            self._layer.respond(transaction, response, now=now)

    def _on_cancel(self, cancel: Request, source: Destination, *, now: float) -> None:
        cancelled = self._layer.cancelled_by(cancel)
        if cancelled is None:
            if self._admit(cancel, source) is not None:
                self._refuse(cancel, source, Refuse(481), now=now)  # 9.2
            return
        session = cancelled.user
        tag = session.local_tag if session is not None else self._context.new_token()
        transaction = self._layer.accept(cancel, source, now=now)
        self._layer.respond(transaction, make_response(cancel, 200, to_tag=tag), now=now)
        if isinstance(session, IncomingSession):
            session.receive_cancel(cancel, now=now)

    def _refuse(
        self, request: Request, source: Destination, refusal: Refuse, *, now: float
    ) -> None:
        transaction = self._layer.accept(request, source, now=now)
        response = make_response(
            request,
            refusal.status,
            reason=refusal.reason,
            to_tag=self._context.new_token(),
            headers=refusal.headers,
        )
        self._layer.respond(transaction, response, now=now)

    def _refuse_malformed(self, error: MalformedMessage, source: Destination) -> None:
        """Tell who would be let in what was wrong with a request; strangers get silence."""
        if error.method is None or error.partial is None:
            return
        request = Request(error.method, "", error.partial)
        try:
            if self._admit(request, source) is None:
                return
            response = refuse_malformed(error, to_tag=self._context.new_token())
            if response is not None:
                self._layer.reply_without_transaction(request, response, source)
        except SipError:
            return


def _check_response(response: Response) -> None:
    """Check what every response is used for; raises SipError, then it is dropped.

    The rest is read where it is needed: `validate` would read it all, and this is the hot path.
    """
    if response.status > 100:
        _ = response.to_tag
    length = response.headers.get("Content-Length")
    if length is not None and length != "0":
        announced = parse_number(length, "Content-Length", maximum=2**32 - 1)
        if announced > len(response.body):  # 18.3
            raise InvalidHeader("Content-Length", f"{announced}, but {len(response.body)} came")


def _unacceptable(request: Request, *, is_in_dialog: bool) -> Refuse | None:
    """Return why a request from outside of dialogs cannot be served, or None (8.2)."""
    if request.method not in ALLOWED_METHODS:
        return Refuse(405, headers=(ALLOW,))  # 8.2.1
    if is_in_dialog or request.method not in ("INVITE", "OPTIONS"):
        return Refuse(481)  # 12.2.2
    if not isinstance(request.request_uri, SipUri) and request.request_uri.scheme != "tel":
        return Refuse(416)  # 8.2.2.1
    unsupported = request.require - SUPPORTED_OPTIONS
    if unsupported:
        return Refuse(420, headers=(("Unsupported", ", ".join(sorted(unsupported))),))  # 8.2.2.3
    if request.method == "INVITE" and request.body and request.content_type not in (SDP, None):
        return Refuse(415, headers=(ACCEPT,))  # 8.2.3
    if request.method == "INVITE":
        too_small = interval_too_small(request)
        if too_small is not None:
            return Refuse(422, headers=too_small.headers)  # RFC 4028 9
    if request.method == "INVITE" and not _takes_descriptions(request):
        return Refuse(406)  # RFC 4475 3.3.17: it would not take our answer
    return None


def _takes_descriptions(request: Request) -> bool:
    """Whether the sender takes SDP, as all do who do not say what they take (20.1)."""
    accepted = request.headers.get_all("Accept")
    return not accepted or any(
        item.partition(";")[0].strip().lower() in _DESCRIPTIONS
        for value in accepted
        for item in split_list(value, "Accept")
    )
