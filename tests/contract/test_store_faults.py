"""Databases that fail, and what the store says then."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from ringcast.domain.errors import Unavailable
from ringcast.stores.sql import SqlStore
from tests.contract.store_things import SECOND, an_account, kept
from tests.databases import PostgresqlServer


async def test_directory_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Unavailable, match=r"file/data cannot be made .*--data-dir"):
        SqlStore.for_directory(tmp_path / "file" / "data")


async def test_file_that_cannot_be_opened_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "ringcast.sqlite3").mkdir()
    store = SqlStore.for_directory(tmp_path)

    with pytest.raises(Unavailable, match=r"ringcast\.sqlite3 cannot be used: .*--data-dir"):
        await store.migrate()
    await store.close()


async def test_file_that_is_no_database_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "ringcast.sqlite3").write_bytes(b"something else" * 1000)
    store = SqlStore.for_directory(tmp_path)

    with pytest.raises(Unavailable, match="is not a database: move it away"):
        await store.migrate()
    await store.close()


async def test_data_directory_is_made_and_may_have_any_name(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "with space, % and ?"
    store = SqlStore.for_directory(directory)
    await store.migrate()
    await kept(store, an_account())
    await store.close()

    assert (directory / "ringcast.sqlite3").is_file()


async def test_commit_returns_after_the_disk_and_many_share_one_synchronisation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlStore.for_directory(tmp_path)
    await store.migrate()
    synchronised = 0
    fdatasync = os.fdatasync
    committed = 0
    committed_before_the_disk = 0

    written = asyncio.Event()  # by ten, while the first is on its way to the disk
    loop = asyncio.get_running_loop()

    def count(descriptor: int) -> None:
        nonlocal synchronised, committed_before_the_disk
        if synchronised == 0:
            asyncio.run_coroutine_threadsafe(written.wait(), loop).result(timeout=30)
            committed_before_the_disk = committed
        fdatasync(descriptor)
        synchronised += 1

    async def commit() -> None:
        nonlocal committed
        await kept(store, an_account())
        committed += 1

    async def watch() -> None:
        while True:
            async with store.begin(read_only=True) as tx:
                if len(await tx.accounts()) >= 10:
                    break
        written.set()

    monkeypatch.setattr(os, "fdatasync", count)
    await asyncio.gather(watch(), *(commit() for _ in range(50)))
    await store.close()

    assert committed == 50
    assert committed_before_the_disk == 0
    assert 1 <= synchronised <= 42


async def test_disk_that_failed_once_is_not_believed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlStore.for_directory(tmp_path)
    await store.migrate()

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", fail)
        with pytest.raises(Unavailable, match="cannot be written to the disk"):
            await kept(store, an_account())
    with pytest.raises(Unavailable, match="Input/output error"):
        await kept(store, an_account())
    await store.close()


async def test_nothing_that_was_committed_is_lost_when_the_log_is_worked_off(
    tmp_path: Path,
) -> None:
    store = SqlStore.for_directory(tmp_path)
    await store.migrate()
    accounts = [an_account(name="x" * 5000 + str(number)) for number in range(1500)]
    for start in range(0, len(accounts), 100):  # enough pages for several checkpoints
        await kept(store, *accounts[start : start + 100])
    await store.close()

    again = SqlStore.for_directory(tmp_path)
    async with again.begin(read_only=True) as tx:
        assert await tx.accounts() == accounts
    await again.close()


async def test_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    store = SqlStore(f"postgresql://me:sesame@/calls?host={tmp_path}")

    with pytest.raises(Unavailable, match=r"cannot be reached .*--database-url") as caught:
        await store.migrate()
    await store.close()

    assert "sesame" not in str(caught.value)
    assert caught.value.retry_after == SECOND


async def test_database_that_is_not_there_is_named_with_the_remedy(
    postgresql: PostgresqlServer,
) -> None:
    store = SqlStore(postgresql.url("nowhere"))

    with pytest.raises(Unavailable, match="no such database: make it with createdb"):
        await store.migrate()
    await store.close()


async def test_lost_connections_are_replaced(postgresql: PostgresqlServer) -> None:
    store = SqlStore(postgresql.migrated())
    account = an_account()
    await kept(store, account)
    others = SqlStore(store._database.name)
    kill = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with others._database.connection(read_only=False) as connection:
        await connection.execute(kill)
    await others.close()

    async def read() -> None:
        async with store.begin(read_only=True) as tx:
            assert await tx.accounts() == [account]

    with pytest.raises(Unavailable) as caught:
        await read()
    await read()
    await store.close()

    assert caught.value.retry_after == SECOND


async def test_new_file_that_another_process_is_writing_without_a_log_is_waited_for(
    tmp_path: Path,
) -> None:
    store = SqlStore.for_directory(tmp_path)
    other = sqlite3.connect(tmp_path / "ringcast.sqlite3", isolation_level=None)
    other.execute("CREATE TABLE theirs (id)")
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.3, other.rollback)

    await store.migrate()
    await kept(store, an_account())
    await store.close()
    other.close()


async def test_file_that_another_process_never_lets_go_is_given_up_in_time(tmp_path: Path) -> None:
    store = SqlStore.for_directory(tmp_path, wait=0.3 * SECOND)
    other = sqlite3.connect(tmp_path / "ringcast.sqlite3", isolation_level=None)
    other.execute("CREATE TABLE theirs (id)")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable):
        await store.migrate()
    await store.close()
    other.close()
