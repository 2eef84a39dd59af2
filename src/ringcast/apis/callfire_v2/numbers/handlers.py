"""The operations on an account's numbers: those that the operator has added, as leases."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.dialplans import dialplan
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.me.bodies import lease
from ringcast.apis.callfire_v2.numbers.bodies import NumberConfig, config, forwarding
from ringcast.apis.callfire_v2.requests import decode
from ringcast.domain.accounts import AccountNumber
from ringcast.domain.errors import InvalidInput
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.web.bodies import read_body
from ringcast.web.json import json_response

__all__ = ["find_configs", "find_leases", "get_config", "get_lease", "update_config"]

_PREFIX = re.compile(r"\+?[0-9]{1,15}", re.ASCII)


async def find_leases(exchange: Exchange) -> Response:
    """GET /numbers/leases."""
    return await _find(exchange, lease)


async def get_lease(exchange: Exchange) -> Response:
    """GET /numbers/leases/{number}."""
    found = await exchange.services.get_number(exchange.account.id, _number(exchange))
    return json_response(project(lease(found), exchange.fields))


async def find_configs(exchange: Exchange) -> Response:
    """GET /numbers/leases/configs."""
    return await _find(exchange, config)


async def get_config(exchange: Exchange) -> Response:
    """GET /numbers/leases/configs/{number}."""
    found = await exchange.services.get_number(exchange.account.id, _number(exchange))
    return json_response(project(config(found), exchange.fields))


async def update_config(exchange: Exchange) -> Response:
    """PUT /numbers/leases/configs/{number}."""
    number = _number(exchange)
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body, NumberConfig)
    if given.number is not None:
        named = PhoneNumber.parse(str(given.number), field="number")
        if named != number:
            raise InvalidInput(
                f"number is {named} in the body, {number} in the path", field="number"
            )
    tracking, ivr = given.callTrackingConfig, given.ivrInboundConfig
    if given.configType == "TRACKING":
        if tracking is None or ivr is not None:
            raise InvalidInput("TRACKING takes a callTrackingConfig, and no ivrInboundConfig")
        wanted = forwarding(tracking)
        await exchange.services.forward_number(exchange.account.id, number, wanted)
    elif given.configType == "IVR":
        if ivr is None or tracking is not None:
            raise InvalidInput("IVR takes an ivrInboundConfig, and no callTrackingConfig")
        program = dialplan(ivr.dialplanXml)
        if program is None:
            raise InvalidInput("ivrInboundConfig.dialplanXml is missing", field="dialplanXml")
        script = Script(instructions=(program,))
        await exchange.services.answer_number(exchange.account.id, number, script)
    else:
        raise InvalidInput(
            f"configType must be TRACKING or IVR, not {given.configType!r}", field="configType"
        )
    return Response(status_code=204)


def _number(exchange: Exchange) -> PhoneNumber:
    return PhoneNumber.parse(exchange.request.path_params["number"], field="number")


async def _find(exchange: Exchange, render: Callable[[AccountNumber], object]) -> Response:
    window = exchange.query.page()
    prefix = exchange.query.text("prefix")
    if prefix is not None and not _PREFIX.fullmatch(prefix):
        raise InvalidInput(f"prefix must be 1 to 15 digits, not {prefix[:40]!r}", field="prefix")
    numbers = [
        number
        for number in await exchange.services.list_numbers(exchange.account.id)
        if prefix is None or _begins(number.number, prefix)
    ]
    items = [render(one) for one in numbers[window.offset : window.offset + window.limit]]
    found = responses.page(items, window, len(numbers))
    return json_response(project_list(found, exchange.fields))


def _begins(number: PhoneNumber, prefix: str) -> bool:
    """Tell whether the number begins so; North American ones with or without their 1."""
    if prefix.startswith("+"):
        return number.e164.startswith(prefix)
    digits = number.digits
    return digits.startswith(prefix) or (digits[0] == "1" and digits[1:].startswith(prefix))
