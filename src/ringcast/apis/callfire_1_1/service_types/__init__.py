"""CallFire's requests and what answers them: what is in its namespace `service/xsd`.

The May 2014 schema, with the members and operations that were added later. Of operations that no
schema of the vendor's shows, the elements are ours, made of its documentation of the parameters.
"""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import Complex, Element, many, may, need
from ringcast.apis.callfire_1_1.service_types.broadcasts import (
    BROADCAST_REQUEST,
    BROADCAST_REQUESTS,
)
from ringcast.apis.callfire_1_1.service_types.building import (
    ACTION_QUERY,
    ID_REQUEST,
    QUERY,
    QUERY_RESULT,
    SEND_REQUEST,
    service_element,
    service_type,
)
from ringcast.apis.callfire_1_1.service_types.calls import CALL_REQUESTS
from ringcast.apis.callfire_1_1.service_types.contacts import (
    CONTACT_LIST_REQUEST,
    CONTACT_REQUESTS,
    CONTACT_SOURCE,
)
from ringcast.apis.callfire_1_1.service_types.labels import (
    ID_LABEL_REQUEST,
    LABEL_REQUESTS,
    NUMBER_LABEL_REQUEST,
)
from ringcast.apis.callfire_1_1.service_types.numbers import NUMBER_REQUESTS, REGION_QUERY
from ringcast.apis.callfire_1_1.service_types.subscriptions import (
    SUBSCRIPTION_REQUEST,
    SUBSCRIPTION_REQUESTS,
)
from ringcast.apis.callfire_1_1.service_types.texts import TEXT_REQUESTS
from ringcast.apis.callfire_1_1.simple_types import BINARY, FAULT_CODE, LONG, STRING

__all__ = [
    "CREATED_ID",
    "FAULT",
    "RECORDING_DATA",
    "SERVICE_ELEMENTS",
    "SERVICE_TYPES",
    "SOUND_DATA",
    "request",
    "result",
]

CREATED_ID = service_element("CreatedId", LONG)
FAULT = service_element(
    "ServiceFaultInfo",
    service_type("", need("FaultCode", FAULT_CODE), may("Message", STRING), may("Detail", STRING)),
)
SOUND_DATA = service_element("SoundData", BINARY)
RECORDING_DATA = service_element("RecordingData", BINARY)


def _result(name: str, item: Element) -> Element:
    return service_element(name, service_type("", many(item.name, item), base=QUERY_RESULT))


_RESULTS: tuple[Element, ...] = (
    _result("BroadcastQueryResult", data.BROADCAST),
    _result("ContactBatchQueryResult", data.CONTACT_BATCH),
    _result("BroadcastScheduleQueryResult", data.BROADCAST_SCHEDULE),
    _result("SubscriptionQueryResult", data.SUBSCRIPTION),
    _result("TextQueryResult", data.TEXT),
    _result("AutoReplyQueryResult", data.AUTO_REPLY),
    _result("CallQueryResult", data.CALL),
    _result("SoundMetaQueryResult", data.SOUND_META),
    _result("CallerIdQueryResult", data.CALLER_ID),
    _result("ContactQueryResult", data.CONTACT),
    _result("ContactListQueryResult", data.CONTACT_LIST),
    _result("DncNumberQueryResult", data.DNC_NUMBER),
    _result("DncListQueryResult", data.DNC_LIST),
    _result("RegionQueryResult", data.REGION),
    _result("NumberQueryResult", data.NUMBER),
    _result("KeywordQueryResult", data.KEYWORD),
    _result("LabelQueryResult", data.LABEL),
)

SERVICE_TYPES: tuple[Complex, ...] = (
    QUERY_RESULT,
    ID_REQUEST,
    QUERY,
    SEND_REQUEST,
    ACTION_QUERY,
    BROADCAST_REQUEST,
    SUBSCRIPTION_REQUEST,
    REGION_QUERY,
    ID_LABEL_REQUEST,
    NUMBER_LABEL_REQUEST,
    CONTACT_LIST_REQUEST,
)

SERVICE_ELEMENTS: tuple[Element, ...] = (
    FAULT,
    CREATED_ID,
    SOUND_DATA,
    RECORDING_DATA,
    CONTACT_SOURCE,
    *CALL_REQUESTS,
    *BROADCAST_REQUESTS,
    *SUBSCRIPTION_REQUESTS,
    *CONTACT_REQUESTS,
    *NUMBER_REQUESTS,
    *LABEL_REQUESTS,
    *TEXT_REQUESTS,
    *_RESULTS,
)

_BY_NAME = {one.name: one for one in SERVICE_ELEMENTS}


def request(name: str) -> Element:
    """Return the element that asks for an operation."""
    return _BY_NAME[name]


def result(name: str) -> Element:
    """Return the element of a list of results."""
    return _BY_NAME[name]
