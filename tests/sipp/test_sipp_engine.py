"""SIPp as a telephone behind a trunk: calls of the engine, none stuck, none lost, nothing left.

In CI each scenario takes 200 calls; `make test-long` gives each 2,000 at 100 a second.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import uvloop

from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.integrations.clock import SystemClock
from ringcast.ports.engine import (
    EngineEvent,
    LegAnswered,
    LegEnded,
    LegRinging,
    Originate,
    PlaybackFinished,
)
from tests.sipp.runner import Sipp

pytestmark = pytest.mark.sipp

HOST = "127.0.0.1"
RATE = 100  # calls a second
SOUND = "sound"


@dataclass(frozen=True)
class Scenario:
    """What SIPp does, and what a call then comes to."""

    name: str
    file: str
    transport: str = "udp"
    password: str | None = None
    hangs_up_ringing: bool = False
    holds: bool = False
    """SIPp puts the call on hold, which stops the sound: we hang up by the clock."""
    lost_percent: float | None = None
    arguments: tuple[str, ...] = ()


SCENARIOS = [
    Scenario("plain", "uas_plain.xml"),
    Scenario("407", "uas_407.xml", password="secret"),
    Scenario("183", "uas_early_media.xml"),
    Scenario("re-INVITE", "uas_reinvite.xml", holds=True),
    Scenario("CANCEL", "uas_cancel.xml", hangs_up_ringing=True),
    Scenario("TCP", "uas_plain.xml", transport="tcp"),
    Scenario(
        "10 % lost",
        "uas_lossy.xml",
        lost_percent=10,
        # SIPp must not take for an error that we repeat what it has lost itself.
        arguments=("-default_behaviors", "all,-abortunexp"),
    ),
]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / f"{SOUND}.ulaw"
    path.write_bytes(os.urandom(160 * 50))  # 1 s
    return path


@dataclass
class Caller:
    """Places calls; each plays a short sound once answered, and is then hung up."""

    engine: EmbeddedEngine
    scenario: Scenario
    expected: int
    ends: dict[AttemptId, list[LegEnded]] = field(default_factory=dict)
    answered: set[AttemptId] = field(default_factory=set)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, event: EngineEvent) -> None:
        match event:
            case LegRinging() if self.scenario.hangs_up_ringing:
                self._spawn(self.engine.hang_up(event.leg))
            case LegAnswered():
                self.answered.add(event.leg)
                self._spawn(self.engine.play(event.leg, 1, [SOUND], 1))
                if self.scenario.holds:
                    self._spawn(self._hang_up_later(event.leg))
            case PlaybackFinished():
                self._spawn(self.engine.hang_up(event.leg))
            case LegEnded():
                self.ends.setdefault(event.leg, []).append(event)
                if len(self.ends) == self.expected:
                    self.done.set()
            case _:
                pass

    async def place(self, rate: float) -> None:
        loop = asyncio.get_running_loop()
        first = loop.time()
        for number in range(self.expected):
            await asyncio.sleep(max(0.0, first + number / rate - loop.time()))
            request = Originate(
                leg=AttemptId(number + 1),
                to=PhoneNumber(f"1213{5550000 + number % 9999}"),
                from_number=PhoneNumber("12025550199"),
            )
            self._spawn(self.engine.originate(request))

    async def _hang_up_later(self, leg: AttemptId) -> None:
        await asyncio.sleep(1.5)
        await self.engine.hang_up(leg)

    def _spawn(self, coroutine: object) -> None:
        assert asyncio.iscoroutine(coroutine)
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        task.result()


async def _run(scenario: Scenario, calls: int, sound: Path, directory: Path) -> None:
    with Sipp(
        scenario.file,
        directory=directory,
        calls=calls,
        transport=scenario.transport,
        lost_percent=scenario.lost_percent,
        arguments=scenario.arguments,
    ) as sipp:
        engine = EmbeddedEngine(
            clock=SystemClock(),
            sip=(HOST, 0),
            transports=("udp", "tcp"),
            rtp_ports=range(40000, 44000),
            rtp_host=HOST,
            advertise=None,
            media_workers=1,
            trunk=Trunk(
                host=HOST,
                port=sipp.port,
                transport="tcp" if scenario.transport == "tcp" else "udp",
                user=None if scenario.password is None else "ringcast",
                password=scenario.password,
            ),
            playable=lambda _: sound,
        )
        caller = Caller(engine, scenario, calls)
        await engine.start(caller.take)
        try:
            descriptors = psutil.Process().num_fds()
            tasks = len(asyncio.all_tasks())
            await caller.place(RATE)
            async with asyncio.timeout(90):  # Timer B and its kin are 32 s
                await caller.done.wait()
            _check(scenario, calls, caller)
            async with asyncio.timeout(40):  # transactions outlast their calls by Timer J, D, K
                while engine.leg_count:  # noqa: ASYNC110 -- there is no event for it
                    await asyncio.sleep(0.1)
            assert len(asyncio.all_tasks()) <= tasks
            connections = 1 if scenario.transport == "tcp" else 0
            assert psutil.Process().num_fds() <= descriptors + connections
            if scenario.lost_percent is None:  # while our end of its connections is still there
                assert await asyncio.to_thread(lambda: sipp.wait(timeout=40)) == 0, sipp.errors()
                counters = sipp.counters()
                assert (counters.successful, counters.failed) == (calls, 0), sipp.errors()
        finally:
            await engine.close()


def _check(scenario: Scenario, calls: int, caller: Caller) -> None:
    assert len(caller.ends) == calls
    assert all(len(ends) == 1 for ends in caller.ends.values())  # exactly one end each
    reasons = Counter(ends[0].reason for ends in caller.ends.values())
    assert not any(ends[0].failed for ends in caller.ends.values()), reasons
    if scenario.hangs_up_ringing:
        assert caller.answered == set()
        assert {ends[0].sip_status for ends in caller.ends.values()} == {487}, reasons
    else:
        assert len(caller.answered) == calls, reasons


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_every_call_of_the_engine_ends_and_leaves_nothing(
    scenario: Scenario, sound: Path, tmp_path: Path
) -> None:
    uvloop.run(_run(scenario, 200, sound, tmp_path))


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_two_thousand_calls_at_a_hundred_a_second(
    scenario: Scenario, sound: Path, tmp_path: Path
) -> None:
    uvloop.run(_run(scenario, 2000, sound, tmp_path))
