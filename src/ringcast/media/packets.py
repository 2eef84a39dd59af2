"""Every row's next packet: sequence number, timestamp and payload, moved on in place.

A worker finds its caches cold on each tick, so that a numpy call costs some microseconds however
few rows it is for. Columns are therefore changed as a whole, up to the last row in use, by what is
kept beside them for each row: nothing where a row does not send.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.media.datagrams import Outgoing

#: Samples between two ticks.
TICK: Final = 160
#: More packets than a stream can live: silence needs no attention.
FOREVER: Final = 1 << 60


class Packets:
    """What goes into the packets of all rows; see `send` of the transmitter for the order.

    A run is a number of packets whose payloads lie `step` bytes apart.
    """

    def __init__(self, outgoing: Outgoing) -> None:
        capacity = len(outgoing.messages)
        self.is_sending = np.zeros(capacity, np.bool_)
        #: Ticks in a packet: 1 for 20 ms. Packets of 40 ms leave on the even ticks of their row.
        self.every = np.ones(capacity, np.int64)
        #: Bytes to the payload after the present one, and packets left of the run.
        self.step = np.zeros(capacity, np.uint64)
        self.left = np.zeros(capacity, np.int64)
        self._out = outgoing
        # As numbers of this machine, which are swapped before: numpy's casts take much longer.
        self._header_sequence = outgoing.headers["sequence"].view(np.uint16)
        self._header_timestamp = outgoing.headers["timestamp"].view(np.uint32)
        #: Not cut to 16 bits, so that it also tells how many were sent; and its lower 16 bits.
        self._sequence = np.zeros(capacity, np.int64)
        self._number = self._sequence.view(np.uint16)[::4]
        self._first = np.zeros(capacity, np.int64)
        self._base = np.zeros(capacity, np.uint32)
        #: The step of rows that send, 0 for the others.
        self._stride = np.zeros(capacity, np.uint64)
        self._numbers = np.arange(capacity)
        self._slow = 0
        #: Ticks in which no run can end.
        self._quiet = 0
        # Made anew when a row begins or ceases to send: the rows that send, and how many packets
        # each of all up to the last of them sends on a tick.
        self._rows: NDArray[np.int64] | None = None
        self._top = 0
        self._packets = np.zeros(0, np.int64)
        self._due = self._packets

    def open(self, row: int, *, sequence: int, base: int) -> None:
        """Begin with the packet after `sequence`; timestamps are those of the clock plus `base`."""
        self._sequence[row] = self._first[row] = sequence
        self._base[row] = base

    def close(self, row: int) -> None:
        """Send nothing, and forget the packet length."""
        self.set_sending(row, is_sending=False)
        self.set_every(row, 1)

    def sent(self, row: int) -> int:
        """Return how many packets a row has sent since it was opened."""
        return int(self._sequence[row] - self._first[row])

    @property
    def has_slow(self) -> bool:
        """Whether any row sends less often than on each tick."""
        return self._slow > 0

    def set_sending(self, row: int, *, is_sending: bool) -> None:
        """Let a row send, or not."""
        self.is_sending[row] = is_sending
        self._stride[row] = self.step[row] if is_sending else 0
        self._quiet = 0
        self._rows = None

    def set_every(self, row: int, ticks: int) -> None:
        """Let a row send on every so manieth tick."""
        self._slow += int(ticks > 1) - int(self.every[row] > 1)
        self.every[row] = ticks

    def set_run(self, row: int, address: int, step: int, left: int) -> None:
        """Let the next packets of a row be so many from an address on."""
        self._out.payload[row] = address
        self.step[row] = step
        self._stride[row] = step if self.is_sending[row] else 0
        self.left[row] = left
        self._quiet = min(self._quiet, left)

    # The tick.

    def begin(self, tick: int) -> NDArray[np.int64]:
        """Return the rows that send on this tick."""
        if self._rows is None:
            self._rows = np.nonzero(self.is_sending)[0]
            self._top = int(self._rows[-1]) + 1 if len(self._rows) else 0
            self._packets = self.is_sending[: self._top].astype(np.int64)
        rows, top = self._rows, self._top
        if not self._slow:
            self._due = self._packets
            return rows
        is_due = self.is_sending[:top] & ((self._numbers[:top] + tick) % self.every[:top] == 0)
        self._due = is_due.astype(np.int64)
        return np.nonzero(is_due)[0]

    def ended(self, rows: NDArray[np.int64]) -> list[int]:
        """Return those of the rows of this tick whose run is over; they need another."""
        if self._quiet > 0:
            return []
        ended: list[int] = rows[self.left[rows] == 0].tolist()
        return ended

    def number(self, tick: int) -> None:
        """Write sequence numbers and timestamps, after the runs are as they should be."""
        top = self._top
        if self._quiet <= 0:
            self._quiet = int(self.left[self._rows].min())
        self._quiet -= 1
        sequence = self._sequence[:top]
        sequence += self._due
        self._header_sequence[:top] = self._number[:top].byteswap()
        clock = np.uint32(tick * TICK & 0xFFFFFFFF)
        self._header_timestamp[:top] = (self._base[:top] + clock).byteswap()

    def advance(self) -> None:
        """Go on to the payloads after those that have been sent."""
        stride = self._stride[: self._top]
        if self._slow:
            stride = stride * self._due.view(np.uint64)
        payload, left = self._out.payload[: self._top], self.left[: self._top]
        payload += stride
        left -= self._due
