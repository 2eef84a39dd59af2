"""What has happened to calls, in the past tense; numbered per call by the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec

from ringcast.domain.ids import AttemptId, CallId, RecordingId
from ringcast.domain.outcomes import Outcome

__all__ = [
    "AnswerDetected",
    "AttemptStarted",
    "AudioEnded",
    "AudioStarted",
    "CallAnswered",
    "CallBarred",
    "CallCreated",
    "CallEnded",
    "CallEvent",
    "CallReceived",
    "CallRinging",
    "DigitPressed",
    "GatherStarted",
    "KeysGathered",
    "RecordingEnded",
    "RecordingStarted",
    "RingTimedOut",
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


class RingTimedOut(msgspec.Struct, frozen=True, tag="ring_timed_out", kw_only=True):
    """It rang for as long as it may, and nobody picked up; the end of the attempt follows."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime


class AudioStarted(msgspec.Struct, frozen=True, tag="audio_started", kw_only=True):
    """What a request wanted to be heard on the live call is heard from here on."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    is_speech: bool
    reference: str = ""
    """What the request calls it."""


class AudioEnded(msgspec.Struct, frozen=True, tag="audio_ended", kw_only=True):
    """It is not heard any more; `completed` is false if it was cut short."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    is_speech: bool
    completed: bool
    reference: str = ""


class GatherStarted(msgspec.Struct, frozen=True, tag="gather_started", kw_only=True):
    """Keys are collected from here on, as a request wanted."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    gather_id: int
    reference: str = ""


class KeysGathered(msgspec.Struct, frozen=True, tag="keys_gathered", kw_only=True):
    """The collecting of keys has ended."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    gather_id: int
    digits: str
    ended_by: str
    """A word of `domain.programs.GatherEnd`, or "hangup", or "canceled"."""
    reference: str = ""


class RecordingStarted(msgspec.Struct, frozen=True, tag="recording_started", kw_only=True):
    """The call is recorded from here on, as a request wanted."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    recording_id: RecordingId


class RecordingEnded(msgspec.Struct, frozen=True, tag="recording_ended", kw_only=True):
    """A recording of the call can be heard, or could not be kept."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    recording_id: RecordingId
    is_kept: bool


class AnswerDetected(msgspec.Struct, frozen=True, tag="answer_detected", kw_only=True):
    """It was found out, beside the script, who has answered."""

    call_id: CallId
    attempt_id: AttemptId
    at: datetime
    who: str
    """A word of `domain.programs.WhoAnswered`."""
    after: timedelta
    greeting_end: str | None = None
    """A word of `domain.programs.GreetingEnd`: how a machine's greeting has ended."""
    is_final: bool = True
    """False: it was a machine, whose greeting goes on."""


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
    | RingTimedOut
    | AudioStarted
    | AudioEnded
    | GatherStarted
    | KeysGathered
    | RecordingStarted
    | RecordingEnded
    | AnswerDetected
    | CallEnded
)
