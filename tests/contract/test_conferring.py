"""The step that lets a call be in a conference: each way it ends, on each database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from ringcast.domain.conferences import ConferenceRules
from ringcast.domain.ids import CallId
from ringcast.domain.programs import (
    CallFacts,
    Conferred,
    JoinConference,
    NotDone,
    WhyParted,
)
from ringcast.ports.engine import DigitReceived, PlaybackFinished, PlaybackResult
from ringcast.ports.store import Page, Store
from ringcast.services.conference_terms import Joining
from ringcast.services.conferring import confer
from ringcast.services.leg_actions import LegActions, News
from tests.contract.store_things import NOW, an_account, kept
from tests.contract.test_conferences_held import PHONE, House

PAIR = ConferenceRules(starts_with=2)


class Caller:
    """A call whose script joins a conference."""

    def __init__(self, house: House, joining: Joining) -> None:
        self.house = house
        self.leg = joining.leg
        self.news: asyncio.Queue[News] = asyncio.Queue()
        self.actions = LegActions(
            leg=joining.leg,
            engine=house.engine,
            clock=house,
            next_news=self._next_news,
            deliver=self.news.put_nowait,
        )
        self.facts = CallFacts(
            call_id=joining.call_id,
            attempt_id=joining.leg,
            account_id=house.account.id,
            to=PHONE,
            from_number=None,
            answered_at=NOW,
        )

    async def _next_news(self, until: float | None) -> News | None:
        return await self.news.get()  # no time passes here

    async def confers(self, **of_step: object) -> asyncio.Task[Conferred | NotDone]:
        """Begin the step, with music to wait by."""
        step = JoinConference(name="daily", rules=PAIR, **of_step)  # type: ignore[arg-type]
        waiting = [await self.house.prompts.ringing()]
        task = asyncio.ensure_future(
            confer(self.actions, self.house.conferences, self.facts, step, waiting)
        )
        await _until(lambda: self.leg in self.house.conferences.legs or task.done())
        return task

    @property
    def music_is_over(self) -> bool:
        return any(
            isinstance(event, PlaybackFinished)
            and event.leg == self.leg
            and event.result is PlaybackResult.STOPPED
            for event in self.house.events
        )

    @property
    def is_there(self) -> bool:
        return self.house.engine.rooms.part_of(self.leg) is not None


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - there is nothing to wait on
            await asyncio.sleep(0.001)


@pytest.fixture
async def house(store: Store) -> AsyncIterator[House]:
    account = an_account()
    await kept(store, account)
    made = House(store, account)
    await made.start()
    yield made
    await made.engine.close()
    await made.conferences.drained()


async def test_music_ends_when_the_conference_starts_and_when_it_has_started(
    house: House,
) -> None:
    first, second = [Caller(house, await house.call()) for _ in range(2)]

    waits = await first.confers()
    assert not first.music_is_over
    comes = await second.confers()
    await _until(lambda: first.music_is_over and second.music_is_over)
    assert house.engine.rooms.hears(first.leg, second.leg)

    await house.engine.hang_up(second.leg)
    await house.pass_time()
    await house.engine.hang_up(first.leg)
    await house.pass_time()
    for step in (waits, comes):  # whose leg is over is told so by LegOver, which is not raised here
        step.cancel()


async def test_key_parts_a_call_and_others_do_not(house: House) -> None:
    caller = Caller(house, await house.call())
    await house.join()
    step = await caller.confers(end_on="*")
    for key in "1*":
        caller.news.put_nowait(
            DigitReceived(leg=caller.leg, at=NOW, digit=key, duration=timedelta())
        )

    conferred = await step

    assert isinstance(conferred, Conferred)
    assert (conferred.why, conferred.key) == (WhyParted.KEY, "*")
    assert not caller.is_there


async def test_who_is_taken_out_and_whose_conference_ends_goes_on(house: House) -> None:
    one, two = [Caller(house, await house.call()) for _ in range(2)]
    removed, ended = await one.confers(), await two.confers()
    await _until(lambda: one.is_there and two.is_there)
    (found, *_), _ = await house.read.find(house.account.id, Page())

    await house.conferences.remove(house.account.id, found.id, one.facts.call_id)
    await house.conferences.end(house.account.id, found.id)

    results = [await removed, await ended]
    whys = [one.why for one in results if isinstance(one, Conferred)]
    assert whys == [WhyParted.REMOVED, WhyParted.ENDED]


async def test_interrupted_step_leaves_the_conference(house: House) -> None:
    caller = Caller(house, await house.call())
    await house.join()
    step = await caller.confers()
    await _until(lambda: caller.is_there)

    step.cancel()  # as a redirect interrupts it
    with pytest.raises(asyncio.CancelledError):
        await step
    await house.conferences.drained()

    assert not caller.is_there


async def test_what_cannot_be_joined_says_why(house: House) -> None:
    caller = Caller(house, await house.call())

    result = await (await caller.confers(coaches=CallId(99)))

    assert isinstance(result, NotDone)
    assert "99" in result.reason
    assert caller.music_is_over
