"""The operations on an account's numbers: those that the operator has added, as leases."""

from __future__ import annotations

import re

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.account_bodies import lease
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbers import PhoneNumber
from ringcast.web.json import json_response

__all__ = ["find_leases", "get_lease"]

_PREFIX = re.compile(r"\+?[0-9]{1,15}", re.ASCII)


async def find_leases(exchange: Exchange) -> Response:
    """GET /numbers/leases."""
    window = exchange.query.page()
    prefix = exchange.query.text("prefix")
    if prefix is not None and not _PREFIX.fullmatch(prefix):
        raise InvalidInput(f"prefix must be 1 to 15 digits, not {prefix[:40]!r}", field="prefix")
    numbers = [
        number
        for number in await exchange.services.list_numbers(exchange.account.id)
        if prefix is None or _begins(number.number, prefix)
    ]
    items = [lease(one) for one in numbers[window.offset : window.offset + window.limit]]
    found = responses.page(items, window, len(numbers))
    return json_response(project_list(found, exchange.fields))


async def get_lease(exchange: Exchange) -> Response:
    """GET /numbers/leases/{number}."""
    number = PhoneNumber.parse(exchange.request.path_params["number"], field="number")
    found = await exchange.services.get_number(exchange.account.id, number)
    return json_response(project(lease(found), exchange.fields))


def _begins(number: PhoneNumber, prefix: str) -> bool:
    """Tell whether the number begins so; North American ones with or without their 1."""
    if prefix.startswith("+"):
        return number.e164.startswith(prefix)
    digits = number.digits
    return digits.startswith(prefix) or (digits[0] == "1" and digits[1:].startswith(prefix))
