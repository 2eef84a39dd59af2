"""CallFire's operations of version 1.1, those that this system has and those that it has not.

Names and paths are the vendor's; from this table come the routes of REST, the operations of SOAP,
the WSDL and the coverage page.
"""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1 import handlers_broadcasts as broadcasts
from ringcast.apis.callfire_1_1 import handlers_calls as calls
from ringcast.apis.callfire_1_1 import handlers_contacts as contacts
from ringcast.apis.callfire_1_1 import handlers_dnc as dnc
from ringcast.apis.callfire_1_1 import handlers_labels as labels
from ringcast.apis.callfire_1_1 import handlers_numbers as numbers
from ringcast.apis.callfire_1_1 import handlers_subscriptions as subscriptions
from ringcast.apis.callfire_1_1.operation import Handler, Operation
from ringcast.apis.callfire_1_1.schema import Element
from ringcast.apis.callfire_1_1.service_types import (
    CREATED_ID,
    RECORDING_DATA,
    SOUND_DATA,
    request,
    result,
)

__all__ = ["OPERATIONS", "SERVICES"]

SERVICES = ("broadcast", "subscription", "text", "call", "contact", "number", "label")
"""The ports, in the vendor's order."""

_VOICE_ONLY = "this system makes telephone calls, and neither sends nor receives messages"
_NO_SHOP = "numbers come with your trunk: the operator adds them with `ringcast number add`"


def _creates(
    service: str,
    name: str,
    path: str,
    handler: Handler | None = None,
    *,
    location: str = "",
    notes: str = "",
    why: str = "",
) -> Operation:
    return Operation(
        service=service,
        name=name,
        request=request(name),
        response=CREATED_ID,
        method="POST",
        path=path,
        handler=handler,
        location=location,
        notes=notes,
        why=why,
    )


def _finds(
    service: str,
    name: str,
    path: str,
    item: Element,
    handler: Handler | None = None,
    *,
    method: str = "GET",
    notes: str = "",
    why: str = "",
) -> Operation:
    return Operation(
        service=service,
        name=name,
        request=request(name),
        response=item,
        item=item,
        method=method,
        path=path,
        handler=handler,
        notes=notes,
        why=why,
    )


def _lists(
    service: str,
    name: str,
    path: str,
    item: Element,
    handler: Handler | None = None,
    *,
    asks: str = "",
    notes: str = "",
    why: str = "",
) -> Operation:
    return Operation(
        service=service,
        name=name,
        request=request(asks or name),
        response=result(f"{item.name}QueryResult"),
        item=item,
        method="GET",
        path=path,
        handler=handler,
        notes=notes,
        why=why,
    )


def _does(
    service: str,
    name: str,
    method: str,
    path: str,
    handler: Handler | None = None,
    *,
    members: Mapping[str, str] | None = None,
    notes: str = "",
    why: str = "",
) -> Operation:
    return Operation(
        service=service,
        name=name,
        request=request(name),
        response=None,
        method=method,
        path=path,
        handler=handler,
        members=members or {},
        notes=notes,
        why=why,
    )


def _plays(
    name: str, path: str, element: Element, handler: Handler | None = None, *, why: str = ""
) -> Operation:
    return Operation(
        service="call",
        name=name,
        request=request(name),
        response=element,
        method="GET",
        path=path,
        suffixes=("mp3", "wav"),
        handler=handler,
        why=why,
    )


_CALL = (
    _creates(
        "call",
        "SendCall",
        "/call",
        calls.send_call,
        location="/broadcast/{id}",
        notes="without `AnsweringMachineConfig` it is"
        " `AM_AND_LIVE` if there is a sound for machines, or else `LIVE_IMMEDIATE`; its calls have"
        " the first `Label`",
    ),
    _lists(
        "call",
        "QueryCalls",
        "/call",
        data.CALL,
        calls.query_calls,
        notes="`TotalResults` is the least there are for more than 2,000 that were filtered",
    ),
    _finds("call", "GetCall", "/call/{Id}", data.CALL, calls.get_call),
    _creates(
        "call",
        "CreateSound",
        "/call/sound",
        calls.create_sound,
        location="/call/sound/{id}",
        notes="inline Base64 up to 10 million characters, attachments and files up to 32 MiB",
    ),
    _lists("call", "QuerySoundMeta", "/call/sound", data.SOUND_META, calls.query_sound_meta),
    _finds("call", "GetSoundMeta", "/call/sound/{Id}", data.SOUND_META, calls.get_sound_meta),
    _plays("GetSoundData", "/call/sound/{Id}", SOUND_DATA, calls.get_sound_data),
    _plays("GetRecordingData", "/call/{CallId}/{Name}", RECORDING_DATA, calls.get_recording_data),
    _does(
        "call",
        "SendVerificationCodeToCallerId",
        "POST",
        "/call/callerid/send-verification",
        calls.send_verification_code,
        notes="four digits, for ten minutes and five tries",
    ),
    _finds(
        "call",
        "VerifyCallerId",
        "/call/callerid/verify",
        data.VERIFIED,
        calls.verify_caller_id,
        method="POST",
        notes="answers `Verified`, true or false",
    ),
    _lists(
        "call",
        "GetCallerIds",
        "/call/callerid",
        data.CALLER_ID,
        calls.get_caller_ids,
        notes="all numbers that the account can call from",
    ),
)

_BROADCAST = (
    _creates(
        "broadcast",
        "CreateBroadcast",
        "/broadcast",
        broadcasts.create_broadcast,
        location="/broadcast/{id}",
        notes="of the types VOICE and IVR",
    ),
    _lists(
        "broadcast", "QueryBroadcasts", "/broadcast", data.BROADCAST, broadcasts.query_broadcasts
    ),
    _finds(
        "broadcast",
        "GetBroadcast",
        "/broadcast/{Id}",
        data.BROADCAST,
        broadcasts.get_broadcast,
        notes="`Status` is one of May 2014: what waits for its schedule is RUNNING, what was never"
        " started START_PENDING",
    ),
    _does(
        "broadcast",
        "UpdateBroadcast",
        "PUT",
        "/broadcast/{Id}",
        broadcasts.update_broadcast,
        members={"Id": "Broadcast/@id"},
        notes="without `FromNumber`, `Label` or `ResumeNextDay` these stay as they are",
    ),
    _finds(
        "broadcast",
        "GetBroadcastStats",
        "/broadcast/{Id}/stats",
        data.BROADCAST_STATS,
        broadcasts.get_stats,
        notes="`IntervalBegin` and `IntervalEnd` count calls that came to their end and attempts"
        " that ended from the one to before the other, in whole minutes, and what waits is that of"
        " now; `BilledAmount` is 0, here and everywhere",
    ),
    _does(
        "broadcast",
        "ControlBroadcast",
        "PUT",
        "/broadcast/{Id}/control",
        broadcasts.control_broadcast,
    ),
    _creates(
        "broadcast",
        "CreateContactBatch",
        "/broadcast/{BroadcastId}/batch",
        broadcasts.create_batch,
        location="/broadcast/batch/{id}",
        notes="a list is taken as it is now, up to 50,000 contacts",
    ),
    _lists(
        "broadcast",
        "QueryContactBatches",
        "/broadcast/{BroadcastId}/batch",
        data.CONTACT_BATCH,
        broadcasts.query_batches,
    ),
    _finds(
        "broadcast",
        "GetContactBatch",
        "/broadcast/batch/{Id}",
        data.CONTACT_BATCH,
        broadcasts.get_batch,
    ),
    _does(
        "broadcast",
        "ControlContactBatch",
        "PUT",
        "/broadcast/batch/{Id}/control",
        broadcasts.control_batch,
    ),
    _creates(
        "broadcast",
        "CreateBroadcastSchedule",
        "/broadcast/{BroadcastId}/schedule",
        broadcasts.create_schedule,
        location="/broadcast/schedule/{id}",
        notes="starts the broadcast, which runs whenever a schedule of its is open",
    ),
    _lists(
        "broadcast",
        "QueryBroadcastSchedule",
        "/broadcast/{BroadcastId}/schedule",
        data.BROADCAST_SCHEDULE,
        broadcasts.query_schedules,
        asks="QueryBroadcastSchedules",
    ),
    _finds(
        "broadcast",
        "GetBroadcastSchedule",
        "/broadcast/schedule/{Id}",
        data.BROADCAST_SCHEDULE,
        broadcasts.get_schedule,
    ),
    _does(
        "broadcast",
        "DeleteBroadcastSchedule",
        "DELETE",
        "/broadcast/schedule/{Id}",
        broadcasts.delete_schedule,
        notes="with its last schedule a broadcast stops",
    ),
)

_SUBSCRIPTION = (
    _creates(
        "subscription",
        "CreateSubscription",
        "/subscription",
        location="/subscription/{id}",
        handler=subscriptions.create_subscription,
        notes="at most 200 of an account; `XML`, `JSON` and, with `--smtp`, `EMAIL`; OUTBOUND_ and"
        " INBOUND_CALL_FINISHED and CAMPAIGN_STARTED, _STOPPED and _FINISHED",
    ),
    _lists(
        "subscription",
        "QuerySubscriptions",
        "/subscription",
        data.SUBSCRIPTION,
        handler=subscriptions.query_subscriptions,
    ),
    _finds(
        "subscription",
        "GetSubscription",
        "/subscription/{Id}",
        data.SUBSCRIPTION,
        handler=subscriptions.get_subscription,
    ),
    _does(
        "subscription",
        "UpdateSubscription",
        "PUT",
        "/subscription/{Id}",
        members={"Id": "Subscription/@id"},
        handler=subscriptions.update_subscription,
        notes="what is not given stays; a filter is given as a whole",
    ),
    _does(
        "subscription",
        "DeleteSubscription",
        "DELETE",
        "/subscription/{Id}",
        handler=subscriptions.delete_subscription,
    ),
)

_CONTACT = (
    _lists(
        "contact",
        "QueryContacts",
        "/contact",
        data.CONTACT,
        handler=contacts.query_contacts,
        notes="`Field` and `String` find what is exactly so",
    ),
    _does(
        "contact",
        "UpdateContacts",
        "PUT",
        "/contact",
        handler=contacts.update_contacts,
        notes="attributes that are not given stay; an empty one is taken away",
    ),
    _does("contact", "RemoveContacts", "DELETE", "/contact", handler=contacts.remove_contacts),
    _finds("contact", "GetContact", "/contact/{Id}", data.CONTACT, handler=contacts.get_contact),
    _finds(
        "contact",
        "GetContactHistory",
        "/contact/{ContactId}/history",
        data.CONTACT_HISTORY,
        handler=contacts.get_history,
    ),
    _creates(
        "contact",
        "CreateContactList",
        "/contact/list",
        location="/contact/list/{id}",
        handler=contacts.create_list,
        notes="with `Validate` false a bad number is refused, else who has it is left out",
    ),
    _lists(
        "contact",
        "QueryContactLists",
        "/contact/list",
        data.CONTACT_LIST,
        handler=contacts.query_lists,
    ),
    _finds(
        "contact",
        "GetContactList",
        "/contact/list/{Id}",
        data.CONTACT_LIST,
        handler=contacts.get_list,
    ),
    _does(
        "contact", "DeleteContactList", "DELETE", "/contact/list/{Id}", handler=contacts.delete_list
    ),
    _does(
        "contact",
        "AddContactsToList",
        "POST",
        "/contact/list/{ContactListId}/add",
        handler=contacts.add_to_list,
        notes="as CreateContactList; a file has at most 50,000 rows",
    ),
    _does(
        "contact",
        "RemoveContactsFromList",
        "POST",
        "/contact/list/{ContactListId}/remove",
        handler=contacts.remove_from_list,
    ),
    _lists(
        "contact",
        "QueryDncNumbers",
        "/contact/dnc",
        data.DNC_NUMBER,
        handler=dnc.query_dnc_numbers,
        notes="`DncListName` is the source of the entry",
    ),
    _does(
        "contact",
        "UpdateDncNumber",
        "PUT",
        "/contact/dnc/{Number}",
        handler=dnc.update_dnc_number,
    ),
    _lists(
        "contact", "QueryDncLists", "/contact/dnc/list", data.DNC_LIST, handler=dnc.query_dnc_lists
    ),
    _creates(
        "contact",
        "CreateDncList",
        "/contact/dnc/list",
        location="/contact/dnc/list/{id}",
        handler=dnc.create_dnc_list,
        notes="bars calls and texts unless one of them is named",
    ),
    _finds(
        "contact", "GetDncList", "/contact/dnc/list/{Id}", data.DNC_LIST, handler=dnc.get_dnc_list
    ),
    _does(
        "contact",
        "DeleteDncList",
        "DELETE",
        "/contact/dnc/list/{Id}",
        handler=dnc.delete_dnc_list,
        notes="its numbers can be called unless something else bars them",
    ),
    _does(
        "contact",
        "AddNumbersToDncList",
        "POST",
        "/contact/dnc/list/{Id}/add",
        handler=dnc.add_to_dnc_list,
        notes="bars as `CreateDncList`",
    ),
    _does(
        "contact",
        "RemoveNumbersFromDncList",
        "POST",
        "/contact/dnc/list/{Id}/remove",
        handler=dnc.remove_from_dnc_list,
        notes="as `DeleteDncList`",
    ),
)

_NUMBER = (
    _lists("number", "QueryRegions", "/number/regions", data.REGION, why=_NO_SHOP),
    _lists(
        "number",
        "QueryNumbers",
        "/number",
        data.NUMBER,
        handler=numbers.query_numbers,
        notes="of the region only `Prefix` and `Country` are known",
    ),
    _finds("number", "GetNumber", "/number/{Number}", data.NUMBER, handler=numbers.get_number),
    _does(
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
        why=_NO_SHOP,
    ),
    _lists("number", "QueryKeywords", "/number/keyword", data.KEYWORD, why=_VOICE_ONLY),
    _lists(
        "number",
        "SearchAvailableKeywords",
        "/number/keyword/search",
        data.KEYWORD,
        why=_VOICE_ONLY,
    ),
    _creates(
        "number", "CreateNumberOrder", "/number/order", location="/number/order/{id}", why=_NO_SHOP
    ),
    _finds("number", "GetNumberOrder", "/number/order/{Id}", data.NUMBER_ORDER, why=_NO_SHOP),
    _does("number", "Release", "PUT", "/number/release", why=_NO_SHOP),
)

_LABEL = (
    _does("label", "DeleteLabel", "DELETE", "/label", handler=labels.delete_label),
    _lists("label", "QueryLabels", "/label", data.LABEL, handler=labels.query_labels),
    _does(
        "label", "LabelBroadcast", "POST", "/label/broadcast/{Id}", handler=labels.label_broadcast
    ),
    _does(
        "label",
        "UnlabelBroadcast",
        "DELETE",
        "/label/broadcast/{Id}",
        handler=labels.unlabel_broadcast,
    ),
    _does("label", "LabelNumber", "POST", "/label/number/{Number}", handler=labels.label_number),
    _does(
        "label", "UnlabelNumber", "DELETE", "/label/number/{Number}", handler=labels.unlabel_number
    ),
)

_TEXT = (
    _creates("text", "SendText", "/text", location="/broadcast/{id}", why=_VOICE_ONLY),
    _lists("text", "QueryTexts", "/text", data.TEXT, why=_VOICE_ONLY),
    _finds("text", "GetText", "/text/{Id}", data.TEXT, why=_VOICE_ONLY),
    _creates("text", "CreateAutoReply", "/text/auto-reply", why=_VOICE_ONLY),
    Operation(
        service="text",
        name="QueryAutoReplies",
        request=request("QueryAutoReplies"),
        response=result("AutoReplyQueryResult"),
        item=data.AUTO_REPLY,
        method="GET",
        path="/text/auto-reply",
        why=_VOICE_ONLY,
    ),
    _finds("text", "GetAutoReply", "/text/auto-reply/{Id}", data.AUTO_REPLY, why=_VOICE_ONLY),
    _does("text", "DeleteAutoReply", "DELETE", "/text/auto-reply/{Id}", why=_VOICE_ONLY),
)

OPERATIONS: tuple[Operation, ...] = (
    *_BROADCAST,
    *_SUBSCRIPTION,
    *_TEXT,
    *_CALL,
    *_CONTACT,
    *_NUMBER,
    *_LABEL,
)
