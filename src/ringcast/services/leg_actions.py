"""What is done on one answered leg, by instructions of scripts and steps of programs alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

from ringcast.domain.ids import AttemptId
from ringcast.domain.instructions import Script
from ringcast.ports.clock import Clock
from ringcast.ports.engine import (
    AnswerClassified,
    AnswerKind,
    CallEngine,
    DetectionSettings,
    DigitReceived,
    DigitsSent,
    EngineEvent,
    GreetingEnded,
    Heard,
    LegEnded,
    PlaybackFinished,
)
from ringcast.services.conference_news import ConferenceNews
from ringcast.services.second_legs import SecondLegNews

__all__ = [
    "LegActions",
    "LegOver",
    "News",
    "NextNews",
    "NoVerdict",
    "Redirected",
    "WorkDone",
    "stopped",
]

T = TypeVar("T")
E = TypeVar("E", PlaybackFinished, DigitsSent)

_VERDICT_LATE: Final = timedelta(seconds=3)
"""How much longer than it may take a verdict is waited for."""


@dataclass(frozen=True, slots=True)
class WorkDone:
    """Something that was waited for beside the leg has ended (`LegActions.during`)."""

    task: asyncio.Future[Any]


News: TypeAlias = EngineEvent | SecondLegNews | ConferenceNews | WorkDone
NextNews: TypeAlias = Callable[[float | None], Awaitable[News | None]]
"""Gives the next news of the leg, or None when that moment of the monotonic clock has come.

Raises LegOver after the last event, and Redirected when the call is given another script.
"""


class LegOver(Exception):
    """The leg has ended: control flow of the call flow, no fault."""

    def __init__(self, event: LegEnded) -> None:
        super().__init__(event.reason)
        self.event = event


class Redirected(Exception):
    """The call was given another script: control flow of the call flow, no fault."""

    def __init__(self, script: Script) -> None:
        super().__init__("another script")
        self.script = script


class LegActions:
    """Acts on one answered leg and waits for what comes of it.

    Whoever is interrupted by LegOver or Redirected leaves what it has begun as it is: `quiet` ends
    it.
    """

    def __init__(
        self,
        *,
        leg: AttemptId,
        engine: CallEngine,
        clock: Clock,
        next_news: NextNews,
        deliver: Callable[[News], None],
    ) -> None:
        """`deliver` adds to the news that `next_news` gives."""
        self.leg = leg
        self.engine = engine
        self._clock = clock
        self._next_news = next_news
        self._deliver = deliver
        self._numbers = count(1)
        self._playing: int | None = None
        self._is_detecting = False
        self._hearing_keys = 0
        self._listeners: list[Callable[[News], None]] = []

    # Waiting

    async def next_news(self, until: float | None = None) -> News | None:
        """Return the next news of the leg, or None when that moment has come."""
        news = await self._next_news(until)
        if news is not None:
            for listener in self._listeners:
                listener(news)
        return news

    @contextmanager
    def listener(self, listener: Callable[[News], None]) -> Iterator[None]:
        """Call `listener` with all news meanwhile; it may raise to interrupt what is done."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    @asynccontextmanager
    async def hearing_keys(self) -> AsyncIterator[None]:
        """Hear keys also where they come as tones; listening to all calls always would cost."""
        self._hearing_keys += 1
        if self._hearing_keys == 1:
            await self.engine.listen_for_keys(self.leg)
        try:
            yield
        finally:
            self._hearing_keys -= 1
            if not self._hearing_keys:
                await self.engine.stop_listening_for_keys(self.leg)

    def hear_always(self, listener: Callable[[News], None]) -> None:
        """Call `listener` with all news from here on."""
        self._listeners.append(listener)

    def after(self, length: timedelta) -> float:
        """Return the moment on the monotonic clock when so much time will have passed."""
        return self._clock.monotonic() + length.total_seconds()

    def seconds(self) -> float:
        """Return the monotonic clock."""
        return self._clock.monotonic()

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Start work beside the leg, whose end comes as news; whoever starts it sees to its end."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda done: self._deliver(WorkDone(done)))
        return task

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work returns; it is cancelled if the leg is over or redirected first."""
        task = self.begin(work)
        try:
            while not task.done():
                await self.next_news()
            return task.result()
        finally:
            await stopped([task])

    def tell(self, news: News) -> None:
        """Add to the news of the leg."""
        self._deliver(news)

    def number(self) -> int:
        """Return a fresh number for a playback, a recording or another leg."""
        return next(self._numbers)

    # Doing

    async def play(
        self, audio: Sequence[Heard], loop: int | None = 1, *, number: int | None = None
    ) -> int:
        """Begin to play in place of what plays; return the playback's number.

        `number` is one that was taken for it before.
        """
        self._playing = playback = self.number() if number is None else number
        await self.engine.play(self.leg, playback, audio, loop)
        return playback

    async def play_out(self, audio: Sequence[Heard], loop: int | None = 1) -> None:
        """Play to the end."""
        playback = await self.play(audio, loop)
        await self._wait_for(PlaybackFinished, lambda e: e.playback == playback)

    async def stop(self, playback: int | None) -> None:
        """Stop a playback, if it is the one that plays."""
        if playback is not None:
            await self.engine.stop_playback(self.leg, playback)

    async def pause(self, length: timedelta) -> str:
        """Do nothing for a while; return the keys pressed meanwhile."""
        keys = ""
        until = self.after(length)
        while (news := await self.next_news(until)) is not None:
            if isinstance(news, DigitReceived):
                keys += news.digit
        return keys

    async def park(self) -> NoReturn:
        """Do nothing but hear keys until the leg is over, or redirected."""
        async with self.hearing_keys():
            while True:
                await self.next_news()

    async def send_digits(self, digits: str) -> None:
        """Send DTMF to its end."""
        await self.engine.send_digits(self.leg, digits)
        await self._wait_for(DigitsSent, lambda _: True)

    async def hang_up(self, reason: str) -> NoReturn:
        """End the leg; raises LegOver when it has ended."""
        await self.engine.hang_up(self.leg, reason=reason)
        while True:
            with suppress(Redirected):  # too late
                await self.next_news()

    async def stop_playing(self) -> None:
        """Stop what plays."""
        await self.stop(self._playing)
        self._playing = None

    async def quiet(self) -> None:
        """End what plays and what listens."""
        await self.stop_playing()
        if self._is_detecting:
            await self.stop_detection()

    # Who has answered

    async def verdict(self, settings: DetectionSettings) -> AnswerClassified | None:
        """Find out who has answered; None if a key was pressed first (a person).

        A machine is listened to until `stop_detection`, which ends the detection in any case.
        """
        self._is_detecting = True
        since = self.seconds()
        await self.engine.start_detection(self.leg, settings)
        until = self.after(settings.total + _VERDICT_LATE)
        while True:
            news = await self.next_news(until)
            if isinstance(news, AnswerClassified):
                return news
            if isinstance(news, DigitReceived):
                return None
            if news is None:
                raise NoVerdict(timedelta(seconds=self.seconds() - since))

    async def greeting_end(
        self, longest: timedelta, *, on_news: Callable[[AnswerKind], None]
    ) -> GreetingEnded | None:
        """Wait until a machine's greeting is over; None if it goes on for so long.

        `on_news` is told if the machine turns out to be something else.
        """
        until = self.after(longest)
        while True:
            news = await self.next_news(until)
            if isinstance(news, AnswerClassified):
                on_news(news.kind)
            if news is None or isinstance(news, GreetingEnded):
                return news

    async def stop_detection(self) -> None:
        """End the detection."""
        self._is_detecting = False
        await self.engine.stop_detection(self.leg)

    async def _wait_for(self, kind: type[E], wanted: Callable[[E], bool]) -> None:
        while True:
            news = await self.next_news()
            if isinstance(news, kind) and wanted(news):
                return


class NoVerdict(Exception):
    """Detection came to no verdict in its time: a fault of the engine."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"no verdict in {after.total_seconds():g} s")
        self.after = after


async def stopped(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel what has not ended, and wait for it."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
