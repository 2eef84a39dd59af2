"""The methods that texts and arrays have in expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from ringcast.scripting.callfire_dialplan.expression_values import (
    MAX_LENGTH,
    NotAnExpression,
    Value,
    number,
    written,
)

__all__ = ["call_method"]

_Arguments: TypeAlias = Sequence[Value]


def call_method(value: Value, name: str, arguments: _Arguments) -> Value:
    """Return the value of `value.name(arguments)`; raise NotAnExpression."""
    if isinstance(value, list):
        if name == "join":
            return _join(value, arguments)
    elif name == "toString" and value is not None:
        return written(value)
    elif isinstance(value, str) and name in _OF_TEXT:
        return _OF_TEXT[name](value, arguments)
    raise NotAnExpression(f"there is no method {name[:40]!r} here")


def _join(value: list[str], arguments: _Arguments) -> str:
    between = written(arguments[0]) if arguments else ","
    if sum(map(len, value)) + len(between) * len(value) > MAX_LENGTH:
        raise NotAnExpression(f"its value is longer than {MAX_LENGTH:,}")
    return between.join(value)


def _place(arguments: _Arguments, which: int, default: int, length: int) -> int:
    """Return a whole number from 0 to length out of an argument; negative ones are 0."""
    if len(arguments) <= which:
        return default
    given = number(arguments[which])
    if given != given:
        return 0
    return int(max(0.0, min(given, float(length))))


def _substring(text: str, arguments: _Arguments) -> str:
    one, other = (
        _place(arguments, which, default, len(text)) for which, default in ((0, 0), (1, len(text)))
    )
    return text[min(one, other) : max(one, other)]


def _substr(text: str, arguments: _Arguments) -> str:
    begin = number(arguments[0]) if arguments else 0.0
    if begin < 0:
        begin = max(0.0, begin + len(text))
    at = _place((begin,), 0, 0, len(text))
    return text[at : at + _place(arguments, 1, len(text), len(text))]


def _split(text: str, arguments: _Arguments) -> list[str]:
    if not arguments:
        return [text]
    separator = written(arguments[0])
    return text.split(separator) if separator else list(text)


def _index_of(text: str, arguments: _Arguments) -> float:
    wanted = written(arguments[0]) if arguments else "undefined"
    return float(text.find(wanted, _place(arguments, 1, 0, len(text))))


def _replace(text: str, arguments: _Arguments) -> str:
    if len(arguments) < 2:
        raise NotAnExpression("replace needs what to replace and with what")
    return text.replace(written(arguments[0]), written(arguments[1]), 1)


def _char_at(text: str, arguments: _Arguments) -> str:
    at = number(arguments[0]) if arguments else 0.0
    if at != at:
        at = 0.0
    return text[int(at)] if 0 <= at < len(text) else ""


_OF_TEXT: Final[Mapping[str, Callable[[str, _Arguments], Value]]] = {
    "toLowerCase": lambda text, _: text.lower(),
    "toUpperCase": lambda text, _: text.upper(),
    "trim": lambda text, _: text.strip(),
    "substring": _substring,
    "substr": _substr,
    "split": _split,
    "indexOf": _index_of,
    "replace": _replace,
    "charAt": _char_at,
}
