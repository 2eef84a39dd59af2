"""Who is told of a call's events."""

from __future__ import annotations

from ringcast.apis.bandwidth_v1.settings import DIALECT, Settings
from ringcast.domain.subscriptions import Follower, Topic

__all__ = ["MAX_ATTEMPTS", "TOPICS", "follower_of"]

TOPICS = frozenset(
    {Topic.CALL_RECEIVED, Topic.CALL_ANSWERED, Topic.CALL_EVENT, Topic.CALL_FINISHED}
)
MAX_ATTEMPTS = 1
"""Each event goes once to the callback URL and, if that fails, once to the fallback."""


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
