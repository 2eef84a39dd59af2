"""Attributes that say who is told of recordings and legs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ringcast.apis.laml.documents import DocumentError, Element
from ringcast.apis.laml.following import EVENTS, RECORDING_EVENTS
from ringcast.apis.laml.verbs.verb import Runtime
from ringcast.domain.subscriptions import Follower

__all__ = ["LEG_TOLD", "RECORDING_TOLD", "Told", "leg_told", "recording_told"]

RECORDING_TOLD = (
    "recordingStatusCallback",
    "recordingStatusCallbackMethod",
    "recordingStatusCallbackEvent",
)
LEG_TOLD = ("statusCallback", "statusCallbackMethod", "statusCallbackEvent")


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A URL, as written, and what it is told of."""

    url: str = ""
    method: str = "POST"
    events: tuple[str, ...] = ()

    def of_recording(self, runtime: Runtime) -> Follower | None:
        """Return the follower of a recording."""
        return runtime.recording_follower(self.url, self.method, self.events)

    def of_leg(self, runtime: Runtime) -> Follower | None:
        """Return the follower of a leg."""
        return runtime.call_follower(self.url, self.method, self.events)


def recording_told(element: Element) -> Told:
    """Read recordingStatusCallback…"""
    return _told(element, RECORDING_TOLD, RECORDING_EVENTS, code=13621)


def leg_told(element: Element) -> Told:
    """Read statusCallback…"""
    return _told(element, LEG_TOLD, EVENTS, code=20422)


def _told(
    element: Element, names: tuple[str, str, str], known: Collection[str], *, code: int
) -> Told:
    url, method, event = names
    events = tuple((element.get(event) or "").split())
    for one in events:
        if one not in known:
            raise DocumentError(
                code, f"<{element.name}> {event} {one[:64]!r} is none of {', '.join(known)}"
            )
    return Told(url=element.get(url) or "", method=element.method(method), events=events)
