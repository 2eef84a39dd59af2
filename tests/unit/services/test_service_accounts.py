"""Accounts, their credentials, and who gets in with them."""

from __future__ import annotations

import re
import uuid
from dataclasses import asdict, replace

import pytest

from ringcast.domain.accounts import Account, CredentialKind
from ringcast.domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from ringcast.services.accounts import (
    AccountSecrets,
    AddAccount,
    Authenticate,
    ListAccounts,
    RotateCredentials,
    hash_secret,
    public_ids,
    verify_secret,
)
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock

IDENTIFIERS = ("login", "user_id", "api_token", "project_id", "account_sid")


@pytest.fixture
async def made(store: SqlStore, clock: ManualClock) -> tuple[Account, AccountSecrets]:
    return await AddAccount(store=store, clock=clock)("St. Mary's School")


def test_secrets_have_the_form_each_dialect_expects(made: tuple[Account, AccountSecrets]) -> None:
    _, secrets = made
    assert secrets.login == "st-mary-s-school"
    assert re.fullmatch(r"u-[a-z2-7]{24}", secrets.user_id)
    assert re.fullmatch(r"t-[a-z2-7]{24}", secrets.api_token)
    assert str(uuid.UUID(secrets.project_id)) == secrets.project_id
    assert re.fullmatch(r"AC[0-9a-f]{32}", secrets.account_sid)
    assert re.fullmatch(r"[0-9a-f]{32}", secrets.auth_token)
    assert secrets.password == secrets.api_secret == secrets.auth_token
    assert len(bytes.fromhex(secrets.signing_key)) == 32


async def test_public_identifiers_lead_back_to_the_account(
    store: SqlStore, made: tuple[Account, AccountSecrets]
) -> None:
    account, secrets = made
    async with store.begin() as tx:
        ids = await public_ids(tx)
    assert ids.number_of(secrets.account_sid.removeprefix("AC")) == account.id
    assert ids.number_of(uuid.UUID(secrets.project_id).hex) == account.id


@pytest.mark.parametrize("what", IDENTIFIERS)
async def test_every_identifier_opens_the_account_with_the_secret(
    store: SqlStore, made: tuple[Account, AccountSecrets], what: str
) -> None:
    account, secrets = made
    opened = await Authenticate(store=store)(getattr(secrets, what), secrets.api_secret)
    assert opened.account == account
    assert opened.credential.identifier == getattr(secrets, what)


@pytest.mark.parametrize("what", IDENTIFIERS)
async def test_a_wrong_secret_opens_nothing(
    store: SqlStore, made: tuple[Account, AccountSecrets], what: str
) -> None:
    with pytest.raises(Unauthenticated):
        await Authenticate(store=store)(getattr(made[1], what), made[1].api_secret[:-1])


async def test_an_unknown_identifier_and_an_empty_secret_open_nothing(store: SqlStore) -> None:
    with pytest.raises(Unauthenticated):
        await Authenticate(store=store)("nobody", "")


async def test_one_accounts_secret_does_not_open_another(
    store: SqlStore, clock: ManualClock, made: tuple[Account, AccountSecrets]
) -> None:
    _, other = await AddAccount(store=store, clock=clock)("Other")
    with pytest.raises(Unauthenticated):
        await Authenticate(store=store)(made[1].login, other.password)


async def test_what_is_disabled_opens_nothing(
    store: SqlStore, made: tuple[Account, AccountSecrets]
) -> None:
    account, secrets = made
    async with store.begin() as tx:
        login = await tx.credential(secrets.login)
        assert login is not None
        await tx.update_credential(replace(login, enabled=False))
        await tx.commit()
    with pytest.raises(Unauthenticated):
        await Authenticate(store=store)(secrets.login, secrets.password)
    await Authenticate(store=store)(secrets.user_id, secrets.password)

    async with store.begin() as tx:
        await tx.update_account(replace(account, enabled=False))
        await tx.commit()
    with pytest.raises(Unauthenticated):
        await Authenticate(store=store)(secrets.user_id, secrets.password)


async def test_the_database_never_holds_the_secret(
    store: SqlStore, made: tuple[Account, AccountSecrets]
) -> None:
    account, secrets = made
    async with store.begin(read_only=True) as tx:
        kept = await tx.credentials(account.id)
    assert {c.identifier for c in kept} == {getattr(secrets, what) for what in IDENTIFIERS}
    assert [c.identifier for c in kept if c.kind is CredentialKind.LOGIN] == [secrets.login]
    assert not any(secrets.password in c.secret_hash for c in kept)
    assert len({c.secret_hash for c in kept}) == len(kept)


async def test_secrets_do_not_show_in_logs(made: tuple[Account, AccountSecrets]) -> None:
    account, secrets = made
    shown = repr(secrets) + repr(account)
    assert secrets.password not in shown
    assert secrets.signing_key not in shown


async def test_names_that_differ_only_in_punctuation_get_different_logins(
    store: SqlStore, clock: ManualClock, made: tuple[Account, AccountSecrets]
) -> None:
    _, other = await AddAccount(store=store, clock=clock)("St Mary's School")
    assert other.login != made[1].login
    assert other.login.startswith("st-mary-s-school-")
    opened = await Authenticate(store=store)(other.login, other.password)
    assert opened.account.name == "St Mary's School"


async def test_a_name_in_another_script_gets_a_login_too(
    store: SqlStore, clock: ManualClock
) -> None:
    _, secrets = await AddAccount(store=store, clock=clock)("学校")
    assert secrets.login == "account"


async def test_a_name_is_taken_once(
    store: SqlStore, clock: ManualClock, made: tuple[Account, AccountSecrets]
) -> None:
    with pytest.raises(Conflict):
        await AddAccount(store=store, clock=clock)(" St. Mary's School ")
    assert await ListAccounts(store=store)() == [made[0]]


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "two\nlines"])
async def test_a_name_that_is_none_is_refused(
    store: SqlStore, clock: ManualClock, name: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await AddAccount(store=store, clock=clock)(name)
    assert refused.value.field == "name"


async def test_rotation_gives_a_new_secret_to_the_same_identifiers(
    store: SqlStore, clock: ManualClock, made: tuple[Account, AccountSecrets]
) -> None:
    account, old = made
    rotated, new = await RotateCredentials(store=store, clock=clock)(account.name)
    assert rotated == account
    assert new.password != old.password
    changed = {what for what in asdict(old) if asdict(old)[what] != asdict(new)[what]}
    assert changed == {"password", "api_secret", "auth_token"}
    for what in IDENTIFIERS:
        await Authenticate(store=store)(getattr(new, what), new.password)
        with pytest.raises(Unauthenticated):
            await Authenticate(store=store)(getattr(old, what), old.password)


async def test_rotation_renews_the_signing_key_when_asked(
    store: SqlStore, clock: ManualClock, made: tuple[Account, AccountSecrets]
) -> None:
    account, new = await RotateCredentials(store=store, clock=clock)(made[0].name, signing_key=True)
    assert new.signing_key == account.signing_key != made[1].signing_key
    assert await ListAccounts(store=store)() == [account]


async def test_an_unknown_account_cannot_be_rotated(store: SqlStore, clock: ManualClock) -> None:
    with pytest.raises(NotFound):
        await RotateCredentials(store=store, clock=clock)("nobody")


def test_a_hash_is_verified_by_its_secret_only() -> None:
    kept = hash_secret("s3cret", salt=b"0123456789abcdef")
    assert verify_secret("s3cret", kept)
    assert not verify_secret("s3crets", kept)
    assert not verify_secret("s3cret", kept.replace("blake2b", "other"))
    assert kept != hash_secret("s3cret", salt=b"fedcba9876543210")
