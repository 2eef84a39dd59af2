"""Fetching what clients name by URL, without being led into the inner network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from ringcast.domain.errors import InvalidInput

__all__ = ["FetchFailed", "HttpFetcher"]

_CHUNK = 65536


class FetchFailed(InvalidInput):
    """The URL gave nothing that can be used."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} could not be fetched: {reason}")
        self.url, self.reason = url, reason


class _ForbiddenAddress(OSError):
    """The name stands for an address inside the operator's network."""


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
            resolver=_GuardedResolver(allow_private=self._allow_private), use_dns_cache=False
        )
        try:
            async with aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, auto_decompress=False
            ) as session:
                return await self._follow(session, url, max_bytes)
        except _ForbiddenAddress as error:
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
        parts = urlsplit(target)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise FetchFailed(url, "only http: and https: URLs are fetched")
        # aiohttp does not ask the resolver about literal addresses.
        try:
            address = ipaddress.ip_address(parts.hostname)
        except ValueError:
            return
        if not self._allow_private:
            _refuse_inner(address)


class _GuardedResolver(AbstractResolver):
    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family
        )
        results = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, proto, _, address in found
        ]
        if not self._allow_private:
            _refuse_all_inner(results)
        return results

    async def close(self) -> None:
        """Nothing is held."""


def _refuse_all_inner(results: Sequence[ResolveResult]) -> None:
    for result in results:
        _refuse_inner(ipaddress.ip_address(result["host"].partition("%")[0]))


def _refuse_inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    if not (mapped or address).is_global or (mapped or address).is_multicast:
        raise _ForbiddenAddress(
            f"{address} is an inner address; start with --allow-private-urls to allow those"
        )
