"""Answers to requests that may be repeated, and the system's secrets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId
from ringcast.ports.store import SavedAnswer
from ringcast.stores.sql.tables import saved_answers, secrets
from ringcast.stores.sql.work import Work

__all__ = ["AnswerWork"]


class AnswerWork(Work):
    """The part of a transaction that is about what was answered, and what is secret."""

    async def saved_answer(self, account_id: AccountId, key: str) -> SavedAnswer | None:
        statement = select(saved_answers.c.fingerprint, saved_answers.c.answer).where(
            saved_answers.c.account_id == account_id, saved_answers.c.key == key
        )
        row = (await self._read(statement)).one_or_none()
        return None if row is None else SavedAnswer(fingerprint=row.fingerprint, answer=row.answer)

    async def save_answer(
        self, account_id: AccountId, key: str, saved: SavedAnswer, *, now: datetime
    ) -> None:
        row = {
            "account_id": account_id,
            "key": key,
            "fingerprint": saved.fingerprint,
            "answer": saved.answer,
            "saved_at": now,
        }
        await self._insert(
            saved_answers,
            [row],
            exists=f"a request with key {key!r} was answered meanwhile",
            missing=NotFound("account", account_id),
        )

    async def forget_answers(self, before: datetime) -> int:
        changed = await self._change(delete(saved_answers).where(saved_answers.c.saved_at < before))
        return changed.rowcount

    async def secret(self, name: str, propose: bytes) -> bytes:
        wanted = select(secrets.c.value).where(secrets.c.name == name)
        found: bytes | None = (await self._read(wanted)).scalar_one_or_none()
        if found is not None:
            return found
        row = {"name": name, "value": propose}
        insert = postgresql.insert if self._database.locks_rows else sqlite.insert
        await self._change(insert(secrets).on_conflict_do_nothing(), row)
        value: bytes = (await self._read(wanted)).scalar_one()
        return value
