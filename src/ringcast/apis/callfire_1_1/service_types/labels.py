"""Requests about labels."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.schema import Element, need
from ringcast.apis.callfire_1_1.service_types.building import (
    ID_REQUEST,
    QUERY,
    service_element,
    service_type,
)
from ringcast.apis.callfire_1_1.simple_types import PHONE_NUMBER, STRING

__all__ = [
    "ID_LABEL_REQUEST",
    "LABEL_REQUESTS",
    "NUMBER_LABEL_REQUEST",
]

ID_LABEL_REQUEST = service_type("IdLabelRequest", need("LabelName", STRING), base=ID_REQUEST)

NUMBER_LABEL_REQUEST = service_type(
    "NumberLabelRequest", need("Number", PHONE_NUMBER), need("LabelName", STRING)
)

LABEL_REQUESTS: tuple[Element, ...] = (
    service_element("DeleteLabel", service_type("", need("LabelName", STRING))),
    service_element("QueryLabels", QUERY),
    service_element("LabelBroadcast", ID_LABEL_REQUEST),
    service_element("UnlabelBroadcast", ID_LABEL_REQUEST),
    service_element("LabelNumber", NUMBER_LABEL_REQUEST),
    service_element("UnlabelNumber", NUMBER_LABEL_REQUEST),
)
