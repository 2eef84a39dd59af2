"""CallFire v2: lists of contacts, made from JSON and from files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ringcast.apis.callfire_v2 import Limits, callfire_v2
from ringcast.services.list_imports import ImportLists
from ringcast.web.access_log import AccessLog
from tests.acceptance.callfire_v2.conftest import UPLOAD_LIMIT, Answer, Client, Rig, serving

NUMBERS = ["12135550142", "12135550143"]


async def listed(client: Client, **members: Any) -> int:
    answer = await client("POST", "/contacts/lists", json={"name": "Patients"} | members)
    assert answer.status == 200, answer.body
    made: int = answer.json["id"]
    return made


async def upload(
    client: Client, data: bytes, *, headers: Mapping[str, str] | None = None, **fields: str
) -> Answer:
    form = aiohttp.FormData()
    for name, value in ({"name": "Patients"} | fields).items():
        form.add_field(name, value)
    form.add_field("file", io.BytesIO(data), filename="patients.csv", content_type="text/csv")
    return await client("POST", "/contacts/lists/upload", data=form, headers=headers)


async def imported(rig: Rig, client: Client, data: bytes, **fields: str) -> dict[str, Any]:
    """Upload a file, import it as the server does in the background, and return the list."""
    answer = await upload(client, data, headers=None, **fields)
    assert answer.status == 200, answer.body
    await ImportLists(store=rig.store, clock=rig.clock, holder="test")()
    got: dict[str, Any] = (await client("GET", f"/contacts/lists/{answer.json['id']}")).json
    return got


async def items(client: Client, list_id: int) -> list[dict[str, Any]]:
    page = (await client("GET", f"/contacts/lists/{list_id}/items")).json
    assert page["totalCount"] == len(page["items"])
    found: list[dict[str, Any]] = page["items"]
    return found


async def test_a_list_of_numbers_makes_contacts(client: Client) -> None:
    created = await client(
        "POST",
        "/contacts/lists",
        json={
            "name": "Patients",
            "contactNumbers": [*NUMBERS, "213-555-0142"],
            "contactNumbersField": "mobilePhone",
        },
    )
    created.is_golden("create_contact_list")
    list_id = created.json["id"]
    (await client("GET", f"/contacts/lists/{list_id}")).is_golden("contact_list")
    (await client("GET", f"/contacts/lists/{list_id}/items")).is_golden("contact_list_items")


async def test_a_list_of_contacts_names_their_properties(client: Client) -> None:
    contacts = [
        {"homePhone": NUMBERS[0], "properties": {"age": "30", "city": "Rome"}},
        {"homePhone": NUMBERS[1], "properties": {"pet": "cat", "age": "3"}},
    ]
    plain = await items(client, await listed(client, contacts=contacts))
    assert [one["properties"] for one in plain] == [
        {"A": "30", "B": "Rome"},
        {"C": "cat", "A": "3"},
    ]
    named = await items(client, await listed(client, contacts=contacts, useCustomFields=True))
    assert [one["properties"] for one in named] == [one["properties"] for one in contacts]


async def test_contacts_come_into_a_list_and_leave_it(client: Client) -> None:
    list_id = await listed(client, contactNumbers=NUMBERS)
    path = f"/contacts/lists/{list_id}"
    one, two = [contact["id"] for contact in await items(client, list_id)]
    other = await listed(client, contactIds=[one, two, one])
    assert (await client("GET", f"/contacts/lists/{other}")).json["size"] == 2

    added = await client("POST", f"{path}/items", json={"contactIds": [one, two]})
    assert (added.status, added.body) == (204, b"")
    assert (await client("GET", path)).json["size"] == 2  # they were in it
    await client("POST", f"{path}/items", json={"contactNumbers": ["12135550144"]})
    await client("POST", f"{path}/items", json={"contacts": [{"workPhone": "12135550145"}]})
    assert [contact.get("homePhone") for contact in await items(client, list_id)] == [
        *NUMBERS, "12135550144", None,
    ]  # fmt: skip

    gone = await client("DELETE", f"{path}/items/{one}")
    assert (gone.status, gone.body) == (204, b"")
    (await client("DELETE", f"{path}/items/{one}")).is_golden("contact_list_item_not_found")
    assert (await client("DELETE", f"{path}/items?contactId={two}&contactId={one}")).status == 204
    assert (await client("DELETE", f"{path}/items")).status == 400
    assert (await client("GET", path)).json["size"] == 2
    assert len(await items(client, other)) == 2
    page = (await client("GET", f"{path}/items?limit=1&offset=1&fields=items(id)")).json
    assert (len(page["items"]), page["totalCount"]) == (1, 2)


async def test_lists_are_found_renamed_and_deleted(client: Client) -> None:
    one = await listed(client, name="Spring 2026", contactNumbers=NUMBERS)
    two = await listed(client, name="Autumn", contactNumbers=NUMBERS)
    (await client("GET", "/contacts/lists")).is_golden("find_contact_lists")
    assert [
        found["id"] for found in (await client("GET", "/contacts/lists?name=SPRING")).json["items"]
    ] == [one]
    assert (await client("PUT", f"/contacts/lists/{one}", json={"name": "Summer"})).status == 204
    assert (await client("GET", f"/contacts/lists/{one}?fields=name")).json == {"name": "Summer"}
    for bad in ({}, {"name": ""}, {"name": "x" * 256}, {"name": "a\nb"}, {"size": 3}):
        assert (await client("PUT", f"/contacts/lists/{one}", json=bad)).status == 400, bad
    contacts = [contact["id"] for contact in await items(client, two)]
    gone = await client("DELETE", f"/contacts/lists/{two}")
    assert (gone.status, gone.body) == (204, b"")
    for path in ("", "/items"):
        assert (await client("GET", f"/contacts/lists/{two}{path}")).status == 404
    assert (await client("DELETE", f"/contacts/lists/{two}")).status == 404
    for contact in contacts:  # contacts survive
        assert (await client("GET", f"/contacts/{contact}")).json["deleted"] is False


async def test_a_list_of_nobody_or_of_the_unknown_is_not_made(client: Client) -> None:
    bodies: list[tuple[int, object]] = [
        (400, {"name": "x"}), (400, {"contactNumbers": NUMBERS}),
        (400, {"name": "x", "contactNumbers": NUMBERS, "contactIds": [1]}),
        (400, {"name": "x", "contactNumbers": [NUMBERS[0], "x"]}),
        (400, {"name": "x", "contactNumbers": NUMBERS, "contactNumbersField": "fax"}),
        (400, {"name": "x", "contactNumbers": NUMBERS, "useCustomFields": True}),
        (400, {"name": "x", "contacts": [{"id": 3}]}), (400, {"name": "x", "contacts": [{"x": 3}]}),
        (400, []), (404, {"name": "x", "contactIds": [7]}),
        (404, {"name": "x", "contactIds": [2**70]}),
        (404, {"name": "x", "contactIds": [-1]}),
    ]  # fmt: skip
    for status, body in bodies:
        assert (await client("POST", "/contacts/lists", json=body)).status == status, body
    assert (await client("GET", "/contacts/lists")).json["totalCount"] == 0
    assert (await client("GET", "/contacts")).json["totalCount"] == 0


async def test_a_list_under_a_key_is_made_once(client: Client) -> None:
    key = {"Idempotency-Key": "l1"}
    body = {"name": "Patients", "contactNumbers": NUMBERS}
    first = await client("POST", "/contacts/lists", json=body, headers=key)
    again = await client("POST", "/contacts/lists", json=body, headers=key)
    assert first.body == again.body
    assert (await client("GET", "/contacts/lists")).json["totalCount"] == 1
    data = b"phone\n2135550142\n"
    one = await upload(client, data, headers={"Idempotency-Key": "l2"})
    same = await upload(client, data, headers={"Idempotency-Key": "l2"})  # another boundary
    assert one.body == same.body
    other = await upload(client, data + b"2135550143\n", headers={"Idempotency-Key": "l2"})
    assert other.status == 409


async def test_another_accounts_list_does_not_exist(client: Client, stranger: Client) -> None:
    list_id = await listed(client, contactNumbers=NUMBERS)
    (contact, _) = [one["id"] for one in await items(client, list_id)]
    path = f"/contacts/lists/{list_id}"
    for method, suffix, body in (
        ("GET", "", None), ("PUT", "", {"name": "Mine"}), ("DELETE", "", None),
        ("GET", "/items", None), ("POST", "/items", {"contactNumbers": NUMBERS}),
        ("DELETE", f"/items?contactId={contact}", None), ("DELETE", f"/items/{contact}", None),
    ):  # fmt: skip
        answer = await stranger(method, path + suffix, json=body)
        assert answer.status == 404, (method, suffix)
        assert answer.json["message"] == f"contact list {list_id} does not exist"
    assert (await stranger("GET", f"/contacts?contactListId={list_id}")).status == 404
    assert (await stranger("GET", "/contacts/lists")).json["totalCount"] == 0
    mine = await listed(stranger, contactNumbers=NUMBERS)
    theirs = await stranger("POST", f"/contacts/lists/{mine}/items", json={"contactIds": [contact]})
    assert theirs.status == 404
    assert (await client("GET", path)).json["size"] == 2


async def test_a_file_is_validated_and_becomes_a_list(client: Client, rig: Rig) -> None:
    data = (
        "\ufefffirstName,Last Name,home phone,Cell,zip,Time Zone,Age,Note\r\n"
        'Ann,"Lee, Jr.",213-555-0142,,90210,America/New_York,30,"said ""hi""\r\ntwice"\r\n'
        "Müller,,,+44 20 7183 8750,,,,\r\n"
    ).encode()
    answer = await upload(client, data, useCustomFields="true")
    answer.is_golden("upload_contact_list")
    assert rig.woken == 1
    list_id = answer.json["id"]
    (await client("GET", f"/contacts/lists/{list_id}")).is_golden("contact_list_validating")
    early = await client("POST", f"/contacts/lists/{list_id}/items", json={"contactIds": [1]})
    assert early.status == 409

    await ImportLists(store=rig.store, clock=rig.clock, holder="test")()

    (await client("GET", f"/contacts/lists/{list_id}/items")).is_golden("uploaded_contacts")
    (await client("GET", f"/contacts/lists/{list_id}")).is_golden("contact_list_active")


async def test_columns_without_custom_fields_are_lettered(client: Client, rig: Rig) -> None:
    data = b"age;phone;city\n30;2135550142;Rome\n"
    contact_list = await imported(rig, client, data, useCustomFields="false")
    (one,) = await items(client, contact_list["id"])
    assert one["properties"] == {"A": "30", "B": "Rome"}


async def test_rows_that_make_no_contact_are_left_out_and_told(client: Client, rig: Rig) -> None:
    data = b"name,phone\nAnn,2135550142\nBob,12\n\nCy,\nDi,2135550143\n"
    contact_list = await imported(rig, client, data, useCustomFields="True")
    assert (contact_list["status"], contact_list["size"]) == ("ACTIVE", 2)
    assert contact_list["problem"] == (
        "2 rows were left out: row 3: '12' is not a telephone number: give it as +12135550100 or"
        " 12135550100; row 5: it has no telephone number"
    )


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", "PARSE_FAILED", "empty"),
        (b"\r\n\r\n", "PARSE_FAILED", "empty"),
        (b"name,age\nAnn,3\n", "PARSE_FAILED", "row 1 names no column homePhone"),
        (b"2135550142\n2135550143\n", "PARSE_FAILED", "row 1 names no column homePhone"),
        (b"phone,phone\n1,2\n", "PARSE_FAILED", "row 1 names two columns alike"),
        (b"phone,name\n2135550142,Ann,x\n", "PARSE_FAILED", "row 2 has 3 cells"),
        (b'phone,name\n2135550142,"Ann"x\n', "PARSE_FAILED", "row 2 is not CSV"),
        (b'phone,name\n2135550142,"Ann\n', "PARSE_FAILED", "row 2 is not CSV"),
        (b"PK\x03\x04\x00\x00phone", "PARSE_FAILED", "not a file of text"),
        ("phone\n2135550142\n".encode("utf-16"), "PARSE_FAILED", "UTF-16"),
        (b"phone,note\n2135550142," + b"x" * 1001, "COLUMN_TOO_LARGE", "row 2 has a cell of 1001"),
        (b'phone,note\n1,"' + b"x" * 200_000, "COLUMN_TOO_LARGE", "row 2 has a cell without an"),
        (b"phone\n", "ERRORS", "no row below"),
        (b"phone\n12\nx\n", "ERRORS", "row 2: '12' is not a telephone number"),
    ],
)
async def test_files_that_are_no_lists_say_why(
    client: Client, rig: Rig, data: bytes, status: str, words: str
) -> None:
    contact_list = await imported(rig, client, data, useCustomFields="true")
    assert (contact_list["status"], contact_list["size"]) == (status, 0)
    assert words in contact_list["problem"]
    assert (await client("GET", "/contacts")).json["totalCount"] == 0


async def test_bad_uploads_are_refused_and_leave_nothing(client: Client, rig: Rig) -> None:
    data = b"phone\n2135550142\n"
    assert (await upload(client, data, useCustomFields="perhaps")).status == 400
    assert (await upload(client, data, colour="red")).status == 400
    assert (await upload(client, data, name="x" * 256)).status == 400
    assert (await upload(client, b"x" * (UPLOAD_LIMIT + 1))).status == 413
    plain = await client("POST", "/contacts/lists/upload", data=data)
    assert (plain.status, plain.json["httpStatusCode"]) == (400, 400)
    form = '--B\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--B--'
    empty = await client(
        "POST",
        "/contacts/lists/upload",
        data=form,
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )
    assert empty.status == 400
    assert (await client("GET", "/contacts/lists")).json["totalCount"] == 0
    unnamed = await upload(client, data, name="")
    named = (await client("GET", f"/contacts/lists/{unnamed.json['id']}")).json
    assert named["name"] == "patients.csv"


async def test_a_list_deleted_before_its_import_stays_deleted(client: Client, rig: Rig) -> None:
    list_id = (await upload(client, b"phone\n2135550142\n")).json["id"]
    assert (await client("DELETE", f"/contacts/lists/{list_id}")).status == 204
    assert await ImportLists(store=rig.store, clock=rig.clock, holder="test")() == 0
    assert (await client("GET", f"/contacts/lists/{list_id}")).status == 404
    assert (await client("GET", "/contacts")).json["totalCount"] == 0


async def test_ten_megabytes_are_a_list_like_any_other(client: Client, rig: Rig) -> None:
    note = "x" * 900
    data = (
        "phone,note\n" + "".join(f"213555{i % 10000:04},{note}{i}\n" for i in range(11_500))
    ).encode()
    assert len(data) > 10 * 1024 * 1024
    dialect = callfire_v2(rig.services(), limits=Limits(upload_directory=rig.directory))
    async with serving(AccessLog(Starlette(routes=[Mount("/v2", app=dialect)]))) as base:
        client._base = base
        contact_list = await imported(rig, client, data, useCustomFields="true")
        assert (contact_list["status"], contact_list["size"]) == ("ACTIVE", 11_500)
        page = await client("GET", f"/contacts/lists/{contact_list['id']}/items?offset=11499")
        (last,) = page.json["items"]
        assert last["properties"] == {"note": f"{note}11499"}
        assert page.json["totalCount"] == 11_500
