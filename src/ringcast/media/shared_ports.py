"""A few sockets for all rows, read and written with recvmmsg and sendmmsg."""

from __future__ import annotations

import ctypes
import errno
import socket
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ringcast.media.arrivals import BATCH, MESSAGE, Arrivals, Inbox
from ringcast.media.datagrams import (
    AddressInUse,
    Outgoing,
    PortUnavailable,
    bind,
    unpack_address,
)

_SHARED_BUFFER = 4 << 20

_libc = ctypes.CDLL(None, use_errno=True)
_sendmmsg = _libc.sendmmsg
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
_recvmmsg = _libc.recvmmsg
_recvmmsg.argtypes = (
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_uint,
    ctypes.c_int,
    ctypes.c_void_p,
)


class SharedPorts:
    """A few sockets for all rows; a row's packets are told by their sender's address.

    Making it raises PortUnavailable.
    """

    #: Calls of recvmmsg for one socket in one `receive`.
    ROUNDS = 8

    def __init__(self, outgoing: Outgoing, *, host: str, ports: list[int]) -> None:
        self._outgoing = outgoing
        self._sockets: list[socket.socket] = []
        try:
            for port in ports:
                self._sockets.append(sock := _bind_shared(host, port))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SHARED_BUFFER)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SHARED_BUFFER)
        except BaseException:
            self.shut()
            raise
        capacity = len(outgoing.messages)
        self._socket_of_row = np.zeros(capacity, np.int64)
        self._key_of_row = np.zeros(capacity, np.uint64)
        self._socket_of_port = {port: number for number, port in enumerate(ports)}
        self._row_of_key: dict[int, int] = {}
        self._keys = np.zeros(0, np.uint64)
        self._rows = np.zeros(0, np.int64)
        self._changed = False
        #: The rows of what each socket received last: far ends that send at the same time do so
        #: in the same order again.
        self._guesses = [self._rows] * len(ports)
        self._inbox = Inbox()
        self._batch = np.zeros((capacity, MESSAGE.itemsize // 8), np.uint64)
        #: Datagrams from addresses no row talks to.
        self.strays = 0

    def reserve(self, port: int) -> None:
        """Do nothing: the ports are there from the beginning."""

    def open(self, row: int, port: int) -> tuple[str, int]:
        """Give a row the socket with that port."""
        chosen = self._socket_of_port[port]
        self._socket_of_row[row] = chosen
        address: tuple[str, int] = self._sockets[chosen].getsockname()
        return address

    def aim(self, row: int) -> None:
        key = _key(int(self._outgoing.remote[row]), int(self._socket_of_row[row]))
        if self._row_of_key.get(key, row) != row:
            host, port = unpack_address(int(self._outgoing.remote[row]))
            raise AddressInUse(
                errno.EADDRINUSE, f"another call on this port already talks to {host}:{port}"
            )
        self._row_of_key.pop(int(self._key_of_row[row]), None)
        self._row_of_key[key] = row
        self._key_of_row[row] = key
        self._changed = True

    def close(self, row: int) -> None:
        self._row_of_key.pop(int(self._key_of_row[row]), None)
        self._key_of_row[row] = 0
        self._changed = True

    def send(self, rows: NDArray[np.int64]) -> int:
        failed = 0
        sockets = self._socket_of_row[rows]
        for number, sock in enumerate(self._sockets):
            chosen = rows[sockets == number] if len(self._sockets) > 1 else rows
            batch = self._batch[: len(chosen)]
            np.take(self._outgoing.message_words, chosen, axis=0, out=batch, mode="clip")
            failed += _send_all(sock.fileno(), batch)
        return failed

    def receive(self) -> Iterator[Arrivals]:
        for number, sock in enumerate(self._sockets):
            for _ in range(self.ROUNDS):
                self._inbox.rearm()
                count = _recvmmsg(
                    sock.fileno(),
                    self._inbox.messages.ctypes.data,
                    BATCH,
                    socket.MSG_DONTWAIT,
                    None,
                )
                if count <= 0:
                    break
                yield self._sorted_out(number, count)
                if count < BATCH:
                    break

    def shut(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()

    def _sorted_out(self, number: int, count: int) -> Arrivals:
        """Find the rows of the datagrams received; those of strangers are left out."""
        if self._changed:
            self._index()
        rows = self._guesses[number]
        arrivals = self._inbox.arrivals(np.zeros(count, np.int64), self._inbox.lengths[:count])
        keys = (arrivals.source & ~np.uint64(0xFFFF)) | np.uint64(number)
        if len(rows) == count and (self._key_of_row[rows] == keys).all():
            return Arrivals(rows, arrivals.slots, arrivals.index)  # the same as the last time
        place = np.searchsorted(self._keys, keys)
        known = place < len(self._keys)
        known[known] = self._keys[place[known]] == keys[known]
        arrivals.rows[known] = self._rows[place[known]]
        if known.all():
            self._guesses[number] = arrivals.rows
            return arrivals
        self.strays += int(count - np.count_nonzero(known))
        return arrivals.select(known)

    def _index(self) -> None:
        keys = np.fromiter(self._row_of_key, np.uint64, len(self._row_of_key))
        rows = np.fromiter(self._row_of_key.values(), np.int64, len(self._row_of_key))
        order = np.argsort(keys)
        self._keys, self._rows = keys[order], rows[order]
        self._changed = False


def _bind_shared(host: str, port: int) -> socket.socket:
    try:
        return bind(host, port)
    except OSError as exc:
        raise PortUnavailable(port, exc) from exc


def _key(remote: int, number: int) -> int:
    """Return what identifies a far end at a shared socket: the family's place holds the socket."""
    return remote & ~0xFFFF | number


def _send_all(fd: int, batch: NDArray[np.uint64]) -> int:
    """Send every message of a batch; return how many failed and were passed over."""
    address, count, done, failed = batch.ctypes.data, len(batch), 0, 0
    while done < count:
        sent = _sendmmsg(
            fd,
            address + MESSAGE.itemsize * done,
            min(BATCH, count - done),
            socket.MSG_DONTWAIT,
        )
        if sent > 0:
            done += sent
            continue
        failed += 1  # the first of them failed alone
        done += 1
        if ctypes.get_errno() in (errno.EAGAIN, errno.ENOBUFS):
            return failed + count - done  # the send buffer is full: the rest would fail too
    return failed
