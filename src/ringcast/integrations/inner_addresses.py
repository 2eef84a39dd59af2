"""Keeping URLs that clients name from leading into the operator's own network.

The check is made on the address that is connected to, after DNS, so that no second look-up can slip
another one in.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["ForbiddenAddress", "GuardedResolver", "check_url"]


class ForbiddenAddress(OSError):
    """The name stands for an address inside the operator's network."""


class GuardedResolver(AbstractResolver):
    """Looks names up; unless `allow_private` is set, a name of an inner address has none at all."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host; raise ForbiddenAddress if one of them is inside."""
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


def check_url(url: str, *, allow_private: bool) -> None:
    """Check what needs no look-up: aiohttp does not ask the resolver about literal addresses.

    Raises ValueError unless it is an http: or https: URL with a host, ForbiddenAddress if the host
    is an inner address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("http: and https: URLs")
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return
    if not allow_private:
        _refuse_inner(address)


def _refuse_all_inner(results: Sequence[ResolveResult]) -> None:
    for result in results:
        _refuse_inner(ipaddress.ip_address(result["host"].partition("%")[0]))


def _refuse_inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    if not (mapped or address).is_global or (mapped or address).is_multicast:
        raise ForbiddenAddress(
            f"{address} is an inner address; start with --allow-private-urls to allow those"
        )
