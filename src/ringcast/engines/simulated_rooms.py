"""The rooms of the simulated engine: who would hear whom, what is played, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId, ConferenceId
from ringcast.ports.engine import Heard
from ringcast.ports.rooms import (
    MemberPart,
    RoomEvent,
    RoomPlaybackFinished,
    RoomRecordingFinished,
    RoomSink,
)

__all__ = ["SimulatedRooms"]

_MEMBER = MemberPart()


@dataclass(slots=True, eq=False)
class _Room:
    members: dict[AttemptId, MemberPart] = field(default_factory=dict)
    playbacks: set[int] = field(default_factory=set)
    recordings: dict[int, tuple[Path, datetime]] = field(default_factory=dict)


class SimulatedRooms:
    """Implements `ports.rooms.EngineRooms` in memory."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        after: Callable[[timedelta, Callable[[], None]], None],
        is_answered: Callable[[AttemptId], bool],
        part: Callable[[AttemptId], None],
        length_of: Callable[[Heard], timedelta],
    ) -> None:
        """`part` ends the bridge of a leg."""
        self._now = now
        self._after = after
        self._is_answered = is_answered
        self._part = part
        self._length_of = length_of
        self._rooms: dict[ConferenceId, _Room] = {}
        self.sink: RoomSink | None = None
        self.most: int | None = None
        """How many rooms there can be; None is any number."""
        self.heard: dict[ConferenceId, list[str]] = {}
        """The content hashes played to all of a room, in order, also of those that are closed."""

    async def open(self, room: ConferenceId) -> None:
        """Make a room."""
        if self.most is not None and len(self._rooms) >= self.most:
            raise EngineUnavailable("there are as many rooms as there can be")
        assert room not in self._rooms, "a room is opened once"
        self._rooms[room] = _Room()

    async def close(self, room: ConferenceId) -> None:
        """End a room."""
        found = self._rooms.get(room)
        if found is None:
            return
        for playback in list(found.playbacks):
            self._finish_playback(room, found, playback)
        for recording in list(found.recordings):
            self._finish_recording(room, found, recording)
        del self._rooms[room]

    async def put(self, leg: AttemptId, room: ConferenceId, part: MemberPart = _MEMBER) -> None:
        """Let a leg be in a room."""
        found = self._rooms.get(room)
        if found is None or not self._is_answered(leg):
            return
        self._part(leg)
        if leg not in found.members:
            self.forget(leg)
        found.members[leg] = part

    async def remove(self, leg: AttemptId, room: ConferenceId) -> None:
        """Take a leg out of that room."""
        found = self._rooms.get(room)
        if found is not None:
            found.members.pop(leg, None)

    def forget(self, leg: AttemptId) -> None:
        """A leg has ended, or hears another alone."""
        for room in self._rooms.values():
            room.members.pop(leg, None)

    def hears(self, leg: AttemptId, other: AttemptId) -> bool:
        """Whether one leg hears another because of a room that both are in."""
        for room in self._rooms.values():
            if leg == other or leg not in room.members or other not in room.members:
                continue
            mine, theirs = room.members[leg], room.members[other]
            is_heard = not theirs.is_muted and not theirs.is_on_hold
            return is_heard and not mine.is_on_hold and theirs.coaches in (None, leg)
        return False

    def part_of(self, leg: AttemptId) -> tuple[ConferenceId, MemberPart] | None:
        """Return the room a leg is in, and as what."""
        for number, room in self._rooms.items():
            if leg in room.members:
                return number, room.members[leg]
        return None

    async def play(
        self, room: ConferenceId, playback: int, audio: Sequence[Heard], loop: int | None = 1
    ) -> None:
        """Play to all members."""
        if loop is not None and loop < 1:
            raise ValueError(f"a sound is played once or more, not {loop} times")
        found = self._rooms.get(room)
        if found is None:
            return
        try:
            length = sum((self._length_of(one) for one in audio), timedelta())
        except LookupError as exc:
            failed = f"unknown sound {exc}"
            self._report(
                RoomPlaybackFinished(room=room, at=self._now(), playback=playback, failed=failed)
            )
            return
        found.playbacks.add(playback)
        sounds = [one for one in audio if isinstance(one, str)]
        self.heard.setdefault(room, []).extend(sounds * (loop or 1))
        if loop is not None:
            self._after(length * loop, lambda: self._finish_playback(room, found, playback))

    async def stop_playback(self, room: ConferenceId, playback: int) -> None:
        """Stop what is played to all."""
        found = self._rooms.get(room)
        if found is not None:
            self._finish_playback(room, found, playback)

    async def start_recording(
        self, room: ConferenceId, recording: int, path: Path, *, max_length: timedelta
    ) -> None:
        """Note when the recording began; its file is empty."""
        found = self._rooms.get(room)
        if found is not None:
            found.recordings[recording] = path, self._now()
            self._after(max_length, lambda: self._finish_recording(room, found, recording))

    async def stop_recording(self, room: ConferenceId, recording: int) -> None:
        """End that recording."""
        found = self._rooms.get(room)
        if found is not None:
            self._finish_recording(room, found, recording)

    def _finish_playback(self, room: ConferenceId, found: _Room, playback: int) -> None:
        if playback in found.playbacks:
            found.playbacks.discard(playback)
            self._report(RoomPlaybackFinished(room=room, at=self._now(), playback=playback))

    def _finish_recording(self, room: ConferenceId, found: _Room, recording: int) -> None:
        if recording not in found.recordings:
            return
        path, since = found.recordings.pop(recording)
        path.write_bytes(b"")
        self._report(
            RoomRecordingFinished(
                room=room,
                at=self._now(),
                recording=recording,
                path=path,
                length=self._now() - since,
            )
        )

    def _report(self, event: RoomEvent) -> None:
        if self.sink is not None:
            self.sink(event)
