"""Numbers of accounts."""

from __future__ import annotations

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.errors import Conflict, InvalidNumber, NotFound
from ringcast.services.numbers import AddNumber, ListNumbers
from ringcast.stores.sql.store import SqlStore
from tests.fakes.clock import ManualClock


async def test_numbers_are_listed_oldest_first_and_by_account(
    store: SqlStore, clock: ManualClock, account: Account, stranger: Account
) -> None:
    add = AddNumber(store=store, clock=clock)
    first = await add("+1 (213) 555-0100", account_name="Clinic")
    second = await add("12135550101", account_name="Clinic", caller_id_only=True)
    third = await add("+442071838750", account_name=stranger.name)

    assert first.number.e164 == "+12135550100"
    assert not first.caller_id_only
    assert second.caller_id_only
    listed = ListNumbers(store=store)
    assert await listed(account.id) == [first, second]
    assert await listed() == [first, second, third]


async def test_a_number_has_one_account(
    store: SqlStore, clock: ManualClock, account: Account, stranger: Account
) -> None:
    add = AddNumber(store=store, clock=clock)
    await add("12135550100", account_name=account.name)
    with pytest.raises(Conflict):
        await add("2135550100", account_name=stranger.name)


async def test_bad_numbers_and_unknown_accounts_are_refused(
    store: SqlStore, clock: ManualClock, account: Account
) -> None:
    add = AddNumber(store=store, clock=clock)
    with pytest.raises(InvalidNumber) as refused:
        await add("911", account_name=account.name)
    assert refused.value.field == "number"
    with pytest.raises(NotFound):
        await add("12135550100", account_name="nobody")
    assert await ListNumbers(store=store)() == []
