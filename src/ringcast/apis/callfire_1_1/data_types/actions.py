"""Calls and texts, with the records of their attempts; sounds and recordings."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.data_types.building import (
    ID,
    OWN_ID,
    data_element,
    data_type,
    several,
)
from ringcast.apis.callfire_1_1.schema import DATA, Attribute, Complex, many, may, need
from ringcast.apis.callfire_1_1.simple_types import (
    ACTION_STATE,
    BOOLEAN,
    DATE_TIME,
    FLOAT,
    INT,
    LONG,
    PHONE_NUMBER,
    RESULT,
    SOUND_STATUS,
    STRING,
)

__all__ = [
    "ACTION",
    "ACTION_RECORD",
    "AUTO_REPLY",
    "CALL",
    "CALL_RECORD",
    "LABEL",
    "NOTE",
    "RECORDING_META",
    "SOUND_META",
    "TEXT",
    "TEXT_RECORD",
    "TO_NUMBER",
]

LABEL = data_element("Label", need("Name", STRING))

TO_NUMBER = Complex(
    space=DATA,
    name="ToNumber",
    text=PHONE_NUMBER,
    attributes=(Attribute(name="ClientData", type=STRING),),
    open_attributes=True,
)

ACTION = data_type(
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
    several(LABEL),
    attributes=(OWN_ID,),
)

ACTION_RECORD = data_type(
    "ActionRecord",
    need("Result", RESULT),
    need("FinishTime", DATE_TIME),
    need("BilledAmount", FLOAT),
    may("SwitchId", STRING),
    may("CallerName", STRING),
    many("QuestionResponse", data_type("", need("Question", STRING), need("Response", STRING))),
    attributes=(OWN_ID,),
    abstract=True,
)

NOTE = data_element("Note", need("Text", STRING), need("Created", DATE_TIME))

RECORDING_META = data_element(
    "RecordingMeta",
    need("Name", STRING),
    need("Created", DATE_TIME),
    may("LengthInSeconds", INT),
    may("Link", STRING),
    attributes=(OWN_ID,),
)

SOUND_META = data_element(
    "SoundMeta",
    need("Status", SOUND_STATUS),
    need("Name", STRING),
    need("Created", DATE_TIME),
    may("LengthInSeconds", INT),
    attributes=(OWN_ID,),
)

CALL_RECORD = data_element(
    "CallRecord",
    may("OriginateTime", DATE_TIME),
    may("AnswerTime", DATE_TIME),
    need("Duration", INT),
    several(RECORDING_META),
    several(NOTE),
    base=ACTION_RECORD,
)

CALL = data_element(
    "Call", several(CALL_RECORD), several(NOTE), may("AgentCall", BOOLEAN), base=ACTION
)

TEXT_RECORD = data_element("TextRecord", need("Message", STRING), base=ACTION_RECORD)

TEXT = data_element("Text", may("Message", STRING), several(TEXT_RECORD), base=ACTION)

AUTO_REPLY = data_element(
    "AutoReply",
    need("Number", PHONE_NUMBER),
    may("Keyword", STRING),
    need("Match", STRING),
    need("Message", STRING),
    attributes=(ID,),
)
