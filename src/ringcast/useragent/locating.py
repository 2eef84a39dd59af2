"""Finding the servers of a SIP domain in the DNS (RFC 3263), with a memory."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from ringcast.protocols.sip.locating import Pointer, Server, in_order, service_name, services
from ringcast.protocols.sip.transaction_layer import default_port
from ringcast.protocols.sip.transactions import TCP, TLS, UDP, Destination

log = logging.getLogger(__name__)

_REMEMBERED_SECONDS = 60.0
_PREFERENCE = (UDP, TCP, TLS)


class Dns(Protocol):
    """Looks records up; an empty list says that there are none, OSError that nobody answers."""

    async def pointers(self, name: str) -> Sequence[Pointer]:
        """Return the NAPTR records of a name."""

    async def servers(self, name: str) -> Sequence[Server]:
        """Return the SRV records of a name."""


class SystemDns:
    """The name servers of the machine, asked by dnspython."""

    def __init__(self, *, timeout: float = 2.0, nameserver: tuple[str, int] | None = None) -> None:
        """`timeout` in seconds limits each look-up; `nameserver` is asked in place of them.

        Raises OSError if the machine knows no name server.
        """
        # Loaded only where a domain has to be located: it is slow to import.
        import dns.asyncresolver
        import dns.exception
        import dns.resolver

        self._error = dns.exception.DNSException
        self._nothing = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=nameserver is None)
        except dns.exception.DNSException as exc:  # the machine has none
            raise OSError(f"no name server: {exc}") from exc
        if nameserver is not None:
            self._resolver.nameservers = [nameserver[0]]
            self._resolver.port = nameserver[1]
        self._timeout = timeout

    async def pointers(self, name: str) -> Sequence[Pointer]:
        """Return the NAPTR records of a name."""
        return [
            Pointer(
                record.order,
                record.preference,
                record.flags.decode("ascii", "replace"),
                record.service.decode("ascii", "replace"),
                record.replacement.to_text(omit_final_dot=True),
            )
            for record in await self._look_up(name, "NAPTR")
        ]

    async def servers(self, name: str) -> Sequence[Server]:
        """Return the SRV records of a name."""
        return [
            Server(
                record.priority,
                record.weight,
                record.port,
                record.target.to_text(omit_final_dot=True),
            )
            for record in await self._look_up(name, "SRV")
        ]

    async def _look_up(self, name: str, kind: str) -> list:  # type: ignore[type-arg] # dnspython's
        try:
            return list(await self._resolver.resolve(name, kind, lifetime=self._timeout))
        except self._nothing:
            return []
        except self._error as exc:
            raise OSError(f"no {kind} records of {name}: {exc}") from exc


class Locator:
    """The servers of one domain, as the DNS has them at present."""

    def __init__(
        self,
        domain: str,
        *,
        transport: str | None,
        transports: Collection[str],
        make_dns: Callable[[], Dns] = SystemDns,
        chance: Callable[[int], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`transport` is the one that must be used, None leaves that to the domain."""
        self._domain = domain
        self._transport = transport
        self._transports = [name for name in _PREFERENCE if name in transports]
        self._make_dns = make_dns
        self._dns: Dns | None = None
        # Which server of equals is tried first is no secret.
        self._chance = chance or (lambda most: random.randint(0, most))  # noqa: S311
        self._clock = clock
        self._found: list[tuple[str, list[Server]]] = []
        self._known_until = 0.0
        self._look_up: asyncio.Task[None] | None = None

    async def servers(self) -> list[Destination]:
        """Return where to send, in the order to try; the domain itself if it lists no servers.

        What is known is good for a minute; then it is looked up again, while it goes on being good:
        only the first call ever waits for the DNS.
        """
        if self._clock() >= self._known_until:
            if self._look_up is None:
                self._look_up = asyncio.ensure_future(self._refresh())
            if not self._known_until:
                await asyncio.shield(self._look_up)
        return [
            Destination(transport, server.host, server.port)
            for transport, servers in self._found
            for server in in_order(servers, self._chance)
        ] or [self._by_name()]

    def _by_name(self) -> Destination:
        transport = self._transport or self._transports[0]
        return Destination(transport, self._domain, default_port(transport))

    async def _refresh(self) -> None:
        try:
            found = await self._ask()
        except OSError as exc:
            log.warning("servers not looked up", extra={"domain": self._domain, "why": str(exc)})
        else:
            self._found = found
        finally:
            self._known_until = self._clock() + _REMEMBERED_SECONDS
            self._look_up = None

    async def _ask(self) -> list[tuple[str, list[Server]]]:
        if self._dns is None:
            self._dns = self._make_dns()
        dns = self._dns
        if self._transport is not None:  # 4.1: it was said, so that no NAPTR is needed
            lists = [(self._transport, service_name(self._transport, self._domain))]
        else:
            lists = services(await dns.pointers(self._domain), transports=self._transports) or [
                (transport, service_name(transport, self._domain)) for transport in self._transports
            ]
        found = await asyncio.gather(*(dns.servers(name) for _, name in lists))
        return [
            (transport, list(servers))
            for (transport, _), servers in zip(lists, found, strict=True)
            if servers
        ]
