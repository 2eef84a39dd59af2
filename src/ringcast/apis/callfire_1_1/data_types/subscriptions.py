"""Subscriptions to postbacks."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.data_types.building import ID, data_element, data_type
from ringcast.apis.callfire_1_1.schema import may
from ringcast.apis.callfire_1_1.simple_types import (
    ANY_URI,
    BOOLEAN,
    LONG,
    NOTIFICATION_FORMAT,
    PHONE_NUMBER,
    TRIGGER_EVENT,
)

__all__ = ["SUBSCRIPTION"]

SUBSCRIPTION = data_element(
    "Subscription",
    may("Enabled", BOOLEAN),
    may("NonStrictSsl", BOOLEAN),
    may("Endpoint", ANY_URI),
    may("NotificationFormat", NOTIFICATION_FORMAT, default="XML"),
    may("TriggerEvent", TRIGGER_EVENT),
    may(
        "SubscriptionFilter",
        data_type(
            "",
            may("BroadcastId", LONG),
            may("BatchId", LONG),
            may("FromNumber", PHONE_NUMBER),
            may("ToNumber", PHONE_NUMBER),
            may("Inbound", BOOLEAN),
        ),
    ),
    attributes=(ID,),
)
