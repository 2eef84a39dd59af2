"""What attributes and texts of a dialplan may say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from ringcast.domain.errors import RingcastError
from ringcast.domain.numbers import Destination, parse_destination

__all__ = [
    "HOLD_MUSIC",
    "VOICES",
    "BadValue",
    "Branch",
    "Extension",
    "Keys",
    "Otherwise",
    "duration",
    "milliseconds",
    "pressed",
    "targets",
    "truth",
]

VOICES: Final = {
    "male1": "en-us-male-1",
    "female1": "en-us-female-1",
    "female2": "en-us-female-2",
    "spanish1": "es-female-1",
    "femalespanish": "es-female-1",
    "frenchcanadian1": "fr-ca-female-1",
}
"""The voices of `ports.speech`, by the language's names in lower case."""

_STYLES: Final = (
    "alternative blues celtic classical country default instrumental jazz neopunk new_age newage"
    " pop ringing rock silence swing techno"
)
HOLD_MUSIC: Final = frozenset(_STYLES.split())

_LONGEST: Final = timedelta(hours=4)
_MOST_TARGETS: Final = 20
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_EXTENSION = re.compile(r"(?P<number>[^xX;]+?)\s*[xX]\s*(?P<extension>[0-9*#wW]{1,32})")


class BadValue(ValueError):
    """The text does not say what it should; the sentence says what would be right."""


@dataclass(frozen=True, slots=True)
class Keys:
    """A branch for keys: exactly these, or a number from `low` to `high`."""

    low: str
    high: str

    def match(self, typed: str) -> bool:
        """Say whether what was typed is meant."""
        if self.low == self.high:
            return typed == self.low
        if not (typed.isdecimal() and len(self.low) <= len(typed) <= len(self.high)):
            return False
        return int(self.low) <= int(typed) <= int(self.high)


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A branch for any other keys, or for none at all."""

    is_timeout: bool


Branch: TypeAlias = Keys | Otherwise


@dataclass(frozen=True, slots=True)
class Extension:
    """Whom to call, and what to dial when they answer."""

    to: Destination
    digits: str = ""


def pressed(text: str) -> Branch:
    """Read the attribute of a keypress; raise BadValue."""
    text = text.strip()
    if text.lower() in ("default", "timeout"):
        return Otherwise(is_timeout=text.lower() == "timeout")
    if re.fullmatch(r"[0-9*]{1,32}|#", text):
        return Keys(text, text)
    found = re.fullmatch(r"([0-9]{1,32})\s*-\s*([0-9]{1,32})", text)
    if found is None:
        raise BadValue("give keys such as 1, * or #, a range such as 4-6, default or timeout")
    low, high = found.groups()
    if int(low) > int(high) or len(low) > len(high):
        raise BadValue(f"the range {low}-{high} goes down: put the smaller number first")
    return Keys(low, high)


def duration(text: str) -> timedelta:
    """Read seconds, or milliseconds if they are over 1,000; raise BadValue."""
    if not _NUMBER.fullmatch(text.strip()):
        raise BadValue("give seconds; what is over 1000 is milliseconds")
    number = float(text)
    return _within(timedelta(milliseconds=number) if number > 1000 else timedelta(seconds=number))


def milliseconds(text: str) -> timedelta:
    """Read milliseconds; raise BadValue."""
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()) or int(text) == 0:
        raise BadValue("give a whole number of milliseconds")
    return _within(timedelta(milliseconds=int(text)))


def truth(text: str) -> bool:
    """Read true or false; raise BadValue."""
    if text.strip().lower() not in ("true", "false"):
        raise BadValue("give true or false")
    return text.strip().lower() == "true"


def targets(text: str) -> tuple[Extension, ...]:
    """Read numbers separated by commas, each with or without xEXTENSION; raise BadValue."""
    found = [_target(part.strip()) for part in text.split(",") if part.strip()]
    if not 1 <= len(found) <= _MOST_TARGETS:
        raise BadValue(f"give 1 to {_MOST_TARGETS} numbers, separated by commas")
    return tuple(found)


def _target(text: str) -> Extension:
    number, digits = text, ""
    extended = None if text.lower().startswith("sip") else _EXTENSION.fullmatch(text)
    if extended is not None:
        number, digits = extended["number"], extended["extension"]
    try:
        return Extension(parse_destination(number), digits)
    except RingcastError as error:
        raise BadValue(str(error)) from error


def _within(length: timedelta) -> timedelta:
    if length > _LONGEST:
        raise BadValue(f"it can be {_LONGEST.total_seconds():,.0f} seconds long at most")
    return length
