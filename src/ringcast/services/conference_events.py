"""Members and their events, made of what happens."""

from __future__ import annotations

from datetime import datetime

from ringcast.domain.conference_events import MemberChanged, MemberJoined, MemberLeft
from ringcast.domain.conferences import Conference, ConferenceMember
from ringcast.domain.ids import MemberId
from ringcast.services.conference_terms import Joining

__all__ = ["changed", "joined", "left", "member"]


def member(
    new_id: MemberId, conference: Conference, joining: Joining, *, now: datetime
) -> ConferenceMember:
    """Return a call that comes as a member."""
    return ConferenceMember(
        id=new_id,
        conference_id=conference.id,
        account_id=conference.account_id,
        call_id=joining.call_id,
        leg=joining.leg,
        joined_at=now,
        updated_at=now,
        is_muted=joining.is_muted,
        is_on_hold=joining.is_on_hold,
        coaches=joining.coaches,
        starts=joining.starts,
        ends=joining.ends,
        tone_on_join=joining.tone_on_join,
        tone_on_leave=joining.tone_on_leave,
        options=joining.options,
    )


def joined(one: ConferenceMember, members: int, *, at: datetime) -> MemberJoined:
    """Return the event of a member that has come."""
    return MemberJoined(
        conference_id=one.conference_id,
        at=at,
        member_id=one.id,
        call_id=one.call_id,
        members=members,
        is_muted=one.is_muted,
        is_on_hold=one.is_on_hold,
    )


def left(one: ConferenceMember, members: int, *, at: datetime) -> MemberLeft:
    """Return the event of a member that has left."""
    return MemberLeft(
        conference_id=one.conference_id,
        at=at,
        member_id=one.id,
        call_id=one.call_id,
        members=members,
        is_muted=one.is_muted,
        is_on_hold=one.is_on_hold,
    )


def changed(
    before: ConferenceMember, one: ConferenceMember, members: int, *, at: datetime
) -> MemberChanged:
    """Return the event of a member that is something else now."""
    return MemberChanged(
        conference_id=one.conference_id,
        at=at,
        member_id=one.id,
        call_id=one.call_id,
        members=members,
        is_muted=one.is_muted,
        is_on_hold=one.is_on_hold,
        was_muted=before.is_muted,
        was_on_hold=before.is_on_hold,
    )
