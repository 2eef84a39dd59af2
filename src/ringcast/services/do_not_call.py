"""The list of numbers that an account must not call.

It takes effect where calls are dialled (`services.dialer`), not where they are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from ringcast.domain.accounts import Account
from ringcast.domain.do_not_call import DoNotCallEntry, checked_source
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.clock import Clock
from ringcast.ports.do_not_call import DoNotCallFilter
from ringcast.ports.store import Page, Store

__all__ = [
    "AddDoNotCall",
    "DeleteDoNotCall",
    "DeleteDoNotCallOfSource",
    "FindDoNotCall",
    "GetDoNotCall",
    "UpdateDoNotCall",
]


class AddDoNotCall:
    """Put numbers on the list, or change what is barred of those on it."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(
        self,
        account: Account,
        numbers: Collection[PhoneNumber],
        *,
        call: bool,
        text: bool,
        inbound_call: bool,
        inbound_text: bool,
        source: str,
    ) -> None:
        """Make the entries; raise InvalidInput if there is no number, or for the source."""
        if not numbers:
            raise InvalidInput("there is no number to put on the list", field="numbers")
        source = checked_source(source)
        now = self._clock.now()
        entries = [
            DoNotCallEntry(
                account_id=account.id,
                number=number,
                call=call,
                text=text,
                inbound_call=inbound_call,
                inbound_text=inbound_text,
                source=source,
                created_at=now,
            )
            for number in set(numbers)
        ]
        async with self._store.begin() as tx:
            await tx.put_do_not_call(entries)
            await tx.commit()


class GetDoNotCall:
    """Look at the entry of a number."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, number: PhoneNumber) -> DoNotCallEntry:
        """Return the entry; raise NotFound if the number is not on the account's list."""
        async with self._store.begin(read_only=True) as tx:
            entry = await tx.do_not_call_entry(account_id, number)
        if entry is None:
            raise _not_listed(number)
        return entry


class FindDoNotCall:
    """Search the list."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, page: Page, wanted: DoNotCallFilter
    ) -> tuple[Sequence[DoNotCallEntry], int]:
        """Return a page of entries in the order of numbers, and how many fit in all."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.do_not_call_entries(account_id, page, wanted)


class UpdateDoNotCall:
    """Change what is barred of a number on the list."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self,
        account_id: AccountId,
        number: PhoneNumber,
        *,
        call: bool | None = None,
        text: bool | None = None,
        inbound_call: bool | None = None,
        inbound_text: bool | None = None,
        source: str | None = None,
    ) -> DoNotCallEntry:
        """Return the entry with what is given changed; raise NotFound, InvalidInput."""
        changes: dict[str, bool | str | None] = {
            "call": call,
            "text": text,
            "inbound_call": inbound_call,
            "inbound_text": inbound_text,
            "source": None if source is None else checked_source(source),
        }
        async with self._store.begin() as tx:
            entry = await tx.do_not_call_entry(account_id, number)
            if entry is None:
                raise _not_listed(number)
            given = {name: value for name, value in changes.items() if value is not None}
            entry = replace(entry, **given)  # type: ignore[arg-type]  # as `changes` pairs them
            await tx.put_do_not_call([entry])
            await tx.commit()
        return entry


class DeleteDoNotCall:
    """Take numbers off the list."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, numbers: Collection[PhoneNumber]) -> None:
        """Delete the entries; raise NotFound, with none deleted, if one is not there."""
        if not numbers:
            raise InvalidInput("there is no number to take off the list", field="number")
        async with self._store.begin() as tx:
            for number in sorted(set(numbers)):
                if not await tx.delete_do_not_call(account_id, [number]):
                    raise _not_listed(number)
            await tx.commit()


class DeleteDoNotCallOfSource:
    """Take all numbers of a source off the list."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, source: str) -> int:
        """Return how many there were; raise NotFound if there is no such source."""
        async with self._store.begin() as tx:
            deleted = await tx.delete_do_not_call_of(account_id, source)
            if not deleted:
                raise NotFound("source", repr(source))
            await tx.commit()
        return deleted


def _not_listed(number: PhoneNumber) -> NotFound:
    return NotFound("do-not-contact entry", number.digits)
