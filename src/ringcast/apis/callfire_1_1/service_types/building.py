"""How CallFire's requests are put together, and what many of them have in common."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import (
    SERVICE,
    Complex,
    Content,
    Element,
    ListOf,
    Simple,
    many,
    may,
    need,
)
from ringcast.apis.callfire_1_1.simple_types import (
    ACTION_STATE,
    ANY_URI,
    BOOLEAN,
    BROADCAST_TYPE,
    DATE_TIME,
    LONG,
    PHONE_NUMBER,
    RESULT,
    STRING,
)

__all__ = [
    "ACTION_QUERY",
    "ID_REQUEST",
    "QUERY",
    "QUERY_RESULT",
    "REQUEST_ID",
    "SEND_REQUEST",
    "service_element",
    "service_type",
]


def service_type(
    name: str, *content: Content, base: Complex | None = None, abstract: bool = False
) -> Complex:
    """Return a type of `service/xsd`; without a name one that stands in an element."""
    return Complex(space=SERVICE, name=name, content=content, base=base, abstract=abstract)


def service_element(name: str, type_: Simple | Complex) -> Element:
    """Return an element of that namespace."""
    return Element(name=name, space=SERVICE, type=type_)


REQUEST_ID = may("RequestId", ANY_URI)

QUERY_RESULT = service_type("QueryResult", need("TotalResults", LONG), abstract=True)

ID_REQUEST = service_type("IdRequest", need("Id", LONG))

QUERY = service_type(
    "Query", may("MaxResults", LONG, default="1000"), may("FirstResult", LONG, default="0")
)

SEND_REQUEST = service_type(
    "SendRequest",
    REQUEST_ID,
    may("Type", BROADCAST_TYPE),
    may("BroadcastName", STRING, default="API Send"),
    many("ToNumber", data.TO_NUMBER, least=1, rest=("To",)),
    may("ScrubBroadcastDuplicates", BOOLEAN, default="false"),
    many("Label", STRING),
    abstract=True,
)

ACTION_QUERY = service_type(
    "ActionQuery",
    may("BroadcastId", LONG),
    may("BatchId", LONG),
    may("State", ListOf(item=ACTION_STATE)),
    may("Result", ListOf(item=RESULT)),
    may("Inbound", BOOLEAN),
    may("IntervalBegin", DATE_TIME),
    may("IntervalEnd", DATE_TIME),
    may("FromNumber", PHONE_NUMBER),
    may("ToNumber", PHONE_NUMBER),
    may("LabelName", STRING),
    base=QUERY,
)
