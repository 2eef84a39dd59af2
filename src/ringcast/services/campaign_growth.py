"""A campaign with more to do than before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import Campaign, CampaignStatus
from ringcast.domain.errors import Conflict, NotFound
from ringcast.domain.ids import AccountId, CampaignId
from ringcast.domain.subscriptions import Announcement, Topic
from ringcast.ports.store import Transaction

__all__ = ["add_to_campaign", "announcement", "go_on", "open_campaign"]


async def open_campaign(
    tx: Transaction, account_id: AccountId, campaign_id: CampaignId, *, for_update: bool = False
) -> Campaign:
    """Return a campaign that can have recipients; raise NotFound, Conflict if it is archived."""
    campaign = await tx.campaign(account_id, campaign_id, for_update=for_update)
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    if campaign.status is CampaignStatus.ARCHIVED:
        raise Conflict(f"campaign {campaign_id} is archived: nobody can be called by it")
    return campaign


async def add_to_campaign(
    tx: Transaction,
    account_id: AccountId,
    campaign_id: CampaignId,
    calls: Sequence[Call],
    *,
    now: datetime,
) -> None:
    """Add calls; a campaign that was waiting for some, or through with all it had, goes on."""
    await open_campaign(tx, account_id, campaign_id, for_update=True)
    await tx.add_calls(calls)
    waiting = sum(call.state is CallState.READY for call in calls)
    if waiting:
        await go_on(tx, account_id, campaign_id, waiting=waiting, now=now)


async def go_on(
    tx: Transaction,
    account_id: AccountId,
    campaign_id: CampaignId,
    *,
    waiting: int,
    now: datetime,
) -> None:
    """Have a campaign that waited for somebody to call, or was through, call those it has now."""
    campaign = await open_campaign(tx, account_id, campaign_id)
    if campaign.status not in (CampaignStatus.START_PENDING, CampaignStatus.FINISHED):
        return
    await tx.update_campaign(campaign.started(now=now, waiting=waiting))
    if campaign.status is CampaignStatus.FINISHED:
        await tx.announce([announcement(campaign, Topic.CAMPAIGN_STARTED, now=now)])


def announcement(campaign: Campaign, topic: Topic, *, now: datetime) -> Announcement:
    """Return what is to be announced of a campaign."""
    return Announcement(topic=topic, account_id=campaign.account_id, subject_id=campaign.id, at=now)
