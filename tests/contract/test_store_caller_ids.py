"""Verifications of caller ids last."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.caller_ids import CallerIdVerification
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import VerificationId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Store
from tests.contract.store_things import NOW, PHONE, an_account, kept

_ids = itertools.count(1)


def a_verification(account: Account, **members: Any) -> CallerIdVerification:
    plain: dict[str, Any] = {
        "id": VerificationId(next(_ids)),
        "account_id": account.id,
        "number": PHONE,
        "code_hash": "hash",
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=10),
        "tries_left": 5,
    }
    return CallerIdVerification(**plain | members)


async def test_verification_is_found_by_account_and_number(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    one = a_verification(account)
    of_other = a_verification(other)
    of_another_number = a_verification(account, number=PhoneNumber("442071838750"))
    async with store.begin() as tx:
        for verification in (one, of_other, of_another_number):
            await tx.replace_caller_id_verification(verification)
        await tx.commit()

    async with store.begin() as tx:
        assert await tx.caller_id_verification(account.id, PHONE) == one
        assert await tx.caller_id_verification(other.id, PHONE) == of_other
        assert await tx.caller_id_verification(account.id, PhoneNumber("12135550199")) is None


async def test_later_verification_of_a_number_replaces_the_earlier_one(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    earlier = a_verification(account)
    later = a_verification(account, code_hash="another")
    async with store.begin() as tx:
        await tx.replace_caller_id_verification(earlier)
        await tx.replace_caller_id_verification(earlier.tried())
        await tx.commit()
    async with store.begin() as tx:
        tried = await tx.caller_id_verification(account.id, PHONE)
        assert tried == replace(earlier, tries_left=4)
        await tx.replace_caller_id_verification(later)
        await tx.commit()

    async with store.begin() as tx:
        assert await tx.caller_id_verification(account.id, PHONE) == later
        await tx.delete_caller_id_verification(account.id, PHONE)
        assert await tx.caller_id_verification(account.id, PHONE) is None


async def test_verification_of_an_unknown_account_is_not_found(store: Store) -> None:
    nobody = an_account()
    async with store.begin() as tx:
        with pytest.raises(NotFound, match=f"account {nobody.id} does not exist"):
            await tx.replace_caller_id_verification(a_verification(nobody))


async def test_verification_is_locked_while_it_is_looked_at(store: Store) -> None:
    async with store.begin(read_only=True) as tx:
        with pytest.raises(RuntimeError, match="read only"):
            await tx.caller_id_verification(an_account().id, PHONE)
