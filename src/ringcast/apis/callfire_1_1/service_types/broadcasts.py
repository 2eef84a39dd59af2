"""Requests about broadcasts, with their batches and schedules."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import Choice, Element, ListOf, many, may, need
from ringcast.apis.callfire_1_1.service_types.building import (
    ID_REQUEST,
    QUERY,
    REQUEST_ID,
    service_element,
    service_type,
)
from ringcast.apis.callfire_1_1.simple_types import (
    BOOLEAN,
    BROADCAST_COMMAND,
    BROADCAST_TYPE,
    DATE_TIME,
    INT,
    LONG,
    STRING,
)

__all__ = [
    "BROADCAST_REQUEST",
    "BROADCAST_REQUESTS",
]

BROADCAST_REQUEST = service_type("BroadcastRequest", REQUEST_ID, need("Broadcast", data.BROADCAST))

BROADCAST_REQUESTS: tuple[Element, ...] = (
    service_element("CreateBroadcast", BROADCAST_REQUEST),
    service_element(
        "QueryBroadcasts",
        service_type(
            "",
            may("Type", ListOf(item=BROADCAST_TYPE)),
            may("Running", BOOLEAN),
            may("LabelName", STRING),
            base=QUERY,
        ),
    ),
    service_element("GetBroadcast", ID_REQUEST),
    service_element("UpdateBroadcast", BROADCAST_REQUEST),
    service_element(
        "GetBroadcastStats",
        service_type(
            "",
            may("IntervalBegin", DATE_TIME),
            may("IntervalEnd", DATE_TIME),
            base=ID_REQUEST,
        ),
    ),
    service_element(
        "ControlBroadcast",
        service_type(
            "",
            REQUEST_ID,
            may("Command", BROADCAST_COMMAND),
            may("MaxActive", INT),
            base=ID_REQUEST,
        ),
    ),
    service_element(
        "CreateContactBatch",
        service_type(
            "",
            REQUEST_ID,
            need("BroadcastId", LONG),
            may("Name", STRING, default="API Contact Batch"),
            Choice(
                options=(
                    (many("ToNumber", data.TO_NUMBER, least=1, rest=("To",)),),
                    (need("ContactListId", LONG),),
                )
            ),
            may("ScrubBroadcastDuplicates", BOOLEAN, default="false"),
            may("Start", BOOLEAN),
        ),
    ),
    service_element("QueryContactBatches", service_type("", need("BroadcastId", LONG), base=QUERY)),
    service_element("GetContactBatch", ID_REQUEST),
    service_element(
        "ControlContactBatch",
        service_type("", may("Name", STRING), may("Enabled", BOOLEAN), base=ID_REQUEST),
    ),
    service_element(
        "CreateBroadcastSchedule",
        service_type(
            "",
            REQUEST_ID,
            need("BroadcastId", LONG),
            need("BroadcastSchedule", data.BROADCAST_SCHEDULE),
        ),
    ),
    service_element(
        "QueryBroadcastSchedules", service_type("", need("BroadcastId", LONG), base=QUERY)
    ),
    service_element("GetBroadcastSchedule", ID_REQUEST),
    service_element("DeleteBroadcastSchedule", ID_REQUEST),
)
