"""Sounds of the library: parse, do, render."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.creating import create
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.requests import (
    CallCreateSound,
    TextToSpeech,
    decode,
)
from ringcast.apis.callfire_v2.statuses import (
    voice_named,
)
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import SoundId
from ringcast.services.idempotency import Once
from ringcast.services.sounds import AddedSound, AudioFormat
from ringcast.web.bodies import read_body, read_upload
from ringcast.web.json import encode_json, json_response
from ringcast.web.ranges import content_response

__all__ = [
    "delete_sound",
    "find_sounds",
    "get_sound",
    "get_sound_mp3",
    "get_sound_wav",
    "record_sound",
    "speak_sound",
    "upload_sound",
]


async def upload_sound(exchange: Exchange) -> Response:
    """POST /campaigns/sounds/files."""
    limits = exchange.limits
    async with read_upload(
        exchange.request,
        file_part="file",
        limit=limits.upload_bytes,
        directory=limits.upload_directory,
    ) as form:
        file = form.files.get("file")
        if file is None:
            raise InvalidInput("the form has no part named file", field="file")
        for name in form.fields:
            if name != "name":
                raise InvalidInput(f"there is no part {name[:64]!r} here", field=name[:64])
        name = form.fields.get("name", "").strip() or file.filename or "sound"

        async def make(once: Once[AddedSound] | None) -> AddedSound:
            return await exchange.services.upload_sound(
                exchange.account, file.path, name=name, once=once
            )

        return await create(exchange, _render_sound(exchange), make, content=file.sha256 + name)


async def speak_sound(exchange: Exchange) -> Response:
    """POST /campaigns/sounds/tts."""
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    asked = decode(body, TextToSpeech)
    text, voice = asked.message or "", voice_named(asked.voice, field="voice")

    async def make(once: Once[AddedSound] | None) -> AddedSound:
        return await exchange.services.speak_sound(exchange.account, text, voice, once=once)

    return await create(exchange, _render_sound(exchange), make, content=body)


async def record_sound(exchange: Exchange) -> Response:
    """POST /campaigns/sounds/calls."""
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    asked = decode(body or b"{}", CallCreateSound)
    if asked.toNumber in (None, ""):
        raise InvalidInput("give toNumber: whom to call", field="toNumber")

    async def make(once: Once[AddedSound] | None) -> AddedSound:
        return await exchange.services.record_sound(
            exchange.account, str(asked.toNumber), name=asked.name or None, once=once
        )

    return await create(exchange, _render_sound(exchange), make, content=body)


async def find_sounds(exchange: Exchange) -> Response:
    """GET /campaigns/sounds."""
    query = exchange.query
    window = query.page()
    query.boolean("includeScrubbed")  # no sound is ever scrubbed: both choices find the same
    found, total = await exchange.services.find_sounds(
        exchange.account.id,
        window,
        name=query.text("filter"),
        archived=query.boolean("includeArchived"),
        pending=query.boolean("includePending"),
    )
    items = [responses.sound(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def get_sound(exchange: Exchange) -> Response:
    """GET /campaigns/sounds/{id}."""
    sound_id = SoundId(exchange.path_id("sound"))
    found = await exchange.services.get_sound(exchange.account.id, sound_id)
    return json_response(project(responses.sound(found), exchange.fields))


async def get_sound_mp3(exchange: Exchange) -> Response:
    """GET /campaigns/sounds/{id}.mp3."""
    return await _audio(exchange, AudioFormat.MP3, "audio/mpeg")


async def get_sound_wav(exchange: Exchange) -> Response:
    """GET /campaigns/sounds/{id}.wav."""
    return await _audio(exchange, AudioFormat.WAV, "audio/wav")


async def delete_sound(exchange: Exchange) -> Response:
    """DELETE /campaigns/sounds/{id}: 204, which all clients understand."""
    await exchange.services.archive_sound(exchange.account.id, SoundId(exchange.path_id("sound")))
    return Response(status_code=204)


def _render_sound(exchange: Exchange) -> Callable[[AddedSound], bytes]:
    return lambda added: encode_json(project(responses.added_sound(added), exchange.fields))


async def _audio(exchange: Exchange, audio_format: AudioFormat, media_type: str) -> Response:
    sound, content = await exchange.services.sound_audio(
        exchange.account.id, SoundId(exchange.path_id("sound")), audio_format
    )
    return content_response(
        exchange.request, content, media_type=media_type, etag=f"{sound.audio}.{audio_format}"
    )
