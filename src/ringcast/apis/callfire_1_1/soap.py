"""SOAP: one address for each service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response

from ringcast.apis.callfire_1_1.elements import read_element
from ringcast.apis.callfire_1_1.errors import MalformedMessage, NotYet, fault_of
from ringcast.apis.callfire_1_1.given import Given, Tree, TreeValue
from ringcast.apis.callfire_1_1.messages import (
    Message,
    Version,
    read_message,
    write_fault,
    write_message,
    write_packed,
)
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations import OPERATIONS
from ringcast.apis.callfire_1_1.results import Audio, Created, Done, Found, Listed, Result
from ringcast.apis.callfire_1_1.schema import SERVICE
from ringcast.apis.callfire_1_1.xsd import problem_of
from ringcast.domain.errors import RingcastError
from ringcast.web.bodies import read_body
from ringcast.web.errors import RequestRefused

__all__ = ["Perform", "answer_soap"]

log = logging.getLogger(__name__)

Perform = Callable[[Operation, Given], Awaitable[Result]]
"""Does what an operation is asked to do, for the account of the request."""

_BY_REQUEST = {(one.service, f"{{{SERVICE}}}{one.request.name}"): one for one in OPERATIONS}
_LARGE = 128 * 1024  # bytes of a message that is read on a thread of its own


async def answer_soap(
    request: Request, service: str, perform: Perform, *, limit: int, request_id: str
) -> Response:
    """Answer a message; whatever goes wrong is a fault in the envelope it came in."""
    version = _announced(request)
    try:
        body = await read_body(request, limit=limit)
        content_type = request.headers.get("content-type")
        reading = (body, content_type, service)
        if len(body) > _LARGE:
            message, operation, tree = await asyncio.to_thread(_read, *reading)
        else:
            message, operation, tree = _read(*reading)
        version = message.version
        return _answer(message, operation, await perform(operation, Given(tree)))
    except (RingcastError, RequestRefused) as error:
        if fault_of(error, request_id=request_id).status >= 500 and not isinstance(error, NotYet):
            log.warning(
                "message refused by a fault", extra={"request_id": request_id}, exc_info=error
            )
        return fault_response(version, error, request_id=request_id)
    except Exception as error:  # the top of a request: nothing may leave but the vendor's shape
        log.exception("message failed", extra={"request_id": request_id})
        return fault_response(version, error, request_id=request_id)


def fault_response(version: Version, error: Exception, *, request_id: str) -> Response:
    """Answer with a fault; its status is SOAP's (1.2 part 2, section 7.5.2.2; 1.1, section 6.2)."""
    fault = fault_of(error, request_id=request_id)
    ours = fault.status >= 500 and fault.code != "NOT_IMPLEMENTED"
    body = write_fault(version, fault, ours=ours, detailed=not isinstance(error, MalformedMessage))
    status = 500 if ours or version is Version.V11 else 400
    return _response(body, version, status=status)


def _announced(request: Request) -> Version:
    """Return the version that the Content-Type speaks of, until the envelope is read."""
    content_type = request.headers.get("content-type", "").lower()
    return Version.V11 if content_type.startswith("text/xml") else Version.V12


def _read(body: bytes, content_type: str | None, service: str) -> tuple[Message, Operation, Tree]:
    message = read_message(body, content_type)
    payload = message.payload
    operation = _BY_REQUEST.get((service, str(payload.tag)))
    if operation is None:
        name = etree.QName(payload).localname[:64]
        raise MalformedMessage(f"the {service} service has no operation that {name} asks for")
    problem = problem_of(payload)
    if problem is not None:
        raise MalformedMessage(f"{operation.name}: {problem}")
    return message, operation, read_element(payload, operation.type, message.attachments)


def _answer(message: Message, operation: Operation, result: Result) -> Response:
    version, element = message.version, operation.response
    match result:
        case Done():
            return _response(write_message(version, None, None), version)
        case Created():
            return _response(write_message(version, element, result.id), version)
        case Found():
            return _response(write_message(version, element, result.value), version)
        case Audio():
            assert element is not None
            if message.packed:
                body, content_type = write_packed(version, element, result.data)
                return Response(body, headers={"Content-Type": content_type})
            return _response(write_message(version, element, result.data), version)
        case Listed():
            assert operation.item is not None
            tree: dict[str, TreeValue] = {"TotalResults": result.total}
            if result.items:
                tree[operation.item.name] = result.items
            return _response(write_message(version, element, tree), version)


def _response(body: bytes, version: Version, *, status: int = 200) -> Response:
    content_type = f"{version.media_type}; charset=utf-8"
    return Response(body, status_code=status, headers={"Content-Type": content_type})
