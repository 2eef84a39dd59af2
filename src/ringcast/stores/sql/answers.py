"""Answers to requests that may be repeated, and the system's secrets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

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
        rows = (await self._read(statement)).rows
        return SavedAnswer(fingerprint=rows[0].fingerprint, answer=rows[0].answer) if rows else None

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
        return changed.changed

    async def secret(self, name: str, propose: bytes) -> bytes:
        wanted = select(secrets.c.value).where(secrets.c.name == name)
        found = (await self._read(wanted)).rows
        if not found:
            row = {"name": name, "value": propose}
            await self._change(self._database.insert(secrets).on_conflict_do_nothing(), row)
            found = (await self._read(wanted)).rows
        value: bytes = found[0].value
        return value
