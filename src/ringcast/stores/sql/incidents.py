"""What went wrong in the background."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Table, Text, delete, select, type_coerce

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, CallId, IncidentId
from ringcast.domain.incidents import CALL, Incident, IncidentKind
from ringcast.ports.store import Page
from ringcast.stores.sql.columns import Attributes, Id, Instant, Word, Words, as_json
from ringcast.stores.sql.tables import accounts, metadata
from ringcast.stores.sql.work import Work, any_of, entity, values

__all__ = ["IncidentWork", "incidents"]

incidents = Table(
    "incidents",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", Word(IncidentKind), nullable=False),
    Column("dialect", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("details", Attributes, nullable=False),
    Index("incidents_by_account", "account_id", "id"),
    Index("incidents_by_time", "at"),
)
_table = incidents


class IncidentWork(Work):
    """The part of a transaction that is about what went wrong."""

    async def add_incidents(self, incidents: Sequence[Incident]) -> None:
        await self._insert(
            _table,
            [values(one) for one in incidents],
            exists="that incident is written down already",
            missing=NotFound("account", any_of(one.account_id for one in incidents)),
        )

    async def incident(self, account_id: AccountId, incident_id: IncidentId) -> Incident | None:
        return await self._one(
            Incident, _table, _table.c.id == incident_id, _table.c.account_id == account_id
        )

    async def incidents(
        self,
        account_id: AccountId,
        page: Page,
        *,
        dialect: str | None = None,
        call_id: CallId | None = None,
    ) -> Sequence[Incident]:
        wanted = [_table.c.account_id == account_id]
        if dialect is not None:
            wanted.append(_table.c.dialect == dialect)
        if call_id is not None:  # what happened on a call is younger than it
            written = as_json({CALL: str(call_id)})[1:-1]
            details = type_coerce(_table.c.details, Text)
            wanted += [_table.c.id > call_id, details.contains(written, autoescape=True)]
        statement = (
            select(_table)
            .where(*wanted)
            .order_by(_table.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        return [entity(Incident, row._mapping) for row in (await self._read(statement)).rows]

    async def forget_incidents(self, before: datetime) -> int:
        return (await self._change(delete(_table).where(_table.c.at < before))).changed
