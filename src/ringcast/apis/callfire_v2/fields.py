"""The parameter `fields`: which members of a response the client wants.

fields  = name *( "," name )
name    = 1*( letter / digit / "_" ) [ "(" fields ")" ]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from ringcast.domain.errors import InvalidInput

__all__ = ["Fields", "parse_fields", "project", "project_list"]

Fields: TypeAlias = Mapping[str, "Fields | None"]
"""Wanted members and what is wanted of each; None wants all of it."""

_MAX_LENGTH = 2000  # characters
_MAX_DEPTH = 8
_TOKEN = re.compile(r"\s*([A-Za-z0-9_]{1,64}|[(),])\s*")
_LIST_MEMBERS = ("limit", "offset", "totalCount")


class BadFields(InvalidInput):
    """The parameter `fields` cannot be read."""

    def __init__(self, what: str) -> None:
        super().__init__(f"fields: {what}; write it as id,name or items(id,name)", field="fields")


def parse_fields(text: str | None) -> Fields | None:
    """Read the parameter; None or nothing wants everything. Raises InvalidInput."""
    if text is None or not text.strip():
        return None
    if len(text) > _MAX_LENGTH:
        raise BadFields(f"more than {_MAX_LENGTH} characters")
    tokens = _tokens(text)
    fields, rest = _parse_list(tokens, 0, depth=1)
    if rest != len(tokens):
        raise BadFields(f"{tokens[rest]!r} closes nothing")
    return fields


def project(value: object, fields: Fields | None) -> object:
    """Return the value with the wanted members only."""
    if fields is None:
        return value
    return _pick(msgspec.to_builtins(value), fields)


def project_list(value: object, fields: Fields | None) -> object:
    """Return a list response, an object with `items`, with the wanted members of its items only.

    `items(id)` and `id` mean the same here, as CallFire's samples have both. Paging members stay:
    clients count pages by them.
    """
    if fields is None:
        return value
    builtin = msgspec.to_builtins(value)
    wanted: dict[str, Fields | None] = {
        name: inner for name, inner in fields.items() if name not in (*_LIST_MEMBERS, "items")
    }
    inner = fields.get("items")
    if inner is not None:
        wanted |= inner
    elif "items" in fields:
        return builtin  # items without parentheses are whole items
    elif not wanted:
        wanted = {}
    return {**builtin, "items": [_pick(item, wanted) for item in builtin["items"]]}


def _pick(value: object, fields: Fields) -> object:
    if isinstance(value, list):
        return [_pick(item, fields) for item in value]
    if not isinstance(value, dict):
        return value
    picked = {}
    for name, member in value.items():
        if name in fields:
            inner = fields[name]
            picked[name] = member if inner is None else _pick(member, inner)
    return picked


def _tokens(text: str) -> list[str]:
    tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadFields(f"{text[at]!r} at position {at + 1} is not part of a name")
        tokens.append(match[1])
        at = match.end()
    return tokens


def _parse_list(tokens: list[str], at: int, *, depth: int) -> tuple[dict[str, Fields | None], int]:
    if depth > _MAX_DEPTH:
        raise BadFields(f"more than {_MAX_DEPTH} levels")
    fields: dict[str, Fields | None] = {}
    while True:
        if at == len(tokens) or tokens[at] in "(),":
            raise BadFields("a name is missing")
        name = tokens[at]
        at += 1
        inner: Fields | None = None
        if at < len(tokens) and tokens[at] == "(":
            inner, at = _parse_list(tokens, at + 1, depth=depth + 1)
            if at == len(tokens):
                raise BadFields("a parenthesis is not closed")
            at += 1
        fields[name] = inner
        if at == len(tokens) or tokens[at] == ")":
            return fields, at
        if tokens[at] != ",":
            raise BadFields(f"a comma is missing before {tokens[at]!r}")
        at += 1
