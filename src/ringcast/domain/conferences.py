"""Conferences: calls that hear each other in a room that has a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ringcast.domain.errors import IllegalTransition
from ringcast.domain.ids import AccountId, AttemptId, CallId, ConferenceId, MemberId

__all__ = [
    "Conference",
    "ConferenceMember",
    "ConferenceRules",
    "ConferenceState",
    "EndReason",
    "MemberChange",
]


class ConferenceState(StrEnum):
    """Whether those who are there hear each other."""

    WAITING = "waiting"
    """Nobody has come yet, or those who have wait for it to start."""
    ACTIVE = "active"
    ENDED = "ended"
    """Its name is free for another one."""

    @property
    def is_final(self) -> bool:
        """Whether the conference never changes again."""
        return not _NEXT[self]


_NEXT: Mapping[ConferenceState, frozenset[ConferenceState]] = {
    ConferenceState.WAITING: frozenset({ConferenceState.ACTIVE, ConferenceState.ENDED}),
    ConferenceState.ACTIVE: frozenset({ConferenceState.ENDED}),
    ConferenceState.ENDED: frozenset(),
}


class EndReason(StrEnum):
    """Why a conference has ended."""

    REQUEST = "request"
    MEMBER_LEFT = "member_left"
    """A member left with whom it ends."""
    EMPTY = "empty"
    """The last member left."""
    SERVER_STOPPED = "server_stopped"
    """The server that its calls were on is no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConferenceRules:
    """What holds for all members."""

    starts_with: int = 1
    """How many members must be there, one of them with `starts`, for it to start."""
    max_members: int = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Conference:
    """A room of an account; among those that have not ended its name is the only one."""

    id: ConferenceId
    account_id: AccountId
    name: str
    state: ConferenceState
    created_at: datetime
    updated_at: datetime
    rules: ConferenceRules
    options: Mapping[str, str] = field(default_factory=dict)
    """What only the dialect that made it understands."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    ended_by: CallId | None = None
    """The member whose going has ended it."""
    holder: str | None = None
    """The server process that its members' calls are on; None until the first one comes."""
    holder_until: datetime | None = None

    def moved_to(self, state: ConferenceState, *, now: datetime) -> Conference:
        """Return the conference in that state; raise IllegalTransition."""
        if state not in _NEXT[self.state]:
            raise IllegalTransition("conference", self.id, self.state, state)
        started = now if state is ConferenceState.ACTIVE else self.started_at
        return replace(self, state=state, updated_at=now, started_at=started)

    def ended(self, reason: EndReason, *, now: datetime, by: CallId | None = None) -> Conference:
        """Return the conference after its end; raise IllegalTransition if it has ended before."""
        over = self.moved_to(ConferenceState.ENDED, now=now)
        return replace(over, ended_at=now, end_reason=reason, ended_by=by)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConferenceMember:
    """A call in a conference, or that was in one."""

    id: MemberId
    conference_id: ConferenceId
    account_id: AccountId
    call_id: CallId
    leg: AttemptId
    joined_at: datetime
    updated_at: datetime
    left_at: datetime | None = None
    is_muted: bool = False
    is_on_hold: bool = False
    coaches: CallId | None = None
    """The member that alone hears it."""
    starts: bool = True
    """Whether the conference can start when it is there."""
    ends: bool = False
    """Whether the conference ends when it leaves."""
    tone_on_join: bool = False
    tone_on_leave: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """What only the dialect that made it understands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberChange:
    """What of a member is to be otherwise; None leaves it as it is."""

    is_muted: bool | None = None
    is_on_hold: bool | None = None
    coaches: CallId | None = None
    coaches_nobody: bool = False
    ends: bool | None = None
    tone_on_join: bool | None = None
    tone_on_leave: bool | None = None

    def of(self, member: ConferenceMember, *, now: datetime) -> ConferenceMember:
        """Return the member as it is then."""
        return replace(
            member,
            is_muted=_other(self.is_muted, member.is_muted),
            is_on_hold=_other(self.is_on_hold, member.is_on_hold),
            coaches=None if self.coaches_nobody else self.coaches or member.coaches,
            ends=_other(self.ends, member.ends),
            tone_on_join=_other(self.tone_on_join, member.tone_on_join),
            tone_on_leave=_other(self.tone_on_leave, member.tone_on_leave),
            updated_at=now,
        )


def _other(wanted: bool | None, present: bool) -> bool:
    return present if wanted is None else wanted
