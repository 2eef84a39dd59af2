"""PostgreSQL, by asyncpg."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import (
    JSON,
    BindParameter,
    Column,
    CompoundSelect,
    Executable,
    FromClause,
    Select,
    cast,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator, TypeEngine

from ringcast.domain.errors import InvalidInput
from ringcast.stores.sql.connecting import Answer, Connection, Rows, UpsertMaker, answer, take_turn
from ringcast.stores.sql.errors import translated

__all__ = ["PostgresqlDatabase"]

_T = TypeVar("_T")

_CONNECTIONS = 10
_LONGEST = 60.0  # seconds that a statement may take once it has its locks


class PostgresqlDatabase:
    """A database of a PostgreSQL server and connections to it (`connecting.Database`)."""

    locks_rows = True
    migration_lock = "SELECT pg_advisory_xact_lock(7232163)"  # any number that is ours alone
    insert: UpsertMaker = staticmethod(insert)

    def __init__(self, url: URL, *, wait: timedelta) -> None:
        self.name = url.set(drivername="postgresql").render_as_string(hide_password=True)
        self._wait = wait
        seconds = wait.total_seconds()
        connect_args: dict[str, Any] = {
            "timeout": seconds,
            "server_settings": {
                "application_name": "ringcast",
                "jit": "off",  # compiling costs more than it wins for small statements
                "lock_timeout": f"{wait // timedelta(milliseconds=1)}ms",
                "idle_in_transaction_session_timeout": "60s",
            },
        }
        address = url.set(drivername="postgresql+asyncpg")
        try:
            self._engine = create_async_engine(
                address,
                pool_size=_CONNECTIONS,
                max_overflow=0,
                connect_args=connect_args | {"command_timeout": _LONGEST + seconds},
            )
            self._patient = create_async_engine(
                address, poolclass=NullPool, connect_args=connect_args
            )
        except ModuleNotFoundError as exc:
            raise InvalidInput(
                "PostgreSQL needs asyncpg: pip install 'ringcast[postgresql]'",
                field="database_url",
            ) from exc
        self._reading = self._engine.execution_options(postgresql_readonly=True)
        self._turns = asyncio.Semaphore(_CONNECTIONS)

    def unpacked(self, rows: BindParameter[str], columns: Sequence[Column[Any]]) -> FromClause:
        """Return the rows of a JSON array of arrays, one member for each of `columns` in order."""
        each = func.json_array_elements(cast(rows, JSON)).table_valued("value", name="each")
        members = [
            # The column's own type would read the text on its way; the database has it as it is.
            cast(each.c.value.op("->>")(place), _plain(column.type)).label(column.name)
            for place, column in enumerate(columns)
        ]
        return select(*members).subquery("unpacked")

    def merged(self, walks: Sequence[Select[Any]], most: int) -> CompoundSelect[Any]:
        """Return the statement that gives the first rows of all walks, newest first."""
        # With an order and a limit of its own each is planned by itself, and as a walk.
        each = [walk.order_by(walk.selected_columns.id.desc()).limit(most) for walk in walks]
        together = union_all(*(select(one.subquery().c.id) for one in each))
        return together.order_by(together.selected_columns.id.desc())

    @asynccontextmanager
    async def connection(
        self, *, read_only: bool, patient: bool = False
    ) -> AsyncIterator[Connection]:
        """Hold a connection, as `connecting.Database` says."""
        with ExitStack() as turn:
            await take_turn(self._turns, self._wait, name=self.name)
            turn.callback(self._turns.release)
            engine = self._reading if read_only else self._engine
            connection = (self._patient if patient else engine).connect()
            with translated(where=self.name):
                await connection.start()
            try:
                yield _Connection(connection)
            finally:
                # Shielded: the connection must be clean before the next one gets it.
                await asyncio.shield(asyncio.create_task(connection.close()))

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


class _Connection:
    def __init__(self, held: AsyncConnection) -> None:
        self._held = held

    async def execute(self, statement: Executable, rows: Rows = None) -> Answer:
        return answer(await self._held.execute(statement, rows))

    async def run(self, function: Callable[[sqlalchemy.Connection], _T]) -> _T:
        return await self._held.run_sync(function)

    async def commit(self) -> None:
        await self._held.commit()
