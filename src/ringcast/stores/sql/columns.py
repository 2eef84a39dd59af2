"""How the words of the core are kept in columns that both databases sort, index and compare alike.

Times are whole microseconds since 1970 in UTC and lengths are whole microseconds, in 64-bit
integers. SQLite has no type for time and PostgreSQL's carries a zone; integers order, index and
compare the same on both, exactly, and take 8 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Integer,
    Text,
    literal_column,
    type_coerce,
)
from sqlalchemy.types import TypeDecorator

from ringcast.domain.calls import QuestionAnswer
from ringcast.domain.conference_events import ConferenceEvent
from ringcast.domain.errors import InvalidInput
from ringcast.domain.events import CallEvent
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import Destination, PhoneNumber, SipAddress

__all__ = [
    "Address",
    "Answers",
    "Attributes",
    "Day",
    "Document",
    "Event",
    "Id",
    "Instant",
    "Length",
    "ScriptText",
    "Word",
    "Words",
    "as_json",
    "unindexed",
]

# SQLite makes only INTEGER, not BIGINT, the row's own key; both hold 64 bits there.
Id = BigInteger().with_variant(Integer(), "sqlite")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A time, to the microsecond; a naive datetime is a TypeError."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Day(TypeDecorator[date]):
    """A date, as YYYY-MM-DD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


class Length(TypeDecorator[timedelta]):
    """A length of time, to the microsecond."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


class Words(TypeDecorator[str]):
    """Text. What one of the databases cannot keep is refused on both, with InvalidInput."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _storable(value)


_Enum = TypeVar("_Enum", bound=StrEnum)
_Document = TypeVar("_Document")


class Word(TypeDecorator[_Enum], Generic[_Enum]):
    """One of the words of an enumeration, as text: a new word needs no migration."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[_Enum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: _Enum | None, dialect: Dialect) -> str | None:
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> _Enum | None:
        return None if value is None else self.words(value)


class Address(TypeDecorator[Destination]):
    """A telephone number as +E.164, or a SIP address as it is."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Destination | None, dialect: Dialect) -> str | None:
        return None if value is None else _storable(str(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Destination | None:
        if value is None:
            return None
        return PhoneNumber(value[1:]) if value.startswith("+") else SipAddress(value)


class ScriptText(TypeDecorator[Script]):
    """A script as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Script | None, dialect: Dialect) -> str | None:
        return None if value is None else as_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Script | None:
        return None if value is None else _script(value)


class Attributes(TypeDecorator[Mapping[str, str]]):
    """Names and values as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        return None if value is None else as_json(dict(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, str] | None:
        return None if value is None else _attributes(value)


class Answers(TypeDecorator[tuple[QuestionAnswer, ...]]):
    """Answers to questions as JSON; NULL if there are none, as for nearly every attempt."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self, value: tuple[QuestionAnswer, ...] | None, dialect: Dialect
    ) -> str | None:
        return _storable(as_json(value)) if value else None

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> tuple[QuestionAnswer, ...]:
        return () if value is None else _answers(value)


class Document(TypeDecorator[_Document], Generic[_Document]):
    """What is read and written whole, as JSON: a dataclass, or a sequence of them."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind
        self._decode = msgspec.json.Decoder(kind).decode

    def process_bind_param(self, value: _Document | None, dialect: Dialect) -> str | None:
        return None if value is None else as_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> _Document | None:
        return None if value is None else self._decode(value)


class Event(TypeDecorator[CallEvent | ConferenceEvent]):
    """An event as JSON, tagged with its type."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self, value: CallEvent | ConferenceEvent | None, dialect: Dialect
    ) -> str | None:
        return None if value is None else as_json(value)

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> CallEvent | ConferenceEvent | None:
        return None if value is None else _event(value)


_event = msgspec.json.Decoder(CallEvent | ConferenceEvent).decode
_answers = msgspec.json.Decoder(tuple[QuestionAnswer, ...]).decode
_attributes = msgspec.json.Decoder(dict[str, str]).decode


@lru_cache(maxsize=256)  # the calls of one request share their script: it is read once, kept once
def _script(text: str) -> Script:
    return msgspec.json.decode(text, type=Script)


def as_json(value: Any) -> str:
    """Return JSON; raise InvalidInput for text that is none."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError as exc:
        raise InvalidInput("text with half of a surrogate pair cannot be kept") from exc


def unindexed(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column of text in a form that no index has, so that none is walked by it."""
    return type_coerce(column.op("||")(literal_column("''")), column.type)


def _storable(text: str) -> str:
    """Return `text`; raise InvalidInput if it cannot be kept."""
    if "\x00" in text:  # PostgreSQL has no place for it
        raise InvalidInput(f"{text!r} cannot be kept: it has a NUL character in it")
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InvalidInput(f"{text!r} cannot be kept: it has half of a surrogate pair") from exc
    return text
