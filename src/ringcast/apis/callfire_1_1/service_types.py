"""CallFire's requests and what answers them: what is in its namespace `service/xsd`.

The May 2014 schema, with the members and operations that were added later. Of operations that no
schema of the vendor's shows, the elements are ours, made of its documentation of the parameters.
"""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import (
    SERVICE,
    Attribute,
    Choice,
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
    BINARY,
    BOOLEAN,
    BROADCAST_COMMAND,
    BROADCAST_TYPE,
    DATE_TIME,
    FAULT_CODE,
    ID_LIST,
    INT,
    KEYWORD_LIST,
    LONG,
    PHONE_NUMBER,
    PHONE_NUMBER_LIST,
    RESULT,
    SOUND_FORMAT,
    STRING,
    VERIFICATION_CODE,
    VOICE,
)

__all__ = [
    "CREATED_ID",
    "FAULT",
    "RECORDING_DATA",
    "SERVICE_ELEMENTS",
    "SERVICE_TYPES",
    "SOUND_DATA",
    "request",
    "result",
]


def _type(
    name: str, *content: Content, base: Complex | None = None, abstract: bool = False
) -> Complex:
    return Complex(space=SERVICE, name=name, content=content, base=base, abstract=abstract)


def _element(name: str, type_: Simple | Complex) -> Element:
    return Element(name=name, space=SERVICE, type=type_)


_REQUEST_ID = may("RequestId", ANY_URI)

_QUERY_RESULT = _type("QueryResult", need("TotalResults", LONG), abstract=True)
_ID_REQUEST = _type("IdRequest", need("Id", LONG))
_QUERY = _type(
    "Query", may("MaxResults", LONG, default="1000"), may("FirstResult", LONG, default="0")
)
_SEND_REQUEST = _type(
    "SendRequest",
    _REQUEST_ID,
    may("Type", BROADCAST_TYPE),
    may("BroadcastName", STRING, default="API Send"),
    many("ToNumber", data.TO_NUMBER, least=1, rest=("To",)),
    may("ScrubBroadcastDuplicates", BOOLEAN, default="false"),
    many("Label", STRING),
    abstract=True,
)
_ACTION_QUERY = _type(
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
    base=_QUERY,
)
_BROADCAST_REQUEST = _type("BroadcastRequest", _REQUEST_ID, need("Broadcast", data.BROADCAST))
_SUBSCRIPTION_REQUEST = _type(
    "SubscriptionRequest", _REQUEST_ID, need("Subscription", data.SUBSCRIPTION)
)
_REGION_QUERY = _type("RegionQuery", need("Region", data.REGION), base=_QUERY)
_ID_LABEL_REQUEST = _type("IdLabelRequest", need("LabelName", STRING), base=_ID_REQUEST)
_NUMBER_LABEL_REQUEST = _type(
    "NumberLabelRequest", need("Number", PHONE_NUMBER), need("LabelName", STRING)
)

_CONTACT_SOURCE = _element(
    "ContactSource",
    _type(
        "",
        Choice(
            options=(
                (many("Contact", data.CONTACT, least=1),),
                (need("ContactId", ID_LIST),),
                (need("File", BINARY),),
                (
                    need(
                        "Numbers",
                        Complex(
                            space=SERVICE,
                            text=PHONE_NUMBER_LIST,
                            attributes=(
                                Attribute(name="fieldName", type=STRING, default="homePhone"),
                            ),
                        ),
                    ),
                ),
            )
        ),
    ),
)
_CONTACT_LIST_REQUEST = _type(
    "ContactListRequest",
    need("ContactListId", LONG),
    may("Validate", BOOLEAN, default="true"),
    need("ContactSource", _CONTACT_SOURCE),
)

_CONFIG_OF_CALLS = Choice(
    options=(
        (need("VoiceBroadcastConfig", data.VOICE_BROADCAST_CONFIG),),
        (need("IvrBroadcastConfig", data.IVR_BROADCAST_CONFIG),),
    ),
    selector="Type",
    selected={"VOICE": "VoiceBroadcastConfig", "IVR": "IvrBroadcastConfig"},
)

CREATED_ID = _element("CreatedId", LONG)
FAULT = _element(
    "ServiceFaultInfo",
    _type("", need("FaultCode", FAULT_CODE), may("Message", STRING), may("Detail", STRING)),
)
SOUND_DATA = _element("SoundData", BINARY)
RECORDING_DATA = _element("RecordingData", BINARY)

_REQUESTS: tuple[Element, ...] = (
    # Call
    _element("SendCall", _type("", may("MaxActive", INT), _CONFIG_OF_CALLS, base=_SEND_REQUEST)),
    _element("QueryCalls", _ACTION_QUERY),
    _element("GetCall", _ID_REQUEST),
    _element(
        "CreateSound",
        _type(
            "",
            may("Name", STRING),
            Choice(
                options=(
                    (need("Data", BINARY),),
                    (need("RecordingCall", _type("", need("ToNumber", PHONE_NUMBER))),),
                    (need("SoundText", STRING),),
                )
            ),
            may("SoundTextVoice", VOICE, default="FEMALE1"),
        ),
    ),
    _element("QuerySoundMeta", _QUERY),
    _element("GetSoundMeta", _ID_REQUEST),
    _element(
        "GetSoundData", _type("", may("Format", SOUND_FORMAT, default="MP3"), base=_ID_REQUEST)
    ),
    _element(
        "GetRecordingData",
        _type(
            "",
            Choice(
                options=(
                    (need("CallId", LONG), need("Name", STRING)),
                    (need("RecordingId", LONG),),
                )
            ),
            may("Format", SOUND_FORMAT, default="MP3"),
        ),
    ),
    _element(
        "SendVerificationCodeToCallerId",
        _type("", _REQUEST_ID, need("CallerId", PHONE_NUMBER)),
    ),
    _element(
        "VerifyCallerId",
        _type("", need("CallerId", PHONE_NUMBER), need("VerificationCode", VERIFICATION_CODE)),
    ),
    _element("GetCallerIds", _QUERY),
    # Broadcast
    _element("CreateBroadcast", _BROADCAST_REQUEST),
    _element(
        "QueryBroadcasts",
        _type(
            "",
            may("Type", ListOf(item=BROADCAST_TYPE)),
            may("Running", BOOLEAN),
            may("LabelName", STRING),
            base=_QUERY,
        ),
    ),
    _element("GetBroadcast", _ID_REQUEST),
    _element("UpdateBroadcast", _BROADCAST_REQUEST),
    _element(
        "GetBroadcastStats",
        _type(
            "",
            may("IntervalBegin", DATE_TIME),
            may("IntervalEnd", DATE_TIME),
            base=_ID_REQUEST,
        ),
    ),
    _element(
        "ControlBroadcast",
        _type(
            "",
            _REQUEST_ID,
            may("Command", BROADCAST_COMMAND),
            may("MaxActive", INT),
            base=_ID_REQUEST,
        ),
    ),
    _element(
        "CreateContactBatch",
        _type(
            "",
            _REQUEST_ID,
            need("BroadcastId", LONG),
            may("Name", STRING, default="API Contact Batch"),
            Choice(
                options=(
                    (many("ToNumber", data.TO_NUMBER, least=1, rest=("To",)),),
                    (need("ContactListId", LONG),),
                )
            ),
            may("ScrubBroadcastDuplicates", BOOLEAN, default="false"),
            may("Start", BOOLEAN),
        ),
    ),
    _element("QueryContactBatches", _type("", need("BroadcastId", LONG), base=_QUERY)),
    _element("GetContactBatch", _ID_REQUEST),
    _element(
        "ControlContactBatch",
        _type("", may("Name", STRING), may("Enabled", BOOLEAN), base=_ID_REQUEST),
    ),
    _element(
        "CreateBroadcastSchedule",
        _type(
            "",
            _REQUEST_ID,
            need("BroadcastId", LONG),
            need("BroadcastSchedule", data.BROADCAST_SCHEDULE),
        ),
    ),
    _element("QueryBroadcastSchedules", _type("", need("BroadcastId", LONG), base=_QUERY)),
    _element("GetBroadcastSchedule", _ID_REQUEST),
    _element("DeleteBroadcastSchedule", _ID_REQUEST),
    # Subscription
    _element("CreateSubscription", _SUBSCRIPTION_REQUEST),
    _element("QuerySubscriptions", _QUERY),
    _element("GetSubscription", _ID_REQUEST),
    _element("UpdateSubscription", _SUBSCRIPTION_REQUEST),
    _element("DeleteSubscription", _ID_REQUEST),
    # Contact
    _element(
        "QueryContacts",
        _type(
            "",
            may("Field", STRING),
            may("ContactListId", LONG),
            may("String", STRING),
            base=_QUERY,
        ),
    ),
    _element("UpdateContacts", _type("", many("Contact", data.CONTACT))),
    _element("RemoveContacts", _type("", need("ContactId", ID_LIST))),
    _element("GetContact", _ID_REQUEST),
    _element("GetContactHistory", _type("", need("ContactId", LONG), base=_QUERY)),
    _element(
        "CreateContactList",
        _type(
            "",
            _REQUEST_ID,
            need("Name", STRING),
            may("Validate", BOOLEAN, default="true"),
            need("ContactSource", _CONTACT_SOURCE),
        ),
    ),
    _element("QueryContactLists", _QUERY),
    _element("GetContactList", _ID_REQUEST),
    _element("DeleteContactList", _ID_REQUEST),
    _element("AddContactsToList", _CONTACT_LIST_REQUEST),
    _element(
        "RemoveContactsFromList",
        _type(
            "",
            need("ContactListId", LONG),
            Choice(options=((need("ContactId", ID_LIST),), (need("Numbers", PHONE_NUMBER_LIST),))),
        ),
    ),
    _element(
        "QueryDncNumbers",
        _type(
            "",
            may("Prefix", STRING),
            may("DncListId", LONG),
            may("DncListName", STRING),
            may("CallDnc", BOOLEAN),
            may("TextDnc", BOOLEAN),
            base=_QUERY,
        ),
    ),
    _element(
        "UpdateDncNumber",
        _type("", need("Number", PHONE_NUMBER), may("CallDnc", BOOLEAN), may("TextDnc", BOOLEAN)),
    ),
    _element("QueryDncLists", _QUERY),
    _element(
        "CreateDncList",
        _type(
            "",
            _REQUEST_ID,
            need("Name", STRING),
            may("CampaignId", LONG),
            may("CallDnc", BOOLEAN),
            may("TextDnc", BOOLEAN),
            may("Numbers", PHONE_NUMBER_LIST),
        ),
    ),
    _element("GetDncList", _ID_REQUEST),
    _element("DeleteDncList", _ID_REQUEST),
    _element(
        "AddNumbersToDncList",
        _type(
            "",
            need("Numbers", PHONE_NUMBER_LIST),
            may("CallDnc", BOOLEAN),
            may("TextDnc", BOOLEAN),
            base=_ID_REQUEST,
        ),
    ),
    _element(
        "RemoveNumbersFromDncList",
        _type("", need("Numbers", PHONE_NUMBER_LIST), base=_ID_REQUEST),
    ),
    # Number
    _element("QueryRegions", _REGION_QUERY),
    _element("QueryNumbers", _type("", may("LabelName", STRING), base=_REGION_QUERY)),
    _element("GetNumber", _type("", need("Number", PHONE_NUMBER))),
    _element(
        "ConfigureNumber",
        _type(
            "",
            need("Number", PHONE_NUMBER),
            need("NumberConfiguration", data.NUMBER_CONFIGURATION),
        ),
    ),
    _element(
        "SearchAvailableNumbers",
        _type(
            "",
            may("Region", data.REGION),
            may("TollFree", BOOLEAN, default="false"),
            need("Count", INT),
        ),
    ),
    _element("QueryKeywords", _QUERY),
    _element("SearchAvailableKeywords", _type("", need("Keywords", KEYWORD_LIST))),
    _element(
        "CreateNumberOrder",
        _type(
            "",
            may("Numbers", PHONE_NUMBER_LIST),
            may("Keywords", KEYWORD_LIST),
            may(
                "BulkLocal",
                _type("", need("Count", INT, rest=("localCount",)), need("Region", data.REGION)),
            ),
            may("BulkTollFree", _type("", need("Count", INT, rest=("tollFreeCount",)))),
        ),
    ),
    _element("GetNumberOrder", _ID_REQUEST),
    _element("Release", _type("", need("Number", PHONE_NUMBER), may("Keyword", STRING))),
    # Label
    _element("DeleteLabel", _type("", need("LabelName", STRING))),
    _element("QueryLabels", _QUERY),
    _element("LabelBroadcast", _ID_LABEL_REQUEST),
    _element("UnlabelBroadcast", _ID_LABEL_REQUEST),
    _element("LabelNumber", _NUMBER_LABEL_REQUEST),
    _element("UnlabelNumber", _NUMBER_LABEL_REQUEST),
    # Text
    _element(
        "SendText",
        _type(
            "",
            need("TextBroadcastConfig", data.TEXT_BROADCAST_CONFIG),
            may("BroadcastId", LONG),
            may("UseDefaultBroadcast", BOOLEAN, default="false"),
            base=_SEND_REQUEST,
        ),
    ),
    _element("QueryTexts", _ACTION_QUERY),
    _element("GetText", _ID_REQUEST),
    _element("CreateAutoReply", _type("", _REQUEST_ID, need("AutoReply", data.AUTO_REPLY))),
    _element("QueryAutoReplies", _type("", may("Number", PHONE_NUMBER), base=_QUERY)),
    _element("GetAutoReply", _ID_REQUEST),
    _element("DeleteAutoReply", _ID_REQUEST),
)


def _result(name: str, item: Element) -> Element:
    return _element(name, _type("", many(item.name, item), base=_QUERY_RESULT))


_RESULTS: tuple[Element, ...] = (
    _result("BroadcastQueryResult", data.BROADCAST),
    _result("ContactBatchQueryResult", data.CONTACT_BATCH),
    _result("BroadcastScheduleQueryResult", data.BROADCAST_SCHEDULE),
    _result("SubscriptionQueryResult", data.SUBSCRIPTION),
    _result("TextQueryResult", data.TEXT),
    _result("AutoReplyQueryResult", data.AUTO_REPLY),
    _result("CallQueryResult", data.CALL),
    _result("SoundMetaQueryResult", data.SOUND_META),
    _result("CallerIdQueryResult", data.CALLER_ID),
    _result("ContactQueryResult", data.CONTACT),
    _result("ContactListQueryResult", data.CONTACT_LIST),
    _result("DncNumberQueryResult", data.DNC_NUMBER),
    _result("DncListQueryResult", data.DNC_LIST),
    _result("RegionQueryResult", data.REGION),
    _result("NumberQueryResult", data.NUMBER),
    _result("KeywordQueryResult", data.KEYWORD),
    _result("LabelQueryResult", data.LABEL),
)

SERVICE_TYPES: tuple[Complex, ...] = (
    _QUERY_RESULT,
    _ID_REQUEST,
    _QUERY,
    _SEND_REQUEST,
    _ACTION_QUERY,
    _BROADCAST_REQUEST,
    _SUBSCRIPTION_REQUEST,
    _REGION_QUERY,
    _ID_LABEL_REQUEST,
    _NUMBER_LABEL_REQUEST,
    _CONTACT_LIST_REQUEST,
)

SERVICE_ELEMENTS: tuple[Element, ...] = (
    FAULT,
    CREATED_ID,
    SOUND_DATA,
    RECORDING_DATA,
    _CONTACT_SOURCE,
    *_REQUESTS,
    *_RESULTS,
)

_BY_NAME = {one.name: one for one in SERVICE_ELEMENTS}


def request(name: str) -> Element:
    """Return the element that asks for an operation."""
    return _BY_NAME[name]


def result(name: str) -> Element:
    """Return the element of a list of results."""
    return _BY_NAME[name]
