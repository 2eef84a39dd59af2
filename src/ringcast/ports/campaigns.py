"""What the core asks of the store about campaigns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import Batch, Campaign, CampaignStatus
from ringcast.domain.ids import AccountId, BatchId, CallId, CampaignId, ContactId, ScheduleId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome

if TYPE_CHECKING:
    from ringcast.ports.store import Page

__all__ = ["CallCounts", "CampaignTransaction"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallCounts:
    """How many calls of a campaign, or of a batch, are where; kept as it happens."""

    states: Mapping[CallState, int] = field(default_factory=dict)
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    """Of calls that are FINISHED."""
    dialed: int = 0
    """Calls with at least one attempt."""
    waiting_again: int = 0
    """Calls that are READY after an attempt."""
    attempts: int = 0
    attempt_outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    """Of attempts that have ended; only campaigns have them, batches do not."""
    answered: int = 0
    """Attempts that somebody or something picked up."""
    talk_time: timedelta = timedelta()
    """Of all attempts."""
    billed_minutes: int = 0
    """Of all attempts, each one's talk time rounded up to whole minutes."""

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.states.values())

    @property
    def remaining(self) -> int:
        """Calls that are not over, and are to be dialled or being dialled."""
        return self.states.get(CallState.READY, 0) + self.states.get(CallState.ACTIVE, 0)


class CampaignTransaction(Protocol):
    """The part of a unit of work that is about campaigns."""

    async def add_campaign(self, campaign: Campaign) -> None: ...
    async def campaign(
        self, account_id: AccountId, campaign_id: CampaignId, *, for_update: bool = False
    ) -> Campaign | None:
        """`for_update` keeps others from changing it until the end of the transaction."""

    async def campaigns(
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
        """Newest first, and how many match; archived ones only if `statuses` says so.

        `name` is a part of the name, whatever its case; the times are those of creation.
        """

    async def campaigns_with_ids(
        self, campaign_ids: Sequence[CampaignId]
    ) -> Mapping[CampaignId, Campaign]:
        """Those there are, of any account."""

    async def campaign_with_schedule(
        self, account_id: AccountId, schedule_id: ScheduleId
    ) -> Campaign | None:
        """The campaign that has a schedule; takes a look at each campaign of the account."""

    async def update_campaign(self, campaign: Campaign) -> None:
        """Write all of it but its account and its time of creation; raises NotFound."""

    async def call_counts(
        self, owners: Sequence[CampaignId | BatchId]
    ) -> Mapping[CampaignId | BatchId, CallCounts]:
        """The counts of each campaign or batch."""

    async def call_counts_within(
        self, campaign_id: CampaignId, since: datetime | None, until: datetime | None
    ) -> CallCounts:
        """The counts of calls that came to their end, and of attempts that ended, in a time.

        From `since` to before `until`, both widened to whole minutes; None is without bound. Calls
        that are not over are not among them.
        """

    async def count_attempt(
        self,
        call: Call,
        *,
        at: datetime,
        outcome: Outcome | None,
        answered: bool,
        talk_time: timedelta,
        billed_minutes: int,
    ) -> None:
        """Count an attempt that ended `at` that time to the campaign of its call."""

    # dialling

    async def campaigns_wanting(self, now: datetime) -> bool:
        """Whether a campaign has anything to do: calls to dial, an opening, or an end."""

    async def campaigns_at_work(self, now: datetime) -> Sequence[Campaign]:
        """RUNNING campaigns, and SCHEDULED ones whose time has come, locked for this transaction.

        Two transactions never get the same campaign.
        """

    async def due_calls_of_campaign(
        self, campaign_id: CampaignId, now: datetime, limit: int
    ) -> Sequence[Call]:
        """READY calls of a campaign whose time has come, the earliest due first, locked."""

    async def next_due_of_campaign(self, campaign_id: CampaignId) -> datetime | None:
        """When the earliest READY call of the campaign becomes due."""

    async def make_due(self, campaign_id: CampaignId, now: datetime) -> int:
        """Make calls due that were put off, all that were never dialled; return how many."""

    async def live_transfers(self, campaign_id: CampaignId) -> int:
        """How many second legs of transfers from calls of the campaign are not over."""

    async def live_second_legs(self, call_ids: Collection[CallId]) -> Mapping[CallId, CallId]:
        """The second leg of each call that has one which is not over."""

    # recipients

    async def numbers_among(
        self, account_id: AccountId, campaign_id: CampaignId, numbers: Sequence[PhoneNumber]
    ) -> frozenset[PhoneNumber]:
        """Those of the numbers that the campaign calls, whatever became of the calls."""

    async def enable_calls(
        self,
        account_id: AccountId,
        campaign_id: CampaignId,
        *,
        enabled: bool,
        now: datetime,
        batch_id: BatchId | None = None,
        numbers: Sequence[PhoneNumber] | None = None,
        contacts: Sequence[ContactId] | None = None,
    ) -> int:
        """Make READY calls DISABLED, or DISABLED ones READY; return how many changed.

        Those of a batch, to some numbers, or to some contacts, one of which is given; calls that
        were dialled once are left as they are.
        """

    # batches

    async def add_batch(self, batch: Batch) -> None:
        """Raises NotFound if there is no such campaign."""

    async def batch(self, account_id: AccountId, batch_id: BatchId) -> Batch | None: ...
    async def batches(
        self, account_id: AccountId, campaign_id: CampaignId, page: Page
    ) -> tuple[Sequence[Batch], int]:
        """Newest first, and how many there are."""

    async def update_batch(self, batch: Batch) -> None:
        """Write name, status and whether it is enabled; raises NotFound."""
