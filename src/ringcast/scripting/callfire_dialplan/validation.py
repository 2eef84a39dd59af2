"""What is wrong with a dialplan, found before any call."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ringcast.domain.errors import InvalidInput
from ringcast.scripting.callfire_dialplan.document import Node, Problem, Unreadable, read
from ringcast.scripting.callfire_dialplan.expressions import NotAnExpression, evaluate
from ringcast.scripting.callfire_dialplan.tags import REFUSED, TAGS, Content, Tag
from ringcast.scripting.callfire_dialplan.values import (
    BadValue,
    Keys,
    duration,
    pressed,
    targets,
)
from ringcast.scripting.callfire_dialplan.variables import has_variable

__all__ = ["InvalidDialplan", "parse", "problems"]

_MOST_SHOWN: Final = 5
_URL = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_TONES = re.compile(r"[0-9*#wW\s]+")


class InvalidDialplan(InvalidInput):
    """The dialplan cannot be run; `problems` says why."""

    def __init__(self, found: list[Problem]) -> None:
        shown = "; ".join(str(problem) for problem in found[:_MOST_SHOWN])
        more = len(found) - _MOST_SHOWN
        super().__init__(
            f"the dialplan cannot be run: {shown}" + (f"; and {more} more" if more > 0 else ""),
            field="dialplanXml",
        )
        self.problems = found


def parse(source: str) -> Node:
    """Return the root of a dialplan that can be run; raise InvalidDialplan."""
    try:
        root = read(source)
    except Unreadable as error:
        raise InvalidDialplan([error.problem]) from error
    found = [problem for problem in problems(root) if not problem.is_warning]
    if found:
        raise InvalidDialplan(found)
    return root


def problems(root: Node) -> list[Problem]:
    """Return all that is wrong, by line; what is only a warning says so."""
    found = []
    if root.tag != "dialplan":
        found.append(_at(root, "the root of a dialplan is <dialplan>"))
    names: dict[str, Node] = {}
    for node in root.walk():
        tag = TAGS.get(node.tag)
        if tag is None:
            why = REFUSED.get(node.tag)
            found.append(_at(node, why or f"there is no such tag{_nearest(node.tag, TAGS)}"))
            continue
        found += _standing(node, tag)
        found += _attributes(node, tag)
        found += _content(node, tag)
        if node.tag in _RULES:
            found += _RULES[node.tag](node)
        if node.name in names:
            first = names[node.name].line
            found.append(_at(node, f"the name {node.name!r} is taken already on line {first}"))
        elif node.name:
            names[node.name] = node
    found += _dangling(root, names)
    return sorted(set(found))


def _standing(node: Node, tag: Tag) -> Iterator[Problem]:
    parent = node.parent
    if parent is None:
        return
    if node.tag == "dialplan":
        yield _at(node, "a dialplan cannot stand inside another tag")
    elif tag.only_in and parent.tag not in tag.only_in:
        yield _at(node, f"it can stand directly inside {_tags(tag.only_in)} only")
    holds = TAGS[parent.tag].only_holds if parent.tag in TAGS else frozenset[str]()
    if holds and node.tag not in holds:
        yield _at(node, f"directly inside <{parent.tag}> can stand {_tags(holds)} only")


def _attributes(node: Node, tag: Tag) -> Iterator[Problem]:
    for name in sorted(tag.required - node.attributes.keys()):
        yield _at(node, f"the attribute {name} is missing")
    for name, value in node.attributes.items():
        if name == "name":
            if not value.strip():
                yield _at(node, "its name is empty")
        elif name not in tag.attributes:
            nearest = _nearest(name, tag.attributes)
            yield _at(node, f"it has no attribute {name}{nearest}")
        elif (check := tag.attributes[name]) is not None and not has_variable(value):
            try:
                check(value)
            except BadValue as error:
                yield _at(node, f"{name}={value[:60]!r}: {error}")


def _content(node: Node, tag: Tag) -> Iterator[Problem]:
    if tag.content is not Content.TEXT and node.text:
        yield _at(node, f"no text is allowed in it, and there is {node.text[:40]!r}")
    if tag.content is not Content.TAGS and node.children:
        yield _at(node, f"no tags are allowed in it, and there is <{node.children[0].tag}>")
    if tag.may_be_empty or tag.content is Content.NOTHING:
        return
    if tag.content is Content.TEXT and not node.text and not node.children:
        yield _at(node, "it is empty")
    if tag.content is Content.TAGS and not node.children and node.tag not in ("menu", "amd"):
        yield _at(node, "there is nothing in it")


def _dangling(root: Node, names: dict[str, Node]) -> Iterator[Problem]:
    for node in root.walk():
        target = node.text if node.tag == "goto" else node.attributes.get("goto", "").strip()
        if node.tag not in ("goto", "catch") or not target or has_variable(target):
            continue
        if target not in names:
            nearest = _nearest(target, names)
            yield _at(node, f"there is no node of the name {target[:60]!r}{nearest}")


# The rules of single tags


def _play(node: Node) -> Iterator[Problem]:
    kind = node.attributes.get("type")
    if kind in ("callfireid", "url") and "voice" in node.attributes:
        yield _at(node, "a voice is for type tts only", is_warning=True)
    if kind in ("callfireid", "tts") and "cache" in node.attributes:
        yield _at(node, "cache is for type url only", is_warning=True)
    if re.search(r"</?vtml_(?!pause)", node.text):
        yield _at(node, "of VTML only vtml_pause is heard", is_warning=True)
    if not node.text or has_variable(node.text):
        return
    if kind == "callfireid" and not (node.text.isascii() and node.text.isdigit()):
        yield _at(node, f"{node.text[:40]!r} is not the id of a sound: that is a number")
    elif kind == "callfireid" and int(node.text) >= 2**63:
        yield _at(node, f"{node.text[:40]} is not the id of a sound: it is too great")
    if kind == "url":
        yield from _address(node)


def _address(node: Node) -> Iterator[Problem]:
    if node.text and not has_variable(node.text) and not _URL.fullmatch(node.text):
        yield _at(
            node, f"{node.text[:60]!r} is not an address that begins with http:// or https://"
        )


def _menu(node: Node) -> Iterator[Problem]:
    for needed in ("play", "keypress"):
        if node.first(needed) is None:
            yield _at(node, f"a menu needs at least one <{needed}>")
    most = node.attributes.get("maxDigits", "").strip()
    taken: dict[object, int] = {}
    for child in node.children:
        try:
            branch = (
                pressed(child.attributes.get("pressed", "")) if child.tag == "keypress" else None
            )
        except BadValue:
            continue  # said already
        if branch is None:
            continue
        if branch in taken:
            line = taken[branch]
            what = f"the menu has a branch for {child.attributes['pressed']!r} on line {line}"
            yield _at(child, what)
        taken.setdefault(branch, child.line)
        if not (isinstance(branch, Keys) and most.isascii() and most.isdigit()):
            continue
        if len(branch.low) > int(most):
            what = f"it cannot be pressed: maxDigits of the menu is {most}"
            yield _at(child, what, is_warning=True)


def _transfer(node: Node) -> Iterator[Problem]:
    if node.text and not has_variable(node.text):
        try:
            targets(node.text)
        except BadValue as error:
            yield _at(node, str(error))
    callerid = node.attributes.get("callerid", "")
    if callerid.strip() and not has_variable(callerid):
        try:
            targets(callerid)
        except BadValue as error:
            yield _at(node, f"callerid: {error}")
    screen = node.attributes.get("screen", "false").strip().lower()
    if screen == "true" and "whisper-tts" not in node.attributes:
        yield _at(node, "screen needs a whisper-tts: what the called party hears and accepts")


def _if(node: Node) -> Iterator[Problem]:
    yield from _one_else(node)
    expression = node.attributes.get("expr", "")
    if expression.strip() and not has_variable(expression):
        try:
            evaluate(expression)
        except NotAnExpression as error:
            yield _at(node, f"expr={expression[:60]!r} is no expression: {error}")


def _one_else(node: Node) -> Iterator[Problem]:
    for place, child in enumerate(node.children):
        if child.tag == "else" and place + 1 < len(node.children):
            yield _at(child, "else stands last, after all other tags, and once")


def _amd(node: Node) -> Iterator[Problem]:
    for needed in ("live", "machine"):
        count = sum(child.tag == needed for child in node.children)
        if count != 1:
            yield _at(node, f"amd needs exactly one <{needed}> and has {count or 'none'}")


def _catch(node: Node) -> Iterator[Problem]:
    kind = node.attributes.get("type", "").strip()
    if kind == "digit" and "value" not in node.attributes:
        yield _at(node, "the attribute value is missing: which key is meant")
    if kind == "hangup" and "value" in node.attributes:
        yield _at(node, "a value is for type digit only")


def _dtmf(node: Node) -> Iterator[Problem]:
    if node.text and not has_variable(node.text) and not _TONES.fullmatch(node.text):
        yield _at(node, f"{node.text[:40]!r} cannot be sent: give 0-9, *, # and w for 2 seconds")


def _wait(node: Node) -> Iterator[Problem]:
    if node.text and not has_variable(node.text):
        try:
            duration(node.text)
        except BadValue as error:
            yield _at(node, f"{node.text[:40]!r}: {error}")


def _dnc(node: Node) -> Iterator[Problem]:
    if node.text and not has_variable(node.text):
        try:
            targets(node.text)
        except BadValue as error:
            yield _at(node, str(error))


_RULES: Final[dict[str, Callable[[Node], Iterator[Problem]]]] = {
    "play": _play,
    "menu": _menu,
    "transfer": _transfer,
    "if": _if,
    "equal": _one_else,
    "notEqual": _one_else,
    "amd": _amd,
    "catch": _catch,
    "get": _address,
    "post": _address,
    "gotoXML": _address,
    "dtmf": _dtmf,
    "wait": _wait,
    "dnc": _dnc,
}


def _at(node: Node, what: str, *, is_warning: bool = False) -> Problem:
    return Problem(node.line, node.tag[:40], what, is_warning)


def _tags(names: frozenset[str]) -> str:
    return ", ".join(f"<{name}>" for name in sorted(names))


def _nearest(given: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant."""
    folded = {name.lower(): name for name in list(known)[:200]}
    near = difflib.get_close_matches(given[:60].lower(), folded, n=1)
    return f": did you mean {folded[near[0]]}?" if near else ""
