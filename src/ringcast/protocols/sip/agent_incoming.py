"""A call that comes to us."""

from __future__ import annotations

from collections.abc import Sequence

from ringcast.protocols.sip.agent_context import ALLOW, AgentContext
from ringcast.protocols.sip.agent_events import Acked, Cancelled, Ended, Invited
from ringcast.protocols.sip.agent_requests import typed
from ringcast.protocols.sip.agent_session import Phase, Session
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
        self._progress = self._answer_with(status, body, headers)
        self._layer.respond(self._invite, self._progress, now=now)
        self._set_timer(self._repeat_progress, now + _PROGRESS_EVERY)

    def answer(self, body: bytes, *, now: float, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Accept the call with 200; Acked follows, or Ended if no ACK comes in 64*T1."""
        if self.phase is not Phase.EARLY:
            return
        self._cancel_timer(self._repeat_progress)
        self.phase = Phase.CONFIRMED
        self._layer.respond(self._invite, self._answer_with(200, body, headers), now=now)
        self._await_ack(self._invite, now=now)

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
