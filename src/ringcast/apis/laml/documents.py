"""Documents: XML read within limits, and checked whole before anything of it is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from ringcast.apis.laml.verbs.verb import Verb

__all__ = ["Document", "DocumentError", "Element", "parse_document"]

_MAX_BYTES = 65_536
_MAX_VERBS = 1000
_MAX_DEPTH = 20


class DocumentError(Exception):
    """The document cannot be run; `code` is the documented one."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Document:
    """What is done, in order."""

    verbs: tuple[Verb, ...]


class Element:
    """An element of a document with what is true of all: names have case, attributes are known."""

    def __init__(self, node: etree._Element) -> None:
        self._node = node
        self.name = str(node.tag)

    @property
    def children(self) -> list[Element]:
        """The elements in it, without comments and processing instructions."""
        return [Element(one) for one in self._node if isinstance(one.tag, str)]

    @property
    def text(self) -> str:
        """Its own text, without white space around it."""
        parts = [self._node.text or "", *(one.tail or "" for one in self._node)]
        return "".join(parts).strip()

    @property
    def mixed(self) -> list[str | Element]:
        """Its text and its elements, in order."""
        found: list[str | Element] = [self._node.text or ""]
        for one in self._node:
            if isinstance(one.tag, str):
                found.append(Element(one))
            found.append(one.tail or "")
        return found

    def get(self, name: str) -> str | None:
        """Return an attribute; `xml:lang` by that name."""
        if name == "xml:lang":
            name = "{http://www.w3.org/XML/1998/namespace}lang"
        value = self._node.get(name)
        return None if value is None else str(value).strip()

    def check(self, attributes: Collection[str], *, empty: bool = False) -> None:
        """Refuse attributes that have no effect here, and what does not belong inside."""
        for name in self._node.attrib:
            if str(name) not in attributes and not str(name).startswith("{"):
                known = f"it takes {', '.join(attributes)}" if attributes else "it takes none"
                raise DocumentError(
                    90000, f"<{self.name}> does not support {str(name)[:64]} here: {known}"
                )
        if empty and self.children:
            raise DocumentError(13215, f"<{self.name}> holds no other elements")

    def whole(self, name: str, default: int, *, least: int = 0, most: int = 86_400) -> int:
        """Return an attribute that is a whole number within limits."""
        text = self.get(name)
        if text is None or text == "":
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise self.bad(name, "a whole number")
        if not least <= int(text) <= most:
            raise self.bad(name, f"from {least} to {most}")
        return int(text)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return an attribute that is `true` or `false`."""
        text = self.get(name)
        if text not in (None, "", "true", "false"):
            raise self.bad(name, "true or false")
        return default if not text else text == "true"

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return an attribute that is one of some words."""
        text = self.get(name) or default
        if text not in choices:
            raise self.bad(name, f"one of {', '.join(choices)}")
        return text

    def method(self, name: str = "method") -> str:
        """Return GET or POST, which is the default."""
        text = self.get(name) or "POST"
        if text not in ("GET", "POST"):
            raise DocumentError(13221, f"<{self.name}> {name} must be GET or POST")
        return text

    def bad(self, name: str, right: str) -> DocumentError:
        """Return the error for an attribute with a wrong value."""
        return DocumentError(
            20422,
            f"<{self.name}> {name} is {str(self.get(name))[:64]!r}: it must be {right}",
        )


def parse_document(body: bytes) -> Document:
    """Read and check a document; raise DocumentError with the documented code."""
    from ringcast.apis.laml.verbs import REFUSED, VERBS

    if len(body) > _MAX_BYTES:
        raise DocumentError(11750, f"the document has more than {_MAX_BYTES:,} bytes")
    root = _read(body)
    if root.name != "Response":
        raise DocumentError(12100, f"the root is <{root.name[:64]}>: it must be <Response>")
    root.check(())
    if root.text:
        raise DocumentError(12100, "<Response> holds verbs, no text of its own")
    children = root.children
    if len(children) > _MAX_VERBS:
        raise DocumentError(11750, f"the document has more than {_MAX_VERBS:,} verbs")
    verbs = []
    for child in children:
        parse = VERBS.get(child.name)
        if parse is None:
            known = REFUSED.get(child.name)
            why = f"is not available: {known}" if known else "is not a verb"
            raise DocumentError(13750, f"<{child.name[:64]}> {why}")
        verbs.append(parse(child))
    return Document(tuple(verbs))


def _read(body: bytes) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        node = etree.fromstring(body.strip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(12100, f"the document is not well-formed XML: {error}") from error
    if node.getroottree().docinfo.internalDTD is not None:
        raise DocumentError(12100, "documents have no DOCTYPE")
    _check_depth(node)
    return Element(node)


def _check_depth(node: etree._Element) -> None:
    level, depth = [node], 0
    while level:
        depth += 1
        if depth > _MAX_DEPTH:
            raise DocumentError(12100, f"elements are nested deeper than {_MAX_DEPTH}")
        level = [child for one in level for child in one]
