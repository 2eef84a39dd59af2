"""Conferences: made, looked at, changed, ended; their members; what all of them hear."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.bandwidth_v1 import conference_bodies
from ringcast.apis.bandwidth_v1.audio_requests import command_of
from ringcast.apis.bandwidth_v1.call_requests import CALLBACKS, callback_settings, number_of
from ringcast.apis.bandwidth_v1.errors import Refused, bad_value, not_found
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.followers import conference_follower_of
from ringcast.apis.bandwidth_v1.handlers_bridges import is_bridge
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.paging import window_of
from ringcast.apis.bandwidth_v1.settings import Settings, settings_of
from ringcast.domain.conferences import ConferenceMember, ConferenceRules, MemberChange
from ringcast.domain.errors import NotFound, UnknownCallerId
from ringcast.domain.ids import AttemptId, CallId, ConferenceId
from ringcast.services.call_commands import PlayAudio, StopAudio
from ringcast.services.conference_terms import ConferenceDetails, Joining, Opening
from ringcast.services.prompts import PromptMissing
from ringcast.web.json import json_response

__all__ = [
    "ADD_TAKES",
    "CREATE_TAKES",
    "MEMBER_TAKES",
    "UPDATE_TAKES",
    "add",
    "change_member",
    "create",
    "fetch",
    "fetch_member",
    "list_members",
    "play",
    "play_to_member",
    "update",
]

CREATE_TAKES = ("from", *CALLBACKS, "profile", "tag")
UPDATE_TAKES = ("state", "hold", "mute")
_TONES = ("joinTone", "leavingTone")
ADD_TAKES = ("callId", "mute", "hold", *_TONES)
MEMBER_TAKES = ("state", "mute", "hold", *_TONES)
_MOST_MEMBERS = 20
_MOST_TAG = 1000


async def create(exchange: Exchange) -> Response:
    """Make a conference that nobody is in."""
    fields, services = exchange.fields, exchange.services.conferences
    shown = number_of(fields, "from")
    if fields.choice("profile", ("interpret_digits", "passthru_digits")) == "interpret_digits":
        raise bad_value("'profile': keys are not interpreted on this system, they are passed on")
    if shown not in [
        one.number for one in await exchange.services.list_numbers(exchange.account.id)
    ]:
        raise UnknownCallerId(shown.e164)
    settings = Settings(
        user=exchange.user,
        base=exchange.base,
        tag=fields.text("tag", most=_MOST_TAG) or "",
        **callback_settings(fields),
    )
    follower = conference_follower_of(settings)
    if follower is not None:
        services.sender.check(follower.url)
    opening = Opening(
        rules=ConferenceRules(max_members=_MOST_MEMBERS),
        options={**settings.written(), "from": shown.e164},
        followers=() if follower is None else (follower,),
    )
    made = await services.live.create(exchange.account.id, opening=opening)
    location = exchange.url("conferences", exchange.ids.of(Kind.CONFERENCE, made.id))
    return Response(status_code=201, headers={"Location": location})


async def fetch(exchange: Exchange) -> Response:
    """Answer with one conference."""
    return json_response(conference_bodies.conference(exchange, await _details(exchange)))


async def update(exchange: Exchange) -> Response:
    """Mute all members, put them on hold, or end the conference."""
    fields, live = exchange.fields, exchange.services.conferences.live
    details = await _details(exchange)
    state = fields.choice("state", ("completed",))
    if not fields:
        raise bad_value("There is nothing to be changed")
    if details.conference.state.is_final:
        raise Refused("forbidden", "conference-error", "The conference is completed")
    change = _change(exchange)
    if change != MemberChange():
        for one in details.members:
            if one.left_at is None:
                await live.change(exchange.account.id, _id(exchange), one.call_id, change)
    if state is not None:
        await live.end(exchange.account.id, _id(exchange))
    return Response(status_code=200)


async def play(exchange: Exchange) -> Response:
    """Have something heard by all, or stop it."""
    details = await _details(exchange)
    live = exchange.services.conferences.live
    match command_of(exchange.fields):
        case PlayAudio() as wanted:
            try:
                await live.announce(
                    exchange.account.id,
                    details.conference.id,
                    [wanted.prompt],
                    loop=wanted.loop,
                    reference=wanted.reference,
                )
            except PromptMissing as error:
                raise Refused("forbidden", "media-invalid-url", error.reason) from error
        case StopAudio(is_speech=is_speech):
            stopped = await live.stop_announcement(
                exchange.account.id, details.conference.id, is_speech=is_speech
            )
            if not stopped:
                raise Refused("forbidden", "call-audio-invalid-state", "Nothing of it is played")
    return Response(status_code=200)


async def list_members(exchange: Exchange) -> Response:
    """Answer with all who are or were there."""
    details = await _details(exchange)
    found = [conference_bodies.member(exchange, one) for one in details.members]
    return window_of(exchange).cut(found)


async def add(exchange: Exchange) -> Response:
    """Let a call join."""
    fields, services = exchange.fields, exchange.services
    details = await _details(exchange)
    call_id = CallId(exchange.ids.number(Kind.CALL, fields.needed("callId")))
    try:
        call = (await services.get_call(exchange.account.id, call_id)).call
    except NotFound as error:
        message = f"The call {fields.needed('callId')[:64]} could not be found"
        raise Refused("forbidden", "call-id-not-found", message) from error
    if settings_of(call).conference != exchange.path["conference"]:
        message = "The call was not created with the id of this conference"
        raise Refused("forbidden", "invalid-call-conference-id", message)

    def joining(leg: AttemptId) -> Joining:
        return Joining(
            call_id=call_id,
            leg=leg,
            is_muted=fields.flag("mute"),
            is_on_hold=fields.flag("hold"),
            tone_on_join=fields.flag("joinTone"),
            tone_on_leave=fields.flag("leavingTone"),
        )

    made = await services.conferences.add(
        exchange.account.id, details.conference.id, call_id, joining
    )
    location = exchange.url(
        "conferences", exchange.path["conference"], "members",
        exchange.ids.of(Kind.MEMBER, made.id),
    )  # fmt: skip
    return Response(status_code=201, headers={"Location": location})


async def fetch_member(exchange: Exchange) -> Response:
    """Answer with one member."""
    return json_response(conference_bodies.member(exchange, await _member(exchange)))


async def change_member(exchange: Exchange) -> Response:
    """Mute a member, put it on hold, change its tones, or take it out."""
    member, live = await _member(exchange), exchange.services.conferences.live
    state = exchange.fields.choice("state", ("completed",))
    if not exchange.fields:
        raise bad_value("There is nothing to be changed")
    if member.left_at is not None:
        raise Refused("forbidden", "conference-error", "The member has left")
    change = _change(exchange)
    if change != MemberChange():
        await live.change(exchange.account.id, _id(exchange), member.call_id, change)
    if state is not None:
        await live.remove(exchange.account.id, _id(exchange), member.call_id)
    return Response(status_code=200)


async def play_to_member(exchange: Exchange) -> Response:
    """Have something heard by one member alone; its call tells of it."""
    member = await _member(exchange)
    command = command_of(exchange.fields)
    await exchange.services.control_call(exchange.account.id, member.call_id, command)
    return Response(status_code=200)


def _change(exchange: Exchange) -> MemberChange:
    fields = exchange.fields

    def flag(name: str) -> bool | None:
        return fields.flag(name) if name in fields else None

    return MemberChange(
        is_muted=flag("mute"),
        is_on_hold=flag("hold"),
        tone_on_join=flag(_TONES[0]),
        tone_on_leave=flag(_TONES[1]),
    )


async def _details(exchange: Exchange) -> ConferenceDetails:
    wanted = exchange.path["conference"]
    try:
        found = await exchange.services.conferences.read.details(exchange.account.id, _id(exchange))
    except NotFound as error:
        raise not_found("conference", wanted) from error
    if is_bridge(found.conference):
        raise not_found("conference", wanted)
    return found


async def _member(exchange: Exchange) -> ConferenceMember:
    wanted = exchange.ids.number(Kind.MEMBER, exchange.path["member"])
    for one in (await _details(exchange)).members:
        if one.id == wanted:
            return one
    raise not_found("conference member", exchange.path["member"])


def _id(exchange: Exchange) -> ConferenceId:
    return ConferenceId(exchange.ids.number(Kind.CONFERENCE, exchange.path["conference"]))
