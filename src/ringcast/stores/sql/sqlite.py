"""SQLite in a file.

SQLite has one writer at a time, over all processes. In this process writers take turns in the order
they came, on one connection; between processes SQLite's own waiting (`busy_timeout`) decides.
Readers have connections of their own, cannot write, and see the last commit while a writer is at
work (WAL).

Statements run on threads that wait for nothing but SQLite. To wake a thread and to be woken by it
costs several times what a small statement costs, so a statement is one visit to the thread, with
whatever goes before it (the connection, BEGIN) and after it (its rows).

Commits share their way to the disk. COMMIT itself only writes to the log's file, then the turn is
given on, then the file is synchronised, once for all who have committed meanwhile. `commit` returns
after that: accepted means durable, at more commits a second than the disk has synchronisations.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import (
    BindParameter,
    Column,
    CompoundSelect,
    Engine,
    Executable,
    FromClause,
    Select,
    create_engine,
    event,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from ringcast.domain.errors import Unavailable
from ringcast.stores.sql.connecting import Answer, Connection, Rows, UpsertMaker, answer, take_turn

__all__ = ["SqliteDatabase"]

_T = TypeVar("_T")

_READERS = 4  # more would only queue for the two or four cores
_PAGE_CACHE = 16 * 1024  # KiB per connection, taken as it is used
_MODE_RETRY = 0.01  # seconds between tries to enter WAL mode
_LOG_LIMIT = 64 * 1024 * 1024  # bytes the write-ahead log may keep once it has been worked off

_PRAGMAS = (
    # In WAL mode NORMAL leaves out one thing only: synchronising the log at each commit. `_Disk`
    # does that.
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    f"cache_size=-{_PAGE_CACHE}",
    f"journal_size_limit={_LOG_LIMIT}",
)


class SqliteDatabase:
    """A file of SQLite and its connections (`connecting.Database`)."""

    locks_rows = False
    migration_lock = None
    insert: UpsertMaker = staticmethod(insert)

    def __init__(self, path: Path, *, wait: timedelta) -> None:
        self.name = f"sqlite:///{path}"
        self._wait = wait
        # IMMEDIATE: a transaction that reads first and finds itself outrun at its first write
        # (SQLITE_BUSY_SNAPSHOT) could only be thrown away.
        self._writers = _engine(path, 1, wait, "BEGIN IMMEDIATE", *_PRAGMAS)
        self._readers = _engine(path, _READERS, wait, "BEGIN", *_PRAGMAS, "query_only=ON")
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")
        self._write_turns = asyncio.Semaphore(1)
        self._read_turns = asyncio.Semaphore(_READERS)
        self._disk = _Disk(path.with_name(path.name + "-wal"), name=self.name)

    def unpacked(self, rows: BindParameter[str], columns: Sequence[Column[Any]]) -> FromClause:
        """Return the rows of a JSON array of arrays, one member for each of `columns` in order."""
        each = func.json_each(rows).table_valued("value")
        members = [
            func.json_extract(each.c.value, f"$[{place}]").label(column.name)
            for place, column in enumerate(columns)
        ]
        return select(*members).subquery("unpacked")

    def merged(self, walks: Sequence[Select[Any]], most: int) -> CompoundSelect[Any]:
        """Return the statement that gives the first rows of all walks, newest first."""
        together = union_all(*walks)  # each is walked in that order, step by step
        return together.order_by(together.selected_columns.id.desc())

    @asynccontextmanager
    async def connection(
        self, *, read_only: bool, patient: bool = False
    ) -> AsyncIterator[Connection]:
        """Hold a connection, as `connecting.Database` says; no statement has a limit here."""
        del patient
        turns = self._read_turns if read_only else self._write_turns
        with ExitStack() as turn:
            await take_turn(turns, self._wait, name=self.name)
            turn.callback(turns.release)
            if read_only:
                connection = _Connection(self._readers, self._read_threads, None)
            else:
                connection = _Connection(self._writers, self._write_thread, self._disk)
            connection.when_free(turn.close)
            try:
                yield connection
            finally:
                await connection.close()

    async def close(self) -> None:
        """Close all connections."""
        for engine, threads in (
            (self._writers, self._write_thread),
            (self._readers, self._read_threads),
        ):
            await _visit(threads, engine.dispose)
            threads.shutdown()
        self._disk.close()


def _engine(path: Path, connections: int, wait: timedelta, begin: str, *pragmas: str) -> Engine:
    made = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={
            "timeout": wait.total_seconds(),
            "isolation_level": None,  # sqlite3 starts no transactions of its own: `start` does
            "check_same_thread": False,  # one thread at a time, but not always the same
        },
    )

    def set_up(dbapi_connection: Any, _entry: ConnectionPoolEntry) -> None:
        _enter_wal_mode(dbapi_connection, wait)
        for pragma in pragmas:
            dbapi_connection.execute(f"PRAGMA {pragma}").close()

    def start(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(made, "connect", set_up)
    event.listen(made, "begin", start)
    return made


def _enter_wal_mode(dbapi_connection: Any, wait: timedelta) -> None:
    """Have the file keep a write-ahead log; wait while others use it without one.

    Only the first of several processes on a new file changes the mode. It needs the file for
    itself, and SQLite does not wait for that: its `busy_timeout` is not asked here.
    """
    give_up_at = monotonic() + wait.total_seconds()
    while True:
        try:
            dbapi_connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or monotonic() >= give_up_at:
                raise
            sleep(_MODE_RETRY)
        else:
            return


class _Connection:
    """A connection that is taken with its first statement."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor, disk: _Disk | None) -> None:
        self._engine = engine
        self._threads = threads
        self._disk = disk
        self._held: sqlalchemy.Connection | None = None
        self._when_free: Callable[[], None] = lambda: None

    def when_free(self, call: Callable[[], None]) -> None:
        """Set what is called as soon as the connection is not needed any more."""
        self._when_free = call

    async def execute(self, statement: Executable, rows: Rows = None) -> Answer:
        return await self.run(lambda connection: answer(connection.execute(statement, rows)))

    async def run(self, function: Callable[[sqlalchemy.Connection], _T]) -> _T:
        return await _visit(self._threads, self._with_connection, function)

    async def commit(self) -> None:
        if self._held is None:
            return  # nothing was done
        await _visit(self._threads, self._commit)
        self._when_free()
        if self._disk is not None:
            await self._disk.synchronised()

    async def close(self) -> None:
        """Undo what was not committed, and give the connection back."""
        if self._held is None:
            return
        if self._disk is None:
            self._give_back()  # the end of reading costs nothing: no thread needs to be woken
        else:
            await _visit(self._threads, self._give_back)

    def _with_connection(self, function: Callable[[sqlalchemy.Connection], _T]) -> _T:
        if self._held is None:
            self._held = self._engine.connect()
        return function(self._held)

    def _commit(self) -> None:
        assert self._held is not None, "commit() looked"
        self._held.commit()
        self._give_back()

    def _give_back(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


class _Disk:
    """Synchronises the write-ahead log with the disk, once for all who wait for it."""

    def __init__(self, log: Path, *, name: str) -> None:
        self._log = log
        self._name = name
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-disk")
        self._turn = asyncio.Lock()
        self._asked = 0
        self._done = 0
        self._failed: OSError | None = None

    async def synchronised(self) -> None:
        """Return when all that was written before this call is on the disk.

        Raises Unavailable if the disk fails. Linux reports a failure once and forgets what it could
        not write, so nothing is believed from then on, until the store is opened anew.
        """
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._done < mine and self._failed is None:
                asked = self._asked
                try:
                    await _visit(self._thread, self._synchronise)
                except OSError as exc:
                    self._failed = exc
                else:
                    self._done = asked
        if self._failed is not None:
            raise Unavailable(
                f"{self._name} cannot be written to the disk ({self._failed.strerror}): see to the"
                " disk, then start again"
            ) from self._failed

    def close(self) -> None:
        self._thread.shutdown()

    def _synchronise(self) -> None:
        # Opened each time: the log is another file after all connections were closed for a moment.
        # No lock is lost by closing it, since SQLite's locks are on its other two files.
        try:
            log = os.open(self._log, os.O_RDONLY)
        except FileNotFoundError:
            return  # the last connection worked it off into the database, synchronised, as it left
        try:
            os.fdatasync(log)
        finally:
            os.close(log)


async def _visit(threads: ThreadPoolExecutor, function: Callable[..., _T], *arguments: Any) -> _T:
    """Run `function` on a thread. Cancelled, wait for its end nevertheless: the next to use the
    connection must not meet it there."""
    visit = asyncio.get_running_loop().run_in_executor(threads, function, *arguments)
    try:
        return await asyncio.shield(visit)
    except asyncio.CancelledError:
        while not visit.done():
            try:
                await asyncio.wait([visit])
            except asyncio.CancelledError:
                continue
        if not visit.cancelled():
            visit.exception()  # seen: the cancellation is what is reported
        raise
