"""What arrives, ready to be listened to now: a small jitter buffer for each row that asks for one.

Positions are samples on the worker's clock: tick times 160. Audio lies in blocks of 20 ms.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ringcast.media.messages import Codec
from ringcast.media.packets import TICK
from ringcast.media.playback import SILENCE
from ringcast.media.recordings import CODEC_NUMBER, converted

BLOCKS: Final = 64
#: Samples between arrival and being read: jitter up to 40 ms is not heard.
DELAY: Final = 2 * TICK
#: How far ahead of being read a packet may lie before the delay is cut to `DELAY` again.
MOST_AHEAD: Final = 20 * TICK
#: Packets in which none may have come later than this before being read, for the delay to be cut.
WINDOW: Final = 100
SPARE: Final = DELAY + 2 * TICK
#: Longest packet taken.
LONGEST: Final = 4 * TICK
#: Blocks kept after their tick, for packets of 60 ms and for readers of ticks that were late.
KEPT: Final = 12
# What is kept, what is read and the furthest that can be written never meet in the ring.
assert KEPT + 1 + (MOST_AHEAD + LONGEST) // TICK + 1 < BLOCKS


class Playout:
    """Rows of received audio by timestamp, read block by block.

    The first packet of a row is read `DELAY` after it came, the others where their timestamps say.
    One that is too late for that begins anew with `DELAY`: so the delay grows with the jitter. It
    is cut back when `WINDOW` packets had more than they needed, and when it passes `MOST_AHEAD`.
    """

    def __init__(self, capacity: int) -> None:
        self.is_open = np.zeros(capacity, np.bool_)
        #: The codec each row is kept in, as in `CODEC_NUMBER`.
        self.law = np.zeros(capacity, np.uint8)
        self._users = np.zeros(capacity, np.int64)
        self._ring = np.zeros((capacity, BLOCKS, TICK), np.uint8)
        self._silence = np.zeros(capacity, np.uint8)
        self._anchored = np.zeros(capacity, np.bool_)
        self._ssrc = np.zeros(capacity, np.int64)
        self._anchor_position = np.zeros(capacity, np.int64)
        self._anchor_timestamp = np.zeros(capacity, np.int64)
        self._count = np.zeros(capacity, np.int64)
        self._least_ahead = np.zeros(capacity, np.int64)
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._cleared = 0

    def open(self, row: int, codec: Codec) -> None:
        """Keep what a row receives, in a codec; as often as this is called, `close` must be."""
        self._users[row] += 1
        if self._users[row] > 1:
            return
        self.is_open[row] = True
        self.law[row] = CODEC_NUMBER[codec]
        self._silence[row] = SILENCE[codec]
        self._ring[row] = SILENCE[codec]
        self._anchored[row] = False
        self._count[row] = 0
        self._rows = np.nonzero(self.is_open)[0]

    def close(self, row: int) -> None:
        """Let go of a row once."""
        self._users[row] -= 1
        if self._users[row] == 0:
            self.is_open[row] = False
            self._rows = np.nonzero(self.is_open)[0]

    @property
    def is_hearing(self) -> bool:
        """Whether any row is open."""
        return len(self._rows) > 0

    def advance(self, tick: int) -> None:
        """Forget what lies too far back; to be called with each tick, before it is read."""
        last = tick - KEPT - 1
        for old in range(max(self._cleared + 1, last - BLOCKS + 1), last + 1):
            if len(self._rows):
                self._ring[self._rows, old % BLOCKS] = self._silence[self._rows, None]
        self._cleared = last

    def place(
        self,
        rows: NDArray[np.int64],
        law: NDArray[np.uint8],
        ssrc: NDArray[np.int64],
        timestamp: NDArray[np.int64],
        newest: NDArray[np.bool_],
        payload: NDArray[np.uint8],
        *,
        tick: int,
    ) -> None:
        """Take packets of one length, of distinct rows that are open, after a tick was read."""
        if payload.shape[1] > LONGEST:
            return
        next_read = (tick + 1) * TICK
        known = self._anchored[rows] & (self._ssrc[rows] == ssrc)
        forward = timestamp - self._anchor_timestamp[rows]
        forward = ((forward + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        position = self._anchor_position[rows] + forward
        ahead = position - next_read
        astray = ~known | (newest & ((ahead < 0) | (ahead > MOST_AHEAD)))
        position = np.where(astray, next_read + DELAY, position)
        position -= self._to_cut(rows, position - next_read, astray, newest)
        moved = newest | astray
        chosen = rows if moved.all() else rows[moved]
        self._anchored[chosen] = True
        self._ssrc[chosen] = ssrc[moved]
        self._anchor_position[chosen] = position[moved]
        self._anchor_timestamp[chosen] = timestamp[moved]
        usable = (position >= next_read) & (position <= next_read + MOST_AHEAD)
        if not usable.all():
            rows, law, position, payload = (
                rows[usable],
                law[usable],
                position[usable],
                payload[usable],
            )
        if len(rows):
            self._write(rows, position, converted(payload, law, self.law[rows]))

    def read(self, rows: NDArray[np.int64], tick: int, blocks: int = 1) -> NDArray[np.uint8]:
        """Return a copy of the audio of rows, each in its `law`, of so many ticks up to this."""
        if blocks == 1:
            one: NDArray[np.uint8] = self._ring[rows, tick % BLOCKS]
            return one
        chosen = np.arange(tick - blocks + 1, tick + 1) % BLOCKS
        several: NDArray[np.uint8] = self._ring[rows[:, None], chosen]
        return several.reshape(len(rows), blocks * TICK)

    def _to_cut(
        self,
        rows: NDArray[np.int64],
        ahead: NDArray[np.int64],
        astray: NDArray[np.bool_],
        newest: NDArray[np.bool_],
    ) -> NDArray[np.int64]:
        """Return by how much each row can be read earlier from here on."""
        begins = astray | (self._count[rows] == 0)
        self._least_ahead[rows] = least = np.where(
            begins, ahead, np.minimum(self._least_ahead[rows], ahead)
        )
        self._count[rows] = count = np.where(astray, 1, self._count[rows] + 1)
        is_due = (count >= WINDOW) & newest
        if not is_due.any():
            return np.zeros_like(ahead)
        self._count[rows[is_due]] = 0
        spare = (least - DELAY) // TICK * TICK
        return np.where(is_due & (least >= SPARE), spare, 0)

    def _write(
        self, rows: NDArray[np.int64], position: NDArray[np.int64], payload: NDArray[np.uint8]
    ) -> None:
        size = payload.shape[1]
        block, offset = np.divmod(position, TICK)
        if size % TICK == 0 and not offset.any():  # whole blocks, as nearly always
            for i in range(size // TICK):
                self._ring[rows, (block + i) % BLOCKS] = payload[:, i * TICK : (i + 1) * TICK]
            return
        place = (position[:, None] + np.arange(size)) % (BLOCKS * TICK)
        self._ring.reshape(len(self._ring), -1)[rows[:, None], place] = payload
