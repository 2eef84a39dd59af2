"""A small model of XML Schema, in which the tables of types are written.

Schemas, the reading of requests and the writing of answers are all made from these tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

__all__ = [
    "DATA",
    "NOTIFICATION",
    "RESOURCE",
    "SERVICE",
    "Attribute",
    "Choice",
    "Complex",
    "Content",
    "Element",
    "Kind",
    "ListOf",
    "Member",
    "Simple",
    "Type",
    "many",
    "may",
    "need",
]

DATA = "http://api.callfire.com/data"
SERVICE = "http://api.callfire.com/service/xsd"
RESOURCE = "http://api.callfire.com/resource"
NOTIFICATION = "http://api.callfire.com/notification/xsd"


class Kind(Enum):
    """What a simple value is in the program."""

    TEXT = auto()
    PHONE = auto()
    """Text that is a telephone number, or something else that is dialled."""
    INTEGER = auto()
    FLOAT = auto()
    BOOLEAN = auto()
    MOMENT = auto()
    """A date and time, aware of its zone."""
    TIME = auto()
    DATE = auto()
    BINARY = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Simple:
    """A simple type: one of XML Schema's own if it is in no namespace."""

    name: str
    kind: Kind
    space: str = ""
    values: tuple[str, ...] = ()
    """An enumeration's."""
    pattern: str | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListOf:
    """Several values in one, separated by spaces; without a name where it has none of its own."""

    item: Simple
    name: str = ""
    space: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """An attribute, optional unless it is required."""

    name: str
    type: Simple
    required: bool = False
    default: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A child element: one of its own, or a reference to an element of the schema."""

    name: str
    type: Type
    optional: bool = False
    many: bool = False
    default: str | None = None
    rest: tuple[str, ...] = ()
    """What the parameter is called in REST; None given: the same."""

    @property
    def reference(self) -> Element | None:
        """The element that is referred to, if the child is none of its own."""
        return self.type if isinstance(self.type, Element) else None

    @property
    def content(self) -> Simple | ListOf | Complex:
        """The type of what is in the child."""
        return self.type.type if isinstance(self.type, Element) else self.type

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that the parameter can have in REST, the vendor's first."""
        return (*self.rest, self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Exactly one of some members, or of some sequences of members."""

    options: tuple[tuple[Member, ...], ...]
    optional: bool = False
    selector: str | None = None
    """In REST, the member whose value says which option it is…"""
    selected: Mapping[str, str] | None = None
    """…and for each value the name of the option's member."""

    @property
    def members(self) -> Iterator[Member]:
        """The members of all options."""
        for option in self.options:
            yield from option


Content: TypeAlias = "Member | Choice"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Complex:
    """A type with children, attributes, or text with attributes."""

    space: str
    name: str = ""
    """Empty for a type that only one element has."""
    content: tuple[Content, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    base: Complex | None = None
    abstract: bool = False
    text: Simple | ListOf | None = None
    """The type of its text, if it has attributes and no children."""
    open_attributes: bool = False
    """Whether any other attribute is allowed."""
    mixture: bool = False
    """Whether the children come in any order and number."""

    def contents(self) -> Iterator[Content]:
        """Yield members and choices in order, those of the base first."""
        if self.base is not None:
            yield from self.base.contents()
        yield from self.content

    def members(self) -> Iterator[Member]:
        """Yield all members in order, those of choices too."""
        for one in self.contents():
            if isinstance(one, Choice):
                yield from one.members
            else:
                yield one

    def all_attributes(self) -> Iterator[Attribute]:
        """Yield all attributes, those of the base first."""
        if self.base is not None:
            yield from self.base.all_attributes()
        yield from self.attributes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Element:
    """An element of a schema."""

    name: str
    space: str
    type: Simple | ListOf | Complex


Type: TypeAlias = "Simple | ListOf | Complex | Element"


def need(name: str, type_: Type, *, rest: tuple[str, ...] = ()) -> Member:
    """Return a member that there must be."""
    return Member(name=name, type=type_, rest=rest)


def may(
    name: str, type_: Type, *, default: str | None = None, rest: tuple[str, ...] = ()
) -> Member:
    """Return a member that there may be."""
    return Member(name=name, type=type_, optional=True, default=default, rest=rest)


def many(name: str, type_: Type, *, least: int = 0, rest: tuple[str, ...] = ()) -> Member:
    """Return a member of which there may be any number, or one at least."""
    return Member(name=name, type=type_, optional=not least, many=True, rest=rest)
