"""Calls that come to numbers with an application: answered at once, or when a request says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ringcast.audio import g711
from ringcast.engines.simulator import FarEnd
from tests.contract.rig import seconds
from tests.contract.sip_phones import SipPhones
from tests.system.bandwidth_v1.world import ANSWERED, WAITING, World, heard_tone

pytestmark = pytest.mark.timeout(120)

GREETED, TAKEN, REJECTED = (f"1202555014{n}" for n in range(3))


def told(world: World, path: str, caller: str) -> list[dict[str, Any]]:
    """Return what was told of the calls of somebody, in order."""
    of_caller = {
        one.event["callId"]
        for one in world.callbacks.of(path)
        if one.event["eventType"] == "incomingcall" and one.event["from"] == f"+{caller}"
    }
    return [one.event for one in world.callbacks.of(path) if one.event["callId"] in of_caller]


async def until(condition: Callable[[], object], *, within: float = 40) -> None:
    """Wait for a condition while telephones go on."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.05)


async def test_applications_are_told_of_calls_and_take_them(world: World) -> None:
    def configure() -> str:
        url = world.callbacks.url
        answer = world.post("/applications", name="desk", incomingCallUrl=f"{url}/desk")
        desk = answer.headers["location"].rpartition("/")[2]
        answer = world.post(
            "/applications",
            name="chooser",
            incomingCallUrl=f"{url}/down/chooser",
            incomingCallFallbackUrl=f"{url}/chooser",
            autoAnswer="false",
        )
        chooser = answer.headers["location"].rpartition("/")[2]
        world.post(f"/applications/{chooser}", name="choosy")
        shown = world.get(f"/applications/{chooser}")
        assert (shown["name"], shown["autoAnswer"]) == ("choosy", False)
        assert shown["incomingCallFallbackUrl"] == f"{url}/chooser"
        numbers = {one["number"]: one for one in world.get("/phoneNumbers")}
        world.post(f"/phoneNumbers/{numbers[ANSWERED]['id']}", applicationId=desk, name="main")
        world.post(f"/phoneNumbers/%2B{WAITING[1:]}", applicationId=chooser)
        shown = world.get(f"/phoneNumbers/{numbers[ANSWERED]['id']}")
        assert (shown["name"], shown["applicationId"]) == ("main", desk)
        assert shown["nationalNumber"] == "(213) 555-0198"
        listed = world.get(f"/phoneNumbers?applicationId={chooser}")
        assert [one["number"] for one in listed] == [WAITING]
        return desk

    def kinds(path: str, caller: str) -> list[str]:
        return [one["eventType"] for one in told(world, path, caller)]

    desk = await asyncio.to_thread(configure)
    phones = SipPhones()
    await phones.start()
    try:
        await phones.call_in(GREETED, FarEnd(), to=ANSWERED, at=world.sip)
        await phones.call_in(TAKEN, FarEnd(hangs_up_after=seconds(2)), to=WAITING, at=world.sip)
        refused = await phones.call_in(REJECTED, FarEnd(), to=WAITING, at=world.sip)
        await until(lambda: kinds("/desk", GREETED) == ["incomingcall", "answer"])
        incoming, answered = told(world, "/desk", GREETED)
        greeted = incoming["callId"]
        tone = world.documents.tone(470)
        await asyncio.to_thread(world.post, f"/calls/{greeted}/audio", fileUrl=tone)
        for caller, state in ((TAKEN, "active"), (REJECTED, "rejected")):
            await until(lambda: kinds("/chooser", caller))  # noqa: B023
            (event,) = told(world, "/chooser", caller)
            call = await asyncio.to_thread(world.get, f"/calls/{event['callId']}")
            assert (call["state"], call["direction"]) == ("started", "in")
            await asyncio.to_thread(world.post, f"/calls/{event['callId']}", state=state)
        await until(lambda: "hangup" in kinds("/chooser", TAKEN))
        await until(lambda: "hangup" in kinds("/chooser", REJECTED))
        await until(lambda: kinds("/desk", GREETED).count("playback") == 2)
        await asyncio.to_thread(world.post, f"/calls/{greeted}", state="completed")
        await until(lambda: "hangup" in kinds("/desk", GREETED))
    finally:
        await phones.close()

    assert list(incoming) == [
        "eventType", "from", "to", "callId", "callUri", "callState", "applicationId", "time",
        "displayName", "withholdCallerName", "withholdCallerNumber",
    ]  # fmt: skip
    assert (incoming["applicationId"], incoming["callState"]) == (desk, "active")
    assert (answered["from"], answered["to"]) == (f"+{GREETED}", ANSWERED)
    assert heard_tone(g711.decode_ulaw(phones.by_number[GREETED].rtp.heard()), 470, seconds=1.5)
    assert kinds("/chooser", TAKEN) == ["incomingcall", "answer", "hangup"]
    assert told(world, "/chooser", TAKEN)[-1]["cause"] == "NORMAL_CLEARING"
    assert refused.status == 603
    assert kinds("/chooser", REJECTED) == ["incomingcall", "hangup"]
    assert told(world, "/chooser", REJECTED)[-1]["cause"] == "CALL_REJECTED"
    call_id = told(world, "/chooser", REJECTED)[-1]["callId"]
    call = await asyncio.to_thread(world.get, f"/calls/{call_id}")
    assert call["state"] == "rejected"
