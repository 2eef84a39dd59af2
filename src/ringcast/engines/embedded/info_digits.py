"""DTMF in SIP INFO: application/dtmf-relay and application/dtmf (de-facto, never standardised)."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from ringcast.protocols.sip.agent_session_base import ActionNotPossible
from ringcast.useragent import Call

__all__ = ["DTMF", "DTMF_RELAY", "InfoDigitSender", "read_info_digit"]

log = logging.getLogger(__name__)

DTMF: Final = "application/dtmf"
DTMF_RELAY: Final = "application/dtmf-relay"

_DIGITS: Final = frozenset("0123456789*#ABCD")
_BY_NUMBER: Final = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
_PAUSE_SECONDS: Final = {"w": 0.5, "W": 1.0}
_USUAL_MS: Final = 160
_LONGEST_MS: Final = 10_000
_LONGEST_BODY: Final = 256


def read_info_digit(content_type: str | None, body: bytes) -> tuple[str, timedelta] | None:
    """Return the key and how long it was held, or None if the INFO says no key."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in (DTMF, DTMF_RELAY) or len(body) > _LONGEST_BODY:
        return None
    text = body.decode("ascii", "replace").strip()
    fields = {
        name.strip().lower(): value.strip()
        for name, equals, value in (line.partition("=") for line in text.splitlines())
        if equals
    }
    signal = fields.get("signal", "" if fields else text).upper()
    digit = _BY_NUMBER.get(signal, signal)
    if digit not in _DIGITS:
        return None
    held = fields.get("duration", "")
    milliseconds = int(held) if held.isascii() and held.isdigit() and len(held) < 6 else _USUAL_MS
    return digit, timedelta(milliseconds=min(milliseconds, _LONGEST_MS))


class InfoDigitSender:
    """Sends digits one INFO after the other, for far ends that take no telephone events.

    The next leaves when the last is answered; `answered` must be called with each InfoAnswered.
    """

    def __init__(
        self,
        call: Call,
        *,
        loop: asyncio.AbstractEventLoop,
        on_sent: Callable[[], None],
    ) -> None:
        """`on_sent` is called when all digits of one `send` that reports have been answered."""
        self._call = call
        self._loop = loop
        self._on_sent = on_sent
        self._queue: deque[str] = deque()
        self._is_waiting = False
        self._timer: asyncio.TimerHandle | None = None

    def send(self, digits: str, *, reports: bool = True) -> None:
        """Send digits after those being sent; `w` and `W` pause."""
        self._queue.extend(digits)
        if reports:
            self._queue.append("")  # the end of this `send`
        if not self._is_waiting:
            self._go_on()

    def answered(self, status: int) -> None:
        """Take the answer to one INFO: a refused digit does not hold up the others."""
        if status >= 300:
            log.warning("digit refused", extra={"sip_status": status})
        if self._is_waiting and self._timer is None:
            self._go_on()

    def stop(self) -> None:
        """Forget what is not sent yet."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        self._timer = None
        self._is_waiting = False
        while self._queue and not self._is_waiting:
            digit = self._queue.popleft()
            if digit in _PAUSE_SECONDS:
                self._is_waiting = True
                self._timer = self._loop.call_later(_PAUSE_SECONDS[digit], self._go_on)
            elif digit:
                self._is_waiting = True
                self._send_one(digit.upper())
            else:
                self._on_sent()

    def _send_one(self, digit: str) -> None:
        body = f"Signal={digit}\r\nDuration={_USUAL_MS}\r\n".encode()
        try:
            self._call.info(body, content_type=DTMF_RELAY)
        except ActionNotPossible:
            self._queue.clear()  # the call is over: nobody waits for the digits any more
