"""Applications: how calls are handled, made once for many numbers and calls."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.laml import responses
from ringcast.apis.laml.errors import not_found
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.following import DIALECT
from ringcast.apis.laml.handling import HANDLING, follower_of, given, handling_script, name_of
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.paging import window_of
from ringcast.apis.laml.settings import Settings
from ringcast.domain.applications import Application
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import ApplicationId
from ringcast.services.applications import ApplicationPlan
from ringcast.web.json import json_response

__all__ = ["REFUSES", "TAKES", "create", "delete", "fetch", "list_applications", "update"]

TAKES = ("FriendlyName", *HANDLING)
REFUSES = (
    "ApiVersion", "VoiceCallerIdLookup", "SmsUrl", "SmsMethod", "SmsFallbackUrl",
    "SmsFallbackMethod", "SmsStatusCallback", "MessageStatusCallback",
    "PublicApplicationConnectEnabled",
)  # fmt: skip


async def create(exchange: Exchange) -> Response:
    """Make an application."""
    plan = _plan(exchange, None)
    made = await exchange.services.applications.create(exchange.account.id, DIALECT, plan)
    return json_response(responses.application(exchange, made), status=201)


async def list_applications(exchange: Exchange) -> Response:
    """Answer with a page of applications, oldest first."""
    window = window_of(exchange)
    name = exchange.parameters.text("FriendlyName")
    found = [
        one
        for one in await exchange.services.applications.list_(exchange.account.id, DIALECT)
        if name in (None, one.name)
    ]
    start = window.wanted.offset
    shown = [
        responses.application(exchange, one) for one in found[start : start + window.wanted.limit]
    ]
    return window.answer("applications", shown, [str(one["sid"]) for one in shown])


async def fetch(exchange: Exchange) -> Response:
    """Answer with one application."""
    return json_response(responses.application(exchange, await _get(exchange)))


async def update(exchange: Exchange) -> Response:
    """Change an application: calls that come from then on are handled so."""
    before = await _get(exchange)
    changed = await exchange.services.applications.update(
        exchange.account.id, DIALECT, before.id, _plan(exchange, before)
    )
    return json_response(responses.application(exchange, changed))


async def delete(exchange: Exchange) -> Response:
    """Delete an application; numbers that have it have none from then on."""
    before = await _get(exchange)
    await exchange.services.applications.delete(exchange.account.id, DIALECT, before.id)
    return Response(status_code=204)


def _plan(exchange: Exchange, before: Application | None) -> ApplicationPlan:
    family = exchange.sids.family
    options = given(exchange.parameters, {} if before is None else before.options)
    settings = Settings(family=family, base=exchange.absolute_base)
    return ApplicationPlan(
        name=name_of(exchange.parameters, "" if before is None else before.name),
        script=handling_script(options, settings),
        follower=follower_of(options, family),
        options=options,
    )


async def _get(exchange: Exchange) -> Application:
    sid = exchange.request.path_params["application"]
    wanted = ApplicationId(exchange.sids.number(Kind.APPLICATION, sid) or 0)
    try:
        return await exchange.services.applications.get(exchange.account.id, DIALECT, wanted)
    except NotFound as error:
        raise not_found(f"/Applications/{sid[:64]}") from error
