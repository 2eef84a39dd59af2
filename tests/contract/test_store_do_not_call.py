"""Do-not-call entries last, and are found when a call is about to be dialled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import CampaignId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.do_not_call import DoNotCallFilter
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, SECOND, an_account, kept

ONE, TWO, THREE = (PhoneNumber(digits) for digits in ("12135550141", "12995550142", "442071838750"))


def an_entry(account: Account, number: PhoneNumber, **members: Any) -> DoNotCallEntry:
    plain: dict[str, Any] = {
        "account_id": account.id,
        "number": number,
        "call": True,
        "text": True,
        "inbound_call": False,
        "inbound_text": False,
        "source": "test",
        "created_at": NOW,
    }
    return DoNotCallEntry(**plain | members)


async def put(store: Store, *entries: DoNotCallEntry) -> None:
    async with store.begin() as tx:
        await tx.put_do_not_call(entries)
        await tx.commit()


async def found(store: Store, account: Account, **wanted: Any) -> list[PhoneNumber]:
    async with store.begin(read_only=True) as tx:
        entries, count = await tx.do_not_call_entries(account.id, Page(), DoNotCallFilter(**wanted))
    assert count == len(entries)
    return [entry.number for entry in entries]


async def test_entry_is_its_accounts_only_and_replaces_the_one_before(store: Store) -> None:
    account, other = an_account(), an_account()
    entry = an_entry(account, ONE, campaign_id=CampaignId(7))
    await kept(store, account, other)
    await put(store, entry)
    changed = replace(entry, call=False, source="again", created_at=NOW + SECOND, campaign_id=None)
    await put(store, changed)

    async with store.begin(read_only=True) as tx:
        assert await tx.do_not_call_entry(account.id, ONE) == replace(changed, created_at=NOW)
        assert await tx.do_not_call_entry(other.id, ONE) is None
        assert await tx.do_not_call_entry(account.id, TWO) is None
    with pytest.raises(NotFound):
        await put(store, an_entry(an_account(), ONE))


async def test_entries_are_found_by_all_there_is(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    await put(
        store,
        an_entry(account, THREE, text=False, inbound_text=True),
        an_entry(account, TWO, call=False, source="Shop", inbound_call=True),
        an_entry(account, ONE, campaign_id=CampaignId(7)),
        an_entry(other, ONE),
    )

    assert await found(store, account) == [ONE, TWO, THREE]
    for prefix, numbers in (
        ("1", [ONE, TWO]), ("121", [ONE]), ("21", [ONE]), ("129", [TWO]), ("299", [TWO]),
        ("12135550141", [ONE]), ("12135550149", []), ("44", [THREE]), ("9", []), ("99", []),
    ):  # fmt: skip
        assert await found(store, account, prefix=prefix) == numbers, prefix
    assert await found(store, account, numbers=[THREE, ONE]) == [ONE, THREE]
    assert await found(store, account, numbers=[]) == []
    assert await found(store, account, campaign_id=CampaignId(7)) == [ONE]
    assert await found(store, account, source="Shop") == [TWO]
    assert await found(store, account, call=True) == [ONE, THREE]
    assert await found(store, account, call=False) == [TWO]
    assert await found(store, account, text=True, inbound_call=False) == [ONE]
    assert await found(store, account, inbound_text=True) == [THREE]
    async with store.begin(read_only=True) as tx:
        page = await tx.do_not_call_entries(account.id, Page(limit=1, offset=1), DoNotCallFilter())
    assert ([entry.number for entry in page[0]], page[1]) == ([TWO], 3)


async def test_entries_are_deleted_by_number_and_source_in_their_account_only(
    store: Store,
) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    await put(
        store,
        *(an_entry(account, number, source="s") for number in (ONE, TWO, THREE)),
        an_entry(other, ONE, source="s"),
    )

    async with store.begin() as tx:
        assert await tx.delete_do_not_call(account.id, [ONE, ONE, PhoneNumber("12125550100")]) == 1
        assert await tx.delete_do_not_call_of(account.id, "S") == 0
        assert await tx.delete_do_not_call_of(account.id, "s") == 2
        await tx.commit()

    assert await found(store, account) == []
    assert await found(store, other) == [ONE]


async def test_numbers_not_to_be_called_are_told_from_the_others(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    many = [PhoneNumber(f"1213555{line:04}") for line in range(1200)]
    await put(
        store,
        an_entry(account, ONE),
        an_entry(account, TWO, call=False),
        an_entry(other, THREE),
        *(an_entry(account, number) for number in many[::2]),
    )

    async with store.begin() as tx:
        assert await tx.do_not_call_among(account.id, [ONE, TWO, THREE]) == {ONE}
        assert await tx.do_not_call_among(account.id, []) == frozenset()
        assert await tx.do_not_call_among(account.id, many) == {ONE, *many[::2]}
