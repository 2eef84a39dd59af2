"""The verbs there are, and those that are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ringcast.apis.laml.documents import Element
from ringcast.apis.laml.verbs import (
    dial,
    gather,
    hangup,
    pause,
    play,
    record,
    redirect,
    reject,
    say,
)
from ringcast.apis.laml.verbs.verb import Verb

__all__ = ["ATTRIBUTES", "REFUSED", "VERBS"]

VERBS: Mapping[str, Callable[[Element], Verb]] = {
    "Dial": dial.parse,
    "Gather": gather.parse,
    "Hangup": hangup.parse,
    "Pause": pause.parse,
    "Play": play.parse,
    "Record": record.parse,
    "Redirect": redirect.parse,
    "Reject": reject.parse,
    "Say": say.parse,
}

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "Dial": dial.ATTRIBUTES,
    "Gather": gather.ATTRIBUTES,
    "Hangup": hangup.ATTRIBUTES,
    "Pause": pause.ATTRIBUTES,
    "Play": play.ATTRIBUTES,
    "Record": record.ATTRIBUTES,
    "Redirect": redirect.ATTRIBUTES,
    "Reject": reject.ATTRIBUTES,
    "Say": say.ATTRIBUTES,
}

REFUSED: Mapping[str, str] = {
    "Connect": "media streams are not there yet",
    "Denoise": "noise is not taken out of calls",
    "Echo": "calls are not played back to themselves",
    "Enqueue": "there are no queues yet",
    "Leave": "there are no queues yet",
    "Pay": "payments are not collected",
    "Refer": "calls are not referred elsewhere",
    "Sms": "text messages are not sent",
    "Start": "media streams are not there yet",
    "Stop": "media streams are not there yet",
}
"""Verbs of the vendors that are not here, and why: a document with one is not run (13750)."""
