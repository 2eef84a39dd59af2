"""Conferences: opened, joined, left, changed and ended, on any engine.

How dialects use it:

- A script's step (`domain.programs.JoinConference`) lets its call join the conference of a name,
  which is made if there is none, and waits there until the call leaves, is taken out, or the
  conference ends.
- A request makes a conference (`create`) and adds a live call to it, beside the script of that call
  (`conference_reading.AddCall`).
- Requests change members (`change`), take them out (`remove`), play to all or to one (`announce`,
  `stop_announcement`), and end a conference (`end`); `conference_reading` reads them.

What is refused is in `conference_terms`. All that happens is told by events
(`domain.conference_events`, topic CONFERENCE_EVENT), written in the transaction of the change;
`Follower.following` subscribes to one conference.

A conference lives on the server that its first member's call is on, as calls do: others are told
ConferenceElsewhere. When that server dies its calls end, and `EndOrphanedConferences` ends the
conference. One that nobody has joined yet belongs to no server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

from ringcast.domain.conference_events import (
    AnnouncementEnded,
    AnnouncementStarted,
    ConferenceEvent,
    ConferenceOpened,
    ConferenceStarted,
)
from ringcast.domain.conferences import (
    Conference,
    ConferenceMember,
    ConferenceState,
    EndReason,
    MemberChange,
)
from ringcast.domain.errors import Conflict, NotFound, Unavailable
from ringcast.domain.ids import AccountId, AttemptId, CallId, ConferenceId, MemberId
from ringcast.domain.programs import Prompt, Spoken
from ringcast.ports.clock import Clock
from ringcast.ports.engine import CallEngine, EngineEvent, LegEnded, PlaybackFinished
from ringcast.ports.rooms import RoomEvent, RoomPlaybackFinished
from ringcast.ports.store import Store
from ringcast.services.conference_events import changed, joined, left
from ringcast.services.conference_events import member as new_member
from ringcast.services.conference_news import ConferenceBegun, ConferenceOver
from ringcast.services.conference_seats import (
    FIRST_NUMBER,
    LiveConference,
    Seat,
    Seating,
    can_start,
)
from ringcast.services.conference_terms import (
    AlreadyThere,
    ConferenceElsewhere,
    ConferenceEnded,
    ConferenceFull,
    ConferenceIdle,
    Joining,
    NotCoachable,
    Opening,
)
from ringcast.services.conference_writing import (
    EndOrphanedConferences,
    announcements,
    departures,
    follow,
    surely_written,
)
from ringcast.services.prompts import Prompts

__all__ = ["Conferences"]

log = logging.getLogger(__name__)


class Conferences:
    """The conferences whose calls are on this server; give it the engine's events."""

    def __init__(
        self,
        *,
        store: Store,
        engine: CallEngine,
        clock: Clock,
        holder: str,
        hold_for: timedelta,
        prompts: Prompts,
    ) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._holder = holder
        self._hold_for = hold_for
        self._prompts = prompts
        self._live: dict[ConferenceId, LiveConference] = {}
        self._of_leg: dict[AttemptId, tuple[LiveConference, CallId]] = {}
        self._doors: WeakValueDictionary[tuple[AccountId, str], asyncio.Lock] = (
            WeakValueDictionary()
        )
        self._seating = Seating(engine=engine, prompts=prompts)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def legs(self) -> Collection[AttemptId]:
        """The legs that are in conferences here."""
        return self._of_leg.keys()

    # Coming and going

    async def create(
        self, account_id: AccountId, name: str | None = None, opening: Opening | None = None
    ) -> Conference:
        """Make a conference that nobody is in yet; without a name it has its number.

        Raises Conflict if the account has one of that name.
        """
        opening = opening or Opening()
        now = self._clock.now()
        new_id, *ids = await self._store.take_ids(1 + len(opening.followers), now)
        conference = Conference(
            id=ConferenceId(new_id),
            account_id=account_id,
            name=str(new_id) if name is None else name,
            state=ConferenceState.WAITING,
            created_at=now,
            updated_at=now,
            rules=opening.rules,
            options=opening.options,
        )
        async with self._store.begin() as tx:
            await tx.add_conference(conference)
            await follow(tx, conference, opening.followers, ids)
            opened = ConferenceOpened(conference_id=conference.id, at=now)
            await tx.announce(announcements(account_id, [opened]))
            await tx.commit()
        return conference

    async def join(
        self, account_id: AccountId, name: str, joining: Joining, opening: Opening | None = None
    ) -> ConferenceMember:
        """Let an answered call join the conference of a name, which is made if there is none.

        Raises ConferenceFull, ConferenceElsewhere, AlreadyThere, NotCoachable, Unavailable.
        """
        while True:
            async with self._store.begin(read_only=True) as tx:
                found = await tx.open_conference(account_id, name)
            if found is None:
                try:
                    found = await self.create(account_id, name, opening)
                except Conflict:
                    continue  # another call was first
            try:
                return await self.add(account_id, found.id, joining)
            except ConferenceEnded:
                continue  # it ended meanwhile: its name is free

    async def add(
        self, account_id: AccountId, conference_id: ConferenceId, joining: Joining
    ) -> ConferenceMember:
        """Let an answered call join a conference that is there.

        Raises NotFound, ConferenceEnded, ConferenceFull, ConferenceElsewhere, AlreadyThere,
        NotCoachable, Unavailable.
        """
        live = await self._held(account_id, conference_id)
        async with live.lock:
            conference = live.conference
            if conference.state.is_final:
                raise ConferenceEnded(conference)
            if joining.leg in self._of_leg:
                raise AlreadyThere(joining.call_id)
            if len(live.seats) >= conference.rules.max_members:
                raise ConferenceFull(conference)
            if joining.coaches is not None and joining.coaches not in live.seats:
                raise NotCoachable(joining.coaches)
            return await self._write_arrival(live, joining)

    async def _write_arrival(self, live: LiveConference, joining: Joining) -> ConferenceMember:
        now = self._clock.now()
        (new_id,) = await self._store.take_ids(1, now)
        before = live.conference
        member = new_member(MemberId(new_id), before, joining, now=now)
        seat = Seat(member, joining.while_on_hold, joining.tell)
        live.seats[joining.call_id] = seat
        self._of_leg[joining.leg] = live, joining.call_id  # its end may come meanwhile
        starts = before.state is ConferenceState.WAITING and can_start(live)
        conference = before.moved_to(ConferenceState.ACTIVE, now=now) if starts else before
        events: list[ConferenceEvent] = [joined(member, len(live.seats), at=now)]
        try:
            if starts:
                events.append(ConferenceStarted(conference_id=conference.id, at=now))
                await self._engine.rooms.open(conference.id)
            async with self._store.begin() as tx:
                await tx.add_member(member)
                await tx.update_conference(replace(conference, updated_at=now))
                await tx.announce(announcements(conference.account_id, events))
                await tx.commit()
        except BaseException:
            del live.seats[joining.call_id]
            self._of_leg.pop(joining.leg, None)
            if starts:
                await self._engine.rooms.close(conference.id)
            raise
        live.conference = conference
        arrived = list(live.seats.values()) if starts else [seat]
        if live.is_active:
            for one in arrived:
                await self._seating.seat(live, one)
                one.news(ConferenceBegun(conference.id))
            if member.tone_on_join:
                await self._seating.tone(live)
        return member

    async def remove(
        self, account_id: AccountId, conference_id: ConferenceId, call_id: CallId
    ) -> None:
        """Take a call out; it goes on. Raises NotFound, ConferenceEnded, ConferenceElsewhere."""
        live = await self._living(account_id, conference_id)
        if call_id not in live.seats:
            raise NotFound("member", call_id)
        await self._leave(live, call_id)

    async def leave(self, leg: AttemptId) -> None:
        """A call leaves by itself; do nothing if it is in no conference."""
        if leg in self._of_leg:
            live, call_id = self._of_leg[leg]
            await self._leave(live, call_id, is_told=False)

    def leave_soon(self, leg: AttemptId) -> None:
        """A call leaves by itself, whatever becomes of whoever says so."""
        if leg in self._of_leg:
            self._begin(self.leave(leg))

    async def end(
        self,
        account_id: AccountId,
        conference_id: ConferenceId,
        *,
        reason: EndReason = EndReason.REQUEST,
    ) -> Conference:
        """End a conference; the calls in it go on. Raises NotFound and ConferenceElsewhere.

        One that has ended is returned as it is.
        """
        conference = await self._stored(account_id, conference_id)
        if conference.state.is_final:
            return conference
        live = await self._held(account_id, conference_id)
        async with live.lock:
            if not live.conference.state.is_final:
                await self._end(live, reason)
            return live.conference

    async def _leave(self, live: LiveConference, call_id: CallId, *, is_told: bool = True) -> None:
        async with live.lock:
            seat = live.seats.pop(call_id, None)
            if seat is None or live.conference.state.is_final:
                return
            now = self._clock.now()
            member = replace(seat.member, left_at=now, updated_at=now)
            self._of_leg.pop(member.leg, None)
            await self._seating.unseat(live, seat)
            gone = left(member, len(live.seats), at=now)
            if is_told:
                seat.news(ConferenceOver(live.conference.id, has_ended=False))
            if member.ends:
                await self._end(live, EndReason.MEMBER_LEFT, by=member, before=[gone])
            elif not live.seats:
                await self._end(live, EndReason.EMPTY, by=member, before=[gone])
            else:
                if live.is_active and member.tone_on_leave:
                    await self._seating.tone(live)
                live.conference = replace(live.conference, updated_at=now)
                await surely_written(self._store, live.conference, [member], [gone])

    async def _end(
        self,
        live: LiveConference,
        reason: EndReason,
        *,
        by: ConferenceMember | None = None,
        before: Sequence[ConferenceEvent] = (),
    ) -> None:
        """End a conference whose lock is held; `by` has just left, of which `before` tells."""
        was_active = live.is_active
        call_id = None if by is None else by.call_id
        live.conference = over = live.conference.ended(reason, now=self._clock.now(), by=call_id)
        seats, live.seats = list(live.seats.values()), {}
        for seat in seats:
            self._of_leg.pop(seat.member.leg, None)
            await self._seating.unseat(live, seat)
        if was_active:
            await self._engine.rooms.close(over.id)
        gone, events = departures(over, [seat.member for seat in seats])
        if by is not None:
            gone.append(by)
        self._live.pop(over.id, None)
        try:
            await surely_written(self._store, over, gone, [*before, *events])
        finally:
            for seat in seats:
                seat.news(ConferenceOver(over.id, has_ended=True))

    # Changing

    async def change(
        self,
        account_id: AccountId,
        conference_id: ConferenceId,
        call_id: CallId,
        change: MemberChange,
        *,
        while_on_hold: tuple[Prompt, ...] | None = None,
    ) -> ConferenceMember:
        """Mute a member, put it on hold, or let it coach; the other way round, too.

        `while_on_hold` is what it hears on hold from here on. Raises NotFound, ConferenceEnded,
        ConferenceElsewhere, NotCoachable, Unavailable.
        """
        live = await self._living(account_id, conference_id)
        async with live.lock:
            seat = live.seats.get(call_id)
            if seat is None:
                raise NotFound("member", call_id)
            if change.coaches is not None and change.coaches not in live.seats:
                raise NotCoachable(change.coaches)
            now = self._clock.now()
            before = seat.member
            member = change.of(before, now=now)
            events = [changed(before, member, len(live.seats), at=now)]
            conference = replace(live.conference, updated_at=now)
            async with self._store.begin() as tx:
                await tx.update_members([member])
                await tx.update_conference(conference)
                await tx.announce(announcements(account_id, events))
                await tx.commit()
            live.conference, seat.member = conference, member
            if while_on_hold is not None:
                seat.while_on_hold = while_on_hold
            if live.is_active:
                await self._seating.seat(live, seat, afresh=while_on_hold is not None)
            return member

    async def announce(
        self,
        account_id: AccountId,
        conference_id: ConferenceId,
        prompts: Sequence[Prompt],
        *,
        loop: int | None = 1,
        to: CallId | None = None,
        reference: str = "",
    ) -> None:
        """Play to all members, or to one alone; return when it is under way.

        Raises NotFound, ConferenceEnded, ConferenceIdle, ConferenceElsewhere, PromptMissing.
        """
        heard = await self._prompts.all_ready(account_id, prompts)
        live = await self._living(account_id, conference_id)
        number = self._seating.number()
        async with live.lock:
            if to is not None:
                if to not in live.seats:
                    raise NotFound("member", to)
                await self._engine.play(live.seats[to].member.leg, number, heard, loop)
                return
            if not live.is_active:
                raise ConferenceIdle(live.conference)
            is_speech = any(isinstance(one, Spoken) for one in prompts)
            started = AnnouncementStarted(
                conference_id=conference_id,
                at=self._clock.now(),
                is_speech=is_speech,
                reference=reference,
            )
            async with self._store.begin() as tx:
                await tx.announce(announcements(account_id, [started]))
                await tx.commit()
            live.announcing[number] = is_speech, reference
            await self._engine.rooms.play(conference_id, number, heard, loop)

    async def stop_announcement(
        self, account_id: AccountId, conference_id: ConferenceId, *, is_speech: bool | None = None
    ) -> bool:
        """Stop what is played to all (speech, or other sounds); return whether there was any.

        Raises NotFound, ConferenceEnded and ConferenceElsewhere.
        """
        live = await self._living(account_id, conference_id)
        wanted = [
            number for number, (speech, _) in live.announcing.items() if is_speech in (None, speech)
        ]
        for number in wanted:
            await self._engine.rooms.stop_playback(conference_id, number)
        return bool(wanted)

    # What the engine tells

    def note(self, event: EngineEvent) -> None:
        """Take an event of a leg."""
        if event.leg not in self._of_leg:
            return
        if isinstance(event, LegEnded):
            self.leave_soon(event.leg)
        elif isinstance(event, PlaybackFinished) and event.playback >= FIRST_NUMBER:
            live, call_id = self._of_leg[event.leg]
            self._begin(self._seating.music_again(live, call_id, event.playback))

    def note_room(self, event: RoomEvent) -> None:
        """Take an event of a room."""
        live = self._live.get(event.room)
        if live is None or not isinstance(event, RoomPlaybackFinished):
            return
        announced = live.announcing.pop(event.playback, None)
        if announced is None:
            return
        is_speech, reference = announced
        ended = AnnouncementEnded(
            conference_id=event.room,
            at=event.at,
            is_speech=is_speech,
            reference=reference,
            failed=event.failed,
        )
        self._begin(surely_written(self._store, live.conference, [], [ended]))

    async def run(self) -> None:
        """Say regularly that this server lives, and end what dead ones leave, until cancelled."""
        orphans = EndOrphanedConferences(store=self._store, clock=self._clock)
        while True:
            try:
                await orphans()
                if self._live:
                    async with self._store.begin() as tx:
                        await tx.extend_conferences(
                            self._holder, self._clock.now() + self._hold_for
                        )
                        await tx.commit()
            except Unavailable:
                log.warning("store unavailable, hold on conferences not prolonged")
            await asyncio.sleep(self._hold_for.total_seconds() / 3)

    async def drained(self) -> None:
        """Return when what was begun is written."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # Inside

    async def _stored(self, account_id: AccountId, conference_id: ConferenceId) -> Conference:
        async with self._store.begin(read_only=True) as tx:
            conference = await tx.conference(account_id, conference_id)
        if conference is None:
            raise NotFound("conference", conference_id)
        return conference

    async def _living(self, account_id: AccountId, conference_id: ConferenceId) -> LiveConference:
        """Return a conference of this server that somebody has joined."""
        live = self._live.get(conference_id)
        if live is not None and live.conference.account_id == account_id:
            return live
        conference = await self._stored(account_id, conference_id)
        if conference.state.is_final:
            raise ConferenceEnded(conference)
        if conference.holder is None:
            raise ConferenceIdle(conference)
        raise ConferenceElsewhere(conference)

    async def _held(self, account_id: AccountId, conference_id: ConferenceId) -> LiveConference:
        """Return a conference as this server's, made so if it is nobody's."""
        live = self._live.get(conference_id)
        if live is not None and live.conference.account_id == account_id:
            return live
        door = self._doors.setdefault((account_id, str(conference_id)), asyncio.Lock())
        async with door:
            live = self._live.get(conference_id)
            if live is not None and live.conference.account_id == account_id:
                return live
            async with self._store.begin() as tx:
                conference = await tx.conference(account_id, conference_id, for_update=True)
                if conference is None:
                    raise NotFound("conference", conference_id)
                if conference.state.is_final:
                    raise ConferenceEnded(conference)
                if conference.holder is not None:
                    raise ConferenceElsewhere(conference)
                until = self._clock.now() + self._hold_for
                conference = replace(conference, holder=self._holder, holder_until=until)
                await tx.update_conference(conference)
                await tx.commit()
            self._live[conference_id] = live = LiveConference(conference)
            return live

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_done)

    def _note_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("conference not seen to", exc_info=task.exception())
