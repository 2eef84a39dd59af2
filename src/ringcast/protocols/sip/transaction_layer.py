"""All transactions of one element: matching, timers, and the way back of responses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ringcast.protocols.sip.errors import InvalidHeader
from ringcast.protocols.sip.headers import Via, split_list
from ringcast.protocols.sip.message import Request, Response, make_response
from ringcast.protocols.sip.names import MAGIC_COOKIE
from ringcast.protocols.sip.timers import DEFAULT_TIMERS, TimerHeap, TimerSettings, Waiting
from ringcast.protocols.sip.transactions import (
    TLS,
    UDP,
    AckReceived,
    Destination,
    Output,
    RequestReceived,
    Transaction,
    TransactionEvent,
    Transmission,
)
from ringcast.protocols.sip.transactions_client import (
    ClientTransaction,
    InviteClientTransaction,
    NonInviteClientTransaction,
    cancel_for,
    client_key,
)
from ringcast.protocols.sip.transactions_server import (
    InviteServerTransaction,
    NonInviteServerTransaction,
    ServerTransaction,
    cancelled_key,
    server_key,
)

KEEP_ALIVE = b"\r\n\r\n"
DEFAULT_PORT = 5060
DEFAULT_TLS_PORT = 5061

# A request that may come out larger must not go over UDP (18.1.1).
LARGEST_DATAGRAM = 1300


class TransactionLayer:
    """Keeps every transaction, finds the one a message belongs to, and runs all timers.

    After any other method take `next_event` until None, then `datagrams_to_send` and
    `next_timer`. Times are seconds on the caller's monotonic clock.
    """

    def __init__(
        self,
        *,
        new_token: Callable[[], str],
        sent_by: Callable[[Destination], str],
        timers: TimerSettings = DEFAULT_TIMERS,
    ) -> None:
        """Start empty.

        `new_token` gives text that is never given twice, for branches. `sent_by` says under
        which host:port answers to what is sent to a destination can reach us.
        """
        self._new_token = new_token
        self._sent_by = sent_by
        self._timers = timers
        self._heap = TimerHeap()
        self._output = Output()
        self._clients: dict[object, ClientTransaction] = {}
        self._servers: dict[object, ServerTransaction] = {}
        self._first_copies: dict[object, object] = {}

    @property
    def timers(self) -> TimerSettings:
        """The timer values every transaction uses."""
        return self._timers

    @property
    def transaction_count(self) -> int:
        """How many transactions are not yet terminated."""
        return len(self._clients) + len(self._servers)

    # What goes out

    def send_request(
        self,
        request: Request,
        destination: Destination,
        *,
        now: float,
        fallback: Destination | None = None,
        user: Any = None,
    ) -> ClientTransaction:
        """Put a Via on top of the request and send it in a new client transaction.

        `fallback` is where to connect to if `destination` is a connection that has gone.
        """
        via, branch = self._new_via(destination)
        request.headers.prepend("Via", via)
        machine: type[InviteClientTransaction | NonInviteClientTransaction] = (
            InviteClientTransaction if request.method == "INVITE" else NonInviteClientTransaction
        )
        transaction = machine(
            request,
            destination,
            now=now,
            fallback=fallback,
            timers=self._timers,
            output=self._output,
            user=user,
            branch=branch,
        )
        self._clients[transaction.key] = transaction
        self._heap.schedule(transaction)
        return transaction

    def send_cancel(
        self,
        invite: ClientTransaction,
        *,
        now: float,
        headers: Sequence[tuple[str, str]] = (),
    ) -> ClientTransaction:
        """Cancel an INVITE that has had a provisional response but no final one (9.1)."""
        cancel = cancel_for(invite.request)
        for name, value in headers:
            cancel.headers.add(name, value)
        transaction = NonInviteClientTransaction(
            cancel,
            invite.destination,
            now=now,
            fallback=invite.fallback,
            timers=self._timers,
            output=self._output,
        )
        self._clients[transaction.key] = transaction
        self._heap.schedule(transaction)
        return transaction

    def send_ack(
        self, ack: Request, destination: Destination, *, fallback: Destination | None = None
    ) -> Transmission:
        """Send the ACK of a 2xx, outside of transactions (13.2.2.4), and return what was sent."""
        ack.headers.prepend("Via", self._new_via(destination)[0])
        transmission = Transmission(ack.serialize(), destination, fallback)
        self._output.datagrams.append(transmission)
        return transmission

    def send_keep_alive(self, destination: Destination) -> None:
        """Send two empty lines: whoever gets them has nothing to do (RFC 5626 4.4.1)."""
        self._output.datagrams.append(Transmission(KEEP_ALIVE, destination))

    def send_again(self, transmission: Transmission) -> None:
        """Send the same bytes once more."""
        self._output.datagrams.append(transmission)

    def accept(
        self, request: Request, source: Destination, *, now: float, user: Any = None
    ) -> ServerTransaction:
        """Begin a server transaction for a request that `next_event` has given."""
        destination, fallback = _way_back(request.via, source)
        transaction: ServerTransaction
        if request.method == "INVITE":
            transaction = InviteServerTransaction(
                request,
                destination,
                now=now,
                fallback=fallback,
                timers=self._timers,
                output=self._output,
                user=user,
            )
        else:
            transaction = NonInviteServerTransaction(
                request,
                destination,
                fallback=fallback,
                timers=self._timers,
                output=self._output,
                user=user,
            )
        self._servers[transaction.key] = transaction
        if not request.to_tag:
            self._first_copies.setdefault(_copy_key(request), transaction.key)
        self._heap.schedule(transaction)
        return transaction

    def respond(self, transaction: ServerTransaction, response: Response, *, now: float) -> None:
        """Send a response in a server transaction."""
        transaction.respond(response, now=now)
        self._settle(transaction)

    def reply_without_transaction(
        self, request: Request, response: Response, source: Destination
    ) -> None:
        """Answer once and remember nothing, as to a request too malformed for a transaction."""
        try:
            destination, fallback = _way_back(request.via, source)
        except InvalidHeader:  # of another version of SIP: all that is known is where it came from
            destination, fallback = source, None
        self._output.datagrams.append(Transmission(response.serialize(), destination, fallback))

    def abandon(self, transaction: Transaction) -> None:
        """Forget a transaction whose outcome no longer matters."""
        transaction.terminate()
        self._settle(transaction)

    def cancelled_by(self, cancel: Request) -> ServerTransaction | None:
        """Return the INVITE transaction that a CANCEL is for, or None (9.2)."""
        return self._servers.get(cancelled_key(cancel))

    # What comes in

    def receive_message(
        self, message: Request | Response, source: Destination, *, now: float
    ) -> None:
        """Take a message from the wire; raises SipError if a header needed here is malformed."""
        if isinstance(message, Response):
            self._receive_response(message, now=now)
        else:
            self._receive_request(message, source, now=now)

    def transport_failed(self, destination: Destination) -> None:
        """Take the news that nothing can be delivered to a destination."""
        stricken = [
            transaction
            for table in (self._clients, self._servers)
            for transaction in table.values()
            if transaction.destination == destination
        ]
        for transaction in stricken:
            transaction.transport_failed()
            self._settle(transaction)

    # Time and results

    def schedule(self, item: Waiting) -> None:
        """Run somebody else's deadline with ours."""
        self._heap.schedule(item)

    def next_timer(self) -> float | None:
        """Return when to call `handle_timers`, or None."""
        return self._heap.next_timer()

    def handle_timers(self, *, now: float) -> None:
        """Do all that is due at `now`."""
        while (item := self._heap.pop_due(now=now)) is not None:
            item.handle_timer(now=now)
            if isinstance(item, Transaction) and item.is_terminated:
                self._forget(item)
            else:
                self._heap.schedule(item)

    def next_event(self) -> TransactionEvent | None:
        """Return the oldest event not yet taken, or None."""
        return self._output.next_event()

    def datagrams_to_send(self) -> list[Transmission]:
        """Return what has to be sent, in this order, and forget it."""
        return self._output.datagrams_to_send()

    def _receive_response(self, response: Response, *, now: float) -> None:
        transaction = self._clients.get(client_key(response))
        if transaction is None:
            return  # a stray response is dropped (RFC 6026, 8.9)
        # 18.1.2 would have us compare sent-by too. Gateways in front of NATs rewrite it, and
        # nobody can guess a branch.
        transaction.receive_response(response, now=now)
        self._settle(transaction)

    def _receive_request(self, request: Request, source: Destination, *, now: float) -> None:
        via = request.via
        marked = via.with_received(source.host, source.port)  # 18.2.1, RFC 3581, 4
        if marked is not via:
            _replace_top_via(request, marked)
        transaction = self._servers.get(server_key(request))
        if transaction is not None:
            transaction.receive_request(request, now=now)
            self._settle(transaction)
        elif request.method == "ACK":
            self._output.events.append(AckReceived(request))
        elif not request.to_tag and _copy_key(request) in self._first_copies:
            # The same request has come another way before (8.2.2.2).
            merged = self.accept(request, source, now=now)
            self.respond(merged, make_response(request, 482, to_tag=self._new_token()), now=now)
        else:
            self._output.events.append(RequestReceived(request, source))

    def _new_via(self, destination: Destination) -> tuple[str, str]:
        sent_by = self._sent_by(destination)
        branch = MAGIC_COOKIE + self._new_token()
        return f"SIP/2.0/{destination.transport} {sent_by};rport;branch={branch}", branch

    def _settle(self, transaction: Transaction) -> None:
        if transaction.is_terminated:
            self._forget(transaction)
        else:
            self._heap.schedule(transaction)

    def _forget(self, transaction: Transaction) -> None:
        if isinstance(transaction, ClientTransaction):
            table: dict[object, Any] = self._clients
        else:
            table = self._servers
            request = transaction.request
            if not request.to_tag:
                copy = _copy_key(request)
                if self._first_copies.get(copy) == transaction.key:
                    del self._first_copies[copy]
        if table.get(transaction.key) is transaction:
            del table[transaction.key]


def default_port(transport: str) -> int:
    """Return the port of a host that names none (18.2.2, 19.1.2)."""
    return DEFAULT_TLS_PORT if transport == TLS else DEFAULT_PORT


def _copy_key(request: Request) -> tuple[object, ...]:
    """Return what the copies of one request that took several ways have in common (8.2.2.2)."""
    cseq = request.cseq
    return request.call_id, request.from_tag, cseq.number, cseq.method


def _way_back(via: Via, source: Destination) -> tuple[Destination, Destination | None]:
    """Return where responses go (18.2.2, RFC 3581), and where if that connection has gone.

    `maddr` is not followed: it is for multicast, and would let a stranger choose a third party.
    For the same reason the address is always the one the request came from.
    """
    port = via.port or default_port(source.transport)
    if source.is_reliable:
        return source, source._replace(port=port)
    if via.asks_for_rport:
        return source, None
    return Destination(UDP, source.host, port), None


def _replace_top_via(request: Request, via: Via) -> None:
    lines = request.headers.get_all("Via")
    top = ", ".join([str(via), *split_list(lines[0], "Via")[1:]])
    request.headers.set("Via", top)
    for line in lines[1:]:
        request.headers.add("Via", line)
