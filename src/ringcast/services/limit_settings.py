"""What whoever runs the system allows accounts, campaigns and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import CampaignId
from ringcast.domain.limits import Lane, lane_of_account, lane_of_campaign, lane_of_number
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Store, Transaction

__all__ = ["LimitOf", "ListLimits", "RemoveLimit", "SetLimit"]


class LimitOf(StrEnum):
    """Whose calls are limited."""

    ACCOUNT = "account"
    CAMPAIGN = "campaign"
    NUMBER = "number"
    """Those that show it."""


class SetLimit:
    """Limit calls per second, calls at once, or both; in force from the next call on."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, of: LimitOf, which: str, *, calls_per_second: float | None, max_calls: int | None
    ) -> Lane:
        """Return the limit; raise NotFound, or InvalidInput for one that cannot be.

        `which` is the name of an account, the identifier of a campaign, or a number.
        """
        if calls_per_second is None and max_calls is None:
            raise InvalidInput("give --cps, --max-calls or both", field="cps")
        if of is LimitOf.CAMPAIGN and max_calls is not None:
            raise InvalidInput(
                "how many calls a campaign has at once is the campaign's own setting (maxActive)",
                field="max-calls",
            )
        async with self._store.begin() as tx:
            name = await _lane_name(tx, of, which)
            lane = Lane(name=name, calls_per_second=calls_per_second, max_calls=max_calls)
            await tx.limit_lane(lane)
            await tx.commit()
        return lane


class RemoveLimit:
    """Take a limit away."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, of: LimitOf, which: str) -> None:
        """Do nothing if there is none; raise NotFound if there is no such account or campaign."""
        async with self._store.begin() as tx:
            await tx.delete_lane(await _lane_name(tx, of, which))
            await tx.commit()


class ListLimits:
    """Look at the limits, and at what they hold back."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self) -> Sequence[Lane]:
        """Return all there are, those of trunks too."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.all_lanes()


async def _lane_name(tx: Transaction, of: LimitOf, which: str) -> str:
    match of:
        case LimitOf.ACCOUNT:
            account = await tx.account_named(which)
            if account is None:
                raise NotFound("account", which)
            return lane_of_account(account.id)
        case LimitOf.CAMPAIGN:
            if which.isascii() and which.isdigit() and len(which) < 19:
                campaign_id = CampaignId(int(which))
                if campaign_id in await tx.campaigns_with_ids([campaign_id]):
                    return lane_of_campaign(campaign_id)
            raise NotFound("campaign", which)
        case LimitOf.NUMBER:
            number = PhoneNumber.parse(which, field="number")
            if await tx.number_of_anybody(number) is None:
                raise NotFound("number", number.e164)
            return lane_of_number(number)
