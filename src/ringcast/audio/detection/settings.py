"""What detection may be told, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, TypeAlias

from ringcast.audio.detection.spectrum import FRAME, RATE

__all__ = [
    "FRAME_SECONDS",
    "LIMITS",
    "AnswerKind",
    "Classified",
    "DetectionSettings",
    "GreetingEnded",
    "Heard",
    "Leaning",
]

FRAME_SECONDS: Final = FRAME / RATE


class AnswerKind(StrEnum):
    """Who or what has answered."""

    HUMAN = "human"
    MACHINE = "machine"
    SCREENING = "screening"
    """A machine that asks who calls, and may put the call through."""
    FAX = "fax"
    SILENCE = "silence"
    """Nobody spoke, or it cannot be told who."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionSettings:
    """The limits of the rules, in seconds, and who is favoured."""

    initial_silence: float = 2.5
    short_greeting: float = 1.8
    after_short: float = 0.8
    long_greeting: float = 4.2
    after_longer: float = 1.5
    total: float = 7.5
    greeting_end: float = 2.0
    shortest_sound: float = 0.08
    words: int = 100
    """So many words are a machine."""
    bias: float = 3.0
    """How many times worse it is to take a person for a machine than a machine for a person."""
    learned: bool = True
    """Ask the trained model who speaks; without it, the limits alone decide."""
    is_silence_in_doubt: bool = False
    """No verdict within `total` is SILENCE: nobody knows. Otherwise it is HUMAN."""
    leanings: bool = False
    """Also tell what it looks like before it is certain."""

    def __post_init__(self) -> None:
        for name in LIMITS:
            value = getattr(self, name)
            if not FRAME_SECONDS <= value <= 600:
                raise ValueError(f"{name} lasts 0.02 to 600 s, not {value:g}")
        if self.long_greeting < self.short_greeting:
            raise ValueError("long_greeting cannot be shorter than short_greeting")
        if not 1 <= self.words <= 10_000:
            raise ValueError(f"words are 1 to 10000, not {self.words}")
        if not 0.001 <= self.bias <= 1000:
            raise ValueError(f"bias is 0.001 to 1000, not {self.bias:g}")


LIMITS: Final = tuple(limit.name for limit in fields(DetectionSettings) if limit.type == "float"
                      and limit.name != "bias")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Classified:
    """The verdict on a stream; `seconds` since its detection began.

    A machine may be told once more, as SCREENING.
    """

    stream: int
    kind: AnswerKind
    seconds: float
    reason: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Leaning:
    """What it looks like so far; comes when that changes."""

    stream: int
    kind: AnswerKind
    seconds: float
    confidence: float


@dataclass(frozen=True, slots=True)
class GreetingEnded:
    """A machine has stopped speaking (`beep` false) or given its beep."""

    stream: int
    beep: bool
    seconds: float


Heard: TypeAlias = Classified | GreetingEnded | Leaning
