"""The recordings of one leg: begun, ended, and kept when their files are complete."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ringcast.domain.events import CallEvent, RecordingStarted
from ringcast.domain.ids import RecordingId
from ringcast.domain.programs import CallFacts
from ringcast.domain.recordings import RecordingSource
from ringcast.domain.subscriptions import Follower
from ringcast.ports.engine import RecordingFinished, RecordingTracks
from ringcast.ports.recording_files import KeptRecording, RecordingFiles, RecordingPlace
from ringcast.services.leg_actions import LegActions, News

__all__ = ["CallRecordings"]

log = logging.getLogger(__name__)

_FILE_WAIT: Final = timedelta(seconds=3)
"""How long the engine may take to complete a file."""


@dataclass(frozen=True, slots=True)
class _Running:
    place: RecordingPlace
    source: RecordingSource
    trims: bool
    only_sent: bool = False
    is_told: bool = False


class CallRecordings:
    """Makes recordings; one that has ended is kept, whatever has become of what began it."""

    def __init__(
        self,
        actions: LegActions,
        facts: Callable[[], CallFacts],
        files: RecordingFiles,
        *,
        tell: Callable[[CallEvent], None] = lambda _: None,
        now: Callable[[], datetime],
    ) -> None:
        """`tell` is given the beginnings of recordings that somebody follows.

        Their ends are told as those of all are (`controlled_recording`).
        """
        self._tell = tell
        self._now = now
        self._actions = actions
        self._facts = facts
        self._files = files
        self._running: dict[int, _Running] = {}
        self._finishing: dict[int, asyncio.Task[KeptRecording]] = {}
        self._numbers: dict[RecordingId, int] = {}
        self._listeners: list[Callable[[int, RecordingId, bool], None]] = []
        actions.hear_always(self._take)

    async def begin(
        self,
        name: str | None,
        *,
        source: RecordingSource,
        tracks: RecordingTracks,
        max_length: timedelta,
        trims: bool = False,
        only_sent: bool = False,
        follower: Follower | None = None,
        prelude: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        """Begin to record once there is a place for it; return the recording's number.

        `prelude` is done between the two, so that nothing is lost after it.
        Raises Unavailable, and what the actions raise when they are interrupted.
        """
        place = await self._actions.during(
            self._files.begin(self._facts(), name, source=source, follower=follower)
        )
        if prelude is not None:
            await prelude()
        running = _Running(
            place, source, trims=trims, only_sent=only_sent, is_told=follower is not None
        )
        return await self._start(running, tracks=tracks, max_length=max_length)

    async def begin_beside(
        self,
        name: str | None,
        *,
        source: RecordingSource,
        tracks: RecordingTracks,
        max_length: timedelta,
        trims: bool = False,
        only_sent: bool = False,
        follower: Follower | None = None,
    ) -> int:
        """Begin to record without waiting for news of the leg; return the recording's number.

        Raises Unavailable. Whoever asks for it tells of its beginning.
        """
        place = await self._files.begin(self._facts(), name, source=source, follower=follower)
        running = _Running(place, source, trims=trims, only_sent=only_sent)
        return await self._start(running, tracks=tracks, max_length=max_length)

    async def _start(
        self, running: _Running, *, tracks: RecordingTracks, max_length: timedelta
    ) -> int:
        number, place = self._actions.number(), running.place
        self._running[number] = running
        self._numbers[place.id] = number
        await self._actions.engine.start_recording(
            self._actions.leg, number, place.path, tracks=tracks, max_length=max_length
        )
        if running.is_told:
            facts = self._facts()
            self._tell(
                RecordingStarted(
                    call_id=facts.call_id,
                    attempt_id=facts.attempt_id,
                    at=self._now(),
                    recording_id=place.id,
                )
            )
        return number

    def when_kept(self, listener: Callable[[int, RecordingId, bool], None]) -> None:
        """Call `listener` when a recording has ended: its number, its id, whether it is kept."""
        self._listeners.append(listener)

    def of_the_call(self) -> Sequence[int]:
        """Return the recordings of the whole call that run."""
        return [
            number
            for number, running in self._running.items()
            if running.source is RecordingSource.CALL
        ]

    def id_of(self, number: int) -> RecordingId:
        """Return the identifier of a recording of this leg."""
        return next(one for one, its in self._numbers.items() if its == number)

    def number_of(self, recording_id: RecordingId) -> int | None:
        """Return the number of a recording of this leg, None if there is none such."""
        return self._numbers.get(recording_id)

    def has_ended(self, number: int) -> bool:
        """Whether the file of a recording is complete."""
        return number in self._finishing

    async def stop(self, number: int) -> None:
        """End a recording, if it runs."""
        await self._actions.engine.stop_recording(self._actions.leg, number)

    async def kept(self, number: int, *, is_over: bool = False) -> KeptRecording | None:
        """Return a recording that was ended; None if there is no file of it.

        When the leg `is_over`, its file is complete or never will be. Raises Unavailable.
        """
        until = self._actions.after(_FILE_WAIT)
        while number not in self._finishing:
            if is_over or await self._actions.next_news(until) is None:
                return None
        return await self._finishing[number]

    async def all_kept(self) -> None:
        """Return when nothing is left to be kept of what has ended."""
        results = await asyncio.gather(*self._finishing.values(), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                log.error("recording not kept", extra={"leg": self._actions.leg}, exc_info=result)

    def _take(self, news: News) -> None:
        if not isinstance(news, RecordingFinished):
            return
        running = self._running.pop(news.recording, None)
        if running is not None:
            finish = self._files.finish(
                running.place,
                news.length,
                trim_silence=running.trims,
                only_sent=running.only_sent,
            )
            self._finishing[news.recording] = kept = asyncio.ensure_future(finish)
            kept.add_done_callback(partial(self._tell_kept, news.recording, running))

    def _tell_kept(
        self, number: int, running: _Running, kept: asyncio.Future[KeptRecording]
    ) -> None:
        if kept.cancelled():
            return
        recording_id, is_kept = running.place.id, kept.exception() is None
        for listener in self._listeners:
            listener(number, recording_id, is_kept)
