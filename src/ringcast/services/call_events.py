"""What has happened on a call, looked at; and identifiers for what will."""

from __future__ import annotations

from collections.abc import Sequence

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, CallId
from ringcast.ports.clock import Clock
from ringcast.ports.store import NumberedEvent, Store

__all__ = ["EventsOfCall", "NewId"]


class EventsOfCall:
    """Look at the events of a call."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, call_id: CallId) -> Sequence[NumberedEvent]:
        """Return them in order; raise NotFound if the account has no such call."""
        async with self._store.begin(read_only=True) as tx:
            if await tx.call(account_id, call_id) is None:
                raise NotFound("call", call_id)
            return await tx.events_of(call_id)


class NewId:
    """Take an identifier for something that a call is asked for, before it is asked."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self) -> int:
        """Return one."""
        (new_id,) = await self._store.take_ids(1, self._clock.now())
        return new_id
