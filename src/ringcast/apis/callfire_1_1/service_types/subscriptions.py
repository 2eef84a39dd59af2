"""Requests about subscriptions."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import Element, need
from ringcast.apis.callfire_1_1.service_types.building import (
    ID_REQUEST,
    QUERY,
    REQUEST_ID,
    service_element,
    service_type,
)

__all__ = [
    "SUBSCRIPTION_REQUEST",
    "SUBSCRIPTION_REQUESTS",
]

SUBSCRIPTION_REQUEST = service_type(
    "SubscriptionRequest", REQUEST_ID, need("Subscription", data.SUBSCRIPTION)
)

SUBSCRIPTION_REQUESTS: tuple[Element, ...] = (
    service_element("CreateSubscription", SUBSCRIPTION_REQUEST),
    service_element("QuerySubscriptions", QUERY),
    service_element("GetSubscription", ID_REQUEST),
    service_element("UpdateSubscription", SUBSCRIPTION_REQUEST),
    service_element("DeleteSubscription", ID_REQUEST),
)
