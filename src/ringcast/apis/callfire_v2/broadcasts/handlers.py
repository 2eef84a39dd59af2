"""Call broadcasts, their recipients and their batches: parse, do, render."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.broadcasts import bodies as campaign_bodies
from ringcast.apis.callfire_v2.broadcasts.requests import (
    BatchRequest,
    BatchUpdate,
    CallBroadcast,
    Recipient,
    batch_recipients,
    campaign_recipients,
    campaign_request,
    named_recipients,
    new_campaign_request,
)
from ringcast.apis.callfire_v2.creating import create
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.requests import decode
from ringcast.apis.callfire_v2.webhooks.bodies import ResourceIdBody
from ringcast.domain.calls import Call
from ringcast.domain.campaigns import Batch, Campaign, CampaignStatus
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import BatchId, CampaignId
from ringcast.services.idempotency import Once
from ringcast.web.bodies import read_body
from ringcast.web.json import encode_json, json_response

__all__ = [
    "add_batch",
    "add_recipients",
    "archive_campaign",
    "create_campaign",
    "find_batches",
    "find_calls_of_campaign",
    "find_campaigns",
    "get_batch",
    "get_campaign",
    "get_stats",
    "start_campaign",
    "stop_campaign",
    "toggle_recipients",
    "update_batch",
    "update_campaign",
]


async def find_campaigns(exchange: Exchange) -> Response:
    """GET /calls/broadcasts."""
    query = exchange.query
    window = query.page()
    wanted = []
    if query.boolean("running"):
        wanted += [CampaignStatus.RUNNING, CampaignStatus.START_PENDING]
    if query.boolean("scheduled"):
        wanted += [CampaignStatus.SCHEDULED]
    found, total = await exchange.services.campaigns.find(
        exchange.account.id,
        window,
        name=query.text("name"),
        label=query.text("label"),
        statuses=wanted or None,
        since=query.time("intervalBegin"),
        until=query.time("intervalEnd"),
    )
    items = [campaign_bodies.call_broadcast(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def create_campaign(exchange: Exchange) -> Response:
    """POST /calls/broadcasts."""
    query = exchange.query
    body = await read_body(exchange.request, limit=exchange.limits.recipients_bytes)
    given = decode(body or b"{}", CallBroadcast)
    asked, recipients = new_campaign_request(given), campaign_recipients(given.recipients or ())

    async def make(once: Once[Campaign] | None) -> Campaign:
        return await exchange.services.campaigns.create(
            exchange.account,
            asked,
            recipients=recipients,
            start=query.boolean("start"),
            strict=query.boolean("strictValidation"),
            once=once,
        )

    return await create(exchange, _render_id, make, content=body, status=201)


async def get_campaign(exchange: Exchange) -> Response:
    """GET /calls/broadcasts/{id}."""
    found = await exchange.services.campaigns.get(exchange.account.id, _campaign_id(exchange))
    return json_response(project(campaign_bodies.call_broadcast(found), exchange.fields))


async def update_campaign(exchange: Exchange) -> Response:
    """PUT /calls/broadcasts/{id}."""
    exchange.query.boolean("strictValidation")  # a number that cannot be called from is refused
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"{}", CallBroadcast)
    if given.recipients:
        raise InvalidInput(
            "recipients are added by POST to …/recipients or …/batches", field="recipients"
        )
    await exchange.services.campaigns.update(
        exchange.account, _campaign_id(exchange), campaign_request(given)
    )
    return Response(status_code=204)


async def start_campaign(exchange: Exchange) -> Response:
    """POST /calls/broadcasts/{id}/start."""
    await exchange.services.campaigns.start(exchange.account.id, _campaign_id(exchange))
    return Response(status_code=204)


async def stop_campaign(exchange: Exchange) -> Response:
    """POST /calls/broadcasts/{id}/stop."""
    await exchange.services.campaigns.stop(exchange.account.id, _campaign_id(exchange))
    return Response(status_code=204)


async def archive_campaign(exchange: Exchange) -> Response:
    """POST /calls/broadcasts/{id}/archive."""
    await exchange.services.campaigns.archive(exchange.account.id, _campaign_id(exchange))
    return Response(status_code=204)


async def get_stats(exchange: Exchange) -> Response:
    """GET /calls/broadcasts/{id}/stats."""
    counts = await exchange.services.campaigns.stats(
        exchange.account.id,
        _campaign_id(exchange),
        since=exchange.query.time("begin"),
        until=exchange.query.time("end"),
    )
    return json_response(project(campaign_bodies.stats(counts), exchange.fields))


async def find_calls_of_campaign(exchange: Exchange) -> Response:
    """GET /calls/broadcasts/{id}/calls."""
    window = exchange.query.page()
    campaign_id = _campaign_id(exchange)
    await exchange.services.campaigns.get(exchange.account.id, campaign_id)
    batch_id = exchange.query.integer("batchId")
    found, total = await exchange.services.find_calls(
        exchange.account.id,
        window,
        campaign_id=campaign_id,
        batch_id=None if batch_id is None else BatchId(batch_id),
    )
    items = [responses.details(one, base=exchange.base) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def add_recipients(exchange: Exchange) -> Response:
    """POST /calls/broadcasts/{id}/recipients."""
    campaign_id = _campaign_id(exchange)
    body = await read_body(exchange.request, limit=exchange.limits.recipients_bytes)
    recipients = campaign_recipients(decode(body or b"[]", list[Recipient]))

    def render(calls: Sequence[Call]) -> bytes:
        items = responses.ItemList(items=[responses.call(call) for call in calls])
        return encode_json(project_list(items, exchange.fields))

    async def make(once: Once[Sequence[Call]] | None) -> Sequence[Call]:
        return await exchange.services.campaigns.add_recipients(
            exchange.account,
            campaign_id,
            recipients,
            strict=exchange.query.boolean("strictValidation"),
            once=once,
        )

    return await create(exchange, render, make, content=_content(campaign_id, body))


async def toggle_recipients(exchange: Exchange) -> Response:
    """POST /calls/broadcasts/{id}/toggleRecipientsStatus."""
    if exchange.query.text("enable") is None:
        raise InvalidInput("give enable=true or enable=false", field="enable")
    body = await read_body(exchange.request, limit=exchange.limits.recipients_bytes)
    numbers, contacts = named_recipients(decode(body or b"[]", list[Recipient]))
    await exchange.services.campaigns.toggle_recipients(
        exchange.account.id,
        _campaign_id(exchange),
        numbers,
        enabled=exchange.query.boolean("enable"),
        contacts=contacts,
    )
    return Response(status_code=204)


async def find_batches(exchange: Exchange) -> Response:
    """GET /calls/broadcasts/{id}/batches."""
    window = exchange.query.page()
    found, total = await exchange.services.campaigns.find_batches(
        exchange.account.id, _campaign_id(exchange), window
    )
    items = [campaign_bodies.batch(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def add_batch(exchange: Exchange) -> Response:
    """POST /calls/broadcasts/{id}/batches."""
    campaign_id = _campaign_id(exchange)
    body = await read_body(exchange.request, limit=exchange.limits.recipients_bytes)
    given = decode(body or b"{}", BatchRequest)
    recipients = batch_recipients(given)

    async def make(once: Once[Batch] | None) -> Batch:
        return await exchange.services.campaigns.add_batch(
            exchange.account,
            campaign_id,
            recipients,
            name=given.name or None,
            scrub=bool(given.scrubDuplicates),
            strict=exchange.query.boolean("strictValidation"),
            once=once,
        )

    return await create(exchange, _render_id, make, content=_content(campaign_id, body), status=201)


async def get_batch(exchange: Exchange) -> Response:
    """GET /campaigns/batches/{id}."""
    batch_id = BatchId(exchange.path_id("batch"))
    found = await exchange.services.campaigns.get_batch(exchange.account.id, batch_id)
    return json_response(project(campaign_bodies.batch(found), exchange.fields))


async def update_batch(exchange: Exchange) -> Response:
    """PUT /campaigns/batches/{id}."""
    batch_id = BatchId(exchange.path_id("batch"))
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body or b"{}", BatchUpdate)
    found = await exchange.services.campaigns.get_batch(exchange.account.id, batch_id)
    if given.name not in (None, found.batch.name):
        raise InvalidInput("only enabled can be changed", field="name")
    if given.enabled is None:
        raise InvalidInput("give enabled: nothing else can be changed", field="enabled")
    await exchange.services.campaigns.enable_batch(
        exchange.account.id, batch_id, enabled=given.enabled
    )
    return Response(status_code=204)


def _campaign_id(exchange: Exchange) -> CampaignId:
    return CampaignId(exchange.path_id("campaign"))


def _render_id(made: Campaign | Batch) -> bytes:
    return encode_json(ResourceIdBody(id=made.id))


def _content(campaign_id: CampaignId, body: bytes) -> bytes:
    """The same body for another campaign is another request."""
    return b"%d " % campaign_id + body
