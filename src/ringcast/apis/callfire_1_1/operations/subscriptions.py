"""Subscriptions to postbacks."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1 import handlers_subscriptions as subscriptions
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations.building import creates, does, finds, lists

__all__ = ["SUBSCRIPTION_OPERATIONS"]

SUBSCRIPTION_OPERATIONS: tuple[Operation, ...] = (
    creates(
        "subscription",
        "CreateSubscription",
        "/subscription",
        location="/subscription/{id}",
        handler=subscriptions.create_subscription,
        notes="at most 200 of an account; `XML`, `JSON` and, with `--smtp`, `EMAIL`; OUTBOUND_ and"
        " INBOUND_CALL_FINISHED and CAMPAIGN_STARTED, _STOPPED and _FINISHED",
    ),
    lists(
        "subscription",
        "QuerySubscriptions",
        "/subscription",
        data.SUBSCRIPTION,
        handler=subscriptions.query_subscriptions,
    ),
    finds(
        "subscription",
        "GetSubscription",
        "/subscription/{Id}",
        data.SUBSCRIPTION,
        handler=subscriptions.get_subscription,
    ),
    does(
        "subscription",
        "UpdateSubscription",
        "PUT",
        "/subscription/{Id}",
        members={"Id": "Subscription/@id"},
        handler=subscriptions.update_subscription,
        notes="what is not given stays; a filter is given as a whole",
    ),
    does(
        "subscription",
        "DeleteSubscription",
        "DELETE",
        "/subscription/{Id}",
        handler=subscriptions.delete_subscription,
    ),
)
