"""What has happened to calls, in the past tense; numbered per call by the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from ringcast.domain.ids import AttemptId, CallId
from ringcast.domain.outcomes import Outcome

__all__ = [
    "AttemptStarted",
    "CallAnswered",
    "CallBarred",
    "CallCreated",
    "CallEnded",
    "CallEvent",
    "CallReceived",
    "CallRinging",
    "DigitPressed",
    "SoundPlayed",
]


class CallCreated(msgspec.Struct, frozen=True, tag="call_created", kw_only=True):
    """A request for a call was accepted."""

    call_id: CallId
    at: datetime


class CallReceived(msgspec.Struct, frozen=True, tag="call_received", kw_only=True):
    """Somebody called a number of the account, and waits to be answered."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    trunk: str


class AttemptStarted(msgspec.Struct, frozen=True, tag="attempt_started", kw_only=True):
    """An attempt was written down; its INVITE leaves next."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime


class CallBarred(msgspec.Struct, frozen=True, tag="call_barred", kw_only=True):
    """The number was on a do-not-call list when its turn came: the call is over, undialled."""

    call_id: CallId
    at: datetime


class CallRinging(msgspec.Struct, frozen=True, tag="call_ringing", kw_only=True):
    """The far end rings, or sends early media."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    early_media: bool


class CallAnswered(msgspec.Struct, frozen=True, tag="call_answered", kw_only=True):
    """Somebody or something picked up."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime


class SoundPlayed(msgspec.Struct, frozen=True, tag="sound_played", kw_only=True):
    """A playback ended; `completed` is false if it was cut short."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    played: timedelta
    completed: bool


class DigitPressed(msgspec.Struct, frozen=True, tag="digit_pressed", kw_only=True):
    """The called person pressed a key."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    digit: str


class CallEnded(msgspec.Struct, frozen=True, tag="call_ended", kw_only=True):
    """The attempt is over."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    outcome: Outcome
    reason: str


CallEvent: TypeAlias = (
    CallCreated
    | CallReceived
    | AttemptStarted
    | CallBarred
    | CallRinging
    | CallAnswered
    | SoundPlayed
    | DigitPressed
    | CallEnded
)
