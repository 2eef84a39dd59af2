"""Which servers stand behind a SIP domain, and in which order to try them (RFC 3263, RFC 2782)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ringcast.protocols.sip.transactions import TCP, TLS, UDP

# RFC 3263 4.1, and how service names begin where there is no NAPTR to say it.
_SERVICES: Final[Mapping[str, str]] = {"SIP+D2U": UDP, "SIP+D2T": TCP, "SIPS+D2T": TLS}
_PREFIXES: Final[Mapping[str, str]] = {UDP: "_sip._udp.", TCP: "_sip._tcp.", TLS: "_sips._tcp."}


@dataclass(frozen=True, slots=True)
class Pointer:
    """A NAPTR record: which transport a domain offers, and where its servers are listed."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Server:
    """An SRV record: one server of a domain."""

    priority: int
    weight: int
    port: int
    host: str


def service_name(transport: str, domain: str) -> str:
    """Return the name under which a domain lists its servers for a transport."""
    return _PREFIXES[transport] + domain


def services(pointers: Iterable[Pointer], *, transports: Collection[str]) -> list[tuple[str, str]]:
    """Return transport and name of each list of servers that we can use, the preferred first.

    Only the lowest order that has any counts (RFC 3403 4.1, RFC 3263 4.1).
    """
    usable = [
        (pointer.order, pointer.preference, transport, pointer.replacement)
        for pointer in pointers
        if pointer.flags.lower() == "s"
        and (transport := _SERVICES.get(pointer.service.upper())) in transports
        and transport is not None
        and pointer.replacement.strip(".")
    ]
    usable.sort(key=lambda item: item[:2])
    return [(transport, name) for order, _, transport, name in usable if order == usable[0][0]]


def in_order(servers: Iterable[Server], chance: Callable[[int], int]) -> list[Server]:
    """Return the servers in the order to try them; `chance(n)` gives a number from 0 to n.

    The lowest priority first; among equals as likely to come first as their weight says
    (RFC 2782).
    """
    ordered: list[Server] = []
    # Those without weight stand first: they are chosen only if the number is 0.
    left = sorted(servers, key=lambda server: (server.priority, server.weight))
    while left:
        equals = [server for server in left if server.priority == left[0].priority]
        number = chance(sum(server.weight for server in equals))
        for server in equals:
            number -= server.weight
            if number <= 0:
                ordered.append(server)
                left.remove(server)
                break
    return [server for server in ordered if server.host.strip(".")]  # ".": no such service
