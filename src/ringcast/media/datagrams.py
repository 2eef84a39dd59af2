"""Many UDP datagrams at a time: headers and payload by pointer, system calls through ctypes.

What is sent lies in arrays the kernel reads as they are: per row a header, two I/O vectors (header
and payload) and a message. Sending touches no audio and makes no Python object per packet.
"""

from __future__ import annotations

import ctypes
import errno
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ringcast.protocols.rtp.header import HEADER, HEADER_SIZE, VERSION_2

#: `struct mmsghdr` of 64-bit Linux; its first 56 bytes are a `struct msghdr`.
MESSAGE = np.dtype(
    [
        ("name", "u8"),
        ("name_length", "u4"),
        ("_pad1", "u4"),
        ("vectors", "u8"),
        ("vector_count", "u8"),
        ("control", "u8"),
        ("control_length", "u8"),
        ("flags", "i4"),
        ("_pad2", "u4"),
        ("length", "u4"),
        ("_pad3", "u4"),
    ]
)
ADDRESS_SIZE = 16  # struct sockaddr_in
BUFFER_SIZE = 1024  # G.711 needs 492 at most (60 ms); longer datagrams are cut and then not valid
CONTROL_SIZE = 32  # one struct timespec with its header
BATCH = 1024  # the kernel takes no more messages in one call (UIO_MAXIOV)
SO_TIMESTAMPNS = 35
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2
_SHARED_BUFFER = 4 << 20
_HEADER_STRIDE = 16
_VECTOR_SIZE = 16
#: Stale datagrams taken from a socket: more do not fit into one's buffer.
_MOST_STALE = 4096

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
# No argtypes: prepared c_void_p objects and plain ints convert fastest without.
_sendmsg = _libc.sendmsg
_recvmsg = _libc.recvmsg


def pack_address(host: str, port: int) -> int:
    """Return an IPv4 address as the number the kernel's 8 bytes of it make."""
    raw = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host)
    return int(np.frombuffer(raw, np.uint64)[0])


def unpack_address(packed: int) -> tuple[str, int]:
    """Return host and port of a packed address."""
    raw = np.array([packed], np.uint64).tobytes()
    return socket.inet_ntoa(raw[4:8]), int.from_bytes(raw[2:4], "big")


class Outgoing:
    """One packet per row, laid out for the kernel; set the columns, then send rows."""

    def __init__(self, capacity: int) -> None:
        raw = np.zeros((capacity, _HEADER_STRIDE), np.uint8)
        self.headers = raw[:, :HEADER_SIZE].view(HEADER)[:, 0]
        self.headers["flags"] = VERSION_2
        self._vectors = np.zeros((capacity, 2, 2), np.uint64)
        self._names = np.zeros((capacity, ADDRESS_SIZE), np.uint8)
        self.messages = np.zeros(capacity, MESSAGE)
        row = np.arange(capacity, dtype=np.uint64)
        self._vectors[:, 0, 0] = raw.ctypes.data + row * _HEADER_STRIDE
        self._vectors[:, 0, 1] = HEADER_SIZE
        self.messages["name"] = self._names.ctypes.data + row * ADDRESS_SIZE
        self.messages["name_length"] = ADDRESS_SIZE
        self.messages["vectors"] = self._vectors.ctypes.data + row * 2 * _VECTOR_SIZE
        self.messages["vector_count"] = 2
        #: The messages as plain words, which are copied faster than records.
        self.message_words = self.messages.view(np.uint64).reshape(capacity, -1)
        #: Destination of each row (see `pack_address`).
        self.remote = self._names.view(np.uint64)[:, 0]
        #: Address and length of each row's payload.
        self.payload = self._vectors[:, 1, 0]
        self.payload_length = self._vectors[:, 1, 1]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Datagrams received in one go, as columns; valid until the next are asked for.

    Datagram i is `buffers[index[i], :lengths[i]]`.
    """

    rows: NDArray[np.int64]
    buffers: NDArray[np.uint8]
    index: NDArray[np.int64]
    lengths: NDArray[np.int64]
    #: Packed addresses of the senders.
    source: NDArray[np.uint64]
    #: When the kernel received each, in seconds of CLOCK_MONOTONIC.
    arrival: NDArray[np.float64]

    def select(self, mask: NDArray[np.bool_]) -> Arrivals:
        """Return the datagrams where the mask is true."""
        return Arrivals(
            self.rows[mask],
            self.buffers,
            self.index[mask],
            self.lengths[mask],
            self.source[mask],
            self.arrival[mask],
        )


class Ports(Protocol):
    """The sockets of one worker: one per row, or a few for all."""

    def reserve(self, port: int) -> None:
        """Take a port ahead of the row that will have it; raise OSError."""
        ...

    def open(self, row: int, port: int) -> tuple[str, int]:
        """Give a row its socket and return its local address; raise OSError.

        It cannot fail for a port that is reserved.
        """
        ...

    def aim(self, row: int) -> None:
        """Note that `Outgoing.remote` of a row has changed; raise AddressInUse."""
        ...

    def close(self, row: int) -> None:
        """Take the socket away from a row."""
        ...

    def send(self, rows: NDArray[np.int64]) -> int:
        """Send one packet of each row, in order; return how many the system did not take."""
        ...

    def receive(self) -> Iterator[Arrivals]:
        """Yield what has arrived, at most a bounded number of times."""
        ...

    def shut(self) -> None:
        """Close every socket."""
        ...


class AddressInUse(OSError):
    """Another stream of the same shared socket already talks to that address."""


class PortUnavailable(OSError):
    """A shared port cannot be had."""

    def __init__(self, port: int, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.port = port


class Inbox:
    """Buffers for `BATCH` datagrams with their senders' addresses and times."""

    def __init__(self) -> None:
        self.buffers = np.zeros((BATCH, BUFFER_SIZE), np.uint8)
        self._names = np.zeros((BATCH, ADDRESS_SIZE), np.uint8)
        self._controls = np.zeros((BATCH, CONTROL_SIZE), np.uint8)
        self._vectors = np.zeros((BATCH, 2), np.uint64)
        self.messages = np.zeros(BATCH, MESSAGE)
        slot = np.arange(BATCH, dtype=np.uint64)
        self._vectors[:, 0] = self.buffers.ctypes.data + slot * BUFFER_SIZE
        self._vectors[:, 1] = BUFFER_SIZE
        self.messages["name"] = self._names.ctypes.data + slot * ADDRESS_SIZE
        self.messages["vectors"] = self._vectors.ctypes.data + slot * _VECTOR_SIZE
        self.messages["vector_count"] = 1
        self.messages["control"] = self._controls.ctypes.data + slot * CONTROL_SIZE
        self._source = self._names.view(np.uint64)[:, 0]
        self._times = self._controls.view(np.int64)
        self._index = np.arange(BATCH)
        self._used = BATCH
        self.rearm()

    def rearm(self) -> None:
        """Give the messages their sizes again, which the kernel has overwritten."""
        used = self.messages[: self._used]
        used["name_length"] = ADDRESS_SIZE
        used["control_length"] = CONTROL_SIZE
        self._used = 0

    def arrivals(self, rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> Arrivals:
        """Return the first datagrams of the inbox as columns."""
        count = self._used = len(rows)
        return Arrivals(
            rows,
            self.buffers,
            self._index[:count],
            lengths,
            self._source[:count].copy(),
            arrival_times(self._times[:count, 2], self._times[:count, 3]),
        )


def arrival_times(
    seconds: NDArray[np.int64], nanoseconds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Turn the kernel's wall clock stamps into seconds of CLOCK_MONOTONIC."""
    ahead = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.monotonic_ns()
    monotonic: NDArray[np.float64] = (seconds * 1_000_000_000 + nanoseconds - ahead) / 1e9
    return monotonic


def bind(host: str, port: int) -> socket.socket:
    """Return a bound, non-blocking UDP socket whose datagrams are stamped on arrival."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        # Never fragmented, so the kernel need not draw an identification for each packet.
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


class BoundSockets:
    """Makes sockets, some of them ahead of their use."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._reserved: dict[int, socket.socket] = {}

    def reserve(self, port: int) -> None:
        """Bind a socket for later; raise OSError."""
        self._reserved[port] = bind(self._host, port)

    def take(self, port: int) -> socket.socket:
        """Return the socket reserved on a port, or bind one now; raise OSError.

        What a reserved one has received, from a call that had the port before, is dropped.
        """
        sock = self._reserved.pop(port, None)
        if sock is None:
            return bind(self._host, port)
        with suppress(BlockingIOError):
            for _ in range(_MOST_STALE):
                sock.recv(1)
        return sock

    def shut(self) -> None:
        """Close those that are still reserved."""
        for sock in self._reserved.values():
            sock.close()
        self._reserved.clear()


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
            arrivals = self._inbox.arrivals(rows, lengths)
            if -1 in received:  # a bad checksum: ready, but nothing there
                arrivals = arrivals.select(lengths >= 0)
            yield arrivals

    def shut(self) -> None:
        for row in list(self._sockets):
            self.close(row)
        self._bound.shut()
        self._epoll.close()


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
        lengths = self._inbox.messages["length"][:count].astype(np.int64)
        arrivals = self._inbox.arrivals(np.zeros(count, np.int64), lengths)
        if self._changed:
            self._index()
        keys = (arrivals.source & ~np.uint64(0xFFFF)) | np.uint64(number)
        place = np.searchsorted(self._keys, keys)
        known = place < len(self._keys)
        known[known] = self._keys[place[known]] == keys[known]
        arrivals.rows[known] = self._rows[place[known]]
        if known.all():
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
