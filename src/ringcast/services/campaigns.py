"""Campaigns: made, changed, started, stopped, looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import Campaign, CampaignStatus
from ringcast.domain.errors import Conflict, InvalidInput, NotFound, NothingToSay
from ringcast.domain.ids import AccountId, BatchId, CampaignId
from ringcast.domain.subscriptions import Topic
from ringcast.ports.campaigns import CallCounts
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.calls import Recipient, caller_numbers
from ringcast.services.campaign_building import CampaignBuilder, CampaignRequest
from ringcast.services.campaign_growth import announcement
from ringcast.services.campaign_recipients import NewCalls, new_batch
from ringcast.services.idempotency import Once
from ringcast.services.sounds import SpeakSound

__all__ = [
    "ArchiveCampaign",
    "CampaignStats",
    "CreateCampaign",
    "FindCampaigns",
    "GetCampaign",
    "StartCampaign",
    "StopCampaign",
    "UpdateCampaign",
]


class CreateCampaign:
    """Make a campaign, with or without recipients, and start it if asked to."""

    def __init__(
        self,
        *,
        store: Store,
        speak: SpeakSound,
        clock: Clock,
        wake: Callable[[], None],
        new_calls: NewCalls,
        fallback_zone: str,
    ) -> None:
        """`fallback_zone` is whose clock counts for numbers that are of no place."""
        self._store = store
        self._clock = clock
        self._wake = wake
        self._new_calls = new_calls
        self._builder = CampaignBuilder(
            store=store, speak=speak, clock=clock, fallback_zone=fallback_zone
        )

    async def __call__(
        self,
        account: Account,
        asked: CampaignRequest,
        *,
        recipients: Sequence[Recipient] = (),
        start: bool = False,
        strict: bool = False,
        scrub: bool = False,
        once: Once[Campaign] | None = None,
    ) -> Campaign:
        """Return the campaign; it is durable on return, its recipients with it.

        With `scrub`, who is among the recipients twice is called once.
        Raises InvalidInput and its kin, NotFound for a sound, SpeechFailed.
        """
        now = self._clock.now()
        campaign_id, batch_id = await self._store.take_ids(2, now)
        async with self._store.begin(read_only=True) as tx:
            (number,) = await caller_numbers(tx, account.id, [asked.from_number])
        campaign = await self._builder.changed(
            account,
            Campaign(
                id=CampaignId(campaign_id),
                account_id=account.id,
                name=f"Broadcast {campaign_id}",
                status=CampaignStatus.SETUP,
                from_number=number,
                created_at=now,
                updated_at=now,
            ),
            asked,
            now=now,
        )
        batch = new_batch(campaign, BatchId(batch_id), None, now=now) if recipients else None
        calls = (
            await self._new_calls(campaign, recipients, batch=batch, strict=strict, scrub=scrub)
            if batch is not None
            else ()
        )
        if start:
            campaign = _started(campaign, waiting=_waiting(calls), now=now)
        async with self._store.begin() as tx:
            await tx.add_campaign(campaign)
            if batch is not None:
                await tx.add_batch(batch)
                await tx.add_calls(calls)
            if start:
                await _announce(tx, campaign, Topic.CAMPAIGN_STARTED, now=now)
            if once is not None:
                await once.save(tx, account.id, campaign, now=now)
            await tx.commit()
        self._wake()
        return campaign


class UpdateCampaign:
    """Change a campaign, also while it runs: it counts from the next call that is dialled."""

    def __init__(
        self,
        *,
        store: Store,
        speak: SpeakSound,
        clock: Clock,
        wake: Callable[[], None],
        fallback_zone: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._builder = CampaignBuilder(
            store=store, speak=speak, clock=clock, fallback_zone=fallback_zone
        )

    async def __call__(
        self, account: Account, campaign_id: CampaignId, asked: CampaignRequest
    ) -> Campaign:
        """Return the changed campaign. Raises NotFound, Conflict, and what CreateCampaign does."""
        now = self._clock.now()
        async with self._store.begin(read_only=True) as tx:
            campaign = await _found(tx, account.id, campaign_id)
        if campaign.status is CampaignStatus.ARCHIVED:
            raise Conflict(f"campaign {campaign_id} is archived: it cannot be changed")
        changed = await self._builder.changed(account, campaign, asked, now=now)
        async with self._store.begin() as tx:
            # Whether it runs is decided elsewhere, perhaps meanwhile.
            present = await _found(tx, account.id, campaign_id, for_update=True)
            changed = replace(
                changed,
                status=present.status,
                wake_at=present.wake_at,
                stops_after=present.stops_after,
            )
            stopped = False
            if present.status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED):
                changed = changed.rescheduled(now)
                stopped = changed.status is CampaignStatus.STOPPED
            await tx.update_campaign(changed)
            if changed.window != present.window:
                await tx.make_due(campaign_id, now)
            if stopped:
                await _announce(tx, changed, Topic.CAMPAIGN_STOPPED, now=now)
            await tx.commit()
        self._wake()
        return changed


class StartCampaign:
    """Have a campaign dialled; starting twice is once."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> Campaign:
        """Return it. Raises NotFound, NothingToSay, IllegalTransition, InvalidInput."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            campaign = await _found(tx, account_id, campaign_id, for_update=True)
            counts = (await tx.call_counts([campaign_id]))[campaign_id]
            started = _started(campaign, waiting=counts.remaining, now=now)
            if started is not campaign:
                await tx.update_campaign(started)
                if not campaign.status.is_started:
                    await _announce(tx, started, Topic.CAMPAIGN_STARTED, now=now)
                await tx.commit()
        self._wake()
        return started


class StopCampaign:
    """Dial no more calls of a campaign; those that live go on to their end."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> Campaign:
        """Return it; stopping twice is once. Raises NotFound, IllegalTransition."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            campaign = await _found(tx, account_id, campaign_id, for_update=True)
            if campaign.status is CampaignStatus.STOPPED:
                return campaign
            stopped = campaign.moved_to(CampaignStatus.STOPPED, now=now)
            await tx.update_campaign(stopped)
            await _announce(tx, stopped, Topic.CAMPAIGN_STOPPED, now=now)
            await tx.commit()
        return stopped


class ArchiveCampaign:
    """Take a campaign out of use and out of lists; one that runs is stopped first."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> Campaign:
        """Return it; archiving twice is once. Raises NotFound."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            campaign = await _found(tx, account_id, campaign_id, for_update=True)
            if campaign.status is CampaignStatus.ARCHIVED:
                return campaign
            archived = campaign.moved_to(CampaignStatus.ARCHIVED, now=now)
            await tx.update_campaign(archived)
            if campaign.status.is_started:
                await _announce(tx, archived, Topic.CAMPAIGN_STOPPED, now=now)
            await tx.commit()
        return archived


class GetCampaign:
    """Look at one campaign."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> Campaign:
        """Return the campaign, archived or not; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            return await _found(tx, account_id, campaign_id)


class FindCampaigns:
    """List campaigns of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None = None,
        label: str | None = None,
        statuses: Sequence[CampaignStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sequence[Campaign], int]:
        """Return a page of campaigns, newest first, and how many match; none that is archived."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.campaigns(
                account_id,
                page,
                name=name,
                label=label,
                statuses=statuses,
                since=since,
                until=until,
            )


class CampaignStats:
    """Say how many calls of a campaign are where."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self,
        account_id: AccountId,
        campaign_id: CampaignId,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> CallCounts:
        """Return the counts, which are kept and not counted now.

        With a time, which is widened to whole minutes, calls that came to their end in it and
        attempts that ended in it; what waits to be dialled, or is being dialled, is that of now.
        Raises NotFound, InvalidInput for a time that ends before it begins.
        """
        if since is not None and until is not None and until <= since:
            raise InvalidInput("the end of the time must be later than its begin", field="end")
        async with self._store.begin(read_only=True) as tx:
            await _found(tx, account_id, campaign_id)
            now = (await tx.call_counts([campaign_id]))[campaign_id]
            if since is None and until is None:
                return now
            within = await tx.call_counts_within(campaign_id, since, until)
        lasting = {state: n for state, n in now.states.items() if not state.is_final}
        return replace(within, states={**within.states, **lasting}, waiting_again=now.waiting_again)


async def _found(
    tx: Transaction, account_id: AccountId, campaign_id: CampaignId, *, for_update: bool = False
) -> Campaign:
    campaign = await tx.campaign(account_id, campaign_id, for_update=for_update)
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    return campaign


def _started(campaign: Campaign, *, waiting: int, now: datetime) -> Campaign:
    if not campaign.script.instructions:
        raise NothingToSay
    return campaign.started(now=now, waiting=waiting)


def _waiting(calls: Sequence[Call]) -> int:
    return sum(call.state is CallState.READY for call in calls)


async def _announce(tx: Transaction, campaign: Campaign, topic: Topic, *, now: datetime) -> None:
    await tx.announce([announcement(campaign, topic, now=now)])
