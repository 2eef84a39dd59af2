"""Calls acted on while they live: given another script, or ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from ringcast.domain.calls import Call, CallState
from ringcast.domain.errors import Conflict, NotFound, Unavailable
from ringcast.domain.ids import AccountId, CallId
from ringcast.domain.instructions import Script
from ringcast.domain.outcomes import Outcome
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store
from ringcast.services.call_commands import Ask, CallCommand, Command, EndNow, Redirect
from ringcast.services.changes import finished_calls

__all__ = [
    "CallElsewhere",
    "CallNotLive",
    "CommandCalls",
    "ControlCall",
    "HangUpCall",
    "RedirectCall",
]

_PATIENCE: Final = 5.0
"""Seconds in which a call takes what it is asked for."""


class CallNotLive(Conflict):
    """The call waits to be dialled, or is over."""

    def __init__(self, call: Call) -> None:
        super().__init__(f"call {call.id} is {call.state}: only a call that is up can be changed")
        self.call_id, self.state = call.id, call.state


class CallElsewhere(Unavailable):
    """The call lives, but on another server."""

    def __init__(self, call_id: CallId) -> None:
        super().__init__(
            f"call {call_id} is up on another server, or has just ended: ask that server"
        )
        self.call_id = call_id


class CommandCalls(Protocol):
    """The calls that live on this server."""

    def command(self, call_id: CallId, command: Command) -> bool:
        """Give a call a command; return False if no such call lives here."""


class RedirectCall:
    """Have a live call run another script in place of its own."""

    def __init__(self, *, store: Store, calls: CommandCalls) -> None:
        self._store = store
        self._calls = calls

    async def __call__(self, account_id: AccountId, call_id: CallId, script: Script) -> Call:
        """Return the call; what it plays is silent at once, and the new script begins.

        A call that still rings runs it when it is answered. The legs of a transfer part. Recordings
        in the background go on. Raises NotFound, CallNotLive, CallElsewhere.
        """
        call = await _call(self._store, account_id, call_id)
        if call.state is not CallState.ACTIVE:
            raise CallNotLive(call)
        if not self._calls.command(call_id, Redirect(script)):
            raise CallElsewhere(call_id)
        return call


class ControlCall:
    """Have a live call do something: play, stop, collect keys, send them, record, be answered."""

    def __init__(self, *, store: Store, calls: CommandCalls) -> None:
        self._store = store
        self._calls = calls

    async def __call__(self, account_id: AccountId, call_id: CallId, command: CallCommand) -> Call:
        """Return the call when that is done or under way.

        What comes of it is told by events of the call. Raises NotFound, CallNotLive, CommandRefused
        if the call cannot do it now, CallElsewhere, and Unavailable where it is not done.
        """
        call = await _call(self._store, account_id, call_id)
        if call.state is not CallState.ACTIVE:
            raise CallNotLive(call)
        asked = Ask(command, asyncio.get_running_loop().create_future())
        if not self._calls.command(call_id, asked):
            raise CallElsewhere(call_id)
        try:
            async with asyncio.timeout(_PATIENCE):
                await asked.taken
        except TimeoutError as error:
            raise Unavailable(f"call {call_id} is busy with something else") from error
        return call


class HangUpCall:
    """End a call, whether it waits to be dialled, rings or is answered."""

    def __init__(
        self, *, store: Store, calls: CommandCalls, clock: Clock, wake: Callable[[], None]
    ) -> None:
        """`wake` has whoever announces ends of calls look at once."""
        self._store = store
        self._calls = calls
        self._clock = clock
        self._wake = wake

    async def __call__(
        self, account_id: AccountId, call_id: CallId, *, reason: str = "ended by a request"
    ) -> Call:
        """Return the call; one that was not dialled yet is over, CANCELED.

        Nothing is done to a call that is over. Raises NotFound, CallElsewhere.
        """
        call = await _call(self._store, account_id, call_id)
        if call.state is CallState.READY:
            call = await self._cancel(account_id, call_id)
        if call.state is CallState.ACTIVE and not self._calls.command(call_id, EndNow(reason)):
            raise CallElsewhere(call_id)
        return call

    async def _cancel(self, account_id: AccountId, call_id: CallId) -> Call:
        now = self._clock.now()
        async with self._store.begin() as tx:
            call = await tx.call(account_id, call_id, for_update=True)
            if call is None:
                raise NotFound("call", call_id)
            if call.state is not CallState.READY:
                return call  # it has just been dialled, or its campaign has ended it
            call = call.moved_to(CallState.FINISHED, now=now, outcome=Outcome.CANCELED)
            await tx.update_calls([call])
            await tx.announce(finished_calls([call]))
            await tx.commit()
        self._wake()
        return call


async def _call(store: Store, account_id: AccountId, call_id: CallId) -> Call:
    async with store.begin(read_only=True) as tx:
        call = await tx.call(account_id, call_id)
    if call is None:
        raise NotFound("call", call_id)
    return call
