"""Calls: created, looked at, searched, changed while they live."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.responses import Response

from ringcast.apis.laml import responses
from ringcast.apis.laml.call_ends import Span, ended_between
from ringcast.apis.laml.call_requests import (
    ASYNC_AMD,
    DETECTION,
    RECORDING,
    document_of,
    script_of,
    wish_of,
)
from ringcast.apis.laml.errors import Refused, not_found
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.following import DIALECT
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.paging import window_of
from ringcast.apis.laml.parameters import Parameters, span_of
from ringcast.apis.laml.settings import Settings
from ringcast.apis.laml.statuses import STATUSES, outcomes_of, status_of
from ringcast.domain.applications import Application
from ringcast.domain.calls import CallState
from ringcast.domain.errors import InvalidNumber, NotFound
from ringcast.domain.ids import ApplicationId, CallId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.ports.store import Page
from ringcast.services.calls import CallDetails
from ringcast.services.live_calls import CallNotLive
from ringcast.web.json import json_response

__all__ = [
    "CREATE_REFUSES",
    "CREATE_TAKES",
    "LIST_TAKES",
    "UPDATE_REFUSES",
    "UPDATE_TAKES",
    "create",
    "delete",
    "fetch",
    "list_calls",
    "update",
]

_DOCUMENT = ("Url", "Method", "Laml", "Twiml", "FallbackUrl", "FallbackMethod")
CREATE_TAKES = (
    "To", "From", *_DOCUMENT, "ApplicationSid", "CallerId", "SendDigits", "Timeout", "TimeLimit",
    *DETECTION, *ASYNC_AMD, *RECORDING,
    "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent",
)  # fmt: skip
CREATE_REFUSES = (
    "SipAuthUsername", "SipAuthPassword",
    "MaxPricePerMinute", "Byoc", "CallReason", "CallToken", "ClientNotificationUrl",
)  # fmt: skip
UPDATE_TAKES = (*_DOCUMENT, "Status")
UPDATE_REFUSES = ("StatusCallback", "StatusCallbackMethod", "TimeLimit")
LIST_TAKES = (
    "To", "From", "ParentCallSid", "Status", "StartTime", "StartTime<", "StartTime>",
    "EndTime", "EndTime<", "EndTime>",
)  # fmt: skip

_LIVE = ("ringing", "in-progress")
_LIVE_PAGE = 1000


async def create(exchange: Exchange) -> Response:
    """Have a number called."""
    wish = wish_of(
        exchange.parameters,
        family=exchange.sids.family,
        signing_key=exchange.account.signing_key,
        base=exchange.absolute_base,
        application=await _application(exchange),
    )
    call = await exchange.services.create_call(exchange.account, wish)
    status = 201 if exchange.is_twilio else 200
    return json_response(responses.call(exchange, CallDetails(call, ())), status=status)


async def _application(exchange: Exchange) -> Application | None:
    text = exchange.parameters.text("ApplicationSid")
    if text is None:
        return None
    wanted = ApplicationId(exchange.sids.number(Kind.APPLICATION, text) or 0)
    try:
        return await exchange.services.applications.get(exchange.account.id, DIALECT, wanted)
    except NotFound as error:
        raise Refused(21218, f"ApplicationSid {text[:64]!r}: no such application") from error


async def fetch(exchange: Exchange) -> Response:
    """Answer with one call."""
    return json_response(responses.call(exchange, await _get(exchange)))


async def list_calls(exchange: Exchange) -> Response:
    """Answer with a page of calls, newest first."""
    parameters, window = exchange.parameters, window_of(exchange)
    since, until = span_of(parameters, "StartTime")
    status = parameters.choice("Status", STATUSES)
    ended_since, ended_until = span_of(parameters, "EndTime")
    states: list[CallState] | None = None
    outcomes: list[Outcome] | None = None
    ids: list[CallId] | None = None
    if status in _LIVE:
        ids = await _live(exchange, status)
    elif status == "queued":
        ids = [*await _live(exchange, status), *await _waiting(exchange)]
    elif status:
        states = [state for state in CallState if state.is_final]
        outcomes = outcomes_of(status)
    find = partial(
        exchange.services.find_calls,
        exchange.account.id,
        ids=ids,
        states=states,
        outcomes=outcomes,
        to=_number(parameters, "To"),
        from_number=_number(parameters, "From"),
        first_leg=_parent(exchange),
    )
    if ended_since is None and ended_until is None:
        found, _ = await find(window.wanted, since=since, until=until)
    else:
        began = Span(since, until)
        found = await ended_between(find, Span(ended_since, ended_until), began, window.wanted)
    shown = [responses.call(exchange, one) for one in found]
    return window.answer("calls", shown, [str(one["sid"]) for one in shown])


async def update(exchange: Exchange) -> Response:
    """Give a live call another document, or end it."""
    parameters = exchange.parameters
    details = await _get(exchange)
    call = details.call
    status = parameters.choice("Status", ("canceled", "completed"))
    document = document_of(parameters, required=False)
    if status and document is not None:
        raise Refused(10000, "Give either Status or a new document")
    if not status and document is None:
        raise Refused(21205, "Url, an inline document or Status is required")
    if call.state.is_final:
        code = 21220 if document is not None else 10000
        raise Refused(code, "Call is not in-progress. Cannot change it.")
    if document is not None:
        settings = Settings(
            family=exchange.sids.family,
            signing_key=exchange.account.signing_key,
            base=exchange.absolute_base,
        )
        script = script_of(document, parameters, settings)
        if status_of(details) != "in-progress":
            raise Refused(21220, "Call is not in-progress. Cannot redirect.")
        try:
            await exchange.services.redirect_call(exchange.account.id, call.id, script)
        except CallNotLive as error:
            raise Refused(21220, "Call is not in-progress. Cannot redirect.") from error
    else:
        if status == "canceled" and status_of(details) == "in-progress":
            raise Refused(10000, "Call is in-progress: it can be completed, not canceled")
        await exchange.services.hang_up_call(
            exchange.account.id, call.id, reason=f"a request for it to be {status}"
        )
    return json_response(responses.call(exchange, await _get(exchange)))


async def delete(exchange: Exchange) -> Response:
    """Refuse to delete a call: records of calls are kept."""
    details = await _get(exchange)
    if not details.call.state.is_final:
        raise Refused(20009, "Call has not finished. Cannot delete it.")
    raise Refused(20010, "Deleting records of calls is disabled on this system")


def _parent(exchange: Exchange) -> CallId | None:
    text = exchange.parameters.text("ParentCallSid")
    return None if text is None else CallId(exchange.sids.number(Kind.CALL, text) or 0)


async def _get(exchange: Exchange) -> CallDetails:
    try:
        return await exchange.services.get_call(exchange.account.id, exchange.call_id())
    except NotFound as error:
        sid = str(exchange.request.path_params["sid"])[:64]
        raise not_found(f"/Calls/{sid}") from error


async def _live(exchange: Exchange, status: str) -> list[CallId]:
    """Return the calls of the account that are up and have that status; they are few."""
    found: list[CallId] = []
    offset = 0
    while True:
        some, _ = await exchange.services.find_calls(
            exchange.account.id,
            Page(limit=_LIVE_PAGE, offset=offset),
            states=[CallState.ACTIVE],
        )
        found += [one.call.id for one in some if status_of(one) == status]
        offset += len(some)
        if len(some) < _LIVE_PAGE:
            return found


async def _waiting(exchange: Exchange) -> Sequence[CallId]:
    """Return the single calls that wait to be dialled."""
    some, _ = await exchange.services.find_calls(
        exchange.account.id, Page(limit=_LIVE_PAGE), states=[CallState.READY], single=True
    )
    return [one.call.id for one in some]


def _number(parameters: Parameters, name: str) -> PhoneNumber | None:
    text = parameters.text(name)
    if text is None:
        return None
    try:
        return PhoneNumber.parse(text)
    except InvalidNumber as error:
        raise Refused(10000, f"{name} {text[:64]} is not a phone number") from error
