"""Calls to a number put through to other telephones, as a program.

All telephones ring at once; who answers first is connected. With screening they hear who-knows-what
first and must press 1; who does not is not connected.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from ringcast.domain.ids import SoundId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import (
    CallFacts,
    Dial,
    Dialed,
    DialTarget,
    End,
    Gather,
    Gathered,
    Program,
    Prompt,
    RecordMessage,
    RecordStep,
    Say,
    Spoken,
    StoredSound,
)

__all__ = ["FORWARDING", "Forwarding", "forward", "forwarding_of", "forwarding_script"]

FORWARDING: Final = "forward"
"""The language of scripts that hold a `Forwarding`."""

_ACCEPT: Final = "1"
_ASKED: Final = Spoken(text="You have a call. Press 1 to take it.")
_MAY_SPEAK: Final = Spoken(text="Nobody can take your call. Please leave a message after the tone.")
_LONGEST_MESSAGE: Final = timedelta(minutes=3)


class Forwarding(msgspec.Struct, frozen=True, kw_only=True):
    """Who is called for the caller, and what is heard meanwhile."""

    numbers: tuple[str, ...]
    """Digits of telephone numbers."""
    intro: SoundId | None = None
    """What the caller hears first."""
    screen: bool = False
    """Whether who answers must press 1 to be connected."""
    whisper: SoundId | None = None
    """What they hear before that, in place of a spoken question."""
    record: bool = False
    """Whether the call is recorded."""
    failed: SoundId | None = None
    """What the caller hears if nobody is connected."""
    voicemail: bool = False
    """Whether the caller can leave a message then."""
    voicemail_greeting: SoundId | None = None
    """What is played before the tone, in place of a spoken request."""
    ring_timeout: timedelta = timedelta(seconds=30)


def forwarding_script(wanted: Forwarding) -> Script:
    """Return the script that does it."""
    return Script(
        instructions=(Interpret(language=FORWARDING, source=msgspec.json.encode(wanted).decode()),)
    )


def forwarding_of(script: Script) -> Forwarding | None:
    """Return what `forwarding_script` was given; None for any other script."""
    if len(script.instructions) != 1:
        return None
    (instruction,) = script.instructions
    if not isinstance(instruction, Interpret) or instruction.language != FORWARDING:
        return None
    return msgspec.json.decode(instruction.source, type=Forwarding)


def forward(source: str, _settings: Mapping[str, str], _call: CallFacts) -> Program:
    """Put a caller through (`domain.programs.Interpreter`)."""
    wanted = msgspec.json.decode(source, type=Forwarding)
    if wanted.record:
        yield RecordStep(name="call")
    dialed = yield Dial(
        targets=tuple(
            DialTarget(
                to=PhoneNumber(digits),
                before=(lambda _: _screening(wanted)) if wanted.screen else None,
                reference=digits,
            )
            for digits in wanted.numbers
        ),
        timeout=wanted.ring_timeout,
        first_heard_whole=() if wanted.intro is None else (StoredSound(sound_id=wanted.intro),),
    )
    if isinstance(dialed, Dialed) and dialed.connected:
        return
    if wanted.failed is not None:
        yield Say(prompts=(StoredSound(sound_id=wanted.failed),))
    if wanted.voicemail:
        greeting: Prompt = _MAY_SPEAK
        if wanted.voicemail_greeting is not None:
            greeting = StoredSound(sound_id=wanted.voicemail_greeting)
        yield Say(prompts=(greeting,))
        yield RecordMessage(name="voicemail", max_length=_LONGEST_MESSAGE)


def _screening(wanted: Forwarding) -> Program:
    heard: Prompt = _ASKED if wanted.whisper is None else StoredSound(sound_id=wanted.whisper)
    gathered = yield Gather(prompts=(heard,), max_digits=1, finish_on=frozenset())
    if not isinstance(gathered, Gathered) or gathered.digits != _ACCEPT:
        yield End(reason="who answered did not take the call")
