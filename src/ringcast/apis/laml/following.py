"""What status callbacks are subscribed to by, in the vendors' words."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.domain.subscriptions import Topic

__all__ = ["DIALECT", "EVENTS", "FAMILY", "MAX_ATTEMPTS", "METHOD", "NOT_SENT"]

DIALECT = "laml"
FAMILY, METHOD = "family", "method"
"""Options of a subscription."""

EVENTS: Mapping[str, Topic] = {
    "initiated": Topic.CALL_STARTED,
    "ringing": Topic.CALL_RINGING,
    "answered": Topic.CALL_ANSWERED,
    "completed": Topic.CALL_FINISHED,
}
"""The events of a call, in their order."""

NOT_SENT = frozenset(Topic) - frozenset(EVENTS.values())

MAX_ATTEMPTS = 3
