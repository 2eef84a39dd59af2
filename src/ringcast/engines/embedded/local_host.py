"""Which of this machine's addresses a far end sees."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

__all__ = ["WILDCARDS", "local_host_towards"]

WILDCARDS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound to
_DISCARD: Final = 9
_SOMEWHERE: Final = "192.0.2.1"  # RFC 5737


def local_host_towards(address: str) -> str:
    """Return the IPv4 address that the routing table chooses for a far one.

    A name counts as somewhere outside: it is not looked up, which would block. Connecting a UDP
    socket sends nothing. Without a route it is the loopback address: whatever is said then,
    nothing gets there.
    """
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        address = _SOMEWHERE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, _DISCARD))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
