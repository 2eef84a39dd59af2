"""Sounds: named audio of an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ringcast.domain.ids import AccountId, CallId, SoundId

__all__ = ["Sound", "SoundStatus"]


class SoundStatus(StrEnum):
    """Whether a sound can be played."""

    RECORDING = "recording"
    """Somebody is called to speak it."""
    ACTIVE = "active"
    FAILED = "failed"
    """Nobody spoke it."""
    ARCHIVED = "archived"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """A name for audio that was imported; the audio itself is content-addressed."""

    id: SoundId
    account_id: AccountId
    name: str
    audio: str
    """Content hash (`ports.audio`); empty while there is none."""
    length: timedelta
    status: SoundStatus
    created_at: datetime
    text: str | None = None
    """What is said, if the sound was made from text."""
    call_id: CallId | None = None
    """The call in which it is spoken, if it is recorded by phone."""
