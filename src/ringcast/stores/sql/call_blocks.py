"""Where in a long list of calls a page begins, and where in it a time is.

The calls of an account, and those of a campaign, are divided by their identifiers into blocks of a
few thousand. Of each block it is kept how many calls are in it, and when the first and the last of
them were made. The page at offset 5,000,000 is then a sum over some thousand blocks away, not five
million calls, and what was made in a certain hour is in a few blocks, whatever clocks have done.

A block begins with its `first` identifier and ends before the next block's. A new one begins behind
all that its owner has, so what was counted stays right; a call whose identifier was taken early but
which is committed late counts where it belongs. Whoever deletes calls must take them out of here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from ringcast.domain.calls import Call
from ringcast.domain.ids import AccountId, CampaignId
from ringcast.stores.sql.connecting import Connection, Database
from ringcast.stores.sql.tables import call_blocks as table
from ringcast.stores.sql.work import Work

__all__ = ["BLOCK", "BlockWork", "Place", "Span"]

BLOCK = 4096
"""Calls in a block, but for those that come late."""

_GROWING = ("last", "number", "oldest", "newest")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: so many calls below an identifier; None is above all there are."""

    below: int | None
    offset: int


@dataclass(frozen=True, slots=True)
class Span:
    """Identifiers from one to before another; None is without bound."""

    first: int | None = None
    below: int | None = None


@dataclass(slots=True)
class _Block:
    owner: int
    first: int
    last: int
    number: int
    oldest: datetime
    newest: datetime

    def take(self, call: Call) -> None:
        self.last = max(self.last, call.id)
        self.number += 1
        self.oldest = min(self.oldest, call.created_at)
        self.newest = max(self.newest, call.created_at)


class BlockWork(Work):
    """The part of a transaction that keeps the blocks."""

    def __init__(self, connection: Connection, database: Database, *, read_only: bool) -> None:
        super().__init__(connection, database, read_only=read_only)
        self._placed: dict[int, list[Call]] = {}

    async def _place_of(self, owner: AccountId | CampaignId, offset: int, total: int) -> Place:
        """Return where the page at `offset` of all calls of the owner begins.

        `total` is how many there are by another reckoning. Should the blocks know of more or of
        fewer, the calls are walked from the newest on: slower, but never wrong.
        """
        if offset <= BLOCK:
            return Place(None, offset)
        mine = table.c.owner == owner
        newest_first = table.c.first.desc()
        up_to = func.sum(table.c.number).over(order_by=newest_first)
        blocks = (
            select(
                up_to.label("up_to"),
                (up_to - table.c.number).label("newer"),
                func.lag(table.c.first).over(order_by=newest_first).label("below"),
            )
            .where(mine)
            .subquery()
        )
        known = select(func.sum(table.c.number)).where(mine).scalar_subquery()
        statement = select(blocks.c.newer, blocks.c.below, known.label("known")).where(
            blocks.c.newer <= offset, blocks.c.up_to > offset
        )
        rows = (await self._read(statement)).rows
        if not rows or rows[0].known != total:
            return Place(None, offset)
        return Place(rows[0].below, offset - int(rows[0].newer))

    async def _span_of(
        self, account_id: AccountId, since: datetime | None, until: datetime | None, total: int
    ) -> Span | None:
        """Return between which identifiers all calls of the account of that time are.

        Others are between them, too. None if there are no such calls; `total` as in `_place_of`.
        """
        mine = table.c.owner == account_id
        first: Select[Any] = select(func.min(table.c.first)).where(mine)
        end: Select[Any] = select(func.max(table.c.first)).where(mine)
        if since is not None:
            first = first.where(table.c.newest >= since)
        if until is not None:
            end = end.where(table.c.oldest < until)
        after = select(func.min(table.c.first)).where(mine, table.c.first > end.scalar_subquery())
        known = select(func.sum(table.c.number)).where(mine)
        statement = select(
            first.scalar_subquery().label("first"),
            end.scalar_subquery().label("end"),
            after.scalar_subquery().label("after"),
            known.scalar_subquery().label("known"),
        )
        row = (await self._read(statement)).rows[0]
        if row.known != total:
            return Span()
        if row.first is None or row.end is None:
            return None
        return Span(row.first, row.after)

    def _place(self, calls: Sequence[Call]) -> None:
        """Note calls that were added."""
        for call in calls:
            self._placed.setdefault(call.account_id, []).append(call)
            if call.campaign_id is not None:
                self._placed.setdefault(call.campaign_id, []).append(call)

    async def _write_blocks(self) -> None:
        """Write where the new calls are.

        The count of their accounts was written before, in this transaction: on PostgreSQL nobody
        else places calls of these accounts until its end.
        """
        placed, self._placed = self._placed, {}
        rows = [
            asdict(block)
            for owner in sorted(placed)
            for block in await self._grown(owner, sorted(placed[owner], key=_id))
        ]
        if rows:
            statement = self._database.insert(table)
            await self._change(
                statement.on_conflict_do_update(
                    index_elements=["owner", "first"],
                    set_={name: statement.excluded[name] for name in _GROWING},
                ),
                rows,
            )

    async def _grown(self, owner: int, calls: Sequence[Call]) -> Sequence[_Block]:
        """Return the blocks in which the calls are, with them; `calls` by their identifiers."""
        blocks = await self._blocks_from(owner, calls[0].id)
        changed: dict[int, _Block] = {}
        for call in calls:
            at = bisect_right(blocks, int(call.id), key=_first) - 1
            is_behind_all = at == len(blocks) - 1 and (at < 0 or call.id > blocks[at].last)
            if at < 0 or (is_behind_all and blocks[at].number >= BLOCK):
                at += 1
                new = _Block(owner, call.id, call.id, 0, call.created_at, call.created_at)
                blocks.insert(at, new)
            blocks[at].take(call)
            changed[blocks[at].first] = blocks[at]
        return list(changed.values())

    async def _blocks_from(self, owner: int, call_id: int) -> list[_Block]:
        """Return the block that a call is in and all behind it: mostly one, the last."""
        mine = table.c.owner == owner
        its = select(func.max(table.c.first)).where(mine, table.c.first <= call_id)
        statement = (
            select(table)
            .where(mine, table.c.first >= func.coalesce(its.scalar_subquery(), call_id))
            .order_by(table.c.first)
        )
        return [_Block(**row._mapping) for row in (await self._read(statement)).rows]


def _id(call: Call) -> int:
    return call.id


def _first(block: _Block) -> int:
    return block.first
