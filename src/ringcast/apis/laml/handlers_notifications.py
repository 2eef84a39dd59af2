"""Notifications: what was wrong with the documents of calls."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.laml import responses
from ringcast.apis.laml.errors import MORE_INFO, not_found
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.following import DIALECT
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.paging import window_of
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import CallId, IncidentId
from ringcast.domain.incidents import CALL, Incident
from ringcast.web.json import json_response

__all__ = ["LIST_REFUSES", "fetch", "list_notifications"]

LIST_REFUSES = ("Log", "MessageDate", "MessageDate<", "MessageDate>")


async def list_notifications(exchange: Exchange) -> Response:
    """Answer with a page of notifications, newest first, of the account or of one call."""
    window = window_of(exchange)
    call_id = None
    if "sid" in exchange.request.path_params:
        call_id = exchange.call_id()
        try:
            await exchange.services.get_call(exchange.account.id, call_id)
        except NotFound as error:
            sid = exchange.request.path_params["sid"]
            raise not_found(f"/Calls/{sid[:64]}") from error
    found = await exchange.services.find_incidents(
        exchange.account.id, window.wanted, dialect=DIALECT, call_id=call_id
    )
    shown = [_shown(exchange, one) for one in found]
    return window.answer("notifications", shown, [str(one["sid"]) for one in shown])


async def fetch(exchange: Exchange) -> Response:
    """Answer with one notification; of the request and its answer nothing more is kept."""
    sid = exchange.request.path_params["notification"]
    wanted = IncidentId(exchange.sids.number(Kind.NOTIFICATION, sid) or 0)
    missing = not_found(f"/Notifications/{sid[:64]}")
    try:
        found = await exchange.services.get_incident(exchange.account.id, wanted)
    except NotFound as error:
        raise missing from error
    is_of_call = "sid" not in exchange.request.path_params or (
        found.details.get(CALL) == str(exchange.call_id())
    )
    if found.dialect != DIALECT or not is_of_call:
        raise missing
    body = _shown(exchange, found)
    return json_response(
        body | {"request_variables": "", "response_body": "", "response_headers": ""}
    )


def _shown(exchange: Exchange, one: Incident) -> dict[str, object]:
    sid = exchange.sids.of(Kind.NOTIFICATION, one.id)
    call_sid = exchange.sids.of(Kind.CALL, CallId(int(one.details[CALL])))
    at = responses.rfc2822(one.at)
    code = one.details.get("code", "")
    return {
        "sid": sid,
        "account_sid": exchange.account_sid,
        "call_sid": call_sid,
        "api_version": "2010-04-01",
        "log": one.details.get("log", "0"),
        "error_code": code,
        "more_info": MORE_INFO.format(code),
        "message_text": one.message,
        "message_date": at,
        "request_url": one.details.get("url", ""),
        "request_method": one.details.get("method", ""),
        "date_created": at,
        "date_updated": at,
        "uri": exchange.uri("Notifications", sid),
    }
