"""Calls put through to somebody else at the wish of a request."""

from __future__ import annotations

import time

import pytest

from tests.system.bandwidth_v1.world import ANSWERED, CALLER, World
from tests.system.programs import eventually

pytestmark = pytest.mark.timeout(120)


def test_calls_are_put_through_and_the_new_leg_is_told_of(world: World) -> None:
    """Three at once: connected after a whisper, refused by the other side, and not allowed."""
    url = world.callbacks.url
    joined = world.call("+12135555003")
    alone = world.call("+12135555103")
    for call in (joined, alone):
        world.told(call, "answer")

    def transfer(call: str, to: str, **more: object) -> str:
        body = {"state": "transferring", "transferTo": to, "callbackUrl": f"{url}/leg", **more}
        answer = world.post(f"/calls/{call}", **body)
        assert answer.status == 201
        return answer.headers["location"].rpartition("/")[2]

    assert world.refused("POST", f"/calls/{joined}", state="transferring") == (
        400, "bad-request", "missing-property",
    )  # fmt: skip
    assert world.refused(
        "POST", f"/calls/{joined}", state="transferring", transferTo="+12135555294",
        transferCallerId="+12135550111",
    ) == (401, "authorization", "number-access-denied")  # fmt: skip
    leg = transfer(
        joined,
        "+12135555202",
        transferCallerId=ANSWERED,
        whisperAudio={"fileUrl": world.documents.tone(530)},
    )
    busy = transfer(alone, "+12135555220")
    shown = world.get(f"/calls/{leg}")
    assert (shown["direction"], shown["from"], shown["to"]) == ("out", ANSWERED, "+12135555202")
    assert world.get(f"/calls/{joined}")["state"] == "transferring"
    assert (
        world.refused("POST", f"/calls/{joined}", state="transferring", transferTo="+12135555294")[
            2
        ]
        == "call-invalid-state"
    )

    # Nobody took the second one: it is there for requests again.
    eventually(lambda: world.callbacks.kinds("/leg", busy) == ["hangup"])
    assert world.callbacks.of("/leg", busy)[0].event["cause"] == "USER_BUSY"
    eventually(lambda: world.get(f"/calls/{alone}")["state"] == "active")
    world.post(f"/calls/{alone}/audio", fileUrl=world.documents.tone(610))
    world.told(alone, "playback", count=2)
    world.post(f"/calls/{alone}", state="completed")
    world.told(alone, "hangup")
    assert world.hears("+12135555103", 610)

    eventually(lambda: world.callbacks.kinds("/leg", leg) == ["answer"])
    eventually(lambda: world.get(f"/calls/{leg}")["state"] == "active")
    # A sentence would take the whisper's place, of whose end nothing is told: it lasts two seconds.
    eventually(lambda: bool(world.documents.requests("/tone/530")))
    time.sleep(2.5)
    world.post(f"/calls/{leg}/audio", sentence="Hello")
    eventually(lambda: world.callbacks.kinds("/leg", leg).count("speak") == 2)
    world.post(f"/calls/{leg}", state="completed")
    world.told(joined, "hangup")
    assert world.callbacks.kinds("/leg", leg)[-1] == "hangup"
    assert world.hears("+12135555202", 530)
    assert world.kinds(joined) == ["answer", "hangup"]
    assert world.get(f"/calls/{joined}")["from"] == CALLER
