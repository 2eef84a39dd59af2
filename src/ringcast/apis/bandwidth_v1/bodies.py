"""Resources as the vendor shows them; what is absent is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.settings import Settings, settings_of
from ringcast.apis.bandwidth_v1.statuses import GATHER_REASONS, RECORDING_STATES, state_of
from ringcast.apis.bandwidth_v1.times import epoch_ms, iso
from ringcast.domain.events import GatherStarted, KeysGathered
from ringcast.domain.ids import CallId
from ringcast.domain.incidents import Incident
from ringcast.domain.recordings import Recording, RecordingState
from ringcast.services.calls import CallDetails

__all__ = ["call", "gather", "incident", "media_name", "recording"]

Body = dict[str, Any]


def call(exchange: Exchange, details: CallDetails) -> Body:
    """Return a call."""
    one, settings = details.call, settings_of(details.call)
    last = details.attempts[-1] if details.attempts else None
    call_id = exchange.ids.of(Kind.CALL, one.id)
    body: Body = {
        "id": call_id,
        "direction": "in" if one.is_inbound else "out",
        "from": "" if one.from_number is None else one.from_number.e164,
        "to": one.to_text if one.to is None else str(one.to),
        "state": state_of(details),
        "startTime": iso(one.created_at),
    }
    if last is not None and last.answered_at is not None:
        body["activeTime"] = iso(last.answered_at)
    if one.state.is_final:
        body["endTime"] = iso(one.updated_at if last is None else last.ended_at or one.updated_at)
        talked = timedelta() if last is None else last.talk_time
        body["chargeableDuration"] = 60 * math.ceil(talked / timedelta(minutes=1))
    if not one.is_inbound:
        body["callTimeout"] = round(one.ring_timeout.total_seconds())
    body |= _settings(settings)
    body["recordingEnabled"] = any(
        one.state is RecordingState.RECORDING for one in details.recordings
    ) or bool(settings.recording and state_of(details) == "started")
    body["transcriptionEnabled"] = False
    for name in ("events", "recordings", "transcriptions"):
        body[name] = exchange.url("calls", call_id, name)
    if settings.conference:
        body["conferenceId"] = settings.conference
    if one.headers:
        body["sipHeaders"] = dict(one.headers)
    return body


def _settings(settings: Settings) -> Body:
    body: Body = {
        "callbackUrl": settings.callback_url,
        "callbackHttpMethod": settings.callback_method.lower(),
        "fallbackUrl": settings.fallback_url,
        "tag": settings.tag,
    }
    body = {name: value for name, value in body.items() if value}
    if settings.callback_timeout:
        body["callbackTimeout"] = int(settings.callback_timeout)
    body["recordingFileFormat"] = settings.recording_format or "wav"
    body["recordingMaxDuration"] = int(settings.recording_max or "3600")
    return body


def gather(
    exchange: Exchange, call_id: CallId, began: GatherStarted, ended: KeysGathered | None
) -> Body:
    """Return a gather."""
    body: Body = {
        "id": exchange.ids.of(Kind.GATHER, began.gather_id),
        "state": "started" if ended is None else "completed",
        "createdTime": iso(began.at),
        "call": exchange.url("calls", exchange.ids.of(Kind.CALL, call_id)),
    }
    if began.reference:
        body["tag"] = began.reference
    if ended is not None:
        body |= {
            "reason": GATHER_REASONS[ended.ended_by],
            "completedTime": iso(ended.at),
            "digits": ended.digits,
        }
    return body


def media_name(exchange: Exchange, one: Recording, place: int) -> str:
    """Return what the file of a recording is called; `place` is 1 for the first of its call."""
    ending = "mp3" if one.name == "mp3" else "wav"
    return f"{exchange.ids.of(Kind.CALL, one.call_id)}-{place}.{ending}"


def recording(exchange: Exchange, one: Recording, place: int) -> Body:
    """Return a recording."""
    body: Body = {
        "id": exchange.ids.of(Kind.RECORDING, one.id),
        "state": RECORDING_STATES[one.state],
        "startTime": iso(one.created_at),
        "call": exchange.url("calls", exchange.ids.of(Kind.CALL, one.call_id)),
    }
    if one.ended_at is not None:
        body["endTime"] = iso(one.ended_at)
    if one.state is RecordingState.READY:
        body["media"] = exchange.url("media", media_name(exchange, one, place))
    return body


def incident(exchange: Exchange, one: Incident, *, is_single: bool = False) -> Body:
    """Return what went wrong in the background; one alone shows its time as a number."""
    shown: Mapping[str, str] = {
        name: value for name, value in one.details.items() if name != "dialect"
    }
    details: Sequence[Body] = [
        {
            "id": exchange.ids.of_part(Kind.ERROR_DETAIL, CallId(one.id), place),
            "name": name,
            "value": value,
        }
        for place, (name, value) in enumerate(shown.items())
    ]
    return {
        "id": exchange.ids.of(Kind.ERROR, one.id),
        "time": epoch_ms(one.at) if is_single else iso(one.at),
        "category": "unavailable",
        "code": one.kind.replace("_", "-"),
        "message": one.message,
        "details": details,
    }
