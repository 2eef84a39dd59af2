"""Who is told of a call's events."""

from __future__ import annotations

from dataclasses import replace

from ringcast.apis.bandwidth_v1.settings import DIALECT, Settings
from ringcast.domain.subscriptions import Follower, Topic

__all__ = [
    "CONFERENCE_TOPICS",
    "MAX_ATTEMPTS",
    "TOPICS",
    "conference_follower_of",
    "follower_of",
]

TOPICS = frozenset(
    {Topic.CALL_RECEIVED, Topic.CALL_ANSWERED, Topic.CALL_EVENT, Topic.CALL_FINISHED}
)
CONFERENCE_TOPICS = frozenset({Topic.CONFERENCE_EVENT})
MAX_ATTEMPTS = 1
"""Each event goes once to the callback URL and, if that fails, once to the fallback."""


def conference_follower_of(settings: Settings) -> Follower | None:
    """Return who is told what becomes of a conference with these settings."""
    follower = follower_of(settings)
    return None if follower is None else replace(follower, topics=CONFERENCE_TOPICS)


def follower_of(settings: Settings) -> Follower | None:
    """Return who is told what becomes of a call with these settings."""
    if not settings.callback_url:
        return None
    return Follower(
        dialect=DIALECT,
        topics=TOPICS,
        url=settings.callback_url,
        options=settings.written(),
        max_attempts=MAX_ATTEMPTS,
    )
