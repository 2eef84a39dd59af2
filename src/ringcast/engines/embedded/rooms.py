"""The rooms of the embedded engine: those of its media workers, for answered legs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from ringcast import media
from ringcast.domain.errors import EngineUnavailable, RingcastError
from ringcast.domain.ids import AttemptId, ConferenceId
from ringcast.engines.embedded.live import LiveLeg
from ringcast.media import MediaError, MediaPool, MediaUnavailable, PlayItem, UnknownStream
from ringcast.ports.clock import Clock
from ringcast.ports.engine import Heard
from ringcast.ports.rooms import (
    MemberPart,
    RoomEvent,
    RoomPlaybackFinished,
    RoomRecordingFinished,
    RoomSink,
)

__all__ = ["Rooms"]

log = logging.getLogger(__name__)

_MEMBER = MemberPart()


class Rooms:
    """Implements `ports.rooms.EngineRooms`; members may be on any media workers."""

    def __init__(
        self,
        *,
        media: MediaPool,
        clock: Clock,
        answered: Callable[[AttemptId], LiveLeg | None],
        unbridge: Callable[[AttemptId], None],
        items: Callable[[Sequence[Heard]], list[PlayItem]],
    ) -> None:
        """`answered` gives a leg that is answered and not ending, `items` what is to be played, or
        raises a RingcastError.
        """
        self._media = media
        self._clock = clock
        self._answered = answered
        self._unbridge = unbridge
        self._items = items
        self._open: set[ConferenceId] = set()
        self.sink: RoomSink | None = None
        media.rooms.on_event = self.on_media_event

    async def open(self, room: ConferenceId) -> None:
        """Make a room."""
        try:
            self._media.rooms.open(room)
        except MediaUnavailable as exc:
            raise EngineUnavailable(str(exc)) from exc
        self._open.add(room)

    async def close(self, room: ConferenceId) -> None:
        """End a room."""
        if room not in self._open:
            return
        self._open.discard(room)
        try:
            self._media.rooms.close(room)
        except MediaError as exc:  # a worker has died, which is being reported
            log.info("room not closed in good order", extra={"room": room, "why": str(exc)})

    async def put(self, leg: AttemptId, room: ConferenceId, part: MemberPart = _MEMBER) -> None:
        """Let a leg be in a room."""
        live = self._answered(leg)
        if live is None or room not in self._open:
            return
        self._unbridge(leg)
        try:
            self._media.rooms.set_member(
                leg,
                room,
                is_muted=part.is_muted,
                is_held=part.is_on_hold,
                coaching=part.coaches,
            )
        except UnknownStream:
            live.lose_media()
        except MediaUnavailable as exc:  # no place to coach in
            raise EngineUnavailable(str(exc)) from exc

    async def remove(self, leg: AttemptId, room: ConferenceId) -> None:
        """Take a leg out of that room."""
        live = self._answered(leg)
        if live is not None and self._media.rooms.room_of(leg) == room:
            live.command(self._media.rooms.leave, leg)

    async def play(
        self, room: ConferenceId, playback: int, audio: Sequence[Heard], loop: int | None = 1
    ) -> None:
        """Play to all members."""
        if loop is not None and loop < 1:
            raise ValueError(f"a sound is played once or more, not {loop} times")
        if room not in self._open:
            return
        try:
            self._media.rooms.play(room, playback, self._items(audio), loop=loop)
        except (RingcastError, MediaError) as exc:
            log.warning("playback failed", extra={"room": room, "why": str(exc)})
            self._report(
                RoomPlaybackFinished(
                    room=room, at=self._clock.now(), playback=playback, failed=str(exc)
                )
            )

    async def stop_playback(self, room: ConferenceId, playback: int) -> None:
        """Stop what is played to all."""
        self._media.rooms.stop_playback(room, playback)

    async def start_recording(
        self, room: ConferenceId, recording: int, path: Path, *, max_length: timedelta
    ) -> None:
        """Record the room."""
        try:
            self._media.rooms.start_recording(
                room, recording, str(path), max_seconds=max_length.total_seconds()
            )
        except MediaError as exc:
            self._report(
                RoomRecordingFinished(
                    room=room,
                    at=self._clock.now(),
                    recording=recording,
                    path=path,
                    length=timedelta(),
                    failed=str(exc),
                )
            )

    async def stop_recording(self, room: ConferenceId, recording: int) -> None:
        """End that recording."""
        self._media.rooms.stop_recording(room, recording)

    def on_media_event(self, event: media.RoomEvent) -> None:
        """Take what happened in a room."""
        room = ConferenceId(event.room)
        at = self._clock.now() - timedelta(seconds=self._clock.monotonic() - event.at)
        match event:
            case media.RoomPlaybackFinished():
                self._report(
                    RoomPlaybackFinished(
                        room=room, at=at, playback=event.playback, failed=event.error
                    )
                )
            case media.RoomRecordingFinished():
                self._report(
                    RoomRecordingFinished(
                        room=room,
                        at=at,
                        recording=event.recording,
                        path=Path(event.path),
                        length=timedelta(seconds=event.seconds),
                        failed=event.error,
                    )
                )
            case media.RoomPlaybackStarted():
                pass  # it was asked for at most two ticks ago

    def _report(self, event: RoomEvent) -> None:
        if self.sink is None:
            return
        try:
            self.sink(event)
        except Exception:  # a bug above must not end the calls of others
            log.exception("room sink failed", extra={"room": event.room})
