"""Conferences of this server as its calls are in them, and what the engine does for that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from ringcast.domain.conferences import Conference, ConferenceMember, ConferenceState
from ringcast.domain.ids import AccountId, CallId
from ringcast.domain.programs import Prompt
from ringcast.ports.engine import CallEngine, Heard
from ringcast.ports.rooms import MemberPart
from ringcast.services.conference_news import ConferenceNews
from ringcast.services.conference_terms import HOLD_MUSIC
from ringcast.services.prompts import PromptMissing, Prompts

__all__ = ["FIRST_NUMBER", "LiveConference", "Seat", "Seating", "can_start"]

log = logging.getLogger(__name__)

FIRST_NUMBER: Final = 1 << 30
"""Playbacks of conferences on legs have numbers that scripts of calls do not come to."""


@dataclass(slots=True, eq=False)
class Seat:
    """A member on this server."""

    member: ConferenceMember
    while_on_hold: tuple[Prompt, ...]
    tell: Callable[[ConferenceNews], None] | None
    music: int | None = None
    """The playback that it hears on hold."""

    def news(self, news: ConferenceNews) -> None:
        """Tell the call."""
        if self.tell is not None:
            self.tell(news)


@dataclass(slots=True, eq=False)
class LiveConference:
    """A conference that this server holds."""

    conference: Conference
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    seats: dict[CallId, Seat] = field(default_factory=dict)
    announcing: dict[int, tuple[bool, str]] = field(default_factory=dict)
    """What is played to all: whether it is speech, and what it is called."""

    @property
    def is_active(self) -> bool:
        """Whether those who are there hear each other."""
        return self.conference.state is ConferenceState.ACTIVE


class Seating:
    """Seats members in the rooms of the engine; the lock of their conference is held."""

    def __init__(self, *, engine: CallEngine, prompts: Prompts) -> None:
        self._engine = engine
        self._prompts = prompts
        self._numbers = count(FIRST_NUMBER)

    def number(self) -> int:
        """Return a fresh number for a playback."""
        return next(self._numbers)

    async def seat(self, live: LiveConference, seat: Seat, *, afresh: bool = False) -> None:
        """Let a member be in the engine's room as what it is."""
        member = seat.member
        coached = None if member.coaches is None else live.seats.get(member.coaches)
        part = MemberPart(
            # Who coached somebody that has left is heard by nobody.
            is_muted=member.is_muted or (member.coaches is not None and coached is None),
            is_on_hold=member.is_on_hold,
            coaches=None if coached is None else coached.member.leg,
        )
        await self._engine.rooms.put(member.leg, live.conference.id, part)
        if seat.music is not None and (afresh or not member.is_on_hold):
            music, seat.music = seat.music, None
            await self._engine.stop_playback(member.leg, music)
        if member.is_on_hold and seat.music is None:
            await self._play_music(live, seat)

    async def unseat(self, live: LiveConference, seat: Seat) -> None:
        """Let a member be there no more."""
        if seat.music is not None:
            music, seat.music = seat.music, None
            await self._engine.stop_playback(seat.member.leg, music)
        await self._engine.rooms.remove(seat.member.leg, live.conference.id)

    async def _play_music(self, live: LiveConference, seat: Seat) -> None:
        heard = await self._music(live.conference.account_id, seat.while_on_hold)
        if heard:
            seat.music = self.number()
            await self._engine.play(seat.member.leg, seat.music, heard, None)

    async def music_again(self, live: LiveConference, call_id: CallId, ended: int) -> None:
        """Somebody on hold has heard an announcement: the music goes on."""
        async with live.lock:
            seat = live.seats.get(call_id)
            if seat is not None and seat.member.is_on_hold and ended != seat.music:
                await self._play_music(live, seat)

    async def _music(self, account_id: AccountId, prompts: tuple[Prompt, ...]) -> tuple[Heard, ...]:
        for wanted in (prompts, HOLD_MUSIC) if prompts else ():
            try:
                return await self._prompts.all_ready(account_id, wanted)
            except PromptMissing as missing:
                log.warning("hold music missing", extra={"why": missing.reason})
        return ()

    async def tone(self, live: LiveConference) -> None:
        """Let all hear that somebody comes or goes."""
        heard = await self._prompts.beep()
        await self._engine.rooms.play(live.conference.id, self.number(), [heard])


def can_start(live: LiveConference) -> bool:
    """Whether enough have come, and one with whom it starts."""
    enough = len(live.seats) >= live.conference.rules.starts_with
    return enough and any(seat.member.starts for seat in live.seats.values())
