"""How CallFire's resources are put together."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.schema import (
    DATA,
    Attribute,
    Choice,
    Complex,
    Content,
    Element,
    Member,
    many,
    may,
    need,
)
from ringcast.apis.callfire_1_1.simple_types import LONG

__all__ = ["ID", "OWN_ID", "data_element", "data_type", "either", "maybe", "refer", "several"]

ID = Attribute(name="id", type=LONG)
"""Of what is also given to us, at first without one."""

OWN_ID = Attribute(name="id", type=LONG, required=True)
"""Of what only answers have."""


def data_type(
    name: str,
    *content: Content,
    base: Complex | None = None,
    attributes: tuple[Attribute, ...] = (),
    abstract: bool = False,
) -> Complex:
    """Return a type of the namespace `data`; without a name one that stands in its element."""
    return Complex(
        space=DATA,
        name=name,
        content=content,
        base=base,
        attributes=attributes,
        abstract=abstract,
    )


def data_element(
    name: str,
    *content: Content,
    base: Complex | None = None,
    attributes: tuple[Attribute, ...] = (),
) -> Element:
    """Return an element of that namespace with a type of its own."""
    return Element(
        name=name, space=DATA, type=data_type("", *content, base=base, attributes=attributes)
    )


def refer(element: Element) -> Member:
    """Return the element as a member that must be there."""
    return need(element.name, element)


def maybe(element: Element) -> Member:
    """Return the element as a member that may be there."""
    return may(element.name, element)


def several(element: Element, *, least: int = 0) -> Member:
    """Return the element as a member that may be there more than once."""
    return many(element.name, element, least=least)


def either(*members: Member) -> Choice:
    """Return a choice of one of the members, or of none."""
    return Choice(options=tuple((one,) for one in members), optional=True)
