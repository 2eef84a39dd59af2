"""Recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    delete,
    func,
    literal_column,
    select,
    update,
)

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, CallId, RecordingId
from ringcast.domain.recordings import Recording, RecordingSource, RecordingState
from ringcast.ports.store import Page
from ringcast.stores.sql.columns import Id, Instant, Length, Word, Words
from ringcast.stores.sql.tables import accounts, attempt_lives, attempts, metadata
from ringcast.stores.sql.work import Work, batches, entity, values

__all__ = ["RecordingWork", "recordings"]

recordings = Table(
    "recordings",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("call_id", Id, nullable=False),
    Column("attempt_id", Id, nullable=False),
    Column("state", Word(RecordingState), nullable=False),
    Column("source", Word(RecordingSource), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("name", Words),
    Column("length", Length, nullable=False),
    Column("channels", SmallInteger, nullable=False),
    Column("size", Id, nullable=False),
    Column("digest", Words),
    Column("ended_at", Instant),
    Index("recordings_by_account", "account_id", "id"),
    Index("recordings_by_call", "call_id", "id"),
)
_table = recordings

_is_running = _table.c.state == literal_column("'recording'")
"""The recording has not ended."""

Index(
    "recordings_running",
    _table.c.attempt_id,
    sqlite_where=_is_running,
    postgresql_where=_is_running,
)


class RecordingWork(Work):
    """The part of a transaction that is about recordings."""

    async def add_recording(self, recording: Recording) -> None:
        await self._insert(
            _table,
            [values(recording)],
            exists=f"recording {recording.id} exists already",
            missing=NotFound("account", recording.account_id),
        )

    async def recording(
        self, account_id: AccountId, recording_id: RecordingId, *, for_update: bool = False
    ) -> Recording | None:
        statement = select(_table).where(
            _table.c.id == recording_id, _table.c.account_id == account_id
        )
        if for_update:
            rows = (await self._lock(statement, skip_locked=False)).rows
        else:
            rows = (await self._read(statement)).rows
        return entity(Recording, rows[0]._mapping) if rows else None

    async def recordings(
        self,
        account_id: AccountId,
        page: Page,
        *,
        call_id: CallId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sequence[Recording], int]:
        where = [_table.c.account_id == account_id]
        if call_id is not None:
            where.append(_table.c.call_id == call_id)
        if since is not None:
            where.append(_table.c.created_at >= since)
        if until is not None:
            where.append(_table.c.created_at < until)
        statement = (
            select(_table)
            .where(*where)
            .order_by(_table.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        found = [entity(Recording, row._mapping) for row in (await self._read(statement)).rows]
        count = await self._read(select(func.count()).select_from(_table).where(*where))
        return found, count.rows[0][0]

    async def recordings_of(
        self, call_ids: Sequence[CallId]
    ) -> Mapping[CallId, Sequence[Recording]]:
        found: dict[CallId, list[Recording]] = {call_id: [] for call_id in call_ids}
        for some in batches(found):
            statement = (
                select(_table)
                .where(_table.c.call_id.in_(some))
                .order_by(_table.c.call_id, _table.c.id)
            )
            for row in (await self._read(statement)).rows:
                recording = entity(Recording, row._mapping)
                found[recording.call_id].append(recording)
        return found

    async def abandoned_recordings(self, before: datetime, limit: int) -> Sequence[Recording]:
        over = select(attempts.c.id).where(
            attempts.c.id == _table.c.attempt_id, ~attempt_lives, attempts.c.ended_at < before
        )
        statement = (
            select(_table).where(_is_running, over.exists()).order_by(_table.c.id).limit(limit)
        )
        found = await self._lock(statement, skip_locked=True)
        return [entity(Recording, row._mapping) for row in found.rows]

    async def update_recording(self, recording: Recording) -> None:
        row = values(recording)
        statement = (
            update(_table)
            .where(_table.c.id == row.pop("id"), _table.c.account_id == row.pop("account_id"))
            .values(row)
        )
        if not (await self._change(statement)).changed:
            raise NotFound("recording", recording.id)

    async def delete_recording(self, account_id: AccountId, recording_id: RecordingId) -> None:
        await self._change(
            delete(_table).where(_table.c.id == recording_id, _table.c.account_id == account_id)
        )
