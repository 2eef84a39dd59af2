"""REST as the vendor's clients speak it, and its answers by the reference's rules."""

from __future__ import annotations

import asyncio
import base64
import re

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from ringcast.apis.callfire_1_1.operations import OPERATIONS
from ringcast.apis.callfire_1_1.schema import Complex
from ringcast.domain.campaigns import AnsweringPolicy
from ringcast.domain.ids import CampaignId
from ringcast.domain.outcomes import Outcome
from tests.acceptance.callfire_1_1.conftest import GOLDEN, NUMBER, Client, Rig
from tests.fakes.sound_library import wav_file

CAMPAIGN = {
    "Type": "VOICE",
    "BroadcastName": "Reminder",
    "From": NUMBER,
    "To": "12135550100?ClientData=a&color=dark red",
    "LiveSoundText": "Hello",
    "AnsweringMachineConfig": "LIVE_WITH_AMD",
    "TransferSoundText": "One moment",
    "TransferDigit": "1",
    "TransferNumber": "12135550102",
    "MaxActiveTransfers": "2",
    "DncSoundText": "Good bye",
    "DncDigit": "9",
    "MaxAttempts": "2",
    "MinutesBetweenAttempts": "5",
    "RetryResults": "NO_ANS BUSY",
    "RetryPhoneTypes": "MOBILE_PHONE,FIRST_NUMBER",
    "LocalRestrictBegin": "08:00:00",
    "LocalRestrictEnd": "20:00:00",
    "MaxActive": "10",
}


DIALPLAN = """\
<dialplan name="Root">
  <play type="tts" voice="female1" name="hello">Hello</play>
  <hangup name="bye"/>
</dialplan>"""


POLICIES = {
    "AM_ONLY": AnsweringPolicy.MACHINES_ONLY,
    "AM_AND_LIVE": AnsweringPolicy.PEOPLE_AND_MACHINES,
    "LIVE_WITH_AMD": AnsweringPolicy.PEOPLE_ONLY,
    "LIVE_IMMEDIATE": AnsweringPolicy.ANYBODY_AT_ONCE,
}


async def sent(client: Client, **changes: str) -> int:
    """Send a broadcast and return its identifier."""
    return (await client.rest("POST", "/call", CAMPAIGN | changes)).new_id


async def states(client: Client, broadcast: int) -> list[tuple[str, str]]:
    """Return number and state of each call of a broadcast, in the order they were asked for."""
    found = (await client.rest("GET", f"/call.json?BroadcastId={broadcast}")).json["ResourceList"]
    return [(one["ToNumber"]["value"], one["State"]) for one in reversed(found.get("Call", []))]


@pytest.mark.parametrize("form", ["", ".json"])
class TestGolden:
    async def test_calls(self, rig: Rig, client: Client, form: str) -> None:
        (await client.rest("POST", f"/call{form}", CAMPAIGN)).is_golden("send-call")
        broadcast = await sent(client)
        (await client.rest("GET", f"/call{form}?BroadcastId={broadcast}")).is_golden("query-calls")
        found = (await client.rest("GET", f"/call.json?BroadcastId={broadcast}")).json
        call = found["ResourceList"]["Call"][0]["@id"]
        await rig.finish("Clinic", call, Outcome.HUMAN, talked=61)
        (await client.rest("GET", f"/call/{call}{form}")).is_golden("get-call")
        (await client.rest("GET", f"/broadcast/{broadcast}/stats{form}")).is_golden(
            "get-broadcast-stats"
        )
        nothing = await client.rest("GET", f"/call{form}?ToNumber=12135550199")
        nothing.is_golden("query-calls-empty")

    async def test_sounds(self, client: Client, form: str) -> None:
        asked = {"SoundText": "Hello", "SoundTextVoice": "FEMALE2", "Name": "Greeting"}
        made = await client.rest("POST", f"/call/sound{form}", asked)
        made.is_golden("create-sound")
        (await client.rest("GET", f"/call/sound{form}")).is_golden("query-sound-meta")
        (await client.rest("GET", f"/call/sound/{made.new_id}{form}")).is_golden("get-sound-meta")

    async def test_caller_ids(self, client: Client, form: str) -> None:
        (await client.rest("GET", f"/call/callerid{form}")).is_golden("get-caller-ids")
        asked = {"CallerId": "12135550177"}
        answer = await client.rest("POST", f"/call/callerid/send-verification{form}", asked)
        answer.is_golden("send-verification-code-to-caller-id")
        asked["VerificationCode"] = "0000"
        (await client.rest("POST", f"/call/callerid/verify{form}", asked)).is_golden(
            "verify-caller-id"
        )

    async def test_broadcasts(self, client: Client, form: str) -> None:
        made = {"Name": "Plan", "Type": "VOICE", "LiveSoundText": "Hello", "Label": "spring"}
        answer = await client.rest("POST", f"/broadcast{form}", made)
        answer.is_golden("create-broadcast")
        broadcast = answer.new_id
        (await client.rest("GET", f"/broadcast{form}")).is_golden("query-broadcasts")
        full = await sent(client)
        (await client.rest("GET", f"/broadcast/{full}{form}")).is_golden("get-broadcast")
        changed = await client.rest("PUT", f"/broadcast/{broadcast}{form}", made)
        changed.is_golden("update-broadcast")
        started = await client.rest(
            "PUT", f"/broadcast/{broadcast}/control{form}", {"Command": "START"}
        )
        started.is_golden("control-broadcast")

    async def test_batches_and_schedules(self, client: Client, form: str) -> None:
        made = {"Name": "Plan", "Type": "VOICE", "LiveSoundText": "Hello"}
        broadcast = (await client.rest("POST", "/broadcast", made)).new_id
        path = f"/broadcast/{broadcast}/batch{form}"
        answer = await client.rest("POST", path, {"To": "12135550100 12135550101", "Name": "B"})
        answer.is_golden("create-contact-batch")
        (await client.rest("GET", path)).is_golden("query-contact-batches")
        batch = f"/broadcast/batch/{answer.new_id}"
        (await client.rest("GET", f"{batch}{form}")).is_golden("get-contact-batch")
        control = await client.rest("PUT", f"{batch}/control{form}", {"Enabled": "False"})
        control.is_golden("control-contact-batch")

        schedule = {
            "StartTimeOfDay": "10:00:00",
            "StopTimeOfDay": "18:00:00",
            "TimeZone": "America/Los_Angeles",
            "BeginDate": "2036-07-05",
            "EndDate": "2036-08-05",
            "DaysOfWeek": "SUNDAY,MONDAY",
        }
        path = f"/broadcast/{broadcast}/schedule{form}"
        answer = await client.rest("POST", path, schedule)
        answer.is_golden("create-broadcast-schedule")
        (await client.rest("GET", path)).is_golden("query-broadcast-schedule")
        path = f"/broadcast/schedule/{answer.new_id}{form}"
        (await client.rest("GET", path)).is_golden("get-broadcast-schedule")
        (await client.rest("DELETE", path)).is_golden("delete-broadcast-schedule")

    async def test_subscriptions(self, client: Client, form: str) -> None:
        made = {
            "Endpoint": "https://93.184.216.34/hook",
            "TriggerEvent": "OUTBOUND_CALL_FINISHED",
            "BroadcastId": "7",
            "FromNumber": NUMBER,
            "NonStrictSsl": "1",
        }
        answer = await client.rest("POST", f"/subscription{form}", made)
        answer.is_golden("create-subscription")
        (await client.rest("GET", f"/subscription{form}")).is_golden("query-subscriptions")
        path = f"/subscription/{answer.new_id}{form}"
        changed = await client.rest("PUT", path, {"NotificationFormat": "JSON", "Enabled": ""})
        changed.is_golden("update-subscription")
        (await client.rest("GET", path)).is_golden("get-subscription")
        (await client.rest("DELETE", path)).is_golden("delete-subscription")
        refused = await client.rest("POST", f"/subscription{form}", {"Endpoint": "http://a.test"})
        refused.is_golden("create-subscription-refused")

    async def test_contacts(self, client: Client, form: str) -> None:
        made = {
            "Name": "Staff",
            "Contact[0][firstName]": "Ann",
            "Contact[0][homePhone]": "12135550100",
            "Contact[0][color]": "red",
            "Contact[1][lastName]": "B",
            "Contact[1][mobilePhone]": "+1 213 555 0101",
            "Contact[1][externalId]": "x1",
            "Contact[1][externalSystem]": "CRM",
        }
        answer = await client.rest("POST", f"/contact/list{form}", made)
        answer.is_golden("create-contact-list")
        (await client.rest("GET", f"/contact/list{form}")).is_golden("query-contact-lists")
        path = f"/contact/list/{answer.new_id}"
        (await client.rest("GET", f"{path}{form}")).is_golden("get-contact-list")
        (await client.rest("GET", f"/contact{form}")).is_golden("query-contacts")
        contact = (await client.rest("GET", "/contact.json")).json["ResourceList"]["Contact"][0]
        await sent(client)
        one = f"/contact/{contact['@id']}"
        (await client.rest("GET", f"{one}{form}")).is_golden("get-contact")
        (await client.rest("GET", f"{one}/history{form}")).is_golden("get-contact-history")
        form_of_one = {"Contact[0][id]": str(contact["@id"]), "Contact[0][lastName]": "C"}
        changed = await client.rest("PUT", f"/contact{form}", form_of_one)
        changed.is_golden("update-contacts")
        numbers = {"Numbers": "12135550103 12135550104", "Numbers[fieldName]": "workPhone"}
        added = await client.rest("POST", f"{path}/add{form}", numbers)
        added.is_golden("add-contacts-to-list")
        removed = await client.rest("POST", f"{path}/remove{form}", {"Numbers": "12135550103"})
        removed.is_golden("remove-contacts-from-list")
        gone = await client.rest("DELETE", f"/contact{form}", {"ContactId": str(contact["@id"])})
        gone.is_golden("remove-contacts")
        (await client.rest("DELETE", f"{path}{form}")).is_golden("delete-contact-list")

    async def test_numbers_and_dnc(self, client: Client, form: str) -> None:
        (await client.rest("GET", f"/number{form}?Prefix=1213")).is_golden("query-numbers")
        (await client.rest("GET", f"/number/{NUMBER}{form}")).is_golden("get-number")
        (await client.rest("GET", f"/number/regions{form}")).is_golden("query-regions")
        path = f"/number/{NUMBER}{form}"
        ivr = {"InboundCallConfigurationType": "IVR", "DialplanXml": DIALPLAN}
        (await client.rest("PUT", path, ivr)).is_golden("configure-number")
        (await client.rest("GET", path)).is_golden("get-number-with-dialplan")
        tracking = {"InboundCallConfigurationType": "TRACKING", "TransferNumber": "12135550102"}
        (await client.rest("PUT", path, tracking)).is_golden("configure-number")
        (await client.rest("GET", path)).is_golden("get-number-with-transfer")
        changed = await client.rest("PUT", f"/contact/dnc/12135550177{form}", {"CallDnc": "true"})
        changed.is_golden("update-dnc-number")
        (await client.rest("GET", f"/contact/dnc{form}?Prefix=1213")).is_golden("query-dnc-numbers")

    async def test_dnc_lists_and_labels(self, client: Client, form: str) -> None:
        made = {"Name": "Asked", "Numbers": "12135550104,12135550105"}
        answer = await client.rest("POST", f"/contact/dnc/list{form}", made)
        answer.is_golden("create-dnc-list")
        (await client.rest("GET", f"/contact/dnc/list{form}")).is_golden("query-dnc-lists")
        path = f"/contact/dnc/list/{answer.new_id}"
        (await client.rest("GET", f"{path}{form}")).is_golden("get-dnc-list")
        numbers = {"Numbers": "12135550106"}
        added = await client.rest("POST", f"{path}/add{form}", numbers)
        added.is_golden("add-numbers-to-dnc-list")
        removed = await client.rest("POST", f"{path}/remove{form}", numbers)
        removed.is_golden("remove-numbers-from-dnc-list")
        (await client.rest("DELETE", f"{path}{form}")).is_golden("delete-dnc-list")

        label = {"LabelName": "my spring"}
        broadcast = f"/label/broadcast/{await sent(client)}{form}"
        (await client.rest("POST", broadcast, label)).is_golden("label-broadcast")
        number = f"/label/number/{NUMBER}{form}"
        (await client.rest("POST", number, label)).is_golden("label-number")
        (await client.rest("GET", f"/label{form}")).is_golden("query-labels")
        (await client.rest("DELETE", number, label)).is_golden("unlabel-number")
        (await client.rest("DELETE", broadcast, label)).is_golden("unlabel-broadcast")
        await client.rest("POST", number, label)
        (await client.rest("DELETE", f"/label{form}", label)).is_golden("delete-label")
        (await client.rest("DELETE", f"/label{form}", label)).is_golden("delete-label-refused")

    async def test_what_is_refused(self, client: Client, nobody: Client, form: str) -> None:
        (await client.rest("POST", f"/call{form}", {"To": "12135550100"})).is_golden("refused")
        (await client.rest("GET", f"/call/1{form}")).is_golden("not-found")
        (await nobody.rest("GET", f"/call{form}")).is_golden("unauthorized")
        (await client.rest("POST", f"/text{form}", {"Message": "Hi"})).is_golden("not-implemented")
        (await client.rest("GET", f"/nothing{form}")).is_golden("no-such-path")
        (await client.rest("GET", f"/call{form}?Colour=1")).is_golden("unknown-parameter")


def test_every_operation_has_a_golden_document_in_both_forms() -> None:
    missing = [
        f"{name}.{kind}.txt"
        for one in OPERATIONS
        if one.handler is not None and not one.suffixes  # sound is no document
        for name in [re.sub(r"(?<=[a-z])(?=[A-Z])", "-", one.name).lower()]
        for kind in (("xml", "json") if one.response is not None else ("xml",))  # 204 has no body
        if not (GOLDEN / f"{name}.{kind}.txt").exists()
    ]
    assert missing == []


async def test_who_is_spoken_to_is_what_was_asked_for(rig: Rig, client: Client) -> None:
    account = await rig.account("Clinic")
    for name, policy in POLICIES.items():
        broadcast = await sent(client, AnsweringMachineConfig=name, MachineSoundText="Call back")
        found = (await client.rest("GET", f"/broadcast/{broadcast}.json")).json
        config = found["Resource"]["Broadcast"]["VoiceBroadcastConfig"]
        assert config["AnsweringMachineConfig"] == name
        async with rig.store.begin(read_only=True) as tx:
            campaign = await tx.campaign(account.id, CampaignId(broadcast))
        assert campaign is not None
        assert campaign.answering is policy


async def test_regions_are_those_of_the_accounts_numbers(rig: Rig, client: Client) -> None:
    await rig.add_number("Clinic", "12135550101")
    await rig.add_number("Clinic", "+442079460018")
    found = (await client.rest("GET", "/number/regions.json?MaxResults=1&FirstResult=1")).json
    assert found["ResourceList"] == {
        "@totalResults": 2,
        "Region": [{"Prefix": "44", "Country": "GB"}],
    }
    some = (await client.rest("GET", "/number/regions.json?Country=us")).json["ResourceList"]
    assert some["Region"] == [{"Prefix": "1213", "Country": "US"}]
    assert (await client.rest("GET", "/number/regions.json?City=Leeds")).status == 400


async def test_roots_have_the_prefixes_that_clients_compare(client: Client) -> None:
    await sent(client)
    document = (await client.rest("GET", "/call")).text
    assert document.startswith('<?xml version="1.0" encoding="UTF-8" standalone="yes"?><r:Resource')
    root = etree.fromstring(document.encode())
    assert (root.prefix, root.get("totalResults")) == ("r", "1")
    assert {child.prefix for child in root.iter("{http://api.callfire.com/data}*")} == {None}
    for path, name in (("/call/1", "r:ResourceException"), ("/broadcast", "r:ResourceList")):
        assert f"><{name} " in (await client.rest("GET", path)).text


@pytest.mark.parametrize(
    "query",
    [
        "State=READY&State=FINISHED",
        "State=READY,FINISHED",
        "State=READY%20FINISHED",
        "State[0]=READY&State[1]=FINISHED",
        "State%5B%5D=READY&State%5B%5D=FINISHED",
    ],
)
async def test_lists_are_spelled_in_five_ways(client: Client, query: str) -> None:
    await sent(client)
    found = (await client.rest("GET", f"/call.json?{query}")).json["ResourceList"]
    assert found["@totalResults"] == 1
    wrong = await client.rest("GET", f"/call.json?{query.replace('FINISHED', 'ASLEEP')}")
    assert wrong.status == 400


async def test_a_form_comes_with_every_method_and_any_content_type(client: Client) -> None:
    broadcast = await sent(client)
    other = await sent(client)
    form = f"BroadcastId={broadcast}"
    for content_type in ("application/x-www-form-urlencoded", "", "text/plain"):
        answer = await client(
            "GET", "/rest/call.json", data=form, headers={"Content-Type": content_type}
        )
        found = answer.json["ResourceList"]
        assert [call["BroadcastId"] for call in found["Call"]] == [broadcast]
    assert len((await client.rest("GET", "/call.json")).json["ResourceList"]["Call"]) == 2

    async def chunks() -> object:
        yield b"Command=ARCH"
        yield b"IVE"

    path = f"/rest/broadcast/{other}/control"
    answer = await client("PUT", path, data=chunks(), skip_auto_headers=["Content-Type"])
    assert answer.status == 204
    found = (await client.rest("GET", f"/broadcast/{other}.json")).json
    assert found["Resource"]["Broadcast"]["Status"] == "ARCHIVED"


async def test_recipients_are_given_in_all_ways(client: Client) -> None:
    for form in (
        [("To", "12135550100"), ("To", "+12135550101")],
        [("To", "12135550100,12135550101")],
        [("To", "12135550100 12135550101")],
        [("To[0]", "12135550100"), ("To[1]", "12135550101")],
        [("To", "12135550100 12135550101"), ("ToNumber", "homePhone")],
    ):
        asked = aiohttp.FormData([*form, ("Type", "VOICE"), ("LiveSoundText", "Hello")])
        answer = await client.rest("POST", "/call", asked)
        found = await states(client, answer.new_id)
        assert found == [("12135550100", "READY"), ("12135550101", "READY")]

    words = {"To": "12135550100 12135550101", "ToNumber[ClientData]": "a b"}
    broadcast = (
        await client.rest("POST", "/call", words | {"Type": "VOICE", "LiveSoundText": "Hello"})
    ).new_id
    found = (await client.rest("GET", f"/call.json?BroadcastId={broadcast}")).json
    assert [call["ToNumber"]["@ClientData"] for call in found["ResourceList"]["Call"]] == ["b", "a"]


async def test_a_bad_number_is_a_call_that_is_invalid_and_a_bad_caller_is_refused(
    client: Client,
) -> None:
    broadcast = await sent(client, To="12135550100 411 abc")
    assert await states(client, broadcast) == [
        ("12135550100", "READY"),
        ("411", "INVALID"),
        ("abc", "INVALID"),
    ]
    for number in ("1234", "13105550100"):
        refused = await client.rest("POST", "/call.json", CAMPAIGN | {"From": number})
        assert refused.status == 400
    assert len((await client.rest("GET", "/broadcast.json")).json["ResourceList"]["Broadcast"]) == 1


async def test_the_second_of_a_number_is_left_out_if_that_is_asked_for(client: Client) -> None:
    twice = "12135550100 12135550100"
    assert [state for _, state in await states(client, await sent(client, To=twice))] == [
        "READY",
        "READY",
    ]
    scrubbed = await sent(client, To=twice, ScrubBroadcastDuplicates="true")
    assert [state for _, state in await states(client, scrubbed)] == ["READY", "DUP"]


async def test_a_repeated_request_id_makes_one_broadcast(client: Client) -> None:
    first = await sent(client, RequestId="r1")
    assert await sent(client, RequestId="r1") == first
    other = await client.rest("POST", "/call.json", CAMPAIGN | {"RequestId": "r1", "Type": "IVR"})
    assert other.status in (400, 501)
    changed = CAMPAIGN | {"RequestId": "r1", "To": "12135550101"}
    assert (await client.rest("POST", "/call.json", changed)).status == 400
    found = (await client.rest("GET", "/broadcast.json")).json["ResourceList"]
    assert found["@totalResults"] == 1


async def test_a_control_that_is_repeated_is_done_once(client: Client) -> None:
    broadcast = await sent(client)
    path = f"/broadcast/{broadcast}/control"
    stop = {"Command": "STOP", "RequestId": "s1"}
    assert (await client.rest("PUT", path, stop)).status == 204
    assert (await client.rest("PUT", path, {"Command": "START"})).status == 204
    assert (await client.rest("PUT", path, stop)).status == 204
    found = (await client.rest("GET", f"/broadcast/{broadcast}.json")).json
    assert found["Resource"]["Broadcast"]["Status"] == "RUNNING"


@pytest.mark.parametrize("path", ["//call.json", "/call.json/"])
async def test_slashes_too_many_are_tolerated(client: Client, path: str) -> None:
    assert (await client.rest("GET", path)).status == 200


async def test_sounds_are_uploaded_in_three_ways_and_fetched(client: Client) -> None:
    data = wav_file(1.0)
    form = aiohttp.FormData({"Name": "Hello"})
    form.add_field("Data", data, filename="hello.wav", content_type="audio/x-wav")
    first = (await client.rest("POST", "/call/sound", form)).new_id
    text = base64.b64encode(data).decode()
    assert (await client.rest("POST", "/call/sound", {"Name": "B", "Data": text})).new_id == first
    # As .NET writes it: an empty part without a name comes before the file.
    raw = (
        b'--xx\r\n\r\n\r\n--xx\r\nContent-Disposition: form-data; name="Data"; filename="a.wav"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--xx--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    answer = await client("POST", "/rest/call/sound", data=raw, headers=headers)
    assert answer.new_id == first
    meta = (await client.rest("GET", f"/call/sound/{first}.json")).json["Resource"]["SoundMeta"]
    assert (meta["Name"], meta["Status"], meta["LengthInSeconds"]) == ("Hello", "ACTIVE", 1)
    audio = await client.rest("GET", f"/call/sound/{first}.wav")
    assert (audio.status, audio.headers["content-type"]) == (200, "audio/wav")
    assert audio.body.startswith(b"RIFF")
    assert (await client.rest("GET", f"/call/sound/{first}.mp3")).headers[
        "content-type"
    ] == "audio/mpeg"


@pytest.mark.parametrize(
    "form",
    [
        {"Name": "nothing"},
        {"SoundText": "a", "Data": "YQ=="},
        {"Data": "no base 64!"},
        {"Data": "YQ=="},
        {"SoundText": "Hello", "SoundTextVoice": "ROBOT"},
    ],
)
async def test_a_sound_that_cannot_be_is_refused(client: Client, form: dict[str, str]) -> None:
    assert (await client.rest("POST", "/call/sound.json", form)).status == 400


async def test_a_recording_of_a_call_is_fetched_by_its_name(
    rig: Rig, client: Client, stranger: Client
) -> None:
    broadcast = await sent(client)
    found = (await client.rest("GET", f"/call.json?BroadcastId={broadcast}")).json
    call = found["ResourceList"]["Call"][0]["@id"]
    await rig.finish("Clinic", call, Outcome.HUMAN, talked=9)
    await rig.record("Clinic", call, called="my.answer")
    record = (await client.rest("GET", f"/call/{call}.json")).json["Resource"]["Call"]["CallRecord"]
    (meta,) = record[0]["RecordingMeta"]
    path = meta["Link"].removeprefix(f"{client.base}/rest")
    audio = await client.rest("GET", path.replace(".mp3", ".wav"))
    assert (audio.headers["content-type"], audio.body) == ("audio/wav", wav_file(2.0))
    assert (await client.rest("GET", path)).headers["content-type"] == "audio/mpeg"
    for other in (
        await stranger.rest("GET", path),
        await client.rest("GET", f"/call/{call}/b.mp3"),
    ):
        assert other.status == 404


async def test_calls_to_a_number_are_put_through_as_flat_parameters_say(client: Client) -> None:
    form = {
        "CallFeature": "ENABLED",
        "InboundCallConfigurationType": "TRACKING",
        "TransferNumber": "12135550102 12135550103",
        "Record": "true",
    }
    assert (await client.rest("PUT", f"/number/{NUMBER}", form)).status == 204
    found = (await client.rest("GET", f"/number/{NUMBER}.json")).json["Resource"]["Number"]
    inside = found["NumberConfiguration"]["InboundCallConfiguration"]["CallTrackingConfig"]
    assert inside == {"TransferNumber": "12135550102 12135550103", "Screen": False, "Record": True}
    ivr = {"InboundCallConfigurationType": "IVR", "DialplanXml": DIALPLAN}
    assert (await client.rest("PUT", f"/number/{NUMBER}.json", ivr)).status == 204
    found = (await client.rest("GET", f"/number/{NUMBER}.json")).json["Resource"]["Number"]
    inside = found["NumberConfiguration"]["InboundCallConfiguration"]
    assert inside == {"IvrInboundConfig": {"DialplanXml": DIALPLAN}}


async def test_a_broadcast_runs_a_dialplan_from_a_value_or_from_a_file(client: Client) -> None:
    asked = {"Type": "IVR", "To": "12135550100", "DialplanXml": DIALPLAN}
    first = (await client.rest("POST", "/call", asked)).new_id
    form = aiohttp.FormData({"Type": "IVR", "Name": "A"})
    form.add_field("DialplanXml", DIALPLAN.encode(), filename="a.xml", content_type="text/xml")
    second = (await client.rest("POST", "/broadcast", form)).new_id
    for broadcast in (first, second):
        found = (await client.rest("GET", f"/broadcast/{broadcast}.json")).json["Resource"]
        assert found["Broadcast"]["Type"] == "IVR"
        assert found["Broadcast"]["IvrBroadcastConfig"]["DialplanXml"] == DIALPLAN
    voice = await sent(client)
    for kind, ids in (("IVR", {first, second}), ("VOICE", {voice}), ("TEXT", set())):
        listed = (await client.rest("GET", f"/broadcast.json?Type={kind}")).json["ResourceList"]
        assert {one["@id"] for one in listed.get("Broadcast", [])} == ids
        assert listed["@totalResults"] == len(ids)


async def test_a_dialplan_that_cannot_run_is_refused_by_line_and_tag(client: Client) -> None:
    wrong = '<dialplan name="Root">\n <dance name="a"/>\n</dialplan>'
    asked = {"Type": "IVR", "To": "12135550100", "DialplanXml": wrong}
    refused = await client.rest("POST", "/call.json", asked)
    assert refused.status == 400
    message = refused.json["ResourceException"]["Message"]
    assert "line 2" in message
    assert "dance" in message


async def test_a_sound_is_recorded_by_a_call(client: Client) -> None:
    made = await client.rest("POST", "/call/sound", {"ToNumber": "12135550100", "Name": "Mine"})
    path = f"/call/sound/{made.new_id}"
    meta = (await client.rest("GET", f"{path}.json")).json["Resource"]["SoundMeta"]
    assert (meta["Name"], meta["Status"]) == ("Mine", "PENDING")
    assert "LengthInSeconds" not in meta
    listed = (await client.rest("GET", "/call/sound.json")).json["ResourceList"]["SoundMeta"]
    assert [one["@id"] for one in listed] == [made.new_id]
    assert (await client.rest("GET", f"{path}.mp3")).status in (400, 404)
    asked = {"Type": "VOICE", "To": "12135550101", "LiveSoundId": str(made.new_id)}
    assert (await client.rest("POST", "/call.json", asked)).status == 400


async def test_nothing_is_another_accounts(client: Client, stranger: Client) -> None:
    broadcast = await sent(client)
    batch = (await client.rest("GET", f"/broadcast/{broadcast}/batch.json")).json
    paths = [
        f"/broadcast/{broadcast}",
        f"/broadcast/{broadcast}/stats",
        f"/broadcast/{broadcast}/batch",
        f"/broadcast/batch/{batch['ResourceList']['ContactBatch'][0]['@id']}",
        f"/broadcast/{broadcast}/schedule",
    ]
    for path in paths:
        assert (await client.rest("GET", path)).status == 200
        assert (await stranger.rest("GET", path)).status == 404
    control = await stranger.rest("PUT", f"/broadcast/{broadcast}/control", {"Command": "STOP"})
    assert control.status == 404


async def test_the_wrong_method_says_which_is_right(client: Client) -> None:
    answer = await client.rest("DELETE", "/call/1.json")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


async def test_a_401_challenges_for_basic(nobody: Client) -> None:
    answer = await nobody.rest("GET", "/call")
    assert answer.headers["www-authenticate"].startswith('Basic realm="')


async def test_deleting_the_last_schedule_stops_the_broadcast(client: Client) -> None:
    broadcast = await sent(client)
    schedule = {"StartTimeOfDay": "0:00", "StopTimeOfDay": "0:00", "TimeZone": "America/Denver"}
    made = (await client.rest("POST", f"/broadcast/{broadcast}/schedule", schedule)).new_id
    assert (await client.rest("DELETE", f"/broadcast/schedule/{made}")).status == 204
    found = (await client.rest("GET", f"/broadcast/{broadcast}.json")).json
    assert found["Resource"]["Broadcast"]["Status"] == "STOPPED"


async def test_what_is_not_done_says_so(client: Client) -> None:
    for operation in OPERATIONS:
        if operation.handler is not None:
            continue
        path = operation.path
        for name in ("Id", "CallId", "ContactId", "ContactListId"):
            path = path.replace(f"{{{name}}}", "7")
        path = path.replace("{Name}", "answer.mp3").replace("{Number}", NUMBER)
        answer = await client.rest(operation.method, path)
        assert answer.status == 501, operation.name
        assert f"{operation.name} is not available on this system" in answer.text
    assert (await client.rest("POST", "/ccc/7/agent.json")).status == 501


_VALUES = (
    "", " ", "0", "1", "-1", "true", "False", "12135550100", "abc", "2016-02-01T23:00:00", "8:00",
    "2016-07-05", "America/Denver", "VOICE", "IVR", "TRACKING", "START", "READY FINISHED", "BUSY",
    "SUNDAY", "Hello", "9" * 25, "\u00e9\u2603", "\x00", "12135550100?a=b&=c", "https://a.test/x",
)  # fmt: skip


def _names(type_: Complex) -> list[str]:
    """Return the parameters of a type, in its own spelling and with subscripts."""
    names = ["Contact[0][firstName]", "Contact[0][id]", "Contact[x]", "Numbers[fieldName]", "To[0]"]
    for member in type_.members():
        content = member.content
        names += [*member.parameters, f"{member.name}[]", f"{member.name}[1]"]
        if isinstance(content, Complex):
            names += _names(content)
    return names


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, list[tuple[str, str]]]:
    """Draw a request with parameters of its operation, most of them nonsense."""
    operation = draw(st.sampled_from([one for one in OPERATIONS if one.handler is not None]))
    path = operation.path
    for name in ("Id", "CallId", "ContactId", "ContactListId", "BroadcastId"):
        path = path.replace(f"{{{name}}}", draw(st.sampled_from(["7", "0", "9" * 18])))
    path = path.replace("{Name}", "a%00b").replace("{Number}", draw(st.sampled_from(_PHONES)))
    suffix = f".{operation.suffixes[0]}" if operation.suffixes else draw(st.sampled_from(_FORMS))
    pair = st.tuples(st.sampled_from(_names(operation.type)), st.sampled_from(_VALUES))
    return operation.method, path + suffix, draw(st.lists(pair, max_size=6))


_PHONES = ("12135550100", "411", "abc", "1%2F2")
_FORMS = ("", ".json", ".xml")


async def test_no_parameters_are_answered_with_a_fault_of_ours(client: Client) -> None:
    loop = asyncio.get_running_loop()
    statuses: dict[int, int] = {}

    @settings(
        max_examples=300,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests())
    def send(request: tuple[str, str, list[tuple[str, str]]]) -> None:
        method, path, form = request
        sending = client.rest(method, path, aiohttp.FormData(form) if form else None)
        answer = asyncio.run_coroutine_threadsafe(sending, loop).result(30)
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        assert answer.status in (200, 201, 204, 400, 404, 429, 501), (request, answer.text)

    await asyncio.to_thread(send)
    assert statuses[200] > 10
    assert statuses[400] > 50
