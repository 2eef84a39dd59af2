"""Every operation of the voice API: who answers it, with which properties, or why nobody does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.responses import Response

from ringcast.apis.bandwidth_v1 import (
    handlers_account,
    handlers_applications,
    handlers_bridges,
    handlers_calls,
    handlers_conferences,
    handlers_live,
    handlers_numbers,
    handlers_recordings,
)
from ringcast.apis.bandwidth_v1.application_requests import (
    APPLICATION_REFUSES,
    APPLICATION_TAKES,
)
from ringcast.apis.bandwidth_v1.audio_requests import AUDIO_TAKES
from ringcast.apis.bandwidth_v1.call_requests import CREATE_REFUSES, CREATE_TAKES
from ringcast.apis.bandwidth_v1.exchange import Exchange
from ringcast.apis.bandwidth_v1.paging import PAGING
from ringcast.apis.bandwidth_v1.transfer_requests import TRANSFER_REFUSES

__all__ = ["OPERATIONS", "Operation"]

Handler: TypeAlias = Callable[[Exchange], Awaitable[Response]]

_USER = "/users/{user}"
_CALL = _USER + "/calls/{call}"
_CONFERENCE = _USER + "/conferences/{conference}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    handler: Handler | None = None
    """None: not here."""
    takes: tuple[str, ...] = ()
    refuses: Mapping[str, str] = field(default_factory=dict)
    """Properties of the vendor's that are refused by name, and why."""
    reason: str = ""
    """What is not available, in a sentence that ends `is not available on this system`."""
    resource: str = ""
    """What the properties are of, in the vendor's words."""


def _missing(what: str, *lines: str, root: str = _USER) -> tuple[Operation, ...]:
    """Return rows for what is not here: every method of `METHOD METHOD /path`."""
    rows = []
    for line in lines:
        *methods, path = line.split()
        rows += [Operation(method=m, path=root + path, reason=what) for m in methods]
    return tuple(rows)


def _get(path: str, handler: Handler, *takes: str) -> Operation:
    return Operation(method="GET", path=path, handler=handler, takes=takes)


def _post(path: str, handler: Handler, takes: tuple[str, ...]) -> Operation:
    return Operation(
        method="POST", path=_USER + path, handler=handler, takes=takes, resource="conference"
    )


OPERATIONS: tuple[Operation, ...] = (
    _get(_USER + "/calls", handlers_calls.list_calls, *handlers_calls.LIST_TAKES),
    Operation(
        method="POST",
        path=_USER + "/calls",
        handler=handlers_calls.create,
        takes=CREATE_TAKES,
        refuses=CREATE_REFUSES,
        resource="call",
    ),
    _get(_CALL, handlers_calls.fetch),
    Operation(
        method="POST",
        path=_CALL,
        handler=handlers_calls.update,
        takes=handlers_calls.UPDATE_TAKES,
        refuses=TRANSFER_REFUSES,
        resource="call",
    ),
    Operation(
        method="POST",
        path=_CALL + "/audio",
        handler=handlers_live.play,
        takes=AUDIO_TAKES,
        resource="audio",
    ),
    Operation(
        method="POST",
        path=_CALL + "/dtmf",
        handler=handlers_live.send_dtmf,
        takes=("dtmfOut",),
        resource="dtmf",
    ),
    Operation(
        method="POST",
        path=_CALL + "/gather",
        handler=handlers_live.begin_gather,
        takes=handlers_live.GATHER_TAKES,
        resource="gather",
    ),
    _get(_CALL + "/gather/{gather}", handlers_live.fetch_gather),
    Operation(
        method="POST",
        path=_CALL + "/gather/{gather}",
        handler=handlers_live.end_gather,
        takes=("state",),
        resource="gather",
    ),
    _get(_CALL + "/events", handlers_live.list_events),
    _get(_CALL + "/events/{event}", handlers_live.fetch_event),
    _get(_CALL + "/recordings", handlers_recordings.list_of_call, *PAGING),
    _get(_USER + "/recordings", handlers_recordings.list_recordings, *PAGING),
    _get(_USER + "/recordings/{recording}", handlers_recordings.fetch),
    _get(_USER + "/media/{media}", handlers_recordings.fetch_media),
    _get(_USER + "/account", handlers_account.fetch_account),
    _get(
        _USER + "/account/transactions", handlers_account.list_transactions,
        *PAGING, "maxItems", "fromDate", "toDate", "type", "number",
    ),
    _get(_USER + "/errors", handlers_account.list_errors, *PAGING),
    _get(_USER + "/errors/{error}", handlers_account.fetch_error),
    _get(_USER + "/applications", handlers_applications.list_applications, *PAGING),
    Operation(
        method="POST",
        path=_USER + "/applications",
        handler=handlers_applications.create,
        takes=APPLICATION_TAKES,
        refuses=APPLICATION_REFUSES,
        resource="application",
    ),
    _get(_USER + "/applications/{application}", handlers_applications.fetch),
    Operation(
        method="POST",
        path=_USER + "/applications/{application}",
        handler=handlers_applications.update,
        takes=APPLICATION_TAKES,
        refuses=APPLICATION_REFUSES,
        resource="application",
    ),
    Operation(
        method="DELETE",
        path=_USER + "/applications/{application}",
        handler=handlers_applications.delete,
    ),
    _get(_USER + "/phoneNumbers", handlers_numbers.list_numbers, *handlers_numbers.LIST_TAKES),
    _get(_USER + "/phoneNumbers/{number}", handlers_numbers.fetch),
    Operation(
        method="POST",
        path=_USER + "/phoneNumbers/{number}",
        handler=handlers_numbers.update,
        takes=handlers_numbers.UPDATE_TAKES,
        refuses=handlers_numbers.UPDATE_REFUSES,
        resource="phoneNumber",
    ),
    _get(_USER + "/bridges", handlers_bridges.list_bridges, *PAGING),
    _post("/bridges", handlers_bridges.create, handlers_bridges.BRIDGE_TAKES),
    _get(_USER + "/bridges/{bridge}", handlers_bridges.fetch),
    _post("/bridges/{bridge}", handlers_bridges.update, handlers_bridges.BRIDGE_TAKES),
    _get(_USER + "/bridges/{bridge}/calls", handlers_bridges.list_calls),
    _post("/bridges/{bridge}/audio", handlers_bridges.play, AUDIO_TAKES),
    _post("/conferences", handlers_conferences.create, handlers_conferences.CREATE_TAKES),
    _get(_CONFERENCE, handlers_conferences.fetch),
    _post(
        "/conferences/{conference}", handlers_conferences.update, handlers_conferences.UPDATE_TAKES
    ),
    _post("/conferences/{conference}/audio", handlers_conferences.play, AUDIO_TAKES),
    _get(_CONFERENCE + "/members", handlers_conferences.list_members, *PAGING),
    _post(
        "/conferences/{conference}/members", handlers_conferences.add,
        handlers_conferences.ADD_TAKES,
    ),
    _get(_CONFERENCE + "/members/{member}", handlers_conferences.fetch_member),
    _post(
        "/conferences/{conference}/members/{member}", handlers_conferences.change_member,
        handlers_conferences.MEMBER_TAKES,
    ),
    _post(
        "/conferences/{conference}/members/{member}/audio", handlers_conferences.play_to_member,
        AUDIO_TAKES,
    ),
    *_missing(
        "Transcription",
        "GET /calls/{call}/transcriptions",
        "GET POST /recordings/{recording}/transcriptions",
        "GET /recordings/{recording}/transcriptions/{transcription}",
    ),
    *_missing("Uploaded media", "GET /media", "PUT DELETE /media/{media}"),
    *_missing(
        "Ordering and releasing numbers", "POST /phoneNumbers", "DELETE /phoneNumbers/{number}"
    ),
    *_missing(
        "A number for sale",
        "GET POST /availableNumbers/local",
        "GET POST /availableNumbers/tollFree",
        root="",
    ),
    *_missing("The name of a number's owner", "GET /phoneNumbers/numberInfo/{number}", root=""),
    *_missing(
        "A SIP domain",
        "GET POST /domains",
        "GET DELETE /domains/{domain}",
        "GET POST /domains/{domain}/endpoints",
        "GET POST DELETE /domains/{domain}/endpoints/{endpoint}",
        "POST /domains/{domain}/endpoints/{endpoint}/tokens",
        "DELETE /domains/{domain}/endpoints/{endpoint}/tokens/{token}",
    ),
    *_missing("Messaging", "GET POST /messages", "GET /messages/{message}"),
)  # fmt: skip
