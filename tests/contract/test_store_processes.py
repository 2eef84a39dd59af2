"""Several processes on one database, and one that is killed."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ringcast.domain.ids import AccountId
from ringcast.ports.store import Page, Store
from ringcast.stores.sql import SqlStore
from tests.contract.conftest import Databases
from tests.contract.store_things import NOW, an_account, kept

_ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def _processes(count: int, url: str, *command: str) -> AsyncIterator[list[Process]]:
    """Start processes that are ready for their command, and end those that have not ended."""
    program = [sys.executable, "-W", "error", "-m", "tests.contract.store_process", url, *command]
    started: list[Process] = []
    try:
        while len(started) < count:
            process = await asyncio.create_subprocess_exec(
                *program, stdin=PIPE, stdout=PIPE, cwd=_ROOT
            )
            started.append(process)
        for process in started:
            assert await _line(process) == "here"
        yield started
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def _run(count: int, url: str, *command: str) -> list[list[str]]:
    """Run a command in processes that begin at the same moment; return what each printed."""
    async with _processes(count, url, *command) as processes:
        printed = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
        assert [process.returncode for process in processes] == [0] * count
    return [out.decode().splitlines() for out, _ in printed]


async def _line(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def _go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def test_identifiers_of_two_processes_never_meet(database_url: str) -> None:
    printed = await _run(2, database_url, "ids", "40")

    taken = [[int(word) for line in lines for word in line.split()] for lines in printed]
    for of_one in taken:
        assert of_one == sorted(of_one)
        assert len(of_one) == 4000
    assert len({*taken[0], *taken[1]}) == 8000


async def test_first_of_many_processes_sets_a_secret(database_url: str) -> None:
    async with (
        _processes(1, database_url, "secret", "red") as [red],
        _processes(1, database_url, "secret", "blue") as [blue],
    ):
        for process in (red, blue):
            _go(process)
        seen = {await _line(red), await _line(blue)}

    assert seen in ({"red"}, {"blue"})


async def test_many_processes_migrate_a_new_database_at_once(databases: Databases) -> None:
    url = databases.empty()

    assert await _run(3, url, "migrate") == [["migrated"]] * 3

    store = SqlStore(url)
    await kept(store, an_account())
    await store.close()


async def test_two_processes_write_at_once(store: Store, database_url: str) -> None:
    await kept(store, an_account(id=AccountId(1)))

    printed = await _run(2, database_url, "more-calls", "40")

    async with store.begin(read_only=True) as tx:
        calls, _ = await tx.calls(AccountId(1), Page(limit=100))
    assert {str(call.id) for call in calls} == {*printed[0], *printed[1]}
    assert len(calls) == 80


async def test_what_was_committed_survives_kill_and_what_was_not_is_gone(
    store: Store, database_url: str
) -> None:
    await kept(store, an_account(id=AccountId(1)))
    async with _processes(1, database_url, "calls", "20") as [process]:
        _go(process)
        committed = [await _line(process) for _ in range(20)]
        assert await _line(process) == "open"
        process.kill()
        await process.wait()

    async with store.begin() as tx:
        calls, count = await tx.calls(AccountId(1), Page())
        due = await tx.due_calls(NOW, 100)

    assert [str(call.id) for call in calls] == committed[::-1]
    assert len(due) == count == 20
    assert await _run(1, database_url, "more-calls", "1") != [[]]
