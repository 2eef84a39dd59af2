"""Broadcasts, with what they are made of, their batches, schedules and numbers."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.data_types.building import (
    ID,
    OWN_ID,
    data_element,
    data_type,
    either,
    maybe,
    refer,
)
from ringcast.apis.callfire_1_1.schema import Choice, ListOf, many, may, need
from ringcast.apis.callfire_1_1.simple_types import (
    ANSWERING_MACHINE_CONFIG,
    BATCH_STATUS,
    BIG_MESSAGE_STRATEGY,
    BOOLEAN,
    BROADCAST_STATUS,
    BROADCAST_TYPE,
    DATE,
    DATE_TIME,
    DAY_OF_WEEK,
    FLOAT,
    INT,
    LONG,
    PHONE_DIGIT,
    PHONE_NUMBER,
    RESULT,
    RETRY_PHONE_TYPE,
    STRING,
    TIME,
    VOICE,
)

__all__ = [
    "BROADCAST",
    "BROADCAST_CONFIG",
    "BROADCAST_SCHEDULE",
    "BROADCAST_STATS",
    "CCC_BROADCAST_CONFIG",
    "CONTACT_BATCH",
    "IVR_BROADCAST_CONFIG",
    "LOCAL_TIME_ZONE_RESTRICTION",
    "TEXT_BROADCAST_CONFIG",
    "VOICE_BROADCAST_CONFIG",
]

LOCAL_TIME_ZONE_RESTRICTION = data_element(
    "LocalTimeZoneRestriction",
    may("BeginTime", TIME, rest=("LocalRestrictBegin",)),
    may("EndTime", TIME, rest=("LocalRestrictEnd",)),
)

BROADCAST_CONFIG = data_type(
    "BroadcastConfig",
    may("Created", DATE_TIME),
    may("FromNumber", PHONE_NUMBER, rest=("From",)),
    maybe(LOCAL_TIME_ZONE_RESTRICTION),
    may(
        "RetryConfig",
        data_type(
            "",
            may("MaxAttempts", INT, default="1"),
            may("MinutesBetweenAttempts", INT, default="60"),
            need("RetryResults", ListOf(item=RESULT)),
            may("RetryPhoneTypes", ListOf(item=RETRY_PHONE_TYPE)),
        ),
    ),
    attributes=(ID,),
    abstract=True,
)

VOICE_BROADCAST_CONFIG = data_element(
    "VoiceBroadcastConfig",
    may("AnsweringMachineConfig", ANSWERING_MACHINE_CONFIG),
    either(need("LiveSoundText", STRING), need("LiveSoundId", LONG)),
    may("LiveSoundTextVoice", VOICE),
    either(need("MachineSoundText", STRING), need("MachineSoundId", LONG)),
    may("MachineSoundTextVoice", VOICE),
    either(need("TransferSoundText", STRING), need("TransferSoundId", LONG)),
    may("TransferSoundTextVoice", VOICE),
    may("TransferDigit", PHONE_DIGIT),
    may("TransferNumber", PHONE_NUMBER),
    either(need("DncSoundText", STRING), need("DncSoundId", LONG)),
    may("DncSoundTextVoice", VOICE),
    may("DncDigit", PHONE_DIGIT),
    may("MaxActiveTransfers", INT),
    base=BROADCAST_CONFIG,
)

TEXT_BROADCAST_CONFIG = data_element(
    "TextBroadcastConfig",
    need("Message", STRING),
    may("BigMessageStrategy", BIG_MESSAGE_STRATEGY, default="SEND_MULTIPLE"),
    base=BROADCAST_CONFIG,
)

IVR_BROADCAST_CONFIG = data_element(
    "IvrBroadcastConfig", may("DialplanXml", STRING), base=BROADCAST_CONFIG
)

CCC_BROADCAST_CONFIG = data_element(
    "CccBroadcastConfig",
    may("AgentGroupId", LONG),
    may("SmartDropSoundId", LONG),
    may("ScriptId", LONG),
    may("TransferNumberIdList", ListOf(item=LONG)),
    may("AllowAnyTransfer", BOOLEAN),
    may("TransferCallerId", PHONE_NUMBER),
    may("Recorded", BOOLEAN),
    base=BROADCAST_CONFIG,
)

BROADCAST = data_element(
    "Broadcast",
    may("Name", STRING),
    may("Status", BROADCAST_STATUS),
    may("LastModified", DATE_TIME),
    may("Type", BROADCAST_TYPE),
    many("Label", STRING),
    may("ResumeNextDay", BOOLEAN),
    Choice(
        options=(
            (refer(VOICE_BROADCAST_CONFIG),),
            (refer(TEXT_BROADCAST_CONFIG),),
            (refer(IVR_BROADCAST_CONFIG),),
            (refer(CCC_BROADCAST_CONFIG),),
        ),
        selector="Type",
        selected={
            "VOICE": "VoiceBroadcastConfig",
            "TEXT": "TextBroadcastConfig",
            "IVR": "IvrBroadcastConfig",
            "CCC": "CccBroadcastConfig",
        },
    ),
    attributes=(ID,),
)

CONTACT_BATCH = data_element(
    "ContactBatch",
    need("Name", STRING),
    need("Status", BATCH_STATUS),
    need("BroadcastId", LONG),
    need("Created", DATE_TIME),
    may("Size", INT),
    may("Remaining", INT),
    attributes=(OWN_ID,),
)

BROADCAST_SCHEDULE = data_element(
    "BroadcastSchedule",
    need("StartTimeOfDay", TIME),
    need("StopTimeOfDay", TIME),
    need("TimeZone", STRING),
    may("BeginDate", DATE),
    may("EndDate", DATE),
    need("DaysOfWeek", ListOf(item=DAY_OF_WEEK)),
    attributes=(ID,),
)

BROADCAST_STATS = data_element(
    "BroadcastStats",
    need(
        "UsageStats",
        data_type(
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
        data_type("", need("Result", RESULT), need("Attempts", INT), need("Actions", INT)),
    ),
    need(
        "ActionStatistics",
        data_type("", need("Unattempted", INT), need("RetryWait", INT), need("Finished", INT)),
    ),
)
