"""Every operation of the voice API: who answers it, with which parameters, or why nobody does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.responses import Response

from ringcast.apis.laml import (
    handlers_account,
    handlers_applications,
    handlers_calls,
    handlers_conferences,
    handlers_live_recordings,
    handlers_notifications,
    handlers_numbers,
    handlers_participants,
    handlers_recordings,
)
from ringcast.apis.laml.exchange import Exchange
from ringcast.apis.laml.paging import PAGING

__all__ = ["OPERATIONS", "Operation"]

Handler: TypeAlias = Callable[[Exchange], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    name: str
    handler: Handler | None = None
    """None: not here."""
    takes: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    """Parameters of the vendors' that are refused by name."""
    reason: str = ""
    """What is not available, in a sentence that ends `is not available on this system`."""


_A = "/Accounts/{account}"
_CALL = _A + "/Calls/{sid}"
_CONFERENCE = _A + "/Conferences/{conference}"


def _missing(what: str, *paths: str) -> tuple[Operation, ...]:
    """Return rows for resources that are not here: every method of `METHOD METHOD /path`."""
    rows = []
    for line in paths:
        *methods, path = line.split()
        rows += [
            Operation(method=method, path=_A + path, name=f"{what}: {method}", reason=what)
            for method in methods
        ]
    return tuple(rows)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/Accounts",
        name="list accounts",
        handler=handlers_account.list_accounts,
        takes=(*PAGING, "FriendlyName", "Status"),
    ),
    Operation(method="POST", path="/Accounts", name="create subproject", reason="A subproject"),
    Operation(method="GET", path=_A, name="fetch account", handler=handlers_account.fetch_account),
    Operation(method="POST", path=_A, name="update account", reason="Changing an account"),
    Operation(
        method="POST",
        path=_A + "/Calls",
        name="create call",
        handler=handlers_calls.create,
        takes=handlers_calls.CREATE_TAKES,
        refuses=handlers_calls.CREATE_REFUSES,
    ),
    Operation(
        method="GET",
        path=_A + "/Calls",
        name="list calls",
        handler=handlers_calls.list_calls,
        takes=(*PAGING, *handlers_calls.LIST_TAKES),
    ),
    Operation(method="GET", path=_CALL, name="fetch call", handler=handlers_calls.fetch),
    Operation(
        method="POST",
        path=_CALL,
        name="update call",
        handler=handlers_calls.update,
        takes=handlers_calls.UPDATE_TAKES,
        refuses=handlers_calls.UPDATE_REFUSES,
    ),
    Operation(method="DELETE", path=_CALL, name="delete call", handler=handlers_calls.delete),
    Operation(
        method="GET",
        path=_A + "/IncomingPhoneNumbers",
        name="list numbers",
        handler=handlers_numbers.list_numbers,
        takes=(*PAGING, "PhoneNumber", "FriendlyName"),
    ),
    Operation(
        method="GET",
        path=_A + "/IncomingPhoneNumbers/{sid}",
        name="fetch number",
        handler=handlers_numbers.fetch,
    ),
    Operation(
        method="POST",
        path=_A + "/IncomingPhoneNumbers/{sid}",
        name="update number",
        handler=handlers_numbers.update,
        takes=handlers_numbers.UPDATE_TAKES,
        refuses=handlers_numbers.UPDATE_REFUSES,
    ),
    *_missing(
        "Getting a number or giving one back",
        "POST /IncomingPhoneNumbers",
        "DELETE /IncomingPhoneNumbers/{sid}",
        "GET POST /IncomingPhoneNumbers/Local",
        "GET POST /IncomingPhoneNumbers/TollFree",
        "GET POST /IncomingPhoneNumbers/Mobile",
        "POST /ImportedPhoneNumbers",
    ),
    *(
        Operation(
            method="GET",
            path=path,
            name=f"list recordings {place}",
            handler=handlers_recordings.list_recordings,
            takes=takes,
        )
        for place, path, takes in (
            ("of the account", _A + "/Recordings", (*PAGING, *handlers_recordings.LIST_TAKES)),
            ("of a call", _CALL + "/Recordings", (*PAGING, *handlers_recordings.LIST_TAKES[1:])),
        )
    ),
    *(
        Operation(method=method, path=path, name=name, handler=handler)
        for path in (_A + "/Recordings/{recording}", _CALL + "/Recordings/{recording}")
        for method, name, handler in (
            ("GET", "fetch recording or its audio", handlers_recordings.fetch),
            ("DELETE", "delete recording", handlers_recordings.delete),
        )
    ),
    Operation(
        method="POST",
        path=_CALL + "/Recordings",
        name="record a live call",
        handler=handlers_live_recordings.start,
        takes=handlers_live_recordings.START_TAKES,
    ),
    Operation(
        method="POST",
        path=_CALL + "/Recordings/{recording}",
        name="end the recording of a live call",
        handler=handlers_live_recordings.update,
        takes=handlers_live_recordings.UPDATE_TAKES,
    ),
    *_missing(
        "Transcription",
        "GET /Transcriptions",
        "GET DELETE /Transcriptions/{transcription}",
        "GET /Recordings/{recording}/Transcriptions",
        "GET /Recordings/{recording}/Transcriptions/{transcription}",
        "POST /Calls/{sid}/Transcriptions",
        "POST /Calls/{sid}/Transcriptions/{transcription}",
    ),
    *_missing(
        "A media stream",
        "POST /Calls/{sid}/Streams",
        "POST /Calls/{sid}/Streams/{stream}",
        "POST /Conferences/{conference}/Streams",
        "POST /Conferences/{conference}/Streams/{stream}",
    ),
    Operation(
        method="GET",
        path=_A + "/Conferences",
        name="list conferences",
        handler=handlers_conferences.list_conferences,
        takes=(*PAGING, *handlers_conferences.LIST_TAKES),
    ),
    Operation(
        method="GET",
        path=_CONFERENCE,
        name="fetch conference",
        handler=handlers_conferences.fetch,
    ),
    Operation(
        method="POST",
        path=_CONFERENCE,
        name="update conference",
        handler=handlers_conferences.update,
        takes=handlers_conferences.UPDATE_TAKES,
    ),
    Operation(
        method="GET",
        path=_CONFERENCE + "/Participants",
        name="list participants",
        handler=handlers_conferences.list_participants,
        takes=(*PAGING, *handlers_conferences.PARTICIPANTS_TAKE),
    ),
    Operation(
        method="GET",
        path=_CONFERENCE + "/Participants/{sid}",
        name="fetch participant",
        handler=handlers_conferences.fetch_participant,
    ),
    Operation(
        method="POST",
        path=_CONFERENCE + "/Participants/{sid}",
        name="update participant",
        handler=handlers_conferences.update_participant,
        takes=handlers_conferences.UPDATE_PARTICIPANT_TAKES,
        refuses=handlers_conferences.UPDATE_PARTICIPANT_REFUSES,
    ),
    Operation(
        method="DELETE",
        path=_CONFERENCE + "/Participants/{sid}",
        name="remove participant",
        handler=handlers_conferences.remove_participant,
    ),
    Operation(
        method="POST",
        path=_CONFERENCE + "/Participants",
        name="call a participant",
        handler=handlers_participants.create_participant,
        takes=handlers_participants.CREATE_TAKES,
        refuses=handlers_participants.CREATE_REFUSES,
    ),
    *_missing(
        "A recording of a conference",
        "GET /Conferences/{conference}/Recordings",
        "GET POST DELETE /Conferences/{conference}/Recordings/{recording}",
    ),
    *_missing(
        "A queue",
        "GET POST /Queues",
        "GET POST DELETE /Queues/{queue}",
        "GET /Queues/{queue}/Members",
        "GET POST /Queues/{queue}/Members/{sid}",
    ),
    Operation(
        method="GET",
        path=_A + "/Applications",
        name="list applications",
        handler=handlers_applications.list_applications,
        takes=(*PAGING, "FriendlyName"),
    ),
    Operation(
        method="POST",
        path=_A + "/Applications",
        name="create application",
        handler=handlers_applications.create,
        takes=handlers_applications.TAKES,
        refuses=handlers_applications.REFUSES,
    ),
    Operation(
        method="GET",
        path=_A + "/Applications/{application}",
        name="fetch application",
        handler=handlers_applications.fetch,
    ),
    Operation(
        method="POST",
        path=_A + "/Applications/{application}",
        name="update application",
        handler=handlers_applications.update,
        takes=handlers_applications.TAKES,
        refuses=handlers_applications.REFUSES,
    ),
    Operation(
        method="DELETE",
        path=_A + "/Applications/{application}",
        name="delete application",
        handler=handlers_applications.delete,
    ),
    *_missing(
        "A number for sale",
        "GET /AvailablePhoneNumbers",
        "GET /AvailablePhoneNumbers/{country}",
        "GET /AvailablePhoneNumbers/{country}/{kind}",
    ),
    *_missing("A cXML script", "GET POST /LamlBins", "GET POST DELETE /LamlBins/{bin}"),
    *_missing("A token", "POST /tokens", "DELETE /tokens/{token}"),
    *_missing(
        "The list of caller ids",
        "GET POST /OutgoingCallerIds",
        "GET POST DELETE /OutgoingCallerIds/{id}",
    ),
    *_missing(
        "The list of requests",
        "GET /Calls/{sid}/Events",
    ),
    *(
        Operation(
            method="GET",
            path=path,
            name=f"list notifications {place}",
            handler=handlers_notifications.list_notifications,
            takes=PAGING,
            refuses=handlers_notifications.LIST_REFUSES,
        )
        for place, path in (
            ("of the account", _A + "/Notifications"),
            ("of a call", _CALL + "/Notifications"),
        )
    ),
    *(
        Operation(
            method="GET",
            path=path + "/{notification}",
            name=f"fetch notification {place}",
            handler=handlers_notifications.fetch,
        )
        for place, path in (
            ("of the account", _A + "/Notifications"),
            ("of a call", _CALL + "/Notifications"),
        )
    ),
    *_missing(
        "Payment, SIPREC or a user-defined message",
        "POST /Calls/{sid}/Payments",
        "POST /Calls/{sid}/Siprec",
        "POST /Calls/{sid}/UserDefinedMessages",
    ),
)
