"""Two calls bridged to each other, held, spoken to, and parted."""

from __future__ import annotations

import pytest

from tests.system.bandwidth_v1.world import CALLER, World

pytestmark = pytest.mark.timeout(120)


def test_calls_are_bridged_and_parted(world: World) -> None:
    listens = world.call("+12135557003")
    hums = world.call("+12135556061")
    third = world.call("+12135557103")
    rings = world.call("+12135557021")
    for call in (listens, hums, third):
        world.told(call, "answer")
    assert world.refused("POST", "/bridges", callIds=[rings]) == (
        400, "bad-request", "bridge-invalid-operation",
    )  # fmt: skip
    assert world.refused("POST", "/bridges", callIds=[listens, hums, third]) == (
        403, "forbidden", "bridge-callIds-overflow",
    )  # fmt: skip
    world.post(f"/calls/{rings}", state="completed")

    answer = world.post("/bridges", callIds=[listens, hums], bridgeAudio="true")
    bridge = answer.headers["location"].rpartition("/")[2]
    path = f"/bridges/{bridge}"
    shown = world.get(path)
    assert (shown["state"], shown["bridgeAudio"], shown["callIds"]) == (
        "active", True, [listens, hums],
    )  # fmt: skip
    assert [one["id"] for one in world.get("/bridges")][:1] == [bridge]
    assert [one["bridgeId"] for one in world.get(f"{path}/calls")] == [bridge, bridge]
    assert world.refused("POST", "/bridges", callIds=[hums, third])[2] == "bridge-bridged-callId"
    assert world.refused("GET", f"/conferences/conf-{bridge[4:]}")[2] == "conference-not-found"
    world.post(f"/calls/{third}/gather", interDigitTimeout=3)  # meanwhile one hums to the other
    world.told(third, "gather")

    world.post(path, bridgeAudio=False)
    assert world.get(path)["state"] == "hold"
    world.post(path, bridgeAudio=True)
    world.post(path, callIds=[listens, third])
    assert world.get(path)["callIds"] == [listens, third]
    assert world.get(f"/calls/{hums}")["state"] == "active"
    world.post(f"{path}/audio", fileUrl=world.documents.tone(490))
    world.post(f"/calls/{hums}/gather", interDigitTimeout=3)  # meanwhile both hear it
    world.told(hums, "gather")
    world.post(path, callIds=[])
    assert world.get(path)["state"] == "completed"
    assert world.refused("POST", path, bridgeAudio=True)[2] == "bridge-invalid-state"
    for call in (listens, hums, third):
        world.post(f"/calls/{call}", state="completed")
        world.told(call, "hangup")

    assert world.hears("+12135557003", 620)
    for number in ("+12135557003", "+12135557103"):
        assert world.hears(number, 490), number
    assert world.get(f"/calls/{listens}")["from"] == CALLER
