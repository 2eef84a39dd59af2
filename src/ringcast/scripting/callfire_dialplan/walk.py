"""The ways through the tree of a dialplan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringcast.scripting.callfire_dialplan.document import Node

__all__ = [
    "NOT_WHEN_GONE",
    "after",
    "caught_digits",
    "caught_hangup",
    "first_of",
    "named",
]

NOT_WHEN_GONE: Final = frozenset({"play", "menu", "transfer", "record", "amd", "dtmf", "wait"})
"""What is passed over when the caller has gone: whatever is heard, and what hangs on it."""


def named(root: Node) -> Mapping[str, Node]:
    """Return the nodes by their names."""
    return {node.name: node for node in root.walk() if node.name}


def first_of(node: Node) -> Node | None:
    """Return where to go on inside a node, or behind it if it holds nothing for the case."""
    if node.children and node.children[0].tag != "else":
        return node.children[0]
    return after(node)


def after(node: Node) -> Node | None:
    """Return where to go on behind a node, None at the end of the dialplan.

    A branch is left for what is behind all branches: that of a menu, an amd or an if.
    """
    while node.parent is not None:
        parent = node.parent
        if parent.tag not in ("menu", "amd") and node.place + 1 < len(parent.children):
            following = parent.children[node.place + 1]
            if following.tag != "else":
                return following
        node = parent
    return None


def caught_digits(node: Node) -> Mapping[str, str]:
    """Return the keys that interrupt a node, and the names they lead to; the innermost wins."""
    found: dict[str, str] = {}
    above = node.parent
    while above is not None:
        if above.tag == "catch" and above.attributes["type"].strip() == "digit":
            found.setdefault(above.attributes["value"].strip(), above.attributes["goto"])
        above = above.parent
    return found


def caught_hangup(node: Node) -> Node | None:
    """Return the innermost catch of the caller's hanging up around a node."""
    above = node.parent
    while above is not None:
        if above.tag == "catch" and above.attributes["type"].strip() == "hangup":
            return above
        above = above.parent
    return None
