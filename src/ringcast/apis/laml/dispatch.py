"""From HTTP to a handler: path, method, credential, parameters; and errors back."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ringcast.apis.laml.errors import Refused, error_response, not_available, not_found
from ringcast.apis.laml.exchange import Exchange, Services
from ringcast.apis.laml.identities import Kind, Sids, family_of
from ringcast.apis.laml.parameters import Parameters, parse_form
from ringcast.apis.laml.routes import OPERATIONS, Operation
from ringcast.domain.accounts import Access
from ringcast.domain.errors import LimitReached, RingcastError, Unauthenticated
from ringcast.web.bodies import read_body
from ringcast.web.credentials import parse_basic
from ringcast.web.errors import RequestRefused
from ringcast.web.rates import Rates, source_of

__all__ = ["PREFIXES", "laml"]

log = logging.getLogger(__name__)

PREFIXES = ("/api/laml/2010-04-01", "/2010-04-01")
"""Where the vendors answer; SignalWire's libraries use the second one."""

_BODY = 256 * 1024  # bytes of a form: a document of 64 kB, encoded
_FAILURES_AT_ONCE = 60.0
_FAILURES_PER_SECOND = 1.0


def laml(
    services: Services,
    *,
    requests_per_second: float | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> ASGIApp:
    """Return the application to mount at each of the prefixes."""
    door = _Door(services, requests_per_second, monotonic)
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    routes = []
    for path in sorted(by_path, key=lambda one: ("{" in one.rsplit("/", 1)[-1], one)):
        resource = _Resource(by_path[path], door, services)
        routes += [Route(f"{path}.json", resource), Route(path, resource)]
    return Router(routes=routes, redirect_slashes=False, default=_unknown_path)


class _Resource:
    """All operations of one path; an ASGI application."""

    def __init__(
        self, operations: Mapping[str, Operation], door: _Door, services: Services
    ) -> None:
        self._operations = operations
        self._door = door
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await _answer(request, self._handle(request))
        if request.headers.get("connection", "").lower() == "close":
            response.headers["Connection"] = "close"  # SignalWire's Node client waits for it
        await response(scope, receive, send)

    async def _handle(self, request: Request) -> Response:
        access = await self._door.open(request)
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._operations.get(method)
        if operation is None:
            raise Refused(20004, f"{request.method[:20]} is not possible here", status=405)
        named = request.path_params.get("account", "")
        identifier = access.credential.identifier
        sids = Sids(self._services.public_ids, family_of(named or identifier))
        if named and sids.number(Kind.ACCOUNT, named) != access.account.id:
            raise not_found(request.url.path[:200])
        if operation.handler is None:
            raise not_available(operation.reason or operation.name)
        query = Parameters(request.query_params.multi_items())
        form = query if method == "GET" else parse_form(await read_body(request, limit=_BODY))
        form.check(operation.takes, refused=operation.refuses)
        exchange = Exchange(
            request=request,
            account=access.account,
            sids=sids,
            parameters=form,
            services=self._services,
            base=_base(request),
        )
        return await operation.handler(exchange)


class _Door:
    """Lets in who has a credential, and holds up who comes too often."""

    def __init__(
        self, services: Services, per_second: float | None, monotonic: Callable[[], float]
    ) -> None:
        self._services = services
        self._failures = Rates(
            per_second=_FAILURES_PER_SECOND, burst=_FAILURES_AT_ONCE, monotonic=monotonic
        )
        self._requests: Rates | None = None
        if per_second is not None:
            self._requests = Rates(
                per_second=per_second, burst=max(1.0, per_second), monotonic=monotonic
            )

    async def open(self, request: Request) -> Access:
        """Return what the request's credential opens; raise Unauthenticated or LimitReached."""
        try:
            access = await self._access(request)
        except Unauthenticated:
            source = source_of(request.client.host if request.client else "")
            _limit(self._failures.take(source))
            raise
        if self._requests is not None:
            _limit(self._requests.take(access.credential.id))
        return access

    async def _access(self, request: Request) -> Access:
        credentials = parse_basic(request.headers.get("authorization"))
        if credentials is None:
            raise Unauthenticated("Authenticate: send AccountSid and AuthToken with HTTP Basic")
        return await self._services.authenticate(credentials.identifier, credentials.secret)


def _limit(wait: float) -> None:
    if wait > 0:
        raise LimitReached("Too many requests", retry_after=timedelta(seconds=wait))


def _base(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return re.sub(r"/+$", "", root)


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    request = Request(scope, receive)
    response = error_response(not_found(scope["path"][:200]), request_id=_request_id(request))
    await response(scope, receive, send)


async def _answer(request: Request, handling: Awaitable[Response]) -> Response:
    request_id = _request_id(request)
    try:
        return await handling
    except (RingcastError, RequestRefused) as error:
        response = error_response(error, request_id=request_id)
        if response.status_code >= 500:
            log.warning(
                "request refused by a fault", extra={"request_id": request_id}, exc_info=error
            )
        return response
    except Exception as error:  # the top of a request: nothing may leave but the vendors' shape
        log.exception("request failed", extra={"request_id": request_id})
        return error_response(error, request_id=request_id)


def _request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", "-"))
