"""Connections to SQLite and PostgreSQL: what differs between the two is here and nowhere else.

SQLite has one writer at a time, over all processes. In this process writers take turns in the
order they came, on one connection; between processes SQLite's own waiting (`busy_timeout`) decides.
Readers have connections of their own, cannot write, and see the last commit while a writer is at
work (WAL).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from ringcast.domain.errors import InvalidInput, Unavailable
from ringcast.stores.sql.errors import translated

__all__ = ["Database", "connect"]

_SQLITE_READERS = 4  # threads of their own: more would only queue for the two or four cores
_POSTGRESQL_CONNECTIONS = 10
_SQLITE_PAGE_CACHE = 16 * 1024  # KiB per connection, taken as it is used
_SQLITE_JOURNAL_LIMIT = 64 * 1024 * 1024  # bytes the write-ahead log may keep after a checkpoint


@dataclass(frozen=True, kw_only=True)
class Database:
    """Where the connections come from."""

    name: str
    """The URL without its password, for messages."""
    writers: AsyncEngine
    readers: AsyncEngine
    write_turns: asyncio.Semaphore
    read_turns: asyncio.Semaphore
    wait: timedelta
    """How long anything waits for a turn or a lock."""
    locks_rows: bool
    """Whether rows are locked one by one; else a writing transaction has all to itself."""
    migration_lock: str | None
    """The statement that lets one process at a time migrate, for the rest of the transaction;
    None if a writing transaction does so by itself."""

    @asynccontextmanager
    async def connection(self, *, read_only: bool) -> AsyncIterator[AsyncConnection]:
        """Hold a connection; whatever is not committed on it is undone in the end."""
        turns = self.read_turns if read_only else self.write_turns
        engine = self.readers if read_only else self.writers
        try:
            async with asyncio.timeout(self.wait.total_seconds()):
                await turns.acquire()
        except TimeoutError as exc:
            raise Unavailable(
                f"{self.name} is busy: try again", retry_after=timedelta(seconds=1)
            ) from exc
        try:
            connection = engine.connect()
            with translated(where=self.name):
                await connection.start()
            try:
                yield connection
            finally:
                # Shielded: the connection must be clean before the next one gets it.
                await asyncio.shield(asyncio.create_task(connection.close()))
        finally:
            turns.release()

    async def close(self) -> None:
        """Close all connections."""
        await self.writers.dispose()
        if self.readers is not self.writers:
            await self.readers.dispose()


def connect(url: str, *, wait: timedelta) -> Database:
    """Prepare connections to `url`; nothing is opened before the first use.

    Raises InvalidInput if the URL names no database this store works with.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise _not_understood("it is no URL") from exc
    opener = _OPENERS.get(parsed.drivername)
    if opener is None:
        raise _not_understood(f"{parsed.drivername} is not supported")
    return opener(parsed, wait)


def _not_understood(why: str) -> InvalidInput:
    return InvalidInput(
        f"the database URL cannot be used: {why}; give sqlite:////absolute/path.sqlite3 or"
        " postgresql://user:password@host/name",
        field="database_url",
    )


def _open_sqlite(url: URL, wait: timedelta) -> Database:
    if url.database in (None, "", ":memory:") or url.database.startswith("file:"):
        raise _not_understood("SQLite needs a file here, which several connections can share")
    url = url.set(drivername="sqlite+aiosqlite")

    def engine(connections: int, begin: str, *pragmas: str) -> AsyncEngine:
        made = create_async_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=wait.total_seconds(),
            # isolation_level None: sqlite3 starts no transactions of its own; `begin` does.
            connect_args={"timeout": wait.total_seconds(), "isolation_level": None},
        )

        def set_up(dbapi_connection: Any, _entry: ConnectionPoolEntry) -> None:
            cursor = dbapi_connection.cursor()
            for pragma in (*_SQLITE_PRAGMAS, *pragmas):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        event.listen(made.sync_engine, "connect", set_up)
        event.listen(made.sync_engine, "begin", start)
        return made

    return Database(
        name=url.set(drivername="sqlite").render_as_string(hide_password=True),
        # IMMEDIATE: a transaction that reads first and finds itself outrun at its first write
        # (SQLITE_BUSY_SNAPSHOT) could only be thrown away.
        writers=engine(1, "BEGIN IMMEDIATE"),
        readers=engine(_SQLITE_READERS, "BEGIN", "query_only=ON"),
        write_turns=asyncio.Semaphore(1),
        read_turns=asyncio.Semaphore(_SQLITE_READERS),
        wait=wait,
        locks_rows=False,
        migration_lock=None,
    )


_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on the disk when it returns: accepted means durable
    "foreign_keys=ON",
    "temp_store=MEMORY",
    f"cache_size=-{_SQLITE_PAGE_CACHE}",
    f"journal_size_limit={_SQLITE_JOURNAL_LIMIT}",
)


def _open_postgresql(url: URL, wait: timedelta) -> Database:
    url = url.set(drivername="postgresql+asyncpg")
    try:
        engine = create_async_engine(
            url,
            pool_size=_POSTGRESQL_CONNECTIONS,
            max_overflow=0,
            pool_timeout=wait.total_seconds(),
            connect_args={
                "timeout": wait.total_seconds(),
                "command_timeout": 60 + wait.total_seconds(),
                "server_settings": {
                    "application_name": "ringcast",
                    "jit": "off",  # to compile statements as small as ours costs more than it wins
                    "lock_timeout": f"{wait // timedelta(milliseconds=1)}ms",
                    "idle_in_transaction_session_timeout": "60s",
                },
            },
        )
    except ModuleNotFoundError as exc:
        raise InvalidInput(
            "PostgreSQL needs asyncpg: pip install 'ringcast[postgresql]'", field="database_url"
        ) from exc
    turns = asyncio.Semaphore(_POSTGRESQL_CONNECTIONS)
    return Database(
        name=url.set(drivername="postgresql").render_as_string(hide_password=True),
        writers=engine,
        readers=engine.execution_options(postgresql_readonly=True),
        write_turns=turns,
        read_turns=turns,
        wait=wait,
        locks_rows=True,
        migration_lock="SELECT pg_advisory_xact_lock(7232163)",
    )


_Opener: TypeAlias = Callable[[URL, timedelta], Database]

_OPENERS: dict[str, _Opener] = {
    "sqlite": _open_sqlite,
    "sqlite+aiosqlite": _open_sqlite,
    "postgres": _open_postgresql,
    "postgresql": _open_postgresql,
    "postgresql+asyncpg": _open_postgresql,
}
