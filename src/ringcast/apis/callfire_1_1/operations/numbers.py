"""Numbers of the account."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1 import handlers_numbers as numbers
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations.building import (
    NO_SHOP,
    VOICE_ONLY,
    creates,
    does,
    finds,
    lists,
)
from ringcast.apis.callfire_1_1.service_types import request, result

__all__ = ["NUMBER_OPERATIONS"]

NUMBER_OPERATIONS: tuple[Operation, ...] = (
    lists(
        "number",
        "QueryRegions",
        "/number/regions",
        data.REGION,
        handler=numbers.query_regions,
        notes="those of the account's numbers: `Prefix` and `Country`",
    ),
    lists(
        "number",
        "QueryNumbers",
        "/number",
        data.NUMBER,
        handler=numbers.query_numbers,
        notes="of the region only `Prefix` and `Country` are known",
    ),
    finds("number", "GetNumber", "/number/{Number}", data.NUMBER, handler=numbers.get_number),
    does(
        "number",
        "ConfigureNumber",
        "PUT",
        "/number/{Number}",
        numbers.configure_number,
        notes="`TRACKING` and `IVR`",
    ),
    Operation(
        service="number",
        name="SearchAvailableNumbers",
        request=request("SearchAvailableNumbers"),
        response=result("NumberQueryResult"),
        item=data.NUMBER,
        method="GET",
        path="/number/search",
        why=NO_SHOP,
    ),
    lists("number", "QueryKeywords", "/number/keyword", data.KEYWORD, why=VOICE_ONLY),
    lists(
        "number",
        "SearchAvailableKeywords",
        "/number/keyword/search",
        data.KEYWORD,
        why=VOICE_ONLY,
    ),
    creates(
        "number", "CreateNumberOrder", "/number/order", location="/number/order/{id}", why=NO_SHOP
    ),
    finds("number", "GetNumberOrder", "/number/order/{Id}", data.NUMBER_ORDER, why=NO_SHOP),
    does("number", "Release", "PUT", "/number/release", why=NO_SHOP),
)
