"""Accounts: made, listed, given new secrets, and opened by whoever knows one."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from base64 import b32encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_bytes as system_random_bytes

from ringcast.domain.accounts import Access, Account, Credential, CredentialKind
from ringcast.domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from ringcast.domain.ids import AccountId, CredentialId
from ringcast.domain.legal_hours import LegalHours
from ringcast.domain.public_ids import PublicIds
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store, Transaction

__all__ = [
    "AccountSecrets",
    "AddAccount",
    "Authenticate",
    "ListAccounts",
    "OwnsIdentifier",
    "RotateCredentials",
    "account_sid",
    "hash_secret",
    "project_id",
    "public_ids",
    "verify_secret",
]

RandomBytes = Callable[[int], bytes]

_MAX_NAME = 100  # characters
_SALT_BYTES = 16
_SECRET_BYTES = 16  # 32 hex digits: the length some clients expect of an auth token
_SIGNING_KEY_BYTES = 32
_PUBLIC_IDS_KEY = "public-ids"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSecrets:
    """All that opens an account, in the words of every dialect.

    It can be shown only when it is made: the system keeps hashes. `password`, `api_secret` and
    `auth_token` are one and the same secret, so that one pair opens every dialect.
    """

    login: str
    password: str = field(repr=False)
    user_id: str
    api_token: str
    api_secret: str = field(repr=False)
    project_id: str
    account_sid: str
    auth_token: str = field(repr=False)
    signing_key: str = field(repr=False)


class AddAccount:
    """Make an account with its credentials."""

    def __init__(
        self, *, store: Store, clock: Clock, random_bytes: RandomBytes = system_random_bytes
    ) -> None:
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes

    async def __call__(self, name: str) -> tuple[Account, AccountSecrets]:
        """Return the account and its secrets, which nobody can read again.

        Raises InvalidInput if the name is empty or too long, Conflict if it is taken.
        """
        name = name.strip()
        if not name or len(name) > _MAX_NAME or not name.isprintable():
            raise InvalidInput(
                f"an account needs a name of 1 to {_MAX_NAME} printable characters", field="name"
            )
        now = self._clock.now()
        account_id, *credential_ids = await self._store.take_ids(6, now)
        account = Account(
            id=AccountId(account_id),
            name=name,
            created_at=now,
            signing_key=self._random_bytes(_SIGNING_KEY_BYTES).hex(),
        )
        secret = self._random_bytes(_SECRET_BYTES).hex()
        async with self._store.begin() as tx:
            await tx.add_account(account)
            ids = await public_ids(tx, random_bytes=self._random_bytes)
            secrets = AccountSecrets(
                login=await self._free_login(tx, name),
                password=secret,
                user_id=f"u-{self._token()}",
                api_token=f"t-{self._token()}",
                api_secret=secret,
                project_id=project_id(account.id, ids),
                account_sid=account_sid(account.id, ids),
                auth_token=secret,
                signing_key=account.signing_key,
            )
            for credential_id, (kind, what, identifier) in zip(
                credential_ids, _identifiers(secrets), strict=True
            ):
                await tx.add_credential(
                    Credential(
                        id=CredentialId(credential_id),
                        account_id=account.id,
                        kind=kind,
                        name=what,
                        identifier=identifier,
                        secret_hash=hash_secret(secret, salt=self._random_bytes(_SALT_BYTES)),
                        created_at=now,
                    )
                )
            await tx.commit()
        return account, secrets

    async def _free_login(self, tx: Transaction, name: str) -> str:
        """Return a login made from the name; two names may be the same but for punctuation."""
        login = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "account"
        while await tx.credential(login) is not None:
            login = f"{login[:40]}-{self._random_bytes(3).hex()}"
        return login

    def _token(self) -> str:
        return b32encode(self._random_bytes(15)).decode().lower()


class ListAccounts:
    """List all accounts of the system."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self) -> Sequence[Account]:
        """Return the accounts, oldest first."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.accounts()


class KeepLegalHours:
    """Say which calls of an account keep to the hours of the law where they go."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, name: str, which: LegalHours) -> Account:
        """Return the account; raise NotFound."""
        async with self._store.begin() as tx:
            account = await tx.account_named(name)
            if account is None:
                raise NotFound("account", name)
            account = replace(account, legal_hours=which)
            await tx.update_account(account)
            await tx.commit()
        return account


class RotateCredentials:
    """Give an account a new secret; its identifiers stay, the old secret opens nothing any more."""

    def __init__(
        self, *, store: Store, clock: Clock, random_bytes: RandomBytes = system_random_bytes
    ) -> None:
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes

    async def __call__(
        self, name: str, *, signing_key: bool = False
    ) -> tuple[Account, AccountSecrets]:
        """Return the account of that name and its new secrets.

        `signing_key` renews that key too: receivers of callbacks must then learn it.
        Raises NotFound if there is no such account.
        """
        secret = self._random_bytes(_SECRET_BYTES).hex()
        async with self._store.begin() as tx:
            account = await tx.account_named(name.strip())
            if account is None:
                raise NotFound("account", name)
            if signing_key:
                account = replace(account, signing_key=self._random_bytes(_SIGNING_KEY_BYTES).hex())
                await tx.update_account(account)
            identifiers: dict[str, str] = {}
            for credential in await tx.credentials(account.id):
                if credential.kind is CredentialKind.KEY:
                    continue  # its secret is its own
                identifiers[credential.name] = credential.identifier
                await tx.update_credential(
                    replace(
                        credential,
                        secret_hash=hash_secret(secret, salt=self._random_bytes(_SALT_BYTES)),
                    )
                )
            try:
                secrets = AccountSecrets(
                    **{what: identifiers[what] for what in _IDENTIFIERS},
                    password=secret,
                    api_secret=secret,
                    auth_token=secret,
                    signing_key=account.signing_key,
                )
            except KeyError as missing:
                raise Conflict(f"account {name} has lost its {missing.args[0]}") from None
            await tx.commit()
        return account, secrets


class Authenticate:
    """Find the account that an identifier and its secret open."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, identifier: str, secret: str) -> Access:
        """Return what was opened; raise Unauthenticated, which never says what was wrong."""
        async with self._store.begin(read_only=True) as tx:
            credential = await tx.credential(identifier)
            # An unknown identifier costs what a known one does, so that time tells nothing.
            expected = _NOBODY if credential is None else credential.secret_hash
            matches = verify_secret(secret, expected)
            if credential is None or not matches or not credential.enabled:
                raise Unauthenticated("the credential is unknown or its secret is wrong")
            account = await tx.account(credential.account_id)
        if account is None or not account.enabled:
            raise Unauthenticated("the credential is unknown or its secret is wrong")
        return Access(account=account, credential=credential)


class OwnsIdentifier:
    """Tell whether an identifier, as paths name accounts by, is an account's own."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, identifier: str) -> bool:
        """Return whether it is; one that nobody has is not."""
        async with self._store.begin(read_only=True) as tx:
            credential = await tx.credential(identifier)
        return credential is not None and credential.account_id == account_id


def hash_secret(secret: str, *, salt: bytes) -> str:
    """Return what is kept of a secret.

    Secrets are drawn by us with 128 bits, never chosen by people: nobody can try them all, so a
    slow password hash would protect nothing and cost every request its time. The salt keeps equal
    secrets of an account's identifiers from looking equal.
    """
    return f"blake2b${salt.hex()}${_digest(secret, salt)}"


def verify_secret(secret: str, kept: str) -> bool:
    """Tell in constant time whether `kept` was made from the secret."""
    scheme, salt, digest = kept.split("$")
    if scheme != "blake2b":
        return False
    return hmac.compare_digest(_digest(secret, bytes.fromhex(salt)), digest)


async def public_ids(
    tx: Transaction, *, random_bytes: RandomBytes = system_random_bytes
) -> PublicIds:
    """Return the system's public identifiers, drawing their key if this is the first time.

    The key lasts once `tx` is committed.
    """
    return PublicIds(await tx.secret(_PUBLIC_IDS_KEY, random_bytes(32)))


def project_id(account_id: AccountId, ids: PublicIds) -> str:
    """Return the account's public identifier as a UUID."""
    return str(uuid.UUID(hex=ids.hex_of(account_id)))


def account_sid(account_id: AccountId, ids: PublicIds) -> str:
    """Return the account's public identifier as `AC` and 32 hex digits."""
    return f"AC{ids.hex_of(account_id)}"


_IDENTIFIERS = ("login", "user_id", "api_token", "project_id", "account_sid")


def _identifiers(secrets: AccountSecrets) -> list[tuple[CredentialKind, str, str]]:
    return [
        (
            CredentialKind.LOGIN if what == "login" else CredentialKind.API,
            what,
            str(getattr(secrets, what)),
        )
        for what in _IDENTIFIERS
    ]


def _digest(secret: str, salt: bytes) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=32, key=salt).hexdigest()


_NOBODY = hash_secret("", salt=bytes(_SALT_BYTES))
