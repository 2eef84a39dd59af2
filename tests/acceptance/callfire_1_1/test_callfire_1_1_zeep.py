"""A round on every port by zeep, strictly, from our own WSDL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringcast.domain.outcomes import Outcome
from tests.acceptance.callfire_1_1.conftest import NUMBER, Rig, Zeep
from tests.fakes.sound_library import wav_file


async def test_calls_are_sent_found_and_counted(rig: Rig, zeep: Zeep) -> None:
    sound_id = await zeep("Call", "CreateSound", Name="Hello", Data=wav_file(1.0))
    assert await zeep("Call", "CreateSound", Name="Other", Data=wav_file(1.0)) == sound_id

    broadcast_id = await zeep(
        "Call",
        "SendCall",
        RequestId="once",
        BroadcastName="Reminder",
        ToNumber=[{"_value_1": "12135550100", "ClientData": "a"}, {"_value_1": "12135550120"}],
        VoiceBroadcastConfig={
            "FromNumber": NUMBER,
            "LiveSoundId": sound_id,
            "MachineSoundText": "Please call back.",
            "RetryConfig": {"MaxAttempts": 2, "RetryResults": ["BUSY", "NO_ANS"]},
            "LocalTimeZoneRestriction": {"BeginTime": "08:00:00", "EndTime": "20:00:00"},
        },
    )
    found = await zeep("Call", "QueryCalls", BroadcastId=broadcast_id, MaxResults=10)
    assert found["TotalResults"] == 2
    second, first = found["Call"]
    assert (first["State"], first["ToNumber"]["_value_1"]) == ("READY", "12135550100")
    assert first["ToNumber"]["ClientData"] == "a"

    await rig.finish("Clinic", first["id"], Outcome.HUMAN, talked=61)
    await rig.finish("Clinic", second["id"], Outcome.BUSY)
    call = await zeep("Call", "GetCall", Id=first["id"])
    assert (call["State"], call["FinalResult"]) == ("FINISHED", "LA")
    (record,) = call["CallRecord"]
    assert (record["Result"], record["Duration"]) == ("LA", 61)

    stats = await zeep("Broadcast", "GetBroadcastStats", Id=broadcast_id)
    assert stats["UsageStats"]["BilledDuration"] == 120
    assert {one["Result"]: one["Actions"] for one in stats["ResultStat"]} == {"LA": 1, "BUSY": 1}
    now = rig.clock.now()
    later = await zeep("Broadcast", "GetBroadcastStats", Id=broadcast_id, IntervalBegin=now)
    past = now + timedelta(minutes=2)
    none = await zeep("Broadcast", "GetBroadcastStats", Id=broadcast_id, IntervalBegin=past)
    assert later["UsageStats"]["Actions"] == 2
    assert (none["UsageStats"]["Actions"], none["ResultStat"]) == (0, [])
    config = (await zeep("Broadcast", "GetBroadcast", Id=broadcast_id))["VoiceBroadcastConfig"]
    assert config["LiveSoundId"] == sound_id
    assert config["RetryConfig"]["RetryResults"] == ["BUSY", "NO_ANS"]
    assert str(config["LocalTimeZoneRestriction"]["BeginTime"])[:8] == "08:00:00"


async def test_sounds_come_back_as_they_were_sent(zeep: Zeep) -> None:
    sound_id = await zeep("Call", "CreateSound", SoundText="Good day", SoundTextVoice="MALE1")
    metas = await zeep("Call", "QuerySoundMeta")
    assert [one["id"] for one in metas["SoundMeta"]] == [sound_id]
    meta = await zeep("Call", "GetSoundMeta", Id=sound_id)
    assert (meta["Status"], meta["Name"]) == ("ACTIVE", "TTS: Good day")
    data = await zeep("Call", "GetSoundData", Id=sound_id, Format="WAV")
    assert data.startswith(b"RIFF")


async def test_broadcasts_are_made_changed_and_controlled(zeep: Zeep) -> None:
    made = {"Name": "Plan", "Type": "VOICE", "VoiceBroadcastConfig": {"LiveSoundText": "Hello"}}
    broadcast_id = await zeep("Broadcast", "CreateBroadcast", Broadcast=made)
    batch_id = await zeep(
        "Broadcast",
        "CreateContactBatch",
        BroadcastId=broadcast_id,
        ToNumber=["12135550100", "12135550100", "12135550101"],
        ScrubBroadcastDuplicates=True,
    )
    batch = await zeep("Broadcast", "GetContactBatch", Id=batch_id)
    assert (batch["Name"], batch["Size"], batch["Remaining"]) == ("API Contact Batch", 3, 2)
    assert (
        await zeep("Broadcast", "ControlContactBatch", Id=batch_id, Name="B", Enabled=False) is None
    )
    batches = await zeep("Broadcast", "QueryContactBatches", BroadcastId=broadcast_id)
    assert (batches["TotalResults"], batches["ContactBatch"][0]["Name"]) == (1, "B")

    changed = made | {"id": broadcast_id, "VoiceBroadcastConfig": {"LiveSoundText": "Good day"}}
    assert await zeep("Broadcast", "UpdateBroadcast", Broadcast=changed) is None
    schedule_id = await zeep(
        "Broadcast",
        "CreateBroadcastSchedule",
        BroadcastId=broadcast_id,
        BroadcastSchedule={
            "StartTimeOfDay": "10:00:00",
            "StopTimeOfDay": "18:00:00",
            "TimeZone": "America/Los_Angeles",
            "BeginDate": "2030-07-05",
            "DaysOfWeek": ["SATURDAY", "SUNDAY"],
        },
    )
    found = await zeep("Broadcast", "QueryBroadcastSchedule", BroadcastId=broadcast_id)
    assert [one["id"] for one in found["BroadcastSchedule"]] == [schedule_id]
    schedule = await zeep("Broadcast", "GetBroadcastSchedule", Id=schedule_id)
    assert schedule["DaysOfWeek"] == ["SUNDAY", "SATURDAY"]
    assert await zeep("Broadcast", "DeleteBroadcastSchedule", Id=schedule_id) is None
    await zeep("Broadcast", "ControlBroadcast", Id=broadcast_id, Command="START", MaxActive=5)
    found = await zeep("Broadcast", "QueryBroadcasts", Type=["VOICE"])
    assert found["Broadcast"][0]["Status"] == "START_PENDING"
    await zeep("Broadcast", "ControlBroadcast", Id=broadcast_id, Command="ARCHIVE")
    assert (await zeep("Broadcast", "QueryBroadcasts"))["TotalResults"] == 0


async def test_caller_ids_are_listed(zeep: Zeep) -> None:
    found = await zeep("Call", "GetCallerIds")
    assert found["CallerId"] == [NUMBER]


async def test_what_is_refused_is_a_fault_with_the_vendors_details(zeep: Zeep) -> None:
    from zeep.exceptions import Fault

    with pytest.raises(Fault, match="call 1 does not exist") as refused:
        await zeep("Call", "GetCall", Id=1)
    (info,) = refused.value.detail
    assert [child.text for child in info] == ["NOT_FOUND", "call 1 does not exist"]
    with pytest.raises(Fault, match="SendText is not available on this system"):
        await zeep(
            "Text", "SendText", ToNumber="12135550100", TextBroadcastConfig={"Message": "Hello"}
        )


async def test_subscriptions_make_a_round(zeep: Zeep) -> None:
    made = {
        "Endpoint": "https://93.184.216.34/hook",
        "NotificationFormat": "JSON",
        "TriggerEvent": "OUTBOUND_CALL_FINISHED",
        "SubscriptionFilter": {"BroadcastId": 7, "ToNumber": "12135550100", "Inbound": False},
    }
    subscription_id = await zeep("Subscription", "CreateSubscription", Subscription=made)
    found = await zeep("Subscription", "GetSubscription", Id=subscription_id)
    assert (found["Enabled"], found["NotificationFormat"]) == (True, "JSON")
    limits = found["SubscriptionFilter"]
    assert (limits["BroadcastId"], limits["ToNumber"], limits["Inbound"]) == (
        7,
        "12135550100",
        False,
    )
    changed = {"id": subscription_id, "Enabled": False, "TriggerEvent": "CAMPAIGN_FINISHED"}
    assert await zeep("Subscription", "UpdateSubscription", Subscription=changed) is None
    listed = await zeep("Subscription", "QuerySubscriptions")
    (one,) = listed["Subscription"]
    assert (one["Enabled"], one["TriggerEvent"]) == (False, "CAMPAIGN_FINISHED")
    assert one["SubscriptionFilter"]["BroadcastId"] == 7
    assert await zeep("Subscription", "DeleteSubscription", Id=subscription_id) is None
    assert (await zeep("Subscription", "QuerySubscriptions"))["TotalResults"] == 0


async def test_contacts_and_lists_make_a_round(zeep: Zeep) -> None:
    ann = {"firstName": "Ann", "homePhone": "12135550100", "mobilePhone": "12135550101"}
    bob = {"firstName": "Bob", "workPhone": "12135550102", "zipcode": "90210"}
    source = {"Contact": [ann, bob, {"firstName": "Nobody", "homePhone": "411"}]}
    list_id = await zeep("Contact", "CreateContactList", Name="Staff", ContactSource=source)
    found = await zeep("Contact", "GetContactList", Id=list_id)
    assert (found["Name"], found["Size"], found["Status"]) == ("Staff", 2, "ACTIVE")
    contacts = await zeep("Contact", "QueryContacts", ContactListId=list_id)
    assert [one["firstName"] for one in contacts["Contact"]] == ["Ann", "Bob"]
    ann_id, bob_id = (one["id"] for one in contacts["Contact"])
    assert (
        await zeep("Contact", "UpdateContacts", Contact=[{"id": ann_id, "lastName": "B"}]) is None
    )
    found = await zeep("Contact", "GetContact", Id=ann_id)
    assert (found["firstName"], found["lastName"], found["homePhone"]) == (
        "Ann",
        "B",
        "12135550100",
    )
    found = await zeep("Contact", "QueryContacts", Field="firstName", String="Bob")
    assert [one["id"] for one in found["Contact"]] == [bob_id]

    await zeep(
        "Contact",
        "AddContactsToList",
        ContactListId=list_id,
        ContactSource={"Numbers": {"_value_1": ["12135550103"], "fieldName": "mobilePhone"}},
    )
    await zeep("Contact", "RemoveContactsFromList", ContactListId=list_id, ContactId=[bob_id])
    await zeep("Contact", "RemoveContactsFromList", ContactListId=list_id, Numbers=["12135550101"])
    contacts = await zeep("Contact", "QueryContacts", ContactListId=list_id)
    assert [one["mobilePhone"] for one in contacts["Contact"]] == ["12135550103"]
    csv = b"name,homePhone,color\nCarl,12135550104,red\n"
    await zeep("Contact", "AddContactsToList", ContactListId=list_id, ContactSource={"File": csv})
    assert (await zeep("Contact", "QueryContactLists"))["ContactList"][0]["Size"] == 2

    await zeep(
        "Call", "SendCall", ToNumber="12135550100", VoiceBroadcastConfig={"LiveSoundText": "a"}
    )
    history = await zeep("Contact", "GetContactHistory", ContactId=ann_id)
    (entry,) = history  # zeep unwraps what has one repeated choice and nothing else
    assert entry["Call"]["ToNumber"]["_value_1"] == "12135550100"
    assert await zeep("Contact", "RemoveContacts", ContactId=[ann_id, bob_id, 5]) is None
    assert await zeep("Contact", "DeleteContactList", Id=list_id) is None
    assert (await zeep("Contact", "QueryContactLists"))["TotalResults"] == 0


async def test_numbers_that_must_not_be_called_make_a_round(zeep: Zeep) -> None:
    await zeep("Contact", "UpdateDncNumber", Number="12135550100", CallDnc=True)
    await zeep("Contact", "UpdateDncNumber", Number="12135550100", TextDnc=True)
    found = await zeep("Contact", "QueryDncNumbers", Prefix="1213", CallDnc=True)
    (one,) = found["DncNumber"]
    assert (one["Number"], one["CallDnc"], one["TextDnc"]) == ("12135550100", True, True)
    await zeep("Contact", "UpdateDncNumber", Number="12135550100", CallDnc=False)
    assert (await zeep("Contact", "QueryDncNumbers", CallDnc=True))["TotalResults"] == 0


async def test_numbers_are_found(zeep: Zeep) -> None:
    found = await zeep("Number", "QueryNumbers", Region={"Prefix": "1213"})
    (one,) = found["Number"]
    assert (one["Number"], one["NationalFormat"]) == (NUMBER, "(213) 555-0100")
    assert (await zeep("Number", "GetNumber", Number=NUMBER))["Region"]["Country"] == "US"
    assert (await zeep("Number", "QueryNumbers", Region={"Prefix": "1310"}))["TotalResults"] == 0


async def test_do_not_call_lists_make_a_round(zeep: Zeep) -> None:
    async def barred() -> list[str]:
        found = await zeep("Contact", "QueryDncNumbers", CallDnc=True)
        return [one["Number"] for one in found["DncNumber"]]

    await zeep("Contact", "UpdateDncNumber", Number="12135550105", CallDnc=True)
    numbers = ["12135550104", "12135550105"]
    list_id = await zeep("Contact", "CreateDncList", Name="Asked", Numbers=numbers)
    other = await zeep("Contact", "CreateDncList", Name="Again")
    await zeep("Contact", "AddNumbersToDncList", Id=list_id, Numbers=["12135550106"])
    await zeep("Contact", "AddNumbersToDncList", Id=other, Numbers=["12135550104"])
    assert await barred() == ["12135550104", "12135550105", "12135550106"]
    found = await zeep("Contact", "GetDncList", Id=list_id)
    assert (found["Name"], found["Size"], found["id"]) == ("Asked", 3, list_id)
    of_list = await zeep("Contact", "QueryDncNumbers", DncListId=other)
    assert [one["DncListId"] for one in of_list["DncNumber"]] == [other]

    # What another list bars stays barred, and so does what no list has made.
    await zeep("Contact", "RemoveNumbersFromDncList", Id=list_id, Numbers=["12135550106"])
    assert await barred() == ["12135550104", "12135550105"]
    await zeep("Contact", "DeleteDncList", Id=list_id)
    assert await barred() == ["12135550104", "12135550105"]
    await zeep("Contact", "DeleteDncList", Id=other)
    assert await barred() == ["12135550105"]
    assert (await zeep("Contact", "QueryDncLists"))["TotalResults"] == 0


async def test_labels_make_a_round(zeep: Zeep) -> None:
    config = {"Name": "A", "VoiceBroadcastConfig": {"LiveSoundText": "Hello"}}
    broadcast_id = await zeep("Broadcast", "CreateBroadcast", Broadcast=config)
    await zeep("Label", "LabelBroadcast", Id=broadcast_id, LabelName="spring")
    await zeep("Label", "LabelNumber", Number=NUMBER, LabelName="home")
    await zeep("Label", "LabelNumber", Number=NUMBER, LabelName="spring")
    assert await zeep("Label", "QueryLabels") is not None
    found = await zeep("Label", "QueryLabels")
    assert [one["Name"] for one in found["Label"]] == ["home", "spring"]
    found = await zeep("Broadcast", "QueryBroadcasts", LabelName="spring")
    assert found["Broadcast"][0]["Label"] == ["spring"]
    found = await zeep("Number", "QueryNumbers", Region={}, LabelName="home")
    assert found["TotalResults"] == 1
    await zeep("Label", "UnlabelNumber", Number=NUMBER, LabelName="home")
    assert (await zeep("Number", "QueryNumbers", Region={}, LabelName="home"))["TotalResults"] == 0
    await zeep("Label", "DeleteLabel", LabelName="spring")
    assert (await zeep("Broadcast", "QueryBroadcasts", LabelName="spring"))["TotalResults"] == 0
    assert (await zeep("Label", "QueryLabels"))["TotalResults"] == 0
    from zeep.exceptions import Fault

    for operation, members in (
        ("DeleteLabel", {}),
        ("UnlabelBroadcast", {"Id": broadcast_id}),
        ("UnlabelNumber", {"Number": NUMBER}),
    ):
        with pytest.raises(Fault, match="label 'spring' does not exist"):
            await zeep("Label", operation, LabelName="spring", **members)


async def test_recordings_of_calls_are_found_and_fetched(rig: Rig, zeep: Zeep) -> None:
    config = {"LiveSoundText": "Hello"}
    await zeep("Call", "SendCall", ToNumber="12135550100", VoiceBroadcastConfig=config)
    (call,) = (await zeep("Call", "QueryCalls"))["Call"]
    await rig.finish("Clinic", call["id"], Outcome.HUMAN, talked=9)
    recording = await rig.record("Clinic", call["id"], called="my answer")
    found = await zeep("Call", "GetCall", Id=call["id"])
    (meta,) = found["CallRecord"][0]["RecordingMeta"]
    assert (meta["id"], meta["Name"], meta["LengthInSeconds"]) == (recording, "my answer", 2)
    assert meta["Link"].endswith(f"/rest/call/{call['id']}/my%20answer.mp3")
    by_name = await zeep(
        "Call", "GetRecordingData", CallId=call["id"], Name="my answer", Format="WAV"
    )
    assert by_name == wav_file(2.0)
    by_id = await zeep("Call", "GetRecordingData", RecordingId=recording, Format="WAV")
    assert by_id == by_name
    inbound = (await zeep("Call", "QueryCalls", Inbound=True))["TotalResults"]
    outbound = (await zeep("Call", "QueryCalls", Inbound=False))["TotalResults"]
    assert (inbound, outbound) == (0, 1)


async def test_calls_to_a_number_are_put_through(zeep: Zeep) -> None:
    tracking = {"TransferNumber": ["12135550102"], "Screen": True, "Record": False}
    config = {
        "InboundCallConfigurationType": "TRACKING",
        "InboundCallConfiguration": {"CallTrackingConfig": tracking},
    }
    await zeep("Number", "ConfigureNumber", Number=NUMBER, NumberConfiguration=config)
    found = (await zeep("Number", "GetNumber", Number=NUMBER))["NumberConfiguration"]
    assert found["InboundCallConfigurationType"] == "TRACKING"
    kept = found["InboundCallConfiguration"]["CallTrackingConfig"]
    assert (kept["TransferNumber"], kept["Screen"]) == (["12135550102"], True)


async def test_a_broadcast_calls_the_contacts_of_a_list(zeep: Zeep) -> None:
    source = {"Numbers": {"_value_1": ["12135550103", "12135550104"]}}
    list_id = await zeep("Contact", "CreateContactList", Name="Staff", ContactSource=source)
    config = {"Name": "A", "Label": ["spring"], "VoiceBroadcastConfig": {"LiveSoundText": "Hello"}}
    broadcast_id = await zeep("Broadcast", "CreateBroadcast", Broadcast=config)
    await zeep(
        "Broadcast",
        "CreateContactBatch",
        BroadcastId=broadcast_id,
        ContactListId=list_id,
        Start=True,
    )
    found = (await zeep("Call", "QueryCalls", BroadcastId=broadcast_id))["Call"]
    assert {one["ToNumber"]["_value_1"] for one in found} == {"12135550103", "12135550104"}
    assert all(one["ContactId"] > 0 for one in found)
    assert (await zeep("Broadcast", "GetBroadcast", Id=broadcast_id))["Status"] == "RUNNING"


async def test_calls_are_found_by_the_label_they_were_sent_with(zeep: Zeep) -> None:
    config = {"LiveSoundText": "Hello"}
    members = {"ToNumber": "12135550100", "VoiceBroadcastConfig": config}
    await zeep("Call", "SendCall", Label=["spring", "snow"], **members)
    await zeep("Call", "SendCall", **members)
    (one,) = (await zeep("Call", "QueryCalls", LabelName="spring"))["Call"]
    assert [label["Name"] for label in one["Label"]] == ["spring"]


async def test_a_dialplan_and_a_sound_by_phone_make_a_round(zeep: Zeep) -> None:
    dialplan = '<dialplan name="Root"><hangup name="bye"/></dialplan>'
    broadcast_id = await zeep(
        "Call",
        "SendCall",
        Type="IVR",
        ToNumber="12135550100",
        IvrBroadcastConfig={"DialplanXml": dialplan},
    )
    found = await zeep("Broadcast", "GetBroadcast", Id=broadcast_id)
    assert (found["Type"], found["IvrBroadcastConfig"]["DialplanXml"]) == ("IVR", dialplan)
    sound_id = await zeep("Call", "CreateSound", RecordingCall={"ToNumber": "12135550101"})
    assert (await zeep("Call", "GetSoundMeta", Id=sound_id))["Status"] == "PENDING"
