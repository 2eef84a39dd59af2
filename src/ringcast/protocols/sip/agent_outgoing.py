"""A call we place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ringcast.protocols.sip.agent_auth import Authenticator, Credentials
from ringcast.protocols.sip.agent_context import ALLOW, SUPPORTED, AgentContext, NoRoute
from ringcast.protocols.sip.agent_events import (
    Answered,
    CallEvent,
    Ended,
    Failed,
    Provisional,
    Trying,
)
from ringcast.protocols.sip.agent_reasons import retry_after
from ringcast.protocols.sip.agent_reliable import Numbering, acknowledgement, response_number
from ringcast.protocols.sip.agent_requests import SDP
from ringcast.protocols.sip.agent_session import Session
from ringcast.protocols.sip.agent_session_base import ActionNotPossible, Phase
from ringcast.protocols.sip.dialog import MAX_FORWARDS, Dialog
from ringcast.protocols.sip.errors import InvalidHeader, SipError
from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.headers import NameAddr
from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.names import REASONS
from ringcast.protocols.sip.transactions import TCP, UDP, Destination, Transaction
from ringcast.protocols.sip.transactions_client import ClientTransaction
from ringcast.protocols.sip.uri import SipUri, escape_user

# A call forks to some phones; without a limit a hostile peer would fill the memory.
_MOST_EARLY_DIALOGS = 32
# Seconds for which a server that cannot be reached is tried last, and the most one may ask for.
_UNREACHABLE_SECONDS = 30.0
_LONGEST_SET_ASIDE = 600.0
_MOST_REDIRECTIONS = 5
# A reliable response with the far end's offer would want our answer in the PRACK.
_SUPPORTED_WITHOUT_OFFER = ("Supported", "timer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whom to call, as whom, and which way."""

    uri: str
    """The Request-URI."""
    from_: str
    """Name and address of the caller, without tag: `"Ringcast" <sip:+12135550100@host>`."""
    to: str | None = None
    """Name and address of the called one; the Request-URI if None."""
    destination: Destination | None = None
    """Where to send the INVITE, whatever the URI says: an outbound proxy or trunk."""
    alternatives: Sequence[Destination] = ()
    """Where to send it if the destination cannot be reached or is out of service (RFC 3263 4.3)."""
    routes: Sequence[str] = ()
    """Route values, `<sip:proxy;lr>`."""
    headers: Sequence[tuple[str, str]] = ()
    """More headers of the INVITE."""
    body: bytes = b""
    """The session offer; without one the far end makes the offer in its 2xx."""
    content_type: str = SDP
    credentials: Credentials | None = None
    contact_user: str = ""
    """The user part of our Contact, as people read it."""
    follows: Callable[[SipUri], bool] | None = None
    """Which Contacts of a 3xx are called in place of the Request-URI; None: none (8.1.3.4)."""
    large_over_tcp: bool = False
    """Whether the far end takes TCP for what does not fit into a datagram (18.1.1)."""


class OutgoingSession(Session):
    """An INVITE of ours and the call that comes of it."""

    def __init__(self, context: AgentContext, invitation: Invitation) -> None:
        """Prepare the call; raises SipError if an address cannot be read or reached."""
        self._uri = SipUri.parse(invitation.uri)
        self._invitation = invitation
        self._routes = [
            NameAddr.parse(_address(route, "Route"), header="Route") for route in invitation.routes
        ]
        self._from = _address(invitation.from_, "From")
        self._uri_text = str(self._uri)
        self._to = f"<{self._uri_text}>" if invitation.to is None else _address(invitation.to, "To")
        first_hop = self._routes[0].uri if self._routes else self._uri
        self._first_hop = invitation.destination or context.destination(first_hop, transport=UDP)
        self._alternatives = [one for one in invitation.alternatives if one != self._first_hop]
        for hop in (self._first_hop, *self._alternatives):
            if not context.can_use(hop.transport):
                raise SipError(f"transport {hop.transport} is not open")
        super().__init__(
            context,
            call_id=context.new_token(),
            local_tag=context.new_token(),
            transport=self._first_hop.transport,
        )
        if invitation.credentials is not None:
            self._sender.authenticator = Authenticator(
                invitation.credentials, new_token=context.new_token
            )
        self._sender.large_over_tcp = invitation.large_over_tcp
        self._sender.contact_user = escape_user(invitation.contact_user)
        self._sender.is_secure = self._uri.scheme == "sips"
        self._sequence = 0
        self._invite: ClientTransaction | None = None
        self._has_provisional = False
        self._early: dict[str, Response | Dialog] = {}
        self._cancel_wanted = False
        self._cancel_headers: Sequence[tuple[str, str]] = ()
        self._cancelling = False
        self._unacknowledged: Request | None = None
        self._reliable = Numbering()
        self._called = {self._uri_text}
        self._description = invitation.body

    # Actions

    def start(self, *, now: float) -> None:
        """Send the INVITE; raises SipError if a header given is none."""
        if self._alternatives:
            servers = self._context.by_readiness([self._first_hop, *self._alternatives], now=now)
            self._go_to(servers[0])
            self._alternatives = servers[1:]
        try:
            self._send_invite(now=now)
        except SipError:
            self._context.remove(self)
            raise

    def cancel(self, *, now: float, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Give up a call that is not answered; Failed with `is_cancelled` follows.

        CANCEL leaves once a provisional response has come (9.1). If the answer crosses it, the
        answer is acknowledged and BYE is sent. On an answered call this is `bye`.
        """
        if self.phase is Phase.CONFIRMED:
            self.bye(now=now)
        elif self.phase is Phase.EARLY and not self._cancel_wanted:
            self._cancel_wanted = True
            self._cancel_headers = headers
            if self._has_provisional:
                self._send_cancel(now=now)

    def bye(self, *, now: float, cause: int | None = None) -> None:
        """Hang up an answered call; a call that is not answered is cancelled."""
        if self.phase is Phase.EARLY:
            self.cancel(now=now)
        else:
            if self._unacknowledged is not None:
                self.acknowledge(b"", now=now)  # an answer must have its ACK before BYE
            super().bye(now=now, cause=cause)

    def acknowledge(self, body: bytes, *, now: float) -> None:
        """Send the ACK with our session answer, if the INVITE was without an offer."""
        invite, self._unacknowledged = self._unacknowledged, None
        if invite is not None and self._dialog is not None:
            self._sender.send_ack(self._dialog, invite, body=body)
        elif self.phase is Phase.EARLY:
            raise ActionNotPossible("nothing to acknowledge yet")

    # What the agent tells

    def dialog_with(self, remote_tag: str | None) -> Dialog | None:
        """Return the dialog, early or confirmed, with a far end, or None."""
        dialog = super().dialog_with(remote_tag)
        if dialog is not None or remote_tag is None:
            return dialog
        early = self._early.get(remote_tag)
        if isinstance(early, Response) and self._invite is not None:
            early = self._early[remote_tag] = Dialog.of_caller(self._invite.request, early)
        return early if isinstance(early, Dialog) else None

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take a response to one of our requests."""
        if transaction is not self._invite:
            super().on_response(transaction, response, now)
        elif response.status >= 300:
            self._on_refusal(response, now=now)
        elif response.status >= 200:
            self._on_answer(transaction.request, response, now=now)
        else:
            self._on_provisional(response, now=now)

    # Inside

    def _on_no_answer(self, transaction: Transaction, status: int, *, now: float) -> None:
        if transaction is not self._invite:
            super()._on_no_answer(transaction, status, now=now)
        elif status == 503 and self._sender.large_over_tcp and self._changed_to_tcp(transaction):
            self._sender.large_over_tcp = False  # 18.1.1: they do not listen on TCP after all
            self._send_invite(now=now)
        elif status == 503 and self._tried_elsewhere(_UNREACHABLE_SECONDS, now=now):
            return
        else:
            if status == 408:
                # Nobody was heard of, but somebody may have been rung: this call is over, and
                # only the next ones go elsewhere. RFC 3263 4.3 would have us call again.
                self._context.set_aside(self._first_hop, until=now + _UNREACHABLE_SECONDS)
            self._fail(
                status,
                reason=self._context.trouble if status == 503 else None,
                is_timeout=status == 408,
                is_transport_error=status == 503,
            )

    def _tried_elsewhere(self, seconds: float, *, now: float) -> bool:
        """Send the INVITE to another server; False if there is none, or nobody wants it now."""
        self._context.set_aside(self._first_hop, until=now + seconds)
        if self._cancel_wanted or not self._alternatives:
            return False
        self._go_to(self._alternatives.pop(0))
        self._early.clear()
        self._send_invite(now=now)
        return True

    def _was_redirected(self, response: Response, *, now: float) -> bool:
        """Call a Contact of a 3xx that may be called and has not been; False if there is none."""
        follows = self._invitation.follows
        if not 300 <= response.status < 400 or follows is None or self._cancel_wanted:
            return False
        for contact in sorted(response.contacts, key=_preference):
            uri = contact.uri
            if not isinstance(uri, SipUri) or len(self._called) > _MOST_REDIRECTIONS:
                continue
            uri = uri.request_uri_form()
            if str(uri) in self._called or not follows(uri):
                continue
            try:
                server = self._context.destination(uri, transport=self._first_hop.transport)
            except NoRoute:
                continue
            self._uri, self._uri_text = uri, str(uri)
            self._called.add(self._uri_text)
            self._alternatives = []
            self._go_to(server)
            self._early.clear()
            self._send_invite(now=now)
            return True
        return False

    def _go_to(self, server: Destination) -> None:
        self._first_hop = server
        self._sender.transport = server.transport

    def _changed_to_tcp(self, transaction: Transaction) -> bool:
        return transaction.destination.transport == TCP and self._first_hop.transport == UDP

    def _send_invite(self, *, now: float) -> None:
        self._sequence += 1
        invitation, destination = self._invitation, self._first_hop
        target = self._uri.request_uri_form()
        uri = self._uri_text if target is self._uri else str(target)
        routes = [str(route) for route in self._routes]
        if self._routes:
            first = self._routes[0].uri
            if isinstance(first, SipUri) and not first.is_loose_router:  # 8.1.2, 12.2.1.1
                uri, routes = str(first.request_uri_form()), [*routes[1:], f"<{uri}>"]
        fields = Headers.from_canonical(
            [
                ("Max-Forwards", MAX_FORWARDS),
                *(("Route", route) for route in routes),
                ("From", f"{self._from};tag={self.local_tag}"),
                ("To", self._to),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._sequence} INVITE"),
                ("Contact", self._sender.contact(destination)),
                ALLOW,
                SUPPORTED if invitation.body else _SUPPORTED_WITHOUT_OFFER,
                *self._refresh.asked_headers(),
            ]
        )
        for name, value in invitation.headers:
            fields.add(name, value)
        if invitation.body:
            fields.add("Content-Type", invitation.content_type)
        request = Request("INVITE", uri, fields, invitation.body)
        self._has_provisional = False
        self._invite = self._sender.send_dressed(request, destination, now=now, user=self)

    def _on_provisional(self, response: Response, *, now: float) -> None:
        first, self._has_provisional = not self._has_provisional, True
        if response.status > 100:
            tag = response.to_tag
            number = response_number(response)
            if number is not None and not self._reliable.is_next(tag or "", number):
                return  # a copy: the PRACK is on its way; or one before it is missing (4)
            if tag and tag not in self._early and len(self._early) < _MOST_EARLY_DIALOGS:
                self._early[tag] = response  # an early dialog (12.1), made when it is needed
            if number is not None:
                self._acknowledge_provisional(number, tag, now=now)
            self._emit(Provisional(response))
        elif first:
            self._emit(Trying())
        if self._cancel_wanted:
            self._send_cancel(now=now)

    def _acknowledge_provisional(self, number: int, tag: str | None, *, now: float) -> None:
        dialog = self.dialog_with(tag)
        if dialog is not None and self._invite is not None:
            rack = acknowledgement(number, self._invite.request)
            self._sender.send(dialog, "PRACK", now=now, user=self, headers=[rack])

    def _on_answer(self, invite: Request, response: Response, *, now: float) -> None:
        tag = response.to_tag or ""
        if self._sender.repeat_ack(invite, tag):
            return  # our ACK was lost (13.2.2.4)
        if self.phase is Phase.EARLY:
            self._on_first_answer(invite, response, tag, now=now)
        elif self._dialog is None or tag != self._dialog.remote_tag:
            # Another phone has answered as well, or ours after we had given up waiting for it.
            self._hang_up_stray(invite, response, now=now)

    def _on_first_answer(
        self, invite: Request, response: Response, tag: str, *, now: float
    ) -> None:
        self._has_provisional = True
        self._cancel_timer(self._cancel_unanswered)
        try:
            dialog = self.dialog_with(tag) if isinstance(self._early.get(tag), Dialog) else None
            if dialog is None:
                dialog = Dialog.of_caller(invite, response)
            else:
                dialog.confirm(response)
            self._dialog = dialog
            self._early.clear()
            if self._invitation.body or self._cancel_wanted:
                self._sender.send_ack(dialog, invite)
            else:
                self._unacknowledged = invite
        except SipError as exc:  # Contact or Record-Route are unusable: nothing can reach them
            self._fail(503, reason=str(exc), is_transport_error=True)
            return
        self.phase = Phase.CONFIRMED
        self._take_timer(response, now=now)
        if self._cancel_wanted:  # 9.1: the answer has crossed our CANCEL
            self._send_bye(now=now)
        else:
            self._emit(Answered(response))

    def _hang_up_stray(self, invite: Request, response: Response, *, now: float) -> None:
        dialog = Dialog.of_caller(invite, response)
        self._sender.send_ack(dialog, invite)
        # 13.2.2.4; whatever comes of the BYE is no news, so that it has no user.
        self._sender.send(dialog, "BYE", now=now, user=None)

    def _on_refusal(self, response: Response, *, now: float) -> None:
        if (
            not self._cancel_wanted
            and self._sender.authenticator is not None
            and self._sender.authenticator.accept_challenge(response, tries=self._sequence - 1)
        ):
            self._early.clear()
            self._send_invite(now=now)
            return
        if response.status == 422 and not self._cancel_wanted and self._refresh.raise_to(response):
            self._send_invite(now=now)  # RFC 4028 7.3
            return
        if self._was_redirected(response, now=now):
            return
        if response.status == 503 and self._tried_elsewhere(
            min(retry_after(response) or _UNREACHABLE_SECONDS, _LONGEST_SET_ASIDE), now=now
        ):
            return  # 21.5.4: nobody has been rung, and this server wants to be left alone
        self._fail(response.status, response=response, reason=response.reason)

    def _fail(
        self,
        status: int,
        *,
        response: Response | None = None,
        reason: str | None = None,
        is_timeout: bool = False,
        is_transport_error: bool = False,
    ) -> None:
        self._finish(
            Failed(
                status=status,
                reason=REASONS.get(status, "") if reason is None else reason,
                response=response,
                is_timeout=is_timeout,
                is_transport_error=is_transport_error,
                is_cancelled=self._cancel_wanted,
            )
        )

    def _finish(self, event: CallEvent, *, now: float | None = None) -> None:
        if self._cancel_wanted and isinstance(event, Ended):
            event = Failed(status=487, reason=REASONS[487], is_cancelled=True)
        super()._finish(event, now=now)

    def _send_cancel(self, *, now: float) -> None:
        if self._cancelling or self._invite is None:
            return
        self._cancelling = True
        self._layer.send_cancel(self._invite, now=now, headers=self._cancel_headers)
        # 9.1: nobody may ever answer; a pending INVITE has no timer of its own.
        self._set_timer(self._cancel_unanswered, now + self._context.timers.give_up_after)

    def _cancel_unanswered(self, *, now: float) -> None:
        self._fail(487, is_timeout=True)
        # An answer that comes even later still gets its ACK and BYE.
        self._set_timer(self._forget_invite, now + self._context.timers.give_up_after)

    def _forget_invite(self, *, now: float) -> None:
        if self._invite is not None:
            self._layer.abandon(self._invite)

    def _glare_steps(self, chance: int) -> int:
        return 210 + chance % 191  # 2.1 to 4 s for the owner of the Call-ID (14.1)


def _preference(contact: NameAddr) -> float:
    """Return what sorts the Contacts of a 3xx: the highest q first (8.1.3.4, 20.10)."""
    try:
        return -float(contact.params.get("q") or 1)
    except ValueError:
        return 0.0


@functools.lru_cache(maxsize=1024)
def _address(text: str, header: str) -> str:
    """Return an address as it is written into a header, without tag; raises InvalidHeader.

    An account's calls have few callers: what was read once is remembered.
    """
    address = str(NameAddr.parse(text, header=header).without_params())
    if "\r" in address or "\n" in address:
        raise InvalidHeader(header, "a value must not contain line ends")
    return address
