"""What carriers want of their customers, with SIPp as the carrier: all scenarios side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import uvloop

from ringcast.protocols.sip.agent import ADMIT
from ringcast.protocols.sip.agent_events import Acked, CallEvent
from ringcast.protocols.sip.message import Request
from ringcast.useragent import IncomingCall, UserAgent
from tests.sipp.runner import Sipp
from tests.sipp.test_sipp_user_agent import (
    QUICK,
    SDP,
    check_nothing_is_left,
    hang_up_after,
    place_calls,
)

pytestmark = pytest.mark.sipp

HOST = "127.0.0.1"
CALLS = 20
RATE = 40


def test_carriers_get_what_they_want(tmp_path: Path) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name in ("uas_carrier", "uas_422", "uas_forked"):
                group.create_task(_called(tmp_path / name, name))
            for name in ("uac_reliable", "uac_offerless"):
                group.create_task(_calls_us(tmp_path / name, name))

    uvloop.run(main())


async def _called(directory: Path, name: str) -> None:
    """We call SIPp, talk for half a second, and hang up."""

    def holds(request: Request) -> bytes | None:
        return SDP.replace(b"a=rtpmap:0", b"a=recvonly\r\na=rtpmap:0")

    with Sipp(f"{name}.xml", directory=directory, calls=CALLS) as sipp:
        async with UserAgent(listen=(HOST, 0), timers=QUICK) as agent:
            hang_up = hang_up_after(0.5)

            def behave(call: object, event: CallEvent) -> None:
                call.answer_offer = holds  # type: ignore[attr-defined] # an OutgoingCall
                hang_up(call, event)  # type: ignore[arg-type]

            outcome = await place_calls(agent, sipp, behave, calls=CALLS, rate=RATE)
            assert outcome.has_one_final_event_per_call()
            await check_nothing_is_left(agent)
        assert await asyncio.to_thread(lambda: sipp.wait(timeout=20)) == 0, sipp.errors()
        assert sipp.counters().successful == CALLS, sipp.errors()


async def _calls_us(directory: Path, name: str) -> None:
    """SIPp calls us; we ring, answer, and wait for its BYE."""
    acked: list[bytes] = []

    def take(call: IncomingCall) -> None:
        call.on_event = lambda event: acked.append(event.body) if isinstance(event, Acked) else None
        call.ring()
        call.answer(SDP)

    async with UserAgent(
        listen=(HOST, 0), timers=QUICK, on_incoming=take, admit=lambda request, source: ADMIT
    ) as agent:
        with Sipp(
            f"{name}.xml",
            directory=directory,
            calls=CALLS,
            remote=agent.local_address,
            rate=RATE,
            arguments=("-s", "+12135550199"),
        ) as sipp:
            assert await asyncio.to_thread(lambda: sipp.wait(timeout=20)) == 0, sipp.errors()
            assert sipp.counters().successful == CALLS, sipp.errors()
        await check_nothing_is_left(agent)
    assert len(acked) == CALLS
    assert all(bool(body) == (name == "uac_offerless") for body in acked)
