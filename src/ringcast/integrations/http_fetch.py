"""Fetching what clients name by URL, without being led into the inner network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import aiohttp
from multidict import CIMultiDict

import ringcast
from ringcast.domain.errors import InvalidInput
from ringcast.integrations.exact_urls import as_written
from ringcast.integrations.inner_addresses import ForbiddenAddress, GuardedResolver, check_url
from ringcast.ports.web import NoAnswer, WebAnswer, WebRequest

__all__ = ["FetchFailed", "HttpFetcher"]

_CHUNK = 65536
_REDIRECTS = (301, 302, 303, 307, 308)
_SECRET = ("authorization", "cookie")
"""Headers that are for one origin only."""
_AGENT = f"Ringcast/{ringcast.__version__}"


class FetchFailed(InvalidInput):
    """The URL gave nothing that can be used."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} could not be fetched: {reason}")
        self.url, self.reason = url, reason


class HttpFetcher:
    """Fetch http: and https: URLs with limits on time, size and redirects (`ports.web.WebClient`).

    Unless `allow_private` is set, a name or address that leads to a private, loopback, link-local
    or otherwise special network is refused. The check is made on the address that is connected to,
    after DNS and again on every redirect, so that no second look-up can slip another one in.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeout: timedelta = timedelta(seconds=20),
        max_redirects: int = 5,
    ) -> None:
        """`timeout` is for `get`; a request has its own."""
        self._allow_private = allow_private
        self._timeout = timeout
        self._max_redirects = max_redirects

    async def get(self, url: str, *, max_bytes: int) -> bytes:
        """Return the body of the URL; raise FetchFailed for anything but a 200 within limits."""
        request = WebRequest(url=url, timeout=self._timeout, max_bytes=max_bytes)
        try:
            answer = await self.request(request)
        except NoAnswer as error:
            raise FetchFailed(url, error.reason) from error
        if answer.status != 200:
            raise FetchFailed(url, f"it answered {answer.status}")
        return answer.body

    async def request(self, request: WebRequest) -> WebAnswer:
        """Return the answer, whatever its status; raise NoAnswer if there is none within limits."""
        url = request.url
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(allow_private=self._allow_private), use_dns_cache=False
        )
        limits = aiohttp.ClientTimeout(
            total=request.timeout.total_seconds(),
            sock_connect=request.connect_timeout.total_seconds(),
        )
        try:
            async with aiohttp.ClientSession(
                connector=connector,
                timeout=limits,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _AGENT},
            ) as session:
                return await self._follow(session, request)
        except ForbiddenAddress as error:
            raise NoAnswer(url, str(error)) from error
        except aiohttp.ClientConnectorError as error:
            raise NoAnswer(url, str(error.os_error)) from error
        except TimeoutError as error:
            raise NoAnswer(url, f"no answer within {limits.total:g} s") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise NoAnswer(url, str(error) or type(error).__name__) from error

    async def _follow(self, session: aiohttp.ClientSession, request: WebRequest) -> WebAnswer:
        target, method = request.url, request.method.upper()
        parameters, headers = request.parameters, request.headers
        for _ in range(self._max_redirects + 1):
            self._check(request.url, target)
            is_form = method == "POST"
            async with session.request(
                method,
                as_written(
                    target if is_form or not parameters else _with_query(target, parameters)
                ),
                data=urlencode(parameters) if is_form else None,
                headers=_as_sent(headers, is_form=is_form),
                allow_redirects=False,
            ) as response:
                if response.status in _REDIRECTS and "Location" in response.headers:
                    before, target = target, urljoin(target, response.headers["Location"])
                    if response.status == 303 or (response.status in (301, 302) and is_form):
                        method = "GET"  # RFC 9110 15.4: as all clients do
                        parameters = ()
                    elif not is_form:
                        parameters = ()  # they are in the query of where it led to, if wanted
                    if _origin(before) != _origin(target):
                        headers = tuple(h for h in headers if h[0].lower() not in _SECRET)
                    continue
                return WebAnswer(
                    status=response.status,
                    headers=tuple(response.headers.items()),
                    body=await _body(response, request),
                    url=target,
                )
        raise NoAnswer(request.url, f"it redirects more than {self._max_redirects} times")

    def _check(self, url: str, target: str) -> None:
        try:
            check_url(target, allow_private=self._allow_private)
        except ForbiddenAddress:
            raise
        except ValueError as error:
            raise NoAnswer(url, f"only {error} are fetched") from error


async def _body(response: aiohttp.ClientResponse, request: WebRequest) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > request.max_bytes:
            raise NoAnswer(
                request.url, f"it has more than {request.max_bytes:,} bytes", is_too_long=True
            )
    return bytes(body)


def _with_query(url: str, parameters: Sequence[tuple[str, str]]) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
    return urlunsplit(parts._replace(query=query))


def _as_sent(headers: Sequence[tuple[str, str]], *, is_form: bool) -> CIMultiDict[str]:
    sent = CIMultiDict(headers)
    if is_form:
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    sent.setdefault("Accept-Encoding", "identity")  # bytes are counted as they come
    return sent


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]
