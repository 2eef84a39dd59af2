"""Conferences written down: each change with the events that tell of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ringcast.domain.conference_events import (
    ConferenceEnded,
    ConferenceEvent,
    MemberLeft,
)
from ringcast.domain.conferences import Conference, ConferenceMember, EndReason
from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import AccountId, SubscriptionId
from ringcast.domain.subscriptions import Announcement, Follower, Topic
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store, Transaction

__all__ = ["EndOrphanedConferences", "announcements", "departures", "follow", "surely_written"]

log = logging.getLogger(__name__)

_RETRY_AFTER: Final = 0.5  # seconds
_BATCH: Final = 100


def announcements(
    account_id: AccountId, events: Sequence[ConferenceEvent]
) -> Sequence[Announcement]:
    """Return what is to be announced of events."""
    return [
        Announcement(
            topic=Topic.CONFERENCE_EVENT,
            account_id=account_id,
            subject_id=event.conference_id,
            at=event.at,
            event=event,
        )
        for event in events
    ]


async def follow(
    tx: Transaction,
    conference: Conference,
    followers: Sequence[Follower],
    ids: Sequence[int],
) -> None:
    """Have followers told of a conference that is being made."""
    if not followers:
        return
    account = await tx.account(conference.account_id)
    assert account is not None  # it has just been asked for a conference
    for new_id, follower in zip(ids, followers, strict=True):
        await tx.add_subscription(
            follower.following(
                SubscriptionId(new_id),
                conference.account_id,
                conference.id,
                at=conference.created_at,
                signing_key=account.signing_key,
            )
        )


def departures(
    conference: Conference, members: Sequence[ConferenceMember]
) -> tuple[list[ConferenceMember], list[ConferenceEvent]]:
    """Return those who were there when a conference ended, as they are now, and the events."""
    at = conference.ended_at
    assert at is not None
    gone = [replace(member, left_at=at, updated_at=at) for member in members]
    events: list[ConferenceEvent] = [
        MemberLeft(
            conference_id=conference.id,
            at=at,
            member_id=member.id,
            call_id=member.call_id,
            members=len(gone) - number,
            is_muted=member.is_muted,
            is_on_hold=member.is_on_hold,
        )
        for number, member in enumerate(gone, start=1)
    ]
    reason = conference.end_reason
    assert reason is not None
    events.append(
        ConferenceEnded(
            conference_id=conference.id, at=at, reason=reason, call_id=conference.ended_by
        )
    )
    return gone, events


async def surely_written(
    store: Store,
    conference: Conference,
    members: Sequence[ConferenceMember],
    events: Sequence[ConferenceEvent],
) -> None:
    """Write what has happened already; while the store is away it waits."""
    while True:
        try:
            async with store.begin() as tx:
                await tx.update_conference(conference)
                await tx.update_members(members)
                await tx.announce(announcements(conference.account_id, events))
                await tx.commit()
        except Unavailable:
            log.warning("store unavailable, a conference waits", extra={"id": conference.id})
            await asyncio.sleep(_RETRY_AFTER)
            continue
        return


class EndOrphanedConferences:
    """Give an end to conferences whose server has died: the calls in them died with it.

    Those that nobody has joined yet belong to no server, and live on.
    """

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self) -> int:
        """End those there are; return how many."""
        ended = 0
        while True:
            now = self._clock.now()
            async with self._store.begin() as tx:
                orphans = await tx.orphaned_conferences(now, _BATCH)
                if not orphans:
                    return ended
                members = await tx.members_of([one.id for one in orphans], present=True)
                for orphan in orphans:
                    over = orphan.ended(EndReason.SERVER_STOPPED, now=now)
                    there = [one for one in members if one.conference_id == orphan.id]
                    gone, events = departures(over, there)
                    await tx.update_conference(over)
                    await tx.update_members(gone)
                    await tx.announce(announcements(over.account_id, events))
                await tx.commit()
            ended += len(orphans)
            log.warning("conferences of a dead process ended", extra={"conferences": len(orphans)})
