"""Under which address far ends reach us: that listened on, that of a NAT, or it depends."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ringcast.protocols.sip.transactions import TLS, Destination
from ringcast.protocols.sip.uri import format_host_port

_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
# Connecting a UDP socket sends nothing: it only asks the routing table (RFC 5737, RFC 3849).
_SOMEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
_MOST_REMEMBERED = 4096


class OurAddresses:
    """What goes into Via and Contact."""

    def __init__(self, *, listen: str, advertise: str | tuple[str, int] | None) -> None:
        """`listen` is the host listened on, `advertise` what far ends shall use in its place."""
        self.family = socket.AF_INET6 if ":" in listen else socket.AF_INET
        self.port = 0
        """The port of UDP and TCP, once it is known."""
        self.tls_port: int | None = None
        """The port of TLS, if that is listened for."""
        self._advertised_port: int | None = None
        self._fixed: str | None = listen if listen not in _WILDCARDS else None
        if isinstance(advertise, tuple):
            self._fixed, self._advertised_port = advertise
        elif advertise is not None:
            self._fixed = advertise
        self._towards: dict[str, str] = {}

    def sent_by(self, destination: Destination, resolve: Callable[[str], str | None]) -> str:
        """Return our host:port for what is sent to a destination.

        `resolve` gives the address of a name if it is known already.
        """
        port = self._advertised_port or self.port
        if destination.transport == TLS and self.tls_port is not None:
            port = self.tls_port
        if self._fixed is not None:
            return format_host_port(self._fixed, port)
        target = resolve(destination.host) or _SOMEWHERE[self.family]
        if target not in self._towards:
            if len(self._towards) > _MOST_REMEMBERED:
                self._towards.clear()
            self._towards[target] = self._host_towards(target)
        return format_host_port(self._towards[target], port)

    def _host_towards(self, address: str) -> str:
        """Return which of our addresses the routing table chooses for a far one."""
        with socket.socket(self.family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((address, 9))
            except OSError:  # no route: whatever is said, nothing will get there
                return "127.0.0.1" if self.family == socket.AF_INET else "::1"
            return str(probe.getsockname()[0])
