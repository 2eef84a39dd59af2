"""Answers as XML and as JSON, members in the order of the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import TypeAlias

from lxml import etree

from ringcast.apis.callfire_1_1.given import TEXT, TreeValue
from ringcast.apis.callfire_1_1.schema import Complex, Element, ListOf, Member, Simple
from ringcast.apis.callfire_1_1.values import value_text

__all__ = ["Json", "append_element", "fill", "json_of", "printable"]

Json: TypeAlias = "str | int | float | bool | dict[str, Json] | list[Json]"

_NO_NAME = re.compile(r"[^A-Za-z0-9_.\-]")
_UNPRINTABLE = (*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_HIDDEN = dict.fromkeys(_UNPRINTABLE)


def append_element(parent: etree._Element, element: Element, value: TreeValue) -> etree._Element:
    """Append an element of the schema, with what it holds."""
    node = etree.SubElement(parent, f"{{{element.space}}}{element.name}")
    fill(node, element.type, value)
    return node


def fill(node: etree._Element, type_: Simple | ListOf | Complex, value: TreeValue) -> None:
    """Put a value into an element that is there."""
    if not isinstance(type_, Complex):
        node.text = printable(_text(type_, value))
        return
    assert isinstance(value, Mapping)
    for name, attribute in _attributes(type_, value):
        text = str(value[f"@{name}"]) if attribute is None else _plain(attribute, value[f"@{name}"])
        node.set(_as_name(name), printable(text))
    if type_.text is not None:
        node.text = printable(_text(type_.text, value[TEXT]))
    for member in type_.members():
        if member.name not in value:
            continue
        inside = value[member.name]
        for one in inside if member.many and isinstance(inside, list) else [inside]:
            _append_member(node, type_, member, one)


def json_of(type_: Simple | ListOf | Complex, value: TreeValue) -> Json:
    """Return a value by the vendor's rules for JSON: attributes with @, lists as one string."""
    if isinstance(type_, Simple):
        if isinstance(value, (bool, int, float, str)):
            return value
        return _plain(type_, value)
    if isinstance(type_, ListOf):
        return _text(type_, value)
    assert isinstance(value, Mapping)
    found: dict[str, Json] = {}
    for name, attribute in _attributes(type_, value):
        if attribute is not None:
            found[f"@{name}"] = json_of(attribute, value[f"@{name}"])
        else:
            # Custom attributes of contacts are plain members; of numbers nobody has shown any.
            found[name if type_.text is None else f"@{name}"] = str(value[f"@{name}"])
    if type_.text is not None:
        found[TEXT] = json_of(type_.text, value[TEXT])
    for member in type_.members():
        if member.name not in value:
            continue
        inside = value[member.name]
        if member.many:
            assert isinstance(inside, list)
            found[member.name] = [json_of(member.content, one) for one in inside]
        else:
            found[member.name] = json_of(member.content, inside)
    return found


def printable(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return text.translate(_HIDDEN)


def _as_name(name: str) -> str:
    """Return a name that an attribute can have: forms and JSON bring any text as one."""
    name = _NO_NAME.sub("_", name)
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"


def _append_member(node: etree._Element, type_: Complex, member: Member, value: TreeValue) -> None:
    reference = member.reference
    if reference is not None:
        append_element(node, reference, value)
        return
    # Base and extension are always of one namespace: that of the type is the child's.
    child = etree.SubElement(node, f"{{{type_.space}}}{member.name}")
    fill(child, member.content, value)


def _text(type_: Simple | ListOf, value: TreeValue) -> str:
    if isinstance(type_, ListOf):
        assert isinstance(value, list)
        return " ".join(_plain(type_.item, one) for one in value)
    return _plain(type_, value)


def _plain(type_: Simple, value: TreeValue) -> str:
    assert isinstance(value, (str, int, float, bool, datetime, time, date, bytes))
    return value_text(type_, value)


def _attributes(
    type_: Complex, value: Mapping[str, TreeValue]
) -> Iterator[tuple[str, Simple | None]]:
    """Yield the names of attributes that there are: those of the schema in its order, then others.

    Others have no type.
    """
    known = {one.name: one.type for one in type_.all_attributes()}
    for name, attribute in known.items():
        if f"@{name}" in value:
            yield name, attribute
    for name in value:
        if name.startswith("@") and name[1:] not in known:
            yield name[1:], None
