"""Accounts and their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from ringcast.apis.laml import responses
from ringcast.apis.laml.errors import not_found
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.identities import Kind
from ringcast.apis.laml.paging import window_of
from ringcast.domain.accounts import AccountNumber
from ringcast.web.json import json_response

__all__ = ["fetch_account", "fetch_number", "list_accounts", "list_numbers"]


async def list_accounts(exchange: Exchange) -> Response:
    """Answer with the one account that the credential opens."""
    window = window_of(exchange)
    name = exchange.parameters.text("FriendlyName")
    status = exchange.parameters.choice("Status", ("active", "suspended", "closed"), "active")
    fits = name in (None, exchange.account.name) and status == "active" and window.page == 0
    found = [responses.account(exchange)] if fits else []
    return window.answer("accounts", found, [exchange.account_sid] if fits else [])


async def fetch_account(exchange: Exchange) -> Response:
    """Answer with the account."""
    return json_response(responses.account(exchange))


async def list_numbers(exchange: Exchange) -> Response:
    """Answer with a page of the numbers calls can be made from."""
    window = window_of(exchange)
    digits = (exchange.parameters.text("PhoneNumber") or "").lstrip("+")
    name = exchange.parameters.text("FriendlyName")
    found = [
        responses.number(exchange, one)
        for one in await _numbers(exchange)
        if digits in one.number.digits
    ]
    found = [one for one in found if name in (None, one["friendly_name"])]
    start = window.wanted.offset
    found = found[start : start + window.wanted.limit]
    return window.answer("incoming_phone_numbers", found, [str(one["sid"]) for one in found])


async def fetch_number(exchange: Exchange) -> Response:
    """Answer with one number."""
    sid = exchange.request.path_params["sid"]
    wanted = exchange.sids.number(Kind.NUMBER, sid)
    for one in await _numbers(exchange):
        if one.id == wanted:
            return json_response(responses.number(exchange, one))
    raise not_found(f"/IncomingPhoneNumbers/{sid[:64]}")


async def _numbers(exchange: Exchange) -> Sequence[AccountNumber]:
    return await exchange.services.list_numbers(exchange.account.id)
