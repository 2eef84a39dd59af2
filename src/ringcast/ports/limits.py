"""What the core asks of the store about the limits that all servers keep to together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ringcast.domain.ids import AccountId
from ringcast.domain.limits import Lane
from ringcast.domain.numbers import PhoneNumber

__all__ = ["LimitTransaction"]


class LimitTransaction(Protocol):
    """The part of a unit of work that is about limits."""

    async def lane_for_update(self, lane: Lane) -> Lane:
        """Return the lane as it is kept, made if there is none, with the limits of `lane`.

        Nobody else gets it until the end of the transaction.
        """

    async def lanes(self, names: Collection[str]) -> Mapping[str, Lane]:
        """Those there are."""

    async def all_lanes(self) -> Sequence[Lane]:
        """All there are, in the order of their names."""

    async def limit_lane(self, lane: Lane) -> None:
        """Write the limits of a lane, new or not."""

    async def move_lanes(self, lanes: Sequence[Lane]) -> None:
        """Write all but the limits of lanes that are there."""

    async def delete_lane(self, name: str) -> None:
        """Delete it, if it is there."""

    async def living_attempts(
        self, *, account_id: AccountId | None = None, from_number: PhoneNumber | None = None
    ) -> int:
        """How many attempts have not ended, on all servers: of an account, or from a number."""
