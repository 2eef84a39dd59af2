"""The WSDL documents, written from the table of operations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from lxml import etree

from ringcast.apis.callfire_1_1.namespaces import prefixes
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations import OPERATIONS, SERVICES
from ringcast.apis.callfire_1_1.schema import DATA, SERVICE
from ringcast.apis.callfire_1_1.service_types import CREATED_ID, FAULT
from ringcast.apis.callfire_1_1.xsd import SCHEMAS

__all__ = ["BINDING_FILE", "action_of", "document"]

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
_XS = "http://www.w3.org/2001/XMLSchema"
_TYPES = "http://api.callfire.com/service/wsdl"
_BINDING = "http://api.callfire.com/service/wsdl/http/soap12"
_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"

BINDING_FILE = "callfire-service-http-soap12.wsdl"
_TYPES_FILE = "callfire-service.wsdl"
_HERE = "http://server.invalid"  # replaced by the address at which we are asked


def action_of(operation: Operation) -> str:
    """Return the SOAPAction."""
    return f"{_TYPES}/{operation.port}ServicePortType/{operation.name}"


def document(name: str, *, base: str) -> bytes | None:
    """Return the file of that name, every address in it below `base`; None if there is none."""
    if name == BINDING_FILE:
        return _binding_file().replace(_HERE.encode(), base.encode())
    if name == _TYPES_FILE:
        return _types_file()
    return SCHEMAS.get(name)


@cache
def _types_file() -> bytes:
    root = etree.Element(
        f"{{{_WSDL}}}definitions",
        nsmap=prefixes(_WSDL, {"svc": SERVICE, "data": DATA, "tns": _TYPES}),
        targetNamespace=_TYPES,
    )
    types = _child(root, "types")
    schema = etree.SubElement(types, f"{{{_XS}}}schema", nsmap={"xs": _XS})
    for space, location in ((SERVICE, "callfire-service.xsd"), (DATA, "callfire-data.xsd")):
        etree.SubElement(schema, f"{{{_XS}}}import", namespace=space, schemaLocation=location)
    _message(root, "CreatedId", "Id", "svc:CreatedId")
    _message(root, "ServiceFault", "Fault", f"svc:{FAULT.name}")
    _child(root, "message", name="Empty")
    answers: dict[str, str] = {}
    for operation in OPERATIONS:
        _message(root, operation.name, "Request", f"svc:{operation.request.name}")
        response = operation.response
        if response is not None and response is not CREATED_ID:
            prefix = "svc" if response.space == SERVICE else "data"
            answers.setdefault(f"{response.name}Response", f"{prefix}:{response.name}")
    for name, element in answers.items():
        _message(root, name, "Response", element)
    for service in SERVICES:
        port = _child(root, "portType", name=f"{service.capitalize()}ServicePortType")
        for operation in _of(service):
            node = _child(port, "operation", name=operation.name)
            _child(node, "input", message=f"tns:{operation.name}")
            _child(node, "output", message=f"tns:{_answer(operation)}")
            _child(node, "fault", name="Fault", message="tns:ServiceFault")
    return _written(root)


@cache
def _binding_file() -> bytes:
    root = etree.Element(
        f"{{{_WSDL}}}definitions",
        nsmap=prefixes(_WSDL, {"soap12": _SOAP12, "svc": _TYPES, "tns": _BINDING}),
        targetNamespace=_BINDING,
    )
    _child(root, "import", namespace=_TYPES, location=_TYPES_FILE)
    for service in SERVICES:
        port = f"{service.capitalize()}Service"
        binding = _child(root, "binding", name=f"{port}Binding", type=f"svc:{port}PortType")
        _soap(binding, "binding", transport=_TRANSPORT)
        for operation in _of(service):
            node = _child(binding, "operation", name=operation.name)
            _soap(node, "operation", soapAction=action_of(operation), style="document")
            _soap(_child(node, "input"), "body", use="literal")
            _soap(_child(node, "output"), "body", use="literal")
            _soap(_child(node, "fault", name="Fault"), "fault", name="Fault", use="literal")
    all_of_it = _child(root, "service", name="CallFireApi")
    for service in SERVICES:
        port = f"{service.capitalize()}Service"
        node = _child(all_of_it, "port", name=f"{port}Port", binding=f"tns:{port}Binding")
        _soap(node, "address", location=f"{_HERE}/soap12/{service}")
    return _written(root)


def _answer(operation: Operation) -> str:
    if operation.response is None:
        return "Empty"
    if operation.response is CREATED_ID:
        return "CreatedId"
    return f"{operation.response.name}Response"


def _of(service: str) -> Sequence[Operation]:
    return [one for one in OPERATIONS if one.service == service]


def _message(root: etree._Element, name: str, part: str, element: str) -> None:
    _child(_child(root, "message", name=name), "part", name=part, element=element)


def _child(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_WSDL}}}{tag}", attributes)


def _soap(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_SOAP12}}}{tag}", attributes)


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
