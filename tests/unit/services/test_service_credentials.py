"""Keys of programs."""

from __future__ import annotations

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.errors import Conflict, NotFound, Unauthenticated
from ringcast.domain.ids import CredentialId
from ringcast.ports.store import Page
from ringcast.services.accounts import Authenticate, RotateCredentials
from ringcast.services.credentials import CreateKey, DeleteKey, EnableKey, FindKeys, GetKey
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock


async def test_a_key_opens_its_account_and_its_secret_is_not_kept(
    store: SqlStore, clock: ManualClock, account: Account
) -> None:
    made = await CreateKey(store=store, clock=clock)(account, " billing ")
    assert made.credential.name == "billing"
    assert made.secret not in repr(made)
    opened = await Authenticate(store=store)(made.credential.identifier, made.secret)
    assert (opened.account, opened.credential) == (account, made.credential)
    assert made.secret not in made.credential.secret_hash


async def test_a_new_secret_of_the_account_leaves_keys_as_they_are(
    store: SqlStore, clock: ManualClock, account: Account
) -> None:
    made = await CreateKey(store=store, clock=clock)(account, "login")  # a name of the account's
    _, secrets = await RotateCredentials(store=store, clock=clock)(account.name)
    assert secrets.login != made.credential.identifier
    await Authenticate(store=store)(made.credential.identifier, made.secret)
    await Authenticate(store=store)(secrets.login, secrets.password)
    with pytest.raises(Unauthenticated):
        await Authenticate(store=store)(made.credential.identifier, secrets.password)


async def test_keys_are_listed_without_the_accounts_own_credentials(
    store: SqlStore, clock: ManualClock, account: Account, stranger: Account
) -> None:
    create = CreateKey(store=store, clock=clock)
    keys = [(await create(account, name)).credential for name in ("Alpha", "beta", "alphabet")]
    await create(stranger, "alpha")
    find = FindKeys(store=store)
    assert await find(account.id, Page()) == (keys, 3)
    assert await find(account.id, Page(limit=1, offset=1)) == ([keys[1]], 3)
    assert await find(account.id, Page(), name="ALPHA") == ([keys[0], keys[2]], 2)


async def test_only_keys_can_be_changed_or_deleted(
    store: SqlStore, clock: ManualClock, account: Account, stranger: Account
) -> None:
    async with store.begin(read_only=True) as tx:
        own = (await tx.credentials(account.id))[0]
    others = (await CreateKey(store=store, clock=clock)(stranger, "x")).credential
    for key in (own.id, others.id, CredentialId(7)):
        with pytest.raises(NotFound):
            await GetKey(store=store)(account.id, key)
        with pytest.raises(NotFound):
            await EnableKey(store=store)(account.id, key, enabled=False)
        with pytest.raises(NotFound):
            await DeleteKey(store=store)(account.id, key)
    assert await GetKey(store=store)(stranger.id, others.id) == others


async def test_an_account_has_so_many_keys_and_no_more(
    store: SqlStore, clock: ManualClock, account: Account
) -> None:
    create = CreateKey(store=store, clock=clock)
    keys = [(await create(account, str(number))).credential for number in range(100)]
    with pytest.raises(Conflict, match="delete one first"):
        await create(account, "one more")
    await DeleteKey(store=store)(account.id, keys[0].id)
    await create(account, "one more")
