"""CallFire v2: call broadcasts, their recipients and batches."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest

from ringcast.domain.outcomes import Outcome
from ringcast.services import contact_recipients
from tests.acceptance.callfire_v2.conftest import Answer, Client, Rig

SAYS: dict[str, Any] = {
    "sounds": {"liveSoundText": "School is closed today", "liveSoundTextVoice": "MALE1"}
}
PEOPLE = [{"phoneNumber": f"1213555014{n}"} for n in range(3)]
FULL: dict[str, Any] = SAYS | {
    "name": "Snow day",
    "fromNumber": "12135550100",
    "labels": ["school", "urgent", "school"],
    "localTimeRestriction": {"beginHour": 9, "endHour": 20, "endMinute": 30},
    "schedules": [
        {
            "startDate": {"year": 2027, "month": 1, "day": 4},
            "stopDate": {"year": 2027, "month": 1, "day": 8},
            "startTimeOfDay": {"hour": 9},
            "stopTimeOfDay": {"hour": 17, "minute": 30},
            "daysOfWeek": ["FRIDAY", "MONDAY"],
            "timeZone": "America/Chicago",
        }
    ],
    "retryConfig": {
        "maxAttempts": 3,
        "minutesBetweenAttempts": 5,
        "retryResults": ["BUSY", "NO_ANS"],
        "retryPhoneTypes": ["FIRST_NUMBER"],
    },
    "maxActive": 20,
    "resumeNextDay": "true",
    "answeringMachineConfig": "LIVE_IMMEDIATE",
}


async def make(client: Client, query: str = "", **members: Any) -> int:
    answer = await client("POST", f"/calls/broadcasts{query}", json=SAYS | members)
    assert answer.status == 201, answer.body
    assert list(answer.json) == ["id"]
    return int(answer.json["id"])


async def read(client: Client, campaign: int, path: str = "") -> Any:
    answer = await client("GET", f"/calls/broadcasts/{campaign}{path}")
    assert answer.status == 200, answer.body
    return answer.json


async def post(client: Client, path: str, content: object = None) -> None:
    answer = await client("POST", f"/calls/broadcasts/{path}", json=content)
    assert (answer.status, answer.body) == (204, b"")


async def test_a_broadcast_is_read_back_as_it_was_made(client: Client) -> None:
    campaign = await make(client, **FULL)
    (await client("GET", f"/calls/broadcasts/{campaign}")).is_golden("get_broadcast")
    assert await read(client, campaign, "?fields=name,sounds(liveSoundText)") == {
        "name": "Snow day",
        "sounds": {"liveSoundText": "School is closed today"},
    }


async def test_the_text_of_a_broadcast_is_a_sound_of_the_library(client: Client) -> None:
    sounds = (await read(client, await make(client)))["sounds"]
    found = await client("GET", f"/campaigns/sounds/{sounds['liveSoundId']}")
    assert found.json["name"] == "TTS: School is closed today"
    again = await make(client, sounds={"liveSoundId": sounds["liveSoundId"]})
    assert (await read(client, again))["sounds"] == {"liveSoundId": sounds["liveSoundId"]}


async def test_sounds_keys_and_transfers_of_a_broadcast_are_read_back(client: Client) -> None:
    sounds = {
        "liveSoundText": "School is closed today",
        "machineSoundText": "Call us back",
        "machineSoundTextVoice": "FEMALE2",
        "transferSoundText": "One moment",
        "transferDigit": 1,
        "transferNumber": "(213) 555-0177",
        "dncSoundText": "Goodbye",
        "dncSoundTextVoice": "MALE1",
        "dncDigit": "*",
    }
    campaign = await make(client, sounds=sounds, maxActiveTransfers=2, name="Open line")
    (await client("GET", f"/calls/broadcasts/{campaign}")).is_golden("broadcast_with_keys")

    changes = {
        "answeringMachineConfig": "AM_ONLY",
        "maxActiveTransfers": 3,
        "sounds": {"machineSoundText": "Call us", "dncDigit": "9"},
    }
    answer = await client("PUT", f"/calls/broadcasts/{campaign}", json=changes)
    assert answer.status == 204, answer.body

    found = await read(client, campaign)
    assert (found["answeringMachineConfig"], found["maxActiveTransfers"]) == ("AM_ONLY", 3)
    now = found["sounds"]
    assert (now["machineSoundText"], now["machineSoundTextVoice"]) == ("Call us", "FEMALE1")
    assert (now["dncDigit"], now["transferDigit"], now["dncSoundText"]) == ("9", "1", "Goodbye")
    refused = await client(
        "PUT", f"/calls/broadcasts/{campaign}", json={"sounds": {"dncDigit": "1"}}
    )
    assert refused.status == 400
    assert (await read(client, campaign))["sounds"] == now


async def test_a_broadcast_with_a_dialplan_is_read_back_and_may_become_one_with_sounds(
    client: Client,
) -> None:
    source = "<dialplan><hangup/></dialplan>"
    campaign = await make(client, sounds=None, dialplanXml=source)
    found = await read(client, campaign)
    assert (found["dialplanXml"], found.get("sounds")) == (source, None)

    path = f"/calls/broadcasts/{campaign}"
    refused = await client(
        "PUT", path, json={"dialplanXml": source, "answeringMachineConfig": "LIVE_IMMEDIATE"}
    )
    assert refused.status == 400
    assert "with amd" in refused.json["message"]
    assert (await client("PUT", path, json={"name": "Another"})).status == 204
    assert (await read(client, campaign))["dialplanXml"] == source

    changed = await client("PUT", path, json={"sounds": {"liveSoundText": "Hello"}})
    assert changed.status == 204
    found = await read(client, campaign)
    assert ("dialplanXml" in found, found["sounds"]["liveSoundText"]) == (False, "Hello")


async def test_recipients_of_a_new_broadcast_are_its_first_batch(client: Client) -> None:
    campaign = await make(client, "?start=true", recipients=PEOPLE)
    assert (await read(client, campaign))["status"] == "RUNNING"
    batches = await client("GET", f"/calls/broadcasts/{campaign}/batches")
    batches.is_golden("broadcast_batches")
    calls = await client("GET", f"/calls/broadcasts/{campaign}/calls?limit=2")
    calls.is_golden("broadcast_calls")
    (batch,) = batches.json["items"]
    assert batch["name"] == f"API {batch['id']}"
    assert {call["batchId"] for call in calls.json["items"]} == {batch["id"]}


async def test_stats_of_a_broadcast_add_up(client: Client, rig: Rig) -> None:
    campaign = await make(client, "?start=true")
    people = [{"phoneNumber": f"1213555{n:04}"} for n in range(12)]
    answer = await client("POST", f"/calls/broadcasts/{campaign}/recipients", json=people)
    calls = [call["id"] for call in answer.json["items"]]
    outcomes = [
        (Outcome.HUMAN, 61.0),
        (Outcome.HUMAN, 4.0),
        (Outcome.MACHINE, 10.0),
        (Outcome.BUSY, None),
        (Outcome.NO_ANSWER, None),
        (Outcome.REJECTED, None),
        (Outcome.CARRIER_ERROR, None),
        (Outcome.INTERNAL_ERROR, None),
        (Outcome.ABANDONED, 1.0),
    ]
    for call, (outcome, talked) in zip(calls, outcomes, strict=False):
        await rig.finish("Clinic", call, outcome, talked=talked)
    await post(client, f"{campaign}/toggleRecipientsStatus?enable=false", [people[11]])

    stats = await client("GET", f"/calls/broadcasts/{campaign}/stats")

    stats.is_golden("broadcast_stats")
    found = stats.json
    parts = list(found)[list(found).index("liveCount") :]
    assert sum(found[part] for part in parts) + found["callsRemaining"] == found["totalCount"]


async def test_stats_of_a_time_tell_what_ended_in_it(client: Client, rig: Rig) -> None:
    campaign = await make(client, "?start=true")
    people = [{"phoneNumber": f"1213555{n:04}"} for n in range(5)]
    answer = await client("POST", f"/calls/broadcasts/{campaign}/recipients", json=people)
    calls = [call["id"] for call in answer.json["items"]]
    first = int(rig.clock.now().timestamp()) * 1000
    await rig.finish("Clinic", calls[0], Outcome.HUMAN, talked=61.0)
    await rig.finish("Clinic", calls[1], Outcome.BUSY, talked=None)
    rig.clock.advance(timedelta(hours=3))
    second = int(rig.clock.now().timestamp()) * 1000
    await rig.finish("Clinic", calls[2], Outcome.MACHINE, talked=10.0)
    path = f"/calls/broadcasts/{campaign}/stats"

    whole = (await client("GET", path)).json
    early = (await client("GET", f"{path}?begin={first}&end={second}")).json
    late = (await client("GET", f"{path}?begin={second}")).json

    of_minutes = (await client("GET", f"{path}?begin={first + 60_000}&end={second}")).json
    assert (early["liveCount"], early["busyCount"], early["answeringMachineCount"]) == (1, 1, 0)
    assert (early["callsDuration"], early["billedDuration"]) == (61, 120)
    assert (late["liveCount"], late["busyCount"], late["answeringMachineCount"]) == (0, 0, 1)
    assert of_minutes["callsPlaced"] == 1  # the one that was talked to into the next minute
    assert [one["callsRemaining"] for one in (whole, early, late)] == [2, 2, 2]  # as of now
    for name in ("callsAttempted", "callsPlaced", "callsDuration", "billedDuration", "liveCount"):
        assert early[name] + late[name] == whole[name]
    for one in (early, late):
        parts = list(one)[list(one).index("liveCount") :]
        assert sum(one[p] for p in parts) + one["callsRemaining"] == one["totalCount"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("begin=2000&end=2000", "later than its begin"),
        ("begin=yesterday", "begin"),
        ("end=-1", "end"),
        ("begin=1&begin=2", "begin"),
    ],
)
async def test_stats_of_no_time_are_refused(client: Client, query: str, named: str) -> None:
    campaign = await make(client)

    answer = await client("GET", f"/calls/broadcasts/{campaign}/stats?{query}")

    assert answer.status == 400
    assert named in answer.json["message"]


async def test_recipients_are_added_and_answered_as_calls(client: Client, rig: Rig) -> None:
    campaign = await make(client)
    woken = rig.woken
    answer = await client(
        "POST",
        f"/calls/broadcasts/{campaign}/recipients",
        json=[
            {"phoneNumber": "213-555-0142", "attributes": {"name": "Zoë"}},
            {"phoneNumber": "911", "fromNumber": "12135550100"},
        ],
    )
    answer.is_golden("broadcast_recipients")
    assert rig.woken > woken
    assert (await read(client, campaign))["status"] == "SETUP"
    strict = await client(
        "POST",
        f"/calls/broadcasts/{campaign}/recipients?strictValidation=true",
        json=[*PEOPLE, {"phoneNumber": "911"}],
    )
    assert strict.status == 400
    assert (await read(client, campaign, "/stats"))["totalCount"] == 2


async def test_a_batch_leaves_out_whom_it_has_already(client: Client) -> None:
    campaign = await make(client, recipients=PEOPLE[:1])
    added = await client(
        "POST",
        f"/calls/broadcasts/{campaign}/batches",
        json={
            "name": "second",
            "scrubDuplicates": True,
            "recipients": [*PEOPLE, {"phoneNumber": "(213) 555-0141"}, {"phoneNumber": "nobody"}],
        },
    )
    assert added.status == 201
    batch = added.json["id"]
    calls = await read(client, campaign, f"/calls?batchId={batch}&fields=state")
    assert [call["state"] for call in calls["items"]] == ["INVALID", "DUP", "READY", "READY", "DUP"]
    found = (await client("GET", f"/campaigns/batches/{batch}")).json
    assert (found["name"], found["size"], found["remaining"]) == ("second", 5, 2)


async def test_a_batch_is_left_out_and_taken_in_again(client: Client) -> None:
    campaign = await make(client, recipients=PEOPLE)
    (batch,) = (await read(client, campaign, "/batches"))["items"]

    async def switch(enabled: bool) -> list[str]:
        path = f"/campaigns/batches/{batch['id']}"
        answer = await client("PUT", path, json=batch | {"enabled": enabled})
        assert answer.status == 204, answer.body
        assert (await client("GET", path)).json["enabled"] is enabled
        return [call["state"] for call in (await read(client, campaign, "/calls"))["items"]]

    assert await switch(enabled=False) == ["DISABLED"] * 3
    assert (await read(client, campaign, "/stats"))["callsRemaining"] == 0
    assert await switch(enabled=True) == ["READY"] * 3
    assert (await read(client, campaign, "/stats"))["callsRemaining"] == 3


async def test_a_broadcast_goes_through_its_statuses(client: Client) -> None:
    campaign = await make(client)

    async def status() -> str:
        return str((await read(client, campaign))["status"])

    assert await status() == "SETUP"
    await post(client, f"{campaign}/start")
    await post(client, f"{campaign}/start")
    assert await status() == "START_PENDING"
    await client("POST", f"/calls/broadcasts/{campaign}/recipients", json=PEOPLE)
    assert await status() == "RUNNING"
    await post(client, f"{campaign}/stop")
    await post(client, f"{campaign}/stop")
    assert await status() == "STOPPED"
    await post(client, f"{campaign}/archive")
    assert await status() == "ARCHIVED"
    for action in ("start", "stop", "recipients"):
        refused = await client("POST", f"/calls/broadcasts/{campaign}/{action}", json=PEOPLE)
        assert refused.status == 409
    assert (await client("GET", "/calls/broadcasts")).json["totalCount"] == 0


async def test_a_broadcast_waits_for_its_schedule(client: Client) -> None:
    campaign = await make(client, "?start=true", **FULL | {"recipients": PEOPLE})
    assert (await read(client, campaign))["status"] == "SCHEDULED"
    changed = await client("PUT", f"/calls/broadcasts/{campaign}", json={"schedules": []})
    assert changed.status == 204
    found = await read(client, campaign)
    assert found["status"] == "RUNNING"
    assert "schedules" not in found
    assert found["name"] == "Snow day"  # what was not given stays


async def test_broadcasts_are_changed_member_by_member(client: Client) -> None:
    campaign = await make(client, **FULL)
    changes = {
        "name": "Sun day",
        "labels": [],
        "localTimeRestriction": {"enabled": False},
        "retryConfig": {"maxAttempts": 2, "retryResults": ["AM"]},
        "sounds": {"liveSoundText": "School is open"},
    }
    answer = await client("PUT", f"/calls/broadcasts/{campaign}", json=changes)
    assert answer.status == 204
    found = await read(client, campaign)
    assert found["name"] == "Sun day"
    assert "labels" not in found
    assert "localTimeRestriction" not in found
    assert found["retryConfig"]["minutesBetweenAttempts"] == 60
    assert found["sounds"]["liveSoundText"] == "School is open"
    assert found["maxActive"] == 20


async def test_broadcasts_are_found_by_what_is_known_of_them(client: Client, rig: Rig) -> None:
    first = await make(client, name="Snow", labels=["a", "b"])
    rig.clock.advance(60)
    second = await make(client, "?start=true", name="snow again", recipients=PEOPLE)
    third = await make(client, "?start=true", **FULL | {"name": "x", "recipients": PEOPLE})

    async def found(query: str) -> list[int]:
        page = (await client("GET", f"/calls/broadcasts?{query}")).json
        assert page["totalCount"] == len(page["items"])
        return [one["id"] for one in page["items"]]

    assert await found("") == [third, second, first]
    assert await found("name=SNOW") == [second, first]
    assert await found("label=a") == [first]
    assert await found("label=c") == []
    assert await found("running=true") == [second]
    assert await found("scheduled=true") == [third]
    assert await found("running=true&scheduled=true") == [third, second]
    created = 1772463600000 + 60_000
    assert await found(f"intervalBegin={created}") == [third, second]
    assert await found(f"intervalEnd={created}") == [first]


async def test_calls_are_found_by_broadcast_batch_and_result(client: Client, rig: Rig) -> None:
    campaign = await make(client, recipients=PEOPLE)
    (batch,) = (await read(client, campaign, "/batches"))["items"]
    sent = await client(
        "POST", f"/calls?campaignId={campaign}", json=[{"phoneNumber": "12135550188"}]
    )
    (extra,) = sent.json["items"]
    assert extra["campaignId"] == campaign
    single = await client(
        "POST", "/calls", json=[{"phoneNumber": "12135550189", "liveMessage": "x"}]
    )
    (alone,) = single.json["items"]
    await rig.finish("Clinic", extra["id"], Outcome.BUSY)

    async def found(query: str) -> set[int]:
        page = (await client("GET", f"/calls?{query}")).json
        return {call["id"] for call in page["items"]}

    members = {call["id"] for call in (await read(client, campaign, "/calls"))["items"]}
    assert len(members) == 4
    assert await found(f"campaignId={campaign}") == members
    assert await found(f"batchId={batch['id']}") == members - {extra["id"]}
    assert await found("campaignId=0") == {alone["id"]}
    assert await found(f"campaignId={campaign}&results=BUSY,LA") == {extra["id"]}
    assert await found("results=LA") == set()
    assert await found(f"campaignId={campaign}&states=FINISHED") == {extra["id"]}
    assert (await client("GET", "/calls?results=WHAT")).status == 400


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"sounds": {"liveSoundText": ""}, "recipients": PEOPLE}, "nothing to say"),
        ({"name": "x" * 300}, "characters"),
        ({"fromNumber": "12135550199"}, "ringcast number add"),
        ({"fromNumber": "911"}, "telephone number"),
        ({"sounds": {"liveSoundId": 1}}, "sound 1"),
        ({"sounds": {"liveSoundId": 1, "liveSoundText": "x"}}, "not both"),
        ({"sounds": {"machineSoundId": 1}}, "sound 1"),
        ({"sounds": {"machineSoundText": "x"}, "recipients": PEOPLE}, "nothing to say"),
        ({"sounds": {"machineSoundId": 1, "machineSoundText": "x"}}, "not both"),
        ({"sounds": {"machineSoundTextVoice": "MALE1"}}, "machineSoundText"),
        ({"sounds": {"liveSoundText": "x", "transferDigit": "1"}}, "transferNumber"),
        ({"sounds": {"liveSoundText": "x", "transferNumber": "12135550143"}}, "transferDigit"),
        ({"sounds": {"liveSoundText": "x", "transferSoundText": "x"}}, "transferDigit"),
        (
            {"sounds": {"transferDigit": "1", "transferNumber": "911"}},
            "telephone number",
        ),
        (
            {"sounds": {"transferDigit": "A", "transferNumber": "12135550143"}},
            "transferDigit",
        ),
        ({"sounds": {"dncSoundText": "x"}}, "dncDigit"),
        ({"sounds": {"dncDigit": "10"}}, "dncDigit"),
        (
            {"sounds": {"transferDigit": 1, "dncDigit": 1, "transferNumber": "12135550143"}},
            "dncDigit",
        ),
        ({"answeringMachineConfig": "AM_SOMETIMES"}, "AM_SOMETIMES"),
        ({"dialplanXml": "<dialplan>\n<sms/></dialplan>"}, "line 2, <sms>"),
        ({"dialPlanXml": "<dialplan/>"}, "line 1, <dialplan>"),
        (
            {"dialplanXml": "<dialplan><hangup/></dialplan>", "sounds": {"liveSoundText": "x"}},
            "not both",
        ),
        ({"maxActiveTransfers": 0}, "maxActiveTransfers"),
        ({"maxActiveTransfers": "many"}, "maxActiveTransfers"),
        ({"maxActive": 0}, "maxActive"),
        ({"unheardOf": 1}, "unheardOf"),
        ({"labels": [""]}, "labels"),
        ({"localTimeRestriction": {"beginHour": 9}}, "endHour"),
        ({"localTimeRestriction": {"beginHour": 9, "endHour": 24}}, "time of day"),
        ({"localTimeRestriction": {"beginHour": 9, "endHour": 9}}, "same time"),
        ({"schedules": [{}]}, "timeZone"),
        ({"schedules": [{"timeZone": "Mars"}]}, "time zone"),
        ({"schedules": [{"timeZone": "UTC", "daysOfWeek": ["SNOWDAY"]}]}, "daysOfWeek"),
        (
            {"schedules": [{"timeZone": "UTC", "startDate": {"year": 1, "month": 2, "day": 30}}]},
            "date",
        ),
        ({"schedules": [{"timeZone": "UTC"}, {"timeZone": "UTC"}]}, "overlap"),
        ({"retryConfig": {"maxAttempts": 0}}, "maxAttempts"),
        ({"retryConfig": {"retryResults": ["WHAT"]}}, "retryResults"),
        ({"retryConfig": {"retryResults": ["POSTPONED"]}}, "POSTPONED"),
        ({"retryConfig": {"retryPhoneTypes": ["CAR_PHONE"]}}, "CAR_PHONE"),
        ({"recipients": [{"contactId": 3}]}, "contact 3 does not exist"),
        ({"recipients": [{"contactId": -1}]}, "contactId"),
        ({"recipients": [{"contactId": 3, "phoneNumber": "12135550142"}]}, "not both"),
        ({"recipients": [{}]}, "phoneNumber"),
        ({"recipients": [{"phoneNumber": "12135550142", "fromNumber": "12135550199"}]}, "number"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_made(
    client: Client, members: dict[str, Any], named: str
) -> None:
    refused = await client("POST", "/calls/broadcasts?start=true", json=SAYS | members)
    assert refused.status in (400, 404), refused.body
    assert named in refused.json["developerMessage"]
    assert (await client("GET", "/calls/broadcasts")).json["totalCount"] == 0
    assert (await client("GET", "/calls")).json["totalCount"] == 0


async def test_telephones_of_contacts_to_be_tried_again_are_kept(client: Client) -> None:
    types = ["WORK_PHONE", "FIRST_NUMBER", "MOBILE_PHONE"]
    campaign = await make(client, retryConfig={"maxAttempts": 3, "retryPhoneTypes": types})
    config = (await read(client, campaign))["retryConfig"]
    assert config["retryPhoneTypes"] == types


async def add_contact(client: Client, **members: Any) -> int:
    answer = await client("POST", "/contacts", json=[members])
    assert answer.status == 200, answer.body
    return int(answer.json["items"][0]["id"])


async def test_contacts_are_called_at_their_first_number_with_their_properties(
    client: Client, stranger: Client
) -> None:
    ann = await add_contact(
        client,
        firstName="Ann",
        mobilePhone="12135550161",
        workPhone="12135550160",
        properties={"child": "Zoë", "class": "3b"},
    )
    silent = await add_contact(client, firstName="Bob")
    campaign = await make(client)
    at = f"/calls/broadcasts/{campaign}/recipients"

    added = await client(
        "POST", at, json=[{"contactId": ann, "attributes": {"class": "4a"}}, *PEOPLE[:1]]
    )
    unreachable = await client("POST", at, json=[{"contactId": silent}])
    theirs = await stranger("POST", "/calls/broadcasts", json={"recipients": [{"contactId": ann}]})

    first, second = added.json["items"]
    assert first["toNumber"] == "12135550160"
    assert first["attributes"] == {"class": "4a", "child": "Zoë"}
    assert second["toNumber"] == PEOPLE[0]["phoneNumber"]
    shown = await read(client, campaign, "/calls")
    assert [one.get("contact", {}).get("id") for one in shown["items"]] == [None, ann]
    assert unreachable.status == 400
    assert f"contact {silent} has no telephone number" in unreachable.json["message"]
    assert theirs.status in (400, 404)
    assert (await read(client, campaign, "/stats"))["callsRemaining"] == 2


async def test_a_call_shows_the_contact_that_is_called(client: Client, rig: Rig) -> None:
    ann = await add_contact(client, firstName="Ann", homePhone="12135550160", externalId="7")
    (call,) = (
        await client("POST", "/calls", json=[{"contactId": ann, "liveMessage": "hello"}])
    ).json["items"]
    await client("PUT", f"/contacts/{ann}", json={"firstName": "Anna"})

    shown = (await client("GET", f"/calls/{call['id']}")).json
    narrow = (await client("GET", f"/calls?id={call['id']}&fields=items(contact(id))")).json
    await client("DELETE", f"/contacts/{ann}")
    later = (await client("GET", f"/calls/{call['id']}")).json

    assert shown["contact"] == (await client("GET", f"/contacts/{ann}")).json | {"deleted": False}
    assert shown["contact"]["firstName"] == "Anna"
    assert narrow["items"] == [{"contact": {"id": ann}}]
    assert (later["contact"]["id"], later["contact"]["deleted"]) == (ann, True)


async def test_contacts_are_left_out_and_taken_in_again_by_their_ids(
    client: Client, stranger: Client
) -> None:
    ann = await add_contact(client, homePhone="12135550160")
    bob = await add_contact(client, homePhone="12135550161")
    carl = await add_contact(stranger, homePhone="12135550162")
    recipients = [{"contactId": ann}, {"contactId": bob}, *PEOPLE]
    campaign = await make(client, recipients=recipients)
    path = f"/calls/broadcasts/{campaign}/toggleRecipientsStatus?enable=false"

    async def disabled() -> list[str]:
        found = await client("GET", f"/calls?campaignId={campaign}&states=DISABLED")
        return sorted(one["toNumber"] for one in found.json["items"])

    await client("PUT", f"/contacts/{ann}", json={"homePhone": "12135550169"})
    for unknown in (carl, 7):
        refused = await client("POST", path, json=[{"contactId": bob}, {"contactId": unknown}])
        assert (refused.status, f"contact {unknown}" in refused.json["message"]) == (404, True)
    assert await disabled() == []

    done = await client("POST", path, json=[{"contactId": ann}, PEOPLE[0]])

    assert done.status == 204
    assert await disabled() == [PEOPLE[0]["phoneNumber"], "12135550160"]
    await post(client, f"{campaign}/toggleRecipientsStatus?enable=true", [{"contactId": ann}])
    assert await disabled() == [PEOPLE[0]["phoneNumber"]]
    for bad in (
        {"contactId": ann, "fromNumber": "12135550100"},
        {**PEOPLE[0], "attributes": {"a": "b"}},
    ):
        assert (await client("POST", path, json=[bad])).status == 400


async def test_a_list_too_long_for_one_batch_is_refused_by_its_size(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_recipients, "MAX_ADDED", 2)
    numbers = ["12135550150", "12135550151", "12135550152"]
    made = await client("POST", "/contacts/lists", json={"name": "a", "contactNumbers": numbers})
    campaign = await make(client)

    answer = await client(
        "POST", f"/calls/broadcasts/{campaign}/batches", json={"contactListId": made.json["id"]}
    )

    assert answer.status == 400
    assert "3 members: a batch takes 1 to 2" in answer.json["message"]
    assert (await read(client, campaign, "/batches"))["totalCount"] == 0


async def test_a_batch_of_a_contact_list_calls_its_members(
    client: Client, stranger: Client
) -> None:
    contacts = [
        await add_contact(client, homePhone="12135550150", properties={"day": "Monday"}),
        await add_contact(client, mobilePhone=PEOPLE[0]["phoneNumber"]),
        await add_contact(client, firstName="Nobody"),
    ]
    made = await client("POST", "/contacts/lists", json={"name": "3b", "contactIds": contacts})
    campaign = await make(client, recipients=PEOPLE)
    at = f"/calls/broadcasts/{campaign}/batches"

    batch = await client(
        "POST", at, json={"contactListId": made.json["id"], "scrubDuplicates": True}
    )

    assert batch.status == 201, batch.body
    calls = await read(client, campaign, f"/calls?batchId={batch.json['id']}")
    assert [(one["toNumber"], one["state"]) for one in reversed(calls["items"])] == [
        ("12135550150", "READY"),
        (PEOPLE[0]["phoneNumber"], "DUP"),
        (f"contact {contacts[2]}", "INVALID"),
    ]
    assert calls["items"][2]["attributes"] == {"day": "Monday"}
    assert (await client("GET", f"/campaigns/batches/{batch.json['id']}")).json["remaining"] == 1


async def test_a_batch_of_a_list_that_cannot_be_called_is_not_made(
    client: Client, stranger: Client
) -> None:
    empty = (await client("POST", "/contacts/lists", json={"name": "a", "contactIds": []})).json
    ann = await add_contact(client, homePhone="12135550150")
    full = await client("POST", "/contacts/lists", json={"name": "b", "contactIds": [ann]})
    theirs = await stranger(
        "POST", "/contacts/lists", json={"name": "c", "contactNumbers": ["12135550170"]}
    )
    campaign = await make(client)

    for body, status, named in (
        ({"contactListId": theirs.json["id"]}, 404, "contact list"),
        ({"contactListId": 7}, 404, "contact list 7"),
        ({"contactListId": -7}, 400, "contactListId"),
        ({"contactListId": full.json["id"], "recipients": PEOPLE}, 400, "not both"),
        *([({"contactListId": empty["id"]}, 400, "members")] if "id" in empty else []),
    ):
        answer = await client("POST", f"/calls/broadcasts/{campaign}/batches", json=body)
        assert answer.status == status, answer.body
        assert named in answer.json["developerMessage"]
    assert (await read(client, campaign, "/batches"))["totalCount"] == 0


async def test_a_broadcast_is_its_accounts_only(client: Client, stranger: Client) -> None:
    campaign = await make(client, recipients=PEOPLE)
    (batch,) = (await read(client, campaign, "/batches"))["items"]
    for method, path, content in (
        ("GET", f"/calls/broadcasts/{campaign}", None),
        ("PUT", f"/calls/broadcasts/{campaign}", {"name": "mine"}),
        ("GET", f"/calls/broadcasts/{campaign}/stats", None),
        ("GET", f"/calls/broadcasts/{campaign}/calls", None),
        ("GET", f"/calls/broadcasts/{campaign}/batches", None),
        ("POST", f"/calls/broadcasts/{campaign}/batches", {"recipients": PEOPLE}),
        ("POST", f"/calls/broadcasts/{campaign}/recipients", PEOPLE),
        ("POST", f"/calls/broadcasts/{campaign}/toggleRecipientsStatus?enable=false", PEOPLE),
        ("POST", f"/calls/broadcasts/{campaign}/start", None),
        ("POST", f"/calls/broadcasts/{campaign}/stop", None),
        ("POST", f"/calls/broadcasts/{campaign}/archive", None),
        ("GET", f"/campaigns/batches/{batch['id']}", None),
        ("PUT", f"/campaigns/batches/{batch['id']}", {"enabled": False}),
        ("POST", f"/calls?campaignId={campaign}", [HELLO]),
    ):
        answer: Answer = await stranger(method, path, json=content)
        assert answer.status == 404, (method, path, answer.body)
    assert (await stranger("GET", f"/calls?campaignId={campaign}")).json["items"] == []
    assert (await stranger("GET", f"/calls?batchId={batch['id']}")).json["items"] == []
    assert (await read(client, campaign, "/stats"))["callsRemaining"] == 3


HELLO = {"phoneNumber": "12135550142", "liveMessage": "hello"}


async def test_a_repeated_request_makes_nothing_twice(client: Client) -> None:
    key = {"Idempotency-Key": "one"}
    body = SAYS | {"recipients": PEOPLE}
    first = await client("POST", "/calls/broadcasts", json=body, headers=key)
    again = await client("POST", "/calls/broadcasts", json=body, headers=key)
    assert (first.status, first.body) == (again.status, again.body)
    campaign = first.json["id"]
    contents = {"recipients": PEOPLE, "batches": {"recipients": PEOPLE}}
    for name, content in contents.items():
        path, headers = f"/calls/broadcasts/{campaign}/{name}", {"Idempotency-Key": name}
        one = await client("POST", path, json=content, headers=headers)
        two = await client("POST", path, json=content, headers=headers)
        assert (one.status, one.body) == (two.status, two.body)
    assert (await read(client, campaign, "/stats"))["totalCount"] == 9


async def test_fifty_thousand_recipients_and_no_more(client: Client) -> None:
    campaign = await make(client)
    many = [{"phoneNumber": f"1213555{n % 10_000:04}"} for n in range(50_001)]

    async def add(people: list[dict[str, str]]) -> Answer:
        body = io.BytesIO(json.dumps({"recipients": people}).encode())
        return await client("POST", f"/calls/broadcasts/{campaign}/batches", data=body)

    refused = await add(many)
    assert refused.status == 400
    assert "50000" in refused.json["message"]
    assert (await add(many[1:])).status == 201
    page = await read(client, campaign, "/calls?limit=3&offset=40000")
    assert (len(page["items"]), page["totalCount"]) == (3, 50_000)
    assert (await client("GET", "/calls?limit=1")).json["totalCount"] == 50_000
