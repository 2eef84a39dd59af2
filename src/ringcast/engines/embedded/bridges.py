"""Which legs hear each other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId
from ringcast.engines.embedded.live import LiveLeg
from ringcast.media import MediaPool, NotTogether, UnknownStream

__all__ = ["Bridges"]

log = logging.getLogger(__name__)


class Bridges:
    """Pairs of legs; audio goes from one to the other in their media worker, keys go through here.

    Each leg of a bridge that ends is told so, unless it is the one whose end ended it.
    """

    def __init__(
        self, *, media: MediaPool, answered: Callable[[AttemptId], LiveLeg | None]
    ) -> None:
        """`answered` gives a leg that is answered and not ending, or None."""
        self._media = media
        self._answered = answered
        self._other: dict[AttemptId, AttemptId] = {}

    def join(self, leg: AttemptId, other: AttemptId) -> None:
        """Bridge two legs; raise EngineUnavailable if they are on different media workers."""
        if leg == other:
            raise ValueError(f"leg {leg} cannot be bridged to itself")
        one, two = self._answered(leg), self._answered(other)
        if one is None or two is None:
            for live, missing in ((one, other), (two, leg)):
                if live is not None:
                    live.unbridged(missing)
            return
        if self._other.get(leg) == other:
            return
        try:
            self._media.bridge(leg, other)
        except NotTogether as exc:
            raise EngineUnavailable(
                f"legs {leg} and {other} cannot be bridged: originate the second near the first"
            ) from exc
        except UnknownStream as exc:  # their worker is gone, which is being reported
            log.info("legs not bridged", extra={"leg": leg, "other": other, "why": str(exc)})
            return
        self.release(leg)
        self.release(other)
        self._other[leg], self._other[other] = other, leg

    def part(self, leg: AttemptId, other: AttemptId) -> None:
        """End the bridge of two legs, if it is one."""
        live = self._answered(leg)
        if self._other.get(leg) == other and live is not None:
            live.command(self._media.unbridge, leg)
            self.release(leg)

    def release(self, leg: AttemptId) -> None:
        """Forget the bridge of a leg, if it is in one, and tell those who still hear."""
        other = self._other.pop(leg, None)
        if other is None:
            return
        del self._other[other]
        for one, gone in ((leg, other), (other, leg)):
            live = self._answered(one)
            if live is not None:
                live.unbridged(gone)

    def pass_on(self, leg: AttemptId, digit: str, held: timedelta) -> None:
        """Send a key pressed on one leg to the other."""
        other = self._other.get(leg)
        live = None if other is None else self._answered(other)
        if live is not None:
            live.pass_on_digit(digit, held)
