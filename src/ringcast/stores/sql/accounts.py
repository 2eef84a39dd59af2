"""Accounts, their credentials and their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, update

from ringcast.domain.accounts import Account, AccountNumber, Credential
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, CredentialId, NumberId
from ringcast.domain.numbers import PhoneNumber
from ringcast.stores.sql.tables import accounts, credentials, numbers
from ringcast.stores.sql.work import Work, values

__all__ = ["AccountWork"]


class AccountWork(Work):
    """The part of a transaction that is about accounts."""

    async def add_account(self, account: Account) -> None:
        await self._insert(
            accounts, [values(account)], exists=f"account {account.name!r} exists already"
        )

    async def account(self, account_id: AccountId) -> Account | None:
        return await self._one(Account, accounts, accounts.c.id == account_id)

    async def account_named(self, name: str) -> Account | None:
        return await self._one(Account, accounts, accounts.c.name == name)

    async def accounts(self) -> Sequence[Account]:
        return await self._all(Account, accounts)

    async def update_account(self, account: Account) -> None:
        row = values(account)
        statement = update(accounts).where(accounts.c.id == row.pop("id")).values(row)
        changed = await self._change(statement, exists=f"account {account.name!r} exists already")
        if not changed.changed:
            raise NotFound("account", account.id)

    async def add_credential(self, credential: Credential) -> None:
        await self._insert(
            credentials,
            [values(credential)],
            exists=f"credential {credential.identifier!r} exists already",
            missing=NotFound("account", credential.account_id),
        )

    async def credential(self, identifier: str) -> Credential | None:
        return await self._one(Credential, credentials, credentials.c.identifier == identifier)

    async def credentials(self, account_id: AccountId) -> Sequence[Credential]:
        return await self._all(Credential, credentials, credentials.c.account_id == account_id)

    async def update_credential(self, credential: Credential) -> None:
        row = values(credential)
        statement = update(credentials).where(credentials.c.id == row.pop("id")).values(row)
        changed = await self._change(
            statement,
            exists=f"credential {credential.identifier!r} exists already",
            missing=NotFound("account", credential.account_id),
        )
        if not changed.changed:
            raise NotFound("credential", credential.id)

    async def delete_credential(self, credential_id: CredentialId) -> None:
        await self._change(
            delete(credentials).where(credentials.c.id == bindparam("id")), {"id": credential_id}
        )

    async def add_number(self, number: AccountNumber) -> None:
        await self._insert(
            numbers,
            [values(number)],
            exists=f"number {number.number} belongs to an account already",
            missing=NotFound("account", number.account_id),
        )

    async def number(self, account_id: AccountId, number: PhoneNumber) -> AccountNumber | None:
        return await self._one(
            AccountNumber,
            numbers,
            numbers.c.account_id == account_id,
            numbers.c.number == number,
        )

    async def number_by_id(
        self, account_id: AccountId, number_id: NumberId
    ) -> AccountNumber | None:
        return await self._one(
            AccountNumber, numbers, numbers.c.account_id == account_id, numbers.c.id == number_id
        )

    async def number_of_anybody(self, number: PhoneNumber) -> AccountNumber | None:
        return await self._one(AccountNumber, numbers, numbers.c.number == number)

    async def update_number(self, number: AccountNumber) -> None:
        row = values(number)
        statement = update(numbers).where(
            numbers.c.id == row.pop("id"), numbers.c.account_id == row.pop("account_id")
        )
        if not (await self._change(statement.values(row), exists="")).changed:
            raise NotFound("number", number.number)

    async def numbers(self, account_id: AccountId | None = None) -> Sequence[AccountNumber]:
        if account_id is None:
            return await self._all(AccountNumber, numbers)
        return await self._all(AccountNumber, numbers, numbers.c.account_id == account_id)
