"""Recordings of calls: parse, do, render."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.recordings.bodies import recording
from ringcast.domain.ids import CallId, RecordingId
from ringcast.domain.recordings import Recording
from ringcast.services.recordings import RecordingDetails, RecordingFormat
from ringcast.web.json import json_response
from ringcast.web.ranges import file_response

__all__ = [
    "get_named_recording",
    "get_named_recording_mp3",
    "get_recording",
    "get_recording_mp3",
    "get_recordings_of_call",
]


async def get_recordings_of_call(exchange: Exchange) -> Response:
    """GET /calls/{id}/recordings."""
    call_id = CallId(exchange.path_id("call"))
    found = await exchange.services.recordings.of_call(exchange.account.id, call_id)
    items = [recording(one.recording, one.call, base=exchange.base) for one in found]
    return json_response(project_list(responses.ItemList(items=items), exchange.fields))


async def get_recording(exchange: Exchange) -> Response:
    """GET /calls/recordings/{id}."""
    return _shown(exchange, await _found(exchange))


async def get_recording_mp3(exchange: Exchange) -> Response:
    """GET /calls/recordings/{id}.mp3."""
    return await _mp3(exchange, (await _found(exchange)).recording)


async def get_named_recording(exchange: Exchange) -> Response:
    """GET /calls/{id}/recordings/{name}."""
    return _shown(exchange, await _named(exchange))


async def get_named_recording_mp3(exchange: Exchange) -> Response:
    """GET /calls/{id}/recordings/{name}.mp3."""
    return await _mp3(exchange, (await _named(exchange)).recording)


async def _found(exchange: Exchange) -> RecordingDetails:
    recording_id = RecordingId(exchange.path_id("recording"))
    return await exchange.services.recordings.get(exchange.account.id, recording_id)


async def _named(exchange: Exchange) -> RecordingDetails:
    call_id = CallId(exchange.path_id("call"))
    name = exchange.request.path_params["name"]
    return await exchange.services.recordings.named(exchange.account.id, call_id, name)


def _shown(exchange: Exchange, found: RecordingDetails) -> Response:
    body = recording(found.recording, found.call, base=exchange.base)
    return json_response(project(body, exchange.fields))


async def _mp3(exchange: Exchange, of: Recording) -> Response:
    path = await exchange.services.recordings.audio(of, RecordingFormat.MP3)
    etag = f"{of.digest}.mp3"
    return await file_response(exchange.request, path, media_type="audio/mpeg", etag=etag)
