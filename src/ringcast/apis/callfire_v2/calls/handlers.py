"""Calls: parse, do, render."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.creating import create
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.requests import (
    CallDefaults,
    CallRecipient,
    decode,
    recipients,
)
from ringcast.apis.callfire_v2.statuses import (
    leg_outcomes_named,
    outcomes_named,
    states_named,
)
from ringcast.domain.calls import Call
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import BatchId, CallId, CampaignId
from ringcast.services.calls import MAX_RECIPIENTS
from ringcast.services.idempotency import Once
from ringcast.web.bodies import read_body
from ringcast.web.json import encode_json, json_response

__all__ = ["find_calls", "get_call", "send_calls"]


async def send_calls(exchange: Exchange) -> Response:
    """POST /calls."""
    query = exchange.query
    campaign_id = query.integer("campaignId")
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"[]", list[CallRecipient])
    if not 1 <= len(given) <= MAX_RECIPIENTS:
        raise InvalidInput(f"the body must hold 1 to {MAX_RECIPIENTS} recipients, not {len(given)}")
    calls_to_make = recipients(given, CallDefaults.of(query))

    def render(calls: Sequence[Call]) -> bytes:
        items = responses.ItemList(items=[responses.call(call) for call in calls])
        return encode_json(project_list(items, exchange.fields))

    async def make(once: Once[Sequence[Call]] | None) -> Sequence[Call]:
        return await exchange.services.send_calls(
            exchange.account,
            calls_to_make,
            strict=query.boolean("strictValidation"),
            campaign_id=CampaignId(campaign_id) if campaign_id else None,
            once=once,
        )

    return await create(exchange, render, make, content=body)


async def find_calls(exchange: Exchange) -> Response:
    """GET /calls."""
    query = exchange.query
    window = query.page()
    ids = query.integers("id")
    states = query.words("states")
    results = query.words("results")
    campaign_id = query.integer("campaignId")
    batch_id = query.integer("batchId")
    found, total = await exchange.services.find_calls(
        exchange.account.id,
        window,
        ids=None if ids is None else [CallId(one) for one in ids],
        states=None if states is None else states_named(states),
        to=query.number("toNumber"),
        from_number=query.number("fromNumber"),
        label=query.text("label"),
        since=query.time("intervalBegin"),
        until=query.time("intervalEnd"),
        outcomes=None if results is None else outcomes_named(results, field="results"),
        campaign_id=CampaignId(campaign_id) if campaign_id else None,
        batch_id=None if batch_id is None else BatchId(batch_id),
        single=campaign_id == 0,
        leg_outcomes=None if results is None else leg_outcomes_named(results),
        is_inbound=None if query.text("inbound") is None else query.boolean("inbound"),
    )
    items = [responses.details(one, base=exchange.base) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def get_call(exchange: Exchange) -> Response:
    """GET /calls/{id}."""
    call_id = CallId(exchange.path_id("call"))
    found = await exchange.services.get_call(exchange.account.id, call_id)
    return json_response(project(responses.details(found, base=exchange.base), exchange.fields))
