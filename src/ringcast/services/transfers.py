"""A live call put through to somebody else at the wish of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import AccountId, CallId
from ringcast.domain.instructions import Script
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store
from ringcast.services.live_calls import CommandCalls, RedirectCall

__all__ = ["LiveSecondLegs", "TransferCall", "TransferFailed"]

_PATIENCE: Final = 6.0
"""Seconds in which the second leg is written down, or is not dialled at all."""
_LOOK: Final = 0.02


class TransferFailed(Unavailable):
    """Nobody is dialled: barred, no room, or the call has ended."""

    def __init__(self, call_id: CallId) -> None:
        super().__init__(f"call {call_id} could not be put through: nobody was dialled")
        self.call_id = call_id


class TransferCall:
    """Have a live call run a script that dials somebody, under an identifier chosen before."""

    def __init__(self, *, store: Store, calls: CommandCalls, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._redirect = RedirectCall(store=store, calls=calls)

    async def __call__(
        self, account_id: AccountId, call_id: CallId, script_for: Callable[[CallId], Script]
    ) -> CallId:
        """Return the second leg's call, which is written down.

        `script_for` makes the script that dials the call of that identifier
        (`domain.programs.DialTarget.call_id`). Raises as `RedirectCall`, and TransferFailed.
        """
        (new_id,) = await self._store.take_ids(1, self._clock.now())
        second = CallId(new_id)
        await self._redirect(account_id, call_id, script_for(second))
        until = self._clock.monotonic() + _PATIENCE
        while self._clock.monotonic() < until:
            async with self._store.begin(read_only=True) as tx:
                if await tx.call(account_id, second) is not None:
                    return second
                first = await tx.call(account_id, call_id)
            if first is None or first.state.is_final:
                break
            await asyncio.sleep(_LOOK)
        raise TransferFailed(call_id)


class LiveSecondLegs:
    """Tell which calls are being put through."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, call_ids: Collection[CallId]) -> Mapping[CallId, CallId]:
        """Return the second leg of each that has one, which is not over."""
        if not call_ids:
            return {}
        async with self._store.begin(read_only=True) as tx:
            return await tx.live_second_legs(call_ids)
