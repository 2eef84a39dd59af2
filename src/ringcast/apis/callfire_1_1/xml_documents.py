"""Whole XML documents as the vendor's clients read them."""

from __future__ import annotations

from lxml import etree

from ringcast.apis.callfire_1_1.namespaces import prefixes
from ringcast.apis.callfire_1_1.schema import DATA

__all__ = ["new_root", "xml_document"]

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def new_root(space: str, prefix: str, name: str) -> etree._Element:
    """Return a root in a namespace, for resources without a prefix.

    The prefix counts: clients compare the names of roots, and of what is in them, as text.
    """
    return etree.Element(f"{{{space}}}{name}", nsmap=prefixes(DATA, {prefix: space}))


def xml_document(root: etree._Element) -> bytes:
    """Return the document; its root is its first node."""
    return _DECLARATION + etree.tostring(root, encoding="UTF-8", xml_declaration=False)
