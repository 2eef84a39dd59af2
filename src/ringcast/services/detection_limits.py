"""The limits of detection that clients may name: what they may be, and what they usually are.

Dialects know the names; the numbers and what they mean are here and in `services.detecting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ringcast.domain.programs import Detect, DetectUntil

__all__ = ["LIMITS", "Limit", "LimitOutOfRange", "detect_step"]


class LimitOutOfRange(ValueError):
    """A limit of detection is not in its range."""

    def __init__(self, name: str, value: float, limit: Limit) -> None:
        super().__init__(
            f"{name} must be {limit.least:g} to {limit.most:g} {limit.unit}, not {value:g}"
        )
        self.name, self.value, self.limit = name, value, limit


@dataclass(frozen=True, slots=True)
class Limit:
    """The range of a limit, and what it is when a client that names others leaves it out."""

    least: float
    most: float
    usual: float
    unit: str = "ms"


LIMITS: Final[Mapping[str, Limit]] = {
    "timeout": Limit(1, 120, 30, "s"),
    "silence_timeout": Limit(2000, 10_000, 5000),
    "speech_threshold": Limit(1000, 6000, 2400),
    "speech_end_threshold": Limit(500, 5000, 1200),
    "words": Limit(1, 100, 6, "words"),
}
"""In the units in which clients give them."""


def detect_step(given: Mapping[str, float | None], *, until: DetectUntil) -> Detect:
    """Return the step for the limits a client has given, by the names of `LIMITS`.

    None is as good as not given. Once any is given, the others have their usual values; with none
    the engine judges by itself. Raises LimitOutOfRange; KeyError for a name that is none.
    """
    named = {name: value for name, value in given.items() if value is not None}
    for name, value in named.items():
        if not LIMITS[name].least <= value <= LIMITS[name].most:
            raise LimitOutOfRange(name, value, LIMITS[name])
    if not named:
        return Detect(until=until)
    values = {name: named.get(name, limit.usual) for name, limit in LIMITS.items()}
    return Detect(
        until=until,
        timeout=timedelta(seconds=values["timeout"]),
        silence_timeout=timedelta(milliseconds=values["silence_timeout"]),
        speech_threshold=timedelta(milliseconds=values["speech_threshold"]),
        speech_end_threshold=timedelta(milliseconds=values["speech_end_threshold"]),
        words=int(values["words"]),
    )
