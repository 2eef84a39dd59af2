"""From HTTP to a handler: path, method, credential, properties; and errors back."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ringcast.apis.bandwidth_v1.errors import (
    Refused,
    error_response,
    not_available,
    not_found,
)
from ringcast.apis.bandwidth_v1.exchange import Exchange, Services
from ringcast.apis.bandwidth_v1.fields import Fields, read_fields
from ringcast.apis.bandwidth_v1.identities import Ids
from ringcast.apis.bandwidth_v1.routes import OPERATIONS, Operation
from ringcast.apis.bandwidth_v1.times import epoch_ms
from ringcast.domain.accounts import Access
from ringcast.domain.errors import LimitReached, RingcastError, Unauthenticated
from ringcast.web.bodies import read_body
from ringcast.web.credentials import parse_basic
from ringcast.web.errors import RequestRefused
from ringcast.web.rates import Rates, source_of

__all__ = ["PREFIX", "bandwidth_v1"]

log = logging.getLogger(__name__)

PREFIX: Final = "/v1"
"""Where the vendor answers."""

_BODY: Final = 64 * 1024  # bytes
_FAILURES_AT_ONCE: Final = 60.0
_FAILURES_PER_SECOND: Final = 1.0
_MOST_KNOWN: Final = 10_000


def bandwidth_v1(
    services: Services,
    *,
    requests_per_second: float | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> ASGIApp:
    """Return the application to mount at the prefix."""
    door = _Door(services, requests_per_second, monotonic)
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    routes = []
    for path in by_path:
        resource = _Resource(by_path[path], door, services)
        routes += [Route(path, resource), Route(f"{path}/", resource)]
    return Router(routes=routes, redirect_slashes=False, default=_Unknown(services))


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
        response = await _answer(request, self._services, self._handle(request))
        await response(scope, receive, send)

    async def _handle(self, request: Request) -> Response:
        access = await self._door.open(request)
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._operations.get(method)
        if operation is None:
            raise Refused(
                "bad-request", "validation-error", f"{request.method[:20]} is not possible here"
            )
        if operation.handler is None:
            raise not_available(operation.reason)
        exchange = Exchange(
            request=request,
            account=access.account,
            ids=Ids(self._services.public_ids),
            fields=await _fields(request, operation),
            services=self._services,
        )
        return await operation.handler(exchange)


async def _fields(request: Request, operation: Operation) -> Fields:
    if operation.method == "POST":
        body = await read_body(request, limit=_BODY)
        fields = read_fields(body, resource=operation.resource)
    else:
        fields = Fields(dict(request.query_params.multi_items()), resource="query")
    fields.check(operation.takes, refused=operation.refuses)
    return fields


class _Door:
    """Lets in who has a credential for the user in the path, and holds up who comes too often."""

    def __init__(
        self, services: Services, per_second: float | None, monotonic: Callable[[], float]
    ) -> None:
        self._services = services
        self._own: set[tuple[int, str]] = set()
        """Accounts and identifiers that are theirs, as asked before; they never change hands."""
        self._failures = Rates(
            per_second=_FAILURES_PER_SECOND, burst=_FAILURES_AT_ONCE, monotonic=monotonic
        )
        self._requests: Rates | None = None
        if per_second is not None:
            self._requests = Rates(
                per_second=per_second, burst=max(1.0, per_second), monotonic=monotonic
            )

    async def open(self, request: Request) -> Access:
        """Return what the request's credential opens.

        Raises Unauthenticated, LimitReached, and Refused for another user's resources.
        """
        try:
            access = await self._access(request)
        except Unauthenticated:
            source = source_of(request.client.host if request.client else "")
            _limit(self._failures.take(source))
            raise
        if self._requests is not None:
            _limit(self._requests.take(access.credential.id))
        user = request.path_params.get("user")
        if user is not None and not await self._is_own(access, user):
            raise Refused(
                "authorization", "user-access-denied", f"Access denied for user {user[:64]}"
            )
        return access

    async def _access(self, request: Request) -> Access:
        credentials = parse_basic(request.headers.get("authorization"))
        if credentials is None:
            raise Unauthenticated("Send the API token and the API secret with HTTP Basic")
        return await self._services.authenticate(credentials.identifier, credentials.secret)

    async def _is_own(self, access: Access, user: str) -> bool:
        known = (access.account.id, user)
        if known in self._own:
            return True
        if not await self._services.owns_identifier(access.account.id, user):
            return False
        if len(self._own) >= _MOST_KNOWN:
            self._own.clear()
        self._own.add(known)
        return True


class _Unknown:
    """Answers what no path is for."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = await _answer(request, self._services, self._refuse(scope["path"]))
        await response(scope, receive, send)

    async def _refuse(self, path: str) -> Response:
        raise not_found("resource", path)


def _limit(wait: float) -> None:
    if wait > 0:
        raise LimitReached("Too many requests", retry_after=timedelta(seconds=wait))


async def _answer(request: Request, services: Services, handling: Awaitable[Response]) -> Response:
    request_id = str(request.scope.get("state", {}).get("request_id", "-"))
    now_ms = epoch_ms(services.clock.now())
    try:
        return await handling
    except (RingcastError, RequestRefused) as error:
        response = error_response(error, request, now_ms=now_ms, request_id=request_id)
        if response.status_code >= 500:
            log.warning(
                "request refused by a fault", extra={"request_id": request_id}, exc_info=error
            )
        return response
    except Exception as error:  # the top of a request: nothing may leave but the vendor's shape
        log.exception("request failed", extra={"request_id": request_id})
        return error_response(error, request, now_ms=now_ms, request_id=request_id)
