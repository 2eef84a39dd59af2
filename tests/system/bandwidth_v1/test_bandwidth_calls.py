"""Real calls to the simulated phones, acted on by requests, told of by callbacks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from ringcast.audio import wav
from tests.system.bandwidth_v1.world import CALLER, World, heard_tone
from tests.system.programs import Api, eventually

pytestmark = pytest.mark.timeout(180)

ID = re.compile(r"[a-z]+-[a-z2-7]{26}")


def test_calls_do_what_requests_ask_and_every_event_is_told(world: World) -> None:
    tone = world.documents.tone
    # Eight calls at once: one for each thing.
    quiet = world.call("+12135551003", tag="the tag", sipHeaders={"X-Order": "7"})
    presser = world.call("+12135551035")
    taped = world.call("+12135551000", recordingEnabled="true", callTimeout="20")
    failed = {
        world.call("+12135551020"): "USER_BUSY",
        world.call("+12135551022"): "CALL_REJECTED",
        world.call("+12135551023"): "UNALLOCATED_NUMBER",
        world.call("+12135551024"): "NORMAL_TEMPORARY_FAILURE",
    }
    unanswered = world.call("+12135551021", callTimeout=2)

    assert world.get(f"/calls/{quiet}")["state"] in ("started", "active")
    assert world.refused("POST", f"/calls/{unanswered}/audio", sentence="Hello") == (
        403, "forbidden", "call-invalid-state",
    )  # fmt: skip
    answer = world.told(quiet, "answer")
    assert list(answer) == [
        "eventType", "from", "to", "callId", "callUri", "callState", "time", "tag",
    ]  # fmt: skip
    assert answer["callUri"] == f"{world.base}{world.user}/calls/{quiet}"
    assert (answer["from"], answer["to"], answer["callState"], answer["tag"]) == (
        CALLER, "+12135551003", "active", "the tag",
    )  # fmt: skip

    # A gather with a prompt, ended by its one digit, and one that is stopped.
    world.told(presser, "answer")
    prompt = {"fileUrl": tone(440), "loopEnabled": True, "bargeable": True}
    gather = (
        world.post(
            f"/calls/{presser}/gather",
            maxDigits="1",
            tag="digits",
            prompt=prompt,
            interDigitTimeout=9,
        )
        .headers["location"]
        .rpartition("/")[2]
    )
    assert world.refused("POST", f"/calls/{presser}/gather", maxDigits=1) == (
        409, "conflict", "call-duplicate-gather-error",
    )  # fmt: skip

    # Sounds: without end, replaced, stopped; speech.
    audio = f"/calls/{quiet}/audio"
    world.post(audio, fileUrl=tone(520), loopEnabled="true", tag="first")
    world.told(quiet, "playback")
    world.post(audio, fileUrl={"fileUrl": tone(610), "tag": "second"}, sentence=None)
    assert world.told(quiet, "playback", count=4)["tag"] == "second"
    assert world.refused("POST", audio, fileUrl="") == (
        403, "forbidden", "call-audio-invalid-state",
    )  # fmt: skip
    world.post(audio, sentence="This is said by a woman.", gender="FEMALE", locale="en_UK")
    world.told(quiet, "speak")
    world.post(audio, sentence="")
    spoken = world.told(quiet, "speak", count=2)
    assert (spoken["status"], spoken["state"]) == ("done", "PLAYBACK_STOP")
    world.post(f"/calls/{quiet}/dtmf", dtmfOut="1,2W3")

    # The recording from the start is ended; another runs to the end of the call.
    world.told(taped, "answer")
    world.post(f"/calls/{taped}/audio", fileUrl=tone(700))
    world.told(taped, "playback", count=2)
    world.post(f"/calls/{taped}", recordingEnabled=False)
    first = world.told(taped, "recording")
    world.post(f"/calls/{taped}", recordingEnabled=True, recordingFileFormat="MP3")
    assert world.get(f"/calls/{taped}")["recordingEnabled"] is True
    world.post(f"/calls/{taped}/audio", fileUrl=tone(700))
    world.told(taped, "playback", count=4)

    gathered = world.told(presser, "gather")
    for call in (quiet, presser, taped):
        world.post(f"/calls/{call}", state="completed")
    for call in (quiet, presser, taped, unanswered, *failed):
        world.told(call, "hangup")
    second = world.told(taped, "recording", count=2)

    assert {call: world.told(call, "hangup")["cause"] for call in failed} == failed
    assert world.kinds(unanswered) == ["timeout", "hangup"]
    assert world.told(unanswered, "hangup")["cause"] == "NO_ANSWER"
    assert world.kinds(quiet) == [
        "answer", "playback started", "playback done", "playback started", "playback done",
        "speak started", "speak done", "hangup",
    ]  # fmt: skip
    assert world.kinds(presser) == [
        "answer", "playback started", "dtmf", "gather", "playback done", "hangup",
    ]  # fmt: skip
    assert world.told(presser, "dtmf")["dtmfDigit"] == "5"
    assert list(gathered) == [
        "eventType", "callId", "gatherId", "state", "digits", "reason", "time", "tag",
    ]  # fmt: skip
    assert (gathered["gatherId"], gathered["digits"], gathered["reason"]) == (
        gather, "5", "max-digits",
    )  # fmt: skip
    shown = world.get(f"/calls/{presser}/gather/{gather}")
    assert (shown["state"], shown["digits"], shown["reason"]) == ("completed", "5", "max-digits")
    hangup = world.told(quiet, "hangup")
    assert (hangup["cause"], hangup["callState"], hangup["tag"]) == (
        "NORMAL_CLEARING", "completed", "the tag",
    )  # fmt: skip
    assert world.hears("+12135551003", 610)
    assert not world.hears("+12135551003", 440)
    assert world.kinds(taped)[-2:] == ["hangup", "recording"]
    assert first["state"] == first["status"] == "complete"
    assert_recordings(world, taped, [first, second])
    assert_resources(world, quiet, presser)


def assert_recordings(world: World, taped: str, events: list[dict[str, Any]]) -> None:
    """Both recordings are there, and have in them what was played."""
    recordings = world.get(f"/calls/{taped}/recordings")
    assert [one["id"] for one in recordings] == [one["recordingId"] for one in events]
    assert [one["id"] for one in world.get("/recordings?size=2")] == [
        one["id"] for one in reversed(recordings)
    ]
    api = Api(world.base, world.members["api_token"], world.members["api_secret"])
    for one, ending in zip(recordings, ("wav", "mp3"), strict=True):
        assert one["state"] == "complete"
        assert one["media"].endswith(f"/media/{taped}-{recordings.index(one) + 1}.{ending}")
        answer = api.request("GET", one["media"].removeprefix(world.base))
        assert answer.status == 200
        if ending == "wav":
            assert heard_tone(wav.read(answer.body).mono(), 700, seconds=1.5)
        else:
            assert answer.headers["content-type"] == "audio/mpeg"
    part = api.request(
        "GET", recordings[0]["media"].removeprefix(world.base), headers={"Range": "bytes=0-3"}
    )
    assert (part.status, part.body) == (206, b"RIFF")


def assert_resources(world: World, quiet: str, presser: str) -> None:
    """Calls, their lists and logs are as the vendor shows them."""
    call = world.get(f"/calls/{quiet}")
    assert call["state"] == "completed"
    assert (call["direction"], call["from"], call["to"]) == ("out", CALLER, "+12135551003")
    assert call["sipHeaders"] == {"X-Order": "7"}
    assert call["startTime"] < call["activeTime"] < call["endTime"]
    assert call["chargeableDuration"] == 60
    assert (call["callbackHttpMethod"], call["callbackTimeout"]) == ("post", 10_000)
    log = world.get(f"/calls/{presser}/events")
    assert [one["name"] for one in log][:3] == ["create", "answer", "gather"]
    assert log[-1]["data"] == "NORMAL_CLEARING"
    one = world.get(f"/calls/{presser}/events/{log[2]['id']}")
    assert isinstance(one["time"], int)
    everything = [one["id"] for one in world.get("/calls/")]
    page = world.request("GET", "/calls?size=3&page=1")
    links = re.findall(r'<(http[^>]*)>; rel="([a-z]+)"', page.headers["link"])
    assert [relation for _, relation in links] == ["first", "previous", "next"]
    following = links[-1][0].partition("/calls")[2]
    assert [one["id"] for one in world.get(f"/calls{following}")] == everything[6:9]
    assert [one["id"] for one in page.json] == everything[3:6]
    oldest = [one["id"] for one in world.get("/calls?sortOrder=Asc&size=3")]
    assert oldest == everything[::-1][:3]
    assert [one["id"] for one in world.get("/calls?to=%2B12135551035")] == [presser]
    assert all(ID.fullmatch(one) for one in everything)
    assert world.refused("POST", f"/calls/{quiet}", state="completed") == (
        403, "forbidden", "call-invalid-state",
    )  # fmt: skip
    assert world.refused("POST", f"/calls/{quiet}/audio", sentence="Hello")[2] == (
        "call-invalid-state"
    )


def test_receivers_that_fail_do_not_hold_up_the_call(world: World) -> None:
    url = world.callbacks.url
    paths = ("down", "slow", "cut")
    calls = {
        path: world.call(
            f"+1213555119{place}",
            callbackUrl=f"{url}/{path}/first",
            fallbackUrl=f"{url}/fallback",
            callbackTimeout=400,
            tag=path,
        )
        for place, path in enumerate(paths)
    }
    calls["get"] = world.call(
        "+12135551193",
        callbackUrl=f"{url}/get?a=1",
        callbackHttpMethod="get",
        tag="é",
    )
    calls["nobody"] = world.call(
        "+12135551194",
        callbackUrl="http://user:pa%3Ass@127.0.0.1:9/",
        fallbackUrl=f"{url}/fallback",
    )
    for call in calls.values():
        eventually(lambda: world.get(f"/calls/{call}")["state"] == "active")  # noqa: B023
        world.post(f"/calls/{call}/audio", fileUrl=world.documents.tone(440))
    for call in calls.values():

        def is_played(call: str = call) -> bool:
            log = world.get(f"/calls/{call}/events")
            return [one["name"] for one in log].count("playback") == 2

        eventually(is_played)
        world.post(f"/calls/{call}", state="completed")
    story = ["answer", "playback", "playback", "hangup"]
    for path in (*paths, "nobody"):
        eventually(lambda: len(world.callbacks.of("/fallback", calls[path])) == 4)  # noqa: B023
        assert world.callbacks.kinds("/fallback", calls[path]) == story, path
    for path in paths:
        assert world.callbacks.kinds(f"/{path}/first", calls[path]) == story, path
    eventually(lambda: len(world.callbacks.of("/get", calls["get"])) == 4)
    (asked, *_) = world.callbacks.of("/get", calls["get"])
    assert (asked.method, asked.event["a"], asked.event["tag"]) == ("GET", "1", "é")
    assert asked.headers["User-Agent"].startswith("BandwidthAPI/v1")

    errors = world.get("/errors?size=100")
    about = {
        (detail["value"], one["category"])
        for one in errors
        for detail in one["details"]
        if detail["name"] == "callId"
    }
    assert about == {(calls[path], "unavailable") for path in (*paths, "nobody")}
    assert world.get(f"/errors/{errors[0]['id']}")["message"] == errors[0]["message"]
    assert not any("pa%3Ass" in json.dumps(one) for one in errors)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/calls", {"to": "+12135550100"}, (400, "bad-request", "missing-property")),
        ("/calls", {"from": CALLER}, (400, "bad-request", "missing-property")),
        (
            "/calls",
            {"from": "+12135550177", "to": "+12135550100"},
            (401, "authorization", "number-access-denied"),
        ),
        (
            "/calls",
            {"from": CALLER, "to": "nobody"},
            (403, "forbidden", "invalid-call-to-number"),
        ),
        (
            "/calls",
            {"from": CALLER, "to": "+12135550100", "callTimeout": 301},
            (400, "bad-request", "validation-error"),
        ),
        (
            "/calls",
            {"from": CALLER, "to": "+12135550100", "callbackUrl": "nowhere"},
            (400, "bad-request", "callback-invalid-url"),
        ),
        (
            "/calls",
            {"from": CALLER, "to": "+12135550100", "recordingMaxDuration": 99_999},
            (403, "forbidden", "maximum-recording-value-request"),
        ),
        (
            "/calls",
            {"from": CALLER, "to": "+12135550100", "surprise": 1},
            (400, "bad-request", "validation-error"),
        ),
        ("/calls/c-none", {"state": "completed"}, (404, "not-found", "call-not-found")),
        ("/messages", {}, (400, "bad-request", "validation-error")),
        ("/nothing", {}, (404, "not-found", "resource-not-found")),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_the_vendors_error(
    world: World, path: str, body: Mapping[str, object], expected: tuple[int, str, str]
) -> None:
    assert world.refused("POST", path, **body) == expected


def test_accounts_see_only_their_own(world: World) -> None:
    def status(user: str, token: str, secret: str) -> tuple[int, str]:
        answer = Api(world.base, token, secret).request("GET", f"/v1/users/{user}/account")
        return answer.status, answer.json.get("code", "")

    token, secret, user = (world.members[one] for one in ("api_token", "api_secret", "user_id"))
    assert status(user, token, secret) == (200, "")
    assert status(user, token, "wrong")[0] == 401
    assert status("u-somebody", token, secret) == (401, "user-access-denied")
