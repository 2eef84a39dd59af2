"""Campaigns over the dialer, a real SQLite file and a simulated engine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.calling_windows import CallingWindow
from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import Campaign, CampaignStatus
from ringcast.domain.contacts import ContactDetails, PhoneKind
from ringcast.domain.errors import Conflict, NotFound, NothingToSay
from ringcast.domain.ids import AccountId, CallId, CampaignId, ContactId, ScheduleId
from ringcast.domain.instructions import Play, Script
from ringcast.domain.legal_hours import Law, LegalHours
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.retries import RetryRule
from ringcast.domain.schedules import Schedule
from ringcast.engines.simulator import FarEnd, SimulatedEngine
from ringcast.integrations.public_holidays import is_public_holiday
from ringcast.ports.campaigns import CallCounts
from ringcast.ports.store import Page
from ringcast.services.accounts import KeepLegalHours
from ringcast.services.admission import Admission
from ringcast.services.calls import Recipient
from ringcast.services.campaign_recipients import AddRecipients, NewCalls, ToggleRecipients
from ringcast.services.campaign_reports import CampaignReports
from ringcast.services.campaigns import StartCampaign, StopCampaign
from ringcast.services.changes import ChangeWriter
from ringcast.services.contacts import new_contacts
from ringcast.services.dialer import HOLD_FOR, Dialer
from ringcast.services.recovery import EndOrphanedAttempts
from ringcast.stores.sql import SqlStore
from tests.fakes.clock import ManualClock

ACCOUNT = Account(id=AccountId(1), name="a", created_at=ManualClock().now(), signing_key="key")
SAYS = Script(instructions=(Play(audio=("sound",)),))
AROUND_THE_CLOCK: Any = {
    "begin": time(0),
    "end": time(23, 59),
    "fallback_zone": "America/New_York",
}
FAR_ENDS = {
    "0": FarEnd(hangs_up_after=timedelta(seconds=2)),
    "1": FarEnd(answers_after=timedelta(seconds=1)),
    "2": FarEnd(refuses=486),
    "3": FarEnd(refuses=404),
}


def _far_end(to: Destination) -> FarEnd | None:
    assert isinstance(to, PhoneNumber)
    return FAR_ENDS.get(to.digits[-1])


@dataclass
class World:
    store: SqlStore
    engine: SimulatedEngine
    dialer: Dialer
    clock: ManualClock

    async def campaign(self, **members: Any) -> Campaign:
        """Have a campaign, not started."""
        now = self.clock.now()
        (campaign_id,) = await self.store.take_ids(1, now)
        plain: dict[str, Any] = {
            "id": CampaignId(campaign_id),
            "account_id": ACCOUNT.id,
            "name": "c",
            "status": CampaignStatus.SETUP,
            "from_number": PhoneNumber("12135550199"),
            "created_at": now,
            "updated_at": now,
            "script": SAYS,
        }
        campaign = Campaign(**plain | members)
        async with self.store.begin() as tx:
            await tx.add_campaign(campaign)
            await tx.commit()
        return campaign

    async def add_contacts(self, zones: Mapping[str, str | None]) -> Sequence[ContactId]:
        """Have a contact for each number, living in that time zone."""
        details = [
            ContactDetails(phones={PhoneKind.HOME: PhoneNumber(number)}, time_zone=zone)
            for number, zone in zones.items()
        ]
        made = await new_contacts(self.store, self.clock, ACCOUNT.id, details)
        async with self.store.begin() as tx:
            await tx.add_contacts(made)
            await tx.commit()
        return [one.id for one in made]

    async def add(self, campaign: Campaign, *numbers: str) -> Sequence[Call]:
        return await self.add_recipients(campaign, *[Recipient(to=number) for number in numbers])

    async def add_recipients(self, campaign: Campaign, *recipients: Recipient) -> Sequence[Call]:
        calls = NewCalls(store=self.store, clock=self.clock, ring_timeout=timedelta(seconds=30))
        add = AddRecipients(
            store=self.store, clock=self.clock, wake=self.dialer.wake, new_calls=calls
        )
        return await add(ACCOUNT, campaign.id, recipients)

    async def start(self, campaign: Campaign) -> Campaign:
        start = StartCampaign(store=self.store, clock=self.clock, wake=self.dialer.wake)
        return await start(ACCOUNT.id, campaign.id)

    async def stop(self, campaign: Campaign) -> Campaign:
        return await StopCampaign(store=self.store, clock=self.clock)(ACCOUNT.id, campaign.id)

    async def read(self, campaign: Campaign) -> tuple[Campaign, CallCounts]:
        async with self.store.begin(read_only=True) as tx:
            found = await tx.campaign(ACCOUNT.id, campaign.id)
            counts = await tx.call_counts([campaign.id])
        assert found is not None
        return found, counts[campaign.id]

    async def calls(self, campaign: Campaign) -> Sequence[Call]:
        async with self.store.begin(read_only=True) as tx:
            found, _ = await tx.calls(ACCOUNT.id, Page(limit=1000), campaign_id=campaign.id)
        return found[::-1]

    def dialed(self) -> list[str]:
        """The numbers that were dialled, in order."""
        return [str(one.to)[1:] for one in self.engine.originated]

    async def let_pass(self, length: timedelta | float = 0.1, *, steps: int = 1) -> None:
        """Let time pass in steps, and everybody act after each."""
        for _ in range(steps):
            self.clock.advance(length)
            self.engine.advance(
                length if isinstance(length, timedelta) else timedelta(seconds=length)
            )
            self.dialer.wake()
            for _ in range(20):
                await asyncio.sleep(0.001)

    async def until_dialed(self, count: int) -> None:
        """Let tasks and the database's threads work until so many were dialled; no time passes."""
        async with asyncio.timeout(10):
            while len(self.dialed()) < count:
                self.dialer.wake()
                await asyncio.sleep(0.002)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Let time pass until the condition holds."""
        for _ in range(400):
            if await condition():
                return
            await self.let_pass(0.5)
        raise AssertionError("did not come true")

    async def until_status(self, campaign: Campaign, status: CampaignStatus) -> CallCounts:
        async def holds() -> bool:
            return (await self.read(campaign))[0].status is status

        await self.until(holds)
        return (await self.read(campaign))[1]


@asynccontextmanager
async def a_world(
    path: Path,
    *,
    cps: float = 1000,
    clock: ManualClock | None = None,
    url: str | None = None,
    holder: str = "here",
    law: Law | None = None,
) -> AsyncIterator[World]:
    """Run a dialer, on SQLite in a directory or on a database that is there."""
    clock = clock or ManualClock()
    async with AsyncExitStack() as stack:
        store = SqlStore.for_directory(path) if url is None else SqlStore(url)
        stack.push_async_callback(store.close)
        await store.migrate()
        async with store.begin() as tx:
            if await tx.account(ACCOUNT.id) is None:
                await tx.add_account(ACCOUNT)
                await tx.commit()
        changes = ChangeWriter(store=store)
        engine = SimulatedEngine(
            now=clock.now(), far_end=_far_end, length_of=lambda _: timedelta(seconds=5)
        )
        dialer = Dialer(
            store=store,
            engine=engine,
            admission=Admission(calls_per_second=cps, max_calls=1000),
            changes=changes,
            clock=clock,
            holder=holder,
            spread=lambda: 0.0,
            law=law,
        )
        await engine.start(dialer.deliver)
        tasks = [asyncio.create_task(changes.run()), asyncio.create_task(dialer.run())]
        try:
            yield World(store, engine, dialer, clock)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


def numbers(count: int, ending: str = "0", area: str = "213") -> list[str]:
    return [f"1{area}555{n:03}{ending}" for n in range(count)]


async def test_a_campaign_ends_when_all_its_calls_have_and_its_counts_add_up(world: World) -> None:
    campaign = await world.campaign()
    assert (await world.start(campaign)).status is CampaignStatus.START_PENDING
    await world.add(campaign, *numbers(4), *numbers(3, "2"), *numbers(2, "3"), "911")

    counts = await world.until_status(campaign, CampaignStatus.FINISHED)

    assert Counter(world.dialed()) == Counter([*numbers(4), *numbers(3, "2"), *numbers(2, "3")])
    assert counts.states[CallState.FINISHED] == 9
    assert counts.states[CallState.INVALID] == 1
    assert (counts.total, counts.remaining, counts.dialed, counts.attempts) == (10, 0, 9, 9)
    outcomes = {one: number for one, number in counts.outcomes.items() if number}
    assert outcomes == {Outcome.HUMAN: 4, Outcome.BUSY: 3, Outcome.INVALID_NUMBER: 2}
    assert counts.answered == 4
    assert counts.billed_minutes == 4
    assert counts.talk_time >= timedelta(seconds=8)


async def test_calls_say_what_the_campaign_says_from_its_number(world: World) -> None:
    campaign = await world.campaign()
    (call,) = await world.add(campaign, *numbers(1))
    assert call.from_number == campaign.from_number
    await world.start(campaign)
    await world.until_status(campaign, CampaignStatus.FINISHED)

    (request,) = world.engine.originated
    assert request.from_number == campaign.from_number
    assert world.engine.heard[request.leg] == ["sound"]
    (call,) = await world.calls(campaign)
    assert call.from_number == campaign.from_number
    assert call.script.instructions == ()


async def test_nothing_is_dialled_before_the_start_and_after_the_stop(world: World) -> None:
    campaign = await world.campaign(max_active=2)
    await world.add(campaign, *numbers(6))
    await world.let_pass(steps=3)
    assert world.dialed() == []

    await world.start(campaign)
    await world.let_pass(steps=3)
    await world.until_dialed(2)
    assert len(world.dialed()) == 2
    assert (await world.stop(campaign)).status is CampaignStatus.STOPPED
    await world.let_pass(1, steps=10)
    await world.until_dialed(2)
    assert len(world.dialed()) == 2
    _, counts = await world.read(campaign)
    assert (counts.states[CallState.FINISHED], counts.states[CallState.READY]) == (2, 4)

    await world.start(campaign)
    await world.until_status(campaign, CampaignStatus.FINISHED)
    assert sorted(world.dialed()) == numbers(6)


async def test_no_more_calls_of_a_campaign_at_once_than_it_allows(world: World) -> None:
    campaign = await world.campaign(max_active=3)
    await world.add(campaign, *numbers(9))
    await world.start(campaign)
    most = 0

    async def over() -> bool:
        nonlocal most
        most = max(most, world.dialer.live)
        return (await world.read(campaign))[0].status is CampaignStatus.FINISHED

    await world.until(over)
    assert most == 3
    await world.until_dialed(9)
    assert len(world.dialed()) == 9


async def test_campaigns_share_fairly_and_single_calls_come_first(tmp_path: Path) -> None:
    async with a_world(tmp_path, cps=100) as world:
        campaigns = [await world.campaign() for _ in range(3)]
        for campaign, area in zip(campaigns, ("212", "213", "214"), strict=True):
            await world.add(campaign, *numbers(60, area=area))
        now = world.clock.now()
        (call_id,) = await world.store.take_ids(1, now)
        single = Call(
            id=CallId(call_id),
            account_id=ACCOUNT.id,
            to=PhoneNumber("13105550100"),
            to_text="",
            from_number=None,
            script=SAYS,
            state=CallState.READY,
            created_at=now,
            updated_at=now,
            due_at=now + timedelta(milliseconds=1),  # later than all the others
        )
        async with world.store.begin() as tx:  # all at once: none has a start on the others
            await tx.add_calls([single])
            for campaign in campaigns:
                await tx.update_campaign(replace(campaign, status=CampaignStatus.RUNNING))
            await tx.commit()
        for _ in range(40):
            await world.let_pass(0.05)
            if len(world.dialed()) > 60:
                break

        assert "13105550100" in world.dialed()[:11]  # among the first that were granted
        areas = Counter(number[1:4] for number in world.dialed())
        shares = [areas[area] for area in ("212", "213", "214")]
        assert sum(shares) >= 60
        # Each claim is shared evenly; of the last one only a part may have left.
        assert max(shares) - min(shares) <= 6, areas


RETRY = RetryRule(max_attempts=3, wait=timedelta(minutes=10), outcomes=frozenset({Outcome.BUSY}))


async def test_busy_numbers_are_dialled_again_by_the_rule(world: World) -> None:
    campaign = await world.campaign(retry=RETRY)
    await world.add(campaign, *numbers(2, "2"), *numbers(1))
    await world.start(campaign)
    await world.let_pass(1, steps=15)
    _, counts = await world.read(campaign)
    assert Counter(world.dialed()) == Counter([*numbers(2, "2"), *numbers(1)])
    _, counts = await world.read(campaign)
    assert (counts.states[CallState.READY], counts.waiting_again) == (2, 2)

    await world.let_pass(timedelta(minutes=9))
    await world.until_dialed(3)
    assert len(world.dialed()) == 3
    await world.let_pass(timedelta(minutes=1))
    await world.let_pass(1, steps=5)
    await world.until_dialed(5)
    assert len(world.dialed()) == 5
    await world.let_pass(timedelta(minutes=10))

    counts = await world.until_status(campaign, CampaignStatus.FINISHED)
    await world.until_dialed(7)
    assert len(world.dialed()) == 7
    assert (counts.dialed, counts.attempts, counts.waiting_again) == (3, 7, 0)
    assert counts.outcomes[Outcome.BUSY] == 2


WINDOW = CallingWindow(begin=time(9), end=time(21), fallback_zone="America/New_York")


async def test_people_are_called_within_the_window_of_their_own_clock(tmp_path: Path) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-03-02T14:30:00+00:00"))  # 09:30, 06:30
    async with a_world(tmp_path, clock=clock) as world:
        campaign = await world.campaign(window=WINDOW, resume_next_day=True)
        await world.add(campaign, *numbers(3, area="213"), *numbers(2, area="212"))
        await world.start(campaign)
        await world.let_pass(1, steps=10)
        await world.until_dialed(2)
        assert sorted(world.dialed()) == numbers(2, area="212")
        put_off = [call.due_at for call in await world.calls(campaign) if call.attempts == 0]
        assert put_off == [datetime.fromisoformat("2026-03-02T17:00:00+00:00")] * 3

        clock.set(datetime.fromisoformat("2026-03-02T16:59:58+00:00"))
        await world.let_pass(1)
        await world.until_dialed(2)
        assert len(world.dialed()) == 2
        await world.let_pass(1)
        await world.until_status(campaign, CampaignStatus.FINISHED)
        assert sorted(world.dialed()[2:]) == numbers(3, area="213")


async def test_contacts_are_called_by_the_clock_of_where_they_live(tmp_path: Path) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-03-02T14:30:00+00:00"))  # 09:30, 06:30
    async with a_world(tmp_path, clock=clock) as world:
        campaign = await world.campaign(window=WINDOW, resume_next_day=True)
        moved = {"213": "America/New_York", "212": "America/Los_Angeles", "312": None}
        contact_ids = await world.add_contacts(
            {numbers(1, area=area)[0]: zone for area, zone in moved.items()}
        )
        await world.add_recipients(campaign, *[Recipient(contact_id=one) for one in contact_ids])
        await world.start(campaign)
        await world.let_pass(1, steps=5)
        await world.until_dialed(1)
        assert world.dialed() == numbers(1, area="213")  # 312 is Chicago's, where it is 08:30
        assert [call.due_at.hour for call in await world.calls(campaign)][1:] == [17, 15]


async def test_contacts_are_tried_again_at_their_other_telephones(tmp_path: Path) -> None:
    phones = {
        PhoneKind.HOME: PhoneNumber("12135550122"),  # busy, as all of them
        PhoneKind.WORK: PhoneNumber("12135550222"),
        PhoneKind.MOBILE: PhoneNumber("12135550322"),
    }
    rule = RetryRule(
        max_attempts=5,
        wait=timedelta(minutes=1),
        outcomes=frozenset({Outcome.BUSY}),
        phones=(PhoneKind.MOBILE, PhoneKind.EXTRA_1, PhoneKind.WORK, None),
    )
    async with a_world(tmp_path) as world:
        campaign = await world.campaign(retry=rule)
        (made,) = await new_contacts(
            world.store, world.clock, ACCOUNT.id, [ContactDetails(phones=phones)]
        )
        async with world.store.begin() as tx:
            await tx.add_contacts([made])
            await tx.commit()
        await world.add_recipients(campaign, Recipient(contact_id=made.id))
        await world.start(campaign)
        for count in range(1, 6):
            await world.until_dialed(count)
            await world.let_pass(2)
            await world.let_pass(timedelta(minutes=1))
        await world.until_status(campaign, CampaignStatus.FINISHED)
        home, work, mobile = (one.digits for one in phones.values())
        assert world.dialed() == [home, mobile, work, home, mobile]


async def test_many_who_sleep_do_not_keep_those_awake_waiting(tmp_path: Path) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-03-02T14:30:00+00:00"))
    async with a_world(tmp_path, clock=clock) as world:
        campaign = await world.campaign(window=WINDOW)
        asleep = [f"1213555{n:04}" for n in range(3000)]
        await world.add(campaign, *asleep, *numbers(2, area="212"))
        await world.start(campaign)
        await world.let_pass(0.01, steps=20)
        await world.until_dialed(2)
        assert sorted(world.dialed()) == numbers(2, area="212")


@pytest.mark.parametrize("resume", [True, False])
async def test_a_campaign_goes_on_the_next_day_if_it_is_to(tmp_path: Path, resume: bool) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-03-03T01:30:00+00:00"))  # 20:30 in New York
    async with a_world(tmp_path, clock=clock) as world:
        campaign = await world.campaign(window=WINDOW, resume_next_day=resume, max_active=1)
        await world.add(campaign, *numbers(2, area="212"))
        await world.start(campaign)
        await world.let_pass(0.5)
        await world.until_dialed(1)
        assert len(world.dialed()) == 1
        clock.set(datetime.fromisoformat("2026-03-03T02:00:00+00:00"))  # it is nine
        await world.let_pass(1, steps=15)
        await world.until_dialed(1)
        assert len(world.dialed()) == 1
        found, _ = await world.read(campaign)
        if not resume:
            assert found.status is CampaignStatus.STOPPED
            return
        assert found.status is CampaignStatus.RUNNING
        clock.set(datetime.fromisoformat("2026-03-03T14:00:00+00:00"))
        await world.until_status(campaign, CampaignStatus.FINISHED)


async def test_a_campaign_keeps_to_its_schedules(tmp_path: Path) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-03-02T12:00:00+00:00"))
    schedule = Schedule(
        id=ScheduleId(1),
        zone="UTC",
        begin=time(13),
        end=time(14),
        first_day=date(2026, 3, 2),
        last_day=date(2026, 3, 3),
    )
    async with a_world(tmp_path, clock=clock) as world:
        campaign = await world.campaign(schedules=(schedule,), max_active=1)
        await world.add(campaign, *numbers(3))
        scheduled = await world.start(campaign)
        assert scheduled.status is CampaignStatus.SCHEDULED
        await world.let_pass(1, steps=3)
        assert world.dialed() == []

        clock.set(datetime.fromisoformat("2026-03-02T13:00:00+00:00"))
        await world.let_pass(0.1, steps=2)
        await world.until_dialed(1)
        assert len(world.dialed()) == 1
        assert (await world.read(campaign))[0].status is CampaignStatus.RUNNING
        clock.set(datetime.fromisoformat("2026-03-02T14:00:00+00:00"))
        await world.let_pass(1, steps=10)
        found, _ = await world.read(campaign)
        assert found.status is CampaignStatus.SCHEDULED
        assert found.wake_at == datetime.fromisoformat("2026-03-03T13:00:00+00:00")
        await world.until_dialed(1)
        assert len(world.dialed()) == 1

        clock.set(datetime.fromisoformat("2026-03-03T13:59:59+00:00"))
        await world.let_pass(0.1, steps=2)
        await world.until_dialed(2)
        assert len(world.dialed()) == 2
        clock.set(datetime.fromisoformat("2026-03-03T14:00:00+00:00"))
        await world.until_status(campaign, CampaignStatus.STOPPED)  # the last day is over
        await world.until_dialed(2)
        assert len(world.dialed()) == 2


async def test_recipients_added_to_a_finished_campaign_are_called_too(world: World) -> None:
    campaign = await world.campaign()
    await world.add(campaign, *numbers(1))
    await world.start(campaign)
    await world.until_status(campaign, CampaignStatus.FINISHED)
    await world.add(campaign, "12135559990")
    await world.until_status(campaign, CampaignStatus.FINISHED)
    assert world.dialed() == [*numbers(1), "12135559990"]


async def test_those_left_out_are_not_called_until_taken_in_again(world: World) -> None:
    campaign = await world.campaign()
    await world.add(campaign, *numbers(3))
    toggle = ToggleRecipients(store=world.store, clock=world.clock, wake=world.dialer.wake)
    left_out = [PhoneNumber(number) for number in numbers(3)[:2]]
    assert await toggle(ACCOUNT.id, campaign.id, left_out, enabled=False) == 2
    await world.start(campaign)
    counts = await world.until_status(campaign, CampaignStatus.FINISHED)
    assert (counts.states[CallState.DISABLED], counts.states[CallState.FINISHED]) == (2, 1)

    every = [PhoneNumber(number) for number in numbers(3)]
    assert await toggle(ACCOUNT.id, campaign.id, every, enabled=True) == 2
    await world.until_status(campaign, CampaignStatus.FINISHED)
    assert sorted(world.dialed()) == numbers(3)


async def test_what_cannot_be_started_says_why(world: World) -> None:
    with pytest.raises(NothingToSay):
        await world.start(await world.campaign(script=Script(instructions=())))
    campaign = await world.campaign()
    async with world.store.begin() as tx:
        await tx.update_campaign(replace(campaign, status=CampaignStatus.ARCHIVED))
        await tx.commit()
    with pytest.raises(Conflict):
        await world.start(campaign)
    with pytest.raises(Conflict):
        await world.stop(campaign)
    with pytest.raises(Conflict):
        await world.add(campaign, *numbers(1))


@pytest.mark.parametrize(
    ("outcomes", "answered", "dialed_again"),
    [
        (frozenset({Outcome.BUSY}), False, False),
        (frozenset({Outcome.INTERNAL_ERROR}), False, True),
        (frozenset({Outcome.INTERNAL_ERROR}), True, False),  # they have answered: never again
    ],
)
async def test_after_a_crash_the_campaigns_rule_decides(
    tmp_path: Path, outcomes: frozenset[Outcome], answered: bool, dialed_again: bool
) -> None:
    clock = ManualClock()
    rule = RetryRule(max_attempts=2, wait=timedelta(minutes=1), outcomes=outcomes)
    async with a_world(tmp_path, clock=clock) as world:
        campaign = await world.campaign(retry=rule)
        await world.add(campaign, *numbers(1, "1"))
        await world.start(campaign)
        await world.let_pass(0.1, steps=2)
        await world.until_dialed(1)
        assert len(world.dialed()) == 1
        if answered:
            await world.let_pass(1, steps=2)
        (call,) = await world.calls(campaign)
        async with world.store.begin(read_only=True) as tx:
            (attempt,) = (await tx.attempts_of([call.id]))[call.id]
        assert (attempt.answered_at is not None) is answered
    async with a_world(tmp_path, clock=clock) as world:  # the process is gone; a new one starts
        await world.let_pass(HOLD_FOR)
        recover = EndOrphanedAttempts(store=world.store, clock=clock, spread=lambda: 0.0)
        assert await recover() == 1
        (call,) = await world.calls(campaign)
        assert call.state is (CallState.READY if dialed_again else CallState.FINISHED)
        await world.let_pass(timedelta(minutes=1))
        counts = await world.until_status(campaign, CampaignStatus.FINISHED)
        assert len(world.dialed()) == int(dialed_again)
        assert counts.attempts == 1 + int(dialed_again)


async def test_campaigns_keep_to_the_hours_of_the_law_unless_the_account_says_otherwise(
    tmp_path: Path,
) -> None:
    at_eight_in_new_york = ManualClock(datetime(2026, 5, 4, 12, tzinfo=UTC))
    law = Law(is_holiday=is_public_holiday)
    async with a_world(tmp_path, clock=at_eight_in_new_york, law=law) as world:
        new_york, texas, los_angeles = "12122345670", "15122345670", "12132345670"
        campaign = await world.campaign(window=CallingWindow(**AROUND_THE_CLOCK))
        await world.add(campaign, los_angeles, texas, new_york)
        await world.start(campaign)
        await world.until_dialed(1)
        assert world.dialed() == [new_york]
        by_number = {call.to_text: call for call in await world.calls(campaign)}
        assert by_number[texas].due_at == datetime(2026, 5, 4, 14, tzinfo=UTC)  # nine o'clock
        assert by_number[los_angeles].due_at == datetime(2026, 5, 4, 15, tzinfo=UTC)
        await world.let_pass(timedelta(hours=3))
        await world.until_dialed(3)

        await KeepLegalHours(store=world.store)(ACCOUNT.name, LegalHours.OFF)
        world.clock.set(datetime(2026, 5, 5, 3, tzinfo=UTC))
        campaign = await world.campaign()
        await world.add(campaign, new_york)
        await world.start(campaign)
        await world.until_dialed(4)


async def test_single_calls_keep_to_the_hours_of_the_law_if_the_account_says_so(
    tmp_path: Path,
) -> None:
    clock = ManualClock(datetime(2026, 5, 4, 11, 59, tzinfo=UTC))
    async with a_world(tmp_path, clock=clock, law=Law(is_holiday=is_public_holiday)) as world:
        await KeepLegalHours(store=world.store)(ACCOUNT.name, LegalHours.ALL)
        call = Call(
            id=CallId(77),
            account_id=ACCOUNT.id,
            to=PhoneNumber("12122345670"),
            to_text="12122345670",
            from_number=None,
            script=SAYS,
            state=CallState.READY,
            created_at=clock.now(),
            updated_at=clock.now(),
            due_at=clock.now(),
        )
        async with world.store.begin() as tx:
            await tx.add_calls([call])
            await tx.commit()
        await world.let_pass(1, steps=3)
        assert world.dialed() == []
        await world.let_pass(60)
        await world.until_dialed(1)


async def test_reports_and_records_add_up(world: World) -> None:
    retry = RetryRule(max_attempts=2, wait=timedelta(seconds=5), outcomes=frozenset({Outcome.BUSY}))
    campaign = await world.campaign(retry=retry)
    await world.add(campaign, *numbers(3), *numbers(2, "2"), "911")
    await world.start(campaign)
    await world.until_status(campaign, CampaignStatus.FINISHED)
    reports = CampaignReports(store=world.store)

    (report,) = await reports.all(ACCOUNT.name)
    records = [one async for one in reports.records(report.campaign)]

    assert report == await reports.of(campaign.id)
    attempts = [attempt for _, each in records for attempt in each]
    assert len(records) == report.counts.total == 6
    assert len(attempts) == report.counts.attempts == 7
    outcomes = Counter(attempt.outcome for attempt in attempts)
    assert outcomes == {one: n for one, n in report.counts.attempt_outcomes.items() if n}
    assert outcomes == {Outcome.HUMAN: 3, Outcome.BUSY: 4}
    with pytest.raises(NotFound):
        await reports.of(CampaignId(1))
