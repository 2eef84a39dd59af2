"""How the requests of one call are dressed and sent: Contact, credentials, transport."""

from __future__ import annotations

from collections.abc import Sequence

from ringcast.protocols.sip.agent_auth import Authenticator
from ringcast.protocols.sip.agent_context import AgentContext, NoRoute
from ringcast.protocols.sip.dialog import Dialog
from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.transaction_layer import LARGEST_DATAGRAM
from ringcast.protocols.sip.transactions import TCP, UDP, Destination, Transmission
from ringcast.protocols.sip.transactions_client import ClientTransaction

SDP = "application/sdp"

HeaderList = Sequence[tuple[str, str]]

# What `Dialog.new_request` and `dress` write anew when a request is sent again.
_WRITTEN_ANEW = frozenset(
    {"Via", "Max-Forwards", "Route", "From", "To", "Call-ID", "CSeq", "Contact", "User-Agent"}
    | {"Authorization", "Proxy-Authorization"}
)
# Room for the Via that is not there yet when a request is measured (18.1.1).
_VIA_ROOM = 120


class RequestSender:
    """Sends the requests of one call."""

    __slots__ = (
        "_acks",
        "_context",
        "_tries",
        "authenticator",
        "contact_user",
        "flow",
        "is_secure",
        "large_over_tcp",
        "transport",
    )

    def __init__(self, context: AgentContext, *, transport: str) -> None:
        """Begin with the transport the call was set up on."""
        self.transport = transport
        self.contact_user = ""
        self.flow: Destination | None = None
        """The connection on which the call came."""
        self.is_secure = False
        self.large_over_tcp = False
        self.authenticator: Authenticator | None = None
        self._context = context
        self._tries: dict[str, int] = {}
        self._acks: dict[tuple[str, int], Transmission] = {}

    def send(
        self,
        dialog: Dialog,
        method: str,
        *,
        now: float,
        user: object,
        headers: HeaderList = (),
        body: bytes = b"",
    ) -> ClientTransaction:
        """Send a request inside a dialog; raises NoRoute."""
        destination, fallback = self._way(dialog)
        request = dialog.new_request(method, headers=headers, body=body)
        if method in ("INVITE", "UPDATE"):  # target refresh requests (12.2)
            request.headers.add("Contact", self.contact(destination))
        return self.send_dressed(request, destination, now=now, user=user, fallback=fallback)

    def send_dressed(
        self,
        request: Request,
        destination: Destination,
        *,
        now: float,
        user: object,
        fallback: Destination | None = None,
    ) -> ClientTransaction:
        """Add what depends on the finished request line, and send."""
        if self.authenticator is not None:
            for name, value in self.authenticator.headers(
                method=request.method, uri=request.uri, body=request.body
            ):
                request.headers.add(name, value)
        request.headers.add("User-Agent", self._context.software)
        if (
            self.large_over_tcp
            and destination.transport == UDP
            and self._context.can_use(TCP)
            and len(request.serialize()) + _VIA_ROOM > LARGEST_DATAGRAM
        ):
            destination = destination._replace(transport=TCP)  # 18.1.1
        return self._context.layer.send_request(
            request, destination, now=now, user=user, fallback=fallback
        )

    def send_ack(self, dialog: Dialog, invite: Request, *, body: bytes = b"") -> None:
        """Acknowledge a 2xx, and be ready to do so again (13.2.2.4); raises NoRoute."""
        ack = dialog.new_request("ACK", sequence=invite.cseq.number, headers=typed(body), body=body)
        for name in ("Authorization", "Proxy-Authorization"):  # 22.1: the same as in the INVITE
            for value in invite.headers.get_all(name):
                ack.headers.add(name, value)
        destination, fallback = self._way(dialog)
        sent = self._context.layer.send_ack(ack, destination, fallback=fallback)
        self._acks[dialog.remote_tag, invite.cseq.number] = sent

    def _way(self, dialog: Dialog) -> tuple[Destination, Destination | None]:
        """Return where the dialog's requests go, and where if that connection has gone.

        A far end behind a NAT, or one without a certificate, cannot be connected to: as long as
        the connection its call came on is there, we use it, as RFC 5923 does between proxies.
        """
        try:
            destination = self._context.destination(dialog.next_hop, transport=self.transport)
        except NoRoute:
            if self.flow is None:
                raise
            return self.flow, None
        if self.flow is not None and self.flow.transport == destination.transport:
            return self.flow, destination
        return destination, None

    def repeat_ack(self, invite: Request, remote_tag: str) -> bool:
        """Send the ACK of a repeated 2xx again; return whether it had been sent before."""
        sent = self._acks.get((remote_tag, invite.cseq.number))
        if sent is not None:
            self._context.layer.send_again(sent)
        return sent is not None

    def send_with_credentials(
        self,
        dialog: Dialog,
        challenged: ClientTransaction,
        response: Response,
        *,
        now: float,
    ) -> ClientTransaction | None:
        """Send a challenged request again if that may help, else return None (22.2, 22.3)."""
        request = challenged.request
        method, tries = request.method, self._tries.pop(request.method, 0)
        if self.authenticator is None or not self.authenticator.accept_challenge(
            response, tries=tries
        ):
            return None
        self._tries[method] = tries + 1
        headers = [pair for pair in request.headers if pair[0] not in _WRITTEN_ANEW]
        return self.send(
            dialog, method, now=now, user=challenged.user, headers=headers, body=request.body
        )

    def identity(self, destination: Destination) -> list[tuple[str, str]]:
        """Return the headers that say who answers."""
        return [("Contact", self.contact(destination)), ("User-Agent", self._context.software)]

    def contact(self, destination: Destination) -> str:
        """Return our Contact towards a destination."""
        return self._context.contact(destination, self.contact_user, is_secure=self.is_secure)


def typed(body: bytes) -> list[tuple[str, str]]:
    """Return the header that goes with a session description, if there is one."""
    return [("Content-Type", SDP)] if body else []
