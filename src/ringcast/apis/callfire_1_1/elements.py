"""XML elements that the schema has checked, as what they give."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from ringcast.apis.callfire_1_1.given import TEXT, Tree, TreeValue
from ringcast.apis.callfire_1_1.schema import Complex, ListOf, Simple
from ringcast.apis.callfire_1_1.values import Value, parse_value

__all__ = ["read_element"]


def read_element(
    node: etree._Element,
    type_: Complex,
    attachments: Mapping[etree._Element, bytes] | None = None,
) -> Tree:
    """Return what is in an element; `attachments` has what elements hold beside the document.

    Raises InvalidInput for what the schema cannot tell, such as a time that is none.
    """
    return _Reader(attachments or {}).tree(node, type_)


class _Reader:
    def __init__(self, attachments: Mapping[etree._Element, bytes]) -> None:
        self._attachments = attachments

    def tree(self, node: etree._Element, type_: Complex) -> Tree:
        found: dict[str, TreeValue] = {}
        known = {one.name: one.type for one in type_.all_attributes()}
        for name, text in node.attrib.items():
            local = etree.QName(name).localname
            if name in known:
                found[f"@{local}"] = parse_value(known[name], str(text), field=str(name))
            elif type_.open_attributes and "}" not in name:
                found[f"@{local}"] = str(text)
        if type_.text is not None:
            found[TEXT] = self._simple(node, type_.text, field=etree.QName(node).localname)
            return found
        members = {one.name: one for one in type_.members()}
        for child in node.iterchildren(tag=etree.Element):
            member = members[etree.QName(child).localname]
            content = member.content
            value = (
                self.tree(child, content)
                if isinstance(content, Complex)
                else self._simple(child, content, field=member.name, default=member.default)
            )
            if member.many:
                found.setdefault(member.name, []).append(value)  # type: ignore[union-attr]  # a list
            else:
                found[member.name] = value
        return found

    def _simple(
        self,
        node: etree._Element,
        type_: Simple | ListOf,
        *,
        field: str,
        default: str | None = None,
    ) -> Value | list[Value]:
        if node in self._attachments:
            return self._attachments[node]
        text = node.text or default or ""  # an empty element has its default (XML Schema 3.3.1)
        if isinstance(type_, ListOf):
            return [parse_value(type_.item, one, field=field) for one in text.split()]
        return parse_value(type_, text, field=field)
