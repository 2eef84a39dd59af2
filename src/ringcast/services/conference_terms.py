"""What is asked of conferences, and how it is refused.

RingcastError (domain.errors)
├─ NotFound              no such conference, or no such member
├─ Conflict
│  ├─ ConferenceEnded    it is over
│  ├─ ConferenceIdle     nobody is heard there yet
│  ├─ AlreadyThere       the call is a member
│  └─ NotCoachable       who is to be coached is no member
├─ LimitReached
│  └─ ConferenceFull
└─ Unavailable
   └─ ConferenceElsewhere
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringcast.domain.conferences import Conference, ConferenceMember, ConferenceRules
from ringcast.domain.errors import Conflict, LimitReached, Unavailable
from ringcast.domain.ids import AttemptId, CallId
from ringcast.domain.programs import HoldMusic, Prompt
from ringcast.domain.subscriptions import Follower
from ringcast.services.conference_news import ConferenceNews

__all__ = [
    "HOLD_MUSIC",
    "AlreadyThere",
    "ConferenceDetails",
    "ConferenceElsewhere",
    "ConferenceEnded",
    "ConferenceFull",
    "ConferenceIdle",
    "Joining",
    "NotCoachable",
    "Opening",
]

HOLD_MUSIC: Final[tuple[Prompt, ...]] = (HoldMusic(),)


class ConferenceEnded(Conflict):
    """The conference is over."""

    def __init__(self, conference: Conference) -> None:
        super().__init__(f"conference {conference.id} has ended")


class ConferenceIdle(Conflict):
    """Nobody is heard in the conference yet."""

    def __init__(self, conference: Conference) -> None:
        super().__init__(f"conference {conference.id} has not started")


class AlreadyThere(Conflict):
    """The call is a member of a conference already."""

    def __init__(self, call_id: CallId) -> None:
        super().__init__(f"call {call_id} is in a conference already")


class NotCoachable(Conflict):
    """Who is to be coached is no member of the conference."""

    def __init__(self, call_id: CallId) -> None:
        super().__init__(f"call {call_id} is not in the conference: it cannot be coached")


class ConferenceFull(LimitReached):
    """The conference has as many members as it may."""

    def __init__(self, conference: Conference) -> None:
        most = conference.rules.max_members
        super().__init__(
            f"conference {conference.id} has {most} members: that is as many as it may"
        )


class ConferenceElsewhere(Unavailable):
    """The conference lives, but on another server."""

    def __init__(self, conference: Conference) -> None:
        super().__init__(f"conference {conference.id} is on another server: ask that server")


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """What a conference is like, if it is made."""

    rules: ConferenceRules = field(default_factory=ConferenceRules)
    options: Mapping[str, str] = field(default_factory=dict)
    followers: Sequence[Follower] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Joining:
    """As what a call joins."""

    call_id: CallId
    leg: AttemptId
    is_muted: bool = False
    is_on_hold: bool = False
    coaches: CallId | None = None
    starts: bool = True
    ends: bool = False
    tone_on_join: bool = False
    tone_on_leave: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    while_on_hold: tuple[Prompt, ...] = HOLD_MUSIC
    """Played over and over while it is on hold."""
    tell: Callable[[ConferenceNews], None] | None = None


@dataclass(frozen=True, slots=True)
class ConferenceDetails:
    """A conference with all who are or were there, first to last."""

    conference: Conference
    members: Sequence[ConferenceMember]
