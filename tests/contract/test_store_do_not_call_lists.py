"""Lists of numbers that must not be called last, with their sizes, and are each account's own."""

from __future__ import annotations

from ringcast.domain.do_not_call import DoNotCallEntry, DoNotCallList
from ringcast.domain.ids import DoNotCallListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.do_not_call import DoNotCallFilter
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, an_account, kept

ONE, TWO, THREE = (PhoneNumber(f"1213555010{n}") for n in range(3))


async def test_lists_are_filled_emptied_and_deleted(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    first, second, foreign = (
        DoNotCallList(id=DoNotCallListId(id_), account_id=owner.id, name=name, created_at=NOW)
        for id_, owner, name in ((901, account, "A"), (902, account, "B"), (903, other, "C"))
    )
    entry = DoNotCallEntry(
        account_id=account.id,
        number=TWO,
        call=True,
        text=False,
        inbound_call=False,
        inbound_text=False,
        source="A",
        created_at=NOW,
    )
    async with store.begin() as tx:
        for one in (first, second, foreign):
            await tx.add_do_not_call_list(one)
        assert await tx.put_in_do_not_call_list(account.id, first.id, [ONE, TWO]) == 2
        assert await tx.put_in_do_not_call_list(account.id, first.id, [TWO, THREE]) == 1
        assert await tx.put_in_do_not_call_list(account.id, second.id, [TWO]) == 1
        assert await tx.put_in_do_not_call_list(other.id, foreign.id, [TWO]) == 1
        await tx.put_do_not_call([entry])
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        found, total = await tx.do_not_call_lists(account.id, Page(limit=1))
        assert ([one.name for one in found], total) == (["B"], 2)
        kept_list = await tx.do_not_call_list(account.id, first.id)
        assert kept_list is not None
        assert kept_list.size == 3
        assert await tx.do_not_call_list(other.id, first.id) is None
        assert await tx.do_not_call_list_numbers(account.id, first.id) == [ONE, TWO, THREE]
        lists = await tx.do_not_call_lists_of(account.id, [ONE, TWO, PhoneNumber("12135550199")])
        assert lists == {ONE: [first.id], TWO: [first.id, second.id]}
        of_list, _ = await tx.do_not_call_entries(
            account.id, Page(), DoNotCallFilter(list_id=second.id)
        )
        assert [one.number for one in of_list] == [TWO]
    async with store.begin() as tx:
        assert await tx.take_from_do_not_call_list(account.id, first.id, [ONE, ONE, TWO]) == 2
        assert not await tx.delete_do_not_call_list(other.id, second.id)
        assert await tx.delete_do_not_call_list(account.id, second.id)
        await tx.commit()
    async with store.begin(read_only=True) as tx:
        kept_list = await tx.do_not_call_list(account.id, first.id)
        assert kept_list is not None
        assert kept_list.size == 1
        assert await tx.do_not_call_lists_of(account.id, [TWO]) == {}
        assert await tx.do_not_call_lists_of(other.id, [TWO]) == {TWO: [foreign.id]}
