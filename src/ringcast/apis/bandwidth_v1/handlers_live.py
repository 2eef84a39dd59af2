"""What is done on a live call: sounds, DTMF, gathers; and what has happened on it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from ringcast.apis.bandwidth_v1 import bodies
from ringcast.apis.bandwidth_v1.audio_requests import AUDIO_TAKES, command_of, prompt_of
from ringcast.apis.bandwidth_v1.call_events import shown_events
from ringcast.apis.bandwidth_v1.errors import bad_value, not_found
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.handlers_calls import details_of
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.domain.events import GatherStarted, KeysGathered
from ringcast.services.call_commands import BeginGather, EndGather, SendKeys
from ringcast.web.json import json_response

__all__ = [
    "GATHER_TAKES",
    "begin_gather",
    "end_gather",
    "fetch_event",
    "fetch_gather",
    "list_events",
    "play",
    "send_dtmf",
]

GATHER_TAKES = ("maxDigits", "interDigitTimeout", "terminatingDigits", "tag", "prompt")
_PROMPT_TAKES = (*AUDIO_TAKES[:6], "bargeable")
_DTMF: Final = re.compile(r"[A-D0-9#*,wW]{1,92}")
_TERMINATORS = re.compile(r"[0-9#*A-D]{1,16}")
_AS_PAUSE: Final = str.maketrans(",", "w")


async def play(exchange: Exchange) -> Response:
    """Have something heard, or stop what is heard."""
    details = await details_of(exchange)
    command = command_of(exchange.fields)
    await exchange.services.control_call(exchange.account.id, details.call.id, command)
    return Response(status_code=200)


async def send_dtmf(exchange: Exchange) -> Response:
    """Send DTMF."""
    details = await details_of(exchange)
    digits = exchange.fields.needed("dtmfOut")
    if not _DTMF.fullmatch(digits):
        raise bad_value("The value of 'dtmfOut' must be 1 to 92 of 0-9, A-D, *, #, ',', w and W")
    command = SendKeys(digits.translate(_AS_PAUSE))
    await exchange.services.control_call(exchange.account.id, details.call.id, command)
    return Response(status_code=200)


async def begin_gather(exchange: Exchange) -> Response:
    """Collect keys."""
    fields = exchange.fields
    details = await details_of(exchange)
    terminators = fields.text("terminatingDigits")
    if terminators is None:
        terminators = "#"
    if not _TERMINATORS.fullmatch(terminators):
        raise bad_value("The value of 'terminatingDigits' must be some of 0-9, #, * and A-D")
    most = None
    if "maxDigits" in fields:
        most = fields.whole("maxDigits", 30, least=1, most=30)
    prompt, loop = None, None
    asked = fields.part("prompt")
    if asked is not None:
        asked.check(_PROMPT_TAKES)
        asked.flag("bargeable", default=True)  # deprecated: a key always ends the prompt
        audio = prompt_of(asked, resource="prompt")
        prompt, loop = audio.prompt, audio.loop
    gather_id = await exchange.services.new_id()
    command = BeginGather(
        gather_id=gather_id,
        prompt=prompt,
        loop=loop,
        max_digits=most or 30,
        finish_on=frozenset(terminators),
        digit_timeout=timedelta(seconds=fields.whole("interDigitTimeout", 5, least=1, most=30)),
        reference=fields.text("tag", most=1000) or "",
    )
    await exchange.services.control_call(exchange.account.id, details.call.id, command)
    location = exchange.url(
        "calls", exchange.path["call"], "gather", exchange.ids.of(Kind.GATHER, gather_id)
    )
    return Response(status_code=201, headers={"Location": location})


async def fetch_gather(exchange: Exchange) -> Response:
    """Answer with a gather."""
    began, ended = await _gather(exchange)
    return json_response(bodies.gather(exchange, exchange.call_id(), began, ended))


async def end_gather(exchange: Exchange) -> Response:
    """Collect no more."""
    exchange.fields.needed("state")
    exchange.fields.choice("state", ("completed",))
    began, _ = await _gather(exchange)
    command = EndGather(began.gather_id)
    await exchange.services.control_call(exchange.account.id, exchange.call_id(), command)
    return Response(status_code=200)


async def list_events(exchange: Exchange) -> Response:
    """Answer with all that has happened on a call."""
    details = await details_of(exchange)
    events = await exchange.services.events_of_call(exchange.account.id, details.call.id)
    return json_response(shown_events(exchange.ids, details, events))


async def fetch_event(exchange: Exchange) -> Response:
    """Answer with one thing that has happened."""
    details = await details_of(exchange)
    events = await exchange.services.events_of_call(exchange.account.id, details.call.id)
    wanted = exchange.path["event"]
    for one in shown_events(exchange.ids, details, events, as_numbers=True):
        if one["id"] == wanted:
            return json_response(one)
    raise not_found("resource", wanted)


async def _gather(exchange: Exchange) -> tuple[GatherStarted, KeysGathered | None]:
    details = await details_of(exchange)
    wanted = exchange.ids.number(Kind.GATHER, exchange.path["gather"])
    events = await exchange.services.events_of_call(exchange.account.id, details.call.id)
    began, ended = None, None
    for numbered in events:
        event = numbered.event
        if isinstance(event, GatherStarted) and event.gather_id == wanted:
            began = event
        elif isinstance(event, KeysGathered) and event.gather_id == wanted:
            ended = event
    if began is None:
        raise not_found("resource", exchange.path["gather"])
    return began, ended
