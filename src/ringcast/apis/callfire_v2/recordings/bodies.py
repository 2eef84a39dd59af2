"""CallFire's shape of recordings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from ringcast.domain.calls import Call
from ringcast.domain.recordings import Recording, RecordingState

__all__ = ["RECORDING_STATE", "CallRecordingBody", "recording"]

RECORDING_STATE: Mapping[RecordingState, str] = {
    RecordingState.RECORDING: "RECORDING",
    RecordingState.READY: "READY",
    RecordingState.FAILED: "ERROR",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CallRecordingBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A recording; length and hash are those of the WAV file."""

    id: int
    callId: int  # noqa: N815 - the vendor's spelling, here and below
    campaignId: int | None = None  # noqa: N815
    name: str
    created: int
    lengthInBytes: int | None = None  # noqa: N815
    lengthInSeconds: int | None = None  # noqa: N815
    hash: str | None = None
    mp3Url: str | None = None  # noqa: N815
    state: str


def recording(of: Recording, call: Call, *, base: str | None) -> CallRecordingBody:
    """Return a recording; `base` is the address of this API, None if it is not known."""
    is_ready = of.state is RecordingState.READY
    return CallRecordingBody(
        id=of.id,
        callId=of.call_id,
        campaignId=call.campaign_id,
        name=of.name or str(of.id),
        created=(of.created_at - _EPOCH) // timedelta(milliseconds=1),
        lengthInBytes=of.size if is_ready else None,
        lengthInSeconds=math.ceil(of.length.total_seconds()) if is_ready else None,
        hash=of.digest,
        mp3Url=f"{base}/calls/recordings/{of.id}.mp3" if is_ready and base is not None else None,
        state=RECORDING_STATE[of.state],
    )
