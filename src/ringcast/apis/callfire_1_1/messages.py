"""SOAP messages: envelopes 1.2 and 1.1, attachments, faults."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote

from lxml import etree
from python_multipart.multipart import parse_options_header

from ringcast.apis.callfire_1_1.documents import append_element, printable
from ringcast.apis.callfire_1_1.errors import Fault, MalformedMessage
from ringcast.apis.callfire_1_1.given import TreeValue
from ringcast.apis.callfire_1_1.multipart import boundary_of, parts_of
from ringcast.apis.callfire_1_1.schema import DATA, SERVICE, Element
from ringcast.apis.callfire_1_1.service_types import FAULT

__all__ = ["Message", "Version", "read_message", "write_fault", "write_message", "write_packed"]

_XOP = "http://www.w3.org/2004/08/xop/include"
_INCLUDE = f"{{{_XOP}}}Include"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Version(Enum):
    """Which SOAP: the namespace of its envelope."""

    V12 = "http://www.w3.org/2003/05/soap-envelope"
    V11 = "http://schemas.xmlsoap.org/soap/envelope/"

    @property
    def media_type(self) -> str:
        """The type of a message's body."""
        return "application/soap+xml" if self is Version.V12 else "text/xml"


@dataclass(frozen=True, slots=True)
class Message:
    """A request as it came."""

    version: Version
    payload: etree._Element
    attachments: Mapping[etree._Element, bytes] = field(default_factory=dict)
    packed: bool = False
    """Whether it came with attachments (MTOM), so that its answer may have some."""


def read_message(body: bytes, content_type: str | None) -> Message:
    """Return the message; raise MalformedMessage, BadRequest."""
    kind, options = parse_options_header(content_type)
    packed = kind == b"multipart/related"
    attached: dict[str, bytes] = {}
    if packed:
        parts = parts_of(body, boundary_of(content_type))
        if not parts:
            raise MalformedMessage("the message has no part")
        start = options.get(b"start", b"").decode("latin-1").strip("<>")
        first = next((one for one in parts if start and one.content_id == start), parts[0])
        body = first.data
        attached = {one.content_id: one.data for one in parts if one.content_id is not None}
    root = _parsed(body)
    version = next((v for v in Version if root.tag == f"{{{v.value}}}Envelope"), None)
    if version is None:
        raise MalformedMessage("the document is no SOAP envelope")
    _check_headers(root, version)
    inside = root.find(f"{{{version.value}}}Body")
    children = [] if inside is None else list(inside.iterchildren(tag=etree.Element))
    if len(children) != 1:
        raise MalformedMessage("the SOAP body must hold exactly one element")
    (payload,) = children
    return Message(version, payload, _included(payload, attached), packed)


def write_message(version: Version, element: Element | None, value: TreeValue | None) -> bytes:
    """Return an envelope with an element in it, or with an empty body."""
    root, inside = _envelope(version)
    if element is not None and value is not None:
        append_element(inside, element, value)
    return _written(root)


def write_packed(version: Version, element: Element, data: bytes) -> tuple[bytes, str]:
    """Return an envelope whose element is an attachment (MTOM), and its Content-Type."""
    root, inside = _envelope(version)
    node = etree.SubElement(inside, f"{{{element.space}}}{element.name}")
    etree.SubElement(node, _INCLUDE, {"href": "cid:data@ringcast"}, nsmap={"xop": _XOP})
    boundary = f"part-{secrets.token_hex(16)}"
    head = (
        f"--{boundary}\r\n"
        f'Content-Type: application/xop+xml; charset=UTF-8; type="{version.media_type}"\r\n'
        "Content-Transfer-Encoding: binary\r\nContent-ID: <root@ringcast>\r\n\r\n"
    )
    middle = (
        f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n"
        "Content-Transfer-Encoding: binary\r\nContent-ID: <data@ringcast>\r\n\r\n"
    )
    body = b"".join(
        (head.encode(), _written(root), middle.encode(), data, f"\r\n--{boundary}--\r\n".encode())
    )
    content_type = (
        f'multipart/related; type="application/xop+xml"; start="<root@ringcast>";'
        f' start-info="{version.media_type}"; boundary="{boundary}"'
    )
    return body, content_type


def write_fault(version: Version, fault: Fault, *, ours: bool, detailed: bool) -> bytes:
    """Return an envelope with a fault: `ours` if the request is not to blame for it.

    Without details it is the plain fault that a message gets which breaks the schema.
    """
    root, inside = _envelope(version)
    space = version.value
    node = etree.SubElement(inside, f"{{{space}}}Fault")
    text = printable(fault.message)
    if version is Version.V12:
        code = etree.SubElement(node, f"{{{space}}}Code")
        side = "Receiver" if ours else "Sender"
        etree.SubElement(code, f"{{{space}}}Value").text = f"env:{side}"
        reason = etree.SubElement(node, f"{{{space}}}Reason")
        etree.SubElement(reason, f"{{{space}}}Text", {_XML_LANG: "en"}).text = text
        holder = f"{{{space}}}Detail"
    else:
        side = "Server" if ours else "Client"
        etree.SubElement(node, "faultcode").text = f"env:{side}"
        etree.SubElement(node, "faultstring").text = text
        holder = "detail"
    if detailed:
        detail = etree.SubElement(node, holder)
        append_element(detail, FAULT, {"FaultCode": fault.code, "Message": fault.message})
    return _written(root)


def _parsed(body: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise MalformedMessage(f"the message is not XML: {exc}") from exc
    info = root.getroottree().docinfo
    if info.doctype:  # type: ignore[union-attr]  # the stubs do not know it
        raise MalformedMessage("a SOAP message has no document type")  # SOAP 1.2 part 1, section 5
    return root


def _check_headers(root: etree._Element, version: Version) -> None:
    """Refuse headers that must be understood: none is (SOAP 1.2 part 1, section 2.4)."""
    header = root.find(f"{{{version.value}}}Header")
    for block in () if header is None else header.iterchildren(tag=etree.Element):
        if block.get(f"{{{version.value}}}mustUnderstand") in ("1", "true"):
            raise MalformedMessage(f"the header {etree.QName(block).localname} is not understood")


def _included(
    payload: etree._Element, attached: Mapping[str, bytes]
) -> dict[etree._Element, bytes]:
    found: dict[etree._Element, bytes] = {}
    for include in list(payload.iter(_INCLUDE)):
        holder = include.getparent()
        name = unquote(include.get("href", "").removeprefix("cid:"))
        if holder is None or include is payload or name not in attached:
            raise MalformedMessage(f"there is no attachment {name[:64]!r}")
        found[holder] = attached[name]
        holder.remove(include)
        holder.text = None
    return found


def _envelope(version: Version) -> tuple[etree._Element, etree._Element]:
    root = etree.Element(
        f"{{{version.value}}}Envelope",
        nsmap={"env": version.value, "svc": SERVICE, "data": DATA},
    )
    return root, etree.SubElement(root, f"{{{version.value}}}Body")


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
