"""Conferences last, and are found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringcast.domain.accounts import Account
from ringcast.domain.conference_events import ConferenceEnded
from ringcast.domain.conferences import (
    Conference,
    ConferenceMember,
    ConferenceRules,
    ConferenceState,
    EndReason,
)
from ringcast.domain.errors import Conflict, NotFound
from ringcast.domain.ids import AttemptId, CallId, ConferenceId, MemberId, SubscriptionId
from ringcast.domain.subscriptions import Announcement, Follower, Topic
from ringcast.ports.store import Page, Store
from tests.contract.store_things import NOW, SECOND, an_account, kept

_numbers = iter(range(1, 10**6))


def a_conference(account: Account, **members: Any) -> Conference:
    number = next(_numbers)
    plain: dict[str, Any] = {
        "id": ConferenceId(number),
        "account_id": account.id,
        "name": f"room {number}",
        "state": ConferenceState.WAITING,
        "created_at": NOW + number * SECOND,
        "updated_at": NOW + number * SECOND,
        "rules": ConferenceRules(starts_with=2, max_members=9),
    }
    return Conference(**plain | members)


def a_member(conference: Conference, **members: Any) -> ConferenceMember:
    number = next(_numbers)
    plain: dict[str, Any] = {
        "id": MemberId(number),
        "conference_id": conference.id,
        "account_id": conference.account_id,
        "call_id": CallId(number),
        "leg": AttemptId(number + 1),
        "joined_at": NOW,
        "updated_at": NOW,
    }
    return ConferenceMember(**plain | members)


async def added(store: Store, *things: Conference | ConferenceMember) -> None:
    async with store.begin() as tx:
        for thing in things:
            if isinstance(thing, Conference):
                await tx.add_conference(thing)
            else:
                await tx.add_member(thing)
        await tx.commit()


async def test_conference_and_its_members_are_kept_as_they_are(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    conference = a_conference(account, options={"family": "twilio"}, name="Straße ✓")
    here = a_member(conference, is_muted=True, coaches=CallId(5), ends=True, options={"a": "b"})
    gone = a_member(conference, left_at=NOW + SECOND, is_on_hold=True, tone_on_leave=True)
    await added(store, conference, here, gone)

    async with store.begin(read_only=True) as tx:
        assert await tx.conference(account.id, conference.id) == conference
        assert await tx.conference(other.id, conference.id) is None
        assert await tx.open_conference(account.id, "Straße ✓") == conference
        assert await tx.members_of([conference.id]) == [here, gone]
        assert await tx.members_of([conference.id], present=True) == [here]

    changed = replace(here, is_muted=False, updated_at=NOW + SECOND)
    async with store.begin() as tx:
        await tx.update_members([changed])
        await tx.commit()
    async with store.begin(read_only=True) as tx:
        assert await tx.members_of([conference.id], present=True) == [changed]


async def test_name_is_taken_until_the_conference_has_ended(store: Store) -> None:
    account, other = an_account(), an_account()
    await kept(store, account, other)
    first = a_conference(account, name="daily")
    await added(store, first, a_conference(other, name="daily"))

    with pytest.raises(Conflict):
        await added(store, a_conference(account, name="daily"))
    async with store.begin() as tx:
        assert await tx.update_conference(first.ended(EndReason.REQUEST, now=NOW, by=CallId(3)))
        await tx.commit()
    again = a_conference(account, name="daily")
    await added(store, again)

    async with store.begin(read_only=True) as tx:
        assert await tx.open_conference(account.id, "daily") == again
    with pytest.raises(NotFound):
        await added(store, a_conference(an_account()))


async def test_ended_conference_never_changes_again(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    conference = a_conference(account)
    await added(store, conference)
    over = conference.ended(EndReason.EMPTY, now=NOW + SECOND)

    async with store.begin() as tx:
        assert await tx.update_conference(over)
        assert not await tx.update_conference(conference)
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        assert await tx.conference(account.id, conference.id) == over


async def test_conferences_are_listed_newest_first_and_filtered(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    some = [a_conference(account) for _ in range(4)]
    ended = a_conference(account, name="over").ended(EndReason.EMPTY, now=NOW + 10**6 * SECOND)
    await added(store, *some, ended)

    async with store.begin(read_only=True) as tx:
        assert await tx.conferences(account.id, Page(2)) == ([ended, some[3]], 5)
        assert await tx.conferences(account.id, Page(), name="over") == ([ended], 1)
        waiting = [ConferenceState.WAITING]
        assert await tx.conferences(account.id, Page(1, 1), states=waiting) == ([some[2]], 4)
        since, until = some[1].created_at, some[3].created_at
        found = await tx.conferences(account.id, Page(), since=since, until=until)
        assert found == ([some[2], some[1]], 2)
        found = await tx.conferences(account.id, Page(), updated_since=ended.updated_at)
        assert found == ([ended], 1)
        found = await tx.conferences(account.id, Page(), updated_until=some[1].updated_at)
        assert found == ([some[0]], 1)


async def test_only_what_a_dead_server_held_is_orphaned(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    nobodys = a_conference(account)
    held = a_conference(account, holder="a", holder_until=NOW)
    alive = a_conference(account, holder="b", holder_until=NOW)
    ended = a_conference(account, holder="a", holder_until=NOW)
    ended = ended.ended(EndReason.EMPTY, now=NOW)
    await added(store, nobodys, held, alive, ended)

    async with store.begin() as tx:
        assert await tx.extend_conferences("b", NOW + 30 * SECOND) == 1
        await tx.commit()
    async with store.begin() as tx:
        assert await tx.orphaned_conferences(NOW + SECOND, 10) == [held]
        # A change that was made with the old time does not take it back.
        await tx.update_conference(alive)
        assert await tx.orphaned_conferences(NOW + SECOND, 10) == [held]


async def test_what_happens_is_announced_to_followers_of_that_conference(store: Store) -> None:
    account = an_account()
    await kept(store, account)
    one, two = a_conference(account), a_conference(account)
    await added(store, one, two)
    follower = Follower(
        dialect="x",
        topics=frozenset({Topic.CONFERENCE_EVENT}),
        url="http://there/",
        options={},
        max_attempts=3,
    )
    subscription = follower.following(
        SubscriptionId(1), account.id, one.id, at=NOW, signing_key="key"
    )
    events = [
        ConferenceEnded(conference_id=each.id, at=NOW, reason=EndReason.EMPTY, call_id=CallId(4))
        for each in (one, two)
    ]
    async with store.begin() as tx:
        await tx.add_subscription(subscription)
        await tx.announce(
            [
                Announcement(
                    topic=Topic.CONFERENCE_EVENT,
                    account_id=account.id,
                    subject_id=event.conference_id,
                    at=NOW,
                    event=event,
                )
                for event in events
            ]
        )
        await tx.commit()

    async with store.begin(read_only=True) as tx:
        (entry,) = await tx.outbox(10)
    assert entry.announcement.event == events[0]
