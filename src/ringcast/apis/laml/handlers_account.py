"""Accounts."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.laml import responses
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.paging import window_of
from ringcast.web.json import json_response

__all__ = ["fetch_account", "list_accounts"]


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
