"""The instructions of a script, carried out on one leg."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final, Protocol, TypeAlias, TypeVar, assert_never

from ringcast.domain.ids import AttemptId
from ringcast.domain.instructions import (
    BanNumber,
    HangUp,
    Instruction,
    Menu,
    Pause,
    Play,
    Record,
    SendDigits,
    Transfer,
    WhenAnsweredBy,
)
from ringcast.ports.clock import Clock
from ringcast.ports.engine import (
    AnswerClassified,
    AnswerKind,
    CallEngine,
    DetectionSettings,
    DigitReceived,
    DigitsSent,
    EngineEvent,
    GreetingEnded,
    PlaybackFinished,
    RecordingTracks,
    Unbridged,
)
from ringcast.services.second_legs import SecondAnswered, SecondLegNews, SecondOver

__all__ = ["News", "NextEvent", "ScriptRun", "SecondLeg"]

E = TypeVar("E", PlaybackFinished, DigitsSent)

News: TypeAlias = EngineEvent | SecondLegNews
NextEvent: TypeAlias = Callable[[float | None], Awaitable[News | None]]
"""Gives the next event of the leg, or None when that moment of the monotonic clock has come."""

_DETECTION: Final = DetectionSettings()
_VERDICT_LATE: Final = timedelta(seconds=3)
"""How much longer than it may take a verdict is waited for."""
_LONGEST_GREETING: Final = timedelta(seconds=60)
"""After so long a machine is spoken to, whatever it says."""


class _SpeaksAgain(Exception):
    """The machine went on after its greeting had ended: control flow inside this module."""


class SecondLeg(Protocol):
    """What a transfer asks for."""

    async def place(self, transfer: Transfer) -> AttemptId | None:
        """Dial the second leg, whose news come with the events; None if it cannot be dialled."""

    async def end(self, leg: AttemptId) -> None:
        """End it, or see that it is not dialled."""

    def note_transferred(self) -> None:
        """The legs hear each other."""


class ScriptRun:
    """Carries out instructions one after the other.

    `next_event` raises when the leg is over, which ends the run.
    """

    def __init__(
        self,
        *,
        leg: AttemptId,
        engine: CallEngine,
        clock: Clock,
        next_event: NextEvent,
        on_answered_by: Callable[[AnswerKind], None],
        on_ban: Callable[[str], None],
        second_leg: SecondLeg,
    ) -> None:
        """`on_answered_by` is told who has answered, `on_ban` the source of a do-not-call entry."""
        self._leg = leg
        self._engine = engine
        self._clock = clock
        self._take_event = next_event
        self._on_answered_by = on_answered_by
        self._on_ban = on_ban
        self._second_leg = second_leg
        self._numbers = count(1)
        self._begins_anew = False

    async def run(self, instructions: Sequence[Instruction]) -> None:
        """Carry out the instructions."""
        for instruction in instructions:
            await self._execute(instruction)

    async def _execute(self, instruction: Instruction) -> None:
        match instruction:
            case Play():
                playback = await self._play(instruction.audio, instruction.loop)
                await self._wait_for(PlaybackFinished, lambda e: e.playback == playback)
            case Pause():
                until = self._after(instruction.length)
                while await self._next_event(until) is not None:
                    pass
            case SendDigits():
                await self._engine.send_digits(self._leg, instruction.digits)
                await self._wait_for(DigitsSent, lambda _: True)
            case Record():
                await self._engine.start_recording(
                    self._leg,
                    next(self._numbers),
                    Path(instruction.path),
                    tracks=RecordingTracks.MIXED,
                    max_length=instruction.max_length,
                )
            case HangUp():
                await self._engine.hang_up(self._leg, reason="the script hung up")
                while True:
                    await self._next_event()
            case BanNumber():
                self._on_ban(instruction.source)
            case WhenAnsweredBy():
                await self._find_out(instruction)
            case Menu():
                await self._offer(instruction)
            case Transfer():
                await self._transfer(instruction)
            case _:
                assert_never(instruction)

    # Who has answered

    async def _find_out(self, instruction: WhenAnsweredBy) -> None:
        await self._engine.start_detection(self._leg, _DETECTION)
        kind = await self._verdict()
        self._on_answered_by(kind)
        if kind is AnswerKind.FAX:
            return
        if kind is not AnswerKind.MACHINE:
            await self._engine.stop_detection(self._leg)
            await self.run(instruction.human)
        elif instruction.machine:
            await self._speak_to_machine(instruction.machine)
        else:
            await self._engine.stop_detection(self._leg)

    async def _verdict(self) -> AnswerKind:
        until = self._after(_DETECTION.total + _VERDICT_LATE)
        while True:
            event = await self._next_event(until)
            if isinstance(event, AnswerClassified):
                return event.kind
            if event is None or isinstance(event, DigitReceived):
                return AnswerKind.HUMAN

    async def _speak_to_machine(self, instructions: Sequence[Instruction]) -> None:
        until = self._after(_LONGEST_GREETING)
        while True:
            event = await self._next_event(until)
            if event is None or isinstance(event, GreetingEnded):
                break
        self._begins_anew = True
        try:
            await self.run(instructions)
        except _SpeaksAgain:
            await self.run(instructions)
        finally:
            self._begins_anew = False
        await self._engine.stop_detection(self._leg)

    # Keys

    async def _offer(self, menu: Menu) -> None:
        playback = until = None
        if menu.audio:
            playback = await self._play(menu.audio, 1)
        else:
            until = self._after(menu.wait)
        while True:
            event = await self._next_event(until)
            if event is None:
                return
            if isinstance(event, PlaybackFinished) and event.playback == playback:
                until = self._after(menu.wait)
            elif isinstance(event, DigitReceived) and event.digit in menu.keys:
                if playback is not None:
                    await self._engine.stop_playback(self._leg, playback)
                await self.run(menu.keys[event.digit])
                return

    # Transfer

    async def _transfer(self, transfer: Transfer) -> None:
        playback = await self._play(transfer.audio, 1) if transfer.audio else None
        other = await self._second_leg.place(transfer)
        try:
            if await self._both_are_ready(playback, other):
                assert other is not None
                await self._engine.bridge(self._leg, other)
                self._second_leg.note_transferred()
                while not isinstance(await self._next_event(), SecondOver | Unbridged):
                    pass
        finally:  # also when the first leg is over
            if other is not None:
                await self._second_leg.end(other)

    async def _both_are_ready(self, playback: int | None, other: AttemptId | None) -> bool:
        """Wait for the end of the sound and for the answer; False if there will be none."""
        is_answered = False
        while playback is not None or not is_answered:
            if playback is None and other is None:
                return False
            event = await self._next_event()
            if isinstance(event, PlaybackFinished) and event.playback == playback:
                playback = None
            elif isinstance(event, SecondAnswered) and event.leg == other:
                is_answered = True
            elif isinstance(event, SecondOver) and event.leg == other:
                other, is_answered = None, False
        return is_answered

    # Events

    async def _play(self, audio: Sequence[str], loop: int) -> int:
        playback = next(self._numbers)
        await self._engine.play(self._leg, playback, audio, loop)
        return playback

    async def _wait_for(self, kind: type[E], wanted: Callable[[E], bool]) -> None:
        while True:
            event = await self._next_event()
            if isinstance(event, kind) and wanted(event):
                return

    async def _next_event(self, until: float | None = None) -> News | None:
        event = await self._take_event(until)
        if isinstance(event, GreetingEnded) and self._begins_anew:
            self._begins_anew = False  # once: who leaves two messages is not heard out
            raise _SpeaksAgain
        return event

    def _after(self, length: timedelta) -> float:
        return self._clock.monotonic() + length.total_seconds()
