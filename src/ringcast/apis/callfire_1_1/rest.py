"""REST: XML, or JSON where the path ends in `.json`."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from lxml import etree
from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.responses import Response

from ringcast.apis.callfire_1_1.documents import Json, append_element, json_of, printable
from ringcast.apis.callfire_1_1.errors import NotYet, UnknownPath, fault_of
from ringcast.apis.callfire_1_1.given import Given
from ringcast.apis.callfire_1_1.multipart import boundary_of, parts_of
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations import OPERATIONS
from ringcast.apis.callfire_1_1.parameters import Parameters, read_parameters, take_path
from ringcast.apis.callfire_1_1.results import Audio, Created, Done, Found, Listed, Result
from ringcast.apis.callfire_1_1.schema import RESOURCE, Element
from ringcast.apis.callfire_1_1.soap import Perform
from ringcast.apis.callfire_1_1.xml_documents import new_root, xml_document
from ringcast.domain.errors import RingcastError, Unauthenticated, Unavailable
from ringcast.web.bodies import read_body
from ringcast.web.errors import BadRequest, RequestRefused
from ringcast.web.json import encode_json
from ringcast.web.ranges import content_response

__all__ = ["answer_rest", "error_response"]

log = logging.getLogger(__name__)

_MAX_FIELDS = 500_000
_XML = "application/xml"
_JSON = "application/json"
_AUDIO_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
_PATH = re.compile(r"/+")
_SUFFIX = re.compile(r"(.+)\.(json|xml|mp3|wav)", re.DOTALL)


class MethodNotAllowed(RequestRefused):
    """The path has operations, but none with this method."""

    status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method[:20]} is not possible here: use {allowed}")
        self.allowed = allowed


class _Routes:
    """Finds the operation of a path: fixed segments come before variable ones."""

    def __init__(self) -> None:
        rows = sorted(OPERATIONS, key=lambda one: one.path.count("{"))
        self._rows = [(_pattern(one), one) for one in rows]

    def find(
        self, method: str, path: str, suffix: str | None
    ) -> tuple[Operation, Mapping[str, str]]:
        """Return the operation and what the path says; raise UnknownPath, MethodNotAllowed."""
        if path == "/ccc" or path.startswith("/ccc/"):
            raise NotYet("the CCC service", "there are no agents here")
        allowed: set[str] = set()
        for pattern, operation in self._rows:
            if (suffix in _AUDIO_TYPES) != bool(operation.suffixes):
                continue
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if operation.method == method:
                names = match.groupdict()
                return operation, {
                    operation.members.get(name, name): value for name, value in names.items()
                }
            allowed.add(operation.method)
        if allowed:
            raise MethodNotAllowed(method, ", ".join(sorted(allowed)))
        raise UnknownPath(path)


def _pattern(operation: Operation) -> re.Pattern[str]:
    """Return the path as an expression: ids are digits, so that words never look like one."""
    parts = re.split(r"\{(\w+)\}", operation.path)
    for place in range(1, len(parts), 2):
        name = parts[place]
        inside = "[0-9]{1,18}" if name.endswith("Id") else "[^/]{1,255}"
        parts[place] = f"(?P<{name}>{inside})"
    return re.compile("".join(parts))


_ROUTES = _Routes()


async def answer_rest(
    request: Request, path: str, perform: Perform, *, limit: int, root: str, request_id: str
) -> Response:
    """Answer a request; whatever goes wrong is a ResourceException in the form asked for."""
    path = _PATH.sub("/", f"/{path}").rstrip("/")
    suffix: str | None = None
    if (match := _SUFFIX.fullmatch(path)) is not None:
        path, suffix = match[1], match[2]
    is_json = suffix == "json"
    try:
        method = "GET" if request.method == "HEAD" else request.method
        operation, names = _ROUTES.find(method, path, suffix)
        parameters = await _parameters(request, limit)
        if operation.suffixes and suffix is not None:
            parameters.named(("Format",))  # the ending of the path says it
        given = take_path(read_parameters(parameters, operation.type), names)
        if operation.suffixes and suffix is not None:
            given = {**given, "Format": suffix.upper()}
        return _answer(request, operation, await perform(operation, Given(given)), root, is_json)
    except (RingcastError, RequestRefused) as error:
        if fault_of(error, request_id=request_id).status >= 500 and not isinstance(error, NotYet):
            log.warning(
                "request refused by a fault", extra={"request_id": request_id}, exc_info=error
            )
        return error_response(error, is_json=is_json, request_id=request_id)
    except Exception as error:  # the top of a request: nothing may leave but the vendor's shape
        log.exception("request failed", extra={"request_id": request_id})
        return error_response(error, is_json=is_json, request_id=request_id)


def error_response(error: Exception, *, is_json: bool, request_id: str) -> Response:
    """Answer with a ResourceException."""
    fault = fault_of(error, request_id=request_id)
    headers: dict[str, str] = {}
    status, message = fault.status, fault.message
    if isinstance(error, MethodNotAllowed):
        status, message = error.status, str(error)
        headers["Allow"] = error.allowed
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Basic realm="api", charset="UTF-8"'
    if isinstance(error, Unavailable) and error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
    return _reply(
        "ResourceException",
        {"HttpStatus": status, "Message": message},
        is_json,
        status=status,
        headers=headers,
    )


async def _parameters(request: Request, limit: int) -> Parameters:
    """Read the query and the body: forms come with every method, and with any Content-Type."""
    parameters = Parameters()
    for key, value in _pairs(request.url.query):
        parameters.add(key, value)
    body = await read_body(request, limit=limit)
    if not body:
        return parameters
    content_type = request.headers.get("content-type")
    kind, _ = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        for part in parts_of(body, boundary_of(content_type)):
            if part.name is None:
                if part.data.strip():
                    raise BadRequest("a part of the form has no name")
                continue  # .NET leaves an empty part before the file
            is_raw = part.is_file or part.headers.get("content-type", "").startswith("audio/")
            parameters.add(part.name, part.data if is_raw else _decoded(part.data))
    elif kind in (b"application/json", b"text/xml", b"application/xml"):
        raise BadRequest("send parameters as a form, not as a document")
    else:
        for key, value in _pairs(_decoded(body)):
            parameters.add(key, value)
    return parameters


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text.strip(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except (ValueError, UnicodeDecodeError) as exc:
        raise BadRequest("the form cannot be read: it must be UTF-8, URL encoded") from exc


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadRequest("the form is not UTF-8") from None


def _answer(
    request: Request, operation: Operation, result: Result, root: str, is_json: bool
) -> Response:
    match result:
        case Done():
            return Response(status_code=204)
        case Created():
            location = root + operation.location.format(id=result.id)
            reference: dict[str, str | int] = {"Id": result.id, "Location": location}
            return _reply("ResourceReference", reference, is_json, status=201)
        case Audio():
            kind = "mp3" if result.is_mp3 else "wav"
            return content_response(
                request,
                result.data,
                media_type=_AUDIO_TYPES[kind],
                etag=f"{result.name}.{kind}",
            )
        case Found():
            item = operation.item
            assert item is not None
            if is_json:
                return _json({"Resource": {item.name: json_of(item.type, result.value)}})
            node = _root("Resource")
            append_element(node, item, result.value)
            return _xml(node)
        case Listed():
            assert operation.item is not None
            return _list(operation.item, result, is_json)


def _list(item: Element, result: Listed, is_json: bool) -> Response:
    if is_json:
        members: dict[str, Json] = {"@totalResults": result.total}
        if result.items:
            members[item.name] = [json_of(item.type, one) for one in result.items]
        return _json({"ResourceList": members})
    node = _root("ResourceList")
    node.set("totalResults", str(result.total))
    for one in result.items:
        append_element(node, item, one)
    return _xml(node)


def _reply(
    root: str,
    members: Mapping[str, str | int],
    is_json: bool,
    *,
    status: int,
    headers: Mapping[str, str] | None = None,
) -> Response:
    if is_json:
        return _json({root: dict(members)}, status=status, headers=headers)
    node = _root(root)
    for name, value in members.items():
        etree.SubElement(node, f"{{{RESOURCE}}}{name}").text = printable(str(value))
    return _xml(node, status=status, headers=headers)


def _root(name: str) -> etree._Element:
    return new_root(RESOURCE, "r", name)


def _xml(
    root: etree._Element, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(xml_document(root), status_code=status, headers=headers, media_type=_XML)


def _json(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(encode_json(value), status_code=status, headers=headers, media_type=_JSON)
