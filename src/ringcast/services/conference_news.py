"""What a call in a conference learns of it; it comes with the other news of its leg."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ringcast.domain.ids import ConferenceId

__all__ = ["ConferenceBegun", "ConferenceNews", "ConferenceOver"]


@dataclass(frozen=True, slots=True)
class ConferenceBegun:
    """The conference has started: the call hears the others, and is heard."""

    conference_id: ConferenceId


@dataclass(frozen=True, slots=True)
class ConferenceOver:
    """The call is not in the conference any more: that has ended, or it was taken out."""

    conference_id: ConferenceId
    has_ended: bool


ConferenceNews: TypeAlias = ConferenceBegun | ConferenceOver
