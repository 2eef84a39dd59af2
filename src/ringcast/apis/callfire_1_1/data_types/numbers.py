"""Numbers, what is done with calls to them, and orders of them."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.data_types.building import (
    ID,
    OWN_ID,
    data_element,
    data_type,
    maybe,
    refer,
)
from ringcast.apis.callfire_1_1.schema import DATA, Choice, Element, ListOf, may, need
from ringcast.apis.callfire_1_1.simple_types import (
    BOOLEAN,
    DATE,
    DATE_TIME,
    FLOAT,
    INBOUND_TYPE,
    INT,
    LONG,
    NUMBER_FEATURE,
    NUMBER_STATUS,
    ORDER_STATUS,
    PHONE_NUMBER,
    STRING,
)

__all__ = [
    "CALLER_ID",
    "CALL_TRACKING_CONFIG",
    "INBOUND_CONFIG",
    "IVR_INBOUND_CONFIG",
    "KEYWORD",
    "LEASE_INFO",
    "NUMBER",
    "NUMBER_CONFIGURATION",
    "NUMBER_ORDER",
    "NUMBER_ORDER_ITEM",
    "REGION",
    "VERIFIED",
]

INBOUND_CONFIG = data_type("InboundConfig", attributes=(ID,), abstract=True)

CALL_TRACKING_CONFIG = data_element(
    "CallTrackingConfig",
    may("TransferNumber", ListOf(item=PHONE_NUMBER)),
    may("Screen", BOOLEAN, default="false"),
    may("Record", BOOLEAN, default="false"),
    may("IntroSoundId", LONG),
    may("WhisperSoundId", LONG),
    base=INBOUND_CONFIG,
)

IVR_INBOUND_CONFIG = data_element(
    "IvrInboundConfig", may("DialplanXml", STRING), base=INBOUND_CONFIG
)

REGION = data_element(
    "Region",
    may("Prefix", STRING),
    may("City", STRING),
    may("State", STRING),
    may("Zipcode", STRING),
    may("Country", STRING),
    may("Lata", STRING),
    may("RateCenter", STRING),
    may("Latitude", FLOAT),
    may("Longitude", FLOAT),
    may("TimeZone", STRING),
)

LEASE_INFO = data_element(
    "LeaseInfo", may("LeaseBegin", DATE), may("LeaseEnd", DATE), need("AutoRenew", BOOLEAN)
)

NUMBER_CONFIGURATION = data_element(
    "NumberConfiguration",
    may("CallFeature", NUMBER_FEATURE),
    may("TextFeature", NUMBER_FEATURE),
    may("InboundCallConfigurationType", INBOUND_TYPE),
    may(
        "InboundCallConfiguration",
        data_type(
            "",
            Choice(
                options=((refer(CALL_TRACKING_CONFIG),), (refer(IVR_INBOUND_CONFIG),)),
                selector="InboundCallConfigurationType",
                selected={"TRACKING": "CallTrackingConfig", "IVR": "IvrInboundConfig"},
            ),
        ),
    ),
)

NUMBER = data_element(
    "Number",
    need("Number", PHONE_NUMBER),
    need("NationalFormat", STRING),
    need("TollFree", BOOLEAN),
    maybe(REGION),
    may("Status", NUMBER_STATUS),
    maybe(LEASE_INFO),
    maybe(NUMBER_CONFIGURATION),
)

KEYWORD = data_element(
    "Keyword",
    need("ShortCode", PHONE_NUMBER),
    need("Keyword", STRING),
    may("Status", NUMBER_STATUS),
    maybe(LEASE_INFO),
)

NUMBER_ORDER_ITEM = data_type(
    "NumberOrderItem",
    need("Ordered", INT),
    need("UnitCost", FLOAT),
    may("Fulfilled", ListOf(item=STRING)),
)

NUMBER_ORDER = data_element(
    "NumberOrder",
    need("Status", ORDER_STATUS),
    need("Created", DATE_TIME),
    need("TotalCost", FLOAT),
    may("LocalNumbers", NUMBER_ORDER_ITEM),
    may("TollFreeNumbers", NUMBER_ORDER_ITEM),
    may("Keywords", NUMBER_ORDER_ITEM),
    attributes=(OWN_ID,),
)

CALLER_ID = Element(name="CallerId", space=DATA, type=PHONE_NUMBER)

VERIFIED = Element(name="Verified", space=DATA, type=BOOLEAN)
