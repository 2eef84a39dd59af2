"""The schedules of a campaign one by one: added, looked at, taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from ringcast.domain.accounts import Account
from ringcast.domain.campaigns import Campaign, CampaignStatus
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, CampaignId, ScheduleId
from ringcast.domain.schedules import Schedule, check_apart
from ringcast.domain.subscriptions import Topic
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.campaign_building import MAX_SCHEDULES, NewSchedule
from ringcast.services.campaign_growth import announcement, open_campaign
from ringcast.services.idempotency import Once

__all__ = ["AddSchedule", "FindSchedules", "GetSchedule", "RemoveSchedule"]


class AddSchedule:
    """Have a campaign run in certain hours of certain days; with that it is started."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def __call__(
        self,
        account: Account,
        campaign_id: CampaignId,
        asked: NewSchedule,
        *,
        once: Once[Schedule] | None = None,
    ) -> Schedule:
        """Return the schedule. Raises NotFound, Conflict if the campaign is archived, InvalidInput.

        A campaign that has nothing to say yet, or was stopped by the operator, is not started.
        """
        now = self._clock.now()
        (schedule_id,) = await self._store.take_ids(1, now)
        schedule = Schedule(
            id=ScheduleId(schedule_id),
            zone=asked.zone,
            begin=asked.begin,
            end=asked.end,
            first_day=asked.first_day,
            last_day=asked.last_day,
            weekdays=asked.weekdays,
        )
        async with self._store.begin() as tx:
            campaign = await open_campaign(tx, account.id, campaign_id, for_update=True)
            schedules = (*campaign.schedules, schedule)
            if len(schedules) > MAX_SCHEDULES:
                raise InvalidInput(
                    f"a campaign can have {MAX_SCHEDULES} schedules", field="schedules"
                )
            check_apart(schedules, now)
            waiting = (await tx.call_counts([campaign_id]))[campaign_id].remaining
            changed = _started(
                replace(campaign, schedules=schedules, updated_at=now), waiting=waiting, now=now
            )
            await tx.update_campaign(changed)
            if changed.status.is_started and not campaign.status.is_started:
                await tx.announce([announcement(changed, Topic.CAMPAIGN_STARTED, now=now)])
            if once is not None:
                await once.save(tx, account.id, schedule, now=now)
            await tx.commit()
        self._wake()
        return schedule


class RemoveSchedule:
    """Take a schedule away; a campaign that ran by its last one is stopped, not left to run."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def __call__(self, account_id: AccountId, schedule_id: ScheduleId) -> None:
        """Raise NotFound if the account has none such, Conflict if its campaign is archived."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            found, _ = await _found(tx, account_id, schedule_id)
            campaign = await open_campaign(tx, account_id, found.id, for_update=True)
            left = tuple(one for one in campaign.schedules if one.id != schedule_id)
            changed = replace(campaign, schedules=left, updated_at=now)
            if campaign.status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED):
                changed = (
                    changed.rescheduled(now)
                    if left
                    else changed.moved_to(CampaignStatus.STOPPED, now=now)
                )
            await tx.update_campaign(changed)
            if campaign.status.is_started and not changed.status.is_started:
                await tx.announce([announcement(changed, Topic.CAMPAIGN_STOPPED, now=now)])
            await tx.commit()
        self._wake()


class GetSchedule:
    """Look at one schedule."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, schedule_id: ScheduleId) -> Schedule:
        """Return it; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            _, schedule = await _found(tx, account_id, schedule_id)
        return schedule


class FindSchedules:
    """List the schedules of a campaign."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, campaign_id: CampaignId, page: Page
    ) -> tuple[Sequence[Schedule], int]:
        """Return a page of them in the order they were added, and how many; raise NotFound."""
        async with self._store.begin(read_only=True) as tx:
            campaign = await tx.campaign(account_id, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        some = campaign.schedules[page.offset : page.offset + page.limit]
        return some, len(campaign.schedules)


def _started(campaign: Campaign, *, waiting: int, now: datetime) -> Campaign:
    if campaign.status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED):
        return campaign.rescheduled(now)
    if not campaign.script.instructions or campaign.status is CampaignStatus.SUSPENDED:
        return campaign
    return campaign.started(now=now, waiting=waiting)


async def _found(
    tx: Transaction, account_id: AccountId, schedule_id: ScheduleId
) -> tuple[Campaign, Schedule]:
    campaign = await tx.campaign_with_schedule(account_id, schedule_id)
    for one in () if campaign is None else campaign.schedules:
        if campaign is not None and one.id == schedule_id:
            return campaign, one
    raise NotFound("schedule", schedule_id)
