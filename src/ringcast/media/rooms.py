"""The rooms of a worker: who hears whom, what is played to all, and what is recorded of it.

Calls that are in no room cost nothing. All rooms are mixed at once (`media.mixing`); members on
other workers are heard by way of the board (`media.board`).
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.media.board import TICK, Board
from ringcast.media.messages import Codec
from ringcast.media.mixing import (
    Part,
    Seating,
    decoded,
    encoded,
    heard_by_listeners,
    heard_by_talkers,
    limited,
    sum_up,
)
from ringcast.media.playback import Files, Playback
from ringcast.media.playout import Playout
from ringcast.media.recorder import RecordingFile, Writer
from ringcast.media.recordings import CODEC_NUMBER
from ringcast.media.room_messages import (
    NOWHERE,
    PlaybackEnd,
    PlayInRoom,
    RoomPlaybackFinished,
    RoomPlaybackStarted,
    RoomRecordingFinished,
    StartRoomRecording,
)
from ringcast.media.transmit import Transmitter

_CODEC: Final[Codec] = "PCMU"
_LAW: Final = np.array([CODEC_NUMBER[_CODEC]], np.uint8)
#: Ticks between two stretches handed to the writer.
_FLUSH_EVERY: Final = 50


@dataclass(slots=True, eq=False)
class _Source:
    """Something that plays in a room."""

    room: int
    place: int
    playback: Playback
    address: int = 0
    step: int = 0
    left: int = 0


@dataclass(slots=True, eq=False)
class _Recording:
    room: int
    place: int
    file: RecordingFile
    #: Ticks that it may still last.
    left: float
    #: What is cut off the last tick.
    limit: int | None
    waiting: list[bytes] = field(default_factory=list)
    ticks: int = 0


class Rooms:
    """All rooms that a worker has a part in; rows are those of the pump."""

    def __init__(
        self,
        playout: Playout,
        transmitter: Transmitter,
        writer: Writer,
        files: Files,
        *,
        board: Board | None,
        emit: Callable[[object], None],
    ) -> None:
        """Without a board there is no other worker."""
        self._playout = playout
        self._transmitter = transmitter
        self._writer = writer
        self._files = files
        self._board = None if board is None or board.is_alone else board
        self._emit = emit
        self._parts: dict[int, Part] = {}
        self._sources: list[_Source] = []
        self._recordings: list[_Recording] = []
        #: Files that the writer has not closed yet, and the rooms they are of.
        self._written: dict[RecordingFile, int] = {}
        self._seating: Seating | None = None

    @property
    def is_busy(self) -> bool:
        """Whether there is work without a stream."""
        return bool(self._sources or self._recordings or self._written)

    # Members

    def set_member(self, row: int, part: Part) -> None:
        """Give a row its part, or another one."""
        before = self._parts.get(row)
        codec, _ = self._transmitter.playback_settings(row)
        speaks, spoke = part.speaks != NOWHERE, before is not None and before.speaks != NOWHERE
        if speaks and not spoke:
            self._playout.open(row, codec)
        elif spoke and not speaks:
            self._playout.close(row)
        hears, heard = part.hears != NOWHERE, before is not None and before.hears != NOWHERE
        if hears and not heard:
            self._transmitter.feed(row)
        elif heard and not hears:
            self._transmitter.unfeed(row)
        self._parts[row] = part
        self._seating = None

    def leave(self, row: int) -> None:
        """Take a row out of its room; do nothing if it is in none."""
        if row in self._parts:
            self.set_member(row, Part(NOWHERE, NOWHERE, NOWHERE))
            del self._parts[row]

    # Playing

    def play(self, command: PlayInRoom, *, now: float) -> None:
        """Play to all of a room, from the next tick on."""
        try:
            playback = Playback(
                command.playback,
                command.items,
                loop=command.loop,
                codec=_CODEC,
                packet=TICK,
                files=self._files,
            )
        except OSError as exc:
            self._emit(
                RoomPlaybackFinished(
                    room=command.room,
                    at=now,
                    playback=command.playback,
                    reason="failed",
                    played_ms=0,
                    error=f"{exc.filename}: {exc.strerror}",
                )
            )
            return
        self._sources.append(_Source(command.room, command.place, playback))
        self._seating = None

    def stop_playback(self, room: int, playback: int | None, *, now: float) -> None:
        """Stop that playback, or all of the room."""
        for source in list(self._sources):
            if source.room == room and playback in (None, source.playback.number):
                self._end(source, "stopped", now)

    def _end(self, source: _Source, reason: PlaybackEnd, now: float) -> None:
        self._sources.remove(source)
        self._seating = None
        playback = source.playback
        self._emit(
            RoomPlaybackFinished(
                room=source.room,
                at=now,
                playback=playback.number,
                reason=reason,
                played_ms=playback.played_ms(source.left),
            )
        )
        playback.close()

    # Recording

    def start_recording(self, command: StartRoomRecording) -> None:
        """Record a room from the next tick on."""
        file = RecordingFile(command.room, command.recording, command.path, _CODEC)
        limit = None if command.max_seconds is None else round(command.max_seconds * 8000)
        left = math.inf if limit is None else math.ceil(limit / TICK)
        self._writer.open(file)
        self._written[file] = command.room
        self._recordings.append(_Recording(command.room, command.place, file, left, limit))
        self._seating = None

    def stop_recording(self, room: int, recording: int | None) -> None:
        """End that recording, or all of the room."""
        for one in list(self._recordings):
            if one.room == room and recording in (None, one.file.recording):
                self._complete(one)

    def shut(self) -> None:
        """End all recordings; they are complete once the writer is closed."""
        for one in list(self._recordings):
            self._complete(one)

    def note_finished(self, file: RecordingFile, *, now: float) -> bool:
        """Report a file that is closed, and return True, if it is one of a room."""
        room = self._written.pop(file, None)
        if room is None:
            return False
        self._emit(
            RoomRecordingFinished(
                room=room,
                at=now,
                recording=file.recording,
                path=file.path,
                seconds=file.seconds,
                error=file.error,
            )
        )
        return True

    def _complete(self, recording: _Recording) -> None:
        self._recordings.remove(recording)
        self._seating = None
        self._flush(recording, is_last=True)

    def _flush(self, recording: _Recording, *, is_last: bool) -> None:
        audio = b"".join(recording.waiting)
        recording.waiting.clear()
        self._writer.append(recording.file, audio, None, is_last=is_last)

    # The tick

    def mix(self, tick: int, now: float) -> None:
        """Make what each member hears in this tick, before it is sent."""
        if not self._parts and not self._sources and not self._recordings:
            return
        seating = self._seating
        if seating is None:
            others = {source.place for source in self._sources}
            others |= {recording.place for recording in self._recordings}
            seating = self._seating = Seating(self._parts, others)
        if not len(seating.places):
            return  # all are muted and on hold
        rows = seating.speakers
        samples = decoded(self._playout.read(rows, tick), self._playout.law[rows])
        total = sum_up(seating, samples)
        for source in self._sources[:]:
            heard = self._next_block(source, now)
            if heard is not None:
                total[seating.index_of(source.place)] += heard
        if self._board is not None:
            self._board.publish(tick, seating.places, limited(total))
            self._board.add_others(tick, seating.places, total)
        mixed = limited(total)
        self._give(seating, mixed, samples, tick)
        for recording in self._recordings[:]:
            self._record(recording, mixed[seating.index_of(recording.place)][None])

    def _give(
        self, seating: Seating, mixed: NDArray[np.int16], samples: NDArray[np.int16], tick: int
    ) -> None:
        transmitter = self._transmitter
        if len(seating.talkers):
            heard = heard_by_talkers(seating, mixed, samples)
            law = transmitter.law[seating.talkers]
            transmitter.put(seating.talkers, encoded(heard, law), tick)
        if len(seating.listeners):
            heard = heard_by_listeners(seating, mixed)
            law = transmitter.law[seating.listeners]
            transmitter.put(seating.listeners, encoded(heard, law), tick)

    def _next_block(self, source: _Source, now: float) -> NDArray[np.int16] | None:
        """Return the next 20 ms of what plays; None at its end."""
        playback = source.playback
        if source.left == 0:
            run = playback.next_run()
            if run is None:
                self._end(source, "completed", now)
                return None
            source.address, source.step, source.left = run.address, run.step, run.packets
            if not playback.is_started:
                playback.is_started = True
                self._emit(RoomPlaybackStarted(room=source.room, at=now, playback=playback.number))
        audio = np.frombuffer(ctypes.string_at(source.address, TICK), np.uint8)[None]
        source.address += source.step
        source.left -= 1
        (heard,) = decoded(audio, _LAW)
        return heard  # type: ignore[no-any-return] # unpacking rows loses their type

    def _record(self, recording: _Recording, sums: NDArray[np.int16]) -> None:
        recording.waiting.append(encoded(sums, _LAW).tobytes())
        recording.ticks += 1
        recording.left -= 1
        if recording.left <= 0:
            assert recording.limit is not None
            over = recording.ticks * TICK - recording.limit
            recording.waiting[-1] = recording.waiting[-1][: TICK - over]
            self._complete(recording)
        elif recording.ticks % _FLUSH_EVERY == 0:
            self._flush(recording, is_last=False)
