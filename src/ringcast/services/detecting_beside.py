"""Finding out who has answered while the script goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ringcast.domain.events import AnswerDetected, CallEvent
from ringcast.domain.programs import CallFacts, Detect, DetectUntil, GreetingEnd, WhoAnswered
from ringcast.ports.engine import AnswerClassified, AnswerKind, DigitReceived, GreetingEnded
from ringcast.services.detecting import LONGEST_GREETING, WHO, settings_for
from ringcast.services.leg_actions import LegActions, News

__all__ = ["DetectBeside"]

_LATE: Final = timedelta(seconds=3)
"""How much longer than it may take a verdict is waited for."""


class DetectBeside:
    """Listens to one leg beside its script, and tells what it hears."""

    def __init__(
        self,
        actions: LegActions,
        facts: Callable[[], CallFacts],
        *,
        note: Callable[[AnswerKind], None],
        tell: Callable[[CallEvent], None],
        now: Callable[[], datetime],
    ) -> None:
        """`note` is told of each verdict, `tell` is given the events."""
        self._actions = actions
        self._facts = facts
        self._note = note
        self._tell = tell
        self._now = now
        self._heard: asyncio.Queue[News] = asyncio.Queue()

    async def __call__(self, step: Detect) -> None:
        """Find out who has answered; raise ValueError for limits that make no sense."""
        settings = settings_for(step)
        since = self._actions.seconds()
        with self._actions.listener(self._hear):
            await self._actions.engine.start_detection(self._actions.leg, settings)
            verdict = await self._next(settings.total + _LATE)
            spent = timedelta(seconds=self._actions.seconds() - since)
            if isinstance(verdict, AnswerClassified):
                await self._classified(verdict, step)
            elif isinstance(verdict, DigitReceived):
                self._note(AnswerKind.HUMAN)
                self._say(WhoAnswered.HUMAN, spent)
            else:
                self._say(WhoAnswered.UNKNOWN, spent)
            await self._actions.engine.stop_detection(self._actions.leg)

    async def _classified(self, verdict: AnswerClassified, step: Detect) -> None:
        self._note(verdict.kind)
        who, after = WHO[verdict.kind], verdict.after
        if verdict.kind is not AnswerKind.MACHINE or step.until is DetectUntil.VERDICT:
            self._say(who, after)
            return
        self._say(who, after, is_final=False)
        longest = LONGEST_GREETING
        if step.timeout is not None:
            longest = max(step.timeout - after, timedelta(seconds=0.02))
        until = self._actions.seconds() + longest.total_seconds()
        end = GreetingEnd.OTHER
        while (left := until - self._actions.seconds()) > 0:
            news = await self._next(timedelta(seconds=left))
            if isinstance(news, AnswerClassified):
                self._note(news.kind)
                who = WHO[news.kind]
            elif isinstance(news, GreetingEnded):
                end = GreetingEnd.BEEP if news.beep else GreetingEnd.SILENCE
                break
        self._say(who, after, end)

    def _hear(self, news: News) -> None:
        if isinstance(news, AnswerClassified | DigitReceived | GreetingEnded):
            self._heard.put_nowait(news)

    async def _next(self, within: timedelta) -> News | None:
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self._heard.get()
        except TimeoutError:
            return None

    def _say(
        self,
        who: WhoAnswered,
        after: timedelta,
        end: GreetingEnd | None = None,
        *,
        is_final: bool = True,
    ) -> None:
        facts = self._facts()
        self._tell(
            AnswerDetected(
                call_id=facts.call_id,
                attempt_id=facts.attempt_id,
                at=self._now(),
                who=who,
                after=after,
                greeting_end=end,
                is_final=is_final,
            )
        )
