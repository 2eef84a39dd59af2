"""What the four transaction machines of RFC 3261, 17 have in common.

The machines are in `transactions_client` and `transactions_server`. After calling any method that
takes something in, take `datagrams_to_send`, `next_event` until None, and `next_timer`.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any, NamedTuple

from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.timers import NEVER

UDP = "UDP"
TCP = "TCP"
TLS = "TLS"


class Destination(NamedTuple):
    """Where a message goes to or came from; `host` is an address or, outgoing, a name."""

    transport: str
    host: str
    port: int

    @property
    def is_reliable(self) -> bool:
        """Whether the transport itself repeats what was lost."""
        return self.transport != UDP


class Transmission(NamedTuple):
    """Bytes to send; `fallback` is where to connect to if the connection has gone (18.2.2)."""

    data: bytes
    destination: Destination
    fallback: Destination | None = None


class State(Enum):
    """States of figures 5 to 8 of RFC 3261 as corrected by RFC 6026."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class ResponseReceived(NamedTuple):
    """A client transaction has a response that its user has not seen (or a repeated 2xx)."""

    transaction: Transaction
    response: Response


class RequestReceived(NamedTuple):
    """A request has come that belongs to no transaction; accept it or stay silent."""

    request: Request
    source: Destination


class AckReceived(NamedTuple):
    """An ACK has come that is for the transaction user: the one that follows a 2xx."""

    request: Request


class TimedOut(NamedTuple):
    """Timer B, F or H fired: nobody has answered in 64*T1."""

    transaction: Transaction


class TransportFailed(NamedTuple):
    """The transport could not deliver the transaction's message (17.1.4)."""

    transaction: Transaction


TransactionEvent = ResponseReceived | RequestReceived | AckReceived | TimedOut | TransportFailed


class Output:
    """What transactions have produced, in order; many transactions may share one."""

    __slots__ = ("datagrams", "events")

    def __init__(self) -> None:
        self.datagrams: list[Transmission] = []
        self.events: deque[TransactionEvent] = deque()

    def datagrams_to_send(self) -> list[Transmission]:
        """Return what has to be sent, in this order, and forget it."""
        datagrams, self.datagrams = self.datagrams, []
        return datagrams

    def next_event(self) -> TransactionEvent | None:
        """Return the oldest event not yet taken, or None."""
        return self.events.popleft() if self.events else None


class Transaction:
    """State, deadline and outputs of any transaction."""

    __slots__ = (
        "deadline",
        "destination",
        "fallback",
        "key",
        "output",
        "queued_at",
        "request",
        "state",
        "timers",
        "user",
    )

    deadline: float
    queued_at: float
    state: State
    request: Request
    destination: Destination
    fallback: Destination | None
    output: Output
    key: object
    user: Any
    """Whatever the transaction user wants to find again with an event."""

    @property
    def is_terminated(self) -> bool:
        """Whether the transaction is over and may be forgotten."""
        return self.state is State.TERMINATED

    def next_timer(self) -> float | None:
        """Return when to call `handle_timer`, or None."""
        return None if self.deadline == NEVER else self.deadline

    def next_event(self) -> TransactionEvent | None:
        """Return the oldest event not yet taken, or None."""
        return self.output.next_event()

    def datagrams_to_send(self) -> list[bytes]:
        """Return the messages to send now, in order, and forget them."""
        return [item.data for item in self.output.datagrams_to_send()]

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`."""
        raise NotImplementedError

    def terminate(self) -> None:
        """End at once and in silence."""
        self.state = State.TERMINATED
        self.deadline = NEVER

    def _transmit(self, data: bytes) -> None:
        self.output.datagrams.append(Transmission(data, self.destination, self.fallback))
