"""From HTTP to a handler: path, method, credential, parameters; and errors back."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ringcast.apis.callfire_v2.errors import (
    MethodNotAllowed,
    NotYet,
    UnknownPath,
    error_response,
)
from ringcast.apis.callfire_v2.exchange import Exchange, Limits, Services
from ringcast.apis.callfire_v2.fields import parse_fields
from ringcast.apis.callfire_v2.operation import Operation
from ringcast.apis.callfire_v2.requests import Query, check_parameters
from ringcast.apis.callfire_v2.routes import OPERATIONS
from ringcast.apis.callfire_v2.swagger import PATH as SWAGGER_PATH
from ringcast.apis.callfire_v2.swagger import SwaggerDocument
from ringcast.domain.accounts import CredentialKind
from ringcast.domain.errors import NotPermitted, RingcastError
from ringcast.services.door import Door
from ringcast.web.addresses import address_of
from ringcast.web.credentials import parse_basic
from ringcast.web.errors import RequestRefused

__all__ = ["callfire_v2"]

log = logging.getLogger(__name__)


def callfire_v2(
    services: Services,
    *,
    limits: Limits | None = None,
    public_url: str | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> ASGIApp:
    """Return the application to mount at `/v2`.

    `public_url` is the address clients reach the server at, for links and the Swagger document.
    """
    limits = limits or Limits()
    door = Door(
        services.authenticate,
        failures_at_once=limits.failures_at_once,
        failures_per_second=limits.failures_per_second,
        requests_per_second=limits.requests_per_second,
        monotonic=monotonic,
    )
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    routes = [
        Route(_pattern(path), _Resource(by_path[path], door, services, limits, public_url))
        for path in sorted(by_path, key=_specificity)
    ]
    routes.append(Route(SWAGGER_PATH, _Open(SwaggerDocument(public_url=public_url).answer)))
    return Router(routes=routes, redirect_slashes=False, default=_unknown_path)


class _Resource:
    """All operations of one path; an ASGI application."""

    def __init__(
        self,
        operations: Mapping[str, Operation],
        door: Door,
        services: Services,
        limits: Limits,
        public_url: str | None,
    ) -> None:
        self._operations = operations
        self._door = door
        self._services = services
        self._limits = limits
        self._public_url = public_url
        self._allowed = ", ".join(sorted(operations))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await _answer(request, self._handle(request))
        await response(scope, receive, send)

    async def _handle(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._operations.get(method)
        if operation is None:
            raise MethodNotAllowed(request.method, self._allowed)
        access = await self._door.open(
            parse_basic(request.headers.get("authorization")),
            address=request.client.host if request.client else "",
        )
        if operation.handler is None:
            raise NotYet(operation.id, operation.why)
        if operation.login_only and access.credential.kind is not CredentialKind.LOGIN:
            raise NotPermitted(
                f"{operation.id} wants the account's own login and password, not an API credential"
            )
        query = Query(request.query_params.multi_items())
        check_parameters(query, takes=operation.takes, refuses=operation.refuses)
        exchange = Exchange(
            operation_id=operation.id,
            request=request,
            account=access.account,
            query=query,
            fields=parse_fields(query.text("fields")),
            services=self._services,
            limits=self._limits,
            base="{}://{}{}".format(*address_of(request, self._public_url)),
        )
        return await operation.handler(exchange)


class _Open:
    """What anybody may GET without a credential; an ASGI application."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await _answer(request, self._handle(request))
        await response(scope, receive, send)

    async def _handle(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(request.method, "GET")
        return self._answer(request)


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    request = Request(scope, receive)
    response = error_response(UnknownPath(scope["path"]), request_id=_request_id(request))
    await response(scope, receive, send)


async def _answer(request: Request, handling: Awaitable[Response]) -> Response:
    """Return the response, or the error in the vendor's shape."""
    request_id = _request_id(request)
    try:
        return await handling
    except (RingcastError, RequestRefused) as error:
        response = error_response(error, request_id=request_id)
        if response.status_code >= 500 and not isinstance(error, NotYet):
            log.warning(
                "request refused by a fault", extra={"request_id": request_id}, exc_info=error
            )
        return response
    except Exception as error:  # the top of a request: nothing may leave but the vendor's shape
        log.exception("request failed", extra={"request_id": request_id})
        return error_response(error, request_id=request_id)


def _request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", "-"))


def _pattern(path: str) -> str:
    """Return the path as the router has it: ids are digits, so that words never look like one."""
    return re.sub(r"\{(id|contactId)\}", r"{\1:int}", path)


def _specificity(path: str) -> list[tuple[bool, str]]:
    """Order paths so that a fixed segment, or one with a suffix, comes before a variable one."""
    return [
        (segment.startswith("{") and segment.endswith("}"), segment) for segment in path.split("/")
    ]
