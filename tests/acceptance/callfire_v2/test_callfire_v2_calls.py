"""CallFire v2: calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest

from ringcast.domain.ids import CallId
from ringcast.domain.instructions import Instruction, Menu, Play, Transfer, WhenAnsweredBy
from ringcast.domain.outcomes import Outcome
from tests.acceptance.callfire_v2.conftest import Answer, Client, Rig

HELLO = {"phoneNumber": "12135550142", "liveMessage": "Why hello there!"}


async def send(client: Client, *recipients: dict[str, Any], query: str = "") -> list[Any]:
    answer = await client("POST", f"/calls{query}", json=list(recipients))
    assert answer.status == 200, answer.body
    return list(answer.json["items"])


async def test_calls_are_sent_and_ready(client: Client, rig: Rig) -> None:
    answer = await client(
        "POST",
        "/calls?defaultVoice=MALE1",
        json=[
            HELLO | {"attributes": {"order": "12", "name": "Zoë"}},
            {"phoneNumber": "0800 nobody", "liveMessage": "x", "fromNumber": "2135550100"},
            {"phoneNumber": "+44 20 7183 8750", "liveMessage": "x", "voice": "SPANISH1"},
        ],
    )
    answer.is_golden("send_calls")
    assert rig.woken == 1


async def test_calls_have_words_for_machines_and_a_key_to_be_put_through(
    client: Client, rig: Rig
) -> None:
    put_through = {"transferDigit": 1, "transferNumber": "213-555-0177", "transferMessage": "Wait"}
    plain, both, through = await send(
        client,
        HELLO | {"machineMessage": ""},
        HELLO | {"phoneNumber": "12135550143", "machineMessage": "Call us"},
        HELLO | {"phoneNumber": "12135550144"} | put_through,
    )
    (default,) = await send(client, HELLO, query="?defaultMachineMessage=Call%20us")

    async def script(call: Any) -> Sequence[Instruction]:
        async with rig.store.begin(read_only=True) as tx:
            found = await tx.call(rig._accounts["Clinic"][0].id, CallId(call["id"]))
        assert found is not None
        return found.script.instructions

    (live,) = await script(plain)
    assert isinstance(live, Play)
    (detects,) = await script(both)
    assert isinstance(detects, WhenAnsweredBy)
    assert detects.human == (live,)
    assert detects.machine != (live,)
    assert await script(default) == (detects,)
    (menu,) = await script(through)
    assert isinstance(menu, Menu)
    assert menu.audio == live.audio
    ((key, (transfer,)),) = menu.keys.items()
    assert isinstance(transfer, Transfer)
    assert (key, transfer.to.e164, len(transfer.audio)) == ("1", "+12135550177", 1)


async def test_a_finished_call_shows_its_result_and_record(client: Client, rig: Rig) -> None:
    (call,) = await send(client, HELLO)
    await rig.finish("Clinic", call["id"], Outcome.MACHINE, talked=12.4)
    (await client("GET", f"/calls/{call['id']}")).is_golden("call_finished")


async def test_a_call_nobody_took_has_no_answer_time(client: Client, rig: Rig) -> None:
    (call,) = await send(client, HELLO)
    await rig.finish("Clinic", call["id"], Outcome.BUSY)
    (record,) = (await client("GET", f"/calls/{call['id']}")).json["records"]
    assert "answerTime" not in record
    assert (record["duration"], record["result"], record["callResult"]) == (0, "BUSY", "BUSY")


async def test_fields_limit_what_comes_back(client: Client, rig: Rig) -> None:
    answer = await client("POST", "/calls?fields=items(id,state)", json=[HELLO])
    (call,) = answer.json["items"]
    assert list(call) == ["id", "state"]
    await rig.finish("Clinic", call["id"], Outcome.HUMAN, talked=1)
    one = await client("GET", f"/calls/{call['id']}?fields=state,records(result)")
    assert one.json == {"state": "FINISHED", "records": [{"result": "LA"}]}
    page = await client("GET", "/calls?fields=items(state)")
    assert page.json == {
        "items": [{"state": "FINISHED"}], "limit": 100, "offset": 0, "totalCount": 1,
    }  # fmt: skip


async def test_calls_are_listed_newest_first_in_pages(client: Client, rig: Rig) -> None:
    ids = [(await send(client, HELLO))[0]["id"] for _ in range(3)]
    await rig.finish("Clinic", ids[2], Outcome.HUMAN, talked=3)
    (await client("GET", "/calls?limit=2")).is_golden("find_calls")
    second = (await client("GET", "/calls?limit=2&offset=2")).json
    assert [call["id"] for call in second["items"]] == [ids[0]]
    assert (second["offset"], second["totalCount"]) == (2, 3)


async def test_calls_are_found_by_what_is_known_of_them(client: Client, rig: Rig) -> None:
    first, bad = await send(client, HELLO, HELLO | {"phoneNumber": "911"})
    rig.clock.advance(60)
    (second,) = await send(client, HELLO | {"phoneNumber": "12135550143"})
    await rig.finish("Clinic", first["id"], Outcome.HUMAN, talked=3)
    everything = {first["id"], bad["id"], second["id"]}

    async def found(query: str) -> set[int]:
        page = (await client("GET", f"/calls?{query}")).json
        assert page["totalCount"] == len(page["items"])
        return {call["id"] for call in page["items"]}

    assert await found("") == everything
    assert await found("campaignId=0&inbound=false&fields=id") == everything
    assert await found("inbound=True") == set()
    assert await found("states=READY,FINISHED") == {first["id"], second["id"]}
    assert await found("states=INVALID&states=SELECTED") == {bad["id"]}
    assert await found("states=DNC") == set()
    assert await found("toNumber=2135550142") == {first["id"]}
    assert await found("fromNumber=12135550100") == everything
    assert await found("fromNumber=12135550199") == set()
    assert await found(f"id={first['id']}&id={second['id']}") == {first["id"], second["id"]}
    assert await found("id=1") == set()
    assert await found("label=vip") == set()
    assert await found(f"intervalBegin={second['created']}") == {second["id"]}
    assert await found(f"intervalEnd={first['created'] + 1}") == {first["id"], bad["id"]}


async def test_a_sound_is_played_by_its_id(client: Client) -> None:
    sound = (await client("POST", "/campaigns/sounds/tts", json={"message": "Hello"})).json["id"]
    await send(client, {"phoneNumber": "12135550142", "liveMessageSoundId": sound})
    await send(client, {"phoneNumber": "12135550142"}, query=f"?defaultLiveMessageSoundId={sound}")
    await client("DELETE", f"/campaigns/sounds/{sound}")
    refused = await client(
        "POST", "/calls", json=[{"phoneNumber": "12135550142", "liveMessageSoundId": sound}]
    )
    assert refused.status == 400
    assert "archived" in refused.json["message"]


async def test_strict_validation_refuses_the_request_whole(client: Client, rig: Rig) -> None:
    answer = await client(
        "POST", "/calls?strictValidation=true", json=[HELLO, HELLO | {"phoneNumber": "911"}]
    )
    answer.is_golden("send_calls_strict")
    assert (await client("GET", "/calls")).json["totalCount"] == 0
    assert rig.woken == 0


async def test_calls_can_be_made_from_own_numbers_only(client: Client, stranger: Client) -> None:
    answer = await client("POST", "/calls", json=[HELLO | {"fromNumber": "12135550109"}])
    answer.is_golden("unknown_caller_id")
    without = await stranger("POST", "/calls", json=[HELLO])
    assert without.status == 400
    assert without.json["internalCode"] == 40003


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("campaignId=x", {}, "campaignId"),
    ("defaultMachineMessage=Hi&defaultMachineMessageSoundId=1", {}, "defaultMachineMessage"),
    ("defaultVoice=ALTO", {}, "defaultVoice"),
    ("strictValidation=perhaps", {}, "strictValidation"),
    ("fields=items(", {}, "fields"),
    ("colour=red", {}, "colour"),
    ("", {"machineMessage": "Hi", "machineMessageSoundId": 1}, "machineMessage"),
    ("", {"machineMessage": "Hi", "liveMessage": None}, "liveMessage"),
    ("", {"transferDigit": "1"}, "number to transfer to"),
    ("", {"transferNumber": "12135550143"}, "key that transfers"),
    ("", {"transferMessage": "Wait"}, "key that transfers"),
    ("", {"transferDigit": "12", "transferNumber": "12135550143"}, "'12'"),
    ("", {"dialplanXml": "<dialplan/>", "liveMessage": None}, "line 1, <dialplan>"),
    ("", {"dialplanXml": "<dialplan><hangup/></dialplan>"}, "or liveMessage"),
    ("", {"contactId": 5}, "contactId"),
    ("", {"livemessage": "Hi"}, "livemessage"),
    ("", {"voice": "ALTO"}, "voice"),
    ("", {"fromNumber": "911"}, "911"),
    ("", {"attributes": {"a": ["b"]}}, "attributes"),
    ("", {"liveMessage": "...", "voice": None}, "spoken"),
    ("", {"liveMessage": None}, "nothing to say"),
]


async def test_what_would_have_no_effect_is_refused_by_name(client: Client, rig: Rig) -> None:
    for query, recipient, named in REFUSED:
        answer = await client("POST", f"/calls?{query}", json=[HELLO | recipient])
        assert answer.status == 400, named
        assert named in answer.json["message"]
    assert (await client("GET", "/calls")).json["totalCount"] == 0
    assert rig.woken == 0


async def test_a_search_by_what_cannot_be_searched_is_refused(client: Client) -> None:
    for query in (
        "batchId=x", "results=YES", "campaignId=x", "states=ready", "limit=0", "limit=1001",
        "offset=x", "id=x", "toNumber=abc", "intervalBegin=now", "page=2", "inbound=2",
    ):  # fmt: skip
        answer = await client("GET", f"/calls?{query}")
        assert answer.status == 400, query
        assert query.split("=")[0] in answer.json["developerMessage"]


async def test_a_body_that_is_no_list_of_recipients_is_refused(client: Client) -> None:
    for body in (b"", b"[]", b"{", b"{}", b"null", b'["1213"]', b"\xff", b"[" * 60_000):
        answer = await client("POST", "/calls", data=body)
        assert answer.status == 400, body[:20]
        assert answer.json["httpStatusCode"] == 400


async def test_eleven_recipients_are_too_many(client: Client) -> None:
    answer = await client("POST", "/calls", json=[HELLO] * 11)
    assert answer.status == 400
    assert "10" in answer.json["message"]


async def test_a_body_that_is_too_large_is_refused_in_the_dialects_shape(client: Client) -> None:
    answer = await client("POST", "/calls", data=b" " * 70_000)
    answer.is_golden("body_too_large")

    async def endless() -> Any:
        for _ in range(80):
            yield b" " * 1000

    chunked = await client("POST", "/calls", data=endless())
    assert chunked.status == 413


async def test_another_accounts_call_does_not_exist(client: Client, stranger: Client) -> None:
    (call,) = await send(client, HELLO)
    theirs = await stranger("GET", f"/calls/{call['id']}")
    theirs.is_golden("call_not_found")
    never = await stranger("GET", "/calls/1")
    assert (never.status, never.json["internalCode"]) == (404, theirs.json["internalCode"])
    assert (await stranger("GET", f"/calls?id={call['id']}")).json["totalCount"] == 0
    assert (await client("GET", f"/calls/{2**64}")).status == 404
    assert (await client("GET", f"/calls/{'9' * 1000}")).status == 404
    assert (await client("GET", "/calls/abc")).status == 404


class TestRepeatedRequests:
    """A request with a key of its own can be sent again."""

    async def post(self, client: Client, key: str, text: str, *, header: str = "") -> Answer:
        return await client(
            "POST",
            f"/calls?defaultLiveMessage={quote(text)}",
            json=[{"phoneNumber": "12135550142"}],
            headers={header or "Idempotency-Key": key},
        )

    @pytest.mark.parametrize("header", ["Idempotency-Key", "RequestId"])
    async def test_a_repetition_is_answered_like_the_first(
        self, client: Client, rig: Rig, header: str
    ) -> None:
        first = await self.post(client, "k1", "Hello", header=header)
        await rig.finish("Clinic", first.json["items"][0]["id"], Outcome.HUMAN, talked=1)
        again = await self.post(client, "k1", "Hello", header=header)
        assert (again.status, again.body) == (200, first.body)
        assert (await client("GET", "/calls")).json["totalCount"] == 1
        assert rig.woken == 1

    async def test_the_same_key_for_another_request_is_a_conflict(self, client: Client) -> None:
        await self.post(client, "k1", "Hello")
        (await self.post(client, "k1", "Other")).is_golden("key_conflict")
        assert (await client("GET", "/calls")).json["totalCount"] == 1

    async def test_many_at_once_make_one_call(self, client: Client, rig: Rig) -> None:
        answers = await asyncio.gather(*(self.post(client, "k1", "Hello") for _ in range(10)))
        assert {answer.status for answer in answers} == {200}
        assert len({answer.body for answer in answers}) == 1
        assert (await client("GET", "/calls")).json["totalCount"] == 1
        assert rig.woken == 1

    async def test_a_refused_request_may_be_mended_under_its_key(self, client: Client) -> None:
        assert (await self.post(client, "k1", "...")).status == 400
        assert (await self.post(client, "k1", "Hello")).status == 200

    async def test_keys_belong_to_accounts(
        self, client: Client, stranger: Client, rig: Rig
    ) -> None:
        await rig.add_number("Somebody else", "12135550101")
        first = await self.post(client, "k1", "Hello")
        second = await self.post(stranger, "k1", "Hello")
        assert second.status == 200
        assert second.body != first.body

    async def test_a_key_without_end_is_refused(self, client: Client) -> None:
        assert (await self.post(client, "k" * 256, "Hello")).status == 400
