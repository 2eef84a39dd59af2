"""SIPp as the far end of the user agent: hundreds of calls, none stuck, none lost, nothing left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ringcast.protocols.sip.agent import ADMIT
from ringcast.protocols.sip.agent_auth import Credentials
from ringcast.protocols.sip.agent_events import (
    Acked,
    Answered,
    CallEvent,
    Cancelled,
    Ended,
    Failed,
    Provisional,
    RemoteOffer,
)
from ringcast.protocols.sip.timers import TimerSettings
from ringcast.useragent import IncomingCall, OutgoingCall, UserAgent
from tests.sipp.runner import Sipp, free_port

pytestmark = pytest.mark.sipp

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)
# The tables have to run empty within the test.
QUICK = TimerSettings(give_up_after=3.0, t4=1.0, timer_d=3.0)
FINAL = (Ended, Failed, Cancelled)

Behaviour = Callable[[OutgoingCall, CallEvent], None]


def last(events: list[CallEvent]) -> CallEvent | None:
    return events[-1] if events else None


@dataclass
class Outcome:
    """What every call has reported."""

    events: dict[int, list[CallEvent]] = field(default_factory=dict)

    def final(self) -> list[CallEvent]:
        """The last event of each call that has one."""
        return [events[-1] for events in self.events.values() if isinstance(last(events), FINAL)]

    def having(self, kind: type) -> int:
        """How many calls have had an event of a kind."""
        return sum(any(isinstance(e, kind) for e in events) for events in self.events.values())

    def has_one_final_event_per_call(self) -> bool:
        """Whether every call has exactly one last event, and nothing after it."""
        return all(
            sum(isinstance(event, FINAL) for event in events) == 1 and isinstance(events[-1], FINAL)
            for events in self.events.values()
        )


def hang_up_after(seconds: float) -> Behaviour:
    def act(call: OutgoingCall, event: CallEvent) -> None:
        if isinstance(event, Answered):
            asyncio.get_running_loop().call_later(seconds, call.bye)

    return act


def cancel_when_ringing(call: OutgoingCall, event: CallEvent) -> None:
    if isinstance(event, Provisional):
        call.cancel()


async def until(condition: Callable[[], bool], *, timeout: float) -> None:
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - the agent counts, it does not notify
            await asyncio.sleep(0.05)


async def place_calls(
    agent: UserAgent,
    sipp: Sipp,
    behaviour: Behaviour,
    *,
    calls: int,
    rate: float,
    transport: str = "udp",
    credentials: Credentials | None = None,
    patience: float = 20.0,
) -> Outcome:
    """Place calls at a rate and wait until each has ended."""
    outcome = Outcome()
    loop = asyncio.get_running_loop()
    begin = loop.time()

    def place(number: int) -> None:
        events = outcome.events[number] = []

        def on_event(event: CallEvent) -> None:
            events.append(event)
            behaviour(call, event)

        call = agent.invite(
            f"sip:{number}@{sipp.host}:{sipp.port};transport={transport}",
            from_='"Ringcast" <sip:+12135550100@127.0.0.1>',
            on_event=on_event,
            body=SDP,
            credentials=credentials,
        )

    for number in range(calls):
        await asyncio.sleep(max(0.0, begin + number / rate - loop.time()))
        place(number)
    await until(lambda: len(outcome.final()) == calls, timeout=patience)
    return outcome


async def check_nothing_is_left(agent: UserAgent, *, timeout: float = 15.0) -> None:
    await until(lambda: agent.transaction_count == 0, timeout=timeout)
    assert agent.session_count == 0


Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine on uvloop, or the loop asked for; no descriptor may be left open."""
    factory = getattr(request, "param", uvloop.new_event_loop)

    def runner(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=factory) as loop_runner:
            loop_runner.run(asyncio.sleep(0))  # what a kind of loop keeps for ever is open now
        before = len(list(Path("/proc/self/fd").iterdir()))
        with asyncio.Runner(loop_factory=factory) as loop_runner:
            loop_runner.run(main)
        assert len(list(Path("/proc/self/fd").iterdir())) <= before

    return runner


@pytest.mark.parametrize("run", [uvloop.new_event_loop, asyncio.new_event_loop], indirect=True)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_plain_calls_are_answered_and_hung_up(tmp_path: Path, run: Run, transport: str) -> None:
    async def main() -> None:
        with Sipp("uas_plain.xml", directory=tmp_path, calls=300, transport=transport) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=QUICK) as agent:
                outcome = await place_calls(
                    agent, sipp, hang_up_after(0.3), calls=300, rate=100, transport=transport
                )
                assert outcome.has_one_final_event_per_call()
                assert outcome.having(Answered) == outcome.having(Provisional) == 300
                assert all(isinstance(e, Ended) and not e.by_remote for e in outcome.final())
                await check_nothing_is_left(agent)
            assert sipp.wait(timeout=20) == 0, sipp.errors()
            # How soon each answer was acknowledged is for bench: here it is that each one was.
            assert sipp.counters().successful == 300

    run(main())


def test_digest_is_answered_once(tmp_path: Path, run: Run) -> None:
    async def main() -> None:
        with Sipp("uas_407.xml", directory=tmp_path, calls=200) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=QUICK) as agent:
                outcome = await place_calls(
                    agent,
                    sipp,
                    hang_up_after(0.3),
                    calls=200,
                    rate=100,
                    credentials=Credentials("trunk", "secret"),
                )
                assert outcome.having(Answered) == outcome.having(Ended) == 200
                await check_nothing_is_left(agent)
            assert sipp.wait(timeout=20) == 0, sipp.errors()
            assert sipp.counters().successful == 200

    run(main())


def test_wrong_password_fails_and_does_not_loop(tmp_path: Path, run: Run) -> None:
    async def main() -> None:
        with Sipp("uas_407_always.xml", directory=tmp_path, calls=100) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=QUICK) as agent:
                outcome = await place_calls(
                    agent,
                    sipp,
                    hang_up_after(0.3),
                    calls=100,
                    rate=100,
                    credentials=Credentials("trunk", "wrong"),
                )
                assert [e.status for e in outcome.final() if isinstance(e, Failed)] == [407] * 100
                await check_nothing_is_left(agent)
            assert sipp.wait(timeout=20) == 0, sipp.errors()
            assert sipp.counters().successful == 100

    run(main())


def test_early_media_is_reported(tmp_path: Path, run: Run) -> None:
    async def main() -> None:
        with Sipp("uas_early_media.xml", directory=tmp_path, calls=200) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=QUICK) as agent:
                outcome = await place_calls(agent, sipp, hang_up_after(0.3), calls=200, rate=100)
                for events in outcome.events.values():
                    early = [e for e in events if isinstance(e, Provisional)]
                    assert [e.status for e in early] == [183]
                    assert b"m=audio" in early[0].body
                assert outcome.having(Ended) == 200
                await check_nothing_is_left(agent)
            assert sipp.wait(timeout=20) == 0, sipp.errors()

    run(main())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_reinvite_of_the_far_end_is_answered(tmp_path: Path, run: Run, transport: str) -> None:
    def on_event(call: OutgoingCall, event: CallEvent) -> None:
        if isinstance(event, Answered):
            asyncio.get_running_loop().call_later(0.8, call.bye)
        elif isinstance(event, RemoteOffer):
            assert b"a=sendonly" in event.body
            call.accept_offer(SDP + b"a=recvonly\r\n")

    async def main() -> None:
        with Sipp("uas_reinvite.xml", directory=tmp_path, calls=200, transport=transport) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=QUICK) as agent:
                outcome = await place_calls(
                    agent, sipp, on_event, calls=200, rate=100, transport=transport
                )
                assert outcome.having(RemoteOffer) == outcome.having(Ended) == 200
                await check_nothing_is_left(agent)
            assert sipp.wait(timeout=20) == 0, sipp.errors()
            assert sipp.counters().successful == 200

    run(main())


def test_bye_of_the_far_end_ends_the_call(tmp_path: Path, run: Run) -> None:
    async def main() -> None:
        with Sipp("uas_ends.xml", directory=tmp_path, calls=200) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=QUICK) as agent:
                outcome = await place_calls(
                    agent, sipp, lambda call, event: None, calls=200, rate=100
                )
                assert all(isinstance(e, Ended) and e.by_remote for e in outcome.final())
                await check_nothing_is_left(agent)
            assert sipp.wait(timeout=20) == 0, sipp.errors()

    run(main())


def test_ringing_calls_are_cancelled(tmp_path: Path, run: Run) -> None:
    async def main() -> None:
        with Sipp("uas_cancel.xml", directory=tmp_path, calls=300) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=QUICK) as agent:
                outcome = await place_calls(agent, sipp, cancel_when_ringing, calls=300, rate=100)
                assert all(
                    isinstance(e, Failed) and e.status == 487 and e.is_cancelled
                    for e in outcome.final()
                )
                await check_nothing_is_left(agent)
            assert sipp.wait(timeout=20) == 0, sipp.errors()
            assert sipp.counters().successful == 300

    run(main())


def test_busy_is_reported_with_its_cause(tmp_path: Path, run: Run) -> None:
    async def main() -> None:
        with Sipp("uas_busy.xml", directory=tmp_path, calls=100) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=QUICK) as agent:
                outcome = await place_calls(agent, sipp, hang_up_after(0.3), calls=100, rate=100)
                assert all(
                    isinstance(e, Failed) and (e.status, e.cause) == (486, 17)
                    for e in outcome.final()
                )
                await check_nothing_is_left(agent)
            assert sipp.wait(timeout=20) == 0, sipp.errors()

    run(main())


def test_calls_survive_a_bad_line(tmp_path: Path, run: Run) -> None:
    """SIPp loses every tenth message, both ways."""

    async def main() -> None:
        timers = TimerSettings(give_up_after=20.0, t4=2.0, timer_d=20.0)
        # When SIPp has lost all it had to send it no longer knows a repeated INVITE as such, and
        # would give the call up.
        patient = ["-default_behaviors", "all,-abortunexp"]
        with Sipp(
            "uas_lossy.xml", directory=tmp_path, calls=200, lost_percent=10, arguments=patient
        ) as sipp:
            async with UserAgent(listen=("127.0.0.1", 0), timers=timers) as agent:
                outcome = await place_calls(
                    agent, sipp, hang_up_after(1.0), calls=200, rate=50, patience=50
                )
                assert outcome.has_one_final_event_per_call()
                assert outcome.having(Answered) == 200
                assert all(isinstance(e, Ended) and not e.is_timeout for e in outcome.final())
                await check_nothing_is_left(agent, timeout=30)
            sipp.wait(timeout=30)
            assert sipp.counters().created == 200

    run(main())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_incoming_calls_are_answered(tmp_path: Path, run: Run, transport: str) -> None:
    outcome = Outcome()

    def on_incoming(call: IncomingCall) -> None:
        events = outcome.events[len(outcome.events)] = []
        call.on_event = events.append
        call.ring()
        asyncio.get_running_loop().call_later(0.1, call.answer, SDP)

    async def main() -> None:
        port = free_port()
        async with UserAgent(
            listen=("127.0.0.1", port),
            timers=QUICK,
            on_incoming=on_incoming,
            admit=lambda request, source: ADMIT,
        ) as agent:
            sipp = Sipp(
                "uac_plain.xml",
                directory=tmp_path,
                calls=300,
                rate=100,
                remote=("127.0.0.1", port),
                transport=transport,
                arguments=["-s", "12135550123"],
            )
            await asyncio.to_thread(sipp.start)
            assert await asyncio.to_thread(lambda: sipp.wait(timeout=30)) == 0, sipp.errors()
            await until(lambda: len(outcome.final()) == 300, timeout=5)
            assert outcome.has_one_final_event_per_call()
            assert outcome.having(Acked) == 300
            assert all(isinstance(e, Ended) and e.by_remote for e in outcome.final())
            await check_nothing_is_left(agent)

    run(main())
