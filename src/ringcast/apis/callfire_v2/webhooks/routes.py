"""Webhooks."""

from __future__ import annotations

from ringcast.apis.callfire_v2.operation import PAGED, Operation
from ringcast.apis.callfire_v2.webhooks import handlers

__all__ = ["OPERATIONS"]

OPERATIONS = (
    Operation(
        "GET",
        "/webhooks",
        "findWebhooks",
        handlers.find_webhooks,
        takes=frozenset({*PAGED, "name", "resource", "event", "callback", "enabled"}),
        notes="`name` is a part of the name; newest first",
    ),
    Operation(
        "POST",
        "/webhooks",
        "createWebhook",
        handlers.create_webhook,
        notes="`resource` OutboundCall, InboundCall, CallBroadcast or ContactList; without "
        "`events` all of the resource; at most 200 in an account; `fields` are those of the "
        "resource, as in its GET",
    ),
    Operation(
        "GET",
        "/webhooks/resources",
        "findWebhookResources",
        handlers.find_webhook_resources,
        takes=frozenset({"fields"}),
        notes="those that are sent on this system",
    ),
    Operation(
        "GET",
        "/webhooks/resources/{resource}",
        "getWebhookResource",
        handlers.get_webhook_resource,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "DELETE",
        "/webhooks/{id}",
        "deleteWebhook",
        handlers.delete_webhook,
        notes="204; what is on its way is dropped",
    ),
    Operation(
        "GET",
        "/webhooks/{id}",
        "getWebhook",
        handlers.get_webhook,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "PUT",
        "/webhooks/{id}",
        "updateWebhook",
        handlers.update_webhook,
        notes="204; members left out stay, members that are read only may come back; disabling "
        "gives up what is on its way",
    ),
)
