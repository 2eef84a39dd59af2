"""The part of a transaction that is about applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ringcast.domain.applications import Application
from ringcast.domain.ids import AccountId, ApplicationId

__all__ = ["ApplicationTransaction"]


class ApplicationTransaction(Protocol):
    """Applications within a transaction."""

    async def add_application(self, application: Application) -> None: ...

    async def application(
        self, account_id: AccountId, application_id: ApplicationId
    ) -> Application | None: ...

    async def applications(self, account_id: AccountId, dialect: str) -> Sequence[Application]:
        """Those that were made in one dialect."""

    async def update_application(self, application: Application) -> None:
        """Raises NotFound if the account has no such application."""

    async def delete_application(
        self, account_id: AccountId, application_id: ApplicationId
    ) -> bool:
        """Delete it and take it from the numbers that have it; return whether it was there."""
