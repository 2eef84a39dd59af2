"""What has happened in conferences, in the past tense."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from ringcast.domain.conferences import EndReason
from ringcast.domain.ids import CallId, ConferenceId, MemberId

__all__ = [
    "AnnouncementEnded",
    "AnnouncementStarted",
    "ConferenceEnded",
    "ConferenceEvent",
    "ConferenceOpened",
    "ConferenceStarted",
    "MemberChanged",
    "MemberJoined",
    "MemberLeft",
]


class ConferenceOpened(msgspec.Struct, frozen=True, tag="conference_opened", kw_only=True):
    """A conference was made; nobody is there yet."""

    conference_id: ConferenceId
    at: datetime


class ConferenceStarted(msgspec.Struct, frozen=True, tag="conference_started", kw_only=True):
    """Those who are there hear each other from here on."""

    conference_id: ConferenceId
    at: datetime


class ConferenceEnded(msgspec.Struct, frozen=True, tag="conference_ended", kw_only=True):
    """The conference is over."""

    conference_id: ConferenceId
    at: datetime
    reason: EndReason
    call_id: CallId | None = None
    """Whose going has ended it."""


class MemberJoined(msgspec.Struct, frozen=True, tag="member_joined", kw_only=True):
    """A call has come; it may have to wait."""

    conference_id: ConferenceId
    at: datetime
    member_id: MemberId
    call_id: CallId
    members: int
    """How many are there with it."""
    is_muted: bool
    is_on_hold: bool


class MemberLeft(msgspec.Struct, frozen=True, tag="member_left", kw_only=True):
    """A call has left, was taken out, or has ended."""

    conference_id: ConferenceId
    at: datetime
    member_id: MemberId
    call_id: CallId
    members: int
    """How many are left."""
    is_muted: bool
    is_on_hold: bool


class MemberChanged(msgspec.Struct, frozen=True, tag="member_changed", kw_only=True):
    """A member is muted or on hold, or is so no more, or has another part."""

    conference_id: ConferenceId
    at: datetime
    member_id: MemberId
    call_id: CallId
    members: int
    is_muted: bool
    is_on_hold: bool
    was_muted: bool
    was_on_hold: bool


class AnnouncementStarted(msgspec.Struct, frozen=True, tag="announcement_started", kw_only=True):
    """All members hear something from here on."""

    conference_id: ConferenceId
    at: datetime
    is_speech: bool
    reference: str = ""
    """What whoever asked for it calls it."""


class AnnouncementEnded(msgspec.Struct, frozen=True, tag="announcement_ended", kw_only=True):
    """It is over, was stopped, or could not be played (`failed` says why)."""

    conference_id: ConferenceId
    at: datetime
    is_speech: bool
    reference: str = ""
    failed: str | None = None


ConferenceEvent: TypeAlias = (
    ConferenceOpened
    | ConferenceStarted
    | ConferenceEnded
    | MemberJoined
    | MemberLeft
    | MemberChanged
    | AnnouncementStarted
    | AnnouncementEnded
)
