"""Simple values as text, and text as simple values."""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import UTC, date, datetime, time
from typing import TypeAlias

from ringcast.apis.callfire_1_1.schema import Kind, Simple
from ringcast.domain.errors import InvalidInput

__all__ = ["Value", "parse_value", "value_text"]

Value: TypeAlias = str | int | float | bool | datetime | time | date | bytes

_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0", ""})  # PHP sends its false as an empty string
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
_TIME = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?"
_DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
# CallFire's own sample quotes the T: 2016-02-01'T'23:00:00.
_MOMENT = re.compile(rf"{_DATE}(?:'?T'?| ){_TIME}{_ZONE}", re.ASCII)
_TIME_OF_DAY = re.compile(rf"{_TIME}{_ZONE}", re.ASCII)
_DAY = re.compile(rf"{_DATE}{_ZONE}", re.ASCII)


def parse_value(type_: Simple, text: str, *, field: str) -> Value:
    """Read a value as any of the vendor's clients writes it; raise InvalidInput naming the field.

    Words of an enumeration are compared as they are; a time without a zone is UTC.
    """
    match type_.kind:
        case Kind.TEXT:
            return _word(type_, text, field)
        case Kind.PHONE:
            return text.strip()
        case Kind.BOOLEAN:
            lower = text.strip().lower()
            if lower in _TRUE or lower in _FALSE:
                return lower in _TRUE
            raise InvalidInput(f"{field}: {_shown(text)} is neither true nor false", field=field)
        case Kind.INTEGER:
            return _integer(type_, text, field)
        case Kind.FLOAT:
            return _float(text, field)
        case Kind.BINARY:
            return _binary(text, field)
        case _:
            return _time(type_.kind, text.strip(), field)


def value_text(type_: Simple, value: Value) -> str:
    """Return a value as CallFire writes it: times in UTC with a Z, numbers as they are."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case time():
            return value.strftime("%H:%M:%SZ")
        case date():
            return f"{value.isoformat()}Z"
        case float():
            return repr(value)
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return str(value)


def _word(type_: Simple, text: str, field: str) -> str:
    if type_.values:
        text = text.strip()
        if text not in type_.values:
            known = ", ".join(type_.values)
            raise InvalidInput(f"{field}: {_shown(text)} is none of {known}", field=field)
    elif type_.pattern is not None:
        text = text.strip()
        if not re.fullmatch(type_.pattern, text):
            raise InvalidInput(f"{field}: {_shown(text)} is not {type_.name}", field=field)
    return text


def _integer(type_: Simple, text: str, field: str) -> int:
    text = text.strip()
    if not _INTEGER.fullmatch(text):
        raise InvalidInput(f"{field}: {_shown(text)} is not a whole number", field=field)
    number = int(text)
    if (type_.least is not None and number < type_.least) or (
        type_.most is not None and number > type_.most
    ):
        raise InvalidInput(f"{field}: {text} is too large a number", field=field)
    return number


def _float(text: str, field: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInput(f"{field}: {_shown(text)} is not a number", field=field)
    return number


def _binary(text: str, field: str) -> bytes:
    # A form may have turned the pluses of Base64 into spaces, and lines are broken at will.
    packed = re.sub(r"[\r\n\t]", "", text).strip().replace(" ", "+")
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"{field} is not Base64", field=field) from None


def _time(kind: Kind, text: str, field: str) -> Value:
    try:
        if kind is Kind.DATE:
            if (found := _DAY.fullmatch(text)) is not None:
                return date(*map(int, found.groups()[:3]))
        elif kind is Kind.TIME:
            if (found := _TIME_OF_DAY.fullmatch(text)) is not None:
                hour, minute, second = (int(one or 0) for one in found.groups()[:3])
                return time(hour, minute, second)
        elif (found := _MOMENT.fullmatch(text)) is not None:
            *numbers, zone = found.groups()
            year, month, day, hour, minute, second = (int(one or 0) for one in numbers)
            offset = "+00:00" if zone in (None, "Z") else zone
            written = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}"
            return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    what = {Kind.DATE: "date", Kind.TIME: "time of day"}.get(kind, "date and time")
    raise InvalidInput(f"{field}: {_shown(text)} is not a {what}", field=field)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 64 else f"{text[:64]}…")
