"""The operations on the do-not-contact list."""

from __future__ import annotations

import re

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.contacts import bodies as contact_bodies
from ringcast.apis.callfire_v2.contacts.bodies import (
    AddDoNotContactRequest,
    DoNotContactRequest,
    NothingBody,
)
from ringcast.apis.callfire_v2.contacts.services import ContactServices
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.requests import Query, decode
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import CampaignId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.do_not_call import DoNotCallFilter
from ringcast.web.bodies import read_body
from ringcast.web.json import json_response

__all__ = [
    "add_dncs",
    "delete_dnc",
    "delete_dncs_of_source",
    "find_dncs",
    "get_dnc",
    "get_universals",
    "put_dnc",
    "update_dnc",
]

_DEFAULT_SOURCE = "Api V2"
_PREFIX = re.compile(r"[0-9]{1,10}")
_MAX_NUMBERS = 1000  # in one path


async def find_dncs(exchange: Exchange) -> Response:
    """GET /contacts/dncs."""
    query = exchange.query
    window = query.page()
    prefix, campaign_id = query.text("prefix"), query.integer("campaignId")
    if prefix is not None and not _PREFIX.fullmatch(prefix):
        raise InvalidInput(f"prefix must be 1 to 10 digits, not {prefix[:40]!r}", field="prefix")
    words = query.words("number")
    wanted = DoNotCallFilter(
        prefix=prefix,
        numbers=None if words is None else contact_bodies.numbers(words, field="number"),
        campaign_id=None if campaign_id is None else CampaignId(campaign_id),
        source=query.text("source"),
        call=_flag(query, "call"),
        text=_flag(query, "text"),
        inbound_call=_flag(query, "inboundCall"),
        inbound_text=_flag(query, "inboundText"),
    )
    found, total = await _services(exchange).find_do_not_call(exchange.account.id, window, wanted)
    items = [contact_bodies.do_not_contact(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def add_dncs(exchange: Exchange) -> Response:
    """POST /contacts/dncs: adds numbers, or changes those that are there."""
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"{}", AddDoNotContactRequest)
    await _services(exchange).add_do_not_call(
        exchange.account,
        contact_bodies.numbers(given.numbers or (), field="numbers"),
        call=given.call is not False,
        text=given.text is not False,
        inbound_call=bool(given.inboundCall),
        inbound_text=bool(given.inboundText),
        source=given.source or _DEFAULT_SOURCE,
    )
    # CallFire describes an answer with a body here, whose members all may be missing.
    return json_response(NothingBody())


async def put_dnc(exchange: Exchange) -> Response:
    """PUT /contacts/dncs: the older form, with the number in the body, of `update_dnc`.

    It adds the number if it is not there, barring nothing that is not said.
    """
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"{}", DoNotContactRequest)
    if given.number in (None, ""):
        raise InvalidInput("the body has no number", field="number")
    number = contact_bodies.number(str(given.number), field="number")
    try:
        await _update(exchange, number, given)
    except NotFound:
        await _services(exchange).add_do_not_call(
            exchange.account,
            [number],
            call=bool(given.call),
            text=bool(given.text),
            inbound_call=bool(given.inboundCall),
            inbound_text=bool(given.inboundText),
            source=given.source or _DEFAULT_SOURCE,
        )
    return Response(status_code=204)


async def get_dnc(exchange: Exchange) -> Response:
    """GET /contacts/dncs/{number}."""
    found = await _services(exchange).get_do_not_call(exchange.account.id, _number(exchange))
    return json_response(project(contact_bodies.do_not_contact(found), exchange.fields))


async def update_dnc(exchange: Exchange) -> Response:
    """PUT /contacts/dncs/{number}."""
    number = _number(exchange)
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"{}", DoNotContactRequest)
    if (
        given.number not in (None, "")
        and contact_bodies.number(str(given.number), field="number") != number
    ):
        raise InvalidInput("the number of an entry cannot be changed", field="number")
    await _update(exchange, number, given)
    return Response(status_code=204)


async def delete_dnc(exchange: Exchange) -> Response:
    """DELETE /contacts/dncs/{number}: one number, or several separated by commas."""
    words = [word for word in exchange.request.path_params["number"].split(",") if word.strip()]
    if len(words) > _MAX_NUMBERS:
        raise InvalidInput(f"at most {_MAX_NUMBERS} numbers can be deleted at once", field="number")
    numbers = contact_bodies.numbers(words, field="number")
    await _services(exchange).delete_do_not_call(exchange.account.id, numbers)
    return Response(status_code=204)


async def delete_dncs_of_source(exchange: Exchange) -> Response:
    """DELETE /contacts/dncs/sources/{source}."""
    await _services(exchange).delete_do_not_call_of_source(
        exchange.account.id, exchange.request.path_params["source"]
    )
    return Response(status_code=204)


async def get_universals(exchange: Exchange) -> Response:
    """GET /contacts/dncs/universals/{toNumber}: what the account's own list says."""
    to = contact_bodies.number(exchange.request.path_params["toNumber"], field="toNumber")
    found, _ = await _services(exchange).find_do_not_call(
        exchange.account.id, exchange.query.page(), DoNotCallFilter(numbers=[to])
    )
    body = contact_bodies.universal_do_not_contact(
        to, exchange.query.number("fromNumber"), found[0] if found else None
    )
    return json_response(project_list(responses.ItemList(items=[body]), exchange.fields))


async def _update(exchange: Exchange, number: PhoneNumber, given: DoNotContactRequest) -> None:
    await _services(exchange).update_do_not_call(
        exchange.account.id,
        number,
        call=given.call,
        text=given.text,
        inbound_call=given.inboundCall,
        inbound_text=given.inboundText,
        source=given.source or None,
    )


def _services(exchange: Exchange) -> ContactServices:
    return exchange.services.contacts


def _number(exchange: Exchange) -> PhoneNumber:
    return contact_bodies.number(exchange.request.path_params["number"], field="number")


def _flag(query: Query, name: str) -> bool | None:
    return None if query.text(name) is None else query.boolean(name)
