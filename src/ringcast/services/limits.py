"""The limits of calls that are written down in one transaction, kept by all servers together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ringcast.domain.calls import Call
from ringcast.domain.campaigns import Campaign
from ringcast.domain.ids import AccountId, CampaignId
from ringcast.domain.limits import (
    Lane,
    lane_of_account,
    lane_of_campaign,
    lane_of_number,
)
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Transaction

__all__ = ["Limits", "Payer", "open_limits"]

_WAIT_FOR_AN_END = timedelta(seconds=1)
"""Calls that wait for others to end are looked at again after so long."""


@dataclass(frozen=True, slots=True)
class Payer:
    """On whose account a call goes: limits are those of each of them."""

    account_id: AccountId
    campaign_id: CampaignId | None
    from_number: PhoneNumber | None

    @classmethod
    def of(cls, call: Call) -> Payer:
        """Return that of a call."""
        return cls(call.account_id, call.campaign_id, call.from_number)

    @classmethod
    def of_campaign(cls, campaign: Campaign) -> Payer:
        """Return that of the calls of a campaign which leave their caller's number to it."""
        return cls(campaign.account_id, campaign.id, campaign.from_number)

    @property
    def lanes(self) -> Sequence[str]:
        """The names of their lanes."""
        names = [lane_of_account(self.account_id)]
        if self.campaign_id is not None:
            names.append(lane_of_campaign(self.campaign_id))
        if self.from_number is not None:
            names.append(lane_of_number(self.from_number))
        return names


async def open_limits(tx: Transaction, trunk: Lane, *, now: datetime, horizon: timedelta) -> Limits:
    """Begin to hand out times to leave at, up to `now + horizon`.

    The trunk's lane is locked until the end of the transaction, so that no other server hands out
    the same. Its limits are those of `trunk`, whatever was kept.
    """
    kept = await tx.lane_for_update(trunk)
    return Limits(tx, kept, await tx.living_attempts(), now=now, horizon=horizon)


class Limits:
    """Times at which calls may leave; a call takes one of its trunk, account, campaign and number.

    Call `learn` of the calls before anything is asked about them, and `save` in the end.
    """

    def __init__(
        self, tx: Transaction, trunk: Lane, live: int, *, now: datetime, horizon: timedelta
    ) -> None:
        self._tx = tx
        self._now = now
        self._horizon = horizon
        self._trunk = trunk.name
        self._lanes: dict[str, Lane | None] = {trunk.name: trunk}
        """By name; None: there is none."""
        self._live = {trunk.name: live}
        self._changed = False
        self._put_off: Counter[str] = Counter()
        self.come_back_at: datetime | None = None
        """When calls that found no room may find some."""

    @property
    def room(self) -> int:
        """How many more calls the trunk takes."""
        room = self._room(self._trunk)
        assert room is not None  # a trunk has limits
        if not room:
            self._come_back(self._kept_trunk().free_at(self._now))
        return room

    async def learn(self, payers: Iterable[Payer]) -> None:
        """Have their limits at hand."""
        wanted = {name: payer for payer in payers for name in payer.lanes}
        unknown = wanted.keys() - self._lanes.keys()
        if not unknown:
            return
        found = await self._tx.lanes(unknown)
        for name in unknown:
            lane = self._lanes[name] = found.get(name)
            payer = wanted[name]
            if lane is None or lane.max_calls is None:
                self._live[name] = 0
            elif name == lane_of_account(payer.account_id):
                self._live[name] = await self._tx.living_attempts(account_id=payer.account_id)
            else:
                self._live[name] = await self._tx.living_attempts(from_number=payer.from_number)

    def room_for(self, payer: Payer, most: int) -> int:
        """Return how many calls of the payer may leave, `most` at the most."""
        rooms = [self._room(name) for name in (self._trunk, *payer.lanes)]
        room = min([most, *(room for room in rooms if room is not None)])
        if not room:
            self._come_back(self.wait_of(payer))
        return room

    def take(self, payer: Payer) -> datetime | None:
        """Return when a call of the payer may leave, and keep that time for it; None: not now."""
        lanes = self._lanes_of(payer)
        trunk = self._kept_trunk()
        at = trunk.free_at(self._now)
        is_late = any(lane.free_at(self._now) > at for lane in lanes)
        if is_late or not self.room_for(payer, 1):
            self._come_back(self.wait_of(payer))
            return None
        for lane in (trunk, *lanes):
            self._lanes[lane.name] = lane.taken(at)
            self._live[lane.name] += 1
        self._changed = True
        return at

    def has_place(self, payer: Payer) -> bool:
        """Whether another call of the payer may live, whenever it left."""
        return all(
            lane.max_calls is None or self._live[lane.name] < lane.max_calls
            for lane in (self._kept_trunk(), *self._lanes_of(payer))
        )

    def wait_of(self, payer: Payer) -> datetime:
        """Return when it is worth trying again for who found no room."""
        waits = [self._kept_trunk().free_at(self._now)]
        for lane in self._lanes_of(payer):
            waits.append(lane.free_at(self._now))
            if lane.max_calls is not None and self._live[lane.name] >= lane.max_calls:
                waits.append(self._now + _WAIT_FOR_AN_END)
        return max(waits)

    def put_off(self, call: Call) -> Call:
        """Return the call put off to when it is its turn, behind those put off before it."""
        payer = Payer.of(call)
        at = self.wait_of(payer)
        for lane in self._lanes_of(payer):
            place = self._put_off[lane.name]
            self._put_off[lane.name] += 1
            at = max(at, lane.free_at(self._now) + place * lane.interval)
        return replace(call, due_at=at)

    async def save(self) -> None:
        """Write down what was taken."""
        if self._changed:
            await self._tx.move_lanes([lane for lane in self._lanes.values() if lane is not None])

    def _lanes_of(self, payer: Payer) -> Sequence[Lane]:
        found = (self._lanes[name] for name in payer.lanes)
        return [lane for lane in found if lane is not None]

    def _kept_trunk(self) -> Lane:
        lane = self._lanes[self._trunk]
        assert lane is not None  # a trunk always has its lane
        return lane

    def _room(self, name: str) -> int | None:
        lane = self._lanes[name]
        if lane is None:
            return None
        return lane.room(live=self._live[name], now=self._now, horizon=self._horizon)

    def _come_back(self, at: datetime) -> None:
        if self.come_back_at is None or at < self.come_back_at:
            self.come_back_at = at
