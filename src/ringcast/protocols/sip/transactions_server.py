"""Server transactions: RFC 3261, 17.2, with the Accepted state of RFC 6026."""

from __future__ import annotations

from typing import Any

from ringcast.protocols.sip.message import Request, Response, make_response
from ringcast.protocols.sip.names import MAGIC_COOKIE
from ringcast.protocols.sip.timers import DEFAULT_TIMERS, NEVER, TimerSettings
from ringcast.protocols.sip.transactions import (
    AckReceived,
    Destination,
    Output,
    State,
    TimedOut,
    Transaction,
    TransportFailed,
)

# The user has this long to say something before 100 Trying is sent in its place (17.2.1).
_TRYING_AFTER = 0.2


class ServerTransaction(Transaction):
    """What INVITE and other server transactions share."""

    __slots__ = ("_last_response",)

    def __init__(
        self,
        request: Request,
        destination: Destination,
        *,
        fallback: Destination | None = None,
        timers: TimerSettings = DEFAULT_TIMERS,
        output: Output | None = None,
        user: Any = None,
    ) -> None:
        self.request = request
        self.destination = destination
        self.fallback = fallback
        self.timers = timers
        self.output = Output() if output is None else output
        self.user = user
        self.key = server_key(request)
        self.queued_at = NEVER
        self.deadline = NEVER
        self._last_response = b""

    def receive_request(self, request: Request, *, now: float) -> None:
        """Take a request that matches this transaction (17.2.3): a repeated one or an ACK."""
        raise NotImplementedError

    def respond(self, response: Response, *, now: float) -> None:
        """Send a response, unless a final one has been given before."""
        raise NotImplementedError

    def transport_failed(self) -> None:
        """Take the news that a response could not be delivered."""
        if not self.is_terminated:
            self.terminate()
            self.output.events.append(TransportFailed(self))

    @property
    def has_final_response(self) -> bool:
        """Whether nothing more can be answered."""
        return self.state is not State.TRYING and self.state is not State.PROCEEDING

    def _send(self, response: Response) -> None:
        self._last_response = response.serialize()
        self._transmit(self._last_response)


class InviteServerTransaction(ServerTransaction):
    """An INVITE server transaction (17.2.1, RFC 6026, 8.7).

    It repeats a non-2xx final response until the ACK comes. A 2xx is repeated by its user
    (13.3.1.4), with `repeat`, and the ACK for it is reported.
    """

    __slots__ = ("_give_up_at", "_interval", "_resend_at")

    def __init__(
        self,
        request: Request,
        destination: Destination,
        *,
        now: float,
        fallback: Destination | None = None,
        timers: TimerSettings = DEFAULT_TIMERS,
        output: Output | None = None,
        user: Any = None,
    ) -> None:
        """Take the first INVITE; 100 Trying is sent if `respond` is not called within 200 ms."""
        self.state = State.PROCEEDING
        super().__init__(
            request, destination, fallback=fallback, timers=timers, output=output, user=user
        )
        self._interval = timers.t1
        self._resend_at = self._give_up_at = NEVER
        self.deadline = now + _TRYING_AFTER

    def receive_request(self, request: Request, *, now: float) -> None:
        """Take a repeated INVITE or an ACK."""
        state = self.state
        if request.method == "ACK":
            if state is State.COMPLETED:
                self._confirm(now=now)
            elif state is State.ACCEPTED:
                self.output.events.append(AckReceived(request))  # RFC 6026, 7.1
        elif state is State.PROCEEDING:
            if self._last_response:
                self._transmit(self._last_response)
        elif state is State.COMPLETED:
            self._transmit(self._last_response)
        # Accepted: a repeated INVITE is absorbed, the user repeats its 2xx (RFC 6026, 7.1)

    def respond(self, response: Response, *, now: float) -> None:
        """Send a response, unless a final one has been given before."""
        if self.state is not State.PROCEEDING:
            return
        self._send(response)
        if response.status < 200:
            self.deadline = NEVER
        elif response.status < 300:
            self.state = State.ACCEPTED
            self.deadline = now + self.timers.give_up_after  # Timer L
        else:
            self.state = State.COMPLETED
            self._give_up_at = now + self.timers.give_up_after  # Timer H
            if not self.destination.is_reliable:
                self._resend_at = now + self._interval  # Timer G
            self.deadline = min(self._resend_at, self._give_up_at)

    def repeat(self) -> None:
        """Send the 2xx once more (13.3.1.4)."""
        if self.state is State.ACCEPTED:
            self._transmit(self._last_response)

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`."""
        if now < self.deadline:
            return
        if self.state is State.PROCEEDING:
            self.respond(make_response(self.request, 100), now=now)
        elif self.state is not State.COMPLETED:
            self.terminate()  # Timer I or L
        elif now >= self._give_up_at:  # Timer H
            self.terminate()
            self.output.events.append(TimedOut(self))
        else:  # Timer G
            self._transmit(self._last_response)
            self._interval = min(2 * self._interval, self.timers.t2)
            self._resend_at = now + self._interval
            self.deadline = min(self._resend_at, self._give_up_at)

    def _confirm(self, *, now: float) -> None:
        if self.destination.is_reliable:
            self.terminate()  # Timer I is zero
        else:
            self.state = State.CONFIRMED
            self.deadline = now + self.timers.t4  # Timer I


class NonInviteServerTransaction(ServerTransaction):
    """A server transaction of any other method (17.2.2)."""

    __slots__ = ()

    def __init__(
        self,
        request: Request,
        destination: Destination,
        *,
        fallback: Destination | None = None,
        timers: TimerSettings = DEFAULT_TIMERS,
        output: Output | None = None,
        user: Any = None,
    ) -> None:
        """Take the first request."""
        self.state = State.TRYING
        super().__init__(
            request, destination, fallback=fallback, timers=timers, output=output, user=user
        )

    def receive_request(self, request: Request, *, now: float) -> None:
        """Take a repeated request: repeat the last response, if there is one."""
        if self.state is State.PROCEEDING or self.state is State.COMPLETED:
            self._transmit(self._last_response)

    def respond(self, response: Response, *, now: float) -> None:
        """Send a response, unless a final one has been given before."""
        if self.state is not State.TRYING and self.state is not State.PROCEEDING:
            return
        self._send(response)
        if response.status < 200:
            self.state = State.PROCEEDING
        elif self.destination.is_reliable:
            self.terminate()  # Timer J is zero
        else:
            self.state = State.COMPLETED
            self.deadline = now + self.timers.give_up_after  # Timer J

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`."""
        if now >= self.deadline:
            self.terminate()  # Timer J


def server_key(request: Request) -> tuple[object, ...]:
    """Return what a repeated request, or the ACK of a non-2xx, has in common (17.2.3)."""
    via = request.via
    branch = via.branch or ""
    method = "INVITE" if request.method == "ACK" else request.method
    if branch.startswith(MAGIC_COOKIE):
        return branch, via.host, via.port, method
    # RFC 2543. The To tag is left out: an ACK has one where its INVITE had none, and nobody
    # sends two requests that differ in nothing else.
    return (request.uri, request.from_tag, request.call_id, request.cseq.number, str(via), method)


def cancelled_key(cancel: Request) -> tuple[object, ...]:
    """Return the key of the INVITE transaction that a CANCEL is for (9.2)."""
    return (*server_key(cancel)[:-1], "INVITE")
