"""Requests about texts."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import Element, may, need
from ringcast.apis.callfire_1_1.service_types.building import (
    ACTION_QUERY,
    ID_REQUEST,
    QUERY,
    REQUEST_ID,
    SEND_REQUEST,
    service_element,
    service_type,
)
from ringcast.apis.callfire_1_1.simple_types import BOOLEAN, LONG, PHONE_NUMBER

__all__ = [
    "TEXT_REQUESTS",
]

TEXT_REQUESTS: tuple[Element, ...] = (
    service_element(
        "SendText",
        service_type(
            "",
            need("TextBroadcastConfig", data.TEXT_BROADCAST_CONFIG),
            may("BroadcastId", LONG),
            may("UseDefaultBroadcast", BOOLEAN, default="false"),
            base=SEND_REQUEST,
        ),
    ),
    service_element("QueryTexts", ACTION_QUERY),
    service_element("GetText", ID_REQUEST),
    service_element(
        "CreateAutoReply", service_type("", REQUEST_ID, need("AutoReply", data.AUTO_REPLY))
    ),
    service_element("QueryAutoReplies", service_type("", may("Number", PHONE_NUMBER), base=QUERY)),
    service_element("GetAutoReply", ID_REQUEST),
    service_element("DeleteAutoReply", ID_REQUEST),
)
