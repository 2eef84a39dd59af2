"""What can be asked of a call while it lives; a call flow takes it in its inbox.

RingcastError (domain.errors)
└─ Conflict
   └─ CommandRefused       the call cannot do that now
      ├─ NotAnswered       it has to be answered first
      ├─ AnsweredAlready   it cannot be answered or turned away any more
      ├─ NothingPlays      there is no sound of that kind to be stopped
      ├─ GatherUnderWay    keys are being collected already
      ├─ GatherOver        that gather has ended, or never was
      ├─ RecordingUnderWay it is being recorded already
      └─ NothingRecorded   it is not being recorded
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from ringcast.domain.errors import Conflict, Unavailable
from ringcast.domain.instructions import Script
from ringcast.domain.programs import Prompt, RecordStep
from ringcast.ports.engine import Refusal

__all__ = [
    "AnsweredAlready",
    "Ask",
    "BeginGather",
    "BeginRecording",
    "CallCommand",
    "Command",
    "CommandRefused",
    "EndGather",
    "EndNow",
    "EndRecording",
    "GatherOver",
    "GatherUnderWay",
    "NotAnswered",
    "NothingPlays",
    "NothingRecorded",
    "PickUp",
    "PlayAudio",
    "RecordingUnderWay",
    "Redirect",
    "SendKeys",
    "StopAudio",
    "TurnAway",
]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Run this script in place of the one that runs, or is to run."""

    script: Script


@dataclass(frozen=True, slots=True)
class EndNow:
    """Hang up, or stop ringing."""

    reason: str


@dataclass(frozen=True, slots=True)
class PickUp:
    """Answer a call that came to us and waits."""


@dataclass(frozen=True, slots=True)
class TurnAway:
    """Refuse a call that came to us and waits."""

    refusal: Refusal = Refusal.REJECTED


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayAudio:
    """Have something heard in place of what is heard now; `loop` None is until it is stopped."""

    prompt: Prompt
    loop: int | None = 1
    reference: str = ""
    """What whoever asks calls it; told with its start and its end."""


@dataclass(frozen=True, slots=True)
class StopAudio:
    """Stop what a request has had played: speech, or sounds of other kinds."""

    is_speech: bool


@dataclass(frozen=True, slots=True)
class SendKeys:
    """Send DTMF; `w` pauses half a second, `W` a whole one."""

    digits: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BeginGather:
    """Collect keys; a key stops the prompt. One gather at a time."""

    gather_id: int
    prompt: Prompt | None = None
    loop: int | None = 1
    max_digits: int | None = None
    finish_on: frozenset[str] = frozenset("#")
    digit_timeout: timedelta = timedelta(seconds=5)
    """For the first key, from the end of the prompt, and for each further one."""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class EndGather:
    """Collect no more keys."""

    gather_id: int


@dataclass(frozen=True, slots=True)
class BeginRecording:
    """Record both sides from here on, or as a step says."""

    max_length: timedelta = timedelta(hours=1)
    name: str | None = None
    step: RecordStep | None = None


@dataclass(frozen=True, slots=True)
class EndRecording:
    """Record no more."""


CallCommand: TypeAlias = (
    PickUp
    | TurnAway
    | PlayAudio
    | StopAudio
    | SendKeys
    | BeginGather
    | EndGather
    | BeginRecording
    | EndRecording
)
"""What is answered: done, or refused."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A command, and who waits for what comes of it."""

    command: CallCommand
    taken: asyncio.Future[None]
    """Done when the command is carried out or under way; CommandRefused if it cannot be."""

    def accept(self, begun: asyncio.Future[None] | None) -> None:
        """Let whoever waits know that it is done, or will be when that is done."""
        if begun is not None and not begun.done():
            begun.add_done_callback(self.accept)
        elif begun is not None and begun.cancelled():
            self.refuse(Unavailable("the call has ended"))
        elif begun is not None and (error := begun.exception()) is not None:
            self.refuse(error)
        elif not self.taken.done():
            self.taken.set_result(None)

    def refuse(self, error: BaseException) -> None:
        """Let whoever waits know that it is not done."""
        if not self.taken.done():
            self.taken.set_exception(error)


Command: TypeAlias = Redirect | EndNow | Ask


class CommandRefused(Conflict):
    """The call cannot do that now."""


class NotAnswered(CommandRefused):
    """The call has to be answered first."""

    def __init__(self) -> None:
        super().__init__("the call is not answered")


class AnsweredAlready(CommandRefused):
    """The call cannot be answered or turned away any more."""

    def __init__(self) -> None:
        super().__init__("the call is answered already, or was placed by this system")


class NothingPlays(CommandRefused):
    """There is no sound of that kind to be stopped."""

    def __init__(self) -> None:
        super().__init__("nothing of that kind is being played: it is over, or never began")


class GatherUnderWay(CommandRefused):
    """Keys are being collected already."""

    def __init__(self) -> None:
        super().__init__("keys are being collected already: end that gather first")


class GatherOver(CommandRefused):
    """That gather has ended, or never was."""

    def __init__(self) -> None:
        super().__init__("the gather is over")


class RecordingUnderWay(CommandRefused):
    """The call is being recorded already."""

    def __init__(self) -> None:
        super().__init__("the call is being recorded already")


class NothingRecorded(CommandRefused):
    """The call is not being recorded."""

    def __init__(self) -> None:
        super().__init__("the call is not being recorded")
