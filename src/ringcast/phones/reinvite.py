"""Hold and resume: a re-INVITE of the phone, sent again while one of the caller's is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from ringcast.phones.session import AudioSession
from ringcast.protocols.sip.agent_session_base import ActionNotPossible

__all__ = ["Reinviter"]

TRY_AGAIN_AFTER: Final = 0.2
"""Seconds."""
TRIES: Final = 25


class Offering(Protocol):
    """The part of `useragent.Call` that sends offers."""

    def reinvite(self, body: bytes) -> None:
        """Offer another session; raise ActionNotPossible while an offer is open."""


class Reinviter:
    """Sends one re-INVITE at a time; the caller's answer goes to the call's own events."""

    def __init__(
        self, call: Offering, session: AudioSession, *, on_given_up: Callable[[], None]
    ) -> None:
        """`on_given_up` is called when another offer stayed open for too long."""
        self._call = call
        self._session = session
        self._on_given_up = on_given_up
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def send(self, *, hold: bool, tries: int = TRIES) -> None:
        """Offer to send only, or to send and receive."""
        self._timer = None
        was_holding, self._session.is_holding = self._session.is_holding, hold
        try:
            self._call.reinvite(self._session.offer())
        except ActionNotPossible:
            # An offer of the caller is still open: it will be over in a moment (RFC 3261, 14.1).
            self._session.is_holding = was_holding
            if tries > 1:
                again = partial(self.send, hold=hold, tries=tries - 1)
                self._timer = self._loop.call_later(TRY_AGAIN_AFTER, again)
            else:
                self._on_given_up()

    def stop(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
