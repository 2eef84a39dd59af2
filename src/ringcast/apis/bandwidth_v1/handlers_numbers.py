"""The telephone numbers of the account, and their applications."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ringcast.apis.bandwidth_v1.errors import bad_value, not_found
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.paging import PAGING, window_of
from ringcast.apis.bandwidth_v1.times import iso
from ringcast.domain.accounts import AccountNumber
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import ApplicationId
from ringcast.services.numbers import NumberPlan
from ringcast.web.json import json_response

__all__ = ["LIST_TAKES", "UPDATE_REFUSES", "UPDATE_TAKES", "fetch", "list_numbers", "update"]

LIST_TAKES = (*PAGING, "applicationId", "name", "numberState")
UPDATE_TAKES = ("name", "applicationId")
UPDATE_REFUSES = {"fallbackNumber": "calls are not put through to a fallback number yet"}
_NATIONAL = 11  # digits of a number of the North American plan with its country code
_MOST_NAME = 200  # characters


async def list_numbers(exchange: Exchange) -> Response:
    """Answer with a page of the numbers."""
    fields = exchange.fields
    found = await exchange.services.list_numbers(exchange.account.id)
    name, application = fields.text("name"), fields.text("applicationId")
    if application:
        wanted = exchange.ids.number(Kind.APPLICATION, application)
        found = [one for one in found if one.application_id == wanted]
    if name:
        found = [one for one in found if one.name == name]
    if fields.choice("numberState", ("enabled", "released")) == "released":
        found = []
    return window_of(exchange).cut([_body(exchange, one) for one in found])


async def fetch(exchange: Exchange) -> Response:
    """Answer with one number."""
    return json_response(_body(exchange, await _get(exchange)))


async def update(exchange: Exchange) -> Response:
    """Give a number a name or an application, or take it from one."""
    fields, before = exchange.fields, await _get(exchange)
    application = before.application_id
    given = fields.text("applicationId")
    if given == "":
        application = None
    elif given is not None:
        application = ApplicationId(exchange.ids.number(Kind.APPLICATION, given))
    plan = NumberPlan(
        name=fields.text("name", most=_MOST_NAME) or before.name,
        script=before.script,
        follower=before.follower,
        application_id=application,
        options=before.options,
    )
    try:
        await exchange.services.configure_number(exchange.account.id, before.id, plan)
    except NotFound as error:
        raise not_found("application", given or "") from error
    return Response(status_code=200)


async def _get(exchange: Exchange) -> AccountNumber:
    """Return the number that the path names by its identifier or as E.164."""
    wanted = exchange.path["number"]
    number_id = exchange.ids.number(Kind.NUMBER, wanted)
    for one in await exchange.services.list_numbers(exchange.account.id):
        if one.id == number_id or one.number.e164 == wanted:
            return one
    if not wanted:
        raise bad_value("a number is named by its identifier or as +1…")
    raise not_found("number", wanted)


def _body(exchange: Exchange, one: AccountNumber) -> dict[str, Any]:
    digits = one.number.digits
    body: dict[str, Any] = {
        "id": exchange.ids.of(Kind.NUMBER, one.id),
        "number": one.number.e164,
        "name": one.name,
        "createdTime": iso(one.created_at),
        "numberState": "enabled",
        "price": "0.00",
    }
    if digits.startswith("1") and len(digits) == _NATIONAL:
        body["nationalNumber"] = f"({digits[1:4]}) {digits[4:7]}-{digits[7:]}"
    if one.application_id is not None:
        application = exchange.ids.of(Kind.APPLICATION, one.application_id)
        body["applicationId"] = application
        body["application"] = exchange.url("applications", application)
    return body
