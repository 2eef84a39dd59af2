"""The vendor's own library (bandwidth-sdk 3) against the server, with real calls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.bandwidth_v1.world import ANSWERED, CALLER, World
from tests.system.programs import eventually

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(120),
    pytest.mark.long,  # the library is installed by hand
]


def test_the_vendors_library_does_a_round(world: World) -> None:
    # There is no wheel of it, and what is pinned are wheels: pip install 'bandwidth-sdk<4'.
    bandwidth: Any = pytest.importorskip("bandwidth", reason="bandwidth-sdk<4 is not installed")
    members = world.members
    secrets = (members["user_id"], members["api_token"], members["api_secret"])
    voice = bandwidth.client("voice", *secrets, api_endpoint=world.base)
    account = bandwidth.client("account", *secrets, api_endpoint=world.base)
    url, tone = world.callbacks.url, world.documents.tone(480)

    assert account.get_account()["account_type"] == "post-pay"
    app = account.create_application("sdk", incoming_call_url=f"{url}/sdk", auto_answer=True)
    assert account.get_application(app)["incoming_call_url"] == f"{url}/sdk"
    account.update_application(app, name="renamed")
    assert "renamed" in [one["name"] for one in account.list_applications()]
    (number,) = [one for one in account.list_phone_numbers() if one["number"] == ANSWERED]
    account.update_phone_number(number["id"], application_id=app)
    assert account.get_phone_number(number["id"])["application_id"] == app

    call = voice.create_call(
        CALLER, "+12135554003", callback_url=f"{url}/events", tag="sdk", recording_enabled=True
    )
    presser = voice.create_call(CALLER, "+12135554037", callback_url=f"{url}/events")
    assert voice.get_call(call)["state"] in ("started", "active")
    world.told(presser, "answer")
    gather = voice.create_call_gather(presser, max_digits=1, inter_digit_timeout=20)
    voice.play_audio_to_call(presser, file_url=tone, loop_enabled=True)  # presses meanwhile
    world.told(call, "answer")
    assert voice.get_call(call)["recording_enabled"] is True
    voice.play_audio_file_to_call(call, tone)
    world.told(call, "playback", count=2)
    voice.play_audio_to_call(call, sentence="Hello", loop_enabled=True)
    world.told(call, "speak")
    voice.play_audio_to_call(call, sentence="")
    voice.speak_sentence_to_call(call, "Good day", gender="male", voice="paul")
    world.told(call, "speak", count=3)
    voice.send_dtmf_to_call(call, "1w2")
    voice.toggle_call_recording(call)
    world.told(call, "recording")
    world.told(presser, "gather")
    assert voice.get_call_gather(presser, gather)["digits"] == "7"
    with pytest.raises(Exception, match="gather is over") as refused:
        voice.update_call_gather(presser, gather, state="completed")
    assert getattr(refused.value, "code", "") == "call-invalid-state"
    for one in (call, presser):
        voice.hangup_call(one)
        world.told(one, "hangup")
    eventually(lambda: voice.get_call(call)["state"] == "completed")
    (recording,) = voice.list_call_recordings(call)
    recording = voice.get_recording(recording["id"])
    assert recording["state"] == "complete"
    stream, kind = account.download_media_file(recording["media_name"])
    assert (stream.read()[:4], kind) == (b"RIFF", "audio/wav")
    events = list(voice.list_call_events(call))
    assert [one["name"] for one in events][:2] == ["create", "answer"]
    assert voice.get_call_event(call, events[0]["id"])["name"] == "create"
    listed = [one["id"] for one in voice.list_calls(size=1, to="+12135554003")]
    assert listed == [call]
    assert len(list(voice.list_calls(size=1))) >= 2, "pages are followed"
    with pytest.raises(Exception, match="could not be found"):
        voice.get_call("c-nothing")
    account.delete_application(app)
    assert "application_id" not in account.get_phone_number(number["id"])
