"""One UDP socket that reports which peers cannot be reached."""

from __future__ import annotations

import asyncio
import errno
import select
import socket
import struct
from collections.abc import Callable

# Linux numbers that the socket module does not name (linux/in.h, linux/in6.h, linux/errqueue.h).
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_SOCK_EXTENDED_ERR = struct.Struct("=IBBBBII")

# 18.4: unreachable is an error; "too big" and "time exceeded" are not for the transaction user.
_UNREACHABLE = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENOPROTOOPT}
)
_MOST_PER_WAKE_UP = 128
_MAX_DATAGRAM = 65_535
_BUFFER_BYTES = 4 * 1024 * 1024

Address = tuple[str, int]


class UdpSocket:
    """Receives, sends in order, and hears ICMP errors through the socket's error queue.

    The socket sits in an epoll of its own: an event loop that sees an error on a watched
    descriptor stops watching it (libuv does), but not on an epoll that contains it.
    """

    def __init__(
        self,
        family: socket.AddressFamily,
        *,
        on_datagram: Callable[[bytes, Address], None],
        on_unreachable: Callable[[Address], None],
        on_idle: Callable[[], None],
    ) -> None:
        """Open the socket; `on_idle` is called after each batch of datagrams."""
        self._on_datagram = on_datagram
        self._on_unreachable = on_unreachable
        self._on_idle = on_idle
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        if family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)

    def bind(self, host: str, port: int) -> int:
        """Take a local address and return the port; raises OSError."""
        self._socket.bind((host, port))
        bound: int = self._socket.getsockname()[1]
        return bound

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to receive."""
        self._loop = loop
        self._epoll = select.epoll()
        self._epoll.register(self._socket.fileno(), select.EPOLLIN | select.EPOLLERR)
        loop.add_reader(self._epoll.fileno(), self._on_readable)

    def close(self) -> None:
        """Stop and close."""
        if self._epoll is not None and self._loop is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None
        self._socket.close()

    def send(self, data: bytes, address: Address) -> bool:
        """Send a datagram; False says that there is no way to the address.

        A full socket buffer loses the datagram, as any router on the way might.
        """
        for _ in range(3):
            try:
                self._socket.sendto(data, address)
            except BlockingIOError:
                return True
            except OSError as exc:
                # With an error queue, send reports what became of earlier datagrams, to anyone.
                if not self._read_error_queue():
                    return exc.errno not in _UNREACHABLE and exc.errno not in (
                        errno.EINVAL,
                        errno.EACCES,
                        errno.EPERM,
                    )
            else:
                return True
        return True

    def _on_readable(self) -> None:
        receive = self._socket.recvfrom
        for count in range(_MOST_PER_WAKE_UP):
            try:
                data, address = receive(_MAX_DATAGRAM)
            except BlockingIOError:
                if count == 0:  # woken, but not by a datagram
                    self._read_error_queue()
                break
            except OSError:
                self._read_error_queue()
            else:
                self._on_datagram(data, (address[0], address[1]))
        self._on_idle()

    def _read_error_queue(self) -> bool:
        """Report who is unreachable; return whether anything was queued."""
        found = False
        for _ in range(_MOST_PER_WAKE_UP):
            try:
                _, ancillary, _, address = self._socket.recvmsg(64, 512, socket.MSG_ERRQUEUE)
            except OSError:
                break
            found = True
            if address and any(
                kind in (_IP_RECVERR, _IPV6_RECVERR)
                and len(value) >= _SOCK_EXTENDED_ERR.size
                and _SOCK_EXTENDED_ERR.unpack_from(value)[0] in _UNREACHABLE
                for _, kind, value in ancillary
            ):
                self._on_unreachable((address[0], address[1]))
        return found
