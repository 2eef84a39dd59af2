"""What a call rests on: its timers, its way of sending, its events, its one end."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, cast

from ringcast.protocols.sip.agent_context import AgentContext
from ringcast.protocols.sip.agent_events import CallEvent
from ringcast.protocols.sip.agent_requests import HeaderList, RequestSender
from ringcast.protocols.sip.dialog import Dialog
from ringcast.protocols.sip.message import make_response
from ringcast.protocols.sip.timers import NEVER
from ringcast.protocols.sip.transactions_client import ClientTransaction
from ringcast.protocols.sip.transactions_server import ServerTransaction

if TYPE_CHECKING:
    from ringcast.protocols.sip.agent_session import Session


class Phase(Enum):
    """How far a call is."""

    EARLY = "early"
    CONFIRMED = "confirmed"
    ENDING = "ending"
    """Our BYE is on its way."""
    ENDED = "ended"


class ActionNotPossible(Exception):
    """The call is in no state for what was asked."""


class SessionBase:
    """A call without what it does. Actions on a call that has ended do nothing."""

    def __init__(
        self, context: AgentContext, *, call_id: str, local_tag: str, transport: str
    ) -> None:
        self.call_id = call_id
        self.local_tag = local_tag
        self.phase = Phase.EARLY
        self.deadline = self.queued_at = NEVER
        self.owner: object = None
        """Whatever the shell around the agent wants to find again with an event."""
        self._context = context
        self._layer = context.layer
        self._sender = RequestSender(context, transport=transport)
        self._dialog: Dialog | None = None
        self._timers: dict[Callable[..., None], float] = {}

    @property
    def is_finished(self) -> bool:
        """Whether the last event has been given."""
        return self.phase is Phase.ENDED

    def handle_timer(self, *, now: float) -> None:
        """Do what is due at `now`."""
        for action in [action for action, at in self._timers.items() if at <= now]:
            if self._timers.pop(action, None) is not None:  # another one may have cancelled it
                action(now=now)
        self.deadline = min(self._timers.values(), default=NEVER)

    # Sending

    def _send(
        self, method: str, *, now: float, headers: HeaderList = (), body: bytes = b""
    ) -> ClientTransaction:
        """Send a request inside the dialog."""
        assert self._dialog is not None
        return self._sender.send(
            self._dialog, method, now=now, user=self, headers=headers, body=body
        )

    def _respond(
        self,
        transaction: ServerTransaction,
        status: int,
        *,
        now: float,
        headers: HeaderList = (),
    ) -> None:
        response = make_response(
            transaction.request, status, to_tag=self.local_tag, headers=headers
        )
        self._layer.respond(transaction, response, now=now)

    def _refuse(
        self,
        transaction: ServerTransaction,
        status: int,
        *,
        now: float,
        headers: HeaderList = (),
    ) -> None:
        self._respond(transaction, status, now=now, headers=headers)

    def _emit(self, event: CallEvent) -> None:
        if self.phase is not Phase.ENDED:  # nothing follows the last event
            self._context.events.append((cast("Session", self), event))

    # Timers

    def _set_timer(self, action: Callable[..., None], at: float) -> None:
        self._timers[action] = at
        if at < self.deadline:
            self.deadline = at
            self._layer.schedule(self)

    def _cancel_timer(self, action: Callable[..., None]) -> None:
        self._timers.pop(action, None)
        self.deadline = min(self._timers.values(), default=NEVER)

    def _clear_timers(self) -> None:
        self._timers.clear()
        self.deadline = NEVER
