"""Applications."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, update

from ringcast.domain.applications import Application
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, ApplicationId
from ringcast.stores.sql.tables import applications, numbers
from ringcast.stores.sql.work import Work, values

__all__ = ["ApplicationWork"]

_table = applications


class ApplicationWork(Work):
    """The part of a transaction that is about applications."""

    async def add_application(self, application: Application) -> None:
        await self._insert(
            _table,
            [values(application)],
            exists=f"application {application.id} exists already",
            missing=NotFound("account", application.account_id),
        )

    async def application(
        self, account_id: AccountId, application_id: ApplicationId
    ) -> Application | None:
        return await self._one(
            Application, _table, _table.c.account_id == account_id, _table.c.id == application_id
        )

    async def applications(self, account_id: AccountId, dialect: str) -> Sequence[Application]:
        return await self._all(
            Application, _table, _table.c.account_id == account_id, _table.c.dialect == dialect
        )

    async def update_application(self, application: Application) -> None:
        row = values(application)
        statement = update(_table).where(
            _table.c.id == row.pop("id"), _table.c.account_id == row.pop("account_id")
        )
        if not (await self._change(statement.values(row))).changed:
            raise NotFound("application", application.id)

    async def delete_application(
        self, account_id: AccountId, application_id: ApplicationId
    ) -> bool:
        of_it = (numbers.c.account_id == account_id, numbers.c.application_id == application_id)
        await self._change(update(numbers).where(*of_it).values(application_id=None))
        statement = delete(_table).where(
            _table.c.account_id == account_id, _table.c.id == application_id
        )
        return bool((await self._change(statement)).changed)
