"""The operations on webhooks: parse, do, render."""

from __future__ import annotations

from starlette.responses import Response

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.callbacks import (
    DIALECT,
    NOT_SENT,
    RESOURCE,
    SENT,
    resource_named,
    resource_option,
    topics_named,
)
from ringcast.apis.callfire_v2.creating import create
from ringcast.apis.callfire_v2.exchange import Exchange
from ringcast.apis.callfire_v2.fields import project, project_list
from ringcast.apis.callfire_v2.requests import decode
from ringcast.apis.callfire_v2.webhooks import bodies as webhook_bodies
from ringcast.apis.callfire_v2.webhooks.bodies import ResourceIdBody, Webhook
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import SubscriptionId
from ringcast.domain.subscriptions import Subscription, Topic
from ringcast.services.idempotency import Once
from ringcast.web.bodies import read_body
from ringcast.web.json import encode_json, json_response

__all__ = [
    "create_webhook",
    "delete_webhook",
    "find_webhook_resources",
    "find_webhooks",
    "get_webhook",
    "get_webhook_resource",
    "update_webhook",
]


async def find_webhooks(exchange: Exchange) -> Response:
    """GET /webhooks."""
    query = exchange.query
    window = query.page()
    resource = query.text("resource")
    found, total = await exchange.services.find_subscriptions(
        exchange.account.id,
        DIALECT,
        window,
        name=query.text("name"),
        topics=_topics_asked_for(resource, query.text("event")),
        options=None if resource is None else {RESOURCE: resource_option(resource)},
        url=query.text("callback"),
        enabled=None if query.text("enabled") is None else query.boolean("enabled"),
    )
    items = [webhook_bodies.webhook(one) for one in found]
    return json_response(project_list(responses.page(items, window, total), exchange.fields))


async def create_webhook(exchange: Exchange) -> Response:
    """POST /webhooks."""
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    wanted = webhook_bodies.changes(decode(body, Webhook))

    async def make(once: Once[Subscription] | None) -> Subscription:
        return await exchange.services.create_subscription(
            exchange.account, DIALECT, wanted, once=once
        )

    def render(made: Subscription) -> bytes:
        return encode_json(ResourceIdBody(id=made.id))

    return await create(exchange, render, make, content=body, status=201)


async def get_webhook(exchange: Exchange) -> Response:
    """GET /webhooks/{id}."""
    found = await _get(exchange)
    return json_response(project(webhook_bodies.webhook(found), exchange.fields))


async def update_webhook(exchange: Exchange) -> Response:
    """PUT /webhooks/{id}: 204, which all clients understand."""
    body = await read_body(exchange.request, limit=exchange.limits.json_bytes)
    given = decode(body, Webhook)
    old = await _get(exchange)
    await exchange.services.update_subscription(
        exchange.account.id, DIALECT, old.id, webhook_bodies.changes(given, old=old)
    )
    return Response(status_code=204)


async def delete_webhook(exchange: Exchange) -> Response:
    """DELETE /webhooks/{id}."""
    found = await _get(exchange)
    await exchange.services.delete_subscription(exchange.account.id, DIALECT, found.id)
    return Response(status_code=204)


async def find_webhook_resources(exchange: Exchange) -> Response:
    """GET /webhooks/resources."""
    items = [webhook_bodies.webhook_resource(resource) for resource in SENT]
    return json_response(project_list(responses.ItemList(items=items), exchange.fields))


async def get_webhook_resource(exchange: Exchange) -> Response:
    """GET /webhooks/resources/{resource}."""
    resource = resource_named(str(exchange.request.path_params["resource"]))
    return json_response(project(webhook_bodies.webhook_resource(resource), exchange.fields))


async def _get(exchange: Exchange) -> Subscription:
    webhook_id = SubscriptionId(exchange.path_id("webhook"))
    try:
        return await exchange.services.get_subscription(exchange.account.id, DIALECT, webhook_id)
    except NotFound as error:
        raise NotFound("webhook", webhook_id) from error


def _topics_asked_for(resource: str | None, event: str | None) -> frozenset[Topic] | None:
    """Return the topics of a search; none at all for what CallFire has and nothing here is for."""
    if resource is None and event is None:
        return None
    every = {**{name: tuple(events) for name, events in SENT.items()}, **NOT_SENT}
    asked = {
        name: [one for one in events if event is None or one.lower() == event.lower()]
        for name, events in every.items()
        if resource is None or name.lower() == resource.lower()
    }
    if not asked:
        raise InvalidInput(f"resource must be one of {', '.join(every)}", field="resource")
    if not any(asked.values()):
        raise InvalidInput(f"there is no event {(event or '')[:64]!r} to search for", field="event")
    return frozenset(
        topic
        for name, events in asked.items()
        if name in SENT and events
        for topic in topics_named(name, events)
    )
