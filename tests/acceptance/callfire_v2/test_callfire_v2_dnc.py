"""CallFire v2: the do-not-contact list."""

from __future__ import annotations

from typing import Any

from tests.acceptance.callfire_v2.conftest import Client

ONE, TWO, THREE = "12135550142", "12135550143", "14155550100"


async def add(client: Client, *numbers: object, **members: Any) -> None:
    answer = await client("POST", "/contacts/dncs", json={"numbers": list(numbers), **members})
    assert (answer.status, answer.json) == (200, {}), answer.body


async def found(client: Client, query: str = "") -> list[str]:
    page = await client("GET", f"/contacts/dncs?{query}")
    assert page.status == 200, page.body
    assert page.json["totalCount"] == len(page.json["items"])
    return [one["number"] for one in page.json["items"]]


async def test_numbers_are_added_and_found(client: Client) -> None:
    await add(client, "213-555-0142", 12135550143)
    await add(client, "442071838750", source="Abroad")
    assert (await client("GET", "/contacts/dncs/442071838750")).json["source"] == "Abroad"
    assert (await client("DELETE", "/contacts/dncs/442071838750")).status == 204
    await add(client, THREE, call=False, inboundText=True, source="Shop")
    (await client("GET", "/contacts/dncs")).is_golden("find_dncs")
    (await client("GET", f"/contacts/dncs/{ONE}")).is_golden("dnc")
    assert await found(client, "prefix=1213555") == [ONE, TWO]
    assert await found(client, "prefix=213") == [ONE, TWO]  # ten digits, without the 1
    assert await found(client, "prefix=415") == [THREE]
    assert await found(client, "prefix=9") == []
    assert await found(client, "call=true") == [ONE, TWO]
    assert await found(client, "call=false") == [THREE]
    assert await found(client, "text=true&inboundText=true&inboundCall=false") == [THREE]
    assert await found(client, "source=Shop") == [THREE]
    assert await found(client, f"number={TWO}&number={THREE}") == [TWO, THREE]
    assert await found(client, "campaignId=7") == []
    page = (await client("GET", "/contacts/dncs?limit=1&offset=1&fields=items(number)")).json
    assert page == {"items": [{"number": TWO}], "limit": 1, "offset": 1, "totalCount": 3}


async def test_a_number_added_again_is_changed_and_keeps_its_time(client: Client) -> None:
    await add(client, ONE)
    before = (await client("GET", f"/contacts/dncs/{ONE}")).json
    await add(client, ONE, ONE, text=False, source="Again")
    after = (await client("GET", f"/contacts/dncs/{ONE}")).json
    assert after == before | {"text": False, "source": "Again"}


async def test_an_entry_is_changed_member_by_member(client: Client) -> None:
    await add(client, ONE, source="Shop")
    change = await client("PUT", f"/contacts/dncs/{ONE}", json={"call": False, "inboundCall": True})
    assert (change.status, change.body) == (204, b"")
    entry = (await client("GET", f"/contacts/dncs/{ONE}")).json
    assert (entry["call"], entry["text"], entry["inboundCall"]) == (False, True, True)
    assert entry["source"] == "Shop"
    assert (await client("PUT", f"/contacts/dncs/{ONE}", json=entry)).status == 204  # as read
    assert (await client("PUT", f"/contacts/dncs/{TWO}", json={"call": False})).status == 404
    wrong = await client("PUT", f"/contacts/dncs/{ONE}", json={"number": TWO, "call": True})
    assert wrong.status == 400


async def test_the_form_of_2016_has_the_number_in_the_body(client: Client) -> None:
    new = await client("PUT", "/contacts/dncs", json={"number": ONE, "call": "true"})
    assert new.status == 204
    entry = (await client("GET", f"/contacts/dncs/{ONE}")).json
    assert (entry["call"], entry["text"], entry["source"]) == (True, False, "Api V2")
    await client("PUT", "/contacts/dncs", json={"number": ONE, "text": True})
    entry = (await client("GET", f"/contacts/dncs/{ONE}")).json
    assert (entry["call"], entry["text"]) == (True, True)
    assert (await client("PUT", "/contacts/dncs", json={"call": True})).status == 400


async def test_numbers_are_deleted_one_by_one_several_and_by_source(client: Client) -> None:
    await add(client, ONE, TWO, THREE, "14155550101")
    await add(client, "12075550100", "12075550101", source="Shop list/2")
    missing = await client("DELETE", f"/contacts/dncs/{ONE},12025550199")
    missing.is_golden("dnc_not_found")
    assert ONE in await found(client)
    assert (await client("DELETE", f"/contacts/dncs/{ONE}")).status == 204
    assert (await client("DELETE", f"/contacts/dncs/{ONE}")).status == 404
    gone = await client("DELETE", f"/contacts/dncs/{TWO},%2B{THREE}")
    assert (gone.status, gone.body) == (204, b"")
    assert await found(client) == ["12075550100", "12075550101", "14155550101"]
    await add(client, "12075550100", "12075550101", source="Shop list")
    assert (await client("DELETE", "/contacts/dncs/sources/Shop%20list")).status == 204
    assert (await client("DELETE", "/contacts/dncs/sources/Shop%20list")).status == 404
    assert await found(client) == ["14155550101"]


async def test_universals_say_what_the_accounts_own_list_allows(client: Client) -> None:
    await add(client, ONE, text=False, inboundText=True)
    (await client("GET", f"/contacts/dncs/universals/{ONE}")).is_golden("universal_dnc")
    both = await client("GET", f"/contacts/dncs/universals/{ONE}?fromNumber={TWO}")
    (item,) = both.json["items"]
    assert (item["outboundCall"], item["inboundCall"]) == (False, True)
    free = (await client("GET", f"/contacts/dncs/universals/{TWO}")).json["items"][0]
    assert [free[name] for name in free if name != "toNumber"] == [True] * 4


async def test_bad_requests_change_nothing(client: Client) -> None:
    bodies: list[object] = [
        {}, {"numbers": []}, {"numbers": [ONE, "x"]}, {"numbers": ONE}, {"numbers": [ONE], "x": 1},
        {"numbers": [ONE], "call": "perhaps"}, {"numbers": [ONE], "source": "x" * 256},
        {"numbers": [ONE], "source": " "}, [ONE],
    ]  # fmt: skip
    for body in bodies:
        assert (await client("POST", "/contacts/dncs", json=body)).status == 400, body
    for query in (
        "prefix=x", "prefix=12345678901", "prefix=%2B1", "call=perhaps", "number=x", "campaignId=x",
        "dncListId=3", "callDnc=true", "colour=red",
    ):  # fmt: skip
        assert (await client("GET", f"/contacts/dncs?{query}")).status == 400, query
    for method, path in (
        ("GET", "/contacts/dncs/x"), ("DELETE", "/contacts/dncs/x"), ("DELETE", "/contacts/dncs/,"),
        ("PUT", "/contacts/dncs/x"), ("GET", "/contacts/dncs/universals/x"),
    ):  # fmt: skip
        assert (await client(method, path)).status == 400, (method, path)
    assert await found(client) == []


async def test_many_numbers_are_added_at_once(client: Client) -> None:
    numbers = [f"1213{exchange}{line:04}" for exchange in (555, 556) for line in range(2000)]
    await add(client, *numbers)
    page = (await client("GET", "/contacts/dncs?prefix=213556&limit=1")).json
    assert (page["items"][0]["number"], page["totalCount"]) == ("12135560000", 2000)


async def test_another_accounts_list_is_another_list(client: Client, stranger: Client) -> None:
    await add(client, ONE, source="Shop")
    assert await found(stranger) == []
    for method, path, body in (
        ("GET", f"/contacts/dncs/{ONE}", None),
        ("PUT", f"/contacts/dncs/{ONE}", {"call": False}),
        ("DELETE", f"/contacts/dncs/{ONE}", None),
        ("DELETE", "/contacts/dncs/sources/Shop", None),
    ):
        assert (await stranger(method, path, json=body)).status == 404, (method, path)
    await add(stranger, ONE, call=False)
    assert (await client("GET", f"/contacts/dncs/{ONE}")).json["call"] is True
