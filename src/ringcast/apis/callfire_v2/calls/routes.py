"""Calls."""

from __future__ import annotations

from ringcast.apis.callfire_v2.calls import handlers
from ringcast.apis.callfire_v2.operation import PAGED, Operation

__all__ = ["OPERATIONS"]

OPERATIONS = (
    Operation(
        "GET",
        "/calls",
        "findCalls",
        handlers.find_calls,
        takes=frozenset(
            {
                *PAGED,
                "id",
                "campaignId",
                "batchId",
                "fromNumber",
                "toNumber",
                "label",
                "states",
                "results",
                "inbound",
                "intervalBegin",
                "intervalEnd",
            }
        ),
        notes="`id` and the other filters narrow each other; `campaignId` 0 finds calls of no "
        "broadcast; `totalCount` is -1 for more than 2,000 that were filtered, and their pages "
        "begin at offset 50,000 at the most; all calls, or all of a broadcast, have no such end",
    ),
    Operation(
        "POST",
        "/calls",
        "sendCalls",
        handlers.send_calls,
        takes=frozenset(
            {
                "fields",
                "campaignId",
                "defaultLiveMessage",
                "defaultLiveMessageSoundId",
                "defaultMachineMessage",
                "defaultMachineMessageSoundId",
                "defaultVoice",
                "strictValidation",
            }
        ),
        notes="calls of a broadcast (`campaignId`) wait for it and say what it says unless they "
        "have a message of their own; with a machine message, people and machines are told apart "
        "and machines get it after their greeting, without one the live message is for all, at "
        "once; `transferDigit` as in broadcasts; `dialplanXml` instead of messages: see "
        "docs/dialplan.md",
    ),
    Operation(
        "GET",
        "/calls/{id}",
        "getCall",
        handlers.get_call,
        takes=frozenset({"fields"}),
        notes="a record for each attempt that has ended; `contact`, of a call by contactId or "
        "contactListId, is the contact as it is now",
    ),
)
