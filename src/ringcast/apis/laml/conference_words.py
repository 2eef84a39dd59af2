"""Conferences in the vendors' words, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ringcast.apis.laml.following import FAMILY, METHOD
from ringcast.apis.laml.identities import Family
from ringcast.domain.conferences import ConferenceState, EndReason
from ringcast.domain.subscriptions import Follower, Topic

__all__ = [
    "DIALECT",
    "ENDED_BECAUSE",
    "EVENTS",
    "LABEL",
    "STATUSES",
    "TOLD",
    "conference_follower",
]

DIALECT: Final = "laml_conferences"
"""Whose words conferences are told in: a renderer of their own."""
TOLD: Final = "events"
"""The option of a subscription with the events it wants."""
LABEL: Final = "label"
"""The option of a member with its label."""
_MAX_ATTEMPTS: Final = 3
EVENTS: Final = ("start", "end", "join", "leave", "mute", "hold", "modify", "announcement")

STATUSES: Mapping[ConferenceState, str] = {
    ConferenceState.WAITING: "init",
    ConferenceState.ACTIVE: "in-progress",
    ConferenceState.ENDED: "completed",
}
ENDED_BECAUSE: Mapping[EndReason, str] = {
    EndReason.REQUEST: "conference-ended-via-api",
    EndReason.MEMBER_LEFT: "participant-with-end-conference-on-exit-left",
    EndReason.EMPTY: "last-participant-left",
    EndReason.SERVER_STOPPED: "last-participant-kicked",
}


def conference_follower(
    url: str, *, family: Family, method: str, events: Sequence[str]
) -> Follower:
    """Return who is told of the events of a conference."""
    return Follower(
        dialect=DIALECT,
        topics=frozenset({Topic.CONFERENCE_EVENT}),
        url=url,
        options={FAMILY: family, METHOD: method, TOLD: " ".join(events)},
        max_attempts=_MAX_ATTEMPTS,
    )
