"""Rooms of the voice engine: many legs that hear each other.

This is the engine's side of a conference: who hears whom, what is played to all, what is recorded.
Names, limits, who may begin and what callers are told are the core's (`services.conferences`).

Over ARI a room is a mixing bridge: members that are muted are muted inwards, those on hold are
taken out, one who coaches is a snoop channel that whispers; an engine of many nodes keeps a room on
one of them and carries legs there itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeAlias

from ringcast.domain.ids import AttemptId, ConferenceId

__all__ = [
    "EngineRooms",
    "MemberPart",
    "RoomEvent",
    "RoomPlaybackFinished",
    "RoomRecordingFinished",
    "RoomSink",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberPart:
    """What a leg is in a room: by default it hears all others and is heard by them."""

    is_muted: bool = False
    """It is not heard."""
    is_on_hold: bool = False
    """It is not heard and hears nothing of the room: what is played on the leg alone is heard."""
    coaches: AttemptId | None = None
    """A member that alone hears it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPlaybackFinished:
    """What was played to all is over; `failed` says why it could not be played to its end."""

    room: ConferenceId
    at: datetime
    playback: int
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRecordingFinished:
    """The file is complete on disk; `failed` says why it holds less than it should."""

    room: ConferenceId
    at: datetime
    recording: int
    path: Path
    length: timedelta
    failed: str | None = None


RoomEvent: TypeAlias = RoomPlaybackFinished | RoomRecordingFinished
RoomSink: TypeAlias = Callable[[RoomEvent], None]

_MEMBER = MemberPart()


class EngineRooms(Protocol):
    """The rooms of an engine; numbers are chosen by the caller.

    Methods on a room that is not open, and on a leg that has ended, do nothing. A leg that ends
    leaves its room. Keys are reported of each member and not passed on.
    """

    async def open(self, room: ConferenceId) -> None:
        """Make a room; raise EngineUnavailable if there are as many as there can be."""

    async def close(self, room: ConferenceId) -> None:
        """End a room: its members go on in silence, what plays and is recorded ends."""

    async def put(self, leg: AttemptId, room: ConferenceId, part: MemberPart = _MEMBER) -> None:
        """Let an answered leg be in a room as this, from now on, also if it is there already.

        It leaves any other room, and a bridge, of which it is told by Unbridged. What is played on
        the leg itself is heard by it alone, in place of the room, while it lasts. A leg that is
        bridged leaves its room.
        """

    async def remove(self, leg: AttemptId, room: ConferenceId) -> None:
        """Take a leg out of that room, if it is there; it goes on in silence."""

    async def play(
        self,
        room: ConferenceId,
        playback: int,
        audio: Sequence[str | timedelta],
        loop: int | None = 1,
    ) -> None:
        """Play to all members, together with what they say and with what plays already.

        `audio` and `loop` are as in `CallEngine.play`. RoomPlaybackFinished follows.
        """

    async def stop_playback(self, room: ConferenceId, playback: int) -> None:
        """Stop what is played to all under that number."""

    async def start_recording(
        self, room: ConferenceId, recording: int, path: Path, *, max_length: timedelta
    ) -> None:
        """Record all that is said and played in the room into a WAV file, until it is stopped."""

    async def stop_recording(self, room: ConferenceId, recording: int) -> None:
        """End that recording: RoomRecordingFinished follows when its file is complete."""
