"""Host names to addresses, with a limit in time and a short memory."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

_REMEMBERED_SECONDS = 30.0
_MOST_REMEMBERED = 4096


class NameNotFound(OSError):
    """A host name has no address of our family, or nobody told us in time."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"no address for {host}: {why}")
        self.host = host


class Names:
    """Looks up addresses for one address family."""

    def __init__(self, family: socket.AddressFamily, *, timeout: float) -> None:
        """Begin empty; `timeout` in seconds limits each look-up."""
        self._family = family
        self._timeout = timeout
        self._known: dict[str, tuple[str, float]] = {}

    def known(self, host: str, *, now: float) -> str | None:
        """Return the address of a host if no look-up is needed, else None."""
        entry = self._known.get(host)
        if entry is not None and entry[1] > now:
            return entry[0]
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return None
        self._remember(host, host, until=float("inf"))
        return host

    def names_of(self, address: str) -> list[str]:
        """Return every name and address under which an address has been looked up."""
        return [name for name, (known, _) in self._known.items() if known == address]

    async def look_up(self, host: str) -> str:
        """Return the address of a host; raises NameNotFound."""
        loop = asyncio.get_running_loop()
        known = self.known(host, now=loop.time())
        if known is not None:
            return known
        try:
            async with asyncio.timeout(self._timeout):
                found = await loop.getaddrinfo(
                    host, None, family=self._family, type=socket.SOCK_DGRAM
                )
        except TimeoutError as exc:
            raise NameNotFound(host, f"no answer in {self._timeout:g} s") from exc
        except (OSError, UnicodeError) as exc:
            raise NameNotFound(host, str(exc)) from exc
        if not found:
            raise NameNotFound(host, "the name has none of this kind")
        address = str(found[0][4][0])
        self._remember(host, address, until=loop.time() + _REMEMBERED_SECONDS)
        return address

    def _remember(self, host: str, address: str, *, until: float) -> None:
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[host] = (address, until)
