"""Fetching what clients name by URL, without being led into the inner network."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urljoin

import aiohttp

from ringcast.domain.errors import InvalidInput
from ringcast.integrations.inner_addresses import ForbiddenAddress, GuardedResolver, check_url

__all__ = ["FetchFailed", "HttpFetcher"]

_CHUNK = 65536


class FetchFailed(InvalidInput):
    """The URL gave nothing that can be used."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} could not be fetched: {reason}")
        self.url, self.reason = url, reason


class HttpFetcher:
    """Fetch http: and https: URLs with limits on time, size and redirects.

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
        self._allow_private = allow_private
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds(), sock_connect=5)
        self._max_redirects = max_redirects

    async def get(self, url: str, *, max_bytes: int) -> bytes:
        """Return the body of the URL; raise FetchFailed for anything but a 200 within limits."""
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(allow_private=self._allow_private), use_dns_cache=False
        )
        try:
            async with aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, auto_decompress=False
            ) as session:
                return await self._follow(session, url, max_bytes)
        except ForbiddenAddress as error:
            raise FetchFailed(url, str(error)) from error
        except aiohttp.ClientConnectorError as error:
            raise FetchFailed(url, str(error.os_error)) from error
        except TimeoutError as error:
            raise FetchFailed(url, f"no answer within {self._timeout.total:g} s") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise FetchFailed(url, str(error) or type(error).__name__) from error

    async def _follow(self, session: aiohttp.ClientSession, url: str, max_bytes: int) -> bytes:
        target = url
        for _ in range(self._max_redirects + 1):
            self._check(url, target)
            async with session.get(target, allow_redirects=False) as response:
                if response.status in (301, 302, 303, 307, 308):
                    target = urljoin(target, response.headers.get("Location", ""))
                    continue
                if response.status != 200:
                    raise FetchFailed(url, f"it answered {response.status}")
                body = bytearray()
                async for chunk in response.content.iter_chunked(_CHUNK):
                    body += chunk
                    if len(body) > max_bytes:
                        raise FetchFailed(url, f"it has more than {max_bytes:,} bytes")
                return bytes(body)
        raise FetchFailed(url, f"it redirects more than {self._max_redirects} times")

    def _check(self, url: str, target: str) -> None:
        try:
            check_url(target, allow_private=self._allow_private)
        except ValueError as error:
            raise FetchFailed(url, f"only {error} are fetched") from error
