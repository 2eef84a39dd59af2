"""Bridges: two calls that hear each other, as a conference of two that only this API shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from ringcast.apis.bandwidth_v1 import bodies
from ringcast.apis.bandwidth_v1.audio_requests import command_of
from ringcast.apis.bandwidth_v1.errors import Refused, bad_value, not_found
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.paging import window_of
from ringcast.apis.bandwidth_v1.statuses import state_of
from ringcast.apis.bandwidth_v1.times import iso
from ringcast.domain.conferences import (
    Conference,
    ConferenceMember,
    ConferenceRules,
    ConferenceState,
    MemberChange,
)
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AttemptId, CallId, ConferenceId
from ringcast.ports.store import Page
from ringcast.services.call_commands import PlayAudio, StopAudio
from ringcast.services.conference_terms import AlreadyThere, ConferenceDetails, Joining, Opening
from ringcast.services.prompts import PromptMissing
from ringcast.web.json import json_response

__all__ = [
    "BRIDGE_TAKES",
    "create",
    "fetch",
    "is_bridge",
    "list_bridges",
    "list_calls",
    "play",
    "update",
]

BRIDGE_TAKES = ("bridgeAudio", "callIds")
_MARK = {"bridge": "true"}
_MOST_CALLS = 2
_MOST_LISTED = 1000


def is_bridge(conference: Conference) -> bool:
    """Whether it was made as a bridge."""
    return conference.options.get("bridge") == "true"


async def create(exchange: Exchange) -> Response:
    """Make a bridge and let calls into it."""
    calls = await _calls(exchange)
    live = exchange.services.conferences.live
    opening = Opening(
        rules=ConferenceRules(starts_with=_MOST_CALLS, max_members=_MOST_CALLS), options=_MARK
    )
    made = await live.create(exchange.account.id, opening=opening)
    try:
        await _join(exchange, made.id, calls, is_on_hold=not _is_heard(exchange))
    except BaseException:
        await live.end(exchange.account.id, made.id)
        raise
    location = exchange.url("bridges", exchange.ids.of(Kind.BRIDGE, made.id))
    return Response(status_code=201, headers={"Location": location})


async def list_bridges(exchange: Exchange) -> Response:
    """Answer with a page of bridges, the newest first."""
    services = exchange.services.conferences
    found, _ = await services.read.find(exchange.account.id, Page(limit=_MOST_LISTED))
    details = [
        await services.read.details(exchange.account.id, one.id) for one in found if is_bridge(one)
    ]
    return window_of(exchange).cut([_body(exchange, one) for one in details])


async def fetch(exchange: Exchange) -> Response:
    """Answer with one bridge."""
    return json_response(_body(exchange, await _details(exchange)))


async def list_calls(exchange: Exchange) -> Response:
    """Answer with the calls that are in a bridge."""
    shown = []
    for one in _present(await _details(exchange)):
        details = await exchange.services.get_call(exchange.account.id, one.call_id)
        body = bodies.call(exchange, details)
        body["bridgeId"] = exchange.path["bridge"]
        body["bridge"] = exchange.url("bridges", exchange.path["bridge"])
        shown.append(body)
    return json_response(shown)


async def update(exchange: Exchange) -> Response:
    """Replace the calls, or let them hear each other no more, or again."""
    fields, live = exchange.fields, exchange.services.conferences.live
    if not fields:
        raise bad_value("There is nothing to be changed")
    details = await _details(exchange)
    bridge = details.conference
    if bridge.state.is_final:
        raise Refused("bad-request", "bridge-invalid-state", "The bridge is completed")
    present = {one.call_id: one for one in _present(details)}
    if "callIds" in fields:
        wanted = await _calls(exchange)
        if not wanted:
            await live.end(exchange.account.id, bridge.id)
            return Response(status_code=200)
        is_on_hold = any(one.is_on_hold for one in present.values())
        new = [one for one in wanted if one not in present]
        # Room is made before others come; with nobody left it would end.
        gone = [one for one in present if one not in wanted]
        if new and len(gone) == len(present) == _MOST_CALLS:
            await live.remove(exchange.account.id, bridge.id, gone.pop())
            await _join(exchange, bridge.id, [new.pop()], is_on_hold=is_on_hold)
        elif new and len(gone) == len(present) == 1:
            await _join(exchange, bridge.id, [new.pop()], is_on_hold=is_on_hold)
        for one in gone:
            await live.remove(exchange.account.id, bridge.id, one)
        await _join(exchange, bridge.id, new, is_on_hold=is_on_hold)
    if "bridgeAudio" in fields:
        change = MemberChange(is_on_hold=not _is_heard(exchange))
        for member in _present(await _details(exchange)):
            await live.change(
                exchange.account.id, bridge.id, member.call_id, change, while_on_hold=()
            )
    return Response(status_code=200)


async def play(exchange: Exchange) -> Response:
    """Have something heard by both, or stop it."""
    details = await _details(exchange)
    live, bridge_id = exchange.services.conferences.live, details.conference.id
    match command_of(exchange.fields):
        case PlayAudio() as wanted:
            try:
                await live.announce(
                    exchange.account.id, bridge_id, [wanted.prompt], loop=wanted.loop
                )
            except PromptMissing as error:
                raise Refused("forbidden", "media-invalid-url", error.reason) from error
        case StopAudio(is_speech=is_speech):
            if not await live.stop_announcement(
                exchange.account.id, bridge_id, is_speech=is_speech
            ):
                raise Refused("forbidden", "call-audio-invalid-state", "Nothing of it is played")
    return Response(status_code=200)


def _is_heard(exchange: Exchange) -> bool:
    return exchange.fields.flag("bridgeAudio", default=True)


async def _calls(exchange: Exchange) -> list[CallId]:
    """Return the calls that are to be in the bridge; all must be active."""
    texts = exchange.fields.texts("callIds")
    if len(set(texts)) > _MOST_CALLS:
        raise Refused("forbidden", "bridge-callIds-overflow", "A bridge has at most two calls")
    found = []
    for text in dict.fromkeys(texts):
        call_id = CallId(exchange.ids.number(Kind.CALL, text))
        try:
            details = await exchange.services.get_call(exchange.account.id, call_id)
        except NotFound as error:
            raise not_found("call", text) from error
        if state_of(details) != "active":
            message = f"The call {text} is {state_of(details)}, not active"
            raise Refused("bad-request", "bridge-invalid-operation", message)
        found.append(call_id)
    return found


async def _join(
    exchange: Exchange, bridge_id: ConferenceId, calls: Sequence[CallId], *, is_on_hold: bool
) -> None:
    for call_id in calls:

        def joining(leg: AttemptId, call_id: CallId = call_id) -> Joining:
            return Joining(call_id=call_id, leg=leg, is_on_hold=is_on_hold, while_on_hold=())

        try:
            await exchange.services.conferences.add(
                exchange.account.id, bridge_id, call_id, joining
            )
        except AlreadyThere as error:
            raise Refused("bad-request", "bridge-bridged-callId", str(error)) from error


async def _details(exchange: Exchange) -> ConferenceDetails:
    wanted = exchange.path["bridge"]
    number = ConferenceId(exchange.ids.number(Kind.BRIDGE, wanted))
    try:
        found = await exchange.services.conferences.read.details(exchange.account.id, number)
    except NotFound as error:
        raise not_found("bridge", wanted) from error
    if not is_bridge(found.conference):
        raise not_found("bridge", wanted)
    return found


def _present(details: ConferenceDetails) -> list[ConferenceMember]:
    return [one for one in details.members if one.left_at is None]


def _body(exchange: Exchange, details: ConferenceDetails) -> dict[str, Any]:
    one, present = details.conference, _present(details)
    bridge_id = exchange.ids.of(Kind.BRIDGE, one.id)
    is_held = any(each.is_on_hold for each in present)
    if one.state is ConferenceState.ENDED:
        state = "completed"
    elif is_held:
        state = "hold"
    else:
        state = "active" if len(present) == _MOST_CALLS else "created"
    body: dict[str, Any] = {
        "id": bridge_id,
        "state": state,
        "bridgeAudio": not is_held,
        "callIds": [exchange.ids.of(Kind.CALL, each.call_id) for each in present],
        "calls": exchange.url("bridges", bridge_id, "calls"),
        "createdTime": iso(one.created_at),
    }
    if one.started_at is not None:
        body["activatedTime"] = iso(one.started_at)
    if one.ended_at is not None:
        body["completedTime"] = iso(one.ended_at)
    return body
