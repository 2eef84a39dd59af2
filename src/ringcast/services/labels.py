"""Labels of campaigns and numbers: given, taken, listed, deleted from everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ringcast.domain.accounts import AccountNumber
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, CampaignId
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.clock import Clock
from ringcast.ports.store import Page, Store, Transaction

__all__ = [
    "DeleteLabel",
    "FindLabels",
    "LabelCampaign",
    "LabelNumber",
    "NumbersWithLabel",
    "UnlabelCampaign",
    "UnlabelNumber",
]

_MAX_LABEL = 255  # characters
_MAX_LABELS = 50
"""As many as a campaign can have."""


class LabelCampaign:
    """Give a campaign a label, which is made by its first use."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId, label: str) -> None:
        """Give it; twice is once. Raises NotFound, InvalidInput."""
        label = _checked(label)
        async with self._store.begin() as tx:
            campaign = await tx.campaign(account_id, campaign_id, for_update=True)
            if campaign is None:
                raise NotFound("campaign", campaign_id)
            if label in campaign.labels:
                return
            if len(campaign.labels) >= _MAX_LABELS:
                raise InvalidInput(f"a campaign can have {_MAX_LABELS} labels", field="labels")
            labels = (*campaign.labels, label)
            now = self._clock.now()
            await tx.update_campaign(replace(campaign, labels=labels, updated_at=now))
            await tx.commit()


class UnlabelCampaign:
    """Take a label from a campaign."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId, label: str) -> None:
        """Raise NotFound if there is no such campaign, or it has no such label."""
        async with self._store.begin() as tx:
            campaign = await tx.campaign(account_id, campaign_id, for_update=True)
            if campaign is None:
                raise NotFound("campaign", campaign_id)
            left = tuple(one for one in campaign.labels if one != label.strip())
            if left == campaign.labels:
                raise _no_label(label)
            now = self._clock.now()
            await tx.update_campaign(replace(campaign, labels=left, updated_at=now))
            await tx.commit()


class LabelNumber:
    """Give a number of the account a label."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, number: PhoneNumber, label: str) -> None:
        """Give it; twice is once. Raises NotFound, InvalidInput."""
        label = _checked(label)
        async with self._store.begin() as tx:
            found = await _number(tx, account_id, number)
            await tx.label_number(account_id, found.id, label)
            await tx.commit()


class UnlabelNumber:
    """Take a label from a number."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, number: PhoneNumber, label: str) -> None:
        """Raise NotFound if it is not the account's, or has no such label."""
        async with self._store.begin() as tx:
            found = await _number(tx, account_id, number)
            if not await tx.unlabel_number(account_id, found.id, label.strip()):
                raise _no_label(label)
            await tx.commit()


class FindLabels:
    """List the labels that anything of the account has."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, page: Page) -> tuple[Sequence[str], int]:
        """Return a page of them, in the order of words, and how many there are."""
        async with self._store.begin(read_only=True) as tx:
            found = await tx.labels(account_id)
        return found[page.offset : page.offset + page.limit], len(found)


class NumbersWithLabel:
    """List the numbers of an account that have a label."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, label: str) -> Sequence[AccountNumber]:
        """Return the numbers, oldest first."""
        async with self._store.begin(read_only=True) as tx:
            labels = await tx.number_labels(account_id)
            numbers = await tx.numbers(account_id)
        return [one for one in numbers if label.strip() in labels.get(one.id, ())]


class DeleteLabel:
    """Take a label from everything that has it."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, label: str) -> None:
        """Raise NotFound if nothing has it."""
        label = label.strip()
        async with self._store.begin() as tx:
            of_numbers = await tx.unlabel_numbers(account_id, label)
            of_campaigns = await tx.unlabel_campaigns(account_id, label)
            if not of_numbers and not of_campaigns:
                raise _no_label(label)
            await tx.commit()


async def _number(tx: Transaction, account_id: AccountId, number: PhoneNumber) -> AccountNumber:
    found = await tx.number(account_id, number)
    if found is None:
        raise NotFound("number", number)
    return found


def _checked(label: str) -> str:
    label = label.strip()
    if not 0 < len(label) <= _MAX_LABEL:
        raise InvalidInput(f"a label has 1 to {_MAX_LABEL} characters", field="label")
    return label


def _no_label(label: str) -> NotFound:
    return NotFound("label", repr(label[:64]))
