"""Lists of numbers that an account must not call: made, filled, looked at, deleted.

The ban is the number's entry (`services.do_not_call`), of which there is one in an account. Whoever
comes into a list gets an entry, or has what it bars added to theirs; whoever leaves the last of
their lists loses the entry that a list made for them, and keeps any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ringcast.domain.accounts import Account
from ringcast.domain.do_not_call import DoNotCallEntry, DoNotCallList, checked_source
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, CampaignId, DoNotCallListId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.idempotency import Once

__all__ = [
    "AddToDoNotCallList",
    "CreateDoNotCallList",
    "DeleteDoNotCallList",
    "FindDoNotCallLists",
    "GetDoNotCallList",
    "ListsOfNumbers",
    "RemoveFromDoNotCallList",
]

_MOST = 10_000
"""Numbers in one request."""


class CreateDoNotCallList:
    """Make a list, with or without numbers."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        account: Account,
        name: str,
        numbers: Collection[PhoneNumber] = (),
        *,
        call: bool,
        text: bool,
        campaign_id: CampaignId | None = None,
        once: Once[DoNotCallList] | None = None,
    ) -> DoNotCallList:
        """Return the list; its numbers are barred on return. Raises InvalidInput, NotFound.

        `call` and `text` are what is barred of its numbers.
        """
        name = checked_source(name)
        _check(numbers)
        now = self._clock.now()
        (list_id,) = await self._store.take_ids(1, now)
        made = DoNotCallList(
            id=DoNotCallListId(list_id),
            account_id=account.id,
            name=name,
            campaign_id=campaign_id,
            created_at=now,
        )
        async with self._store.begin() as tx:
            if campaign_id is not None and await tx.campaign(account.id, campaign_id) is None:
                raise NotFound("campaign", campaign_id)
            await tx.add_do_not_call_list(made)
            added = await _bar(tx, made, numbers, call=call, text=text, now=now)
            made = replace(made, size=added)
            if once is not None:
                await once.save(tx, account.id, made, now=now)
            await tx.commit()
        return made


class AddToDoNotCallList:
    """Put numbers into a list."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        account_id: AccountId,
        list_id: DoNotCallListId,
        numbers: Collection[PhoneNumber],
        *,
        call: bool,
        text: bool,
    ) -> int:
        """Return how many were not in it; raise NotFound, InvalidInput."""
        if not numbers:
            raise InvalidInput("there is no number to put into the list", field="numbers")
        _check(numbers)
        async with self._store.begin() as tx:
            found = await _found(tx, account_id, list_id)
            now = self._clock.now()
            added = await _bar(tx, found, numbers, call=call, text=text, now=now)
            await tx.commit()
        return added


class RemoveFromDoNotCallList:
    """Take numbers out of a list."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, list_id: DoNotCallListId, numbers: Collection[PhoneNumber]
    ) -> int:
        """Return how many were in it; raise NotFound, InvalidInput."""
        if not numbers:
            raise InvalidInput("say which numbers are to leave the list", field="numbers")
        _check(numbers)
        async with self._store.begin() as tx:
            found = await _found(tx, account_id, list_id)
            taken = await _unbar(tx, found, numbers)
            await tx.commit()
        return taken


class DeleteDoNotCallList:
    """Delete a list; its numbers can be called again unless something else bars them."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, list_id: DoNotCallListId) -> None:
        """Raise NotFound."""
        async with self._store.begin() as tx:
            found = await _found(tx, account_id, list_id)
            await _unbar(tx, found, await tx.do_not_call_list_numbers(account_id, list_id))
            await tx.delete_do_not_call_list(account_id, list_id)
            await tx.commit()


class GetDoNotCallList:
    """Look at one list."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, list_id: DoNotCallListId) -> DoNotCallList:
        """Return it; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            return await _found(tx, account_id, list_id)


class FindDoNotCallLists:
    """List the lists of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, page: Page
    ) -> tuple[Sequence[DoNotCallList], int]:
        """Return a page of lists, newest first, and how many there are."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.do_not_call_lists(account_id, page)


class ListsOfNumbers:
    """Say in which lists numbers are."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, numbers: Collection[PhoneNumber]
    ) -> Mapping[PhoneNumber, Sequence[DoNotCallListId]]:
        """Return the lists of each number, the oldest first, without those that are in none."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.do_not_call_lists_of(account_id, numbers)


async def _found(tx: Transaction, account_id: AccountId, list_id: DoNotCallListId) -> DoNotCallList:
    found = await tx.do_not_call_list(account_id, list_id)
    if found is None:
        raise NotFound("do-not-call list", list_id)
    return found


async def _bar(
    tx: Transaction,
    of: DoNotCallList,
    numbers: Collection[PhoneNumber],
    *,
    call: bool,
    text: bool,
    now: datetime,
) -> int:
    entries = []
    for number in sorted(set(numbers)):
        entry = await tx.do_not_call_entry(of.account_id, number)
        if entry is None:
            entry = DoNotCallEntry(
                account_id=of.account_id,
                number=number,
                call=call,
                text=text,
                inbound_call=False,
                inbound_text=False,
                source=of.name,
                created_at=now,
                campaign_id=of.campaign_id,
            )
        else:
            entry = replace(entry, call=entry.call or call, text=entry.text or text)
        entries.append(entry)
    await tx.put_do_not_call(entries)
    return await tx.put_in_do_not_call_list(of.account_id, of.id, numbers) if numbers else 0


async def _unbar(tx: Transaction, of: DoNotCallList, numbers: Collection[PhoneNumber]) -> int:
    members = await tx.do_not_call_lists_of(of.account_id, numbers)
    leaving = [number for number in sorted(set(numbers)) if of.id in members.get(number, ())]
    taken = await tx.take_from_do_not_call_list(of.account_id, of.id, leaving)
    free: list[PhoneNumber] = []
    for number in leaving:
        entry = await tx.do_not_call_entry(of.account_id, number)
        if entry is None or entry.source != of.name:
            continue
        others = [one for one in members[number] if one != of.id]
        heir = await tx.do_not_call_list(of.account_id, others[0]) if others else None
        if heir is None:
            free.append(number)
        else:
            await tx.put_do_not_call([replace(entry, source=heir.name)])
    await tx.delete_do_not_call(of.account_id, free)
    return taken


def _check(numbers: Collection[PhoneNumber]) -> None:
    if len(numbers) > _MOST:
        raise InvalidInput(f"at most {_MOST} numbers can be named at once", field="numbers")
