"""The rooms of a pool: who is in which, as what, and which worker plays to all and records."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ringcast.media import messages as m
from ringcast.media.board import PLACES
from ringcast.media.link import Link
from ringcast.media.play_items import PlayItem
from ringcast.media.playback import check_items
from ringcast.media.pool_worker import PoolWorker
from ringcast.media.room_messages import (
    NOWHERE,
    LeaveRoom,
    PlayInRoom,
    RoomEvent,
    RoomPlaybackFinished,
    RoomRecordingFinished,
    SetMember,
    StartRoomRecording,
    StopRoomPlayback,
    StopRoomRecording,
)

__all__ = ["PoolRooms"]

_WORKER_DIED: Final = "the media worker that did it has died"


@dataclass(frozen=True, slots=True)
class _Member:
    room: int
    is_muted: bool
    is_held: bool
    #: The stream that it speaks to alone.
    coaching: int | None
    is_told: m.AnyCommand | None = None


@dataclass(slots=True, eq=False)
class _Room:
    place: int
    members: set[int] = field(default_factory=set)
    #: Which worker plays to all and records; any can, it is chosen when the first wants to.
    home: PoolWorker | None = None
    playbacks: set[int] = field(default_factory=set)
    recordings: dict[int, str] = field(default_factory=dict)
    #: Places in which members are spoken to alone.
    whispers: dict[int, int] = field(default_factory=dict)


class PoolRooms:
    """Rooms in which streams hear each other, whichever workers they are on.

    A stream is in one room at most. What it plays itself is heard by it alone, in place of the
    room, while it lasts. Digits are not passed on. Commands on a room that is not open do nothing.
    """

    def __init__(
        self,
        workers: Sequence[PoolWorker],
        *,
        find: Callable[[int], Link],
    ) -> None:
        """`find` gives the worker of an open stream, or raises UnknownStream."""
        self._workers = workers
        self._find = find
        #: Called in the loop with what happens in rooms; must not raise.
        self.on_event: Callable[[RoomEvent], None] = lambda _: None
        self._rooms: dict[int, _Room] = {}
        self._members: dict[int, _Member] = {}
        self._places = deque(range(PLACES))

    def open(self, room: int) -> None:
        """Make a room; raise MediaUnavailable if there are as many as there can be."""
        if room in self._rooms:
            raise ValueError(f"room {room} is already open")
        self._rooms[room] = _Room(self._take_place())

    def close(self, room: int) -> None:
        """End a room: its members hear silence, what plays and is recorded ends."""
        found = self._rooms.get(room)
        if found is None:
            return
        for stream in list(found.members):
            self.leave(stream)
        self.stop_playback(room)
        self.stop_recording(room)
        del self._rooms[room]
        self._places.append(found.place)

    def set_member(
        self,
        stream: int,
        room: int,
        *,
        is_muted: bool = False,
        is_held: bool = False,
        coaching: int | None = None,
    ) -> None:
        """Let a stream be in a room, as this from the next tick on; it leaves any other.

        It is not heard if it is muted; on hold it does not hear either. If it coaches another
        member, that one alone hears it. Raises UnknownStream; ValueError for a room that is not
        open.
        """
        if room not in self._rooms:
            raise ValueError(f"room {room} is not open")
        self._find(stream)
        before = self._members.get(stream)
        if before is not None and before.room != room:
            self.leave(stream)
        self._members[stream] = _Member(room, is_muted, is_held, coaching)
        self._rooms[room].members.add(stream)
        self._seat(room)

    def room_of(self, stream: int) -> int | None:
        """Return the room a stream is in."""
        member = self._members.get(stream)
        return None if member is None else member.room

    def leave(self, stream: int) -> None:
        """Let a stream hear silence; do nothing if it is in no room."""
        if stream in self._members:
            self._find(stream).send(LeaveRoom(stream))
            self.forget(stream)

    def forget(self, stream: int) -> None:
        """A stream has left its room, if it was in one, without being told: it is no more."""
        member = self._members.pop(stream, None)
        if member is None:
            return
        self._rooms[member.room].members.discard(stream)
        self._seat(member.room)

    def play(
        self, room: int, playback: int, items: Sequence[PlayItem], *, loop: int | None = 1
    ) -> None:
        """Play items to all members, together with what plays in the room already."""
        check_items(items, loop=loop)
        found = self._rooms.get(room)
        if found is None:
            return
        home = self._home(found)
        found.playbacks.add(playback)
        home.send(PlayInRoom(room, found.place, playback, list(items), loop))

    def stop_playback(self, room: int, playback: int | None = None) -> None:
        """Stop that playback, or all that the room plays."""
        found = self._rooms.get(room)
        if found is not None and found.playbacks:
            self._home(found).send(StopRoomPlayback(room, playback))

    def start_recording(
        self, room: int, recording: int, path: str, *, max_seconds: float | None = None
    ) -> None:
        """Record all that is said and played in a room to a WAV file, as `MediaPool` does."""
        if max_seconds is not None and max_seconds <= 0:
            raise ValueError(f"a recording lasts longer than {max_seconds} s")
        found = self._rooms.get(room)
        if found is None:
            return
        home = self._home(found)
        found.recordings[recording] = path
        home.send(StartRoomRecording(room, found.place, recording, path, max_seconds))

    def stop_recording(self, room: int, recording: int | None = None) -> None:
        """End that recording, or all of the room; `RoomRecordingFinished` follows."""
        found = self._rooms.get(room)
        if found is not None and found.recordings:
            self._home(found).send(StopRoomRecording(room, recording))

    def note(self, event: RoomEvent) -> None:
        """Take what has happened in a room, and hand it on."""
        room = self._rooms.get(event.room)
        if room is not None and isinstance(event, RoomPlaybackFinished):
            room.playbacks.discard(event.playback)
        elif room is not None and isinstance(event, RoomRecordingFinished):
            room.recordings.pop(event.recording, None)
        self.on_event(event)

    def note_lost(self, lost: m.WorkerLost) -> None:
        """Tell what a worker's end has ended in rooms."""
        for stream in lost.streams:
            self.forget(stream)
        for number, room in list(self._rooms.items()):
            if room.home is None or room.home.number != lost.worker:
                continue
            room.home = None
            now = time.monotonic()
            playbacks, recordings = set(room.playbacks), dict(room.recordings)
            room.playbacks.clear()
            room.recordings.clear()
            for playback in playbacks:
                self.on_event(
                    RoomPlaybackFinished(
                        room=number,
                        at=now,
                        playback=playback,
                        reason="failed",
                        played_ms=0,
                        error=_WORKER_DIED,
                    )
                )
            for recording, path in recordings.items():
                self.on_event(
                    RoomRecordingFinished(
                        room=number,
                        at=now,
                        recording=recording,
                        path=path,
                        seconds=0.0,
                        error=_WORKER_DIED,
                    )
                )

    def _home(self, room: _Room) -> Link:
        if room.home is None:
            running = [worker for worker in self._workers if worker.channel is not None]
            if not running:
                raise m.MediaUnavailable("no media worker is running")
            room.home = running[room.place % len(running)]
        if room.home.channel is None:
            raise m.MediaUnavailable("the media worker has died")
        return room.home.channel

    def _seat(self, room: int) -> None:
        """Tell those members of a room whose part has changed."""
        found = self._rooms[room]
        for gone in found.whispers.keys() - found.members:
            self._places.append(found.whispers.pop(gone))
        for stream in found.members:
            coached = self._members[stream].coaching
            if coached in found.members and coached not in found.whispers:
                found.whispers[coached] = self._take_place()
        for stream in found.members:
            member = self._members[stream]
            command = self._part(found, stream, member)
            if command != member.is_told:
                self._members[stream] = replace(member, is_told=command)
                try:
                    self._find(stream).send(command)
                except m.UnknownStream:
                    continue  # it is closing: an event tells of it

    def _part(self, room: _Room, stream: int, member: _Member) -> SetMember:
        speaks = room.place
        if member.coaching is not None:
            speaks = room.whispers.get(member.coaching, NOWHERE)
        if member.is_muted or member.is_held:
            speaks = NOWHERE
        hears = NOWHERE if member.is_held else room.place
        too = NOWHERE if member.is_held else room.whispers.get(stream, NOWHERE)
        return SetMember(stream, hears, speaks, too)

    def _take_place(self) -> int:
        if not self._places:
            raise m.MediaUnavailable(f"there are as many rooms as there can be: {PLACES}")
        return self._places.popleft()
