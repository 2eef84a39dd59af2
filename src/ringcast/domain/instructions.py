"""What a call does, in neutral instructions that one call flow executes on any engine.

Every script language (a vendor's XML, a fixed broadcast) becomes a sequence of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias

import msgspec

from ringcast.domain.numbers import PhoneNumber

__all__ = [
    "BanNumber",
    "HangUp",
    "Instruction",
    "Interpret",
    "Menu",
    "Pause",
    "Play",
    "Record",
    "Script",
    "SendDigits",
    "Transfer",
    "WhenAnsweredBy",
]


class Play(msgspec.Struct, frozen=True, tag="play", kw_only=True):
    """Play sounds one after the other without a gap, `loop` times over."""

    audio: tuple[str, ...]
    """Content hashes of imported audio (`ports.audio`)."""
    loop: int = 1


class Pause(msgspec.Struct, frozen=True, tag="pause", kw_only=True):
    """Say nothing for a while."""

    length: timedelta


class SendDigits(msgspec.Struct, frozen=True, tag="send_digits", kw_only=True):
    """Send DTMF: 0-9 * # A-D, `w` waits half a second, `W` a whole one."""

    digits: str


class Record(msgspec.Struct, frozen=True, tag="record", kw_only=True):
    """Record the call from here to its end, in the background."""

    path: str
    max_length: timedelta = timedelta(hours=1)


class HangUp(msgspec.Struct, frozen=True, tag="hang_up", kw_only=True):
    """End the call."""


class BanNumber(msgspec.Struct, frozen=True, tag="ban_number", kw_only=True):
    """Put the number of the other side on the account's do-not-call list."""

    source: str
    """Where the entry comes from, as the list shows it."""


class WhenAnsweredBy(msgspec.Struct, frozen=True, tag="when_answered_by", kw_only=True):
    """Find out who has answered and do what is meant for them; then the script goes on.

    Whoever presses a key, says nothing or asks who calls counts as a person; for a fax nothing is
    done. What is meant for a machine is done when its greeting is over, and once more from the
    beginning if the machine then speaks again or beeps. The outcome of the call says who it was.
    """

    human: tuple[Instruction, ...] = ()
    machine: tuple[Instruction, ...] = ()


class Menu(msgspec.Struct, frozen=True, tag="menu", kw_only=True):
    """Play sounds and do what is meant for the first key that is pressed; other keys do nothing.

    A key can be pressed as long as the sounds play and for `wait` after them. Then the script goes
    on, with or without a key.
    """

    audio: tuple[str, ...] = ()
    keys: Mapping[str, tuple[Instruction, ...]] = {}
    """What is done for each of 0-9 * # A-D."""
    wait: timedelta = timedelta(seconds=5)


class Transfer(msgspec.Struct, frozen=True, tag="transfer", kw_only=True):
    """Play sounds while somebody else is called, and let the two hear each other.

    The script goes on when the other hangs up, does not answer in `ring_timeout`, or cannot be
    called now. The outcome of the call is `transferred` once they have heard each other. The other
    is a call of its own, with its own outcome.
    """

    to: PhoneNumber
    audio: tuple[str, ...] = ()
    ring_timeout: timedelta = timedelta(seconds=60)


class Interpret(msgspec.Struct, frozen=True, tag="interpret", kw_only=True):
    """Run a program (`domain.programs`): a script in a language of its own that decides as it goes.

    The script goes on when the program has come to its end. A call whose program ends it, cannot
    be started or fails is hung up.
    """

    language: str
    """Which interpreter reads `source`."""
    source: str
    """A document, or where the interpreter fetches it."""
    settings: Mapping[str, str] = {}
    """What else the interpreter is to know."""


Instruction: TypeAlias = (
    Play
    | Pause
    | SendDigits
    | Record
    | HangUp
    | BanNumber
    | WhenAnsweredBy
    | Menu
    | Transfer
    | Interpret
)


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The instructions of a call from its answer on; it hangs up at their end."""

    instructions: tuple[Instruction, ...]
