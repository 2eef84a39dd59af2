"""The number plan: which script the phone of a called number follows.

A plan is a TOML file: see `default_plan.toml`, which explains itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

from ringcast.phones.errors import InvalidPlan
from ringcast.phones.steps import (
    Answer,
    Early,
    Fax,
    HangUp,
    Hold,
    Ignore,
    InvalidStep,
    Listen,
    Message,
    Press,
    PressBy,
    Refuse,
    Resume,
    Ring,
    Ringback,
    Say,
    Sound,
    Step,
    Tone,
    Until,
    parse_step,
)

__all__ = ["Phone", "Plan", "default_plan", "load_plan", "parse_plan"]

MAX_PLAN_BYTES: Final = 1_000_000
MAX_STEPS: Final = 200
ANY_DIGIT: Final = "d"
DEFAULT_VOICE: Final = "en-us-female-1"

_IN_THE_PLAN: Final = frozenset({"phone", "voice", "extends"})
_IN_A_PHONE: Final = frozenset({"ends_in", "name", "steps", "record"})
_LAST: Final = (Refuse, Ignore, HangUp)
_FOR_EVER: Final = (Ring, Listen)
_WHEN_ANSWERED: Final = (HangUp, Until, Message, Listen, Press, Hold, Resume)
_SOUNDS: Final = (Say, Tone, Ringback, Fax)
_BEFORE_THE_ANSWER: Final = (Ring, Early, Answer, Refuse, Ignore)


@dataclass(frozen=True, slots=True)
class Phone:
    """One entry of a plan."""

    ends_in: str
    """The last digits of its number; `d` stands for any digit."""
    name: str
    steps: tuple[Step, ...]
    record: bool = True

    @property
    def is_silent(self) -> bool:
        """Whether it gives no answer at all."""
        return isinstance(self.steps[0], Ignore)

    def called(self, digits: str) -> Phone:
        """Return this phone as it is when `digits` were called: its `d` is known then."""
        if ANY_DIGIT not in self.ends_in:
            return self
        ending = digits[-len(self.ends_in) :]
        pressed = ending[self.ends_in.index(ANY_DIGIT)]
        steps = tuple(
            replace(step, digits=step.digits.replace(ANY_DIGIT, pressed))
            if isinstance(step, Press)
            else step
            for step in self.steps
        )
        return replace(self, ends_in=ending, steps=steps)


NO_SUCH_NUMBER: Final = Phone("", "not in the plan", (Refuse(404),))
"""Who is reached at a number that no entry fits."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Phones by the endings of their numbers."""

    phones: Mapping[str, Phone]
    voice: str
    """The voice of each `say` that names none."""

    def find(self, number: str) -> Phone:
        """Return the phone of a number called: the longest ending, a digit before a `d`.

        What is no digit is skipped, so `+1 (213) 555-0130` and `12135550130` are one number.
        """
        digits = "".join(character for character in number if "0" <= character <= "9")
        best = max(
            (ending for ending in self.phones if _fits(ending, digits)),
            key=lambda ending: (len(ending), -ending.count(ANY_DIGIT)),
            default=None,
        )
        return NO_SUCH_NUMBER if best is None else self.phones[best].called(digits)

    def sounds(self) -> tuple[Sound | Press, ...]:
        """Return each sound of the plan once; digits as tones, which any may have to become."""
        found: dict[Sound | Press, None] = {}
        for phone in self.phones.values():
            for step in phone.steps:
                if isinstance(step, _SOUNDS):
                    found[step] = None
                elif isinstance(step, Press) and step.by is not PressBy.INFO:
                    for digit in "0123456789" if ANY_DIGIT in step.digits else ANY_DIGIT:
                        digits = step.digits.replace(ANY_DIGIT, digit)
                        found[Press(digits, PressBy.INBAND)] = None
        return tuple(found)


def default_plan() -> Plan:
    """Return the plan that comes with Ringcast."""
    text = resources.files("ringcast.phones").joinpath("default_plan.toml").read_text("utf-8")
    return parse_plan(text, source="default_plan.toml")


def load_plan(path: Path) -> Plan:
    """Read a plan from a file; raise InvalidPlan."""
    try:
        if path.stat().st_size > MAX_PLAN_BYTES:
            raise InvalidPlan(str(path), "", f"larger than {MAX_PLAN_BYTES} bytes")
        text = path.read_text("utf-8")
    except OSError as exc:
        raise InvalidPlan(str(path), "", f"cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidPlan(str(path), "", "is not UTF-8 text") from exc
    return parse_plan(text, source=str(path))


def parse_plan(text: str, *, source: str) -> Plan:
    """Read the text of a plan; raise InvalidPlan, which names `source`, the entry and the step."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise InvalidPlan(source, "", f"is not TOML: {exc}") from exc
    _check_keys(table, _IN_THE_PLAN, source=source, where="")
    extends = table.get("extends")
    if extends not in (None, "default"):
        raise InvalidPlan(source, "extends", f'{extends!r} is unknown; only "default" is')
    base = default_plan() if extends else None
    voice = table.get("voice", base.voice if base else DEFAULT_VOICE)
    if not isinstance(voice, str) or not voice:
        raise InvalidPlan(
            source, "voice", f'must be the name of a voice, such as "{DEFAULT_VOICE}"'
        )
    entries = table.get("phone", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidPlan(source, "phone", "must be written as [[phone]], once for each phone")
    if not entries:
        raise InvalidPlan(source, "", "has no [[phone]]; give it at least one")
    own: dict[str, Phone] = {}
    for position, entry in enumerate(entries, 1):
        phone = _phone(entry, source=source, position=position)
        if phone.ends_in in own:
            raise InvalidPlan(
                source, f'phone "{phone.ends_in}"', "is there twice; remove one of the two"
            )
        own[phone.ends_in] = phone
    return Plan({**base.phones, **own} if base else own, voice)


def _phone(entry: _Table, *, source: str, position: int) -> Phone:
    ends_in = entry.get("ends_in")
    if not isinstance(ends_in, str):
        raise InvalidPlan(
            source, f"phone number {position}", 'needs ends_in, digits as text, such as "07"'
        )
    where = f'phone "{ends_in}"'
    if not set(ends_in) <= set("0123456789" + ANY_DIGIT) or ends_in.count(ANY_DIGIT) > 1:
        raise InvalidPlan(source, where, "ends_in may have digits, and one d for any digit")
    _check_keys(entry, _IN_A_PHONE, source=source, where=where)
    name = entry.get("name", "")
    if not isinstance(name, str):
        raise InvalidPlan(source, f"{where}, name", "must be text")
    record = entry.get("record", True)
    if not isinstance(record, bool):
        raise InvalidPlan(source, f"{where}, record", "must be true or false")
    lines = entry.get("steps")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise InvalidPlan(source, where, 'needs steps, a list such as ["ring 1", "answer"]')
    if len(lines) > MAX_STEPS:
        raise InvalidPlan(source, where, f"has more than {MAX_STEPS} steps")
    steps: list[Step] = []
    for number, line in enumerate(lines, 1):
        try:
            steps.append(parse_step(line))
        except InvalidStep as exc:
            raise InvalidPlan(source, f"{where}, step {number}", str(exc)) from None
    wrong = _wrong_order(steps, has_any_digit=ANY_DIGIT in ends_in)
    if wrong is not None:
        raise InvalidPlan(source, f"{where}, step {wrong[0]}", wrong[1])
    return Phone(ends_in, name or ends_in, tuple(steps), record)


def _wrong_order(steps: Sequence[Step], *, has_any_digit: bool) -> tuple[int, str] | None:
    """Return the number of the first step that cannot stand where it stands, and why."""
    answered = early = held = False
    for number, step in enumerate(steps, 1):
        word = type(step).__name__.lower()
        if number < len(steps) and (
            isinstance(step, _LAST) or (isinstance(step, _FOR_EVER) and step.seconds is None)
        ):
            return number, "nothing can follow it; give it a time, or move it to the end"
        if answered and isinstance(step, _BEFORE_THE_ANSWER):
            return number, "comes after the answer; move it before, or use hang_up to end the call"
        if not answered and isinstance(step, _WHEN_ANSWERED):
            return number, "needs an answered call; put it after the step answer"
        if not (answered or early) and isinstance(step, _SOUNDS):
            return number, "nobody would hear it; put answer or early_media before it"
        if isinstance(step, Early) and early:
            return number, "sound is early already; leave it out"
        if isinstance(step, (Hold, Resume)) and held == isinstance(step, Hold):
            return number, f"the call is {'on' if held else 'not on'} hold here; leave {word} out"
        if isinstance(step, Press) and ANY_DIGIT in step.digits and not has_any_digit:
            return number, "d has no meaning here; write a digit, or a d in ends_in"
        answered |= isinstance(step, Answer)
        early |= isinstance(step, Early)
        held = (held or isinstance(step, Hold)) and not isinstance(step, Resume)
    if not steps or not isinstance(steps[-1], (*_LAST, *_FOR_EVER)):
        return len(steps) + 1, "is missing: end with listen, hang_up, refuse, ignore or ring"
    if isinstance(steps[-1], _FOR_EVER) and steps[-1].seconds is not None:
        return len(steps), "leaves the call open; leave out its time, or end with hang_up or refuse"
    if isinstance(steps[-1], Ignore) and len(steps) > 1:
        return len(steps), "comes too late for the INVITE; it can only be a phone's one step"
    return None


def _check_keys(table: _Table, known: frozenset[str], *, source: str, where: str) -> None:
    unknown = sorted(table.keys() - known)
    if unknown:
        raise InvalidPlan(
            source, where, f"{unknown[0]!r} is unknown; there are: {', '.join(sorted(known))}"
        )


def _fits(ending: str, digits: str) -> bool:
    if len(ending) > len(digits):
        return False
    tail = digits[len(digits) - len(ending) :]
    return all(mine in (ANY_DIGIT, theirs) for mine, theirs in zip(ending, tail, strict=True))


_Table: TypeAlias = dict[str, Any]
