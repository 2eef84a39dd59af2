"""Requests outside of dialogs: OPTIONS, and REGISTER with its refreshes (RFC 3261, 10 and 11)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringcast.protocols.sip.agent_auth import Authenticator, Credentials
from ringcast.protocols.sip.agent_context import AgentContext
from ringcast.protocols.sip.agent_reasons import retry_after
from ringcast.protocols.sip.agent_requests import HeaderList, RequestSender
from ringcast.protocols.sip.dialog import MAX_FORWARDS
from ringcast.protocols.sip.errors import InvalidHeader, SipError
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.headers import NameAddr, parse_number
from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.names import REASONS
from ringcast.protocols.sip.timers import NEVER
from ringcast.protocols.sip.transactions import UDP, Destination
from ringcast.protocols.sip.transactions_client import ClientTransaction
from ringcast.protocols.sip.uri import SipUri, escape_user

# RFC 5626 4.5: the first wait after a registration has failed, and the longest, in seconds.
_FIRST_WAIT: Final = 30.0
_LONGEST_WAIT: Final = 1800.0
# A NAT on the way forgets who is silent, and calls could not reach us. RFC 5626 4.4.1 says how
# often connections are to be used; the tables of NATs for UDP are good for 30 s at least.
_KEEP_ALIVE_EVERY: Final = {UDP: 25.0}
_KEEP_ALIVE_EVERY_OTHERS: Final = 100.0
_LONGEST_EXPIRES: Final = 86_400 * 7


@dataclass(slots=True, eq=False, kw_only=True)
class Responded:
    """A request outside of dialogs has its final answer, 408 or 503 if nobody gave one."""

    status: int
    reason: str
    response: Response | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Registered:
    """The registrar knows where we are, for so many seconds; it is told again before that."""

    expires: int
    service_routes: tuple[str, ...] = ()
    """The way that calls shall take (RFC 3608)."""


@dataclass(slots=True, eq=False, kw_only=True)
class RegistrationFailed:
    """The registrar has refused us or is silent; it is asked again after `wait` seconds."""

    status: int
    reason: str
    wait: float


@dataclass(slots=True, eq=False)
class Unregistered:
    """The registrar has forgotten us, as we have asked it to, or has not answered that."""


LoneEvent = Responded | Registered | RegistrationFailed | Unregistered


@dataclass(frozen=True, slots=True, kw_only=True)
class Enquiry:
    """What is asked of whom; addresses without tag."""

    method: str
    uri: str
    from_: str
    to: str
    destination: Destination | None = None
    """Where to send it, whatever the URI says."""
    alternatives: Sequence[Destination] = ()
    """Where to send it if that cannot be reached or is out of service (RFC 3263 4.3)."""
    credentials: Credentials | None = None
    headers: HeaderList = ()
    contact_user: str = ""
    call_id: str | None = None


class LoneRequest:
    """A request outside of dialogs and the answer to it; challenges are met on the way."""

    def __init__(self, context: AgentContext, enquiry: Enquiry) -> None:
        """Prepare; raises SipError if an address cannot be read or reached."""
        self._context = context
        self._enquiry = enquiry
        uri = SipUri.parse(enquiry.uri)
        NameAddr.parse(enquiry.from_, header="From")
        NameAddr.parse(enquiry.to, header="To")
        self._uri = str(uri.request_uri_form())
        self._destination = enquiry.destination or context.destination(uri, transport=UDP)
        if not context.can_use(self._destination.transport):
            raise SipError(f"transport {self._destination.transport} is not open")
        self.call_id = enquiry.call_id or context.new_token()
        self.deadline = self.queued_at = NEVER
        self.owner: object = None
        """Whatever the shell around the agent wants to find again with an event."""
        self._tag = context.new_token()
        self._sequence = 0
        self._others: list[Destination] = []
        self._tries = 0
        self._transaction: ClientTransaction | None = None
        self._sender = RequestSender(context, transport=self._destination.transport)
        self._sender.is_secure = uri.scheme == "sips"
        self._sender.contact_user = escape_user(enquiry.contact_user)
        if enquiry.credentials is not None:
            self._sender.authenticator = Authenticator(
                enquiry.credentials, new_token=context.new_token
            )

    def send(self, *, now: float) -> None:
        """Send the request; Responded follows in 64*T1 at most."""
        self._tries = 0
        here = self._destination
        self._others = [one for one in self._enquiry.alternatives if one != here]
        self._send(now=now)

    # What the agent tells

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`: nothing, for a request that is sent once."""
        self.deadline = NEVER

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take a response."""
        if transaction is not self._transaction or response.status < 200:
            return
        authenticator = self._sender.authenticator
        if authenticator is not None and authenticator.accept_challenge(
            response, tries=self._tries
        ):
            self._tries += 1
            self._send(now=now)
            return
        self._transaction = None
        if response.status == 503 and self._tried_elsewhere(now=now):
            return
        self._answered(response.status, response.reason, response, now=now)

    def on_timeout(self, transaction: ClientTransaction, now: float) -> None:
        """Take the news that nobody has answered."""
        self._unanswered(transaction, 408, now=now)

    def on_transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        """Take the news that the request could not be delivered."""
        self._unanswered(transaction, 503, now=now)

    # Inside

    def _unanswered(self, transaction: ClientTransaction, status: int, *, now: float) -> None:
        if transaction is self._transaction:
            self._transaction = None
            if self._tried_elsewhere(now=now):
                return
            reason = (self._context.trouble if status == 503 else None) or REASONS[status]
            self._answered(status, reason, None, now=now)

    def _tried_elsewhere(self, *, now: float) -> bool:
        """Send it to another server, which is asked first from then on; False if there is none."""
        if not self._others:
            return False
        self._destination = self._others.pop(0)
        self._sender.transport = self._destination.transport
        self._tries = 0
        self._send(now=now)
        return True

    def _answered(self, status: int, reason: str, response: Response | None, *, now: float) -> None:
        self._emit(Responded(status=status, reason=reason, response=response))

    def _send(self, *, now: float) -> None:
        self._sequence += 1
        enquiry = self._enquiry
        fields = Headers.from_canonical(
            [
                ("Max-Forwards", MAX_FORWARDS),
                ("From", f"{enquiry.from_};tag={self._tag}"),
                ("To", enquiry.to),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._sequence} {enquiry.method}"),
            ]
        )
        for name, value in (*self._own_headers(), *enquiry.headers):
            fields.add(name, value)
        request = Request(enquiry.method, self._uri, fields)
        self._transaction = self._sender.send_dressed(
            request, self._destination, now=now, user=self
        )

    def _own_headers(self) -> HeaderList:
        return [("Contact", self._sender.contact(self._destination))]

    def _emit(self, event: LoneEvent) -> None:
        self._context.lone_events.append((self, event))


class Registration(LoneRequest):
    """We at a registrar: told, told again before it forgets, and asked to forget at the end."""

    def __init__(self, context: AgentContext, enquiry: Enquiry, *, expires: int = 3600) -> None:
        """Prepare; `expires` is for how many seconds we ask to be known."""
        super().__init__(context, enquiry)
        self._wanted = expires
        self._is_leaving = False
        self._failures = 0
        self._has_raised = False
        self._refresh_at = NEVER
        self._keep_alive_at = NEVER

    def stop(self, *, now: float) -> None:
        """Ask the registrar to forget us (10.2.2); Unregistered follows."""
        if not self._is_leaving:
            self._is_leaving = True
            self.deadline = self._refresh_at = self._keep_alive_at = NEVER
            self.send(now=now)

    def handle_timer(self, *, now: float) -> None:
        """Tell the registrar again, or only let the way to it not be forgotten."""
        if self._keep_alive_at <= now:
            self._context.layer.send_keep_alive(self._destination)
            self._keep_alive_at = now + self._keep_alive_every
        if self._refresh_at <= now:
            self._refresh_at = NEVER
            self._has_raised = False
            self.send(now=now)
        self._wake_up()

    def _own_headers(self) -> HeaderList:
        contact = self._sender.contact(self._destination)
        return [
            ("Contact", contact),
            ("Expires", str(0 if self._is_leaving else self._wanted)),
        ]

    def _answered(self, status: int, reason: str, response: Response | None, *, now: float) -> None:
        if self._is_leaving:
            self._emit(Unregistered())
        elif response is not None and 200 <= status < 300:
            self._registered(response, now=now)
        elif response is not None and status == 423 and self._raise_expires(response):
            self.send(now=now)  # 10.2.8
        else:
            self._failed(status, reason, response, now=now)

    def _registered(self, response: Response, *, now: float) -> None:
        granted = self._granted(response)
        self._failures = 0
        self._has_raised = False
        # Early enough for a few lost packets, and for a registrar with a slow clock.
        self._refresh_at = now + max(1.0, granted - max(5.0, granted * 0.1))
        self._keep_alive_at = now + self._keep_alive_every
        self._wake_up()
        routes = tuple(response.headers.get_all("Service-Route"))
        self._emit(Registered(expires=granted, service_routes=routes))

    def _granted(self, response: Response) -> int:
        """Return for how long we are known (10.2.4): said with our Contact, or for all."""
        ours = NameAddr.parse(self._sender.contact(self._destination), header="Contact").uri
        try:
            told = [
                contact.params.get("expires")
                for contact in response.contacts
                if contact.uri.equivalent(ours)
            ]
            text = (told[0] if told else None) or response.headers.get("Expires")
            if text is None:
                return self._wanted
            return max(1, parse_number(text, "Expires", maximum=_LONGEST_EXPIRES))
        except InvalidHeader:
            return self._wanted

    def _raise_expires(self, response: Response) -> bool:
        least = response.headers.get("Min-Expires")
        if least is None or self._has_raised:
            return False
        try:
            seconds = parse_number(least, "Min-Expires", maximum=_LONGEST_EXPIRES)
        except InvalidHeader:
            return False
        self._has_raised = True
        self._wanted = max(self._wanted + 1, seconds)
        return True

    def _failed(self, status: int, reason: str, response: Response | None, *, now: float) -> None:
        upper = min(_LONGEST_WAIT, _FIRST_WAIT * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        chance = zlib.crc32(self._context.new_token().encode()) % 1000 / 1000
        wait = upper * (0.5 + chance / 2)  # RFC 5626 4.5: 50 to 100 %, so that not all come at once
        asked = None if response is None else retry_after(response)
        if asked is not None:
            wait = max(wait, float(asked))
        self._refresh_at = now + wait
        self._keep_alive_at = NEVER
        self._wake_up()
        self._emit(RegistrationFailed(status=status, reason=reason, wait=wait))

    @property
    def _keep_alive_every(self) -> float:
        return _KEEP_ALIVE_EVERY.get(self._destination.transport, _KEEP_ALIVE_EVERY_OTHERS)

    def _wake_up(self) -> None:
        self.deadline = min(self._refresh_at, self._keep_alive_at)
        self._context.layer.schedule(self)
