"""Conferences and their members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Table,
    func,
    literal,
    literal_column,
    select,
    update,
)

from ringcast.domain.conferences import (
    Conference,
    ConferenceMember,
    ConferenceRules,
    ConferenceState,
    EndReason,
)
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, ConferenceId
from ringcast.ports.store import Page
from ringcast.stores.sql.columns import Attributes, Document, Id, Instant, Word, Words
from ringcast.stores.sql.tables import accounts, metadata
from ringcast.stores.sql.work import Work, batches, entity, values

__all__ = ["ConferenceWork", "conference_members", "conferences"]

conferences = Table(
    "conferences",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("name", Words, nullable=False),
    Column("state", Word(ConferenceState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("rules", Document(ConferenceRules), nullable=False),
    Column("options", Attributes, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("end_reason", Word(EndReason)),
    Column("ended_by", Id),
    Column("holder", Words),
    Column("holder_until", Instant),
    Index("conferences_by_account", "account_id", "id"),
)
_table = conferences

_is_open = _table.c.state != literal_column("'ended'")
Index(
    "conferences_open",
    _table.c.account_id,
    _table.c.name,
    unique=True,
    sqlite_where=_is_open,
    postgresql_where=_is_open,
)
Index(
    "conferences_held",
    _table.c.holder_until,
    sqlite_where=_is_open,
    postgresql_where=_is_open,
)

conference_members = Table(
    "conference_members",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("conference_id", Id, ForeignKey(conferences.c.id), nullable=False),
    Column("account_id", Id, nullable=False),
    Column("call_id", Id, nullable=False),
    Column("leg", Id, nullable=False),
    Column("joined_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("left_at", Instant),
    Column("is_muted", Boolean, nullable=False),
    Column("is_on_hold", Boolean, nullable=False),
    Column("coaches", Id),
    Column("starts", Boolean, nullable=False),
    Column("ends", Boolean, nullable=False),
    Column("tone_on_join", Boolean, nullable=False),
    Column("tone_on_leave", Boolean, nullable=False),
    Column("options", Attributes, nullable=False),
    Index("conference_members_by_conference", "conference_id", "id"),
)
_members = conference_members


class ConferenceWork(Work):
    """The part of a transaction that is about conferences."""

    async def add_conference(self, conference: Conference) -> None:
        await self._insert(
            _table,
            [values(conference)],
            exists=f"there is a conference {conference.name!r} already",
            missing=NotFound("account", conference.account_id),
        )

    async def conference(
        self, account_id: AccountId, conference_id: ConferenceId, *, for_update: bool = False
    ) -> Conference | None:
        statement = select(_table).where(
            _table.c.id == conference_id, _table.c.account_id == account_id
        )
        if for_update:
            rows = (await self._lock(statement, skip_locked=False)).rows
        else:
            rows = (await self._read(statement)).rows
        return entity(Conference, rows[0]._mapping) if rows else None

    async def open_conference(self, account_id: AccountId, name: str) -> Conference | None:
        return await self._one(
            Conference,
            _table,
            _table.c.account_id == account_id,
            _table.c.name == name,
            _is_open,
        )

    async def conferences(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None = None,
        states: Sequence[ConferenceState] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
    ) -> tuple[Sequence[Conference], int]:
        where = [_table.c.account_id == account_id]
        if name is not None:
            where.append(_table.c.name == name)
        if states is not None:
            where.append(_table.c.state.in_(states))
        for column, first, last in (
            (_table.c.created_at, since, until),
            (_table.c.updated_at, updated_since, updated_until),
        ):
            if first is not None:
                where.append(column >= first)
            if last is not None:
                where.append(column < last)
        statement = (
            select(_table)
            .where(*where)
            .order_by(_table.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        found = [entity(Conference, row._mapping) for row in (await self._read(statement)).rows]
        count = await self._read(select(func.count()).select_from(_table).where(*where))
        return found, count.rows[0][0]

    async def update_conference(self, conference: Conference) -> bool:
        row = values(conference)
        where = (
            _table.c.id == row.pop("id"),
            _table.c.account_id == row.pop("account_id"),
            _is_open,
        )
        row["holder_until"] = func.coalesce(
            _table.c.holder_until, literal(conference.holder_until, Instant)
        )
        return bool((await self._change(update(_table).where(*where).values(row))).changed)

    async def extend_conferences(self, holder: str, until: datetime) -> int:
        statement = update(_table).where(_table.c.holder == holder, _is_open)
        return (await self._change(statement.values(holder_until=until))).changed

    async def orphaned_conferences(self, now: datetime, limit: int) -> Sequence[Conference]:
        statement = (
            select(_table)
            .where(_is_open, _table.c.holder_until < now)
            .order_by(_table.c.id)
            .limit(limit)
        )
        found = await self._lock(statement, skip_locked=True)
        return [entity(Conference, row._mapping) for row in found.rows]

    async def add_member(self, member: ConferenceMember) -> None:
        await self._insert(
            _members,
            [values(member)],
            exists=f"member {member.id} exists already",
            missing=NotFound("conference", member.conference_id),
        )

    async def update_members(self, members: Sequence[ConferenceMember]) -> None:
        for member in members:
            row = values(member)
            statement = update(_members).where(_members.c.id == row.pop("id"))
            await self._change(statement.values(row))

    async def members_of(
        self, conference_ids: Sequence[ConferenceId], *, present: bool = False
    ) -> Sequence[ConferenceMember]:
        found: list[ConferenceMember] = []
        for some in batches(sorted(conference_ids)):
            where = [_members.c.conference_id.in_(some)]
            if present:
                where.append(_members.c.left_at.is_(None))
            statement = select(_members).where(*where).order_by(_members.c.id)
            rows = (await self._read(statement)).rows
            found += [entity(ConferenceMember, row._mapping) for row in rows]
        return found
