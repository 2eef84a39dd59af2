"""Calls: created, looked at, searched, changed while they live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from ringcast.apis.bandwidth_v1 import bodies
from ringcast.apis.bandwidth_v1.call_requests import FORMATS, recording_settings, wish_of
from ringcast.apis.bandwidth_v1.errors import Refused, bad_value, not_found
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.paging import PAGING, window_of
from ringcast.apis.bandwidth_v1.settings import settings_of
from ringcast.apis.bandwidth_v1.statuses import state_of
from ringcast.apis.bandwidth_v1.transfer_requests import TRANSFER_TAKES, transfer_of
from ringcast.domain.errors import InvalidNumber, NotFound
from ringcast.domain.ids import ConferenceId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.services.call_commands import (
    AnsweredAlready,
    BeginRecording,
    EndRecording,
    NothingRecorded,
    PickUp,
    TurnAway,
)
from ringcast.services.calls import CallDetails
from ringcast.web.json import json_response

__all__ = ["LIST_TAKES", "UPDATE_TAKES", "create", "details_of", "fetch", "list_calls", "update"]

LIST_TAKES = (*PAGING, "from", "to", "sortOrder")
_RECORDING = ("recordingEnabled", "recordingMaxDuration", "recordingFileFormat")
UPDATE_TAKES = ("state", *_RECORDING, *TRANSFER_TAKES)
_STATES = ("active", "rejected", "completed", "transferring")


async def create(exchange: Exchange) -> Response:
    """Have somebody called."""
    wish = wish_of(exchange)
    await _check_conference(exchange)
    call = await exchange.services.create_call(exchange.account, wish)
    location = exchange.url("calls", exchange.ids.of(Kind.CALL, call.id))
    return Response(status_code=201, headers={"Location": location})


async def fetch(exchange: Exchange) -> Response:
    """Answer with one call."""
    (shown,) = await _shown(exchange, [await details_of(exchange)])
    return json_response(shown)


async def list_calls(exchange: Exchange) -> Response:
    """Answer with a page of calls, by default newest first."""
    fields, window = exchange.fields, window_of(exchange)
    find, account_id = exchange.services.find_calls, exchange.account.id
    to, from_number = _number(exchange, "to"), _number(exchange, "from")
    found, total = await find(account_id, window.wanted, to=to, from_number=from_number)
    if fields.choice("sortOrder", ("desc", "asc")) == "asc":
        if total is None:
            raise bad_value("'sortOrder': so many calls are listed only from the newest on")
        first, last = (
            total - window.wanted.offset - window.wanted.limit,
            total - window.page * (window.size),
        )
        page = Page(limit=max(0, last - max(0, first)), offset=max(0, first))
        found = ()
        if page.limit:
            newest, _ = await find(account_id, page, to=to, from_number=from_number)
            found = newest[::-1]
    return window.answer(await _shown(exchange, found))


async def update(exchange: Exchange) -> Response:
    """Answer, reject, hang up, record."""
    fields = exchange.fields
    details = await details_of(exchange)
    state = fields.choice("state", _STATES)
    if not fields:
        raise bad_value("There is nothing to be changed")
    if details.call.state.is_final:
        raise Refused("forbidden", "call-invalid-state", "The call is completed")
    if state != "transferring" and any(name in fields for name in TRANSFER_TAKES):
        raise bad_value(f"{', '.join(TRANSFER_TAKES)} make sense only with 'transferring'")
    if state in ("active", "rejected"):
        await _take(exchange, details, state)
    await _record(exchange, details)
    if state == "completed":
        await exchange.services.hang_up_call(
            exchange.account.id, details.call.id, reason="a request for it to be completed"
        )
    if state == "transferring":
        return await _transfer(exchange, details)
    return Response(status_code=200)


async def _shown(exchange: Exchange, found: Sequence[CallDetails]) -> list[dict[str, Any]]:
    """Return calls; those that are put through say so."""
    seconds = await exchange.services.second_legs([one.call.id for one in found])
    shown = []
    for one in found:
        body = bodies.call(exchange, one)
        if one.call.id in seconds and body["state"] == "active":
            body["state"] = "transferring"
        shown.append(body)
    return shown


async def details_of(exchange: Exchange) -> CallDetails:
    """Return the call that the path names; raise call-not-found."""
    try:
        return await exchange.services.get_call(exchange.account.id, exchange.call_id())
    except NotFound as error:
        raise not_found("call", exchange.path["call"]) from error


async def _check_conference(exchange: Exchange) -> None:
    """Refuse a conference that is not there, or has ended."""
    wanted = exchange.fields.text("conferenceId")
    if not wanted:
        return
    number = ConferenceId(exchange.ids.number(Kind.CONFERENCE, wanted))
    try:
        found = await exchange.services.conferences.read.details(exchange.account.id, number)
    except NotFound as error:
        raise not_found("conference", wanted) from error
    if found.conference.state.is_final:
        raise Refused("forbidden", "conference-error", "The conference is completed")


async def _transfer(exchange: Exchange, details: CallDetails) -> Response:
    """Put the call through; answer with the new leg."""
    if state_of(details) != "active":
        raise Refused("forbidden", "call-invalid-state", "Only an active call is transferred")
    call = details.call
    if await exchange.services.second_legs([call.id]):
        raise Refused("forbidden", "call-invalid-state", "The call is being transferred already")
    script = await transfer_of(exchange, call)
    new_id = await exchange.services.transfer_call(exchange.account.id, call.id, script)
    location = exchange.url("calls", exchange.ids.of(Kind.CALL, new_id))
    return Response(status_code=201, headers={"Location": location})


async def _take(exchange: Exchange, details: CallDetails, state: str) -> None:
    """Answer a call that came to us, or turn it away."""
    command = PickUp() if state == "active" else TurnAway()
    try:
        await exchange.services.control_call(exchange.account.id, details.call.id, command)
    except AnsweredAlready as error:
        message = f"The call is {state_of(details)}: it cannot become {state}"
        raise Refused("forbidden", "call-invalid-state", message) from error


async def _record(exchange: Exchange, details: CallDetails) -> None:
    """Begin or end a recording, if that is asked for."""
    fields, settings = exchange.fields, settings_of(details.call)
    if "recordingEnabled" not in fields:
        for name in _RECORDING[1:]:
            if name in fields:
                raise bad_value(f"'{name}' is taken only together with 'recordingEnabled'")
        return
    wanted = recording_settings(fields)
    control, call_id = exchange.services.control_call, details.call.id
    if not fields.flag("recordingEnabled"):
        try:
            await control(exchange.account.id, call_id, EndRecording())
        except NothingRecorded:
            if "state" not in fields:  # clients send it with whatever they change
                raise
        return
    longest = wanted["recording_max"]
    if "recordingMaxDuration" not in fields and settings.recording_max:
        longest = settings.recording_max
    name = fields.choice("recordingFileFormat", FORMATS) or settings.recording_format or FORMATS[0]
    command = BeginRecording(max_length=timedelta(seconds=int(longest)), name=name)
    await control(exchange.account.id, call_id, command)


def _number(exchange: Exchange, name: str) -> PhoneNumber | None:
    text = exchange.fields.text(name)
    if not text:
        return None
    try:
        return PhoneNumber.parse(text.replace(" ", "+", 1) if text.startswith(" ") else text)
    except InvalidNumber as error:
        raise bad_value(f"The value of '{name}' is an invalid phone number: {text[:64]}") from error
