"""What of a campaign came to its end when: counted for each minute, and again for each hour.

A time of weeks is then some hundred whole hours and the minutes at both its ends, however many
calls there were. Who asks for a part of a minute gets all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from sqlalchemy import ColumnElement, func, select, union_all

from ringcast.domain.ids import CampaignId
from ringcast.stores.sql.call_blocks import BlockWork
from ringcast.stores.sql.campaign_tables import timed_counts as table
from ringcast.stores.sql.connecting import Connection, Database

__all__ = ["TimedCountWork"]

_Conditions: TypeAlias = Sequence[ColumnElement[bool]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_HOUR = 60  # minutes


class TimedCountWork(BlockWork):
    """The part of a transaction that counts by time."""

    def __init__(self, connection: Connection, database: Database, *, read_only: bool) -> None:
        super().__init__(connection, database, read_only=read_only)
        self._timed: Counter[tuple[int, int, int, str]] = Counter()

    def _count_at(self, owner: CampaignId, at: datetime, what: str, number: int) -> None:
        minute = (at - _EPOCH) // _MINUTE
        self._timed[owner, 1, minute, what] += number
        self._timed[owner, _HOUR, minute // _HOUR * _HOUR, what] += number

    async def _write_timed_counts(self) -> None:
        """Write what was counted, in the order of keys, as all writers do."""
        rows = [
            {"owner": owner, "minutes": minutes, "first": first, "what": what, "number": number}
            for (owner, minutes, first, what), number in sorted(self._timed.items())
            if number
        ]
        self._timed.clear()
        if rows:
            statement = self._database.insert(table)
            await self._change(
                statement.on_conflict_do_update(
                    index_elements=["owner", "minutes", "first", "what"],
                    set_={"number": table.c.number + statement.excluded.number},
                ),
                rows,
            )

    async def _counted_within(
        self, owner: CampaignId, since: datetime | None, until: datetime | None
    ) -> Mapping[str, int]:
        """Return the sums of the minutes that are in that time, wholly or in part."""
        # Each range by itself: of one condition with OR in it SQLite would use the owner alone.
        parts = union_all(
            *(
                select(table.c.what, table.c.number).where(table.c.owner == owner, *spans)
                for spans in _covering(since, until)
            )
        ).subquery()
        total = func.sum(parts.c.number).label("number")
        statement = select(parts.c.what, total).group_by(parts.c.what)
        return {row.what: int(row.number) for row in (await self._read(statement)).rows}


def _covering(since: datetime | None, until: datetime | None) -> Sequence[_Conditions]:
    """Return the conditions for the spans that together make up a time, as few as can be."""
    begin = None if since is None else (since - _EPOCH) // _MINUTE
    end = None if until is None else -((_EPOCH - until) // _MINUTE)
    first_hour = None if begin is None else -(-begin // _HOUR) * _HOUR
    last_hour = None if end is None else end // _HOUR * _HOUR
    if first_hour is not None and last_hour is not None and first_hour >= last_hour:
        return [_spans(1, begin, end)]
    parts = [_spans(_HOUR, first_hour, last_hour)]
    if begin is not None:
        parts.append(_spans(1, begin, first_hour))
    if end is not None:
        parts.append(_spans(1, last_hour, end))
    return parts


def _spans(minutes: int, begin: int | None, end: int | None) -> _Conditions:
    conditions = [table.c.minutes == minutes]
    if begin is not None:
        conditions.append(table.c.first >= begin)
    if end is not None:
        conditions.append(table.c.first < end)
    return conditions
