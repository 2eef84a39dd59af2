"""What every part of a transaction stands on: statements run, errors translated, one end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Column, Executable, Select, Table, Text, bindparam, insert, select

from ringcast.domain.errors import RingcastError
from ringcast.stores.sql.columns import as_json
from ringcast.stores.sql.connecting import Answer, Connection, Database, Rows
from ringcast.stores.sql.errors import translated

__all__ = ["MOST_AT_ONCE", "Work", "any_of", "batches", "entity", "values"]

MOST_AT_ONCE = 10_000
"""Identifiers in one IN (…): both databases bind 32,766 parameters at the most."""

_T = TypeVar("_T")


class Work:
    """An open transaction on one connection.

    After an error of the database nothing more can be done in it, on either database: PostgreSQL
    would take a commit then and silently undo everything.
    """

    def __init__(self, connection: Connection, database: Database, *, read_only: bool) -> None:
        self._connection = connection
        self._database = database
        self._read_only = read_only
        self._over: str | None = None

    async def commit(self) -> None:
        """Make it last; on return the change survives the process and the machine."""
        self._check()
        self._over = "has been committed"
        with translated(where=self._database.name):
            await self._connection.commit()

    def finish(self) -> None:
        """Let nothing more be done in it."""
        self._over = self._over or "has been left"

    async def _read(self, statement: Select[Any]) -> Answer:
        return await self._execute(statement, None)

    async def _lock(self, statement: Select[Any], *, skip_locked: bool) -> Answer:
        """Read rows and keep others from them until the end of the transaction."""
        self._check_writing()
        if self._database.locks_rows:
            statement = statement.with_for_update(skip_locked=skip_locked, key_share=True)
        return await self._execute(statement, None)

    async def _insert(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        *,
        exists: str,
        missing: RingcastError | None = None,
    ) -> None:
        """Insert rows; `exists` and `missing` as in `translated`."""
        self._check_writing()
        if rows:
            await self._execute(insert(table), rows, exists=exists, missing=missing)

    async def _insert_packed(
        self,
        table: Table,
        columns: Sequence[Column[Any]],
        rows: Sequence[Sequence[Any]],
        *,
        exists: str,
        missing: RingcastError | None = None,
    ) -> None:
        """Insert many rows as the database keeps them; `exists` and `missing` as in `translated`.

        To hand them over as one text and have the database unpack them takes a fraction of what it
        takes to bind each value.
        """
        unpacked = self._database.unpacked(bindparam("packed", type_=Text), columns)
        statement = insert(table).from_select(
            [column.name for column in columns],
            select(*(unpacked.c[column.name] for column in columns)),
            include_defaults=False,
        )
        for some in batches(rows):
            packed = {"packed": as_json(some)}
            await self._change(statement, packed, exists=exists, missing=missing)

    async def _change(
        self,
        statement: Executable,
        rows: Rows = None,
        *,
        exists: str | None = None,
        missing: RingcastError | None = None,
    ) -> Answer:
        self._check_writing()
        return await self._execute(statement, rows, exists=exists, missing=missing)

    async def _execute(
        self,
        statement: Executable,
        rows: Rows,
        *,
        exists: str | None = None,
        missing: RingcastError | None = None,
    ) -> Answer:
        self._check()
        done = False
        try:
            with translated(where=self._database.name, exists=exists, missing=missing):
                answer = await self._connection.execute(statement, rows)
            done = True
        finally:
            if not done:
                self._over = "has failed"
        return answer

    def _check_writing(self) -> None:
        if self._read_only:
            raise RuntimeError("this transaction was opened to read only")

    def _check(self) -> None:
        if self._over is not None:
            raise RuntimeError(f"this transaction {self._over}: open another")

    async def _one(self, kind: type[_T], table: Table, *where: Any) -> _T | None:
        """Return the row that fits, as an entity; None if there is none."""
        rows = (await self._read(select(table).where(*where))).rows
        return entity(kind, rows[0]._mapping) if rows else None

    async def _all(self, kind: type[_T], table: Table, *where: Any) -> Sequence[_T]:
        """Return the rows that fit, as entities, in the order of their identifiers."""
        found = await self._read(select(table).where(*where).order_by(table.c.id))
        return [entity(kind, row._mapping) for row in found.rows]


def values(thing: Any) -> dict[str, Any]:
    """Return the row of an entity: columns bear the names of its members."""
    return {member.name: getattr(thing, member.name) for member in fields(thing)}


def entity(kind: type[_T], row: Mapping[Any, Any]) -> _T:
    """Return the entity of a row, the inverse of `values`."""
    return kind(**row)


def any_of(items: Iterable[int]) -> str:
    """Return what to call the identifier that one of `items` is, when it is not known which."""
    different = sorted(set(items))
    return str(different[0]) if len(different) == 1 else f"one of {len(different)} given"


def batches(items: Iterable[_T], size: int = MOST_AT_ONCE) -> Iterable[Sequence[_T]]:
    """Return `items` in lists of at most `size`."""
    everything = list(items)
    return (everything[at : at + size] for at in range(0, len(everything), size))
