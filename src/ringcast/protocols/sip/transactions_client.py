"""Client transactions: RFC 3261, 17.1, with the Accepted state of RFC 6026."""

from __future__ import annotations

from typing import Any

from ringcast.protocols.sip.header_map import Headers
from ringcast.protocols.sip.message import Request, Response
from ringcast.protocols.sip.timers import DEFAULT_TIMERS, NEVER, TimerSettings
from ringcast.protocols.sip.transactions import (
    Destination,
    Output,
    ResponseReceived,
    State,
    TimedOut,
    Transaction,
    TransportFailed,
)


class ClientTransaction(Transaction):
    """What INVITE and other client transactions share: sending again and giving up."""

    __slots__ = ("_data", "_give_up_at", "_interval", "_resend_at")

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
        branch: str | None = None,
    ) -> None:
        """Send the request, whose topmost Via must be complete; `branch` saves reading it."""
        self.request = request
        self.destination = destination
        self.fallback = fallback
        self.timers = timers
        self.output = Output() if output is None else output
        self.user = user
        self.key = branch or request.via.branch or "", request.method
        self.queued_at = NEVER
        self._data = request.serialize()
        self._interval = timers.t1
        # Timers A and E repeat the request, over unreliable transports only.
        self._resend_at = NEVER if destination.is_reliable else now + timers.t1
        self._give_up_at = now + timers.give_up_after  # Timers B and F
        self.deadline = min(self._resend_at, self._give_up_at)
        self._transmit(self._data)

    def receive_response(self, response: Response, *, now: float) -> None:
        """Take a response that matches this transaction (17.1.3)."""
        raise NotImplementedError

    def transport_failed(self) -> None:
        """Take the news that the request could not be delivered (17.1.4)."""
        raise NotImplementedError

    def _report(self, response: Response) -> None:
        self.output.events.append(ResponseReceived(self, response))

    def _time_out(self) -> None:
        self.terminate()
        self.output.events.append(TimedOut(self))

    def _fail(self) -> None:
        self.terminate()
        self.output.events.append(TransportFailed(self))


class InviteClientTransaction(ClientTransaction):
    """An INVITE client transaction (17.1.1, RFC 6026, 8.4).

    It acknowledges a non-2xx response itself. Every 2xx, repeated ones too, is reported: the
    ACK for it is the user's. It has no limit while the far end rings: to cancel is the user's.
    """

    __slots__ = ("_ack",)

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
        branch: str | None = None,
    ) -> None:
        """Send the INVITE, whose topmost Via must be complete."""
        self.state = State.CALLING
        self._ack = b""
        super().__init__(
            request,
            destination,
            now=now,
            fallback=fallback,
            timers=timers,
            output=output,
            user=user,
            branch=branch,
        )

    def receive_response(self, response: Response, *, now: float) -> None:
        """Take a response that matches this transaction (17.1.3)."""
        status, state = response.status, self.state
        if state is State.CALLING or state is State.PROCEEDING:
            if status < 200:
                self.state = State.PROCEEDING
                self.deadline = NEVER  # neither Timer A nor B runs any more
            elif status < 300:
                self.state = State.ACCEPTED  # RFC 6026, 7.2
                self.deadline = now + self.timers.give_up_after  # Timer M
            else:
                self._ack = ack_for(self.request, response).serialize()
                self._transmit(self._ack)
                self._complete(now=now)
            self._report(response)
        elif state is State.COMPLETED and status >= 300:
            self._transmit(self._ack)  # the ACK was lost; nothing new for the user
        elif state is State.ACCEPTED and 200 <= status < 300:
            self._report(response)

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`."""
        if now < self.deadline:
            return
        if self.state is not State.CALLING:
            self.terminate()  # Timer D or M
        elif now >= self._give_up_at:  # Timer B
            self._time_out()
        else:  # Timer A: doubles without limit (17.1.1.2)
            self._transmit(self._data)
            self._interval *= 2
            self._resend_at = now + self._interval
            self.deadline = min(self._resend_at, self._give_up_at)

    def transport_failed(self) -> None:
        """Take the news that the request, or the ACK, could not be delivered."""
        if self.state is State.CALLING:
            self._fail()
        elif self.state is State.COMPLETED:
            self.terminate()  # the user has the final response already
        # In Proceeding the request was delivered: the response may still find its way.

    def _complete(self, *, now: float) -> None:
        if self.destination.is_reliable:
            self.terminate()  # Timer D is zero
            return
        self.state = State.COMPLETED
        self.deadline = now + self.timers.timer_d


class NonInviteClientTransaction(ClientTransaction):
    """A client transaction of any other method (17.1.2)."""

    __slots__ = ()

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
        branch: str | None = None,
    ) -> None:
        """Send the request, whose topmost Via must be complete."""
        self.state = State.TRYING
        super().__init__(
            request,
            destination,
            now=now,
            fallback=fallback,
            timers=timers,
            output=output,
            user=user,
            branch=branch,
        )

    def receive_response(self, response: Response, *, now: float) -> None:
        """Take a response that matches this transaction (17.1.3)."""
        if self.state is not State.TRYING and self.state is not State.PROCEEDING:
            return  # Completed: repeated final responses are absorbed
        if response.status < 200:
            self.state = State.PROCEEDING
            if not self.destination.is_reliable:
                self._interval = self.timers.t2  # Timer E goes on, slower (17.1.2.2)
        elif self.destination.is_reliable:
            self.terminate()  # Timer K is zero
        else:
            self.state = State.COMPLETED
            self.deadline = now + self.timers.t4  # Timer K
        self._report(response)

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`."""
        if now < self.deadline:
            return
        if self.state is State.COMPLETED:
            self.terminate()  # Timer K
        elif now >= self._give_up_at:  # Timer F
            self._time_out()
        else:  # Timer E
            self._transmit(self._data)
            self._interval = min(2 * self._interval, self.timers.t2)
            self._resend_at = now + self._interval
            self.deadline = min(self._resend_at, self._give_up_at)

    def transport_failed(self) -> None:
        """Take the news that the request could not be delivered."""
        if self.state is State.TRYING or self.state is State.PROCEEDING:
            self._fail()


def client_key(response: Response) -> tuple[str, str]:
    """Return branch and method of the request a response belongs to (17.1.3).

    Nearly every response has our Via as we wrote it, so that these two can be read without the
    rest. Raises InvalidHeader if there is no Via or CSeq that can be read.
    """
    headers = response.headers
    via, cseq = headers.get("Via") or "", headers.get("CSeq") or ""
    number, _, method = cseq.partition(" ")
    branch = via.partition(";branch=")[2].partition(";")[0]
    if not (branch.isalnum() and method.isalpha() and number.isdigit()):
        return response.via.branch or "", response.cseq.method
    return branch, method


def ack_for(request: Request, response: Response) -> Request:
    """Return the ACK of a non-2xx response, which is part of the INVITE transaction (17.1.1.3)."""
    ack = _same_hop(request, "ACK")
    ack.headers.set("To", response.headers.get("To") or "")
    return ack


def cancel_for(request: Request) -> Request:
    """Return the CANCEL of a pending INVITE (9.1)."""
    return _same_hop(request, "CANCEL")


def _same_hop(request: Request, method: str) -> Request:
    """Return a request that takes the same way and is matched with the same transaction."""
    original = request.headers
    headers = Headers.from_canonical(
        [
            ("Via", original.get("Via") or ""),
            ("Max-Forwards", "70"),
            *(("Route", route) for route in original.get_all("Route")),
            *((name, original.get(name) or "") for name in ("From", "To", "Call-ID")),
            ("CSeq", f"{request.cseq.number} {method}"),
        ]
    )
    return Request(method, request.uri, headers, b"")
