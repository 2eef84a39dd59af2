"""The instructions of a script, carried out on one leg."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, assert_never

from ringcast.domain.instructions import (
    BanNumber,
    HangUp,
    Instruction,
    Interpret,
    Menu,
    Pause,
    Play,
    Record,
    SendDigits,
    Transfer,
    WhenAnsweredBy,
)
from ringcast.ports.engine import (
    AnswerKind,
    DetectionSettings,
    DigitReceived,
    GreetingEnded,
    PlaybackFinished,
    RecordingTracks,
)
from ringcast.services.connecting import Connecting, connect
from ringcast.services.leg_actions import LegActions, News, NoVerdict
from ringcast.services.program_run import Programs
from ringcast.services.scripted_call import ScriptedCall
from ringcast.services.second_legs import SecondCall

__all__ = ["ScriptRun"]

_DETECTION: Final = DetectionSettings()
_LONGEST_GREETING: Final = timedelta(seconds=60)
"""After so long a machine is spoken to, whatever it says."""


class _SpeaksAgain(Exception):
    """The machine went on after its greeting had ended: control flow inside this module."""


class ScriptRun:
    """Carries out instructions one after the other.

    What the actions raise when the leg is over or the call is given another script ends the run.
    """

    def __init__(
        self, *, actions: LegActions, call: ScriptedCall, programs: Programs | None
    ) -> None:
        """Without `programs` a script that holds one hangs up there."""
        self._actions = actions
        self._call = call
        self._programs = programs

    async def run(self, instructions: Sequence[Instruction]) -> None:
        """Carry out the instructions."""
        for instruction in instructions:
            await self._execute(instruction)

    async def _execute(self, instruction: Instruction) -> None:
        actions = self._actions
        if not isinstance(instruction, Interpret | BanNumber | HangUp):
            await self._call.pick_up()
        match instruction:
            case Play():
                await actions.play_out(instruction.audio, instruction.loop)
            case Pause():
                await actions.pause(instruction.length)
            case SendDigits():
                await actions.send_digits(instruction.digits)
            case Record():
                await actions.engine.start_recording(
                    actions.leg,
                    actions.number(),
                    Path(instruction.path),
                    tracks=RecordingTracks.MIXED,
                    max_length=instruction.max_length,
                )
            case HangUp():
                await actions.hang_up("the script hung up")
            case BanNumber():
                self._call.ban(instruction.source)
            case WhenAnsweredBy():
                await self._find_out(instruction)
            case Menu():
                await self._offer(instruction)
            case Transfer():
                await self._transfer(instruction)
            case Interpret():
                await self._interpret(instruction)
            case _:
                assert_never(instruction)

    async def _interpret(self, instruction: Interpret) -> None:
        reason: str | None = "this server runs no programs"
        if self._programs is not None:
            reason = await self._programs.interpret(instruction, self._actions, self._call)
        if reason is not None:
            await self._actions.hang_up(reason)

    # Who has answered

    async def _find_out(self, instruction: WhenAnsweredBy) -> None:
        kind = await self._verdict()
        self._call.note_answered_by(kind)
        if kind is AnswerKind.FAX:
            return
        if kind is not AnswerKind.MACHINE:
            await self._actions.stop_detection()
            await self.run(instruction.human)
        elif instruction.machine:
            await self._speak_to_machine(instruction.machine)
        else:
            await self._actions.stop_detection()

    async def _verdict(self) -> AnswerKind:
        try:
            verdict = await self._actions.verdict(_DETECTION)
        except NoVerdict:
            return AnswerKind.HUMAN
        return AnswerKind.HUMAN if verdict is None else verdict.kind

    async def _speak_to_machine(self, instructions: Sequence[Instruction]) -> None:
        await self._actions.greeting_end(_LONGEST_GREETING, on_news=self._call.note_answered_by)
        try:
            with self._actions.listener(_notice_speech):
                await self.run(instructions)
        except _SpeaksAgain:
            # Once: who leaves two messages is not heard out.
            await self._actions.stop_playing()
            await self.run(instructions)
        await self._actions.stop_detection()

    # Keys

    async def _offer(self, menu: Menu) -> None:
        async with self._actions.hearing_keys():
            key = await self._choice(menu)
        if key is not None:
            await self.run(menu.keys[key])

    async def _choice(self, menu: Menu) -> str | None:
        actions = self._actions
        playback = until = None
        if menu.audio:
            playback = await actions.play(menu.audio)
        else:
            until = actions.after(menu.wait)
        while True:
            news = await actions.next_news(until)
            if news is None:
                return None
            if isinstance(news, PlaybackFinished) and news.playback == playback:
                until = actions.after(menu.wait)
            elif isinstance(news, DigitReceived) and news.digit in menu.keys:
                await actions.stop(playback)
                return news.digit

    # Transfer

    async def _transfer(self, transfer: Transfer) -> None:
        second = SecondCall(to=transfer.to, ring_timeout=transfer.ring_timeout)
        await connect(
            self._actions, self._call, Connecting(calls=[second], first_heard=transfer.audio)
        )


def _notice_speech(news: News) -> None:
    if isinstance(news, GreetingEnded):
        raise _SpeaksAgain
