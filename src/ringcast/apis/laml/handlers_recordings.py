"""Recordings: looked at, searched, heard, deleted."""

from __future__ import annotations

import re

from starlette.responses import Response

from ringcast.apis.laml import responses
from ringcast.apis.laml.errors import Refused, not_found
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.paging import window_of
from ringcast.apis.laml.parameters import span_of
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import CallId, RecordingId
from ringcast.domain.recordings import Recording
from ringcast.services.recordings import RecordingFormat, RecordingNotReady
from ringcast.web.json import json_response
from ringcast.web.ranges import file_response

__all__ = ["LIST_TAKES", "delete", "fetch", "list_recordings"]

LIST_TAKES = ("CallSid", "DateCreated", "DateCreated<", "DateCreated>")


async def list_recordings(exchange: Exchange) -> Response:
    """Answer with a page of recordings, newest first, of the account or of one call."""
    window = window_of(exchange)
    since, until = span_of(exchange.parameters, "DateCreated")
    sid = exchange.request.path_params.get("sid") or exchange.parameters.text("CallSid")
    call_id = None if sid is None else CallId(exchange.sids.number(Kind.CALL, sid) or 0)
    if "sid" in exchange.request.path_params and call_id is not None:
        await exchange.services.get_call(exchange.account.id, call_id)
    found, _ = await exchange.services.find_recordings(
        exchange.account.id, window.wanted, call_id=call_id, since=since, until=until
    )
    shown = [responses.recording(exchange, one) for one in found]
    return window.answer("recordings", shown, [str(one["sid"]) for one in shown])


async def fetch(exchange: Exchange) -> Response:
    """Answer with the audio, or with what is known of the recording.

    That is for paths that end in .json, and for those without an ending if JSON is asked for.
    """
    path = exchange.request.url.path
    if path.endswith(".mp3"):
        return await _audio(exchange, RecordingFormat.MP3, "audio/mpeg")
    wants_json = "json" in exchange.request.headers.get("accept", "")
    if path.endswith(".json") or (wants_json and not path.endswith(".wav")):
        return json_response(responses.recording(exchange, await _get(exchange)))
    return await _audio(exchange, RecordingFormat.WAV, "audio/x-wav")


async def delete(exchange: Exchange) -> Response:
    """Delete a recording."""
    try:
        await exchange.services.delete_recording(exchange.account.id, _id(exchange))
    except NotFound as error:
        raise _missing(exchange) from error
    except RecordingNotReady as error:
        raise Refused(10000, "The recording is still being made") from error
    return Response(status_code=204)


async def _audio(exchange: Exchange, audio_format: RecordingFormat, kind: str) -> Response:
    found = await _get(exchange)
    try:
        path = await exchange.services.recording_audio(found, audio_format)
    except RecordingNotReady as error:
        raise _missing(exchange) from error
    etag = f'"{found.digest}-{audio_format}"'
    return await file_response(exchange.request, path, media_type=kind, etag=etag)


async def _get(exchange: Exchange) -> Recording:
    try:
        found = await exchange.services.get_recording(exchange.account.id, _id(exchange))
    except NotFound as error:
        raise _missing(exchange) from error
    call = exchange.request.path_params.get("sid")
    if call is not None and exchange.sids.number(Kind.CALL, call) != found.call.id:
        raise _missing(exchange)
    return found.recording


def _id(exchange: Exchange) -> RecordingId:
    sid = re.sub(r"\.(wav|mp3)$", "", exchange.request.path_params["recording"])
    return RecordingId(exchange.sids.number(Kind.RECORDING, sid) or 0)


def _missing(exchange: Exchange) -> Refused:
    return not_found(f"/Recordings/{exchange.request.path_params['recording'][:64]}")
