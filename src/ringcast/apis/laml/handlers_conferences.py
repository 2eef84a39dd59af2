"""Conferences and their participants: looked at, changed, told something, ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin

from starlette.responses import Response

from ringcast.apis.laml.conference_words import ENDED_BECAUSE, LABEL, STATUSES
from ringcast.apis.laml.documents import Document, DocumentError, parse_document
from ringcast.apis.laml.errors import Refused, not_found
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.fetching import request_for
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.paging import window_of
from ringcast.apis.laml.parameters import span_of
from ringcast.apis.laml.responses import rfc2822
from ringcast.apis.laml.verbs.heard import prompts_of
from ringcast.apis.laml.verbs.play import Play
from ringcast.domain.conferences import Conference, ConferenceMember, MemberChange
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import CallId, ConferenceId
from ringcast.domain.programs import Prompt
from ringcast.ports.web import NoAnswer, WebRequest
from ringcast.services.conference_terms import (
    ConferenceDetails,
    ConferenceEnded,
    ConferenceIdle,
    NotCoachable,
)
from ringcast.services.prompts import PromptMissing
from ringcast.web.json import json_response

__all__ = [
    "LIST_TAKES",
    "PARTICIPANTS_TAKE",
    "UPDATE_PARTICIPANT_REFUSES",
    "UPDATE_PARTICIPANT_TAKES",
    "UPDATE_TAKES",
    "fetch",
    "fetch_participant",
    "list_conferences",
    "list_participants",
    "remove_participant",
    "update",
    "update_participant",
]

LIST_TAKES = (
    "DateCreated", "DateCreated<", "DateCreated>", "DateUpdated", "DateUpdated<", "DateUpdated>",
    "FriendlyName", "Status",
)  # fmt: skip
UPDATE_TAKES = ("Status", "AnnounceUrl", "AnnounceMethod")
PARTICIPANTS_TAKE = ("Muted", "Hold", "Coaching")
UPDATE_PARTICIPANT_TAKES = (
    "Muted", "Hold", "HoldUrl", "HoldMethod", "AnnounceUrl", "AnnounceMethod", "Coaching",
    "CallSidToCoach", "BeepOnExit", "EndConferenceOnExit",
)  # fmt: skip
UPDATE_PARTICIPANT_REFUSES = ("WaitUrl", "WaitMethod")
_MAX_DOCUMENTS: Final = 5
_VERSION: Final = "2010-04-01"


async def list_conferences(exchange: Exchange) -> Response:
    """Answer with a page of conferences, newest first."""
    parameters, window = exchange.parameters, window_of(exchange)
    since, until = span_of(parameters, "DateCreated")
    updated_since, updated_until = span_of(parameters, "DateUpdated")
    status = parameters.choice("Status", tuple(STATUSES.values()), code=21475)
    found, _ = await exchange.services.conferences.read.find(
        exchange.account.id,
        window.wanted,
        name=parameters.text("FriendlyName"),
        states=[state for state, word in STATUSES.items() if word == status] or None,
        since=since,
        until=until,
        updated_since=updated_since,
        updated_until=updated_until,
    )
    shown = [_conference(exchange, one) for one in found]
    return window.answer("conferences", shown, [str(one["sid"]) for one in shown])


async def fetch(exchange: Exchange) -> Response:
    """Answer with one conference."""
    return json_response(_conference(exchange, (await _get(exchange)).conference))


async def update(exchange: Exchange) -> Response:
    """End a conference, or have something said to all."""
    conference = (await _get(exchange)).conference
    status = exchange.parameters.choice("Status", ("completed",), code=21475)
    act, account_id = exchange.services.conferences.act, exchange.account.id
    if conference.state.is_final:
        raise Refused(10000, "Conference is completed. Cannot change it.")
    announcement = await _heard(exchange, "Announce", "POST")
    if announcement is None and not status:
        raise Refused(21205, "Status or AnnounceUrl is required")
    if announcement is not None:
        await _announce(exchange, conference.id, announcement, to=None)
    if status:
        await act.end(account_id, conference.id)
    return await fetch(exchange)


async def list_participants(exchange: Exchange) -> Response:
    """Answer with a page of those who are there, first to last."""
    parameters, window = exchange.parameters, window_of(exchange)
    details = await _get(exchange)
    wanted = {name: parameters.flag(name) for name in PARTICIPANTS_TAKE if parameters.text(name)}
    shown = [_participant(exchange, one) for one in details.members if one.left_at is None]
    shown = [
        one for one in shown if all(one[name.lower()] is value for name, value in wanted.items())
    ]
    page = shown[window.wanted.offset : window.wanted.offset + window.wanted.limit]
    return window.answer("participants", page, [str(one["call_sid"]) for one in page])


async def fetch_participant(exchange: Exchange) -> Response:
    """Answer with one participant, also one that has left."""
    return json_response(_participant(exchange, await _member(exchange)))


async def update_participant(exchange: Exchange) -> Response:
    """Mute, hold, coach, or have something said to one participant."""
    parameters = exchange.parameters
    member = await _member(exchange)
    if member.left_at is not None:
        raise Refused(10000, "Participant has left the conference. Cannot change it.")
    hold_music = await _heard(exchange, "Hold", "GET")
    announcement = await _heard(exchange, "Announce", "POST")
    changes = _changes(exchange, member)
    act, account_id = exchange.services.conferences.act, exchange.account.id
    try:
        for change in changes:
            held = change.is_on_hold
            await act.change(
                account_id,
                member.conference_id,
                member.call_id,
                change,
                while_on_hold=hold_music if held else None,
            )
        if announcement is not None:
            await _announce(exchange, member.conference_id, announcement, to=member.call_id)
    except NotFound as error:  # it has just left
        raise _no_participant(exchange) from error
    except NotCoachable as error:
        raise Refused(16002, str(error)) from error
    except (ConferenceEnded, ConferenceIdle) as error:
        raise Refused(10000, str(error)) from error
    if not changes and announcement is None and not parameters.text("HoldUrl"):
        raise Refused(21205, "Give what is to be changed")
    return await fetch_participant(exchange)


async def remove_participant(exchange: Exchange) -> Response:
    """Take a participant out: its document goes on."""
    member = await _member(exchange)
    try:
        await exchange.services.conferences.act.remove(
            exchange.account.id, member.conference_id, member.call_id
        )
    except (NotFound, ConferenceEnded, ConferenceIdle) as error:
        raise _no_participant(exchange) from error
    return Response(status_code=204)


def _changes(exchange: Exchange, member: ConferenceMember) -> list[MemberChange]:
    """Return one change for each thing that is told by an event of its own."""
    parameters = exchange.parameters

    def flag(name: str) -> bool | None:
        return parameters.flag(name) if parameters.text(name) is not None else None

    muted, hold, coaching = flag("Muted"), flag("Hold"), flag("Coaching")
    coached = parameters.text("CallSidToCoach")
    ends, beeps = flag("EndConferenceOnExit"), flag("BeepOnExit")
    found = []
    if muted is not None:
        found.append(MemberChange(is_muted=muted))
    if hold is not None:
        found.append(MemberChange(is_on_hold=hold))
    if coaching and coached is None and member.coaches is None:
        raise Refused(16002, "Coaching needs CallSidToCoach")
    to = None
    if coached is not None and coaching is not False:
        to = CallId(exchange.sids.number(Kind.CALL, coached) or -1)
    if to is not None or coaching is False or ends is not None or beeps is not None:
        found.append(
            MemberChange(
                coaches=to, coaches_nobody=coaching is False, ends=ends, tone_on_leave=beeps
            )
        )
    return found


# Documents


async def _heard(exchange: Exchange, what: str, default: str) -> tuple[Prompt, ...] | None:
    """Return what the document of an announcement or of hold music says; None without a URL."""
    parameters = exchange.parameters
    url = parameters.url(f"{what}Url")
    method = parameters.choice(f"{what}Method", ("GET", "POST"), default, code=21209)
    if url is None:
        return None
    heard: list[Prompt] = []
    seen: set[str] = set()
    try:
        while url not in seen and len(seen) < _MAX_DOCUMENTS:
            seen.add(url)
            document, base = await _document(exchange, url, method)
            some, onward = prompts_of(document, base)
            heard += some
            if onward is None:
                break
            url, method = urljoin(base, onward.url), onward.method
    except DocumentError as error:
        raise Refused(error.code, f"{what}Url: {error}") from error
    return tuple(heard)


async def _document(exchange: Exchange, url: str, method: str) -> tuple[Document, str]:
    parameters = {"AccountSid": exchange.account_sid, "ApiVersion": _VERSION}
    asked = request_for(url, method, parameters, key=exchange.account.signing_key)
    try:
        answer = await exchange.services.conferences.web.request(
            WebRequest(
                url=asked.url,
                method=asked.method,
                parameters=asked.parameters,
                headers=asked.headers,
                connect_timeout=asked.connect_timeout,
                timeout=asked.timeout,
                max_bytes=asked.max_bytes,
            )
        )
    except NoAnswer as error:
        if error.is_too_long:  # no document is: a sound, fetched again to be played
            return Document((Play(url=url),)), url
        raise DocumentError(11200, error.reason) from error
    if not 200 <= answer.status <= 299:
        raise DocumentError(11217, f"{url} answered {answer.status}")
    if answer.header("Content-Type").startswith("audio/"):
        return Document((Play(url=answer.url),)), answer.url
    return parse_document(answer.body), answer.url


async def _announce(
    exchange: Exchange,
    conference_id: ConferenceId,
    prompts: tuple[Prompt, ...],
    *,
    to: CallId | None,
) -> None:
    try:
        await exchange.services.conferences.act.announce(
            exchange.account.id, conference_id, prompts, to=to
        )
    except PromptMissing as missing:
        raise Refused(13420, f"AnnounceUrl: {missing.reason}") from missing
    except (ConferenceEnded, ConferenceIdle) as error:
        raise Refused(10000, str(error)) from error


# Reading


async def _get(exchange: Exchange) -> ConferenceDetails:
    sid = exchange.request.path_params["conference"]
    wanted = ConferenceId(exchange.sids.number(Kind.CONFERENCE, sid) or 0)
    try:
        return await exchange.services.conferences.read.details(exchange.account.id, wanted)
    except NotFound as error:
        raise not_found(f"/Conferences/{sid[:64]}") from error


async def _member(exchange: Exchange) -> ConferenceMember:
    """Return the participant that the path names, by its call or its label."""
    details = await _get(exchange)
    named = exchange.request.path_params["sid"]
    call_id = exchange.call_id()
    for one in reversed(details.members):
        if one.call_id == call_id or (one.options.get(LABEL) == named and one.left_at is None):
            return one
    raise _no_participant(exchange)


def _no_participant(exchange: Exchange) -> Refused:
    params: Mapping[str, str] = exchange.request.path_params
    return not_found(f"/Conferences/{params['conference'][:64]}/Participants/{params['sid'][:64]}")


def _conference(exchange: Exchange, one: Conference) -> dict[str, object]:
    sid = exchange.sids.of(Kind.CONFERENCE, one.id)
    uri = exchange.uri("Conferences", sid)
    below = f"{exchange.account_uri}/Conferences/{sid}"
    suffix = ".json" if exchange.is_twilio else ""
    shown: dict[str, object] = {
        "sid": sid,
        "account_sid": exchange.account_sid,
        "friendly_name": one.name,
        "status": STATUSES[one.state],
        "region": "us1",
        "api_version": _VERSION,
        "date_created": rfc2822(one.created_at),
        "date_updated": rfc2822(one.updated_at),
        "uri": uri,
        "subresource_uris": {
            "participants": f"{below}/Participants{suffix}",
            "recordings": f"{below}/Recordings{suffix}",
        },
    }
    if exchange.is_twilio:
        reason, by = one.end_reason, one.ended_by
        shown["reason_conference_ended"] = None if reason is None else ENDED_BECAUSE[reason]
        shown["call_sid_ending_conference"] = (
            None if by is None else exchange.sids.of(Kind.CALL, by)
        )
    return shown


def _participant(exchange: Exchange, one: ConferenceMember) -> dict[str, object]:
    sids = exchange.sids
    call_sid, conference_sid = (
        sids.of(Kind.CALL, one.call_id),
        sids.of(Kind.CONFERENCE, one.conference_id),
    )
    is_there = one.left_at is None
    status = "in-progress" if is_there else "completed"
    if exchange.is_twilio:
        status = "connected" if is_there else "complete"
    shown: dict[str, object] = {
        "account_sid": exchange.account_sid,
        "call_sid": call_sid,
        "conference_sid": conference_sid,
        "call_sid_to_coach": None if one.coaches is None else sids.of(Kind.CALL, one.coaches),
        "coaching": one.coaches is not None,
        "muted": one.is_muted,
        "hold": one.is_on_hold,
        "start_conference_on_enter": one.starts,
        "end_conference_on_exit": one.ends,
        "status": status,
        "date_created": rfc2822(one.joined_at),
        "date_updated": rfc2822(one.updated_at),
        "uri": exchange.uri(f"Conferences/{conference_sid}/Participants", call_sid),
    }
    if exchange.is_twilio:
        shown |= {"label": one.options.get(LABEL), "queue_time": None}
    return shown
