"""CallFire's resources: what is in its namespace `data`, in the order that counts in XML.

The May 2014 schema, with the optional members that were added later at their places.
"""

from __future__ import annotations

from ringcast.apis.callfire_1_1.data_types.actions import (
    ACTION,
    ACTION_RECORD,
    AUTO_REPLY,
    CALL,
    CALL_RECORD,
    LABEL,
    NOTE,
    RECORDING_META,
    SOUND_META,
    TEXT,
    TEXT_RECORD,
    TO_NUMBER,
)
from ringcast.apis.callfire_1_1.data_types.broadcasts import (
    BROADCAST,
    BROADCAST_CONFIG,
    BROADCAST_SCHEDULE,
    BROADCAST_STATS,
    CCC_BROADCAST_CONFIG,
    CONTACT_BATCH,
    IVR_BROADCAST_CONFIG,
    LOCAL_TIME_ZONE_RESTRICTION,
    TEXT_BROADCAST_CONFIG,
    VOICE_BROADCAST_CONFIG,
)
from ringcast.apis.callfire_1_1.data_types.contacts import (
    CONTACT,
    CONTACT_HISTORY,
    CONTACT_LIST,
    DNC_LIST,
    DNC_NUMBER,
)
from ringcast.apis.callfire_1_1.data_types.numbers import (
    CALL_TRACKING_CONFIG,
    CALLER_ID,
    INBOUND_CONFIG,
    IVR_INBOUND_CONFIG,
    KEYWORD,
    LEASE_INFO,
    NUMBER,
    NUMBER_CONFIGURATION,
    NUMBER_ORDER,
    NUMBER_ORDER_ITEM,
    REGION,
    VERIFIED,
)
from ringcast.apis.callfire_1_1.data_types.subscriptions import SUBSCRIPTION
from ringcast.apis.callfire_1_1.schema import Complex, Element

__all__ = [
    "AUTO_REPLY",
    "BROADCAST",
    "BROADCAST_SCHEDULE",
    "BROADCAST_STATS",
    "CALL",
    "CALLER_ID",
    "CONTACT",
    "CONTACT_BATCH",
    "CONTACT_HISTORY",
    "CONTACT_LIST",
    "DATA_ELEMENTS",
    "DATA_TYPES",
    "DNC_LIST",
    "DNC_NUMBER",
    "IVR_BROADCAST_CONFIG",
    "KEYWORD",
    "LABEL",
    "NUMBER",
    "NUMBER_CONFIGURATION",
    "NUMBER_ORDER",
    "REGION",
    "SOUND_META",
    "SUBSCRIPTION",
    "TEXT",
    "TEXT_BROADCAST_CONFIG",
    "TO_NUMBER",
    "VERIFIED",
    "VOICE_BROADCAST_CONFIG",
]

DATA_TYPES: tuple[Complex, ...] = (
    INBOUND_CONFIG,
    BROADCAST_CONFIG,
    TO_NUMBER,
    ACTION_RECORD,
    ACTION,
    NUMBER_ORDER_ITEM,
)

DATA_ELEMENTS: tuple[Element, ...] = (
    LABEL,
    LOCAL_TIME_ZONE_RESTRICTION,
    NOTE,
    VOICE_BROADCAST_CONFIG,
    TEXT_BROADCAST_CONFIG,
    IVR_BROADCAST_CONFIG,
    CCC_BROADCAST_CONFIG,
    BROADCAST,
    CALL_TRACKING_CONFIG,
    IVR_INBOUND_CONFIG,
    CONTACT_BATCH,
    BROADCAST_SCHEDULE,
    BROADCAST_STATS,
    RECORDING_META,
    SOUND_META,
    CALL_RECORD,
    CALL,
    TEXT_RECORD,
    TEXT,
    AUTO_REPLY,
    SUBSCRIPTION,
    CONTACT,
    CONTACT_HISTORY,
    CONTACT_LIST,
    DNC_NUMBER,
    DNC_LIST,
    REGION,
    LEASE_INFO,
    NUMBER_CONFIGURATION,
    NUMBER,
    KEYWORD,
    NUMBER_ORDER,
    CALLER_ID,
    VERIFIED,
)
