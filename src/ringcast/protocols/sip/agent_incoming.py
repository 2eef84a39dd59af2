"""A call that comes to us."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from ringcast.protocols.sip.agent_context import ALLOW, SUPPORTED, AgentContext
from ringcast.protocols.sip.agent_events import Acked, Cancelled, Ended, Invited
from ringcast.protocols.sip.agent_refresh import IntervalTooSmall
from ringcast.protocols.sip.agent_reliable import OPTION, Unacknowledged
from ringcast.protocols.sip.agent_requests import typed
from ringcast.protocols.sip.agent_session import Session
from ringcast.protocols.sip.agent_session_base import Phase
from ringcast.protocols.sip.dialog import Dialog
from ringcast.protocols.sip.message import Request, Response, make_response
from ringcast.protocols.sip.transactions import Destination, Transaction
from ringcast.protocols.sip.transactions_server import InviteServerTransaction, ServerTransaction

# A proxy cancels what has been silent for three minutes; once a minute is asked for (13.3.1.1).
_PROGRESS_EVERY = 60.0


class IncomingSession(Session):
    """An INVITE from a far end and the call that comes of it."""

    def __init__(
        self, context: AgentContext, transaction: ServerTransaction, source: Destination
    ) -> None:
        """Take the INVITE; raises InvalidHeader if it cannot make a dialog."""
        assert isinstance(transaction, InviteServerTransaction)
        request = transaction.request
        local_tag = context.new_token()
        dialog = Dialog.of_callee(request, local_tag)
        super().__init__(
            context, call_id=request.call_id, local_tag=local_tag, transport=source.transport
        )
        self.request = request
        self.source = source
        self._dialog = dialog
        self._invite = transaction
        self._progress: Response | None = None
        self._unacknowledged: Unacknowledged | None = None
        self._next_number = 1 + zlib.crc32(local_tag.encode()) % 2**30
        self._answer_waiting: tuple[bytes, Sequence[tuple[str, str]]] | None = None
        self._bye_wanted: tuple[int | None] | None = None
        user = getattr(request.request_uri, "user", None)
        self._sender.contact_user = user or ""
        self._sender.flow = source if source.is_reliable else None
        self._sender.is_secure = request.request_uri.scheme == "sips"
        transaction.user = self
        self._emit(Invited(request, source))

    # Actions

    def ring(
        self, body: bytes = b"", *, now: float, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Send 180 Ringing, with early media's session if there is a body."""
        self.progress(body, status=180, now=now, headers=headers)

    def progress(
        self,
        body: bytes = b"",
        *,
        now: float,
        status: int = 183,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Send a provisional response, 183 Session Progress unless said otherwise."""
        if self.phase is not Phase.EARLY:
            return
        if not 100 < status < 200:
            raise ValueError(f"{status} is no provisional status with a dialog")
        if self._unacknowledged is not None:
            return  # RFC 3262 3: one at a time; what comes next will say it all the same
        is_reliable = OPTION in self.request.require
        if is_reliable:
            number = [("Require", OPTION), ("RSeq", str(self._next_number))]
            headers = [*headers, *number]
        self._progress = self._answer_with(status, body, headers)
        self._layer.respond(self._invite, self._progress, now=now)
        if is_reliable:
            t1 = self._context.timers.t1
            self._unacknowledged = Unacknowledged(self._progress, self._next_number, t1)
            self._next_number += 1
            self._set_timer(self._repeat_reliable, now + t1)
            self._set_timer(self._no_prack, now + self._context.timers.give_up_after)
        else:
            self._set_timer(self._repeat_progress, now + _PROGRESS_EVERY)

    def answer(self, body: bytes, *, now: float, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Accept the call with 200; Acked follows, or Ended if no ACK comes in 64*T1."""
        if self.phase is not Phase.EARLY:
            return
        if self._unacknowledged is not None:
            self._answer_waiting = (body, headers)  # RFC 3262 3: not before its PRACK
            return
        self._cancel_timer(self._repeat_progress)
        self.phase = Phase.CONFIRMED
        timer = self._refresh.answer_headers(self.request, now=now)
        if not isinstance(timer, IntervalTooSmall):  # that was refused when it came
            headers = [SUPPORTED, *timer, *headers]
        self._description = body
        self._far_end_updates = "UPDATE" in self.request.allow
        self._layer.respond(self._invite, self._answer_with(200, body, headers), now=now)
        self._await_ack(self._invite, now=now)
        self._watch_refresh()

    def reject(
        self,
        status: int = 486,
        *,
        now: float,
        reason: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Refuse the call with a final status of 300 or more; Ended follows at once."""
        if self.phase is not Phase.EARLY:
            return
        if not 300 <= status < 700:
            raise ValueError(f"{status} refuses nothing")
        self._end_invite(status, reason=reason, headers=headers, now=now)
        self._finish(Ended(by_remote=False))

    def bye(self, *, now: float, cause: int | None = None) -> None:
        """Hang up after the ACK of our answer (15); refuse a call not answered with 480."""
        if self.phase is Phase.EARLY:
            self.reject(480, now=now)
        elif self._unacked is self._invite:
            self._bye_wanted = (cause,)
        else:
            super().bye(now=now, cause=cause)

    # What the agent tells

    def receive_cancel(self, cancel: Request, *, now: float) -> None:
        """Take a CANCEL of the INVITE: it comes too late if we have answered (9.2)."""
        if self.phase is Phase.EARLY:
            self._end_invite(487, now=now)
            self._finish(Cancelled(cancel))

    # Inside

    def _acknowledged(
        self, transaction: InviteServerTransaction, ack: Request, *, now: float
    ) -> None:
        if transaction is not self._invite:
            super()._acknowledged(transaction, ack, now=now)
            return
        self._emit(Acked(ack))
        if self._bye_wanted is not None:
            super().bye(now=now, cause=self._bye_wanted[0])

    def _receive_prack(self, transaction: ServerTransaction, *, now: float) -> None:
        waiting = self._unacknowledged
        if waiting is None or not waiting.is_met_by(transaction.request):
            super()._receive_prack(transaction, now=now)
            return
        if transaction.request.body:  # another offer, before the call is answered (RFC 3262 5)
            self._refuse(transaction, 488, now=now)
        else:
            self._respond(transaction, 200, now=now)
        self._unacknowledged = None
        self._cancel_timer(self._repeat_reliable)
        self._cancel_timer(self._no_prack)
        if self._answer_waiting is not None:
            (body, headers), self._answer_waiting = self._answer_waiting, None
            self.answer(body, now=now, headers=headers)

    def _repeat_reliable(self, *, now: float) -> None:
        waiting = self._unacknowledged
        if waiting is not None and self.phase is Phase.EARLY:
            self._layer.respond(self._invite, waiting.response, now=now)
            waiting.interval *= 2  # RFC 3262 3: without the limit of T2
            self._set_timer(self._repeat_reliable, now + waiting.interval)

    def _no_prack(self, *, now: float) -> None:
        """Refuse a call whose far end does not acknowledge what it wants to (RFC 3262 3)."""
        if self.phase is Phase.EARLY:
            self._end_invite(504, now=now)
            self._finish(Ended(by_remote=False, is_timeout=True))

    def _receive_bye(self, transaction: ServerTransaction, *, now: float) -> None:
        if self.phase is Phase.EARLY:  # the caller may end an early dialog so (15)
            self._respond(transaction, 200, now=now)
            self._end_invite(487, now=now)  # 15.1.2
            self._finish(Cancelled(transaction.request))
        else:
            super()._receive_bye(transaction, now=now)

    def _receive_offer(self, dialog: Dialog, transaction: ServerTransaction, *, now: float) -> None:
        if self.phase is Phase.EARLY:
            wait = [("Retry-After", "2")]  # 14.2: the first INVITE has no final response yet
            self._refuse(transaction, 500, now=now, headers=wait)
        else:
            super()._receive_offer(dialog, transaction, now=now)

    def _on_no_answer(self, transaction: Transaction, status: int, *, now: float) -> None:
        if transaction is self._invite and status == 503 and self.phase is Phase.EARLY:
            self._finish(Ended(by_remote=True, is_transport_error=True))
        else:
            super()._on_no_answer(transaction, status, now=now)

    def _repeat_progress(self, *, now: float) -> None:
        if self.phase is Phase.EARLY and self._progress is not None:
            self._layer.respond(self._invite, self._progress, now=now)
            self._set_timer(self._repeat_progress, now + _PROGRESS_EVERY)

    def _end_invite(
        self,
        status: int,
        *,
        now: float,
        reason: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        response = make_response(
            self.request, status, reason=reason, to_tag=self.local_tag, headers=headers
        )
        self._layer.respond(self._invite, response, now=now)

    def _answer_with(
        self, status: int, body: bytes, headers: Sequence[tuple[str, str]]
    ) -> Response:
        identity = self._sender.identity(self._invite.destination)
        return make_response(
            self.request,
            status,
            to_tag=self.local_tag,
            headers=[*identity, ALLOW, *headers, *typed(body)],
            body=body,
        )
