"""Many UDP datagrams at a time, sent from where they lie: headers and payload by pointer.

What is sent lies in arrays the kernel reads as they are: per row a header, two I/O vectors (header
and payload) and a message. Sending touches no audio and makes no Python object per packet.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ringcast.media.arrivals import ADDRESS_SIZE, MESSAGE, Arrivals
from ringcast.protocols.rtp.header import HEADER, HEADER_SIZE, VERSION_2

SO_TIMESTAMPNS = 35
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2
_HEADER_STRIDE = 16
_VECTOR_SIZE = 16
#: Stale datagrams taken from a socket: more do not fit into one's buffer.
_MOST_STALE = 4096


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
