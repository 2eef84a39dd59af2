"""Which calls of running campaigns are dialled next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import Campaign, CampaignStatus
from ringcast.domain.ids import CampaignId, ContactId
from ringcast.domain.retries import RetryRule
from ringcast.domain.subscriptions import Topic
from ringcast.ports.campaigns import CallCounts
from ringcast.ports.store import Page, Transaction
from ringcast.services.admission import fair_shares
from ringcast.services.calling_hours import CallingHours
from ringcast.services.campaign_growth import announcement
from ringcast.services.limits import Limits, Payer

__all__ = ["CampaignTurns", "DueCalls"]

_SWEEP = 500  # calls looked at together once some are outside their window
_SWEEPS = 4  # such looks in one transaction: what is left waits for the next


@dataclass(frozen=True, slots=True)
class DueCalls:
    """Calls to be dialled now, and the retry rule of each."""

    calls: Sequence[Call]
    rules: Sequence[RetryRule]
    more: bool
    """Whether another look at once may find more."""


class CampaignTurns:
    """Takes calls of the campaigns in turn, and keeps campaigns to their rules as it does.

    All is decided in the transaction that writes the attempts down: a campaign that was stopped
    before it is not dialled, its most calls at once hold over all processes, windows and schedules
    are those of the instant of dialling.
    """

    def __init__(self) -> None:
        self._last: CampaignId | None = None

    async def due(
        self, tx: Transaction, now: datetime, room: int, limits: Limits, hours: CallingHours
    ) -> DueCalls:
        """Return at most `room` calls, fairly shared between the campaigns."""
        waiting: list[tuple[Campaign, Sequence[Call]]] = []
        more = False
        campaigns = await tx.campaigns_at_work(now)
        counts = await tx.call_counts([one.id for one in campaigns]) if campaigns else {}
        await limits.learn(Payer.of_campaign(one) for one in campaigns)
        for campaign in self._in_turn(campaigns):
            if len(waiting) >= room:
                break  # the others are first next time
            kept = await self._kept_to_rules(tx, campaign, counts[campaign.id], now)
            if kept.status is not CampaignStatus.RUNNING:
                continue
            free = _free(kept, counts[campaign.id], room)
            free = limits.room_for(Payer.of_campaign(kept), free) if free else 0
            calls, all_seen = await _due_calls(tx, kept, now, free, hours) if free else ((), True)
            calls = await _at_their_phones(tx, kept, calls)
            more = more or not all_seen
            if calls:
                waiting.append((kept, calls))
            elif free and all_seen:
                await self._rest(tx, kept, counts[campaign.id], now)
        shares = fair_shares(room, [len(calls) for _, calls in waiting])
        if waiting:
            self._last = waiting[0][0].id if len(waiting) < room else waiting[-1][0].id
        taken = [
            (_as_campaign_says(call, campaign), campaign.retry)
            for (campaign, calls), share in zip(waiting, shares, strict=True)
            for call in calls[:share]
        ]
        return DueCalls([call for call, _ in taken], [rule for _, rule in taken], more)

    def _in_turn(self, campaigns: Sequence[Campaign]) -> Iterable[Campaign]:
        """Begin after the one that was first, or served last, the time before."""
        last = self._last
        if last is None:
            return campaigns
        return sorted(campaigns, key=lambda one: (one.id <= last, one.id))

    async def _kept_to_rules(
        self, tx: Transaction, campaign: Campaign, counts: CallCounts, now: datetime
    ) -> Campaign:
        """Return the campaign, its status changed if its schedule or its end has come."""
        if not counts.remaining:
            kept = campaign.moved_to(CampaignStatus.FINISHED, now=now)
            topic = Topic.CAMPAIGN_FINISHED
        else:
            kept = campaign.kept_to_schedule(now)
            topic = Topic.CAMPAIGN_STOPPED
        if kept == campaign:
            return campaign
        await tx.update_campaign(kept)
        if not kept.status.is_started:
            await tx.announce([announcement(kept, topic, now=now)])
        return kept

    async def _rest(
        self, tx: Transaction, campaign: Campaign, counts: CallCounts, now: datetime
    ) -> None:
        """Stop a campaign that has no more to do on its day, if it is not to go on the next."""
        if counts.states.get(CallState.ACTIVE, 0):
            return
        due_at = await tx.next_due_of_campaign(campaign.id)
        if due_at is None or due_at <= now or not campaign.rests_until(due_at):
            return
        stopped = campaign.moved_to(CampaignStatus.STOPPED, now=now)
        await tx.update_campaign(stopped)
        await tx.announce([announcement(stopped, Topic.CAMPAIGN_STOPPED, now=now)])


def _free(campaign: Campaign, counts: CallCounts, room: int) -> int:
    """Return how many more calls the campaign may have now."""
    if campaign.max_active is None:
        return room
    return max(0, min(room, campaign.max_active - counts.states.get(CallState.ACTIVE, 0)))


async def _due_calls(
    tx: Transaction, campaign: Campaign, now: datetime, limit: int, hours: CallingHours
) -> tuple[Sequence[Call], bool]:
    """Return calls that may be dialled now, and whether no more could be found.

    Those outside their window, or the hours of the law, are put off to the next opening.
    """
    law = await hours.law_for(campaign.account_id, single=False)
    if campaign.window is None and law is None:
        return await tx.due_calls_of_campaign(campaign.id, now, limit), True
    size = limit
    for _ in range(_SWEEPS):
        found = await tx.due_calls_of_campaign(campaign.id, now, size)
        open_now, put_off = [], []
        known = await _known_zones(tx, campaign, found)
        for call in await _at_their_phones(tx, campaign, found):
            opens_at = hours.opens_at(
                call,
                window=campaign.window,
                law=law,
                known_zones=known.get(call.contact_id, frozenset()),
            )
            if opens_at <= now:
                open_now.append(call)
            else:
                put_off.append(replace(call, due_at=opens_at))
        await tx.update_calls(put_off)
        if not put_off or len(open_now) >= limit:
            return open_now[:limit], True
        if len(found) < size:
            return open_now, True
        size = max(_SWEEP, limit)
    return open_now, False


async def _at_their_phones(
    tx: Transaction, campaign: Campaign, calls: Sequence[Call]
) -> Sequence[Call]:
    """Return the calls; contacts that are tried again at the telephone whose turn it is."""
    again = {call.contact_id for call in calls if call.contact_id is not None and call.attempts}
    if not again or not campaign.retry.phones:
        return calls
    contacts, _ = await tx.contacts(campaign.account_id, Page(limit=len(again)), ids=sorted(again))
    details = {one.id: one.details for one in contacts}
    return [
        replace(call, to=campaign.retry.phone_of(known, attempts=call.attempts) or call.to)
        if call.contact_id is not None
        and call.attempts
        and (known := details.get(call.contact_id)) is not None
        else call
        for call in calls
    ]


async def _known_zones(
    tx: Transaction, campaign: Campaign, calls: Sequence[Call]
) -> Mapping[ContactId | None, frozenset[str]]:
    """Return the time zones of contacts that are called, of those that have one."""
    wanted = sorted({call.contact_id for call in calls if call.contact_id is not None})
    if not wanted:
        return {}
    contacts, _ = await tx.contacts(campaign.account_id, Page(limit=len(wanted)), ids=wanted)
    return {
        one.id: frozenset({one.details.time_zone})
        for one in contacts
        if one.details.time_zone is not None
    }


def _as_campaign_says(call: Call, campaign: Campaign) -> Call:
    """Return the call with what it leaves to its campaign."""
    return replace(
        call,
        script=call.script if call.script.instructions else campaign.script,
        from_number=call.from_number or campaign.from_number,
    )
