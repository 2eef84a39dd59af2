"""Conferences of calls that requests have made, and what their receiver is told."""

from __future__ import annotations

import pytest

from tests.system.bandwidth_v1.world import CALLER, World
from tests.system.programs import eventually

pytestmark = pytest.mark.timeout(120)


def test_members_hear_each_other_and_every_change_is_told(world: World) -> None:
    told = world.callbacks
    answer = world.post(
        "/conferences", **{"from": CALLER}, callbackUrl=f"{told.url}/conference", tag="room"
    )
    room = answer.headers["location"].rpartition("/")[2]
    path = f"/conferences/{room}"
    assert world.get(path)["state"] == "created"
    listens = world.call("+12135556003", conferenceId=room)
    hums = world.call("+12135556061", conferenceId=room)
    stranger = world.call("+12135556103")
    for call in (listens, hums, stranger):
        world.told(call, "answer")
    assert world.refused("POST", f"{path}/members", callId=stranger) == (
        403, "forbidden", "invalid-call-conference-id",
    )  # fmt: skip
    assert world.refused("POST", f"{path}/members", callId="c-nobody")[2] == "call-id-not-found"
    assert world.refused("POST", f"{path}/audio", sentence="Hello")[2] == "conference-error"
    assert world.refused(
        "POST", "/calls", **{"from": CALLER}, to="+12135556103", conferenceId="conf-none"
    ) == (404, "not-found", "conference-not-found")  # fmt: skip

    def add(call: str, **options: object) -> str:
        answer = world.post(f"{path}/members", callId=call, **options)
        return answer.headers["location"].rpartition("/")[2]

    def count(kind: str) -> int:
        return told.kinds("/conference").count(kind)

    listener = add(listens)
    hummer = add(hums)
    assert world.refused("POST", f"{path}/members", callId=hums)[0] == 409
    shown = world.get(path)
    assert (shown["state"], shown["activeMembers"], shown["tag"]) == ("active", 2, "room")
    # Somebody is heard by the others; muted, no more: then all hear what is played to all.
    world.post(f"{path}/members/{listener}/audio", fileUrl=world.documents.tone(530))
    world.told(listens, "playback", count=2)
    eventually(lambda: world.get(f"/calls/{hums}")["state"] == "active")
    world.post(f"/calls/{listens}/gather", maxDigits=1, interDigitTimeout=3)  # meanwhile it listens
    world.told(listens, "gather")
    world.post(f"{path}/members/{hummer}", mute="true")
    assert world.get(f"{path}/members/{hummer}")["mute"] is True
    world.post(f"{path}/audio", fileUrl=world.documents.tone(480), tag="to all")
    eventually(lambda: count("conference-playback") == 2)
    assert world.refused("POST", f"{path}/audio", fileUrl="") == (
        403, "forbidden", "call-audio-invalid-state",
    )  # fmt: skip
    world.post(f"{path}/members/{hummer}", state="completed")
    assert world.get(f"/calls/{hums}")["state"] == "active"
    states = [one["state"] for one in world.get(f"{path}/members")]
    assert states == ["active", "completed"]
    world.post(path, state="completed")
    eventually(lambda: count("conference") == 2)
    assert world.refused("POST", path, mute=True)[2] == "conference-error"
    for call in (listens, hums, stranger):
        world.post(f"/calls/{call}", state="completed")
        world.told(call, "hangup")

    assert told.kinds("/conference") == [
        "conference", "conference-member", "conference-member", "conference-member",
        "conference-playback", "conference-playback", "conference-member", "conference-member",
        "conference",
    ]  # fmt: skip
    events = [one.event for one in told.of("/conference")]
    assert events[0]["status"] == "created"
    members = [one for one in events if one["eventType"] == "conference-member"]
    assert [one["activeMembers"] for one in members] == [1, 2, 2, 1, 0]
    assert [one["mute"] for one in members] == [False, False, True, True, False]
    assert members[1]["callId"] == hums
    assert members[-1]["state"] == "completed"
    assert [one["tag"] for one in events if one["eventType"] == "conference-playback"] == [
        "to all", "to all",
    ]  # fmt: skip
    assert list(events[-1])[:5] == [
        "eventType", "conferenceId", "conferenceUri", "status", "createdTime",
    ]  # fmt: skip
    for hertz in (530, 620, 480):
        assert world.hears("+12135556003", hertz), hertz
    assert not world.hears("+12135556103", 480)
