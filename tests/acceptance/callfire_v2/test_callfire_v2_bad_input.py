"""CallFire v2: whatever bad comes in, to whichever operation, is refused in its shape, and leaves
nothing behind."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from ringcast.apis.callfire_v2.operation import Operation
from ringcast.apis.callfire_v2.routes import OPERATIONS
from ringcast.apis.callfire_v2.shapes import SHAPES
from tests.acceptance.callfire_v2.conftest import Answer, Client, Rig
from tests.acceptance.callfire_v2.test_callfire_v2_contract import ERROR, good_requests, things

HERE = {operation.id: operation for operation in OPERATIONS if operation.handler is not None}
BODIES = [one for one in HERE.values() if SHAPES[one.id].takes is not None]
FORMS = [one for one in HERE.values() if SHAPES[one.id].form]
PEOPLE = [{"phoneNumber": "12135550140"}]
SAYS = {"sounds": {"liveSoundText": "School is closed today"}}
LISTS = (
    "/calls",
    "/calls/broadcasts",
    "/campaigns/sounds",
    "/contacts",
    "/contacts/lists",
    "/contacts/dncs",
    "/webhooks",
    "/me/api/credentials",
)


async def stored(client: Client) -> dict[str, Any]:
    """Return all that the account has."""
    return {path: (await client("GET", path)).json["items"] for path in LISTS}


def is_refused(answer: Answer, status: int, what: object) -> None:
    assert answer.status == status, (what, answer.status, answer.body)
    assert set(answer.json) == ERROR, what
    assert answer.json["httpStatusCode"] == status
    assert answer.json["message"], what


def path_of(operation: Operation, ids: dict[str, int], **others: object) -> str:
    """Return the path with an identifier of what there is, unless it is given another."""
    known = {"id": next((i for p, i in ids.items() if operation.path.startswith(p)), 1)}
    given = known | {"contactId": 1, "number": "12135550100", "callerid": "12135550188"} | others
    return operation.path.format(**given)


async def test_bodies_that_are_no_json_or_of_another_kind_change_nothing(
    client: Client, rig: Rig
) -> None:
    ids = await things(client, rig)
    before = await stored(client)
    for operation in BODIES:
        path = path_of(operation, ids)
        if operation.id == "toggleCallBroadcastRecipientsStatus":
            path += "?enable=true"
        is_list = operation.id in ("sendCalls", "createContacts") or "ecipients" in operation.id
        other = b"{}" if is_list else b"[]"
        for body in (b"{", b"\xff\xfe", b"nonsense", b"7", b'"text"', other, b"[" * 30_000):
            answer = await client(operation.method, path, data=body)
            is_refused(answer, 400, (operation.id, body[:10]))
        unknown = [{"unheardOf": 1}] if is_list else {"unheardOf": 1}
        answer = await client(operation.method, path, json=unknown)
        is_refused(answer, 400, (operation.id, unknown))
        assert "unheardOf" in answer.json["developerMessage"]
    assert await stored(client) == before


WRONG_TYPES: list[tuple[str, object]] = [
    ("/calls", [{"phoneNumber": ["12135550142"]}]),
    ("/calls", [{"phoneNumber": "12135550142", "attributes": ["a"]}]),
    ("/calls", [{"phoneNumber": "12135550142", "liveMessageSoundId": "first"}]),
    ("/calls", [{"contactId": "Ann", "liveMessage": "x"}]),
    ("/calls/broadcasts", SAYS | {"labels": "one"}),
    ("/calls/broadcasts", SAYS | {"recipients": {"phoneNumber": "12135550142"}}),
    ("/calls/broadcasts", SAYS | {"maxActive": 1.5}),
    ("/calls/broadcasts", SAYS | {"resumeNextDay": "perhaps"}),
    ("/calls/broadcasts", SAYS | {"schedules": {"timeZone": "UTC"}}),
    ("/calls/broadcasts", SAYS | {"retryConfig": {"maxAttempts": "twice"}}),
    ("/contacts", [{"firstName": 7}]),
    ("/contacts", [{"properties": ["a"]}]),
    ("/contacts/lists", {"name": ["x"], "contactNumbers": ["12135550142"]}),
    ("/contacts/lists", {"name": "x", "contactNumbers": "12135550142"}),
    ("/contacts/dncs", {"numbers": "12135550142", "call": True}),
    ("/contacts/dncs", {"numbers": ["12135550142"], "call": "perhaps"}),
    ("/webhooks", {"name": "w", "resource": 1, "callback": "https://a.example"}),
    ("/webhooks", {"resource": "OutboundCall", "callback": 1}),
    ("/me/api/credentials", {"name": 7}),
    ("/campaigns/sounds/tts", {"message": {}}),
]


async def test_members_of_a_wrong_type_are_refused(client: Client) -> None:
    before = await stored(client)

    for path, body in WRONG_TYPES:
        is_refused(await client("POST", path, json=body), 400, body)

    assert await stored(client) == before


async def test_what_is_not_there_and_what_is_anothers_is_not_found(
    client: Client, stranger: Client, rig: Rig
) -> None:
    ids = await things(client, rig)
    asked: dict[str, dict[str, Any]] = dict(good_requests(ids))
    before = await stored(client)
    tried = 0
    for operation in HERE.values():
        if "{id}" not in operation.path:
            continue
        request = asked.get(operation.id, {})
        query = urlencode(request.get("query", {}), doseq=True).replace("False", "false")
        body = request.get("body")
        if body is None and operation.method == "PUT":
            body = {"name": "x", "enabled": True} if "webhooks" not in operation.path else {}
            body = {} if "contacts/{id}" in operation.path else body
            body = (
                {"name": "x"}
                if "lists" in operation.path or "broadcasts" in operation.path
                else body
            )
        others = {"name": "answer"}
        for who, number in ((client, 1), (client, 2**63 - 1), (stranger, None)):
            at = others if number is None else others | {"id": number}
            path = f"{path_of(operation, ids, **at)}?{query}"
            answer = await who(operation.method, path, json=body)
            is_refused(answer, 404, (operation.id, number))
            tried += 1
    assert tried >= 3 * 35
    assert await stored(client) == before


async def test_fifty_megabytes_are_refused_by_the_length_they_announce(
    client: Client, rig: Rig
) -> None:
    ids = await things(client, rig)
    before = await stored(client)
    secrets = await rig.secrets("Clinic")
    authorization = aiohttp.encode_basic_auth(secrets.login, secrets.password)

    async def send(operation: Operation) -> tuple[int, Any]:
        form = "multipart/form-data; boundary=b" if SHAPES[operation.id].form else ""
        query = "?enable=true" if "enable" in operation.takes else ""
        address = urlsplit(rig.base)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(
            f"{operation.method} /v2{path_of(operation, ids)}{query} HTTP/1.1\r\n"
            f"Host: {address.netloc}\r\nAuthorization: {authorization}\r\n"
            f"Content-Type: {form or 'application/json'}\r\n"
            f"Content-Length: {50 * 1024 * 1024}\r\nConnection: close\r\n\r\n[".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        writer.close()
        return int(head.split()[1]), body

    for operation in [*BODIES, *FORMS]:
        status, body = await send(operation)
        assert (status, set(body)) == (413, ERROR), (operation.id, body)
    assert await stored(client) == before


async def test_sounds_that_are_not_active_are_said_by_nobody(client: Client) -> None:
    archived = (await client("POST", "/campaigns/sounds/tts", json={"message": "Old"})).json["id"]
    await client("DELETE", f"/campaigns/sounds/{archived}")
    spoken = {"toNumber": "12135550159", "name": "spoken"}
    recording = (await client("POST", "/campaigns/sounds/calls", json=spoken)).json["id"]
    made = await client("POST", "/calls/broadcasts", json=SAYS)
    before = await stored(client)
    for sound, state in ((archived, "archived"), (recording, "recording")):
        digit = {"transferDigit": "1", "transferNumber": "12135550143", "dncDigit": "9"}
        for name in ("liveSoundId", "machineSoundId", "transferSoundId", "dncSoundId"):
            live = {} if name == "liveSoundId" else {"liveSoundText": "School is closed today"}
            body = {"sounds": live | digit | {name: sound}}
            answer = await client("POST", "/calls/broadcasts?start=true", json=body)
            is_refused(answer, 400, name)
            assert state in answer.json["message"]
            answer = await client("PUT", f"/calls/broadcasts/{made.json['id']}", json=body)
            is_refused(answer, 400, name)
        for name in ("liveMessageSoundId", "machineMessageSoundId"):
            call = {"phoneNumber": "12135550142", "liveMessage": "x"}
            if name == "liveMessageSoundId":
                del call["liveMessage"]
            answer = await client("POST", "/calls", json=[call | {name: sound}])
            is_refused(answer, 400, name)
    after = await stored(client)
    del before["/campaigns/sounds"], after["/campaigns/sounds"]  # "School is closed today" is there
    assert after == before


async def test_a_broadcast_with_nothing_to_say_is_not_started(client: Client) -> None:
    made = await client("POST", "/calls/broadcasts", json={"recipients": PEOPLE})
    path = f"/calls/broadcasts/{made.json['id']}"

    answer = await client("POST", f"{path}/start")

    is_refused(answer, 400, "start")
    assert "nothing to say" in answer.json["message"]
    assert (await client("GET", path)).json["status"] == "SETUP"
    states = [one["state"] for one in (await client("GET", f"{path}/calls")).json["items"]]
    assert states == ["READY"]


async def test_schedules_that_overlap_are_refused_and_the_old_ones_stay(client: Client) -> None:
    monday = {"timeZone": "UTC", "daysOfWeek": ["MONDAY"], "startTimeOfDay": {"hour": 9}}
    monday |= {"stopTimeOfDay": {"hour": 12}}
    made = await client("POST", "/calls/broadcasts", json=SAYS | {"schedules": [monday]})
    path = f"/calls/broadcasts/{made.json['id']}"
    before = (await client("GET", path)).json
    late = monday | {"startTimeOfDay": {"hour": 11}, "stopTimeOfDay": {"hour": 13}}
    # Eleven in Berlin is ten in London, whatever the season.
    abroad = late | {"timeZone": "Europe/Berlin", "startTimeOfDay": {"hour": 12}}

    for schedules in ([monday, late], [monday, late | {"daysOfWeek": ["MONDAY", "FRIDAY"]}]):
        answer = await client("PUT", path, json={"name": "x", "schedules": schedules})
        is_refused(answer, 400, schedules)
        assert "overlap" in answer.json["message"]
    assert (await client("GET", path)).json == before
    apart = await client(
        "PUT", path, json={"schedules": [monday, abroad | {"daysOfWeek": ["FRIDAY"]}]}
    )
    assert apart.status == 204


async def test_numbers_of_no_place_are_called_by_the_servers_own_clock(client: Client) -> None:
    """Toll-free numbers have no time zone; they are not refused for it."""
    window = {"beginHour": 9, "endHour": 20}
    people = [{"phoneNumber": "18005551234"}, {"phoneNumber": "+80012345678"}]
    made = await client(
        "POST",
        "/calls/broadcasts?start=true",
        json=SAYS | {"localTimeRestriction": window, "recipients": people},
    )
    calls = (await client("GET", f"/calls/broadcasts/{made.json['id']}/calls")).json["items"]
    assert {one["toNumber"]: one["state"] for one in calls}["18005551234"] == "READY"
    zoneless = [{"startTimeOfDay": {"hour": 9}, "stopTimeOfDay": {"hour": 17}}]
    answer = await client("POST", "/calls/broadcasts", json=SAYS | {"schedules": zoneless})
    is_refused(answer, 400, zoneless)
    assert "timeZone" in answer.json["message"]
