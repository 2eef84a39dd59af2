"""Verifications of caller ids."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, UniqueConstraint, delete, select

from ringcast.domain.caller_ids import CallerIdVerification
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId
from ringcast.domain.numbers import PhoneNumber
from ringcast.stores.sql.columns import Address, Id, Instant, Words
from ringcast.stores.sql.tables import accounts, metadata
from ringcast.stores.sql.work import Work, entity, values

__all__ = ["CallerIdWork", "caller_id_verifications"]

caller_id_verifications = Table(
    "caller_id_verifications",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey(accounts.c.id), nullable=False),
    Column("number", Address, nullable=False),
    Column("code_hash", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("tries_left", Integer, nullable=False),
    UniqueConstraint("account_id", "number"),
)
_table = caller_id_verifications


class CallerIdWork(Work):
    """The part of a transaction that is about numbers to be verified."""

    async def caller_id_verification(
        self, account_id: AccountId, number: PhoneNumber
    ) -> CallerIdVerification | None:
        wanted = select(_table).where(_table.c.account_id == account_id, _table.c.number == number)
        rows = (await self._lock(wanted, skip_locked=False)).rows
        return entity(CallerIdVerification, rows[0]._mapping) if rows else None

    async def replace_caller_id_verification(self, verification: CallerIdVerification) -> None:
        await self.delete_caller_id_verification(verification.account_id, verification.number)
        await self._insert(
            _table,
            [values(verification)],
            exists=f"a verification of {verification.number} began meanwhile",
            missing=NotFound("account", verification.account_id),
        )

    async def delete_caller_id_verification(
        self, account_id: AccountId, number: PhoneNumber
    ) -> None:
        await self._change(
            delete(_table).where(_table.c.account_id == account_id, _table.c.number == number)
        )
