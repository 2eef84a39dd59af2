"""The schemas, written from the tables of types, and requests checked by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from threading import Lock

from lxml import etree

from ringcast.apis.callfire_1_1.data_types import DATA_ELEMENTS, DATA_TYPES
from ringcast.apis.callfire_1_1.namespaces import prefixes
from ringcast.apis.callfire_1_1.notification_types import (
    NOTIFICATION_ELEMENTS,
    NOTIFICATION_TYPES,
)
from ringcast.apis.callfire_1_1.schema import (
    DATA,
    NOTIFICATION,
    SERVICE,
    Attribute,
    Complex,
    Content,
    Element,
    ListOf,
    Member,
    Simple,
)
from ringcast.apis.callfire_1_1.service_types import SERVICE_ELEMENTS, SERVICE_TYPES
from ringcast.apis.callfire_1_1.simple_types import BINARY, NAMED

__all__ = ["SCHEMAS", "problem_of"]

_XS = "http://www.w3.org/2001/XMLSchema"
_MIME = "http://www.w3.org/2005/05/xmlmime"
_ANNOTATIONS = "http://api.callfire.com/annotations"
_PREFIX = {DATA: "data", SERVICE: "svc", NOTIFICATION: "n", _ANNOTATIONS: "ann"}


def _schema(
    space: str,
    *,
    imports: Mapping[str, str],
    types: Iterable[Complex],
    elements: Iterable[Element],
) -> bytes:
    """Return a schema; `imports` has the file of each other namespace."""
    root = etree.Element(
        f"{{{_XS}}}schema",
        nsmap=prefixes(_XS, {_PREFIX[one]: one for one in (space, *imports)}),
        elementFormDefault="qualified",
        targetNamespace=space,
    )
    for other, location in imports.items():
        _child(root, "import", namespace=other, schemaLocation=location)
    for simple in NAMED:
        if simple.space == space:
            _named_simple(root, simple)
    for type_ in types:
        _complex(root, type_)
    for element in elements:
        node = _child(root, "element", name=element.name)
        _type_of(node, element.type)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _child(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XS}}}{tag}", attributes)


def _named_simple(parent: etree._Element, type_: Simple | ListOf) -> None:
    node = _child(parent, "simpleType", name=type_.name)
    if isinstance(type_, ListOf):
        _child(node, "list", itemType=_name(type_.item))
        return
    restriction = _child(node, "restriction", base="string")
    for value in type_.values:
        _child(restriction, "enumeration", value=value)
    if type_.pattern is not None:
        _child(restriction, "pattern", value=type_.pattern)


def _name(type_: Simple | ListOf | Complex) -> str:
    return f"{_PREFIX[type_.space]}:{type_.name}" if type_.space else type_.name


def _type_of(node: etree._Element, type_: Simple | ListOf | Complex) -> None:
    """Say of what type an element is, by name or in place."""
    if type_ is BINARY:
        node.set(f"{{{_MIME}}}expectedContentTypes", "application/octet-stream")
    if type_.name:
        node.set("type", _name(type_))
    elif isinstance(type_, ListOf):
        _child(_child(node, "simpleType"), "list", itemType=_name(type_.item))
    else:
        assert isinstance(type_, Complex)
        _complex(node, type_)


def _complex(parent: etree._Element, type_: Complex) -> None:
    node = _child(parent, "complexType")
    if type_.name:
        node.set("name", type_.name)
    if type_.abstract:
        node.set("abstract", "true")
    if type_.base is not None:
        node = _child(_child(node, "complexContent"), "extension", base=_name(type_.base))
    elif type_.text is not None:
        node = _child(_child(node, "simpleContent"), "extension", base=_name(type_.text))
    if type_.mixture:
        group = _child(node, "choice", minOccurs="0", maxOccurs="unbounded")
        for one in type_.content:
            assert isinstance(one, Member)
            _member(group, one, alone=False)
    elif type_.content:
        sequence = _child(node, "sequence")
        for one in type_.content:
            _content(sequence, one)
    for attribute in type_.attributes:
        _attribute(node, attribute)
    if type_.open_attributes:
        _child(node, "anyAttribute", processContents="lax")


def _content(parent: etree._Element, content: Content) -> None:
    if isinstance(content, Member):
        _member(parent, content)
        return
    choice = _child(parent, "choice", **({"minOccurs": "0"} if content.optional else {}))
    for option in content.options:
        group = choice if len(option) == 1 else _child(choice, "sequence")
        for member in option:
            _member(group, member)


def _member(parent: etree._Element, member: Member, *, alone: bool = True) -> None:
    node = _child(parent, "element")
    if alone and member.optional:
        node.set("minOccurs", "0")
    if alone and member.many:
        node.set("maxOccurs", "unbounded")
    if member.default is not None:
        node.set("default", member.default)
    reference = member.reference
    if reference is not None:
        node.set("ref", f"{_PREFIX[reference.space]}:{reference.name}")
        return
    node.set("name", member.name)
    _type_of(node, member.content)


def _attribute(parent: etree._Element, attribute: Attribute) -> None:
    node = _child(parent, "attribute", name=attribute.name, type=_name(attribute.type))
    if attribute.required:
        node.set("use", "required")
    if attribute.default is not None:
        node.set("default", attribute.default)


SCHEMAS: Mapping[str, bytes] = {
    "callfire-data.xsd": _schema(DATA, imports={}, types=DATA_TYPES, elements=DATA_ELEMENTS),
    "callfire-service.xsd": _schema(
        SERVICE,
        imports={DATA: "callfire-data.xsd"},
        types=SERVICE_TYPES,
        elements=SERVICE_ELEMENTS,
    ),
    "callfire-notification.xsd": _schema(
        NOTIFICATION,
        imports={DATA: "callfire-data.xsd"},
        types=NOTIFICATION_TYPES,
        elements=NOTIFICATION_ELEMENTS,
    ),
    # CallFire's others are full of annotations and import what these mean; ours have none.
    "callfire-ann.xsd": _schema(_ANNOTATIONS, imports={}, types=(), elements=()),
}
"""Our schemas, by the names of their files."""


class _Own(etree.Resolver):
    """Finds schemas among our own, and nowhere else."""

    def resolve(  # type: ignore[override]  # the stubs have forgotten the context
        self, system_url: str, public_id: str, context: object
    ) -> object:
        name = system_url.rsplit("/", 1)[-1]
        schema = SCHEMAS.get(name, b"").decode()
        return self.resolve_string(schema, context)  # type: ignore[call-arg]  # as above


_ONE_AT_A_TIME = Lock()  # what was wrong is kept in the schema until it is asked for


def problem_of(message: etree._Element) -> str | None:
    """Say how a message breaks the schema of requests and answers; None if it does not."""
    schema = _service_schema()
    with _ONE_AT_A_TIME:
        if schema.validate(message):
            return None
        errors = list(schema.error_log)  # type: ignore[call-overload]  # the stubs forget __iter__
        return str(errors[0].message) if errors else "it does not match the schema"


@cache
def _service_schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(_Own())
    return etree.XMLSchema(etree.fromstring(SCHEMAS["callfire-service.xsd"], parser))
