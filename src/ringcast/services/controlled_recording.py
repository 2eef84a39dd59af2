"""A call recorded at the wish of a request: begun, ended, told of when it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from ringcast.domain.errors import Unavailable
from ringcast.domain.events import CallEvent, RecordingEnded, RecordingStarted
from ringcast.domain.ids import RecordingId
from ringcast.domain.programs import RecordStep
from ringcast.domain.recordings import RecordingSource
from ringcast.services.call_commands import BeginRecording, NothingRecorded, RecordingUnderWay
from ringcast.services.call_recordings import CallRecordings
from ringcast.services.recording import tracks_of

if TYPE_CHECKING:
    from ringcast.services.call_control import CallControl

__all__ = ["ControlledRecording"]

_MAY_BE_THE_END: Final = 1.0
"""Seconds for which a recording that ended by itself may turn out to have ended with the call."""


class ControlledRecording:
    """The recording of a call that requests have asked for, if there is one."""

    def __init__(
        self,
        control: CallControl,
        recordings: CallRecordings | None,
        *,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._control = control
        self._recordings = recordings
        self._sleep = sleep
        self._is_beginning = False
        self._stopped: set[int] = set()
        self._is_over = False
        self._kept: list[CallEvent] = []
        """Of recordings that ended by themselves; told after the end of the call if it comes."""
        if recordings is not None:
            recordings.when_kept(self._is_kept)

    def begin(self, command: BeginRecording) -> asyncio.Future[None]:
        """Begin to record; return what is done when it has begun.

        Raises RecordingUnderWay, Unavailable where nothing is kept.
        """
        if self._recordings is None:
            raise Unavailable("no recordings are kept here")
        running = set(self._recordings.of_the_call()) - self._stopped
        if self._is_beginning or running:
            raise RecordingUnderWay
        self._is_beginning = True
        return self._control.beside(self._begin(self._recordings, command))

    async def _begin(self, recordings: CallRecordings, command: BeginRecording) -> None:
        step = command.step or RecordStep(name=command.name, max_length=command.max_length)
        try:
            number = await recordings.begin_beside(
                step.name,
                source=RecordingSource.CALL,
                tracks=tracks_of(step),
                max_length=step.max_length,
                trims=step.trim_silence,
                only_sent=step.only_sent,
                follower=step.follower,
            )
        finally:
            was_wanted, self._is_beginning = self._is_beginning, False
        facts, attempt_id, at = self._control.about()
        self._control.tell(
            RecordingStarted(
                call_id=facts.call_id,
                attempt_id=attempt_id,
                at=at,
                recording_id=recordings.id_of(number),
            )
        )
        if not was_wanted and number in recordings.of_the_call():  # ended before it had begun
            await self.end()

    async def end(self) -> None:
        """Record no more, whatever has begun it; raise NothingRecorded."""
        running = () if self._recordings is None else self._recordings.of_the_call()
        running = [number for number in running if number not in self._stopped]
        if self._recordings is None or not (running or self._is_beginning):
            raise NothingRecorded
        self._is_beginning = False
        for number in running:
            self._stopped.add(number)
            await self._recordings.stop(number)

    def over(self) -> None:
        """The leg has ended."""
        self._is_over = True

    def afterwards(self) -> list[CallEvent]:
        """Return what is to be told after the end of the leg."""
        kept, self._kept = self._kept, []
        return kept

    def _is_kept(self, number: int, recording_id: RecordingId, is_kept: bool) -> None:
        facts, attempt_id, at = self._control.about()
        event = RecordingEnded(
            call_id=facts.call_id,
            attempt_id=attempt_id,
            at=at,
            recording_id=recording_id,
            is_kept=is_kept,
        )
        if number in self._stopped:
            self._stopped.discard(number)
            self._control.tell(event)
            return
        self._kept.append(event)
        if not self._is_over:
            self._control.beside(self._tell_unless_over(event))

    async def _tell_unless_over(self, event: CallEvent) -> None:
        await self._sleep(_MAY_BE_THE_END)
        if event in self._kept and not self._is_over:
            self._kept.remove(event)
            self._control.tell(event)
