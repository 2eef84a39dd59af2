"""What programs are told of recordings, of legs and of calls that are over, by real calls."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.system.laml.world import CALLER, World, assert_signed, hears
from tests.system.programs import eventually

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(120),
]


def test_recordings_legs_and_ends_are_told_and_a_dead_url_holds_nothing_up_for_long(
    world: World,
) -> None:
    documents, client = world.documents, world.client
    told = documents.give("/told-of-recording")
    legs = documents.give("/told-of-leg")
    dead = f"{documents.url}/dead"
    documents.give("/after-all")
    everything = "in-progress completed absent"
    notice = f'recordingStatusCallback="{told}" recordingStatusCallbackEvent="{everything}"'
    play = documents.give(
        "/told-play", '<Pause length="2"/><Play>/tone/450</Play><Pause length="2"/>'
    )
    record = documents.give("/told-record", f'<Record action="/after-all" {notice}/>')
    silent = documents.give(
        "/told-silent", f'<Record timeout="1" playBeep="false" maxLength="2" {notice}/>'
    )
    number = (
        f'<Number statusCallback="{legs}" statusCallbackMethod="GET" '
        'statusCallbackEvent="initiated ringing answered completed">+12135637701</Number>'
    )
    dial = documents.give(
        "/told-dial",
        f'<Dial action="/after-all" record="record-from-ringing-dual" {notice}>{number}</Dial>',
    )
    gather = documents.give(
        "/told-gather", '<Gather action="/after-all" actionOnEmptyResult="true" timeout="60"/>'
    )
    sids = {
        "whole": world.call(
            "+12135558970", url=play, record=True, recording_track="outbound",
            recording_status_callback=told, status_callback=legs,
            recording_status_callback_event=["in-progress", "completed"],
        ),
        "message": world.call("+12135558943", url=record),
        "silent": world.call("+12135558903", url=silent),
        "dial": world.call("+12135558904", url=dial),
        "gather": world.call("+12135558804", url=gather),
        "dead": world.call(
            "+12135558920", url=play, status_callback=dead,
            status_callback_event=["initiated", "completed"],
        ),
    }  # fmt: skip
    for sid in sids.values():
        world.ended(sid)

    def of(name: str, path: str = "/told-of-recording") -> list[Mapping[str, str]]:
        asked = documents.requests(path)
        return [one.form for one in asked if one.form["CallSid"] == sids[name]]

    eventually(lambda: all(len(of(name)) == 2 for name in ("whole", "message", "silent", "dial")))
    eventually(lambda: len(documents.requests("/dead")) == 6, within=25)
    eventually(lambda: len(documents.requests("/after-all")) == 3)

    statuses = {name: [form["RecordingStatus"] for form in of(name)] for name in sids}
    assert statuses == {
        "whole": ["in-progress", "completed"],
        "message": ["in-progress", "completed"],
        "silent": ["in-progress", "absent"],
        "dial": ["in-progress", "completed"],
        "gather": [],
        "dead": [],
    }
    last = {name: of(name)[-1] for name in ("whole", "message", "dial")}
    sources = {name: form["RecordingSource"] for name, form in last.items()}
    assert sources == {"whole": "OutboundAPI", "message": "RecordVerb", "dial": "DialVerb"}
    channels = {name: form["RecordingChannels"] for name, form in last.items()}
    assert channels == {"whole": "1", "message": "1", "dial": "2"}
    assert 2 <= int(last["whole"]["RecordingDuration"]) <= 3, "silence is cut off"
    audio = world.audio(last["whole"]["RecordingUrl"])
    assert hears(audio, 450)
    assert len(audio) < 3.5 * 8000
    (end,) = of("whole", "/told-of-leg")
    assert end["RecordingSid"] == last["whole"]["RecordingSid"]

    after = {one.form["CallSid"]: one.form for one in documents.requests("/after-all")}
    assert {after[sids[name]]["CallStatus"] for name in ("dial", "gather")} == {"completed"}
    form = after[sids["dial"]]
    assert form["DialCallStatus"] == "completed"
    assert int(form["DialCallDuration"]) >= 1
    assert form["RecordingSid"] == last["dial"]["RecordingSid"]
    assert after[sids["gather"]]["Digits"] == ""

    eventually(lambda: len(documents.requests("/told-of-leg")) == 5)
    leg = [one.form for one in documents.requests("/told-of-leg") if "ParentCallSid" in one.form]
    assert [one["CallStatus"] for one in leg] == [
        "initiated", "ringing", "in-progress", "completed",
    ]  # fmt: skip
    assert [one["SequenceNumber"] for one in leg] == ["0", "1", "2", "3"]
    assert {one["ParentCallSid"] for one in leg} == {sids["dial"]}
    assert {one["Direction"] for one in leg} == {"outbound-dial"}
    legs_of = [one.sid for one in client.calls.list(parent_call_sid=sids["dial"])]
    assert legs_of == [form["DialCallSid"]]
    assert client.calls.list(parent_call_sid=sids["dead"]) == []

    tried = documents.requests("/dead")
    assert [one.form["CallStatus"] for one in tried] == ["initiated"] * 3 + ["busy"] * 3
    tokens = [one.headers["I-Twilio-Idempotency-Token"] for one in tried]
    assert len(set(tokens[:3])) == len(set(tokens[3:])) == 1
    assert tokens[0] != tokens[3]
    assert {one.form["From"] for one in tried} == {CALLER}
    assert_signed(world)
