"""What goes on beside a document: who has answered is found out, a request records the call."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.system.laml.world import World, assert_signed, hears
from tests.system.programs import eventually

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(120),
]


def test_document_runs_while_it_is_found_out_who_answered_and_the_call_recorded(
    world: World,
) -> None:
    documents, client = world.documents, world.client
    told = documents.give("/beside-who")
    recorded = documents.give("/beside-recorded")
    play = documents.give("/beside", '<Play loop="5">/tone/450</Play>')
    options = {"url": play, "async_amd": True, "async_amd_status_callback": told}
    sids = {
        "person": world.call("+12135558600", machine_detection="Enable", **options),
        "machine": world.call("+12135558610", machine_detection="Enable", **options),
        "beep": world.post(
            "/Calls.json",
            {
                "To": "+12135558712", "From": "+12135550199", "Url": play, "AsyncAmd": "true",
                "MachineDetection": "DetectMessageEnd", "AsyncAmdStatusCallback": told,
                "AsyncAmdStatusCallbackMethod": "GET", "AsyncAmdPartialResults": "true",
            },
        ).json["sid"],
    }  # fmt: skip
    live = sids["person"]
    eventually(lambda: client.calls(live).fetch().status == "in-progress")
    made = client.calls(live).recordings.create(
        recording_channels="dual", recording_status_callback=recorded
    )
    assert (made.status, made.call_sid) == ("in-progress", live)
    with pytest.raises(TwilioRestException) as again:
        client.calls(live).recordings.create()
    assert again.value.code == 10000
    with pytest.raises(TwilioRestException) as paused:
        client.calls(live).recordings(made.sid).update(status="paused")
    assert paused.value.code == 10001
    eventually(lambda: len(documents.requests("/beside-who")) == 4)
    assert client.calls(live).fetch().status == "in-progress"
    client.calls(live).recordings("Twilio.CURRENT").update(status="stopped")
    eventually(lambda: len(documents.requests("/beside-recorded")) == 1)
    with pytest.raises(TwilioRestException) as ended:
        client.calls(live).recordings(made.sid).update(status="stopped")
    assert ended.value.code == 21220
    for sid in sids.values():
        world.ended(sid)
    with pytest.raises(TwilioRestException) as over:
        client.calls(live).recordings.create()
    assert over.value.code == 21220

    def of(name: str) -> list[Mapping[str, str]]:
        asked = documents.requests("/beside-who")
        return [one.form for one in asked if one.form["CallSid"] == sids[name]]

    words = {name: [form["AnsweredBy"] for form in of(name)] for name in sids}
    assert words == {
        "person": ["human"],
        "machine": ["machine_start"],
        "beep": ["machine_start", "machine_end_beep"],
    }
    assert 0 < int(of("machine")[0]["MachineDetectionDuration"]) < 10_000
    assert client.calls(sids["machine"]).fetch().answered_by == "machine"
    first = [one.form for one in documents.requests("/beside")]
    assert all("AnsweredBy" not in form for form in first), "nothing waits for it"
    assert world.hears("+12135558600", 450, seconds=9.5), "without a gap"
    (form,) = [one.form for one in documents.requests("/beside-recorded")]
    assert (form["RecordingSid"], form["RecordingStatus"]) == (made.sid, "completed")
    theirs, ours = world.audio(form["RecordingUrl"]).T
    assert hears(ours, 450)
    assert not hears(theirs, 450)
    assert_signed(world)
