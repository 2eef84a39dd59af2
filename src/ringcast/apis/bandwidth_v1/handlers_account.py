"""The account, and what went wrong for it in the background."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.bandwidth_v1 import bodies
from ringcast.apis.bandwidth_v1.errors import not_found
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.identities import Kind
from ringcast.apis.bandwidth_v1.paging import window_of
from ringcast.apis.bandwidth_v1.settings import DIALECT
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import IncidentId
from ringcast.web.json import json_response

__all__ = ["fetch_account", "fetch_error", "list_errors", "list_transactions"]


async def fetch_account(exchange: Exchange) -> Response:
    """Answer with the balance: nothing is charged here, so there is none."""
    return json_response({"balance": "0.00000", "accountType": "post-pay"})


async def list_transactions(exchange: Exchange) -> Response:
    """Answer with what was charged: nothing is."""
    return window_of(exchange).answer([])


async def list_errors(exchange: Exchange) -> Response:
    """Answer with a page of what went wrong, newest first."""
    window = window_of(exchange)
    found = await exchange.services.find_incidents(
        exchange.account.id, window.wanted, dialect=DIALECT
    )
    return window.answer([bodies.incident(exchange, one) for one in found])


async def fetch_error(exchange: Exchange) -> Response:
    """Answer with one thing that went wrong."""
    wanted = exchange.path["error"]
    number = IncidentId(exchange.ids.number(Kind.ERROR, wanted))
    try:
        found = await exchange.services.get_incident(exchange.account.id, number)
    except NotFound as error:
        raise not_found("user error", wanted) from error
    if found.dialect != DIALECT:
        raise not_found("user error", wanted)
    return json_response(bodies.incident(exchange, found, is_single=True))
