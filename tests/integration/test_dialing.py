"""The dialer, call flow, change writer and recovery over a real SQLite file.

The engine is the simulator: these tests are about what is written and when, not about calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.errors import Unavailable
from ringcast.domain.events import CallEnded, CallEvent
from ringcast.domain.ids import AccountId, CallId
from ringcast.domain.instructions import (
    HangUp,
    Instruction,
    Pause,
    Play,
    Record,
    Script,
    SendDigits,
)
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import Interpreter
from ringcast.engines.simulator import FarEnd, SimulatedEngine
from ringcast.integrations.clock import SystemClock
from ringcast.integrations.http_fetch import HttpFetcher
from ringcast.integrations.remote_sounds import CachedRemoteSounds
from ringcast.ports.engine import Originate
from ringcast.ports.store import Transaction
from ringcast.services.admission import Admission
from ringcast.services.changes import Change, ChangeWriter
from ringcast.services.dialer import HOLD_FOR, Dialer
from ringcast.services.inbound import ReceiveCalls
from ringcast.services.program_run import Programs
from ringcast.services.program_steps import StepTools
from ringcast.services.prompts import Prompts
from ringcast.services.recovery import EndOrphanedAttempts, HoldAttempts
from ringcast.stores.sql import SqlStore
from tests.fakes.sound_library import MemoryAudio, MemorySpeech

ACCOUNT = AccountId(1)
SOUND = Play(audio=("sound",))
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class World:
    store: SqlStore
    engine: SimulatedEngine
    dialer: Dialer
    events: list[CallEvent] = field(default_factory=list)

    async def add_call(
        self, ending: str, *script: Instruction, ring_timeout: timedelta = timedelta(seconds=60)
    ) -> CallId:
        """Have 1213555xx<ending> called with the script (by default one sound)."""
        now = SystemClock().now()
        (number,) = await self.store.take_ids(1, now)
        call = Call(
            id=CallId(number),
            account_id=ACCOUNT,
            to=PhoneNumber(f"121355501{ending}"),
            to_text="",
            from_number=PhoneNumber("12135550199"),
            script=Script(instructions=script or (SOUND,)),
            state=CallState.READY,
            created_at=now,
            updated_at=now,
            due_at=now,
            ring_timeout=ring_timeout,
        )
        async with self.store.begin() as tx:
            await tx.add_calls([call])
            await tx.commit()
        self.dialer.wake()
        return call.id

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let tasks and the database's thread work until the condition holds."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 -- what is awaited has no event to offer
                await asyncio.sleep(0.001)

    async def finish(self, call_id: CallId) -> tuple[Call, Attempt]:
        """Let simulated time pass until the call has ended, and read it back."""
        async with asyncio.timeout(10):
            while True:
                await asyncio.sleep(0.002)
                self.engine.advance(timedelta(milliseconds=500))
                call, attempts = await self.read(call_id)
                if call.state.is_final:
                    return call, attempts[-1]

    async def read(self, call_id: CallId) -> tuple[Call, Sequence[Attempt]]:
        async with self.store.begin(read_only=True) as tx:
            call = await tx.call(ACCOUNT, call_id)
            attempts = await tx.attempts_of([call_id])
        assert call is not None
        return call, attempts.get(call_id, ())


FAR_ENDS = {
    "00": FarEnd(),
    "04": FarEnd(hangs_up_after=timedelta(seconds=1)),
    "20": FarEnd(refuses=486),
    "21": FarEnd(answers_after=None),
    "23": FarEnd(refuses=404),
    "31": FarEnd(presses=[(timedelta(seconds=1), "1"), (timedelta(seconds=2), "#")]),
}


def _far_end(to: Destination) -> FarEnd | None:
    assert isinstance(to, PhoneNumber)
    return FAR_ENDS.get(to.digits[-2:])


def _length(digest: str) -> timedelta:
    """Every sound that was made by a program lasts 2 s."""
    lengths = {"sound": timedelta(seconds=3), "other": timedelta(seconds=1)}
    return lengths.get(digest, timedelta(seconds=2))


@asynccontextmanager
async def _world(
    path: Path, *, max_calls: int = 100, interpreters: Mapping[str, Interpreter] | None = None
) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        store = SqlStore.for_directory(path)
        stack.push_async_callback(store.close)
        await store.migrate()
        await _add_account(store)
        events: list[CallEvent] = []
        changes = ChangeWriter(store=store, observer=events.extend)
        engine = SimulatedEngine(now=START, far_end=_far_end, length_of=_length)
        audio = MemoryAudio()
        web = HttpFetcher(allow_private=True)
        remote = CachedRemoteSounds(web=web, audio=audio, clock=SystemClock())
        prompts = Prompts(store=store, audio=audio, speech=MemorySpeech(audio), remote=remote)
        admission = Admission(calls_per_second=1000, max_calls=max_calls)
        dialer = Dialer(
            store=store,
            engine=engine,
            admission=admission,
            changes=changes,
            clock=SystemClock(),
            holder="here",
            programs=Programs(
                interpreters=interpreters or {},
                tools=StepTools(prompts=prompts, web=web),
                clock=SystemClock(),
            ),
        )
        inbound = ReceiveCalls(
            store=store,
            engine=engine,
            live=dialer,
            admission=admission,
            clock=SystemClock(),
            holder="here",
            hold_for=HOLD_FOR,
        )
        await engine.start(dialer.deliver, on_offer=inbound.offered)
        tasks = [asyncio.create_task(work) for work in (changes.run(), dialer.run(), inbound.run())]
        try:
            yield World(store, engine, dialer, events)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _add_account(store: SqlStore) -> None:
    async with store.begin() as tx:
        if await tx.account(ACCOUNT) is None:
            await tx.add_account(Account(id=ACCOUNT, name="a", created_at=START, signing_key="key"))
            await tx.commit()


async def test_an_answered_call_plays_its_sound_hangs_up_and_is_written_down(
    tmp_path: Path,
) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call("00")

        call, attempt = await world.finish(call_id)

        assert (call.state, call.outcome, call.attempts) == (CallState.FINISHED, Outcome.HUMAN, 1)
        assert attempt.state is AttemptState.ENDED
        assert attempt.played == timedelta(seconds=3)
        assert world.engine.heard[attempt.id] == ["sound"]
        async with world.store.begin(read_only=True) as tx:
            events = await tx.events_of(call_id)
        assert [type(e.event).__name__ for e in events] == [
            "AttemptStarted",
            "CallRinging",
            "CallAnswered",
            "SoundPlayed",
            "CallEnded",
        ]
        assert [e.number for e in events] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        ("20", Outcome.BUSY),
        ("23", Outcome.INVALID_NUMBER),
        ("21", Outcome.NO_ANSWER),
        ("04", Outcome.HUMAN),
        ("99", Outcome.INTERNAL_ERROR),  # no route: the engine never sent an INVITE
    ],
)
async def test_every_ending_has_its_outcome(tmp_path: Path, ending: str, outcome: Outcome) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call(ending, ring_timeout=timedelta(seconds=5))
        call, attempt = await world.finish(call_id)
        assert (call.outcome, attempt.outcome) == (outcome, outcome)
        assert attempt.reason


async def test_a_script_runs_its_instructions_in_order(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call(
            "00",
            Record(path=str(tmp_path / "r.wav")),
            SendDigits(digits="12w3"),
            Pause(length=timedelta(milliseconds=20)),
            Play(audio=("sound", "other"), loop=2),
            HangUp(),
            Play(audio=("other",)),  # never reached
        )
        _, attempt = await world.finish(call_id)
        assert world.engine.digits[attempt.id] == "123"
        assert world.engine.heard[attempt.id] == ["sound", "other"] * 2
        assert attempt.played == timedelta(seconds=8)
        assert (tmp_path / "r.wav").exists()


async def test_keys_pressed_are_kept_in_order(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        _, attempt = await world.finish(await world.add_call("31"))
        assert attempt.digits == "1#"


async def test_a_fault_of_the_engine_ends_the_call_and_says_so(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call("00")
        await world.until(lambda: bool(world.engine.originated))
        world.engine.advance(timedelta(seconds=1))
        await world.until(lambda: bool(world.engine.heard))

        world.engine.break_leg(world.engine.originated[0].leg, "the media worker was lost")

        call, attempt = await world.finish(call_id)
        assert call.outcome is Outcome.INTERNAL_ERROR
        assert attempt.answered_at is not None  # whoever answered is not dialled again
        assert attempt.reason == "the media worker was lost"


async def test_no_more_calls_live_at_once_than_admitted(tmp_path: Path) -> None:
    async with _world(tmp_path, max_calls=2) as world:
        ids = [await world.add_call("00") for _ in range(5)]
        await world.until(lambda: len(world.engine.originated) == 2)
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert len(world.engine.originated) == 2

        for call_id in ids:
            await world.finish(call_id)
        assert len(world.engine.originated) == 5


async def test_the_attempt_is_committed_before_the_engine_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _world(tmp_path) as world:
        seen: list[AttemptState] = []
        place = world.engine.originate

        async def originate(request: Originate) -> None:
            # Another connection sees only what is committed.
            other = SqlStore.for_directory(tmp_path)
            async with other.begin(read_only=True) as tx:
                (attempt,) = await tx.attempts_held_by("here")
            await other.close()
            seen.append(attempt.state)
            await place(request)

        monkeypatch.setattr(world.engine, "originate", originate)
        await world.finish(await world.add_call("00"))
        assert seen == [AttemptState.CREATED]


async def test_a_fault_in_one_flow_ends_that_call_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with _world(tmp_path) as world:

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr(world.engine, "send_digits", broken)
        bad = await world.add_call("00", SendDigits(digits="1"))
        good = await world.add_call("00")

        assert (await world.finish(bad))[0].outcome is Outcome.INTERNAL_ERROR
        assert (await world.finish(good))[0].outcome is Outcome.HUMAN
        assert "call flow failed" in caplog.text
        await world.until(lambda: world.dialer.live == 0)


async def test_draining_dials_no_more_and_waits_for_live_calls(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        live = await world.add_call("00")
        await world.until(lambda: bool(world.engine.originated))
        world.dialer.drain()
        late = await world.add_call("00")

        await world.finish(live)
        async with asyncio.timeout(5):
            await world.dialer.drained()
        assert (await world.read(late))[0].state is CallState.READY


async def test_a_leg_whose_attempt_was_taken_over_is_hung_up(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call("00")
        await world.until(lambda: bool(world.engine.originated))
        await _let_hold_run_out(world.store)
        assert await EndOrphanedAttempts(store=world.store, clock=SystemClock())() == 1

        world.engine.advance(timedelta(milliseconds=500))  # it is answered: too late
        await world.until(lambda: world.dialer.live == 0)

        call, (attempt,) = await world.read(call_id)
        assert call.outcome is Outcome.INTERNAL_ERROR
        assert attempt.answered_at is None
        assert not any(isinstance(event, CallEnded) for event in world.events)


async def test_attempts_of_a_dead_process_end_and_their_calls_with_them(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call("00")
        await world.until(lambda: bool(world.engine.originated))
    async with _world(tmp_path) as world:  # the process is gone; a new one starts
        recover = EndOrphanedAttempts(store=world.store, clock=SystemClock())
        assert await recover() == 0  # its hold has not run out
        await _let_hold_run_out(world.store)

        assert await recover() == 1
        assert await recover() == 0

        call, (attempt,) = await world.read(call_id)
        assert (call.state, call.outcome) == (CallState.FINISHED, Outcome.INTERNAL_ERROR)
        assert attempt.ended_at is not None
        for _ in range(20):
            await asyncio.sleep(0.002)
        assert world.engine.originated == []  # nobody is dialled again for it


async def test_holding_keeps_attempts_from_being_taken_for_dead(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        await world.add_call("00")
        await world.until(lambda: bool(world.engine.originated))
        await _let_hold_run_out(world.store)
        assert await HoldAttempts(store=world.store, clock=SystemClock(), holder="here")() == 1
        assert await EndOrphanedAttempts(store=world.store, clock=SystemClock())() == 0


async def test_changes_wait_while_the_store_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _world(tmp_path) as world:
        begin, refusals = world.store.begin, 3

        def failing(*, read_only: bool = False) -> object:
            nonlocal refusals
            if not read_only and world.engine.originated and refusals:
                refusals -= 1
                raise Unavailable("the database is away")
            return begin(read_only=read_only)

        monkeypatch.setattr(world.store, "begin", failing)
        call, _ = await world.finish(await world.add_call("00"))
        assert call.outcome is Outcome.HUMAN
        assert refusals == 0


async def _let_hold_run_out(store: SqlStore) -> None:
    async with store.begin() as tx:
        await _end_holds(tx)
        await tx.commit()


async def _end_holds(tx: Transaction) -> None:
    past = SystemClock().now() - HOLD_FOR
    await tx.extend_holding("here", past)


async def test_one_transaction_writes_what_gathered_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call("21")
        await world.until(lambda: bool(world.engine.originated))
        _, (attempt,) = await world.read(call_id)
        transactions = 0
        begin = world.store.begin

        def counted(*, read_only: bool = False) -> object:
            nonlocal transactions
            transactions += not read_only
            return begin(read_only=read_only)

        monkeypatch.setattr(world.store, "begin", counted)
        writer = ChangeWriter(store=world.store)
        waits = [writer.submit(Change(attempt=replace(attempt, digits=str(n)))) for n in range(100)]
        task = asyncio.create_task(writer.run())
        assert all(await asyncio.gather(*waits))
        task.cancel()
        assert transactions == 1
        _, (attempt,) = await world.read(call_id)
        assert attempt.digits == "99"  # the last one holds
