"""What a transaction asks of its database; `sqlite` and `postgresql` answer it.

What differs between the two is in those two modules and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeAlias, TypeVar

import sqlalchemy
from sqlalchemy import (
    BindParameter,
    Column,
    CompoundSelect,
    CursorResult,
    Executable,
    FromClause,
    Row,
    Select,
)
from sqlalchemy.dialects import postgresql, sqlite

from ringcast.domain.errors import Unavailable

__all__ = ["Answer", "Connection", "Database", "Rows", "UpsertMaker", "answer", "take_turn"]

_T = TypeVar("_T")

Rows: TypeAlias = Sequence[Mapping[str, Any]] | Mapping[str, Any] | None
UpsertMaker: TypeAlias = Callable[[sqlalchemy.Table], "sqlite.Insert | postgresql.Insert"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave."""

    rows: Sequence[Row[Any]]
    changed: int
    """How many rows a single UPDATE or DELETE found; means nothing for several at once."""


def answer(result: CursorResult[Any]) -> Answer:
    """Return all of what a statement gave."""
    return Answer(result.all() if result.returns_rows else (), result.rowcount)


class Connection(Protocol):
    """A connection held for one transaction, which begins with its first statement."""

    async def execute(self, statement: Executable, rows: Rows = None) -> Answer:
        """Run a statement, once or for each of `rows`."""

    async def run(self, function: Callable[[sqlalchemy.Connection], _T]) -> _T:
        """Run what works on a synchronous connection."""

    async def commit(self) -> None:
        """Make it last; nothing can be done on this connection afterwards."""


class Database(Protocol):
    """Where the connections come from."""

    @property
    def name(self) -> str:
        """The URL without its password, for messages."""

    @property
    def locks_rows(self) -> bool:
        """Whether rows are locked one by one; else a writing transaction has all to itself."""

    @property
    def migration_lock(self) -> str | None:
        """The statement that lets one process at a time migrate, for the rest of the transaction;
        None if a writing transaction does so by itself."""

    @property
    def insert(self) -> UpsertMaker:
        """Makes an INSERT that says what to do about rows that are there."""

    def unpacked(self, rows: BindParameter[str], columns: Sequence[Column[Any]]) -> FromClause:
        """Return the rows of a JSON array of arrays, one member for each of `columns` in order.

        To unpack many rows in the database takes a fraction of what binding their values does.
        """

    def merged(self, walks: Sequence[Select[Any]], most: int) -> CompoundSelect[Any]:
        """Return the statement that gives the first rows of all walks, in the order of each.

        A walk selects a column named id, and gives them in descending order by itself. `most` is
        how many rows of it are wanted at the most. Nothing is sorted.
        """

    def connection(
        self, *, read_only: bool, patient: bool = False
    ) -> AbstractAsyncContextManager[Connection]:
        """Hold a connection; what is not committed on it is undone in the end.

        A `patient` one lets statements take as long as they take: a step of the schema goes through
        all there is.
        """

    async def close(self) -> None:
        """Close all connections."""


async def take_turn(turns: asyncio.Semaphore, wait: timedelta, *, name: str) -> None:
    """Take one of the turns, in the order of coming; raise Unavailable after `wait`."""
    try:
        async with asyncio.timeout(wait.total_seconds()):
            await turns.acquire()
    except TimeoutError as exc:
        raise Unavailable(f"{name} is busy: try again", retry_after=timedelta(seconds=1)) from exc
