"""Recordings: looked at, searched, heard."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.responses import Response

from ringcast.apis.bandwidth_v1 import bodies
from ringcast.apis.bandwidth_v1.errors import not_found
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.handlers_calls import details_of
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.paging import window_of
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import CallId, RecordingId
from ringcast.domain.recordings import Recording
from ringcast.services.recordings import RecordingFormat, RecordingNotReady
from ringcast.web.json import json_response
from ringcast.web.ranges import file_response

__all__ = ["fetch", "fetch_media", "list_of_call", "list_recordings"]

_MEDIA = re.compile(r"(c-[a-z2-7]{26})-([1-9][0-9]{0,3})\.(wav|mp3)")
_KINDS = {RecordingFormat.WAV: "audio/wav", RecordingFormat.MP3: "audio/mpeg"}


async def list_recordings(exchange: Exchange) -> Response:
    """Answer with a page of recordings, newest first."""
    window = window_of(exchange)
    found, _ = await exchange.services.find_recordings(exchange.account.id, window.wanted)
    shown = [bodies.recording(exchange, one, await _place(exchange, one)) for one in found]
    return window.answer(shown)


async def list_of_call(exchange: Exchange) -> Response:
    """Answer with the recordings of a call, first to last."""
    details = await details_of(exchange)
    found = [
        bodies.recording(exchange, one, place) for place, one in enumerate(details.recordings, 1)
    ]
    return window_of(exchange).cut(found)


async def fetch(exchange: Exchange) -> Response:
    """Answer with one recording."""
    wanted = exchange.path["recording"]
    recording_id = RecordingId(exchange.ids.number(Kind.RECORDING, wanted))
    try:
        found = await exchange.services.get_recording(exchange.account.id, recording_id)
    except NotFound as error:
        raise not_found("recording", wanted) from error
    place = await _place(exchange, found.recording)
    return json_response(bodies.recording(exchange, found.recording, place))


async def fetch_media(exchange: Exchange) -> Response:
    """Answer with the audio of a recording."""
    name = exchange.path["media"]
    match = _MEDIA.fullmatch(name)
    if match is None:
        raise not_found("media", name)
    call_id = CallId(exchange.ids.number(Kind.CALL, match[1]))
    try:
        found = await exchange.services.recordings_of_call(exchange.account.id, call_id)
        recording = found[int(match[2]) - 1].recording
        wanted = RecordingFormat(match[3])
        path = await exchange.services.recording_audio(recording, wanted)
    except (NotFound, IndexError, RecordingNotReady) as error:
        raise not_found("media", name) from error
    etag = f"{recording.digest}-{wanted}"
    return await file_response(exchange.request, path, media_type=_KINDS[wanted], etag=etag)


async def _place(exchange: Exchange, one: Recording) -> int:
    """Return which of its call's recordings it is, from 1."""
    found: Sequence[RecordingId] = [
        each.recording.id
        for each in await exchange.services.recordings_of_call(exchange.account.id, one.call_id)
    ]
    return found.index(one.id) + 1
