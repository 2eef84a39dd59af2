"""CallFire's resources: what is in its namespace `data`, in the order that counts in XML.

The May 2014 schema, with the optional members that were added later at their places.
"""

from __future__ import annotations

from ringcast.apis.callfire_1_1.schema import (
    DATA,
    Attribute,
    Choice,
    Complex,
    Content,
    Element,
    ListOf,
    Member,
    many,
    may,
    need,
)
from ringcast.apis.callfire_1_1.simple_types import (
    ACTION_STATE,
    ANSWERING_MACHINE_CONFIG,
    ANY_URI,
    BATCH_STATUS,
    BIG_MESSAGE_STRATEGY,
    BOOLEAN,
    BROADCAST_STATUS,
    BROADCAST_TYPE,
    CONTACT_LIST_STATUS,
    DATE,
    DATE_TIME,
    DAY_OF_WEEK,
    FLOAT,
    INBOUND_TYPE,
    INT,
    INTEGER,
    LONG,
    NOTIFICATION_FORMAT,
    NUMBER_FEATURE,
    NUMBER_STATUS,
    ORDER_STATUS,
    PHONE_DIGIT,
    PHONE_NUMBER,
    RESULT,
    RETRY_PHONE_TYPE,
    SOUND_STATUS,
    STRING,
    TIME,
    TRIGGER_EVENT,
    VOICE,
)

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

_ID = Attribute(name="id", type=LONG)
_OWN_ID = Attribute(name="id", type=LONG, required=True)


def _type(
    name: str,
    *content: Content,
    base: Complex | None = None,
    attributes: tuple[Attribute, ...] = (),
    abstract: bool = False,
) -> Complex:
    return Complex(
        space=DATA,
        name=name,
        content=content,
        base=base,
        attributes=attributes,
        abstract=abstract,
    )


def _element(
    name: str,
    *content: Content,
    base: Complex | None = None,
    attributes: tuple[Attribute, ...] = (),
) -> Element:
    return Element(
        name=name, space=DATA, type=_type("", *content, base=base, attributes=attributes)
    )


def _refer(element: Element) -> Member:
    return need(element.name, element)


def _maybe(element: Element) -> Member:
    return may(element.name, element)


def _several(element: Element, *, least: int = 0) -> Member:
    return many(element.name, element, least=least)


def _either(*members: Member) -> Choice:
    return Choice(options=tuple((one,) for one in members), optional=True)


LABEL = _element("Label", need("Name", STRING))

LOCAL_TIME_ZONE_RESTRICTION = _element(
    "LocalTimeZoneRestriction",
    may("BeginTime", TIME, rest=("LocalRestrictBegin",)),
    may("EndTime", TIME, rest=("LocalRestrictEnd",)),
)

_INBOUND_CONFIG = _type("InboundConfig", attributes=(_ID,), abstract=True)

_BROADCAST_CONFIG = _type(
    "BroadcastConfig",
    may("Created", DATE_TIME),
    may("FromNumber", PHONE_NUMBER, rest=("From",)),
    _maybe(LOCAL_TIME_ZONE_RESTRICTION),
    may(
        "RetryConfig",
        _type(
            "",
            may("MaxAttempts", INT, default="1"),
            may("MinutesBetweenAttempts", INT, default="60"),
            need("RetryResults", ListOf(item=RESULT)),
            may("RetryPhoneTypes", ListOf(item=RETRY_PHONE_TYPE)),
        ),
    ),
    attributes=(_ID,),
    abstract=True,
)

TO_NUMBER = Complex(
    space=DATA,
    name="ToNumber",
    text=PHONE_NUMBER,
    attributes=(Attribute(name="ClientData", type=STRING),),
    open_attributes=True,
)

_ACTION = _type(
    "Action",
    need("FromNumber", PHONE_NUMBER),
    need("ToNumber", TO_NUMBER),
    need("State", ACTION_STATE),
    may("BatchId", LONG),
    may("BroadcastId", LONG),
    need("ContactId", LONG),
    need("Inbound", BOOLEAN),
    need("Created", DATE_TIME),
    need("Modified", DATE_TIME),
    may("FinalResult", RESULT),
    _several(LABEL),
    attributes=(_OWN_ID,),
)

_ACTION_RECORD = _type(
    "ActionRecord",
    need("Result", RESULT),
    need("FinishTime", DATE_TIME),
    need("BilledAmount", FLOAT),
    may("SwitchId", STRING),
    may("CallerName", STRING),
    many("QuestionResponse", _type("", need("Question", STRING), need("Response", STRING))),
    attributes=(_OWN_ID,),
    abstract=True,
)

NOTE = _element("Note", need("Text", STRING), need("Created", DATE_TIME))

VOICE_BROADCAST_CONFIG = _element(
    "VoiceBroadcastConfig",
    may("AnsweringMachineConfig", ANSWERING_MACHINE_CONFIG),
    _either(need("LiveSoundText", STRING), need("LiveSoundId", LONG)),
    may("LiveSoundTextVoice", VOICE),
    _either(need("MachineSoundText", STRING), need("MachineSoundId", LONG)),
    may("MachineSoundTextVoice", VOICE),
    _either(need("TransferSoundText", STRING), need("TransferSoundId", LONG)),
    may("TransferSoundTextVoice", VOICE),
    may("TransferDigit", PHONE_DIGIT),
    may("TransferNumber", PHONE_NUMBER),
    _either(need("DncSoundText", STRING), need("DncSoundId", LONG)),
    may("DncSoundTextVoice", VOICE),
    may("DncDigit", PHONE_DIGIT),
    may("MaxActiveTransfers", INT),
    base=_BROADCAST_CONFIG,
)

TEXT_BROADCAST_CONFIG = _element(
    "TextBroadcastConfig",
    need("Message", STRING),
    may("BigMessageStrategy", BIG_MESSAGE_STRATEGY, default="SEND_MULTIPLE"),
    base=_BROADCAST_CONFIG,
)

IVR_BROADCAST_CONFIG = _element(
    "IvrBroadcastConfig", may("DialplanXml", STRING), base=_BROADCAST_CONFIG
)

CCC_BROADCAST_CONFIG = _element(
    "CccBroadcastConfig",
    may("AgentGroupId", LONG),
    may("SmartDropSoundId", LONG),
    may("ScriptId", LONG),
    may("TransferNumberIdList", ListOf(item=LONG)),
    may("AllowAnyTransfer", BOOLEAN),
    may("TransferCallerId", PHONE_NUMBER),
    may("Recorded", BOOLEAN),
    base=_BROADCAST_CONFIG,
)

BROADCAST = _element(
    "Broadcast",
    may("Name", STRING),
    may("Status", BROADCAST_STATUS),
    may("LastModified", DATE_TIME),
    may("Type", BROADCAST_TYPE),
    many("Label", STRING),
    may("ResumeNextDay", BOOLEAN),
    Choice(
        options=(
            (_refer(VOICE_BROADCAST_CONFIG),),
            (_refer(TEXT_BROADCAST_CONFIG),),
            (_refer(IVR_BROADCAST_CONFIG),),
            (_refer(CCC_BROADCAST_CONFIG),),
        ),
        selector="Type",
        selected={
            "VOICE": "VoiceBroadcastConfig",
            "TEXT": "TextBroadcastConfig",
            "IVR": "IvrBroadcastConfig",
            "CCC": "CccBroadcastConfig",
        },
    ),
    attributes=(_ID,),
)

CALL_TRACKING_CONFIG = _element(
    "CallTrackingConfig",
    may("TransferNumber", ListOf(item=PHONE_NUMBER)),
    may("Screen", BOOLEAN, default="false"),
    may("Record", BOOLEAN, default="false"),
    may("IntroSoundId", LONG),
    may("WhisperSoundId", LONG),
    base=_INBOUND_CONFIG,
)

IVR_INBOUND_CONFIG = _element("IvrInboundConfig", may("DialplanXml", STRING), base=_INBOUND_CONFIG)

CONTACT_BATCH = _element(
    "ContactBatch",
    need("Name", STRING),
    need("Status", BATCH_STATUS),
    need("BroadcastId", LONG),
    need("Created", DATE_TIME),
    may("Size", INT),
    may("Remaining", INT),
    attributes=(_OWN_ID,),
)

BROADCAST_SCHEDULE = _element(
    "BroadcastSchedule",
    need("StartTimeOfDay", TIME),
    need("StopTimeOfDay", TIME),
    need("TimeZone", STRING),
    may("BeginDate", DATE),
    may("EndDate", DATE),
    need("DaysOfWeek", ListOf(item=DAY_OF_WEEK)),
    attributes=(_ID,),
)

BROADCAST_STATS = _element(
    "BroadcastStats",
    need(
        "UsageStats",
        _type(
            "",
            need("Duration", INT),
            need("BilledDuration", INT),
            need("BilledAmount", FLOAT),
            need("Attempts", INT),
            need("Actions", INT),
        ),
    ),
    many(
        "ResultStat",
        _type("", need("Result", RESULT), need("Attempts", INT), need("Actions", INT)),
    ),
    need(
        "ActionStatistics",
        _type("", need("Unattempted", INT), need("RetryWait", INT), need("Finished", INT)),
    ),
)

RECORDING_META = _element(
    "RecordingMeta",
    need("Name", STRING),
    need("Created", DATE_TIME),
    may("LengthInSeconds", INT),
    may("Link", STRING),
    attributes=(_OWN_ID,),
)

SOUND_META = _element(
    "SoundMeta",
    need("Status", SOUND_STATUS),
    need("Name", STRING),
    need("Created", DATE_TIME),
    may("LengthInSeconds", INT),
    attributes=(_OWN_ID,),
)

CALL_RECORD = _element(
    "CallRecord",
    may("OriginateTime", DATE_TIME),
    may("AnswerTime", DATE_TIME),
    need("Duration", INT),
    _several(RECORDING_META),
    _several(NOTE),
    base=_ACTION_RECORD,
)

CALL = _element(
    "Call", _several(CALL_RECORD), _several(NOTE), may("AgentCall", BOOLEAN), base=_ACTION
)

TEXT_RECORD = _element("TextRecord", need("Message", STRING), base=_ACTION_RECORD)
TEXT = _element("Text", may("Message", STRING), _several(TEXT_RECORD), base=_ACTION)

AUTO_REPLY = _element(
    "AutoReply",
    need("Number", PHONE_NUMBER),
    may("Keyword", STRING),
    need("Match", STRING),
    need("Message", STRING),
    attributes=(_ID,),
)

SUBSCRIPTION = _element(
    "Subscription",
    may("Enabled", BOOLEAN),
    may("NonStrictSsl", BOOLEAN),
    may("Endpoint", ANY_URI),
    may("NotificationFormat", NOTIFICATION_FORMAT, default="XML"),
    may("TriggerEvent", TRIGGER_EVENT),
    may(
        "SubscriptionFilter",
        _type(
            "",
            may("BroadcastId", LONG),
            may("BatchId", LONG),
            may("FromNumber", PHONE_NUMBER),
            may("ToNumber", PHONE_NUMBER),
            may("Inbound", BOOLEAN),
        ),
    ),
    attributes=(_ID,),
)

CONTACT = Element(
    name="Contact",
    space=DATA,
    type=Complex(
        space=DATA,
        attributes=(
            _ID,
            Attribute(name="firstName", type=STRING),
            Attribute(name="lastName", type=STRING),
            Attribute(name="zipcode", type=STRING),
            Attribute(name="homePhone", type=PHONE_NUMBER),
            Attribute(name="workPhone", type=PHONE_NUMBER),
            Attribute(name="mobilePhone", type=PHONE_NUMBER),
            Attribute(name="externalId", type=STRING),
            Attribute(name="externalSystem", type=STRING),
        ),
        open_attributes=True,
    ),
)

CONTACT_HISTORY = Element(
    name="ContactHistory",
    space=DATA,
    type=Complex(space=DATA, content=(_several(CALL), _several(TEXT)), mixture=True),
)

CONTACT_LIST = _element(
    "ContactList",
    need("Name", STRING),
    need("Size", INTEGER),
    need("Created", DATE_TIME),
    need("Status", CONTACT_LIST_STATUS),
    attributes=(_OWN_ID,),
)

DNC_NUMBER = _element(
    "DncNumber",
    need("Number", PHONE_NUMBER),
    may("DncListId", LONG),
    need("CallDnc", BOOLEAN),
    need("TextDnc", BOOLEAN),
)

DNC_LIST = _element(
    "DncList",
    may("CampaignId", LONG),
    need("Name", STRING),
    need("Size", INT),
    attributes=(_OWN_ID,),
)

REGION = _element(
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

LEASE_INFO = _element(
    "LeaseInfo", may("LeaseBegin", DATE), may("LeaseEnd", DATE), need("AutoRenew", BOOLEAN)
)

NUMBER_CONFIGURATION = _element(
    "NumberConfiguration",
    may("CallFeature", NUMBER_FEATURE),
    may("TextFeature", NUMBER_FEATURE),
    may("InboundCallConfigurationType", INBOUND_TYPE),
    may(
        "InboundCallConfiguration",
        _type(
            "",
            Choice(
                options=((_refer(CALL_TRACKING_CONFIG),), (_refer(IVR_INBOUND_CONFIG),)),
                selector="InboundCallConfigurationType",
                selected={"TRACKING": "CallTrackingConfig", "IVR": "IvrInboundConfig"},
            ),
        ),
    ),
)

NUMBER = _element(
    "Number",
    need("Number", PHONE_NUMBER),
    need("NationalFormat", STRING),
    need("TollFree", BOOLEAN),
    _maybe(REGION),
    may("Status", NUMBER_STATUS),
    _maybe(LEASE_INFO),
    _maybe(NUMBER_CONFIGURATION),
)

KEYWORD = _element(
    "Keyword",
    need("ShortCode", PHONE_NUMBER),
    need("Keyword", STRING),
    may("Status", NUMBER_STATUS),
    _maybe(LEASE_INFO),
)

_NUMBER_ORDER_ITEM = _type(
    "NumberOrderItem",
    need("Ordered", INT),
    need("UnitCost", FLOAT),
    may("Fulfilled", ListOf(item=STRING)),
)

NUMBER_ORDER = _element(
    "NumberOrder",
    need("Status", ORDER_STATUS),
    need("Created", DATE_TIME),
    need("TotalCost", FLOAT),
    may("LocalNumbers", _NUMBER_ORDER_ITEM),
    may("TollFreeNumbers", _NUMBER_ORDER_ITEM),
    may("Keywords", _NUMBER_ORDER_ITEM),
    attributes=(_OWN_ID,),
)

CALLER_ID = Element(name="CallerId", space=DATA, type=PHONE_NUMBER)
VERIFIED = Element(name="Verified", space=DATA, type=BOOLEAN)

DATA_TYPES: tuple[Complex, ...] = (
    _INBOUND_CONFIG,
    _BROADCAST_CONFIG,
    TO_NUMBER,
    _ACTION_RECORD,
    _ACTION,
    _NUMBER_ORDER_ITEM,
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
