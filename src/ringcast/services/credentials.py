"""Keys: credentials that an account holder makes for programs, with secrets of their own."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from secrets import token_bytes as system_random_bytes

from ringcast.domain.accounts import Account, Credential, CredentialKind
from ringcast.domain.errors import Conflict, InvalidInput, NotFound
from ringcast.domain.ids import AccountId, CredentialId
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.accounts import RandomBytes, hash_secret

__all__ = [
    "CreateKey",
    "CreatedKey",
    "DeleteKey",
    "EnableKey",
    "FindKeys",
    "GetKey",
]

_MAX_KEYS = 100
_MAX_NAME = 100  # characters
_SALT_BYTES = 16
_SECRET_BYTES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatedKey:
    """A new key, with the secret that nobody can read again."""

    credential: Credential
    secret: str = field(repr=False)


class CreateKey:
    """Make a credential for a program."""

    def __init__(
        self, *, store: Store, clock: Clock, random_bytes: RandomBytes = system_random_bytes
    ) -> None:
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes

    async def __call__(self, account: Account, name: str, *, enabled: bool = True) -> CreatedKey:
        """Return the key and its secret.

        Raises InvalidInput for a name that is none, Conflict if the account has too many keys.
        """
        name = name.strip()
        if not name or len(name) > _MAX_NAME or not name.isprintable():
            raise InvalidInput(
                f"a credential needs a name of 1 to {_MAX_NAME} printable characters", field="name"
            )
        now = self._clock.now()
        (credential_id,) = await self._store.take_ids(1, now)
        secret = self._random_bytes(_SECRET_BYTES).hex()
        credential = Credential(
            id=CredentialId(credential_id),
            account_id=account.id,
            kind=CredentialKind.KEY,
            name=name,
            identifier=f"k-{b32encode(self._random_bytes(15)).decode().lower()}",
            secret_hash=hash_secret(secret, salt=self._random_bytes(_SALT_BYTES)),
            created_at=now,
            enabled=enabled,
        )
        async with self._store.begin() as tx:
            if len(await _keys(tx, account.id)) >= _MAX_KEYS:
                raise Conflict(
                    f"an account can have {_MAX_KEYS} credentials of this kind: delete one first"
                )
            await tx.add_credential(credential)
            await tx.commit()
        return CreatedKey(credential=credential, secret=secret)


class FindKeys:
    """List the keys of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, page: Page, *, name: str | None = None
    ) -> tuple[Sequence[Credential], int]:
        """Return a page of keys, oldest first, and the count of all whose name contains `name`."""
        async with self._store.begin(read_only=True) as tx:
            keys = await _keys(tx, account_id)
        if name is not None:
            keys = [key for key in keys if name.casefold() in key.name.casefold()]
        return keys[page.offset : page.offset + page.limit], len(keys)


class GetKey:
    """Look at one key."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, credential_id: CredentialId) -> Credential:
        """Return the key; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            return await _key(tx, account_id, credential_id)


class EnableKey:
    """Let a key open the account, or not for now."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, credential_id: CredentialId, *, enabled: bool
    ) -> None:
        """Have it so from the next request on; raise NotFound if the account has none such."""
        async with self._store.begin() as tx:
            key = await _key(tx, account_id, credential_id)
            await tx.update_credential(replace(key, enabled=enabled))
            await tx.commit()


class DeleteKey:
    """Take a key away for good."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, credential_id: CredentialId) -> None:
        """Delete it; raise NotFound if the account has none such."""
        async with self._store.begin() as tx:
            await _key(tx, account_id, credential_id)
            await tx.delete_credential(credential_id)
            await tx.commit()


async def _keys(tx: Transaction, account_id: AccountId) -> list[Credential]:
    found = await tx.credentials(account_id)
    return [credential for credential in found if credential.kind is CredentialKind.KEY]


async def _key(tx: Transaction, account_id: AccountId, credential_id: CredentialId) -> Credential:
    for credential in await _keys(tx, account_id):
        if credential.id == credential_id:
            return credential
    raise NotFound("credential", credential_id)
