"""Connecting a leg to others: they are dialled while it waits, and the two hear each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import CallId
from ringcast.domain.outcomes import Outcome
from ringcast.ports.engine import DigitReceived, Heard, PlaybackFinished, Unbridged
from ringcast.services.leg_actions import LegActions, LegOver, News
from ringcast.services.scripted_call import ScriptedCall
from ringcast.services.second_legs import SecondAnswered, SecondCall, SecondOver

__all__ = ["CallerLeft", "Connected", "Connecting", "connect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Connecting:
    """Whom to dial, and what is heard meanwhile."""

    calls: Sequence[SecondCall]
    in_turn: bool = False
    """One after the other; otherwise all at once, and the first to be ready wins."""
    first_heard: Sequence[Heard] = ()
    """Played to its end, also if somebody is ready before."""
    ringing: Sequence[Heard] = ()
    """Played after it, over and over, until somebody is ready."""
    time_limit: timedelta | None = None
    end_on: str = ""
    """The keys with which the first leg ends the connection."""
    on_connected: Callable[[], Awaitable[None]] | None = None
    """Done once they hear each other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connected:
    """What came of it."""

    outcome: Outcome
    place: int
    """Which of the calls it is about: the one connected, or the last one that came to nothing."""
    call_id: CallId | None = None
    length: timedelta = timedelta()
    """How long they heard each other."""
    sip_status: int | None = None
    ended_by_key: str | None = None


class CallerLeft(LegOver):
    """The first leg has ended meanwhile; `came` is what came of it until then."""

    def __init__(self, over: LegOver, came: Connected) -> None:
        super().__init__(over.event)
        self.came = came


_NOBODY: Final = Connected(outcome=Outcome.UNDIALED, place=0)


async def connect(actions: LegActions, call: ScriptedCall, wanted: Connecting) -> Connected:
    """Dial, connect, and return when they have parted; the leg itself lives on.

    Raises CallerLeft if it does not, and whatever else the actions raise.
    """
    attempt = _Attempt(actions, call, wanted)
    try:
        ready = await attempt.first_ready()
        if ready is None:
            return attempt.last
        if not wanted.end_on:
            return await attempt.see_through(ready)
        async with actions.hearing_keys():
            return await attempt.see_through(ready)
    except LegOver as over:
        raise CallerLeft(over, attempt.so_far()) from over
    finally:  # also when the first leg is over
        await attempt.end_all()


class _Attempt:
    """One try to connect."""

    def __init__(self, actions: LegActions, call: ScriptedCall, wanted: Connecting) -> None:
        self._actions = actions
        self._call = call
        self._wanted = wanted
        self._waiting = list(enumerate(wanted.calls))
        self._places: dict[int, int] = {}
        """Those that are being dialled or are ready, and their places."""
        self._ready: SecondAnswered | None = None
        self._first_heard: int | None = None
        self._ringing: int | None = None
        self.last = _NOBODY
        self._connected: tuple[SecondAnswered, int, float] | None = None

    def so_far(self) -> Connected:
        """Return what has come of it when the first leg ends."""
        if self._connected is None:
            return replace(self.last, outcome=Outcome.CANCELED)
        ready, place, since = self._connected
        return Connected(
            outcome=Outcome.HUMAN,
            place=place,
            call_id=ready.call_id,
            length=timedelta(seconds=self._actions.seconds() - since),
        )

    async def first_ready(self) -> SecondAnswered | None:
        """Dial until somebody is ready and what must be heard is over; None if nobody is left."""
        wanted = self._wanted
        if wanted.first_heard:
            self._first_heard = await self._actions.play(wanted.first_heard)
        else:
            await self._ring()
        self._dial()
        while self._first_heard is not None or self._ready is None:
            if self._first_heard is None and not self._places:
                break
            await self._take(await self._actions.next_news())
        await self._actions.stop(self._ringing)
        return self._ready

    async def see_through(self, ready: SecondAnswered) -> Connected:
        """Let the two hear each other until they part."""
        actions, wanted = self._actions, self._wanted
        place = self._places[ready.number]
        try:
            await actions.engine.bridge(actions.leg, ready.leg)
        except EngineUnavailable:
            return Connected(outcome=Outcome.INTERNAL_ERROR, place=place, call_id=ready.call_id)
        self._call.note_transferred()
        if wanted.on_connected is not None:
            await wanted.on_connected()
        since = actions.seconds()
        self._connected = (ready, place, since)
        until = None if wanted.time_limit is None else actions.after(wanted.time_limit)
        key = None
        while not self._is_over(news := await actions.next_news(until), ready):
            if isinstance(news, DigitReceived) and news.digit in wanted.end_on:
                key = news.digit
                break
        return Connected(
            outcome=Outcome.HUMAN,
            place=place,
            call_id=ready.call_id,
            length=timedelta(seconds=actions.seconds() - since),
            ended_by_key=key,
        )

    async def end_all(self) -> None:
        """End every second leg."""
        numbers, self._places = list(self._places), {}
        for number in numbers:
            await self._call.end_second(number)

    def _is_over(self, news: News | None, ready: SecondAnswered) -> bool:
        if isinstance(news, SecondOver) and news.number == ready.number:
            del self._places[ready.number]
            return True
        return news is None or (isinstance(news, Unbridged) and news.other == ready.leg)

    def _dial(self) -> None:
        """Dial the next one, or all."""
        count = 1 if self._wanted.in_turn else len(self._waiting)
        now, self._waiting = self._waiting[:count], self._waiting[count:]
        for place, one in now:
            number = self._actions.number()
            self._places[number] = place
            self._call.place_second(number, one)

    async def _take(self, news: News | None) -> None:
        match news:
            case PlaybackFinished() if news.playback == self._first_heard:
                self._first_heard = None
                if self._ready is None and self._places:
                    await self._ring()
            case SecondAnswered() if news.number in self._places and self._ready is None:
                self._ready = news
                others = [number for number in self._places if number != news.number]
                for number in others:
                    del self._places[number]
                    await self._call.end_second(number)
            case SecondOver() if news.number in self._places:
                place = self._places.pop(news.number)
                self.last = Connected(
                    outcome=news.outcome,
                    place=place,
                    call_id=news.call_id,
                    sip_status=news.sip_status,
                )
                if self._ready is not None:
                    self._ready = None
                elif not self._places:
                    self._dial()

    async def _ring(self) -> None:
        if self._wanted.ringing:
            self._ringing = await self._actions.play(self._wanted.ringing, None)
