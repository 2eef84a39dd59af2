"""Requests about numbers, keywords and orders of them."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import Element, may, need
from ringcast.apis.callfire_1_1.service_types.building import (
    ID_REQUEST,
    QUERY,
    service_element,
    service_type,
)
from ringcast.apis.callfire_1_1.simple_types import (
    BOOLEAN,
    INT,
    KEYWORD_LIST,
    PHONE_NUMBER,
    PHONE_NUMBER_LIST,
    STRING,
)

__all__ = [
    "NUMBER_REQUESTS",
    "REGION_QUERY",
]

REGION_QUERY = service_type("RegionQuery", need("Region", data.REGION), base=QUERY)

NUMBER_REQUESTS: tuple[Element, ...] = (
    service_element("QueryRegions", REGION_QUERY),
    service_element("QueryNumbers", service_type("", may("LabelName", STRING), base=REGION_QUERY)),
    service_element("GetNumber", service_type("", need("Number", PHONE_NUMBER))),
    service_element(
        "ConfigureNumber",
        service_type(
            "",
            need("Number", PHONE_NUMBER),
            need("NumberConfiguration", data.NUMBER_CONFIGURATION),
        ),
    ),
    service_element(
        "SearchAvailableNumbers",
        service_type(
            "",
            may("Region", data.REGION),
            may("TollFree", BOOLEAN, default="false"),
            need("Count", INT),
        ),
    ),
    service_element("QueryKeywords", QUERY),
    service_element("SearchAvailableKeywords", service_type("", need("Keywords", KEYWORD_LIST))),
    service_element(
        "CreateNumberOrder",
        service_type(
            "",
            may("Numbers", PHONE_NUMBER_LIST),
            may("Keywords", KEYWORD_LIST),
            may(
                "BulkLocal",
                service_type(
                    "", need("Count", INT, rest=("localCount",)), need("Region", data.REGION)
                ),
            ),
            may("BulkTollFree", service_type("", need("Count", INT, rest=("tollFreeCount",)))),
        ),
    ),
    service_element("GetNumberOrder", ID_REQUEST),
    service_element(
        "Release", service_type("", need("Number", PHONE_NUMBER), may("Keyword", STRING))
    ),
)
