"""What outgoing and incoming calls have in common: everything inside an established dialog."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from ringcast.protocols.sip.agent_context import (
    ACCEPT,
    ALLOW,
    ALLOWED_METHODS,
    SUPPORTED,
    SUPPORTED_OPTIONS,
    AgentContext,
)
from ringcast.protocols.sip.agent_events import (
    Acked,
    CallEvent,
    Ended,
    Info,
    InfoAnswered,
    OfferAnswered,
    OfferRefused,
    RemoteOffer,
)
from ringcast.protocols.sip.agent_reasons import q850_reason
from ringcast.protocols.sip.agent_refresh import IntervalTooSmall, SessionRefresh
from ringcast.protocols.sip.agent_requests import SDP, HeaderList, typed
from ringcast.protocols.sip.agent_session_base import ActionNotPossible, Phase, SessionBase
from ringcast.protocols.sip.dialog import Dialog
from ringcast.protocols.sip.errors import SipError
from ringcast.protocols.sip.message import Request, Response, make_response
from ringcast.protocols.sip.transactions import Transaction
from ringcast.protocols.sip.transactions_client import ClientTransaction
from ringcast.protocols.sip.transactions_server import InviteServerTransaction, ServerTransaction


class Session(SessionBase):
    """A call in progress. Actions on a call that has ended do nothing."""

    def __init__(
        self, context: AgentContext, *, call_id: str, local_tag: str, transport: str
    ) -> None:
        super().__init__(context, call_id=call_id, local_tag=local_tag, transport=transport)
        self.answer_offer: Callable[[Request], bytes | None] | None = None
        """If set: answers the far end's offers; None makes a RemoteOffer event after all."""
        self._remote_offer: ServerTransaction | None = None
        self._own_offer: ClientTransaction | None = None
        self._refused_offer: tuple[bytes, HeaderList] = (b"", ())
        self._offer_retries = 0
        self._unacked: InviteServerTransaction | None = None
        self._repeat_interval = 0.0
        self._gave_up = False
        self._refresh = SessionRefresh()
        self._far_end_updates = False
        """Whether the far end has said that it takes UPDATE."""
        self._description = b""
        """What we have last said about our session, and the far end has not refused."""
        self._refreshing: ClientTransaction | None = None
        context.add(self)

    # Actions

    def bye(self, *, now: float, cause: int | None = None) -> None:
        """Hang up; Ended follows in 64*T1 at most. `cause` goes into a Reason header (Q.850)."""
        if self.phase is Phase.CONFIRMED:
            self._send_bye(now=now, cause=cause)

    def reinvite(self, body: bytes, *, now: float, headers: HeaderList = ()) -> None:
        """Offer another session; OfferAnswered or OfferRefused follows.

        Raises ActionNotPossible before the call is answered or while an offer is open (14.1).
        """
        if self.phase in (Phase.ENDING, Phase.ENDED):
            return
        if self.phase is not Phase.CONFIRMED:
            raise ActionNotPossible("a re-INVITE needs an answered call")
        if self._own_offer or self._remote_offer or self._unacked or self._is_retry_due:
            raise ActionNotPossible("another offer is still open")
        self._offer_retries = 0
        self._send_offer(body, headers, now=now)

    def accept_offer(self, body: bytes, *, now: float, headers: HeaderList = ()) -> None:
        """Answer a RemoteOffer with 200; does nothing if it is no longer open."""
        transaction, self._remote_offer = self._remote_offer, None
        if transaction is None:
            return
        timer = self._refresh.answer_headers(transaction.request, now=now)
        response = make_response(
            transaction.request,
            200,
            headers=[
                *self._sender.identity(transaction.destination),
                ALLOW,
                *(() if isinstance(timer, IntervalTooSmall) else timer),
                *headers,
                *typed(body),
            ],
            body=body,
        )
        self._description = body or self._description
        self._layer.respond(transaction, response, now=now)
        self._watch_refresh()
        if isinstance(transaction, InviteServerTransaction):
            self._await_ack(transaction, now=now)

    def reject_offer(self, status: int = 488, *, now: float) -> None:
        """Refuse a RemoteOffer: the session stays as it was; nothing if it is no longer open."""
        transaction, self._remote_offer = self._remote_offer, None
        if transaction is not None:
            self._refuse(transaction, status, now=now)

    def info(self, body: bytes, *, content_type: str, now: float) -> None:
        """Send a SIP INFO (RFC 6086, legacy use); InfoAnswered follows."""
        if self.phase in (Phase.ENDING, Phase.ENDED):
            return
        if self._dialog is None:
            raise ActionNotPossible("INFO needs a dialog")
        self._send("INFO", now=now, headers=[("Content-Type", content_type)], body=body)

    # What the agent tells

    def dialog_with(self, remote_tag: str | None) -> Dialog | None:
        """Return the dialog with a far end, or None."""
        dialog = self._dialog
        return dialog if dialog is not None and dialog.remote_tag == (remote_tag or "") else None

    def receive_request(
        self, dialog: Dialog, transaction: ServerTransaction, *, now: float
    ) -> None:
        """Take a request inside one of our dialogs, other than ACK and CANCEL."""
        request = transaction.request
        transaction.user = self
        if request.method not in ALLOWED_METHODS:
            self._refuse(transaction, 405, now=now, headers=[ALLOW])
        elif not dialog.is_in_order(request):
            self._refuse(transaction, 500, now=now)  # 12.2.2
        elif request.method == "BYE":
            self._receive_bye(transaction, now=now)
        elif request.require - SUPPORTED_OPTIONS:
            names = ", ".join(sorted(request.require - SUPPORTED_OPTIONS))
            self._refuse(transaction, 420, now=now, headers=[("Unsupported", names)])  # 8.2.2.3
        elif request.method == "PRACK":
            self._receive_prack(transaction, now=now)
        elif request.method == "INFO":
            self._respond(transaction, 200, now=now)
            self._emit(Info(request))
        elif request.method == "OPTIONS":
            headers = [ALLOW, ACCEPT, SUPPORTED]
            self._respond(transaction, 200, now=now, headers=headers)
        else:
            self._receive_offer(dialog, transaction, now=now)

    def receive_ack(self, request: Request, *, now: float) -> None:
        """Take the ACK of one of our 2xx."""
        unacked = self._unacked
        if unacked is None or request.cseq.number != unacked.request.cseq.number:
            return
        self._stop_repeating()
        self._acknowledged(unacked, request, now=now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take a response to one of our requests."""
        method, status = transaction.request.method, response.status
        if transaction is self._refreshing and status >= 200:
            self._on_refreshed(transaction, response, now=now)
        elif method == "INVITE":
            self._on_offer_response(transaction, response, now=now)
        elif status < 200 or self._retried_with_credentials(transaction, response, now=now):
            return
        elif method == "BYE":
            self._finish(Ended(by_remote=False, is_timeout=self._gave_up))
        elif method == "INFO":
            self._emit(InfoAnswered(status))
            self._end_if_gone(status, now=now)

    def on_timeout(self, transaction: Transaction, now: float) -> None:
        """Take the news that a request of ours was never answered."""
        self._on_no_answer(transaction, 408, now=now)

    def on_transport_failed(self, transaction: Transaction, now: float) -> None:
        """Take the news that a message of ours could not be delivered."""
        self._on_no_answer(transaction, 503, now=now)

    # Inside

    def _on_no_answer(self, transaction: Transaction, status: int, *, now: float) -> None:
        if not isinstance(transaction, ClientTransaction):
            return  # a response that got lost: the far end asks again, or the ACK timer ends it
        method = transaction.request.method
        if method == "BYE":
            self._finish(
                Ended(by_remote=False, is_timeout=status == 408, is_transport_error=status == 503)
            )
        elif method == "INFO":
            self._emit(InfoAnswered(status))
        elif transaction is self._refreshing:
            self._refreshing = None
            self._end_if_gone(408, now=now)  # RFC 4028 10: nobody there, or no way there
        elif transaction is self._own_offer:
            self._own_offer = None
            self._emit(OfferRefused(make_response(transaction.request, status)))
            self._end_if_gone(status, now=now)

    def _end_if_gone(self, status: int, *, now: float) -> None:
        """End the dialog if a status says that the far end no longer has it (12.2.1.2)."""
        if status in (408, 481) and self.phase is Phase.CONFIRMED:
            self._gave_up = True
            self._send_bye(now=now)

    def _acknowledged(
        self, transaction: InviteServerTransaction, ack: Request, *, now: float
    ) -> None:
        """An ACK has come; that of a re-INVITE is news only if it brings the session answer."""
        if ack.body:
            self._emit(Acked(ack))

    def _receive_bye(self, transaction: ServerTransaction, *, now: float) -> None:
        self._respond(transaction, 200, now=now)
        crossed = self.phase is Phase.ENDING
        self._finish(Ended(by_remote=not crossed, request=transaction.request), now=now)

    def _receive_offer(self, dialog: Dialog, transaction: ServerTransaction, *, now: float) -> None:
        request = transaction.request
        if self.phase is Phase.ENDING:
            self._refuse(transaction, 487, now=now)
            return
        is_refreshing = self._refreshing is not None and self._refreshing.request.method == "INVITE"
        if self._own_offer is not None or self._unacked is not None or is_refreshing:
            self._refuse(transaction, 491, now=now)  # 14.2; RFC 5407, 3.1 for the missing ACK
            return
        if self._remote_offer is not None:
            wait = [("Retry-After", "2")]
            self._refuse(transaction, 500, now=now, headers=wait)  # 14.2, RFC 3311, 5.2
            return
        if request.body and request.content_type not in (SDP, None):
            self._refuse(transaction, 415, now=now, headers=[ACCEPT])  # 8.2.3
            return
        timer = self._refresh.answer_headers(request, now=now)
        if isinstance(timer, IntervalTooSmall):
            self._refuse(transaction, 422, now=now, headers=timer.headers)
            return
        dialog.refresh_target(request)
        if request.method == "UPDATE" and not request.body:
            identity = self._sender.identity(transaction.destination)
            self._respond(transaction, 200, now=now, headers=[*identity, *timer])
            self._watch_refresh()
            return
        self._remote_offer = transaction
        answer = self.answer_offer(request) if self.answer_offer is not None else None
        if answer is None:
            self._emit(RemoteOffer(request))
        else:
            self.accept_offer(answer, now=now)

    def _send_offer(self, body: bytes, headers: HeaderList, *, now: float) -> None:
        self._refused_offer = (body, headers)
        extra = [ALLOW, SUPPORTED, *self._refresh.asked_headers(), *headers, *typed(body)]
        self._own_offer = self._send("INVITE", now=now, headers=extra, body=body)

    def _on_offer_response(
        self, transaction: ClientTransaction, response: Response, *, now: float
    ) -> None:
        invite = transaction.request
        if response.status >= 200 and self._sender.repeat_ack(invite, response.to_tag or ""):
            return  # our ACK was lost (13.2.2.4)
        if transaction is not self._own_offer or response.status < 200:
            return
        self._own_offer = None
        if response.status < 300 and self._dialog is not None:
            self._dialog.refresh_target(response)
            self._sender.send_ack(self._dialog, invite)
            self._description = invite.body
            self._take_timer(response, now=now)
            self._emit(OfferAnswered(response))
        elif self._retried_with_credentials(transaction, response, now=now):
            return
        elif response.status == 491 and self._offer_retries == 0:
            self._offer_retries += 1
            self._set_timer(self._offer_again, now + self._glare_wait())
        else:
            self._emit(OfferRefused(response))
            self._end_if_gone(response.status, now=now)

    @property
    def _is_retry_due(self) -> bool:
        return self._offer_again in self._timers

    def _offer_again(self, *, now: float) -> None:
        if self.phase is not Phase.CONFIRMED:
            return
        if self._remote_offer or self._unacked:  # the far end was first; let it finish
            self._set_timer(self._offer_again, now + self._glare_wait())
        else:
            self._send_offer(*self._refused_offer, now=now)

    def _glare_wait(self) -> float:
        """Return how long to wait after 491 (14.1), in steps of 10 ms."""
        chance = zlib.crc32(self._context.new_token().encode())
        return self._glare_steps(chance) / 100

    def _glare_steps(self, chance: int) -> int:
        return chance % 201  # 0 to 2 s for the side that does not own the Call-ID

    # Session timers (RFC 4028)

    def _take_timer(self, response: Response, *, now: float) -> None:
        """Take what a 2xx to our INVITE or UPDATE says about refreshing."""
        self._refresh.answered(response, now=now)
        if self._refresh.interval is not None:
            self._far_end_updates |= "UPDATE" in response.allow
            self._watch_refresh()
        elif self._timers:
            self._watch_refresh()

    def _watch_refresh(self) -> None:
        self._cancel_timer(self._do_refresh)
        self._cancel_timer(self._not_refreshed)
        if self.phase is not Phase.CONFIRMED:
            return
        if self._refresh.refresh_at is not None:
            self._set_timer(self._do_refresh, self._refresh.refresh_at)
        if self._refresh.expires_at is not None:
            self._set_timer(self._not_refreshed, self._refresh.expires_at)

    def _do_refresh(self, *, now: float) -> None:
        if self.phase is not Phase.CONFIRMED or self._refreshing is not None:
            return
        if self._own_offer or self._remote_offer or self._unacked or self._is_retry_due:
            self._refresh.try_again_at(now + self._context.timers.t2)
            self._watch_refresh()
            return
        headers = [ALLOW, SUPPORTED, *self._refresh.asked_headers()]
        if self._far_end_updates:  # 7.4: without an offer, so that nothing can change
            self._refreshing = self._send("UPDATE", now=now, headers=headers)
        else:
            body = self._description
            headers += typed(body)
            self._refreshing = self._send("INVITE", now=now, headers=headers, body=body)

    def _on_refreshed(
        self, transaction: ClientTransaction, response: Response, *, now: float
    ) -> None:
        status = response.status
        if transaction.request.method == "INVITE" and status < 300 and self._dialog is not None:
            self._sender.send_ack(self._dialog, transaction.request)
        again = None
        if status in (401, 407) and self._dialog is not None:
            again = self._sender.send_with_credentials(self._dialog, transaction, response, now=now)
        self._refreshing = again
        if again is not None:
            return
        if status < 300:
            self._take_timer(response, now=now)
            return
        if status in (405, 501) and transaction.request.method == "UPDATE":
            self._far_end_updates = False
            self._do_refresh(now=now)
        elif status == 422 and self._refresh.raise_to(response):
            self._do_refresh(now=now)
        elif status in (408, 481):
            self._end_if_gone(status, now=now)
        else:  # until the session expires there is time to try again
            self._refresh.try_again_at(now + 2 * self._context.timers.t2)
            self._watch_refresh()

    def _not_refreshed(self, *, now: float) -> None:
        """Hang up, as nobody has said for too long that the call is still there (10)."""
        if self.phase is Phase.CONFIRMED:
            self._gave_up = True
            self._send_bye(now=now)

    # Answering INVITEs of the far end

    def _receive_prack(self, transaction: ServerTransaction, *, now: float) -> None:
        self._refuse(transaction, 481, now=now)  # RFC 3262 3: nothing of ours awaits one

    def _await_ack(self, transaction: InviteServerTransaction, *, now: float) -> None:
        """Repeat a 2xx until its ACK comes, over any transport (13.3.1.4)."""
        self._unacked = transaction
        self._repeat_interval = self._context.timers.t1
        self._set_timer(self._repeat_answer, now + self._repeat_interval)
        self._set_timer(self._no_ack, now + self._context.timers.give_up_after)

    def _repeat_answer(self, *, now: float) -> None:
        if self._unacked is not None:
            self._unacked.repeat()
            self._repeat_interval = min(2 * self._repeat_interval, self._context.timers.t2)
            self._set_timer(self._repeat_answer, now + self._repeat_interval)

    def _no_ack(self, *, now: float) -> None:
        self._stop_repeating()
        if self.phase is Phase.CONFIRMED:
            self._gave_up = True
            self._send_bye(now=now)  # 13.3.1.4

    def _stop_repeating(self) -> None:
        self._unacked = None
        self._cancel_timer(self._repeat_answer)
        self._cancel_timer(self._no_ack)

    # Sending

    def _send_bye(self, *, now: float, cause: int | None = None) -> None:
        self.phase = Phase.ENDING
        self._clear_timers()
        self.reject_offer(487, now=now)
        headers = [] if cause is None else [q850_reason(cause)]
        try:
            self._send("BYE", now=now, headers=headers)
        except SipError:  # the far end's Contact leads nowhere
            self._finish(Ended(by_remote=False, is_transport_error=True))

    def _retried_with_credentials(
        self, transaction: ClientTransaction, response: Response, *, now: float
    ) -> bool:
        if self._dialog is None:
            return False
        again = self._sender.send_with_credentials(self._dialog, transaction, response, now=now)
        if again is not None and again.request.method == "INVITE":
            self._own_offer = again
        return again is not None

    def _finish(self, event: CallEvent, *, now: float | None = None) -> None:
        """Give the last event, once."""
        if self.phase is Phase.ENDED:
            return
        if now is not None:
            self.reject_offer(487, now=now)  # 15.1.2: what is pending is answered all the same
        self._emit(event)
        self.phase = Phase.ENDED
        self._clear_timers()
        self._unacked = None
        self._context.remove(self)
