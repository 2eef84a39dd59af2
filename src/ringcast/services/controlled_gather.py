"""Keys collected at the wish of a request, one gather at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ringcast.domain.events import GatherStarted, KeysGathered
from ringcast.domain.programs import GatherEnd
from ringcast.services.call_commands import BeginGather, EndGather, GatherOver, GatherUnderWay

if TYPE_CHECKING:
    from ringcast.services.call_control import CallControl

__all__ = ["CANCELED", "HUNG_UP", "ControlledGather"]

CANCELED: Final = "canceled"
HUNG_UP: Final = "hangup"


@dataclass(slots=True)
class _Gather:
    """Keys being collected."""

    wanted: BeginGather
    hearing: AsyncExitStack = field(repr=False)
    digits: str = ""
    timer: asyncio.Future[Any] | None = field(default=None, repr=False)


class ControlledGather:
    """The gather of a call, if there is one."""

    def __init__(self, control: CallControl, *, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._control = control
        self._sleep = sleep
        self._gather: _Gather | None = None

    async def begin(self, wanted: BeginGather) -> None:
        """Begin to collect; raise GatherUnderWay."""
        if self._gather is not None:
            raise GatherUnderWay
        hearing = AsyncExitStack()
        self._gather = gather = _Gather(wanted, hearing)
        await hearing.enter_async_context(self._control.actions.hearing_keys())
        facts, attempt_id, at = self._control.about()
        self._control.tell(
            GatherStarted(
                call_id=facts.call_id,
                attempt_id=attempt_id,
                at=at,
                gather_id=wanted.gather_id,
                reference=wanted.reference,
            )
        )
        if wanted.prompt is None:
            self._wait(gather)
        else:
            self._control.play(
                wanted.prompt, wanted.loop, wanted.reference, then=lambda: self._wait(gather)
            )

    async def end(self, command: EndGather) -> None:
        """Collect no more, as asked; raise GatherOver."""
        if self._gather is None or self._gather.wanted.gather_id != command.gather_id:
            raise GatherOver
        await self.canceled()

    async def canceled(self) -> None:
        """Collect no more."""
        gather = self._gather
        if gather is None:
            return
        has_prompt = gather.timer is None and not gather.digits and gather.wanted.prompt is not None
        self._finish(gather, CANCELED)
        if has_prompt:
            await self._control.hush()

    def over(self) -> None:
        """The leg has ended."""
        if self._gather is not None:
            self._finish(self._gather, HUNG_UP)

    def hear(self, key: str) -> None:
        """A key was pressed."""
        gather = self._gather
        if gather is None:
            return
        wanted = gather.wanted
        if gather.timer is None and wanted.prompt is not None:
            self._control.beside(self._control.hush())  # whoever presses a key has heard enough
        if key in wanted.finish_on:
            self._finish(gather, GatherEnd.FINISH_KEY)
            return
        gather.digits += key
        if wanted.max_digits is not None and len(gather.digits) >= wanted.max_digits:
            self._finish(gather, GatherEnd.MAX_DIGITS)
        else:
            self._wait(gather)

    def _wait(self, gather: _Gather) -> None:
        """Wait for a key for as long as one may take."""
        if self._gather is not gather:
            return
        if gather.timer is not None:
            gather.timer.cancel()
        gather.timer = self._control.beside(self._give_up(gather))

    async def _give_up(self, gather: _Gather) -> None:
        await self._sleep(gather.wanted.digit_timeout.total_seconds())
        if self._gather is gather:
            gather.timer = None  # it is this very task
            self._finish(gather, GatherEnd.TIMEOUT)

    def _finish(self, gather: _Gather, ended_by: str) -> None:
        self._gather = None
        if gather.timer is not None:
            gather.timer.cancel()
        self._control.beside(gather.hearing.aclose())
        facts, attempt_id, at = self._control.about()
        self._control.tell(
            KeysGathered(
                call_id=facts.call_id,
                attempt_id=attempt_id,
                at=at,
                gather_id=gather.wanted.gather_id,
                digits=gather.digits,
                ended_by=str(ended_by),
                reference=gather.wanted.reference,
            )
        )
