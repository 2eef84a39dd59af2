"""The log of a call: what has happened, under the names that the vendor's log has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ringcast.apis.bandwidth_v1.identities import Ids, Kind
from ringcast.apis.bandwidth_v1.statuses import GATHER_REASONS, cause_of
from ringcast.apis.bandwidth_v1.times import epoch_ms, iso
from ringcast.domain import events
from ringcast.ports.store import NumberedEvent
from ringcast.services.calls import CallDetails

__all__ = ["LOGGED", "shown_events"]

LOGGED = (
    "create", "incomingcall", "answer", "playback", "speak", "dtmf", "gather", "recording",
    "timeout", "hangup",
)  # fmt: skip
"""The names that a log can have."""


def shown_events(
    ids: Ids, details: CallDetails, log: Sequence[NumberedEvent], *, as_numbers: bool = False
) -> list[dict[str, Any]]:
    """Return a log; `as_numbers` shows times as milliseconds since 1970."""
    shown = []
    for numbered in log:
        name, data = _words(numbered.event, details)
        if not name:
            continue
        at = numbered.event.at
        item: dict[str, Any] = {
            "id": ids.of_part(Kind.EVENT, details.call.id, numbered.number),
            "time": epoch_ms(at) if as_numbers else iso(at),
            "name": name,
        }
        if data:
            item["data"] = data
        shown.append(item)
    return shown


def _words(event: events.CallEvent, details: CallDetails) -> tuple[str, str]:
    """Return the name and the data of an event; no name for what is not in the log."""
    match event:
        case events.CallCreated():
            return ("", "") if details.call.is_inbound else ("create", "")
        case events.CallReceived():
            return "incomingcall", ""
        case events.CallAnswered():
            return "answer", ""
        case events.AudioStarted():
            return ("speak" if event.is_speech else "playback"), "start"
        case events.AudioEnded():
            return ("speak" if event.is_speech else "playback"), "done"
        case events.DigitPressed():
            return "dtmf", event.digit
        case events.GatherStarted():
            return "gather", "start"
        case events.KeysGathered():
            return "gather", GATHER_REASONS[event.ended_by]
        case events.RecordingStarted():
            return "recording", "start"
        case events.RecordingEnded():
            return "recording", "complete" if event.is_kept else "error"
        case events.RingTimedOut():
            return "timeout", ""
        case events.CallEnded():
            found = [one for one in details.attempts if one.id == event.attempt_id]
            return "hangup", cause_of(event.outcome, found[0] if found else None)
        case _:
            return "", ""
