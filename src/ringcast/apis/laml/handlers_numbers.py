"""The numbers of an account, and what is done with calls to them."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.laml import responses
from ringcast.apis.laml.errors import Refused, not_found
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.handling import HANDLING, follower_of, given, handling_script, name_of
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.paging import window_of
from ringcast.apis.laml.settings import Settings
from ringcast.domain.accounts import AccountNumber
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import ApplicationId
from ringcast.services.numbers import NumberPlan
from ringcast.web.json import json_response

__all__ = ["UPDATE_REFUSES", "UPDATE_TAKES", "fetch", "list_numbers", "update"]

UPDATE_TAKES = ("FriendlyName", *HANDLING, "VoiceApplicationSid", "VoiceReceiveMode")
UPDATE_REFUSES = (
    "AccountSid", "SmsUrl", "SmsMethod", "SmsFallbackUrl", "SmsFallbackMethod",
    "SmsApplicationSid", "VoiceCallerIdLookup", "TrunkSid", "AddressSid", "IdentitySid",
    "BundleSid", "EmergencyStatus", "EmergencyAddressSid",
)  # fmt: skip


async def list_numbers(exchange: Exchange) -> Response:
    """Answer with a page of the numbers of the account."""
    window = window_of(exchange)
    digits = (exchange.parameters.text("PhoneNumber") or "").lstrip("+")
    name = exchange.parameters.text("FriendlyName")
    found = [
        responses.number(exchange, one)
        for one in await exchange.services.list_numbers(exchange.account.id)
        if digits in one.number.digits
    ]
    found = [one for one in found if name in (None, one["friendly_name"])]
    start = window.wanted.offset
    found = found[start : start + window.wanted.limit]
    return window.answer("incoming_phone_numbers", found, [str(one["sid"]) for one in found])


async def fetch(exchange: Exchange) -> Response:
    """Answer with one number."""
    return json_response(responses.number(exchange, await _number(exchange)))


async def update(exchange: Exchange) -> Response:
    """Say what is done with calls to a number, and who is told of them."""
    parameters = exchange.parameters
    before = await _number(exchange)
    parameters.choice("VoiceReceiveMode", ("voice",))  # a fax machine is none of ours
    options = given(parameters, before.options)
    application = before.application_id
    if parameters.is_cleared("VoiceApplicationSid"):
        application = None
    elif "VoiceApplicationSid" in parameters:
        application = _application(exchange)
    settings = Settings(family=exchange.sids.family, base=exchange.absolute_base)
    script = handling_script(options, settings)
    if script is None and not before.options and "VoiceUrl" not in parameters:
        script = before.script  # another dialect's, which is not taken away in passing
    plan = NumberPlan(
        name=name_of(parameters, before.name),
        script=script,
        follower=follower_of(options, exchange.sids.family),
        application_id=application,
        options=options,
    )
    try:
        changed = await exchange.services.configure_number(exchange.account.id, before.id, plan)
    except NotFound as error:
        raise Refused(21218, "VoiceApplicationSid: there is no such application") from error
    return json_response(responses.number(exchange, changed))


def _application(exchange: Exchange) -> ApplicationId:
    text = exchange.parameters.text("VoiceApplicationSid") or ""
    found = exchange.sids.number(Kind.APPLICATION, text)
    if found is None:
        raise Refused(21218, f"VoiceApplicationSid {text[:64]!r} is invalid")
    return ApplicationId(found)


async def _number(exchange: Exchange) -> AccountNumber:
    sid = exchange.request.path_params["sid"]
    wanted = exchange.sids.number(Kind.NUMBER, sid)
    for one in await exchange.services.list_numbers(exchange.account.id):
        if one.id == wanted:
            return one
    raise not_found(f"/IncomingPhoneNumbers/{sid[:64]}")
