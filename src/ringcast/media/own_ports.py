"""A socket for each row, one system call a packet."""

from __future__ import annotations

import ctypes
import select
import socket
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ringcast.media.arrivals import BATCH, MESSAGE, Arrivals, Inbox
from ringcast.media.datagrams import BoundSockets, Outgoing

_libc = ctypes.CDLL(None, use_errno=True)
# No argtypes: prepared c_void_p objects and plain ints convert fastest without.
_sendmsg = _libc.sendmsg
_recvmsg = _libc.recvmsg


class OwnPorts:
    """A socket per row, read with epoll and recvmsg, one call a packet.

    The way for kernels without io_uring (`uring.RingPorts` does the same much cheaper).
    """

    #: Datagrams of one socket in one `receive`: a late tick catches up, a flood does not win.
    ROUNDS = 16

    def __init__(self, outgoing: Outgoing, *, host: str) -> None:
        self._outgoing = outgoing
        self._bound = BoundSockets(host)
        capacity = len(outgoing.messages)
        self._sockets: dict[int, socket.socket] = {}
        self._fds = [-1] * capacity
        self._row_of_fd: dict[int, int] = {}
        base = outgoing.messages.ctypes.data
        self._messages = [ctypes.c_void_p(base + MESSAGE.itemsize * i) for i in range(capacity)]
        self._inbox = Inbox()
        base = self._inbox.messages.ctypes.data
        self._slots = [ctypes.c_void_p(base + MESSAGE.itemsize * i) for i in range(BATCH)]
        self._flags = [socket.MSG_DONTWAIT] * max(capacity, BATCH)
        self._epoll = select.epoll()

    def reserve(self, port: int) -> None:
        self._bound.reserve(port)

    def open(self, row: int, port: int) -> tuple[str, int]:
        sock = self._bound.take(port)
        self._sockets[row] = sock
        self._fds[row] = sock.fileno()
        self._row_of_fd[sock.fileno()] = row
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        address: tuple[str, int] = sock.getsockname()
        return address

    def aim(self, row: int) -> None:
        pass  # the sockets are not connected: the destination is read with each packet

    def close(self, row: int) -> None:
        sock = self._sockets.pop(row)
        self._epoll.unregister(sock.fileno())
        del self._row_of_fd[sock.fileno()]
        self._fds[row] = -1
        sock.close()

    def send(self, rows: NDArray[np.int64]) -> int:
        chosen = rows.tolist()
        fds = self._fds
        messages = self._messages
        sent = list(
            map(_sendmsg, [fds[r] for r in chosen], [messages[r] for r in chosen], self._flags)
        )
        return sent.count(-1)

    def receive(self) -> Iterator[Arrivals]:
        for _ in range(self.ROUNDS):
            ready = [fd for fd, _ in self._epoll.poll(0, BATCH)]
            if not ready:
                return
            self._inbox.rearm()
            received = list(map(_recvmsg, ready, self._slots, self._flags))
            rows = np.array([self._row_of_fd[fd] for fd in ready])
            lengths = np.array(received)
            arrivals = self._inbox.arrivals(rows, lengths.clip(0))
            if -1 in received:  # a bad checksum: ready, but nothing there
                arrivals = arrivals.select(lengths >= 0)
            yield arrivals

    def shut(self) -> None:
        for row in list(self._sockets):
            self.close(row)
        self._bound.shut()
        self._epoll.close()
