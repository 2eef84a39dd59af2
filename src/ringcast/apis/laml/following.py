"""Who is told of calls and recordings, as subscriptions keep it, in the vendors' words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ringcast.apis.laml.identities import Family
from ringcast.domain.subscriptions import Follower, Topic

__all__ = [
    "BASE",
    "DIALECT",
    "EVENTS",
    "FAMILY",
    "KIND",
    "METHOD",
    "NOT_SENT",
    "OF_ANSWER",
    "OF_RECORDING",
    "PARTIAL",
    "RECORDING",
    "RECORDING_EVENTS",
    "WANTED",
    "answer_follower",
    "call_follower",
    "recording_follower",
]

DIALECT: Final = "laml"
FAMILY, METHOD, KIND, WANTED, BASE = "family", "method", "kind", "events", "base"
"""Options of a subscription."""
RECORDING: Final = "recording"
"""The option that names the recording that is told of."""
OF_RECORDING: Final = "recording"
"""The kind of a subscription to one recording; without a kind it is to the progress of a call."""
OF_ANSWER: Final = "answer"
"""The kind of one to who has answered."""
PARTIAL: Final = "partial"
"""What is wanted by who is told also of a machine whose greeting goes on."""

EVENTS: Mapping[str, Topic] = {
    "initiated": Topic.CALL_STARTED,
    "ringing": Topic.CALL_RINGING,
    "answered": Topic.CALL_ANSWERED,
    "completed": Topic.CALL_FINISHED,
}
"""The events of a call, in their order."""

RECORDING_EVENTS: Final = ("in-progress", "completed", "absent")

NOT_SENT = frozenset(Topic) - frozenset(EVENTS.values()) - {Topic.CALL_EVENT}

_MAX_ATTEMPTS: Final = 3


def call_follower(
    url: str, *, family: Family, method: str, events: Sequence[str] = (), key: str = ""
) -> Follower:
    """Return who is told of the progress of a call; `events` are some of EVENTS.

    Without a `key` the account's signs, as it is when the call begins.
    """
    return Follower(
        dialect=DIALECT,
        topics=frozenset(EVENTS[event] for event in events or ("completed",)),
        url=url,
        secret=key,
        options={FAMILY: family, METHOD: method},
        max_attempts=_MAX_ATTEMPTS,
    )


def recording_follower(
    url: str, *, family: Family, method: str, events: Sequence[str], key: str, base: str
) -> Follower:
    """Return who is told of a recording; `events` are some of RECORDING_EVENTS."""
    return Follower(
        dialect=DIALECT,
        topics=frozenset({Topic.CALL_EVENT}),
        url=url,
        secret=key,
        options={
            FAMILY: family,
            METHOD: method,
            KIND: OF_RECORDING,
            WANTED: " ".join(events or ("completed",)),
            BASE: base,
        },
        max_attempts=_MAX_ATTEMPTS,
    )


def answer_follower(url: str, *, family: Family, method: str, partial: bool) -> Follower:
    """Return who is told of who has answered."""
    return Follower(
        dialect=DIALECT,
        topics=frozenset({Topic.CALL_EVENT}),
        url=url,
        options={
            FAMILY: family,
            METHOD: method,
            KIND: OF_ANSWER,
            WANTED: PARTIAL if partial else "",
        },
        max_attempts=_MAX_ATTEMPTS,
    )
