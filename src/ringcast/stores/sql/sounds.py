"""Sounds."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, update

from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, SoundId
from ringcast.domain.sounds import Sound, SoundStatus
from ringcast.ports.store import Page
from ringcast.stores.sql.tables import calls, sound_is_recorded, sounds
from ringcast.stores.sql.work import Work, entity, values

__all__ = ["SoundWork"]

_MEMBERS = [column for column in sounds.c if column.name != "name_folded"]


class SoundWork(Work):
    """The part of a transaction that is about sounds."""

    async def add_sound(self, sound: Sound) -> None:
        await self._insert(
            sounds,
            [_row(sound)],
            exists=f"sound {sound.id} exists already",
            missing=NotFound("account", sound.account_id),
        )

    async def sound(self, account_id: AccountId, sound_id: SoundId) -> Sound | None:
        statement = select(*_MEMBERS).where(
            sounds.c.id == sound_id, sounds.c.account_id == account_id
        )
        rows = (await self._read(statement)).rows
        return _sound(rows[0]) if rows else None

    async def sound_of_audio(self, account_id: AccountId, audio: str) -> Sound | None:
        statement = (
            select(*_MEMBERS)
            .where(
                sounds.c.account_id == account_id,
                sounds.c.audio == audio,
                sounds.c.status == SoundStatus.ACTIVE,
            )
            .order_by(sounds.c.id)
            .limit(1)
        )
        rows = (await self._read(statement)).rows
        return _sound(rows[0]) if rows else None

    async def sounds(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None,
        archived: bool,
        pending: bool = False,
    ) -> tuple[Sequence[Sound], int]:
        where = [sounds.c.account_id == account_id]
        if name is not None:
            where.append(sounds.c.name_folded.contains(_folded(name), autoescape=True))
        shown = [SoundStatus.ACTIVE]
        if archived:
            shown += [SoundStatus.ARCHIVED, SoundStatus.FAILED]
        if pending:
            shown.append(SoundStatus.RECORDING)
        where.append(sounds.c.status.in_(shown))
        statement = (
            select(*_MEMBERS)
            .where(*where)
            .order_by(sounds.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        found = [_sound(row) for row in (await self._read(statement)).rows]
        count = await self._read(select(func.count()).select_from(sounds).where(*where))
        return found, count.rows[0][0]

    async def spoken_sounds(self, limit: int) -> Sequence[tuple[Sound, Call]]:
        statement = (
            select(*_MEMBERS)
            .join(calls, calls.c.id == sounds.c.call_id)
            .where(
                sound_is_recorded,
                calls.c.state.not_in([state for state in CallState if not state.is_final]),
            )
            .order_by(sounds.c.id)
            .limit(limit)
        )
        found = [_sound(row) for row in (await self._read(statement)).rows]
        wanted = select(calls).where(calls.c.id.in_([one.call_id for one in found]))
        rows = (await self._read(wanted)).rows if found else ()
        by_id = {row.id: entity(Call, row._mapping) for row in rows}
        return [(one, by_id[one.call_id]) for one in found if one.call_id in by_id]

    async def update_sound(self, sound: Sound) -> None:
        row = _row(sound)
        statement = (
            update(sounds)
            .where(sounds.c.id == row.pop("id"), sounds.c.account_id == row.pop("account_id"))
            .values(row)
        )
        if not (await self._change(statement)).changed:
            raise NotFound("sound", sound.id)


def _row(sound: Sound) -> dict[str, Any]:
    return values(sound) | {"name_folded": _folded(sound.name)}


def _sound(row: Row[Any]) -> Sound:
    return entity(Sound, row._mapping)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
