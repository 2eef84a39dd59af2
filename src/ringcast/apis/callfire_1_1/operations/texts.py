"""Texts, which this system has none of."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations.building import VOICE_ONLY, creates, does, finds, lists
from ringcast.apis.callfire_1_1.service_types import request, result

__all__ = ["TEXT_OPERATIONS"]

TEXT_OPERATIONS: tuple[Operation, ...] = (
    creates("text", "SendText", "/text", location="/broadcast/{id}", why=VOICE_ONLY),
    lists("text", "QueryTexts", "/text", data.TEXT, why=VOICE_ONLY),
    finds("text", "GetText", "/text/{Id}", data.TEXT, why=VOICE_ONLY),
    creates("text", "CreateAutoReply", "/text/auto-reply", why=VOICE_ONLY),
    Operation(
        service="text",
        name="QueryAutoReplies",
        request=request("QueryAutoReplies"),
        response=result("AutoReplyQueryResult"),
        item=data.AUTO_REPLY,
        method="GET",
        path="/text/auto-reply",
        why=VOICE_ONLY,
    ),
    finds("text", "GetAutoReply", "/text/auto-reply/{Id}", data.AUTO_REPLY, why=VOICE_ONLY),
    does("text", "DeleteAutoReply", "DELETE", "/text/auto-reply/{Id}", why=VOICE_ONLY),
)
