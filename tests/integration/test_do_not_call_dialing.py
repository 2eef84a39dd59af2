"""What must not be called is not dialled: the dialer over a real SQLite file.

The engine is the simulator: it would have dialled whatever it was asked to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Call, CallState
from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.events import CallBarred
from ringcast.domain.ids import AccountId, CallId
from ringcast.domain.instructions import Play, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.engines.simulator import FarEnd, SimulatedEngine
from ringcast.integrations.clock import SystemClock
from ringcast.services.admission import Admission
from ringcast.services.changes import ChangeWriter
from ringcast.services.dialer import Dialer
from ringcast.stores.sql import SqlStore

START = datetime(2026, 1, 1, tzinfo=UTC)
OURS, THEIRS = AccountId(1), AccountId(2)
BARRED, OTHER = PhoneNumber("12135550142"), PhoneNumber("12135550143")


@dataclass(frozen=True)
class World:
    store: SqlStore
    engine: SimulatedEngine
    dialer: Dialer

    async def add_call(self, to: PhoneNumber, account_id: AccountId = OURS) -> CallId:
        now = SystemClock().now()
        (call_id,) = await self.store.take_ids(1, now)
        call = Call(
            id=CallId(call_id),
            account_id=account_id,
            to=to,
            to_text="",
            from_number=None,
            script=Script(instructions=(Play(audio=("sound",)),)),
            state=CallState.READY,
            created_at=now,
            updated_at=now,
            due_at=now,
        )
        async with self.store.begin() as tx:
            await tx.add_calls([call])
            await tx.commit()
        return call.id

    async def bar(self, number: PhoneNumber, *, call: bool = True) -> None:
        entry = DoNotCallEntry(
            account_id=OURS,
            number=number,
            call=call,
            text=True,
            inbound_call=True,
            inbound_text=True,
            source="test",
            created_at=START,
        )
        async with self.store.begin() as tx:
            await tx.put_do_not_call([entry])
            await tx.commit()

    async def ended(self, call_id: CallId, account_id: AccountId = OURS) -> tuple[Call, int]:
        """Let simulated time pass until the call has ended; return it and its attempts' number."""
        self.dialer.wake()
        async with asyncio.timeout(10):
            while True:
                await asyncio.sleep(0.002)
                self.engine.advance(timedelta(seconds=1))
                async with self.store.begin(read_only=True) as tx:
                    call = await tx.call(account_id, call_id)
                    attempts = await tx.attempts_of([call_id])
                assert call is not None
                if call.state.is_final:
                    return call, len(attempts[call_id])


@asynccontextmanager
async def _world(path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        store = SqlStore.for_directory(path)
        stack.push_async_callback(store.close)
        await store.migrate()
        async with store.begin() as tx:
            for account_id in (OURS, THEIRS):
                name = f"account {account_id}"
                await tx.add_account(
                    Account(id=account_id, name=name, created_at=START, signing_key="key")
                )
            await tx.commit()
        changes = ChangeWriter(store=store)
        engine = SimulatedEngine(
            now=START, far_end=lambda _: FarEnd(), length_of=lambda _: timedelta(seconds=1)
        )
        dialer = Dialer(
            store=store,
            engine=engine,
            admission=Admission(calls_per_second=1000, max_calls=100),
            changes=changes,
            clock=SystemClock(),
            holder="here",
        )
        await engine.start(dialer.deliver)
        tasks = [asyncio.create_task(changes.run()), asyncio.create_task(dialer.run())]
        try:
            yield World(store, engine, dialer)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_number_barred_after_its_call_was_asked_for_is_not_dialled(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        call_id = await world.add_call(BARRED)
        beside = await world.add_call(OTHER)
        await world.bar(BARRED)

        call, attempts = await world.ended(call_id)

        assert (call.state, call.outcome) == (CallState.DO_NOT_CALL, Outcome.UNDIALED)
        assert (attempts, call.attempts) == (0, 0)
        async with world.store.begin(read_only=True) as tx:
            (event,) = await tx.events_of(call_id)
        assert isinstance(event.event, CallBarred)
        call, attempts = await world.ended(beside)
        assert (call.state, call.outcome, attempts) == (CallState.FINISHED, Outcome.HUMAN, 1)
        assert len(world.engine.heard) == 1


async def test_the_list_of_one_account_is_not_that_of_another(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        await world.bar(BARRED)
        call, attempts = await world.ended(await world.add_call(BARRED, THEIRS), THEIRS)
        assert (call.state, attempts) == (CallState.FINISHED, 1)


async def test_an_entry_that_bars_texts_only_lets_calls_through(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        await world.bar(BARRED, call=False)
        call, attempts = await world.ended(await world.add_call(BARRED))
        assert (call.state, attempts) == (CallState.FINISHED, 1)


async def test_many_barred_calls_do_not_hold_up_those_behind_them(tmp_path: Path) -> None:
    async with _world(tmp_path) as world:
        await world.bar(BARRED)
        barred = [await world.add_call(BARRED) for _ in range(300)]  # more than one claim takes
        behind = await world.add_call(OTHER)
        began = SystemClock().monotonic()
        call, _ = await world.ended(behind)
        assert call.state is CallState.FINISHED
        assert SystemClock().monotonic() - began < 2  # not a poll of half a second per claim
        for call_id in barred:
            assert (await world.ended(call_id))[0].state is CallState.DO_NOT_CALL
