"""The core as `ringcast serve` runs it, in the process of the test: its reasons can be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ringcast.bootstrap.core import Core, running_core
from ringcast.config import Endpoint, Settings
from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, Call
from ringcast.domain.instructions import Pause, Script
from ringcast.domain.outcomes import Outcome
from ringcast.services.accounts import AddAccount
from ringcast.services.calls import GetCall, Recipient
from ringcast.services.numbers import AddNumber


@dataclass(frozen=True)
class Caller:
    """An account of a running core."""

    core: Core
    account: Account

    async def call(self, *numbers: str, talk: float = 0.3) -> Sequence[Call]:
        """Have the numbers called; whoever answers hears silence for `talk` seconds."""
        script = Script(instructions=(Pause(length=timedelta(seconds=talk)),))
        recipients = [Recipient(to=number, message=script) for number in numbers]
        return await self.core.send_calls(self.account, recipients)

    async def end_of(self, call: Call, *, within: float = 10.0) -> Attempt:
        """Return the only attempt of a call once it has ended."""
        async with asyncio.timeout(within):
            while True:
                found = await GetCall(store=self.core.store)(self.account.id, call.id)
                if found.call.state.is_final:
                    break
                await asyncio.sleep(0.05)
        (attempt,) = found.attempts
        assert attempt.outcome == found.call.outcome
        return attempt

    async def outcome(self, number: str, *, within: float = 10.0) -> tuple[Outcome | None, str]:
        """Call a number; return what came of it and the reason in plain words."""
        (call,) = await self.call(number)
        attempt = await self.end_of(call, within=within)
        return attempt.outcome, attempt.reason or ""


@asynccontextmanager
async def calling(directory: Path, **settings: Any) -> AsyncIterator[Caller]:
    """Run a core with an account that has a number."""
    chosen: dict[str, Any] = {
        "sip": Endpoint("127.0.0.1", 0),
        "media_workers": 1,
        "data_dir": directory,
        **settings,
    }
    async with running_core(Settings(**chosen)) as core:
        account, _ = await AddAccount(store=core.store, clock=core.clock)("school")
        await AddNumber(store=core.store, clock=core.clock)("+12135550199", account_name="school")
        yield Caller(core, account)
