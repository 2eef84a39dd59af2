"""CallFire v2: contacts."""

from __future__ import annotations

from ringcast.domain.outcomes import Outcome
from tests.acceptance.callfire_v2.conftest import Client, Rig

ANN = {
    "firstName": "Ann",
    "lastName": "Lee",
    "zipcode": "90210",
    "homePhone": "213-555-0142",
    "mobilePhone": 12135550143,
    "extraPhone2": "+44 20 7183 8750",
    "externalId": "crm-7",
    "externalSystem": "CRM",
    "properties": {"age": "30", "city": "Málaga"},
}


async def made(client: Client, *contacts: object) -> list[int]:
    answer = await client("POST", "/contacts", json=list(contacts))
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.json["items"]]


async def found(client: Client, query: str) -> list[int]:
    page = await client("GET", f"/contacts?{query}")
    assert page.status == 200, page.body
    assert page.json["totalCount"] == len(page.json["items"])
    return [one["id"] for one in page.json["items"]]


async def test_contacts_are_made_and_read(client: Client) -> None:
    answer = await client("POST", "/contacts", json=[ANN, {"workPhone": "12135550144"}])
    answer.is_golden("create_contacts")
    ann, other = [one["id"] for one in answer.json["items"]]
    (await client("GET", f"/contacts/{ann}")).is_golden("contact")
    assert (await client("GET", f"/contacts/{other}?fields=id,workPhone")).json == {
        "id": other,
        "workPhone": "12135550144",
    }


async def test_contacts_are_found_by_id_number_and_property(client: Client) -> None:
    ann, bob, cy = await made(
        client,
        ANN,
        {"firstName": "Bob", "workPhone": "12135550142", "properties": {"age": "30"}},
        {"firstName": "Cy", "homePhone": "12135550199", "properties": {"age": "3"}},
    )
    (await client("GET", "/contacts")).is_golden("find_contacts")
    assert await found(client, "") == [ann, bob, cy]
    assert await found(client, f"id={cy}&id={ann}") == [ann, cy]
    assert await found(
        client, f"id={cy},{ann}&number=12135550142&propertyName=age&propertyValue=3"
    ) == [ann, cy]
    assert await found(client, "number=12135550142") == [ann, bob]
    assert await found(client, "number=12135550142,12135550199&contactListId=1") == [ann, bob, cy]
    assert await found(client, "number=2075550100") == []
    assert await found(client, "propertyName=age&propertyValue=30") == [ann, bob]
    assert await found(client, "propertyName=city&propertyValue=M%C3%A1laga") == [ann]
    assert await found(client, "propertyName=firstName&propertyValue=Bob") == [bob]
    assert await found(client, "propertyName=homePhone&propertyValue=2135550142") == [ann]
    page = (await client("GET", "/contacts?limit=1&offset=1")).json
    assert ([one["id"] for one in page["items"]], page["totalCount"]) == ([bob], 3)


async def test_searches_that_make_no_sense_are_refused(client: Client) -> None:
    for query in (
        "propertyName=age", "propertyValue=3", "number=x", "id=x", "contactListId=x",
        "propertyName=homePhone&propertyValue=x", "name=Ann", "limit=0",
    ):  # fmt: skip
        assert (await client("GET", f"/contacts?{query}")).status == 400, query
    assert (await client("GET", "/contacts?contactListId=1")).status == 404


async def test_a_contact_is_changed_member_by_member(client: Client) -> None:
    (ann,) = await made(client, ANN)
    path = f"/contacts/{ann}"
    changed = await client(
        "PUT",
        path,
        json={
            "id": ann,
            "firstName": "Anna",
            "zipcode": "",
            "homePhone": "",
            "workPhone": "12135550177",
            "properties": {"age": "31"},
            "deleted": False,
        },
    )
    assert (changed.status, changed.body) == (204, b"")
    (await client("GET", path)).is_golden("contact_changed")
    assert await found(client, "number=12135550142") == []
    assert await found(client, "number=12135550177") == [ann]
    assert await found(client, "propertyName=age&propertyValue=30") == []
    whole = (await client("GET", path)).json
    assert (await client("PUT", path, json=whole)).status == 204  # as it was read
    assert (await client("GET", path)).json == whole


async def test_a_deleted_contact_stays_readable_and_is_found_no_more(client: Client) -> None:
    ann, bob = await made(client, ANN, {"homePhone": "12135550142"})
    contacts = {"name": "L", "contactIds": [ann, bob]}
    list_id = (await client("POST", "/contacts/lists", json=contacts)).json["id"]

    gone = await client("DELETE", f"/contacts/{ann}")

    assert (gone.status, gone.body) == (204, b"")
    assert (await client("DELETE", f"/contacts/{ann}")).status == 204
    (await client("GET", f"/contacts/{ann}")).is_golden("contact_deleted")
    assert await found(client, "") == [bob]
    assert await found(client, f"id={ann}") == []
    assert await found(client, "number=12135550142") == [bob]
    assert await found(client, f"contactListId={list_id}") == [bob]
    assert (await client("GET", f"/contacts/lists/{list_id}")).json["size"] == 1
    assert (await client("PUT", f"/contacts/{ann}", json={"firstName": "A"})).status == 409
    assert (await client("PUT", f"/contacts/{bob}", json={"deleted": True})).status == 204
    assert (await client("GET", f"/contacts/{bob}")).json["deleted"] is True
    again = await client("POST", f"/contacts/lists/{list_id}/items", json={"contactIds": [bob]})
    assert again.status == 404


async def test_bad_contacts_are_refused_whole(client: Client) -> None:
    bodies: list[object] = [
        [], {}, "x", [1], [{"name": "x"}], [{"homePhone": "911"}], [{"homePhone": "12"}],
        [ANN, {"mobilePhone": "not a number"}], [{"id": 7}], [{"deleted": True}],
        [{"properties": {"age": 30}}], [{"properties": {" ": "x"}}],
        [{"properties": {"x": "y" * 1001}}], [{"properties": {f"p{i}": "" for i in range(101)}}],
        [{"firstName": "x" * 256}], [{"homePhone": "1" * 5000}], [{"properties": []}],
        [{"firstName": "\0"}],
    ]  # fmt: skip
    for body in bodies:
        answer = await client("POST", "/contacts", json=body)
        assert answer.status == 400, body
        assert answer.json["httpStatusCode"] == 400
    bad = await client("POST", "/contacts", json=[ANN, {"mobilePhone": "not a number"}])
    bad.is_golden("create_contacts_bad_number")
    assert (await client("POST", "/contacts", data=b"[{")).status == 400
    assert (await client("GET", "/contacts")).json["totalCount"] == 0


async def test_bad_changes_leave_the_contact_as_it_was(client: Client) -> None:
    (ann,) = await made(client, ANN)
    before = (await client("GET", f"/contacts/{ann}")).json
    bodies: list[object] = [
        {"id": ann + 1}, {"homePhone": "x"}, {"colour": "red"}, [], {"firstName": 3, "x": 1},
        {"properties": {"x": "y" * 1001}}, {"deleted": True, "firstName": "x"},
    ]  # fmt: skip
    for body in bodies:
        assert (await client("PUT", f"/contacts/{ann}", json=body)).status == 400, body
    assert (await client("GET", f"/contacts/{ann}")).json == before


async def test_contacts_under_a_key_are_made_once(client: Client) -> None:
    key = {"Idempotency-Key": "c1"}
    first = await client("POST", "/contacts", json=[ANN], headers=key)
    again = await client("POST", "/contacts", json=[ANN], headers=key)
    assert again.body == first.body
    assert (await client("GET", "/contacts")).json["totalCount"] == 1
    other = await client("POST", "/contacts", json=[ANN, ANN], headers=key)
    assert other.status == 409


async def test_history_is_the_calls_to_any_of_the_numbers(client: Client, rig: Rig) -> None:
    (ann,) = await made(client, ANN)
    calls = []
    for number in ("12135550142", "12135550143", "12135550155"):
        call = [{"phoneNumber": number, "liveMessage": "Hello"}]
        calls.append((await client("POST", "/calls", json=call)).json["items"][0]["id"])
    await rig.finish("Clinic", calls[0], Outcome.HUMAN, talked=3)
    history = await client("GET", f"/contacts/{ann}/history")
    history.is_golden("contact_history")
    assert [one["id"] for one in history.json["calls"]] == [calls[1], calls[0]]
    some = await client("GET", f"/contacts/{ann}/history?limit=1&offset=1&fields=calls(id)")
    assert some.json == {"calls": [{"id": calls[0]}]}
    (nobody_called,) = await made(client, {"firstName": "Silent"})
    silent = await client("GET", f"/contacts/{nobody_called}/history")
    assert silent.json == {"id": nobody_called, "calls": []}


async def test_another_accounts_contact_does_not_exist(client: Client, stranger: Client) -> None:
    (ann,) = await made(client, ANN)
    for method, path, body in (
        ("GET", f"/contacts/{ann}", None),
        ("PUT", f"/contacts/{ann}", {"firstName": "Eve"}),
        ("DELETE", f"/contacts/{ann}", None),
        ("GET", f"/contacts/{ann}/history", None),
    ):
        answer = await stranger(method, path, json=body)
        assert answer.status == 404, (method, path)
        assert answer.json["message"] == f"contact {ann} does not exist"
    assert await found(stranger, "") == []
    assert await found(stranger, f"id={ann}") == []
    assert await found(stranger, "number=12135550142") == []
    listed = await stranger("POST", "/contacts/lists", json={"name": "L", "contactIds": [ann]})
    assert listed.status == 404
    assert (await stranger("GET", "/contacts/lists")).json["totalCount"] == 0
    assert (await client("GET", f"/contacts/{ann}")).json["firstName"] == "Ann"


async def test_ids_that_cannot_be_are_not_found(client: Client) -> None:
    for number in (1, 2**63 - 1, 2**63, 10**30):
        assert (await client("GET", f"/contacts/{number}")).status == 404
    assert (await client("GET", "/contacts/ann")).status == 404


async def test_a_contact_is_called_at_its_first_number(client: Client, stranger: Client) -> None:
    ann, cell_only, silent = await made(
        client,
        ANN,
        {"mobilePhone": "12135550177", "extraPhone1": "12135550178"},
        {"firstName": "S"},
    )
    recipients = [{"contactId": one, "liveMessage": "Hello"} for one in (ann, cell_only)]
    calls = (await client("POST", "/calls", json=recipients)).json["items"]
    assert [(call["toNumber"], call["state"]) for call in calls] == [
        ("12135550142", "READY"),
        ("12135550177", "READY"),
    ]
    await client("DELETE", f"/contacts/{ann}")
    for contact_id, status in ((ann, 404), (silent, 400), (7, 404), (2**63, 404), ("x", 400)):
        body = [{"contactId": contact_id, "liveMessage": "Hello"}]
        assert (await client("POST", "/calls", json=body)).status == status, contact_id
    both = [{"contactId": cell_only, "phoneNumber": "12135550142", "liveMessage": "Hello"}]
    assert (await client("POST", "/calls", json=both)).status == 400
    theirs = await stranger("POST", "/calls", json=recipients[1:])
    assert theirs.status == 404
    assert (await client("GET", "/calls")).json["totalCount"] == 2
