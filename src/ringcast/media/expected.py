"""What each row's next packet looks like if all goes well, so that it need only be compared.

Nearly all packets are of the same length as the one before, from the same source, with the same
payload type and the next sequence number. They are told from the others by one comparison for all
rows, and change little; the others are looked at thoroughly, and say what is expected then.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ringcast.media.arrivals import DATAGRAM_AT, Arrivals, Slots
from ringcast.protocols.rtp.header import MARKER, VERSION_2
from ringcast.protocols.rtp.reception import Reception

#: The 32-bit words of a slot that are compared: length, address (2), the first and the third of the
#: RTP header (flags, payload type and sequence number; SSRC).
_COMPARED: Final = np.array([2, 4, 5, DATAGRAM_AT // 4, DATAGRAM_AT // 4 + 2])
_LENGTH, _SOURCE, _HEADER, _SSRC = 0, slice(1, 3), 3, 4
#: No datagram of this length is expected.
_NOTHING: Final = 0
_ONE: Final = np.uint16(1)


@dataclass(frozen=True, slots=True)
class Usual:
    """Packets that are as expected, of distinct rows."""

    rows: NDArray[np.int64]
    slots: Slots
    index: slice | NDArray[np.int64]
    #: Of each: its length, and its payload type.
    lengths: NDArray[np.uint32]
    payload_types: NDArray[np.uint8]


class EventPacket(NamedTuple):
    """A packet with a telephone event that comes in order on its row."""

    row: int
    payload_type: int
    marker: bool
    timestamp: int
    payload: bytes


#: The beginning of a slot with a telephone event: length, address, RTP header and payload.
_EVENT: Final = struct.Struct(">8x4s4x8s40xBBHI4s4s")
_EVENT_LENGTH: Final = np.uint32(16).tobytes()
#: What is expected of a row (the words of `_COMPARED`).
_WORDS: Final = struct.Struct(">4s8sBxH4s")
_NO_LENGTH: Final = bytes(4)


class Expected:
    """Columns of what is expected; `reception` is told what has come, later, by `settle`."""

    def __init__(self, capacity: int, reception: Reception) -> None:
        self._reception = reception
        self._words = np.zeros((capacity, len(_COMPARED)), np.uint32)
        self._kind = self._words.view(np.uint8)[:, 4 * _HEADER + 1]
        self._sequence = self._words.view(">u2")[:, 2 * _HEADER + 1]
        self._words.view(np.uint8)[:, 4 * _HEADER] = VERSION_2

    def forget(self, row: int) -> None:
        """Expect nothing of a row until something has come that tells what to expect."""
        self._words[row, _LENGTH] = _NOTHING

    def split(self, arrivals: Arrivals) -> tuple[Usual | None, Arrivals | None]:
        """Take what is as expected, and expect what follows it; return it and the rest.

        All packets of a row that has several, or one that is not as expected, are in the rest.
        """
        rows = arrivals.rows
        if not len(rows):  # there were those of strangers only
            return None, None
        expected = self._words.take(rows, 0)
        found = arrivals.slots.heads[arrivals.index][:, _COMPARED]
        index, rest = arrivals.index, None
        # Bytes and sets are compared sooner than arrays where all is well.
        if found.tobytes() != expected.tobytes() or len(set(rows.tolist())) < len(rows):
            several = np.bincount(rows) > 1
            several[rows[(found != expected).any(axis=1)]] = True
            odd = several[rows]
            rest = arrivals.select(odd)
            if odd.all():
                return None, rest
            usual = ~odd
            rows, index, expected = rows[usual], arrivals.places[usual], expected[usual]
        sequence = expected.view(np.uint16)[:, 2 * _HEADER + 1]
        sequence[:] = (sequence.byteswap() + _ONE).byteswap()
        self._words[rows] = expected
        kinds = expected.view(np.uint8)[:, 4 * _HEADER + 1]
        return Usual(rows, arrivals.slots, index, expected[:, _LENGTH], kinds), rest

    def event(self, arrivals: Arrivals, number: int) -> EventPacket | None:
        """Read a packet that may be an event, else as expected; None if it is anything else.

        A digit's packets come among those of hundreds of rows, a few on each tick, and so few are
        looked at faster one by one. Tell by `take_event` that the payload type is that of events.
        """
        row = int(arrivals.rows[number])
        memory = arrivals.slots.memory[arrivals.places[number]]
        read = _EVENT.unpack(memory[: _EVENT.size].tobytes())
        length, source, flags, kind, sequence, timestamp, ssrc, payload = read
        something, *expected = _WORDS.unpack(self._words[row].tobytes())
        is_next = length == _EVENT_LENGTH and [source, flags, sequence, ssrc] == expected
        if not is_next or something == _NO_LENGTH:
            return None
        return EventPacket(row, kind & 0x7F, kind >= MARKER, timestamp, payload)

    def take_event(self, row: int) -> None:
        """Expect the packet after an event on a row."""
        self._sequence[row] = (int(self._sequence[row]) + 1) & 0xFFFF

    def expect(
        self,
        arrivals: Arrivals,
        *,
        follows: NDArray[np.bool_],
        payload_type: NDArray[np.uint8],
        ssrc: NDArray[np.int64],
    ) -> None:
        """Expect packets like those which others follow, and on all rows the next in number.

        Rows are distinct, and `reception` has taken the packets.
        """
        rows = arrivals.rows[follows]
        slots, places = arrivals.slots, arrivals.places[follows]
        self._words[rows, _LENGTH] = slots.length[places]
        self._words[rows, _SOURCE] = slots.heads[places, 4:6]
        self._words[rows, _SSRC] = ssrc[follows].astype(np.uint32).byteswap()
        self._kind[rows] = payload_type[follows]
        self.count_on(arrivals.rows)

    def count_on(self, rows: NDArray[np.int64]) -> None:
        """Expect on rows the sequence number after the highest that `reception` knows of."""
        self._sequence[rows] = (self._reception.highest[rows] + 1) & 0xFFFF

    def settle(self, rows: NDArray[np.int64]) -> None:
        """Tell `reception` of what has come as expected; at least once in 60,000 packets."""
        count = self._sequence[rows] - (self._reception.highest[rows] + 1) & 0xFFFF
        if count.any():
            self._reception.advance(rows, count)
