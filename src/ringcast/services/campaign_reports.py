"""What came of campaigns: their counts, and each attempt of their calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Attempt, Call
from ringcast.domain.campaigns import Campaign, CampaignStatus
from ringcast.domain.errors import NotFound
from ringcast.domain.ids import CampaignId
from ringcast.ports.campaigns import CallCounts
from ringcast.ports.store import Page, Store

__all__ = ["CampaignReport", "CampaignReports"]

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """A campaign, whose it is, and how far it has come."""

    account: Account
    campaign: Campaign
    counts: CallCounts


class CampaignReports:
    """Looks at campaigns of all accounts; for whoever runs the system."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def all(self, account_name: str | None = None) -> Sequence[CampaignReport]:
        """Return all campaigns, of one account or of each, newest first; raise NotFound.

        Archived ones are among them.
        """
        found = []
        async with self._store.begin(read_only=True) as tx:
            if account_name is None:
                accounts = await tx.accounts()
            else:
                account = await tx.account_named(account_name)
                if account is None:
                    raise NotFound("account", account_name)
                accounts = [account]
            for account in accounts:
                page = Page(limit=_AT_ONCE)
                while True:
                    some, total = await tx.campaigns(
                        account.id, page, statuses=list(CampaignStatus)
                    )
                    counts = await tx.call_counts([one.id for one in some])
                    found += [CampaignReport(account, one, counts[one.id]) for one in some]
                    page = Page(limit=_AT_ONCE, offset=page.offset + _AT_ONCE)
                    if page.offset >= total:
                        break
        return found

    async def of(self, campaign_id: CampaignId) -> CampaignReport:
        """Return one campaign; raise NotFound."""
        async with self._store.begin(read_only=True) as tx:
            campaign = (await tx.campaigns_with_ids([campaign_id])).get(campaign_id)
            account = None if campaign is None else await tx.account(campaign.account_id)
            if campaign is None or account is None:
                raise NotFound("campaign", campaign_id)
            counts = (await tx.call_counts([campaign_id]))[campaign_id]
        return CampaignReport(account, campaign, counts)

    async def records(self, campaign: Campaign) -> AsyncIterator[tuple[Call, Sequence[Attempt]]]:
        """Yield each call of a campaign with its attempts, newest call first.

        Each page is read by itself: calls that are added meanwhile may show others again.
        """
        offset = 0
        while True:
            async with self._store.begin(read_only=True) as tx:
                calls, _ = await tx.calls(
                    campaign.account_id,
                    Page(limit=_AT_ONCE, offset=offset),
                    campaign_id=campaign.id,
                )
                attempts = await tx.attempts_of([call.id for call in calls])
            for call in calls:
                yield call, attempts[call.id]
            if len(calls) < _AT_ONCE:
                return
            offset += _AT_ONCE
