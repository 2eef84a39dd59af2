"""Labels of numbers and campaigns last, and are each account's own."""

from __future__ import annotations

from ringcast.domain.accounts import AccountNumber
from ringcast.domain.ids import NumberId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Store
from tests.contract.store_things import NOW, an_account, kept
from tests.contract.test_store_campaigns import a_campaign, keep


async def test_labels_are_given_taken_and_deleted(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    numbers = [
        AccountNumber(
            id=NumberId(id_),
            account_id=owner.id,
            number=PhoneNumber(digits),
            created_at=NOW,
        )
        for id_, owner, digits in (
            (801, account, "12135550100"),
            (802, account, "12135550101"),
            (803, other, "12135550102"),
        )
    ]
    spring, both = a_campaign(account, labels=("spring",)), a_campaign(account, labels=("a", "ä"))
    foreign = a_campaign(other, labels=("spring", "theirs"))
    await keep(store, spring, both, foreign)
    async with store.begin() as tx:
        for number in numbers:
            await tx.add_number(number)
        for number, label in zip(numbers, ("a", "home", "spring"), strict=True):
            await tx.label_number(number.account_id, number.id, label)
        await tx.label_number(account.id, numbers[0].id, "a")  # twice is once
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert list(await tx.labels(account.id)) == ["a", "home", "spring", "ä"]
        assert await tx.number_labels(account.id) == {801: {"a"}, 802: {"home"}}
    async with store.begin() as tx:
        assert not await tx.unlabel_number(account.id, numbers[0].id, "home")
        assert await tx.unlabel_number(account.id, numbers[1].id, "home")
        assert await tx.unlabel_numbers(account.id, "a") == 1
        assert await tx.unlabel_campaigns(account.id, "ä") == 1
        assert await tx.unlabel_campaigns(account.id, "spring") == 1
        await tx.commit()
    async with store.begin(read_only=True) as tx:
        assert list(await tx.labels(account.id)) == ["a"]
        assert list(await tx.labels(other.id)) == ["spring", "theirs"]
        found = await tx.campaign(account.id, both.id)
        assert found is not None
        assert found.labels == ("a",)
