"""Conferences as services hold them, on each database and the simulated engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.conference_events import (
    AnnouncementEnded,
    AnnouncementStarted,
    ConferenceEnded,
    ConferenceEvent,
    ConferenceOpened,
    ConferenceStarted,
    MemberChanged,
    MemberJoined,
    MemberLeft,
)
from ringcast.domain.conferences import (
    ConferenceMember,
    ConferenceRules,
    ConferenceState,
    EndReason,
    MemberChange,
)
from ringcast.domain.errors import Conflict, EngineUnavailable, NotFound
from ringcast.domain.ids import AccountId, AttemptId, CallId, ConferenceId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import Spoken
from ringcast.domain.subscriptions import Follower, Topic
from ringcast.engines.simulator import FarEnd, SimulatedEngine
from ringcast.ports.engine import EngineEvent, Originate
from ringcast.ports.store import Page, Store
from ringcast.services.conference_news import ConferenceBegun, ConferenceNews, ConferenceOver
from ringcast.services.conference_reading import ReadConferences
from ringcast.services.conference_terms import (
    AlreadyThere,
    ConferenceElsewhere,
    ConferenceFull,
    ConferenceIdle,
    Joining,
    NotCoachable,
    Opening,
)
from ringcast.services.conference_terms import ConferenceEnded as HasEnded
from ringcast.services.conferences import Conferences
from ringcast.services.prompts import Prompts
from tests.contract.store_things import NOW, an_account, kept
from tests.fakes.sound_library import MemoryAudio, MemorySpeech

PHONE = PhoneNumber("12135550100")
HOLD_FOR = timedelta(seconds=30)
PAIR = Opening(
    rules=ConferenceRules(starts_with=2),
    followers=[
        Follower(
            dialect="test",
            topics=frozenset({Topic.CONFERENCE_EVENT}),
            url="http://there/",
            options={},
            max_attempts=1,
        )
    ],
)


@dataclass
class House:
    """A server with its engine; legs are answered from the start."""

    store: Store
    account: Account
    holder: str = "here"
    told: dict[CallId, list[ConferenceNews]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.audio = MemoryAudio()
        self.engine = SimulatedEngine(
            now=NOW,
            far_end=lambda _: FarEnd(),
            length_of=lambda digest: timedelta(seconds=self.audio.describe(digest).seconds),
        )
        self.prompts = Prompts(
            store=self.store,
            audio=self.audio,
            speech=MemorySpeech(self.audio),
            remote=None,  # type: ignore[arg-type] # nothing is fetched
        )
        self.conferences = Conferences(
            store=self.store,
            engine=self.engine,
            clock=self,
            holder=self.holder,
            hold_for=HOLD_FOR,
            prompts=self.prompts,
        )
        self.read = ReadConferences(store=self.store)
        self.events: list[EngineEvent] = []
        self._legs = count(1)

    def now(self) -> datetime:
        return self.engine.now

    def monotonic(self) -> float:
        return (self.engine.now - NOW).total_seconds()

    async def start(self) -> None:
        def deliver(event: EngineEvent) -> None:
            self.events.append(event)
            self.conferences.note(event)

        await self.engine.start(deliver, on_room=self.conferences.note_room)

    async def call(self, **of_joining: Any) -> Joining:
        """Make a call that is up."""
        leg = AttemptId(next(self._legs))
        await self.engine.originate(Originate(leg=leg, to=PHONE, from_number=None))
        self.engine.advance(timedelta(seconds=1))
        call_id = CallId(leg + 1000)
        news = self.told.setdefault(call_id, [])
        return Joining(call_id=call_id, leg=leg, tell=news.append, **of_joining)

    async def join(self, name: str = "daily", **of_joining: Any) -> ConferenceMember:
        joining = await self.call(**of_joining)
        return await self.conferences.join(self.account.id, name, joining, PAIR)

    async def pass_time(self, seconds: float = 0.0) -> None:
        self.engine.advance(timedelta(seconds=seconds))
        await self.conferences.drained()

    def hears(self, one: ConferenceMember, other: ConferenceMember) -> bool:
        return self.engine.rooms.hears(one.leg, other.leg)

    async def announced(self) -> Sequence[ConferenceEvent]:
        """Return what was announced since this was last asked, in order."""
        async with self.store.begin() as tx:
            entries = await tx.outbox(100)
            await tx.take_from_outbox([entry.sequence for entry in entries])
            await tx.commit()
        return [entry.announcement.event for entry in entries]  # type: ignore[misc]


@pytest.fixture
async def house(store: Store) -> AsyncIterator[House]:
    account = an_account()
    await kept(store, account)
    made = House(store, account)
    await made.start()
    yield made
    await made.engine.close()
    await made.conferences.drained()


def kinds(events: Sequence[ConferenceEvent]) -> list[type[ConferenceEvent]]:
    return [type(event) for event in events]


async def test_conference_starts_with_the_second_and_ends_with_the_last(house: House) -> None:
    one = await house.join()
    assert house.engine.rooms.part_of(one.leg) is None  # it waits
    assert kinds(await house.announced()) == [ConferenceOpened, MemberJoined]
    two = await house.join()

    assert kinds(await house.announced()) == [MemberJoined, ConferenceStarted]
    assert house.hears(one, two)
    assert house.hears(two, one)
    for member in (one, two):
        assert house.told[member.call_id] == [ConferenceBegun(one.conference_id)]

    await house.engine.hang_up(two.leg)
    await house.pass_time()
    await house.conferences.remove(house.account.id, one.conference_id, one.call_id)

    left, last, ended = await house.announced()
    assert isinstance(left, MemberLeft)
    assert isinstance(last, MemberLeft)
    assert isinstance(ended, ConferenceEnded)
    assert (left.call_id, left.members) == (two.call_id, 1)
    assert (last.call_id, last.members) == (one.call_id, 0)
    assert (ended.reason, ended.call_id) == (EndReason.EMPTY, one.call_id)
    assert house.told[one.call_id][1:] == [ConferenceOver(one.conference_id, has_ended=False)]
    details = await house.read.details(house.account.id, one.conference_id)
    assert details.conference.state is ConferenceState.ENDED
    assert [member.left_at is None for member in details.members] == [False, False]
    assert (await house.join()).conference_id != one.conference_id  # the name is free again


async def test_who_does_not_start_it_waits_with_others(house: House) -> None:
    first = await house.join(starts=False)
    second = await house.join(starts=False)
    assert not house.hears(first, second)

    third = await house.join()

    assert house.hears(first, second)
    assert house.hears(second, third)


async def test_conference_ends_with_who_ends_it(house: House) -> None:
    host = await house.join(ends=True)
    guests = [await house.join(), await house.join()]
    await house.announced()

    await house.engine.hang_up(host.leg)
    await house.pass_time()

    events = await house.announced()
    assert kinds(events) == [MemberLeft, MemberLeft, MemberLeft, ConferenceEnded]
    assert isinstance(events[-1], ConferenceEnded)
    assert (events[-1].reason, events[-1].call_id) == (EndReason.MEMBER_LEFT, host.call_id)
    assert [event.members for event in events[:3] if isinstance(event, MemberLeft)] == [2, 1, 0]
    for guest in guests:
        over = ConferenceOver(host.conference_id, has_ended=True)
        assert house.told[guest.call_id][-1] == over
        assert house.engine.rooms.part_of(guest.leg) is None


async def test_members_are_muted_held_and_coached(house: House) -> None:
    one, two, three = [await house.join() for _ in range(3)]
    account, conference = house.account.id, one.conference_id
    change = house.conferences.change
    await house.announced()

    muted = await change(account, conference, one.call_id, MemberChange(is_muted=True))
    assert muted.is_muted
    assert not house.hears(two, one)
    assert house.hears(one, two)
    await change(account, conference, one.call_id, MemberChange(is_muted=False))
    await change(account, conference, two.call_id, MemberChange(is_on_hold=True))
    assert not house.hears(two, one)
    assert len(house.engine.heard[two.leg]) == 1  # the music
    await house.conferences.announce(account, conference, [Spoken(text="soon")], to=two.call_id)
    await house.pass_time(5)
    assert len(house.engine.heard[two.leg]) == 3  # and the music again
    await change(account, conference, two.call_id, MemberChange(is_on_hold=False))
    assert house.hears(two, one)
    await change(account, conference, three.call_id, MemberChange(coaches=two.call_id))
    assert house.hears(two, three)
    assert not house.hears(one, three)
    await house.conferences.remove(account, conference, two.call_id)
    assert not house.hears(one, three)
    await change(account, conference, three.call_id, MemberChange(coaches_nobody=True))
    assert house.hears(one, three)

    changed = [event for event in await house.announced() if isinstance(event, MemberChanged)]
    assert [(e.was_muted, e.is_muted, e.was_on_hold, e.is_on_hold) for e in changed] == [
        (False, True, False, False),
        (True, False, False, False),
        (False, False, False, True),
        (False, False, True, False),
        (False, False, False, False),
        (False, False, False, False),
    ]
    with pytest.raises(NotCoachable):
        await change(account, conference, one.call_id, MemberChange(coaches=two.call_id))
    with pytest.raises(NotFound):
        await change(account, conference, two.call_id, MemberChange(is_muted=True))


async def test_all_hear_announcements_and_tones(house: House) -> None:
    one = await house.join(tone_on_join=True)
    account, conference = house.account.id, one.conference_id
    with pytest.raises(ConferenceIdle):
        await house.conferences.announce(account, conference, [Spoken(text="nobody hears")])
    assert conference not in house.engine.rooms.heard
    two = await house.join(tone_on_join=True, tone_on_leave=True)
    await house.announced()

    await house.conferences.announce(account, conference, [Spoken(text="hello")], reference="mine")
    await house.conferences.announce(account, conference, [Spoken(text="on")], loop=None)
    await house.pass_time(5)
    assert await house.conferences.stop_announcement(account, conference)
    assert not await house.conferences.stop_announcement(account, conference, is_speech=False)
    await house.pass_time()
    await house.conferences.remove(account, conference, two.call_id)

    assert len(house.engine.rooms.heard[conference]) == 4  # tone, hello, on, tone
    said = [
        (type(event), event.reference, event.is_speech)
        for event in await house.announced()
        if isinstance(event, AnnouncementStarted | AnnouncementEnded)
    ]
    assert said == [
        (AnnouncementStarted, "mine", True),
        (AnnouncementStarted, "", True),
        (AnnouncementEnded, "mine", True),
        (AnnouncementEnded, "", True),
    ]


async def test_request_makes_a_conference_and_ends_it(house: House) -> None:
    account = house.account.id
    made = await house.conferences.create(account)
    assert made.name == str(made.id)
    with pytest.raises(Conflict):
        await house.conferences.create(account, made.name)

    member = await house.conferences.add(account, made.id, await house.call())
    assert house.engine.rooms.part_of(member.leg) is not None  # one is enough here
    ended = await house.conferences.end(account, made.id)

    assert ended.end_reason is EndReason.REQUEST
    assert await house.conferences.end(account, made.id) == ended
    with pytest.raises(HasEnded):
        await house.conferences.add(account, made.id, await house.call())
    for other in (AccountId(999), account):
        with pytest.raises(NotFound):
            await house.conferences.end(other, ConferenceId(made.id if other != account else 5))
    nobodys = await house.conferences.create(account)
    assert (await house.conferences.end(account, nobodys.id)).state is ConferenceState.ENDED
    found, number = await house.read.find(account, Page(), states=[ConferenceState.ENDED])
    assert ([one.id for one in found], number) == ([nobodys.id, made.id], 2)


async def test_who_cannot_join_is_not_there(house: House) -> None:
    account = house.account.id
    small = Opening(rules=ConferenceRules(max_members=1))
    first = await house.call()
    await house.conferences.join(account, "small", first, small)
    with pytest.raises(ConferenceFull):
        await house.conferences.join(account, "small", await house.call(), small)
    with pytest.raises(AlreadyThere):
        await house.conferences.join(account, "other", first, PAIR)
    stranger = CallId(5)
    with pytest.raises(NotCoachable):
        await house.join(coaches=stranger)

    house.engine.rooms.most = 1
    waiting = await house.join("no room")
    with pytest.raises(EngineUnavailable):
        await house.join("no room")
    details = await house.read.details(account, waiting.conference_id)
    assert details.conference.state is ConferenceState.WAITING
    assert [member.id for member in details.members] == [waiting.id]
    house.engine.rooms.most = None
    assert house.hears(await house.join("no room"), waiting)


async def test_call_that_ends_while_it_joins_leaves_at_once(house: House) -> None:
    joining = await house.call()

    coming = asyncio.ensure_future(house.conferences.join(house.account.id, "daily", joining, PAIR))
    while joining.leg not in house.conferences.legs:  # noqa: ASYNC110 - there is nothing to wait on
        await asyncio.sleep(0)
    await house.engine.hang_up(joining.leg)
    member = await coming
    await house.pass_time()

    details = await house.read.details(house.account.id, member.conference_id)
    assert details.conference.end_reason is EndReason.EMPTY


async def test_many_calls_come_to_one_conference_at_once(house: House) -> None:
    calls = [await house.call() for _ in range(10)]

    members = await asyncio.gather(
        *(house.conferences.join(house.account.id, "daily", call, PAIR) for call in calls)
    )

    assert len({member.conference_id for member in members}) == 1
    joined = [event for event in await house.announced() if isinstance(event, MemberJoined)]
    assert [event.members for event in joined] == list(range(1, 11))


async def test_conference_of_another_server_is_not_joined_and_ends_with_it(house: House) -> None:
    there = House(house.store, house.account, holder="there")
    await there.start()
    member = await there.join()
    nobodys = await there.conferences.create(house.account.id, "nobody's")
    with pytest.raises(ConferenceElsewhere):
        await house.join()
    with pytest.raises(ConferenceElsewhere):
        await house.conferences.end(house.account.id, member.conference_id)
    await house.announced()

    house.engine.advance(HOLD_FOR + timedelta(seconds=1))  # nothing is heard of it so long
    work = asyncio.ensure_future(house.conferences.run())
    while (  # noqa: ASYNC110 - as above
        details := await house.read.details(house.account.id, member.conference_id)
    ).conference.state is not ConferenceState.ENDED:
        await asyncio.sleep(0.01)
    work.cancel()

    assert details.conference.end_reason is EndReason.SERVER_STOPPED
    assert details.members[0].left_at is not None
    assert kinds(await house.announced()) == [MemberLeft, ConferenceEnded]
    other = await house.read.details(house.account.id, nobodys.id)
    assert other.conference.state is ConferenceState.WAITING
    assert (await house.join("nobody's")).conference_id == nobodys.id
