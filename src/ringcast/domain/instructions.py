"""What a call does, in neutral instructions that one call flow executes on any engine.

Every script language (a vendor's XML, a fixed broadcast) becomes a sequence of these.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

import msgspec

__all__ = ["HangUp", "Instruction", "Pause", "Play", "Record", "Script", "SendDigits"]


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


Instruction: TypeAlias = Play | Pause | SendDigits | Record | HangUp


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The instructions of a call from its answer on; it hangs up at their end."""

    instructions: tuple[Instruction, ...]
