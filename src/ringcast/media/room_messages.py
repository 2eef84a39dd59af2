"""What a media pool and its workers say to each other about rooms, and what a pool's owner hears.

A room is a place of the board (`media.board`) on the way to the workers: what is said into a place
is summed up there, and whoever hears it gets the sum without what they have said themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from ringcast.media.play_items import PlayItem

#: In place of the number of a place.
NOWHERE = -1

PlaybackEnd: TypeAlias = Literal["completed", "stopped", "failed"]


# Events.


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPlaybackStarted:
    """The beginning of a playback has been heard in a room."""

    room: int
    at: float
    playback: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPlaybackFinished:
    """A playback in a room has ended; the only such event of that playback."""

    room: int
    at: float
    playback: int
    reason: PlaybackEnd
    played_ms: int
    #: Why it failed.
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRecordingFinished:
    """The recording of a room is complete and its file closed; or it failed, and `error` says why.

    What was recorded until a failure is in the file.
    """

    room: int
    at: float
    recording: int
    path: str
    seconds: float
    error: str | None = None


RoomEvent: TypeAlias = RoomPlaybackStarted | RoomPlaybackFinished | RoomRecordingFinished


# Commands.


class SetMember(msgspec.Struct, frozen=True, array_like=True, tag="set_member"):
    """Say where a stream is heard and what it hears, from the next tick on."""

    stream: int
    #: The place it hears, without itself; NOWHERE is silence.
    hears: int
    #: The place it is heard in; NOWHERE if it is muted.
    speaks: int
    #: Another place it hears: that of somebody who speaks to it alone.
    hears_too: int


class LeaveRoom(msgspec.Struct, frozen=True, array_like=True, tag="leave_room"):
    """Let a stream hear nobody and be heard by nobody."""

    stream: int


class PlayInRoom(msgspec.Struct, frozen=True, array_like=True, tag="play_in_room"):
    """Play items to all who hear a place, together with what plays there."""

    room: int
    place: int
    playback: int
    items: list[PlayItem]
    loop: int | None


class StopRoomPlayback(msgspec.Struct, frozen=True, array_like=True, tag="stop_room_playback"):
    """Stop that playback, or all of the room."""

    room: int
    playback: int | None


class StartRoomRecording(msgspec.Struct, frozen=True, array_like=True, tag="start_room_recording"):
    """Write all that is heard in a place to a file."""

    room: int
    place: int
    recording: int
    path: str
    max_seconds: float | None


class StopRoomRecording(msgspec.Struct, frozen=True, array_like=True, tag="stop_room_recording"):
    """End that recording, or all of the room."""

    room: int
    recording: int | None


RoomCommand: TypeAlias = (
    SetMember | LeaveRoom | PlayInRoom | StopRoomPlayback | StartRoomRecording | StopRoomRecording
)
