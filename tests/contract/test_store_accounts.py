"""Accounts, credentials and numbers last."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringcast.domain.accounts import CredentialKind
from ringcast.domain.errors import Conflict, InvalidInput, NotFound
from ringcast.domain.ids import AccountId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Store
from tests.contract.store_things import a_credential, a_number, an_account, kept


async def test_account_is_found_by_id_and_by_name_and_in_the_list(store: Store) -> None:
    first, second = an_account(name="Schule Übersee ☎"), an_account(enabled=False)
    await kept(store, first, second)

    async with store.begin(read_only=True) as tx:
        assert await tx.account(first.id) == first
        assert await tx.account_named("Schule Übersee ☎") == first
        assert await tx.account_named("schule übersee ☎") is None
        assert await tx.account(AccountId(99_999)) is None
        assert await tx.accounts() == [first, second]


async def test_account_of_a_taken_name_is_a_conflict_that_names_it(store: Store) -> None:
    await kept(store, an_account(name="clinic"))

    async with store.begin() as tx:
        with pytest.raises(Conflict, match="account 'clinic' exists already"):
            await tx.add_account(an_account(name="clinic"))


async def test_account_changes_all_but_its_id(store: Store) -> None:
    account, other = an_account(), an_account(name="taken")
    await kept(store, account, other)
    changed = replace(account, name="new", signing_key="new key", enabled=False)

    async with store.begin() as tx:
        await tx.update_account(changed)
        await tx.commit()

    async with store.begin() as tx:
        assert await tx.accounts() == [changed, other]
        with pytest.raises(NotFound):
            await tx.update_account(an_account())
        with pytest.raises(Conflict, match="'taken' exists already"):
            await tx.update_account(replace(changed, name="taken"))


@pytest.mark.parametrize("kind", CredentialKind)
async def test_credential_is_found_by_its_identifier(store: Store, kind: CredentialKind) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    one, two = a_credential(account, kind=kind), a_credential(account, enabled=False)

    async with store.begin() as tx:
        await tx.add_credential(one)
        await tx.add_credential(two)
        await tx.add_credential(a_credential(other))
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.credential(one.identifier) == one
        assert await tx.credential(one.identifier.upper()) is None
        assert await tx.credentials(account.id) == [one, two]


async def test_identifier_of_a_credential_is_unique_in_the_system(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    one, two = a_credential(account, identifier="me"), a_credential(other)
    async with store.begin() as tx:
        await tx.add_credential(one)
        await tx.add_credential(two)
        await tx.commit()

    async with store.begin() as tx:
        with pytest.raises(Conflict, match="credential 'me' exists already"):
            await tx.add_credential(a_credential(other, identifier="me"))
    async with store.begin() as tx:
        with pytest.raises(Conflict, match="credential 'me' exists already"):
            await tx.update_credential(replace(two, identifier="me"))


async def test_credential_is_changed_and_deleted(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    one, two = a_credential(account), a_credential(account)
    changed = replace(one, secret_hash="another", enabled=False, name="rotated")

    async with store.begin() as tx:
        await tx.add_credential(one)
        await tx.add_credential(two)
        await tx.update_credential(changed)
        await tx.delete_credential(two.id)
        await tx.commit()

    async with store.begin() as tx:
        assert await tx.credentials(account.id) == [changed]
        with pytest.raises(NotFound):
            await tx.update_credential(two)


async def test_credential_or_number_of_an_unknown_account_is_not_found(store: Store) -> None:
    nobody = an_account()
    async with store.begin() as tx:
        with pytest.raises(NotFound, match=f"account {nobody.id} does not exist"):
            await tx.add_credential(a_credential(nobody))
    async with store.begin() as tx:
        with pytest.raises(NotFound, match=f"account {nobody.id} does not exist"):
            await tx.add_number(a_number(nobody))


async def test_number_belongs_to_one_account_only(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    number = a_number(account, caller_id_only=True)
    with_url = a_number(account, voice_url="https://example.com/ä?x=1")
    of_other = a_number(other)
    async with store.begin() as tx:
        for one in (number, with_url, of_other):
            await tx.add_number(one)
        await tx.commit()

    async with store.begin() as tx:
        assert await tx.number(account.id, number.number) == number
        assert await tx.number(other.id, number.number) is None
        assert await tx.number(account.id, PhoneNumber("4930123456")) is None
        assert await tx.numbers(account.id) == [number, with_url]
        assert await tx.numbers() == [number, with_url, of_other]
        with pytest.raises(Conflict, match=r"number \+1213\d+ belongs to an account already"):
            await tx.add_number(a_number(other, number=number.number))


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_text_that_one_database_cannot_keep_is_refused_by_both(
    store: Store, text: str
) -> None:
    async with store.begin() as tx:
        with pytest.raises(InvalidInput, match="cannot be kept"):
            await tx.add_account(an_account(name=text))
