"""Limits that all servers on a database keep to together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Column, Float, Integer, Table, bindparam, delete, func, select, update

from ringcast.domain.ids import AccountId
from ringcast.domain.limits import Lane
from ringcast.domain.numbers import PhoneNumber
from ringcast.stores.sql.columns import Instant, Words
from ringcast.stores.sql.tables import attempt_lives, attempts, metadata
from ringcast.stores.sql.work import Work, entity, values

__all__ = ["LimitWork"]

_table = Table(
    "lanes",
    metadata,
    Column("name", Words, primary_key=True),
    Column("calls_per_second", Float(53)),
    Column("max_calls", Integer),
    Column("next_at", Instant),
    Column("closed_until", Instant),
    Column("failures", Integer, nullable=False),
)
_MOVING = ("next_at", "closed_until", "failures")
_MOVE = (
    update(_table)
    .where(_table.c.name == bindparam("key", type_=Words))
    .values({name: bindparam(f"new_{name}", type_=_table.c[name].type) for name in _MOVING})
)


class LimitWork(Work):
    """The part of a transaction that is about limits."""

    async def lane_for_update(self, lane: Lane) -> Lane:
        statement = select(_table).where(_table.c.name == lane.name)
        found = await self._lock(statement, skip_locked=False)
        if not found.rows:
            made = self._database.insert(_table).on_conflict_do_nothing()
            await self._change(made, values(lane))
            found = await self._lock(statement, skip_locked=False)
        kept = entity(Lane, found.rows[0]._mapping)
        return replace(kept, calls_per_second=lane.calls_per_second, max_calls=lane.max_calls)

    async def lanes(self, names: Collection[str]) -> Mapping[str, Lane]:
        statement = select(_table).where(_table.c.name.in_(sorted(names)))
        rows = (await self._read(statement)).rows if names else ()
        return {row.name: entity(Lane, row._mapping) for row in rows}

    async def all_lanes(self) -> Sequence[Lane]:
        rows = (await self._read(select(_table).order_by(_table.c.name))).rows
        return [entity(Lane, row._mapping) for row in rows]

    async def limit_lane(self, lane: Lane) -> None:
        statement = self._database.insert(_table)
        await self._change(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={name: statement.excluded[name] for name in ("calls_per_second", "max_calls")},
            ),
            values(lane),
        )

    async def move_lanes(self, lanes: Sequence[Lane]) -> None:
        rows = [
            {"key": lane.name} | {f"new_{name}": getattr(lane, name) for name in _MOVING}
            for lane in sorted(lanes, key=lambda one: one.name)
        ]
        if rows:
            await self._change(_MOVE, rows)

    async def delete_lane(self, name: str) -> None:
        await self._change(delete(_table).where(_table.c.name == name))

    async def living_attempts(
        self, *, account_id: AccountId | None = None, from_number: PhoneNumber | None = None
    ) -> int:
        where = [attempt_lives]
        if account_id is not None:
            where.append(attempts.c.account_id == account_id)
        if from_number is not None:
            where.append(attempts.c.from_number == from_number)
        statement = select(func.count()).select_from(attempts).where(*where)
        count: int = (await self._read(statement)).rows[0][0]
        return count
