"""Calls, sounds and caller ids: parse, do, render."""

from __future__ import annotations

import asyncio

from ringcast.apis.callfire_1_1 import bodies
from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.given import Given
from ringcast.apis.callfire_1_1.requests import campaign_request, number, recipients, voice_named
from ringcast.apis.callfire_1_1.results import Audio, Created, Found, Listed, Result
from ringcast.apis.callfire_1_1.statuses import (
    RESULT_OF_SECOND_LEG,
    outcomes_named,
    states_named,
)
from ringcast.domain.campaigns import Campaign
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import BatchId, CallId, CampaignId, RecordingId, SoundId
from ringcast.ports.store import Page
from ringcast.services.idempotency import Once
from ringcast.services.recordings import RecordingFormat
from ringcast.services.sounds import AudioFormat

__all__ = [
    "create_sound",
    "get_call",
    "get_caller_ids",
    "get_recording_data",
    "get_sound_data",
    "get_sound_meta",
    "query_calls",
    "query_sound_meta",
    "send_call",
    "send_verification_code",
    "verify_caller_id",
]

_DEFAULT_NAME = "API Send"


async def send_call(exchange: Exchange) -> Result:
    """A campaign that is made, filled and started at once."""
    given, services = exchange.given, exchange.services
    asked = campaign_request(
        given.text("BroadcastName") or _DEFAULT_NAME,
        given.texts("Label"),
        given.text("Type"),
        given,
        max_active=given.integer("MaxActive"),
    )
    to = recipients(given)

    async def make(once: Once[Campaign] | None) -> Campaign:
        return await services.create_campaign(
            exchange.account,
            asked,
            recipients=to,
            start=True,
            scrub=bool(given.flag("ScrubBroadcastDuplicates")),
            once=once,
        )

    return await exchange.create(make, lambda made: made.id)


async def query_calls(exchange: Exchange) -> Result:
    """A page of calls, newest first."""
    given, window = exchange.given, exchange.page()
    states, results = given.texts("State"), given.texts("Result")
    campaign_id, batch_id = given.integer("BroadcastId"), given.integer("BatchId")
    found, total = await exchange.services.find_calls(
        exchange.account.id,
        window,
        states=None if states is None else states_named(states),
        is_inbound=given.flag("Inbound"),
        to=number(given, "ToNumber"),
        from_number=number(given, "FromNumber"),
        label=given.text("LabelName"),
        since=given.moment("IntervalBegin"),
        until=given.moment("IntervalEnd"),
        outcomes=None if results is None else outcomes_named(results),
        leg_outcomes=None if results is None else outcomes_named(results, RESULT_OF_SECOND_LEG),
        campaign_id=None if campaign_id is None else CampaignId(campaign_id),
        batch_id=None if batch_id is None else BatchId(batch_id),
    )
    items = [bodies.call(one, root=exchange.root) for one in found]
    return Listed(items, at_least(window, len(items)) if total is None else total)


async def get_call(exchange: Exchange) -> Result:
    """One call."""
    call_id = CallId(exchange.given.need_integer("Id"))
    found = await exchange.services.get_call(exchange.account.id, call_id)
    return Found(bodies.call(found, root=exchange.root))


async def create_sound(exchange: Exchange) -> Result:
    """A sound from a file or from a text; the same again is the sound there was."""
    given, services = exchange.given, exchange.services
    data, text = given.data("Data"), given.text("SoundText")
    by_phone = given.part("RecordingCall")
    if sum(way is not None for way in (data, text, by_phone)) != 1:
        raise InvalidInput("give exactly one of Data, ToNumber and SoundText", field="Data")
    name = given.text("Name")
    if by_phone is not None:
        to = by_phone.need_text("ToNumber")
        added = await services.record_sound(exchange.account, to, name=name)
    elif text is not None:
        voice = voice_named(given.text("SoundTextVoice"))
        added = await services.speak_sound(exchange.account, text, voice, name=name)
    else:
        assert data is not None
        added = await services.upload_sound(exchange.account, data, name=name or "sound")
    return Created(added.sound.id)


async def query_sound_meta(exchange: Exchange) -> Result:
    """A page of sounds, newest first, without those that are archived."""
    found, total = await exchange.services.find_sounds(
        exchange.account.id, exchange.page(), pending=True
    )
    return Listed([bodies.sound_meta(one) for one in found], total)


async def get_sound_meta(exchange: Exchange) -> Result:
    """One sound."""
    found = await exchange.services.get_sound(exchange.account.id, _sound_id(exchange.given))
    return Found(bodies.sound_meta(found))


async def get_sound_data(exchange: Exchange) -> Result:
    """What a sound sounds like in a call."""
    is_mp3 = exchange.given.text("Format") != "WAV"
    sound, data = await exchange.services.sound_audio(
        exchange.account.id,
        _sound_id(exchange.given),
        AudioFormat.MP3 if is_mp3 else AudioFormat.WAV,
    )
    return Audio(data, is_mp3, sound.audio)


async def get_recording_data(exchange: Exchange) -> Result:
    """What was recorded in a call, the newest of that name, or by its number."""
    given, services = exchange.given, exchange.services
    if (number := given.integer("RecordingId")) is not None:
        found = await services.get_recording(exchange.account.id, RecordingId(number))
    else:
        call_id = CallId(given.need_integer("CallId"))
        name = given.need_text("Name")
        found = await services.get_named_recording(exchange.account.id, call_id, name)
    is_mp3 = given.text("Format") != "WAV"
    recording_format = RecordingFormat.MP3 if is_mp3 else RecordingFormat.WAV
    path = await services.recording_audio(found.recording, recording_format)
    data = await asyncio.to_thread(path.read_bytes)
    return Audio(data, is_mp3, str(found.recording.id))


async def send_verification_code(exchange: Exchange) -> Result:
    """A call that reads out a code."""
    caller_id = exchange.given.need_text("CallerId")

    async def do() -> None:
        await exchange.services.send_verification_code(exchange.account, caller_id)

    return await exchange.once(do)


async def verify_caller_id(exchange: Exchange) -> Result:
    """Whether the code is right."""
    given = exchange.given
    is_right = await exchange.services.verify_caller_id(
        exchange.account.id, given.need_text("CallerId"), given.need_text("VerificationCode")
    )
    return Found(is_right)


async def get_caller_ids(exchange: Exchange) -> Result:
    """The numbers that the account can call from."""
    window = exchange.page()
    numbers = await exchange.services.list_numbers(exchange.account.id)
    some = numbers[window.offset : window.offset + window.limit]
    return Listed([one.number.digits for one in some], len(numbers))


def at_least(window: Page, size: int) -> int:
    """Return how many there are at the least, where they are too many to be counted."""
    return window.offset + size + (size == window.limit)


def _sound_id(given: Given) -> SoundId:
    return SoundId(given.need_integer("Id"))
