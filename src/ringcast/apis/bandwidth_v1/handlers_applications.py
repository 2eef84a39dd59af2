"""Applications: made, looked at, changed, deleted."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ringcast.apis.bandwidth_v1.application_requests import plan_of
from ringcast.apis.bandwidth_v1.errors import not_found
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.paging import window_of
from ringcast.apis.bandwidth_v1.settings import DIALECT
from ringcast.domain.applications import Application
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import ApplicationId
from ringcast.web.json import json_response

__all__ = ["create", "delete", "fetch", "list_applications", "update"]


async def create(exchange: Exchange) -> Response:
    """Make an application."""
    exchange.fields.needed("name")
    plan = plan_of(exchange, {}, "")
    made = await exchange.services.applications.create(exchange.account.id, DIALECT, plan)
    location = exchange.url("applications", exchange.ids.of(Kind.APPLICATION, made.id))
    return Response(status_code=201, headers={"Location": location})


async def list_applications(exchange: Exchange) -> Response:
    """Answer with a page of applications."""
    found = await exchange.services.applications.list_(exchange.account.id, DIALECT)
    return window_of(exchange).cut([_body(exchange, one) for one in found])


async def fetch(exchange: Exchange) -> Response:
    """Answer with one application."""
    return json_response(_body(exchange, await _get(exchange)))


async def update(exchange: Exchange) -> Response:
    """Change an application; what is not given stays."""
    before = await _get(exchange)
    plan = plan_of(exchange, before.options, before.name)
    await exchange.services.applications.update(exchange.account.id, DIALECT, before.id, plan)
    return Response(status_code=200)


async def delete(exchange: Exchange) -> Response:
    """Delete an application."""
    found = await _get(exchange)
    await exchange.services.applications.delete(exchange.account.id, DIALECT, found.id)
    return Response(status_code=200)


async def _get(exchange: Exchange) -> Application:
    wanted = exchange.path["application"]
    number = ApplicationId(exchange.ids.number(Kind.APPLICATION, wanted))
    try:
        return await exchange.services.applications.get(exchange.account.id, DIALECT, number)
    except NotFound as error:
        raise not_found("application", wanted) from error


def _body(exchange: Exchange, one: Application) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": exchange.ids.of(Kind.APPLICATION, one.id),
        "name": one.name,
        "callbackHttpMethod": one.options.get("callbackHttpMethod", "POST").lower(),
        "autoAnswer": one.options.get("autoAnswer", "true") == "true",
    }
    for name in ("incomingCallUrl", "incomingCallFallbackUrl"):
        if one.options.get(name):
            body[name] = one.options[name]
    if "incomingCallUrlCallbackTimeout" in one.options:
        body["incomingCallUrlCallbackTimeout"] = int(one.options["incomingCallUrlCallbackTimeout"])
    return body
