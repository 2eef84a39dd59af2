"""The variables of a dialplan and their substitution into texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.programs import CallFacts

__all__ = ["NAME", "TooLong", "Variables", "has_variable"]

NAME: Final = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_INNERMOST = re.compile(r"\$\{([^${}]*)\}")
_MAX_VALUE: Final = 65_536  # characters of one value, or of one text with its values put in
_MAX_ALL: Final = 1_048_576
_MOST_SUBSTITUTIONS: Final = 50
_MARK: Final = "\ue000"
"""Stands for a brace in a value, so that what a value says is never substituted again."""
_HIDE = str.maketrans({"$": _MARK + "d", "{": _MARK + "o", "}": _MARK + "c", _MARK: _MARK + "m"})
_SHOW: Final = {"d": "$", "o": "{", "c": "}", "m": _MARK}
_CONTACT = ("call.field.", "contact.")


class TooLong(InvalidInput):
    """A variable, or a text with variables in it, grows without end."""


def has_variable(text: str) -> bool:
    """Say whether the text holds a variable."""
    return "${" in text


class Variables:
    """What a call's dialplan knows by name; a name that is unknown is empty."""

    def __init__(self, call: CallFacts, *, now: Callable[[], datetime]) -> None:
        self._call = call
        self._now = now
        self._own: dict[str, str] = {}
        self._size = 0
        """Characters of all of them."""
        self._folded = {name.lower(): value for name, value in call.attributes.items()}
        self.last_input = ""
        self.path = ""

    @property
    def own(self) -> Mapping[str, str]:
        """Those that the dialplan has set."""
        return self._own

    def set(self, name: str, value: str) -> None:
        """Set a variable; raise TooLong, or InvalidInput for a name that is none."""
        if not NAME.fullmatch(name):
            raise InvalidInput(f"{name[:40]!r} is not the name of a variable")
        if len(value) > _MAX_VALUE:
            raise TooLong(f"the variable {name} grew beyond {_MAX_VALUE:,} characters")
        before = self._own.get(name)
        self._size += len(value) - (-len(name) if before is None else len(before))
        self._own[name] = value
        if self._size > _MAX_ALL:
            raise TooLong(f"all variables together grew beyond {_MAX_ALL:,} characters")

    def get(self, name: str) -> str:
        """Return the value, empty if there is none."""
        found = self.find(name)
        return "" if found is None else found

    def find(self, name: str) -> str | None:
        """Return the value, or None if there is no such variable."""
        if name in self._own:
            return self._own[name]
        built_in = self._built_in(name)
        if built_in is not None:
            return built_in
        if name in self._call.attributes:
            return self._call.attributes[name]
        folded = name.lower()
        for prefix in _CONTACT:
            if folded.startswith(prefix):
                return self._folded.get(folded.removeprefix(prefix), self._folded.get(folded))
        return None

    def substitute(self, text: str) -> str:
        """Return the text with values for variables, from the innermost out; raise TooLong."""
        if "${" not in text:
            return text
        text = text.replace(_MARK, _MARK + "m")
        room = _MAX_VALUE

        def value(found: re.Match[str]) -> str:
            nonlocal room
            put_in = self._value(found)
            room -= len(put_in)
            if room < 0:
                raise TooLong(f"a text grew beyond {_MAX_VALUE:,} characters with its variables")
            return put_in

        for _ in range(_MOST_SUBSTITUTIONS):
            text, count = _INNERMOST.subn(value, text)
            if not count:
                return re.sub(_MARK + "([docm])", lambda found: _SHOW[found[1]], text)
        raise TooLong(f"variables stand inside each other more than {_MOST_SUBSTITUTIONS} deep")

    def _value(self, found: re.Match[str]) -> str:
        name = re.sub(_MARK + "([docm])", lambda mark: _SHOW[mark[1]], found[1])
        return self.get(name.strip()).translate(_HIDE)

    def _built_in(self, name: str) -> str | None:
        call = self._call
        if name.startswith("global."):
            return _of_now(name, self._now())
        match name:
            case "call.callerid":
                return "" if call.from_number is None else call.from_number.digits
            case "call.dnis":
                return _digits(call.to) if call.is_inbound else ""
            case "call.phonenumber":
                return "" if call.is_inbound else _digits(call.to)
            case "call.id":
                return str(call.call_id)
            case "call.lastinput":
                return self.last_input
            case "call.path":
                return self.path
        return None


def _digits(to: Destination) -> str:
    return to.digits if isinstance(to, PhoneNumber) else to.uri


def _of_now(name: str, now: datetime) -> str | None:
    match name:
        case "global.date":
            return f"{now.month}/{now.day}/{now.year}"
        case "global.time":
            return f"{now.hour}:{now.minute}:{now.second}"
        case "global.time.hour":
            return str(now.hour % 12 or 12)
        case "global.time.hour.military":
            return str(now.hour)
        case "global.date.month":
            return str(now.month)
        case "global.date.day":
            return str(now.day)
        case "global.date.dayOfWeek":
            return str(now.isoweekday() % 7 + 1)  # Sunday is 1
        case "global.date.year":
            return str(now.year)
    return None
