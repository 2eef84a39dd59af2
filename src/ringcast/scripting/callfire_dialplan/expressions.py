"""The expressions of a dialplan: the part of JavaScript that they use, evaluated within limits.

Literals, arithmetic, comparison, logic, `?:`, indexing, `length` and the string methods of
`expression_methods`. There are no assignments, functions, loops or objects: an expression can do
nothing but have a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from ringcast.scripting.callfire_dialplan.expression_methods import call_method
from ringcast.scripting.callfire_dialplan.expression_values import (
    MAX_LENGTH,
    NotAnExpression,
    Value,
    add,
    equals,
    index,
    is_true,
    less,
    number,
    strictly_equals,
    written,
)

__all__ = ["NotAnExpression", "evaluate", "is_true", "written"]

_MAX_DEPTH: Final = 40
_MAX_TOKENS: Final = 2_000
_MAX_WORK: Final = 500_000
"""Characters and members that are handled in all."""
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)(?![\w.])"
    r"|(?P<word>[A-Za-z_$][\w$]*)"
    r"|(?P<text>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<sign>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:().,;\[\]]))",
    re.ASCII,
)
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_WORDS: Final[Mapping[str, Value]] = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": None,
}
_LEVELS: Final[tuple[Mapping[str, Callable[[Value, Value], Value]], ...]] = (
    {
        "==": equals,
        "!=": lambda a, b: not equals(a, b),
        "===": strictly_equals,
        "!==": lambda a, b: not strictly_equals(a, b),
    },
    {
        "<": less,
        ">": lambda a, b: less(b, a),
        "<=": lambda a, b: less(a, b) or _same_order(a, b),
        ">=": lambda a, b: less(b, a) or _same_order(a, b),
    },
    {"+": add, "-": lambda a, b: number(a) - number(b)},
    {
        "*": lambda a, b: number(a) * number(b),
        "/": lambda a, b: _divided(number(a), number(b)),
        "%": lambda a, b: _remainder(number(a), number(b)),
    },
)
"""Operators of two sides, from the loosest level to the tightest (below `&&`)."""


def evaluate(text: str) -> Value:
    """Return the value of an expression; raise NotAnExpression for whatever is none."""
    if len(text) > MAX_LENGTH:
        raise NotAnExpression("it is too long")
    try:
        return _Parser(_tokens(text)).whole()
    except (OverflowError, ValueError) as error:
        raise NotAnExpression(str(error)) from error


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise NotAnExpression(f"it cannot be read from {text[at : at + 20].strip()!r} on")
        found.append((token.lastgroup, token[token.lastgroup]))
        if len(found) > _MAX_TOKENS:
            raise NotAnExpression(f"it has more than {_MAX_TOKENS:,} parts")
        at = token.end()
    return found


class _Parser:
    """Reads and evaluates at once; sides that JavaScript would not evaluate are evaluated too,
    which makes no difference as nothing here has an effect."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._work = 0

    def whole(self) -> Value:
        value = self._choice()
        while self._take(";"):
            pass
        if self._at < len(self._tokens):
            raise NotAnExpression(f"{self._tokens[self._at][1][:20]!r} stands where nothing should")
        return value

    def _choice(self) -> Value:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NotAnExpression(f"its parts stand inside each other more than {_MAX_DEPTH} deep")
        value = self._either()
        if self._take("?"):
            chosen = self._choice()
            self._expect(":")
            other = self._choice()
            value = chosen if is_true(value) else other
        self._depth -= 1
        return value

    def _either(self) -> Value:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value if is_true(value) else other
        return value

    def _both(self) -> Value:
        value = self._two_sided(0)
        while self._take("&&"):
            other = self._two_sided(0)
            value = other if is_true(value) else value
        return value

    def _two_sided(self, level: int) -> Value:
        if level == len(_LEVELS):
            return self._one_sided()
        value = self._two_sided(level + 1)
        while (sign := self._sign()) in _LEVELS[level]:
            self._at += 1
            other = self._two_sided(level + 1)
            self._charge(value)
            self._charge(other)
            value = self._checked(_LEVELS[level][sign](value, other))
        return value

    def _one_sided(self) -> Value:
        signs = []
        while (sign := self._sign()) in ("!", "-", "+"):
            signs.append(sign)
            self._at += 1
        value = self._with_members()
        for sign in reversed(signs):
            if sign == "!":
                value = not is_true(value)
            else:
                value = -number(value) if sign == "-" else number(value)
        return value

    def _with_members(self) -> Value:
        value = self._single()
        while True:
            if self._take("."):
                value = self._member(value)
            elif self._take("["):
                value = index(value, self._choice())
                self._expect("]")
            else:
                return value

    def _member(self, value: Value) -> Value:
        kind, name = self._next()
        if kind != "word":
            raise NotAnExpression(f"{name[:20]!r} is not the name of a member")
        if not self._take("("):
            if name == "length" and isinstance(value, str | list):
                return float(len(value))
            raise NotAnExpression(f"there is no member {name[:40]!r}")
        arguments: list[Value] = []
        if not self._take(")"):
            arguments.append(self._choice())
            while self._take(","):
                arguments.append(self._choice())
            self._expect(")")
        return self._checked(call_method(value, name, arguments))

    def _single(self) -> Value:
        kind, text = self._next()
        if kind == "number":
            if len(text) > 1 and text[0] == "0" and text[1].isdigit():
                raise NotAnExpression(f"{text[:20]} is no number: it begins with 0")
            return float(text)
        if kind == "text":
            return _ESCAPED.sub(_unescaped, text[1:-1])
        if kind == "word" and text in _WORDS:
            return _WORDS[text]
        if text == "(":
            value = self._choice()
            self._expect(")")
            return value
        raise NotAnExpression(f"{text[:20]!r} means nothing here")

    def _checked(self, value: Value) -> Value:
        if isinstance(value, str | list) and len(value) > MAX_LENGTH:
            raise NotAnExpression(f"its value is longer than {MAX_LENGTH:,}")
        self._charge(value)
        return value

    def _charge(self, value: Value) -> None:
        if isinstance(value, str | list):
            self._work += len(value)
            if self._work > _MAX_WORK:
                raise NotAnExpression("there is too much to be done for it")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise NotAnExpression("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _sign(self) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "sign":
            return self._tokens[self._at][1]
        return ""

    def _take(self, sign: str) -> bool:
        if self._sign() != sign:
            return False
        self._at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise NotAnExpression(f"{sign!r} is missing")


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "ux" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)


def _same_order(a: Value, b: Value) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    return number(a) == number(b)


def _divided(a: float, b: float) -> float:
    if b:
        return a / b
    return float("nan") if a == 0 or a != a else float("inf") * (1 if a > 0 else -1)


def _remainder(a: float, b: float) -> float:
    if b == 0 or a != a or b != b or abs(a) == float("inf"):
        return float("nan")
    if abs(b) == float("inf"):
        return a
    whole = abs(a) % abs(b)
    return -whole if a < 0 else whole  # the sign is the left side's, as in JavaScript
