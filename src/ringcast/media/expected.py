"""What each row's next packet looks like if all goes well, so that it need only be compared.

Nearly all packets are of the same length as the one before, from the same source, with the same
payload type and the next sequence number. They are told from the others by one comparison for all
rows, and change little; the others are looked at thoroughly, and say what is expected then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.media.arrivals import DATAGRAM_AT, Arrivals, Slots
from ringcast.protocols.rtp.header import VERSION_2
from ringcast.protocols.rtp.reception import Reception

#: The 32-bit words of a slot that are compared: length, address (2), the first and the third of the
#: RTP header (flags, payload type and sequence number; SSRC).
_COMPARED: Final = np.array([2, 4, 5, DATAGRAM_AT // 4, DATAGRAM_AT // 4 + 2])
_LENGTH, _SOURCE, _HEADER, _SSRC = 0, slice(1, 3), 3, 4
#: No datagram of this length is expected.
_NOTHING: Final = 0


@dataclass(frozen=True, slots=True)
class Usual:
    """Packets that are as expected, of distinct rows."""

    rows: NDArray[np.int64]
    slots: Slots
    index: slice | NDArray[np.int64]
    #: Of each: its length, and its payload type.
    lengths: NDArray[np.uint32]
    payload_types: NDArray[np.uint8]


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
        expected = self._words.take(rows, 0)
        same = arrivals.slots.heads[arrivals.index][:, _COMPARED] == expected
        several = np.bincount(rows) > 1
        index, rest = arrivals.index, None
        if not same.all() or several.any():
            several[rows[~same.all(axis=1)]] = True
            odd = several[rows]
            rest = arrivals.select(odd)
            if odd.all():
                return None, rest
            usual = ~odd
            rows, index, expected = rows[usual], arrivals.places[usual], expected[usual]
        expected.view(">u2")[:, 2 * _HEADER + 1] += 1
        self._words[rows] = expected
        kinds = expected.view(np.uint8)[:, 4 * _HEADER + 1]
        return Usual(rows, arrivals.slots, index, expected[:, _LENGTH], kinds), rest

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
