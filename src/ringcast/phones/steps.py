"""The steps that a simulated telephone goes through, and the few words that say them in a plan.

Each step is one line of text; `WORDS` is the whole vocabulary. Times are seconds.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

__all__ = [
    "WORDS",
    "Answer",
    "Early",
    "Fax",
    "HangUp",
    "Hold",
    "Ignore",
    "Impair",
    "InvalidStep",
    "Listen",
    "Message",
    "Pause",
    "Press",
    "PressBy",
    "Refuse",
    "Resume",
    "Ring",
    "Ringback",
    "Say",
    "Sound",
    "Step",
    "Tone",
    "Until",
    "parse_step",
]

DTMF_DIGITS: Final = frozenset("0123456789*#ABCD")
MAX_SECONDS: Final = 3600.0
"""The longest time a step may take: a plan with a slip in it still ends."""


class InvalidStep(ValueError):
    """A line that is no step; the message says what would be."""


class PressBy(StrEnum):
    """How a phone sends a digit."""

    RFC4733 = "rfc4733"
    """Named telephone events in RTP."""
    INFO = "info"
    """SIP INFO with application/dtmf-relay."""
    INBAND = "inband"
    """The two tones as audio."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Answer 180 and wait; without `seconds` until the caller gives up."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Early:
    """Answer 183 with a description, so that what follows is heard before the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer 200."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer the INVITE with a final status of 300 or more."""

    status: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Never answer the INVITE in any way."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Send BYE."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait: before the answer nothing is sent, after it the phone is silent."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Until:
    """Wait until so long after the answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Message:
    """Wait until so long after the first sound heard from the caller (silence is no sound)."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Listen:
    """Say nothing; without `seconds` until the caller hangs up."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """Speak; with `seconds` the speech is made to last so long."""

    text: str
    voice: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Tone:
    """One tone; an answering machine's beep unless said otherwise."""

    hertz: float = 1000.0
    seconds: float = 0.4


@dataclass(frozen=True, slots=True)
class Ringback:
    """The tone a caller hears while it rings."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fax:
    """The answer tone of a fax machine (CED, ITU-T T.30), again and again."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, one after the other."""

    digits: str
    by: PressBy = PressBy.RFC4733


@dataclass(frozen=True, slots=True)
class Hold:
    """Put the caller on hold by a re-INVITE with a=sendonly."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Take the caller back by a re-INVITE with a=sendrecv."""


@dataclass(frozen=True, slots=True)
class Impair:
    """From here on lose a share of the packets sent, and delay each by up to so long."""

    loss: float
    """0…1."""
    jitter_ms: float


Sound: TypeAlias = Say | Tone | Ringback | Fax
"""What is played as audio; the same sound is made once and kept."""

Step: TypeAlias = (
    Ring
    | Early
    | Answer
    | Refuse
    | Ignore
    | HangUp
    | Pause
    | Until
    | Message
    | Listen
    | Sound
    | Press
    | Hold
    | Resume
    | Impair
)


def parse_step(line: str) -> Step:
    """Return the step that a line of a plan says; raise InvalidStep."""
    try:
        words = shlex.split(line)
    except ValueError as exc:
        raise InvalidStep(f"{line!r}: {exc}; close every quotation mark") from exc
    if not words:
        raise InvalidStep("an empty step; leave the line out")
    word, *arguments = words
    if word not in WORDS:
        raise InvalidStep(f"{word!r} is no step; there are: {', '.join(WORDS)}")
    usage, make = WORDS[word]
    try:
        return make(arguments)
    except InvalidStep as exc:
        raise InvalidStep(f"{line!r}: {exc}; write it as: {usage}") from None


def _no_arguments(step: Step) -> Callable[[list[str]], Step]:
    def make(arguments: list[str]) -> Step:
        _at_most(0, arguments)
        return step

    return make


def _ring(arguments: list[str]) -> Step:
    _at_most(1, arguments)
    return Ring(_seconds(arguments[0]) if arguments else None)


def _listen(arguments: list[str]) -> Step:
    _at_most(1, arguments)
    return Listen(_seconds(arguments[0]) if arguments else None)


def _timed(step: Callable[[float], Step]) -> Callable[[list[str]], Step]:
    def make(arguments: list[str]) -> Step:
        if not arguments:
            raise InvalidStep("the number of seconds is missing")
        _at_most(1, arguments)
        return step(_seconds(arguments[0]))

    return make


def _say(arguments: list[str]) -> Step:
    if not arguments or not arguments[0].strip():
        raise InvalidStep("the text is missing")
    text, *rest = arguments
    voice: str | None = None
    seconds: float | None = None
    while rest:
        if len(rest) < 2 or rest[0] not in ("voice", "lasting"):
            raise InvalidStep(f"{rest[0]!r} after the text is neither voice NAME nor lasting N")
        if rest[0] == "voice":
            voice = rest[1]
        else:
            seconds = _seconds(rest[1])
        rest = rest[2:]
    return Say(text, voice, seconds)


def _tone(arguments: list[str]) -> Step:
    if len(arguments) != 2:
        raise InvalidStep("a tone has a frequency and a length")
    hertz = _number(arguments[0], "a frequency", low=50, high=3700)
    return Tone(hertz, _seconds(arguments[1]))


def _beep(arguments: list[str]) -> Step:
    _at_most(1, arguments)
    return Tone(seconds=_seconds(arguments[0])) if arguments else Tone()


def _press(arguments: list[str]) -> Step:
    if len(arguments) not in (1, 3) or (len(arguments) == 3 and arguments[1] != "by"):
        raise InvalidStep("digits, and if wished how")
    digits = arguments[0]
    # A small d is the digit that the number called has in the place of the plan's d.
    if not digits or not set(digits) <= DTMF_DIGITS | {"d"} or len(digits) > 32:
        raise InvalidStep(f"{digits!r} are not 1 to 32 of 0-9 * # A B C D")
    how = arguments[2] if len(arguments) == 3 else PressBy.RFC4733
    try:
        return Press(digits, PressBy(how))
    except ValueError:
        raise InvalidStep(f"{how!r} is none of {', '.join(PressBy)}") from None


def _refuse(arguments: list[str]) -> Step:
    if not arguments:
        raise InvalidStep("the status is missing")
    _at_most(2, arguments)
    status = _number(arguments[0], "a status", low=300, high=699)
    if status != int(status):
        raise InvalidStep(f"{arguments[0]} is no whole number")
    reason = arguments[1] if len(arguments) == 2 else None
    if reason is not None and not reason.isprintable():
        raise InvalidStep("the reason has characters that cannot be printed")
    return Refuse(int(status), reason)


def _impair(arguments: list[str]) -> Step:
    if len(arguments) != 2 or not arguments[0].endswith("%") or not arguments[1].endswith("ms"):
        raise InvalidStep("a share of packets in % and a time in ms")
    loss = _number(arguments[0].removesuffix("%"), "a share of packets", low=0, high=100)
    jitter = _number(arguments[1].removesuffix("ms"), "a time", low=0, high=500)
    return Impair(loss / 100, jitter)


def _at_most(count: int, arguments: list[str]) -> None:
    if len(arguments) > count:
        raise InvalidStep(f"{arguments[count]!r} is too much")


def _seconds(text: str) -> float:
    return _number(text, "a time in seconds", low=0, high=MAX_SECONDS)


def _number(text: str, what: str, *, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InvalidStep(f"{text!r} is no number") from None
    if not low <= value <= high:  # also refuses nan
        raise InvalidStep(f"{text} is outside {low:g} to {high:g} for {what}")
    return value


WORDS: Final[Mapping[str, tuple[str, Callable[[list[str]], Step]]]] = {
    "ring": ("ring [SECONDS]", _ring),
    "early_media": ("early_media", _no_arguments(Early())),
    "answer": ("answer", _no_arguments(Answer())),
    "refuse": ('refuse STATUS ["REASON"]', _refuse),
    "ignore": ("ignore", _no_arguments(Ignore())),
    "hang_up": ("hang_up", _no_arguments(HangUp())),
    "pause": ("pause SECONDS", _timed(Pause)),
    "until": ("until SECONDS", _timed(Until)),
    "message": ("message SECONDS", _timed(Message)),
    "listen": ("listen [SECONDS]", _listen),
    "say": ('say "TEXT" [voice NAME] [lasting SECONDS]', _say),
    "tone": ("tone HERTZ SECONDS", _tone),
    "beep": ("beep [SECONDS]", _beep),
    "ringback": ("ringback SECONDS", _timed(Ringback)),
    "fax": ("fax SECONDS", _timed(Fax)),
    "press": ("press DIGITS [by rfc4733|info|inband]", _press),
    "hold": ("hold", _no_arguments(Hold())),
    "resume": ("resume", _no_arguments(Resume())),
    "impair": ("impair LOSS% JITTERms", _impair),
}
"""Each word of a plan: how it is written, and what makes the step of its arguments."""
