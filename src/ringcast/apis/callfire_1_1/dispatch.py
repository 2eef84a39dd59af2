"""From HTTP to an operation: path, credential, and the documents that anybody may read."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ringcast.apis.callfire_1_1 import wsdl
from ringcast.apis.callfire_1_1.errors import NotYet, UnknownPath
from ringcast.apis.callfire_1_1.exchange import Exchange, Limits
from ringcast.apis.callfire_1_1.given import Given
from ringcast.apis.callfire_1_1.messages import Version
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations import SERVICES
from ringcast.apis.callfire_1_1.rest import answer_rest, error_response
from ringcast.apis.callfire_1_1.results import Result
from ringcast.apis.callfire_1_1.services import Services
from ringcast.apis.callfire_1_1.soap import answer_soap, fault_response
from ringcast.domain.accounts import Account
from ringcast.domain.errors import LimitReached, Unauthenticated
from ringcast.services.door import Door
from ringcast.web.credentials import parse_basic

__all__ = ["callfire_1_1"]

_HOST = re.compile(r"[A-Za-z0-9.\-_\[\]:]{1,255}")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="api", charset="UTF-8"'}


def callfire_1_1(
    services: Services,
    *,
    limits: Limits | None = None,
    public_url: str | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> ASGIApp:
    """Return the application to mount at `/api/1.1`.

    `public_url` is the address clients reach the server at, for the WSDL and for links; without it
    they name the address in the request's Host.
    """
    return Router(default=_Dialect(services, limits or Limits(), public_url, monotonic))


class _Dialect:
    """All of it; an ASGI application."""

    def __init__(
        self,
        services: Services,
        limits: Limits,
        public_url: str | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._services = services
        self._limits = limits
        self._public_url = public_url
        self._door = Door(
            services.authenticate,
            failures_at_once=limits.failures_at_once,
            failures_per_second=limits.failures_per_second,
            requests_per_second=limits.requests_per_second,
            monotonic=monotonic,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = await self._answer(request, _path_below(scope))
        await response(scope, receive, send)

    async def _answer(self, request: Request, path: str) -> Response:
        kind, _, rest = path.lstrip("/").partition("/")
        if kind == "wsdl":
            return self._document(request, rest.strip("/"))
        if kind == "soap12" and rest.strip("/") in SERVICES:
            return await self._soap(request, rest.strip("/"))
        if kind == "rest":
            return await self._rest(request, rest)
        unknown = UnknownPath(request.scope["path"])
        return error_response(unknown, is_json=False, request_id=_request_id(request))

    def _document(self, request: Request, name: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("use GET\n", status_code=405, headers={"Allow": "GET, HEAD"})
        document = wsdl.document(name, base=self._base(request))
        if document is None:
            return PlainTextResponse("there is no such file\n", status_code=404)
        return Response(document, headers={"Content-Type": "text/xml; charset=utf-8"})

    async def _soap(self, request: Request, service: str) -> Response:
        if request.method in ("GET", "HEAD") and "wsdl" in request.url.query.lower():
            return self._document(request, wsdl.BINDING_FILE)
        if request.method != "POST":
            return PlainTextResponse("use POST\n", status_code=405, headers={"Allow": "POST"})
        request_id = _request_id(request)
        try:
            account = await self._account(request)
        except (Unauthenticated, LimitReached) as error:
            content_type = request.headers.get("content-type", "")
            version = Version.V11 if content_type.startswith("text/xml") else Version.V12
            response = fault_response(version, error, request_id=request_id)
            if isinstance(error, Unauthenticated):
                response.status_code = 401
                response.headers.update(_CHALLENGE)
            return response
        return await answer_soap(
            request,
            service,
            self._performer(request, account),
            limit=self._limits.body_bytes,
            request_id=request_id,
        )

    async def _rest(self, request: Request, path: str) -> Response:
        request_id = _request_id(request)
        try:
            account = await self._account(request)
        except (Unauthenticated, LimitReached) as error:
            is_json = path.endswith(".json")
            return error_response(error, is_json=is_json, request_id=request_id)
        return await answer_rest(
            request,
            path,
            self._performer(request, account),
            limit=self._limits.body_bytes,
            root=f"{self._base(request)}/rest",
            request_id=request_id,
        )

    async def _account(self, request: Request) -> Account:
        credentials = parse_basic(request.headers.get("authorization"))
        address = request.client.host if request.client else ""
        return (await self._door.open(credentials, address=address)).account

    def _performer(
        self, request: Request, account: Account
    ) -> Callable[[Operation, Given], Awaitable[Result]]:
        async def perform(operation: Operation, given: Given) -> Result:
            if operation.handler is None:
                raise NotYet(operation.name, operation.why)
            exchange = Exchange(
                operation=operation.name,
                account=account,
                given=given,
                services=self._services,
                limits=self._limits,
                root=f"{self._base(request)}/rest",
            )
            return await operation.handler(exchange)

        return perform

    def _base(self, request: Request) -> str:
        """Return the address of this dialect as the client sees it."""
        prefix = request.scope.get("root_path", "")
        if self._public_url is not None:
            return f"{self._public_url.rstrip('/')}{prefix}"
        host = request.headers.get("host", "")
        if not _HOST.fullmatch(host):
            host = "localhost"
        return f"{request.url.scheme}://{host}{prefix}"


def _path_below(scope: Scope) -> str:
    """Return the path below where the dialect is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", "-"))
