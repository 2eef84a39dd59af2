"""A dialplan as it is written: XML elements with their lines.

XML is read without entities, network and document types, and within limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from lxml import etree

__all__ = ["MAX_CHARACTERS", "Node", "Problem", "Unreadable", "read"]

MAX_CHARACTERS: Final = 262_144
_MAX_DEPTH: Final = 50
_MAX_TAGS: Final = 5_000


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong with a dialplan, and where."""

    line: int
    tag: str
    """The tag at fault, empty for the document as such."""
    what: str
    is_warning: bool = field(default=False, compare=False)
    """Whether it runs all the same."""

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", <{self.tag}>" if self.tag else "")
        return f"{where}: {self.what}"


class Unreadable(Exception):
    """The document is no XML that can be read, or is outside the limits."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(eq=False, slots=True)
class Node:
    """An element; not changed once it was read."""

    tag: str
    line: int
    attributes: Mapping[str, str]
    text: str
    """All the text directly inside, trimmed."""
    parent: Node | None
    place: int
    """Its index among its parent's children."""
    children: list[Node] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What `goto` and `catch` call it, or empty."""
        return self.attributes.get("name", "")

    @property
    def path(self) -> str:
        """Where it stands: names, or tags where there are none, from the root on."""
        above = "" if self.parent is None else f"{self.parent.path}/"
        return above + (self.name or self.tag)

    def walk(self) -> Iterator[Node]:
        """Yield it and all inside it, in document order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def first(self, tag: str) -> Node | None:
        """Return the first child of that tag."""
        return next((child for child in self.children if child.tag == tag), None)


def read(source: str) -> Node:
    """Return the root element; raise Unreadable."""
    if len(source) > MAX_CHARACTERS:
        what = f"the document has {len(source):,} characters, {MAX_CHARACTERS:,} are allowed"
        raise _unreadable(1, what)
    parser = etree.XMLParser(
        encoding="utf-8",  # whatever the declaration says: it was decoded already
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(source.strip().encode(), parser)
    except etree.XMLSyntaxError as error:
        before = source[: len(source) - len(source.lstrip())].count("\n")
        what = f"this is not XML: {(error.msg or 'it cannot be read').split(', line ')[0]}"
        raise _unreadable((error.lineno or 1) + before, what) from error
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise _unreadable(line, "this is not text: it has half a character") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _unreadable(1, "a document type (<!DOCTYPE …>) is not allowed")
    skipped = source[: len(source) - len(source.lstrip())].count("\n")
    return _tree(root, skipped)


def _tree(root: etree._Element, skipped: int) -> Node:
    made = _node(root, None, skipped)
    waiting = [(root, made, 1)]
    count = 1
    while waiting:
        element, node, depth = waiting.pop()
        for child in element:
            if not isinstance(child.tag, str):
                raise _unreadable(node.line, "entities are not allowed", node.tag)
            count += 1
            if count > _MAX_TAGS:
                raise _unreadable(node.line, f"there are more than {_MAX_TAGS:,} tags")
            if depth >= _MAX_DEPTH:
                what = f"tags stand inside each other more than {_MAX_DEPTH} deep"
                raise _unreadable(node.line, what, node.tag)
            inner = _node(child, node, skipped)
            node.children.append(inner)
            waiting.append((child, inner, depth + 1))
    return made


def _node(element: etree._Element, parent: Node | None, skipped: int) -> Node:
    # Its stubs leave the type of sourceline open.
    line = cast("int | None", element.sourceline) or 1
    text = "".join([element.text or "", *(child.tail or "" for child in element)])
    return Node(
        tag=str(element.tag),
        line=line + skipped,
        attributes={str(name): str(value) for name, value in element.attrib.items()},
        text=text.strip(),
        parent=parent,
        place=0 if parent is None else len(parent.children),
    )


def _unreadable(line: int, what: str, tag: str = "") -> Unreadable:
    return Unreadable(Problem(line, tag, what))
