"""Datagrams as they arrive: each in a slot of memory, with what the kernel tells of it before it.

A slot begins like what a multishot recvmsg of io_uring writes: its lengths, the sender's address,
the time of arrival, then the datagram; recvmmsg is told to write the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
ADDRESS_SIZE: Final = 16  # struct sockaddr_in
CONTROL_SIZE: Final = 32  # one struct timespec with its header
#: Where a datagram begins in its slot: after struct io_uring_recvmsg_out, address and time.
DATAGRAM_AT: Final = 16 + ADDRESS_SIZE + CONTROL_SIZE
#: Longest datagram of an inbox: G.711 needs 492 at most (60 ms); longer ones are cut.
BUFFER_SIZE = 1024
BATCH = 1024  # the kernel takes no more messages in one call (UIO_MAXIOV)
#: 32-bit words of a slot that are looked at for every datagram: up to the RTP header's end.
_HEAD_WORDS: Final = (DATAGRAM_AT + 12) // 4
_VECTOR_SIZE = 16
_TRUNCATED: Final = 0x20  # MSG_TRUNC
_LENGTH_WORD, _FLAGS_WORD = 2, 3
_NAME_WORD = 2  # of 64 bits
_SECONDS_WORD, _NANOSECONDS_WORD = 6, 7


class Slots:
    """Memory for datagrams, as columns."""

    def __init__(self, count: int, size: int) -> None:
        self.memory = np.zeros((count, DATAGRAM_AT + size), np.uint8)
        self.datagrams = self.memory[:, DATAGRAM_AT:]
        #: The beginning of each slot, in words of 32 bits.
        self.heads = self.memory.view(np.uint32)[:, :_HEAD_WORDS]
        self.length = self.heads[:, _LENGTH_WORD]
        self.flags = self.heads[:, _FLAGS_WORD]
        wide = self.memory.view(np.uint64)
        #: Packed addresses of the senders.
        self.source = wide[:, _NAME_WORD]
        #: When the kernel received each (struct timespec of CLOCK_REALTIME).
        self.seconds = wide[:, _SECONDS_WORD]
        self.nanoseconds = wide[:, _NANOSECONDS_WORD]
        #: Timestamps of RTP packets.
        self.timestamp = self.datagrams[:, 4:8].view(">u4")[:, 0]

    def arrival(self, index: slice | NDArray[np.int64]) -> NDArray[np.float64]:
        """Return when the kernel received each, in seconds of its wall clock."""
        seconds = self.nanoseconds[index].astype(np.float64)
        seconds *= 1e-9
        seconds += self.seconds[index]
        return seconds


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Datagrams received in one go; valid until the next are asked for.

    Datagram i is for row `rows[i]` and lies in the slot that comes i-th in `index`. Columns are
    asked of the slots: `slots.source[index]`.
    """

    rows: NDArray[np.int64]
    slots: Slots
    index: slice | NDArray[np.int64]

    @property
    def places(self) -> NDArray[np.int64]:
        """Return the numbers of the slots."""
        index = self.index
        return np.arange(index.start, index.stop) if isinstance(index, slice) else index

    @property
    def source(self) -> NDArray[np.uint64]:
        """Return the packed addresses of the senders."""
        return self.slots.source[self.index]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return how many bytes each has; none if it was cut."""
        length = self.slots.length[self.index].astype(np.int64)
        length[(self.slots.flags[self.index] & _TRUNCATED) != 0] = 0
        return length

    def select(self, mask: NDArray[np.bool_]) -> Arrivals:
        """Return the datagrams where the mask is true."""
        return Arrivals(self.rows[mask], self.slots, self.places[mask])


class Inbox:
    """Slots for `BATCH` datagrams and what tells recvmsg and recvmmsg to fill them."""

    def __init__(self) -> None:
        self.slots = Slots(BATCH, BUFFER_SIZE)
        address = self.slots.memory.ctypes.data
        slot = np.arange(BATCH, dtype=np.uint64) * self.slots.memory.strides[0]
        self._vectors = np.zeros((BATCH, 2), np.uint64)
        self._vectors[:, 0] = address + slot + DATAGRAM_AT
        self._vectors[:, 1] = BUFFER_SIZE
        self.messages = np.zeros(BATCH, MESSAGE)
        self.messages["name"] = address + slot + 16
        vectors = np.arange(BATCH, dtype=np.uint64) * _VECTOR_SIZE
        self.messages["vectors"] = self._vectors.ctypes.data + vectors
        self.messages["vector_count"] = 1
        self.messages["control"] = address + slot + 16 + ADDRESS_SIZE
        self._name_length = self.messages["name_length"]
        self._control_length = self.messages["control_length"]
        #: How long the datagrams of the last recvmmsg are.
        self.lengths = self.messages["length"]
        self._used = BATCH
        self.rearm()

    def rearm(self) -> None:
        """Give the messages their sizes again, which the kernel has overwritten."""
        self._name_length[: self._used] = ADDRESS_SIZE
        self._control_length[: self._used] = CONTROL_SIZE
        self._used = 0

    def arrivals(self, rows: NDArray[np.int64], lengths: NDArray[np.integer]) -> Arrivals:
        """Return the first datagrams of the inbox."""
        count = self._used = len(rows)
        self.slots.length[:count] = lengths
        return Arrivals(rows, self.slots, slice(0, count))
