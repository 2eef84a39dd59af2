"""A live call under the control of requests: sounds, keys and recordings beside its script.

What a request begins goes on whatever the script does, until it is over, is replaced, or the call
is given another script. Each beginning and end is told as an event of the call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias, assert_never

from ringcast.domain.events import AudioEnded, AudioStarted, CallEvent
from ringcast.domain.ids import AttemptId
from ringcast.domain.programs import CallFacts, Prompt, Spoken
from ringcast.ports.engine import (
    DigitReceived,
    PlaybackFinished,
    PlaybackResult,
    PlaybackStarted,
)
from ringcast.services.call_commands import (
    BeginGather,
    BeginRecording,
    EndGather,
    EndRecording,
    NothingPlays,
    PlayAudio,
    SendKeys,
    StopAudio,
)
from ringcast.services.call_recordings import CallRecordings
from ringcast.services.controlled_gather import ControlledGather
from ringcast.services.controlled_recording import ControlledRecording
from ringcast.services.leg_actions import LegActions, News
from ringcast.services.prompts import PromptMissing, Prompts

__all__ = ["CallControl", "MediaCommand"]

log = logging.getLogger(__name__)

MediaCommand: TypeAlias = (
    PlayAudio | StopAudio | SendKeys | BeginGather | EndGather | BeginRecording | EndRecording
)

_NOTHING: Final = "what was to be played cannot be had"


@dataclass(slots=True)
class _Audio:
    """Something that a request wants to be heard."""

    is_speech: bool
    reference: str
    number: int
    """Of its playback."""
    then: Callable[[], None] | None = None
    """Done when it is over, or another takes its place."""
    has_started: bool = False
    making: asyncio.Future[None] | None = field(default=None, repr=False)
    """Makes it ready."""


class CallControl:
    """Carries out what requests ask of one leg.

    `tell` is given what happens; it is called on the event loop, in order.
    """

    def __init__(
        self,
        actions: LegActions,
        facts: Callable[[], CallFacts],
        *,
        prompts: Prompts,
        recordings: CallRecordings | None,
        tell: Callable[[CallEvent], None],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._actions = actions
        self._facts = facts
        self._prompts = prompts
        self._tell = tell
        self._now = now
        self._wanted: _Audio | None = None
        """What is heard, or will be when it is ready."""
        self._playing: dict[int, _Audio] = {}
        """What has been given to the engine and is not over, by its playback."""
        self._beside: set[asyncio.Future[Any]] = set()
        self._gather = ControlledGather(self, sleep=sleep)
        self._recording = ControlledRecording(self, recordings, sleep=sleep)
        actions.hear_always(self._hear)

    @property
    def actions(self) -> LegActions:
        """The leg."""
        return self._actions

    def about(self) -> tuple[CallFacts, AttemptId, datetime]:
        """Return what every event says: whose it is, and when."""
        facts = self._facts()
        return facts, facts.attempt_id, self._now()

    def tell(self, event: CallEvent) -> None:
        """Tell what has happened."""
        self._tell(event)

    def beside(self, work: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
        """Do something beside the leg; it ends with the leg."""
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._done_beside)
        return task

    async def carry_out(self, command: MediaCommand) -> asyncio.Future[None] | None:
        """Do it, or set it going; raise CommandRefused if it cannot be.

        Return what is to be waited for, if it is not under way yet.
        """
        match command:
            case PlayAudio():
                self.play(command.prompt, command.loop, command.reference)
            case StopAudio():
                await self._stop(command)
            case SendKeys():
                await self._actions.engine.send_digits(self._actions.leg, command.digits)
            case BeginGather():
                await self._gather.begin(command)
            case EndGather():
                await self._gather.end(command)
            case BeginRecording():
                return self._recording.begin(command)
            case EndRecording():
                await self._recording.end()
            case _:
                assert_never(command)
        return None

    def play(
        self,
        prompt: Prompt,
        loop: int | None,
        reference: str,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Have a prompt heard when it is ready, in place of what is heard then."""
        self._forget_wanted()
        audio = _Audio(
            is_speech=isinstance(prompt, Spoken),
            reference=reference,
            number=self._actions.number(),
            then=then,
        )
        self._wanted = audio
        audio.making = self.beside(self._make_and_play(audio, prompt, loop))

    async def hush(self) -> None:
        """Stop what requests have had played."""
        wanted = self._wanted
        self._forget_wanted()
        if wanted is not None and wanted.number in self._playing:
            await self._actions.stop(wanted.number)

    async def interrupted(self) -> None:
        """The call is given another script: nothing that is heard or collected goes on."""
        await self._gather.canceled()
        await self.hush()

    def over(self) -> None:
        """The leg has ended: tell what has ended with it."""
        self._recording.over()
        self._gather.over()
        self._forget_wanted()
        for audio in list(self._playing.values()):
            self._ended(audio, completed=False)

    def afterwards(self) -> list[CallEvent]:
        """Return what is to be told after the end of the leg."""
        return self._recording.afterwards()

    def close(self) -> None:
        """Leave nothing behind."""
        for task in list(self._beside):
            task.cancel()

    # Sounds

    async def _make_and_play(self, audio: _Audio, prompt: Prompt, loop: int | None) -> None:
        try:
            heard = await self._prompts.ready(self._facts().account_id, prompt)
        except PromptMissing as missing:
            log.warning(_NOTHING, extra={"leg": self._actions.leg, "why": missing.reason})
            if self._wanted is audio:
                self._wanted = None
            if audio.then is not None:
                audio.then()
            return
        audio.making = None
        self._playing[audio.number] = audio
        await self._actions.play([heard], loop, number=audio.number)

    async def _stop(self, command: StopAudio) -> None:
        wanted = self._wanted
        if wanted is None or wanted.is_speech is not command.is_speech:
            raise NothingPlays
        await self.hush()

    def _forget_wanted(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        if wanted.making is not None:
            wanted.making.cancel()
        then, wanted.then = wanted.then, None
        if then is not None:
            then()

    def _hear(self, news: News) -> None:
        if isinstance(news, PlaybackStarted) and news.playback in self._playing:
            self._started(self._playing[news.playback])
        elif isinstance(news, PlaybackFinished) and news.playback in self._playing:
            audio = self._playing[news.playback]
            self._ended(audio, completed=news.result is PlaybackResult.COMPLETED)
        elif isinstance(news, DigitReceived):
            self._gather.hear(news.digit)

    def _started(self, audio: _Audio) -> None:
        audio.has_started = True
        facts, attempt_id, at = self.about()
        self._tell(
            AudioStarted(
                call_id=facts.call_id,
                attempt_id=attempt_id,
                at=at,
                is_speech=audio.is_speech,
                reference=audio.reference,
            )
        )

    def _ended(self, audio: _Audio, *, completed: bool) -> None:
        del self._playing[audio.number]
        if self._wanted is audio:
            self._wanted = None
        if audio.has_started:
            facts, attempt_id, at = self.about()
            self._tell(
                AudioEnded(
                    call_id=facts.call_id,
                    attempt_id=attempt_id,
                    at=at,
                    is_speech=audio.is_speech,
                    completed=completed,
                    reference=audio.reference,
                )
            )
        if audio.then is not None:
            audio.then()

    def _done_beside(self, task: asyncio.Future[Any]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error(
                "work beside a call failed",
                extra={"leg": self._actions.leg},
                exc_info=task.exception(),
            )
