"""CallFire's simple types: those of May 2014, with the values that were added later at the end."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.schema import DATA, SERVICE, Kind, ListOf, Simple

__all__ = [
    "ACTION_STATE",
    "ANSWERING_MACHINE_CONFIG",
    "ANY_URI",
    "BATCH_STATUS",
    "BIG_MESSAGE_STRATEGY",
    "BINARY",
    "BOOLEAN",
    "BROADCAST_COMMAND",
    "BROADCAST_STATUS",
    "BROADCAST_TYPE",
    "CONTACT_LIST_STATUS",
    "DATE",
    "DATE_TIME",
    "DAY_OF_WEEK",
    "FAULT_CODE",
    "FLOAT",
    "ID_LIST",
    "INBOUND_TYPE",
    "INT",
    "INTEGER",
    "KEYWORD_LIST",
    "LONG",
    "NAMED",
    "NOTIFICATION_FORMAT",
    "NUMBER_FEATURE",
    "NUMBER_STATUS",
    "ORDER_STATUS",
    "PHONE_DIGIT",
    "PHONE_NUMBER",
    "PHONE_NUMBER_LIST",
    "RESULT",
    "RETRY_PHONE_TYPE",
    "SOUND_FORMAT",
    "SOUND_STATUS",
    "STRING",
    "TIME",
    "TRIGGER_EVENT",
    "VERIFICATION_CODE",
    "VOICE",
]

STRING = Simple(name="string", kind=Kind.TEXT)
ANY_URI = Simple(name="anyURI", kind=Kind.TEXT)
LONG = Simple(name="long", kind=Kind.INTEGER, least=-(2**63), most=2**63 - 1)
INT = Simple(name="int", kind=Kind.INTEGER, least=-(2**31), most=2**31 - 1)
INTEGER = Simple(name="integer", kind=Kind.INTEGER)
FLOAT = Simple(name="float", kind=Kind.FLOAT)
BOOLEAN = Simple(name="boolean", kind=Kind.BOOLEAN)
DATE_TIME = Simple(name="dateTime", kind=Kind.MOMENT)
TIME = Simple(name="time", kind=Kind.TIME)
DATE = Simple(name="date", kind=Kind.DATE)
BINARY = Simple(name="base64Binary", kind=Kind.BINARY)


def _words(name: str, values: str, *, space: str = DATA) -> Simple:
    return Simple(name=name, kind=Kind.TEXT, space=space, values=tuple(values.split()))


PHONE_DIGIT = Simple(name="PhoneDigit", kind=Kind.TEXT, space=DATA, pattern=r"[0-9#\*]")
PHONE_NUMBER = Simple(
    name="PhoneNumber", kind=Kind.PHONE, space=DATA, pattern=r"([a-zA-Z_]+)|(\+?[0-9]+)"
)
VERIFICATION_CODE = Simple(name="VerificationCode", kind=Kind.TEXT, space=DATA, pattern=r"[0-9]{4}")
PHONE_NUMBER_LIST = ListOf(item=PHONE_NUMBER, name="PhoneNumberList", space=DATA)
KEYWORD_LIST = ListOf(item=STRING, name="KeywordList", space=DATA)
ID_LIST = ListOf(item=LONG, name="IdList", space=SERVICE)

ACTION_STATE = _words(
    "ActionState",
    "READY SELECTED FINISHED DNC DUP INVALID TIMEOUT CALLBACK DISABLED SKIPPED PERIOD_LIMIT",
)
RESULT = _words(
    "Result",
    "LA AM BUSY DNC XFER XFER_LEG NO_ANS UNDIALED SENT RECEIVED DNT TOO_BIG INTERNAL_ERROR"
    " CARRIER_ERROR CARRIER_TEMP_ERROR SD POSTPONED ABANDONED SKIPPED INVALID_NUMBER",
)
RETRY_PHONE_TYPE = _words("RetryPhoneType", "FIRST_NUMBER HOME_PHONE WORK_PHONE MOBILE_PHONE")
BROADCAST_TYPE = _words("BroadcastType", "VOICE IVR TEXT CCC")
INBOUND_TYPE = _words("InboundType", "TRACKING IVR")
DAY_OF_WEEK = _words("DayOfWeek", "SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY")
BROADCAST_STATUS = _words(
    "BroadcastStatus",
    "START_PENDING RUNNING STOPPED FINISHED ARCHIVED TEST SETUP SCHEDULED SUSPENDED"
    " VALIDATING_EMAIL VALIDATING_START BLOCKED_SUSPICIOUS APPROVED DECLINED PAUSED CANCELED",
)
BATCH_STATUS = _words("BatchStatus", "NEW VALIDATING ERRORS SOURCE_ERROR ACTIVE")
CONTACT_LIST_STATUS = _words(
    "ContactListStatus",
    "ACTIVE VALIDATING ERRORS DELETED PARSE_FAILED COLUMN_TOO_LARGE IMPORTING IMPORT_FAILED",
)
ANSWERING_MACHINE_CONFIG = _words(
    "AnsweringMachineConfig", "AM_ONLY AM_AND_LIVE LIVE_WITH_AMD LIVE_IMMEDIATE"
)
BIG_MESSAGE_STRATEGY = _words("BigMessageStrategy", "SEND_MULTIPLE DO_NOT_SEND TRIM")
NOTIFICATION_FORMAT = _words("NotificationFormat", "XML JSON SOAP EMAIL LEGACY")
TRIGGER_EVENT = _words(
    "SubscriptionTriggerEvent",
    "UNDEFINED_EVENT INBOUND_CALL_FINISHED INBOUND_TEXT_FINISHED OUTBOUND_CALL_FINISHED"
    " OUTBOUND_TEXT_FINISHED CAMPAIGN_STARTED CAMPAIGN_STOPPED CAMPAIGN_FINISHED",
)
NUMBER_STATUS = _words("NumberStatus", "PENDING ACTIVE RELEASED UNAVAILABLE")
NUMBER_FEATURE = _words("NumberFeature", "UNSUPPORTED PENDING DISABLED ENABLED")
ORDER_STATUS = _words(
    "OrderStatus",
    "NEW PROCESSING FINISHED ERRORED VOID WAIT_FOR_PAYMENT ADJUSTED APPROVE_TIER_ONE"
    " APPROVE_TIER_TWO REJECTED",
)
SOUND_STATUS = _words("SoundStatus", "PENDING ACTIVE FAILED ARCHIVED")
VOICE = _words("Voice", "MALE1 FEMALE1 FEMALE2 SPANISH1 FRENCHCANADIAN1")

FAULT_CODE = _words(
    "FaultCode",
    "BAD_REQUEST FORBIDDEN NOT_FOUND UNAVAILABLE TIMEOUT NOT_IMPLEMENTED",
    space=SERVICE,
)
BROADCAST_COMMAND = _words("BroadcastCommand", "START STOP ARCHIVE", space=SERVICE)
SOUND_FORMAT = _words("SoundFormat", "WAV MP3", space=SERVICE)

NAMED: tuple[Simple | ListOf, ...] = (
    PHONE_DIGIT,
    PHONE_NUMBER,
    VERIFICATION_CODE,
    PHONE_NUMBER_LIST,
    KEYWORD_LIST,
    ACTION_STATE,
    RESULT,
    RETRY_PHONE_TYPE,
    BROADCAST_TYPE,
    INBOUND_TYPE,
    DAY_OF_WEEK,
    BROADCAST_STATUS,
    BATCH_STATUS,
    CONTACT_LIST_STATUS,
    ANSWERING_MACHINE_CONFIG,
    BIG_MESSAGE_STRATEGY,
    NOTIFICATION_FORMAT,
    TRIGGER_EVENT,
    NUMBER_STATUS,
    NUMBER_FEATURE,
    ORDER_STATUS,
    SOUND_STATUS,
    VOICE,
    ID_LIST,
    FAULT_CODE,
    BROADCAST_COMMAND,
    SOUND_FORMAT,
)
"""The simple types that schemas have to define, of both namespaces."""
