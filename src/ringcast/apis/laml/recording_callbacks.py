"""What is told of recordings."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.apis.laml.following import BASE, RECORDING, WANTED
from ringcast.apis.laml.identities import Family, Kind, Sids
from ringcast.apis.laml.responses import SOURCES, recording_status, rfc2822, source_of
from ringcast.domain.events import RecordingEnded, RecordingStarted
from ringcast.domain.recordings import Recording, RecordingSource
from ringcast.services.calls import CallDetails

__all__ = ["recording_fields", "whole_call"]

assert SOURCES.keys() == set(RecordingSource)


def recording_fields(
    options: Mapping[str, str], event: object, details: CallDetails, sids: Sids
) -> Mapping[str, str] | None:
    """Return what a subscriber is told; None if it is not about its recording, or not wanted."""
    if not isinstance(event, RecordingStarted | RecordingEnded):
        return None
    if str(event.recording_id) != options[RECORDING]:
        return None
    found = next((one for one in details.recordings if one.id == event.recording_id), None)
    if found is None:
        return None
    status = "in-progress" if isinstance(event, RecordingStarted) else recording_status(found)
    if status not in options[WANTED].split():
        return None
    return {
        "AccountSid": sids.of(Kind.ACCOUNT, found.account_id),
        "CallSid": sids.of(Kind.CALL, found.call_id),
        "RecordingSid": sids.of(Kind.RECORDING, found.id),
        "RecordingUrl": _url(found, sids, options[BASE]),
        "RecordingStatus": status,
        "RecordingDuration": str(round(found.length.total_seconds())),
        "RecordingChannels": str(found.channels),
        "RecordingSource": source_of(found, twilio=sids.family is Family.TWILIO),
        "RecordingStartTime": rfc2822(found.created_at),
    }


def whole_call(details: CallDetails, sids: Sids, base: str) -> Mapping[str, str]:
    """Return what the end of a call tells of its recording, if it has one of the whole call."""
    for one in details.recordings:
        if one.source is RecordingSource.CALL and recording_status(one) == "completed":
            return {
                "RecordingUrl": _url(one, sids, base),
                "RecordingSid": sids.of(Kind.RECORDING, one.id),
                "RecordingDuration": str(round(one.length.total_seconds())),
            }
    return {}


def _url(one: Recording, sids: Sids, base: str) -> str:
    account, sid = sids.of(Kind.ACCOUNT, one.account_id), sids.of(Kind.RECORDING, one.id)
    return f"{base}/Accounts/{account}/Recordings/{sid}"
