"""Identifiers, given out in blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case

from ringcast.domain.ids import first_id_at
from ringcast.stores.sql.connecting import Database
from ringcast.stores.sql.errors import translated
from ringcast.stores.sql.tables import id_blocks

__all__ = ["Identifiers"]

_BLOCK = 256
_LIFE = timedelta(seconds=1)
"""A block is thrown away when it is older, so that identifiers follow time."""


class Identifiers:
    """Gives out fresh identifiers: increasing here, unique over all processes on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._filling = asyncio.Lock()
        self._block = range(0)
        self._block_from: datetime | None = None

    async def take(self, count: int, now: datetime) -> Sequence[int]:
        """Return `count` identifiers."""
        if count < 0:
            raise ValueError("count must not be negative")
        async with self._filling:
            old = self._block_from is None or abs(now - self._block_from) >= _LIFE
            if old or len(self._block) < count:
                self._block = await self._fetch(max(count, _BLOCK), now)
                self._block_from = now
            taken, self._block = self._block[:count], self._block[count:]
        return taken

    async def _fetch(self, size: int, now: datetime) -> range:
        first = bindparam("first", type_=id_blocks.c.next.type)
        # `next` is the first identifier that has not been given out.
        statement = (
            self._database.insert(id_blocks)
            .values(id=1, next=first + size)
            .on_conflict_do_update(
                index_elements=["id"],
                set_={
                    "next": case((id_blocks.c.next > first, id_blocks.c.next), else_=first) + size
                },
            )
            .returning(id_blocks.c.next)
        )
        async with self._database.connection(read_only=False) as connection:
            with translated(where=self._database.name):
                given = await connection.execute(statement, {"first": first_id_at(now)})
                end: int = given.rows[0].next
                await connection.commit()
        return range(end - size, end)
