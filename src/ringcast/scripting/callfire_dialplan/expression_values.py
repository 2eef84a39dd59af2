"""The values of expressions, and how JavaScript turns one kind into another."""

from __future__ import annotations

from typing import Final, TypeAlias

__all__ = [
    "MAX_LENGTH",
    "NotAnExpression",
    "Value",
    "add",
    "equals",
    "index",
    "is_true",
    "less",
    "number",
    "strictly_equals",
    "written",
]

MAX_LENGTH: Final = 65_536
"""Characters of a text, members of an array."""


class NotAnExpression(Exception):
    """The text is no expression of the subset, or has no value within the limits."""


Value: TypeAlias = str | float | bool | list[str] | None


def written(value: Value) -> str:
    """Return the value as text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(value)
        case str():
            return value
    if value != value:
        return "NaN"
    if abs(value) == float("inf"):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def number(value: Value) -> float:
    """Return the value as a number, NaN if it is none."""
    match value:
        case None:
            return 0.0
        case bool() | float():
            return float(value)
        case list():
            return number(written(value))
    text = value.strip()
    if not text:
        return 0.0
    try:
        if not text.isascii() or "_" in text or text.lstrip("+-")[:1].isalpha():
            return float("nan")
        return float(text)
    except ValueError:
        return float("nan")


def is_true(value: Value) -> bool:
    """Say whether a condition of this value holds."""
    if isinstance(value, float):
        return value == value and value != 0
    return value is not None and value is not False and value != ""


def add(a: Value, b: Value) -> Value:
    """Return the sum, or the texts joined if one is a text."""
    if isinstance(a, str | list) or isinstance(b, str | list):
        return written(a) + written(b)
    return number(a) + number(b)


def equals(a: Value, b: Value) -> bool:
    """Say whether a == b, in JavaScript's lenient way."""
    if a is None or b is None:
        return a is b
    if isinstance(a, list):
        a = written(a)
    if isinstance(b, list):
        b = written(b)
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    return number(a) == number(b)


def strictly_equals(a: Value, b: Value) -> bool:
    """Say whether a === b."""
    if isinstance(a, list) or isinstance(b, list):
        return a is b
    return type(a) is type(b) and a == b


def less(a: Value, b: Value) -> bool:
    """Say whether a < b: texts by their letters, everything else as numbers."""
    if isinstance(a, str) and isinstance(b, str):
        return a < b
    return number(a) < number(b)


def index(value: Value, at: Value) -> Value:
    """Return a character or a member, None (undefined) outside."""
    place = number(at)
    if not isinstance(value, str | list) or place != place or abs(place) > MAX_LENGTH:
        raise NotAnExpression("only a text or an array has members by number")
    if place != int(place) or not 0 <= place < len(value):
        return None
    return value[int(place)]
