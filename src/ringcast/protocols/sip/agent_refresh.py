"""Session timers: a call whose far end has gone without a word is found out (RFC 4028)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringcast.protocols.sip.errors import InvalidHeader
from ringcast.protocols.sip.headers import parse_number, parse_params
from ringcast.protocols.sip.message import Request, Response

HeaderList = Sequence[tuple[str, str]]

OPTION: Final = "timer"
USUAL_INTERVAL: Final = 1800
"""Seconds between refreshes that we ask for (RFC 4028 4 recommends them)."""
LEAST_INTERVAL: Final = 90
"""What RFC 4028 4 allows at least; who asks for less is told so."""
_MOST: Final = 2**31 - 1

_USUALLY_ASKED: Final = (("Session-Expires", str(USUAL_INTERVAL)),)
_UAC: Final = "uac"
_UAS: Final = "uas"


@dataclass(frozen=True, slots=True)
class IntervalTooSmall:
    """The request is to be refused with 422 and this Min-SE (RFC 4028 6)."""

    least: int

    @property
    def headers(self) -> HeaderList:
        """The header that says how long it may be."""
        return [("Min-SE", str(self.least))]


class SessionRefresh:
    """Whether a call is to be refreshed, by whom, and when it is over if nobody does.

    After anything is taken, `refresh_at` and `expires_at` say what to wait for.
    """

    __slots__ = ("_is_ours", "_least", "expires_at", "interval", "refresh_at")

    def __init__(self) -> None:
        self.interval: int | None = None
        """Seconds that the session lasts without a refresh; None: for ever."""
        self.refresh_at: float | None = None
        """When we have to refresh it; None if the far end does, or nobody."""
        self.expires_at: float | None = None
        """When to hang up, because the far end has not refreshed it."""
        self._least = LEAST_INTERVAL
        self._is_ours = False

    def asked_headers(self) -> HeaderList:
        """Return what a request of ours, INVITE or UPDATE, says about the timer (7.1, 7.4)."""
        if self.interval is None:
            if self._least <= LEAST_INTERVAL:
                return _USUALLY_ASKED
            return [("Session-Expires", str(max(USUAL_INTERVAL, self._least))), *self._min_se()]
        refresher = _UAC if self._is_ours else _UAS
        return [("Session-Expires", f"{self.interval};refresher={refresher}"), *self._min_se()]

    def raise_to(self, refusal: Response) -> bool:
        """Take a 422 to our INVITE; return whether to ask again, with a longer interval (7.3)."""
        try:
            least = parse_number(refusal.headers.get("Min-SE") or "", "Min-SE", maximum=_MOST)
        except InvalidHeader:
            return False
        if least <= self._least:
            return False
        self._least = least
        if self.interval is not None:
            self.interval = max(self.interval, least)
        return True

    def answered(self, response: Response, *, now: float) -> None:
        """Take the 2xx to an INVITE or UPDATE of ours (7.2)."""
        interval, refresher = _session_expires(response)
        self._set(interval, is_ours=refresher != _UAS, now=now)

    def answer_headers(self, request: Request, *, now: float) -> HeaderList | IntervalTooSmall:
        """Take an INVITE or UPDATE of the far end; return what our 2xx says (9)."""
        interval, refresher = _session_expires(request)
        if interval is None:
            self._set(None, is_ours=False, now=now)
            return []
        too_small = interval_too_small(request)
        if too_small is not None:
            return too_small
        supports = OPTION in request.supported or OPTION in request.require
        interval = max(interval, LEAST_INTERVAL)
        if not supports:
            refresher = _UAS  # a proxy wants it: only we can do it (table 2)
        refresher = refresher or _UAC
        self._set(interval, is_ours=refresher == _UAS, now=now)
        required = [("Require", OPTION)] if supports else []
        return [("Session-Expires", f"{interval};refresher={refresher}"), *required]

    def try_again_at(self, at: float) -> None:
        """Refresh later: something else was going on."""
        self.refresh_at = at

    def stop(self) -> None:
        """Wait for nothing any more."""
        self.refresh_at = self.expires_at = None

    def _min_se(self) -> list[tuple[str, str]]:
        return [("Min-SE", str(self._least))] if self._least > LEAST_INTERVAL else []

    def _set(self, interval: int | None, *, is_ours: bool, now: float) -> None:
        self.interval, self._is_ours = interval, is_ours
        self.refresh_at = self.expires_at = None
        if interval is None:
            return
        if is_ours:
            self.refresh_at = now + interval / 2  # 10
        # 10: hang up a little before the end, so that both do not count exactly alike.
        self.expires_at = now + interval - min(32.0, interval / 3)


def interval_too_small(request: Request) -> IntervalTooSmall | None:
    """Return why the interval that a request asks for cannot be had, or None."""
    interval, _ = _session_expires(request)
    supports = OPTION in request.supported or OPTION in request.require
    if interval is not None and interval < LEAST_INTERVAL and supports:
        return IntervalTooSmall(LEAST_INTERVAL)
    return None


def _session_expires(message: Request | Response) -> tuple[int | None, str | None]:
    """Return seconds and refresher; (None, None) if there is none, or none that can be read."""
    text = message.headers.get("Session-Expires")
    if text is None:
        return None, None
    seconds, semicolon, params = text.partition(";")
    try:
        refresher = parse_params(semicolon + params, "Session-Expires").get("refresher")
        interval = parse_number(seconds, "Session-Expires", maximum=_MOST)
    except InvalidHeader:
        return None, None
    return interval, refresher.lower() if refresher else None
