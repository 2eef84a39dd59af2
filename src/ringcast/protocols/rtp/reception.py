"""Sequence numbers, duplicates, loss and jitter of many RTP sources at once (RFC 3550, A.1-A.8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_DROPOUT = 3000
#: Packets this far behind the newest can be told from duplicates of it.
WINDOW = 64
_SEQUENCE_RANGE = 1 << 16
_NO_SEQUENCE = -1


@dataclass(frozen=True, slots=True)
class ReceptionStats:
    """What one source has sent us, over all its restarts."""

    received: int
    lost: int
    reordered: int
    duplicate: int
    jitter_ms: float


class Reception:
    """Columns of state, one row per stream; every method takes arrays of distinct rows."""

    def __init__(self, capacity: int, *, clock_rate: int = 8000) -> None:
        self._clock_rate = clock_rate
        self._started = np.zeros(capacity, np.bool_)
        self.ssrc = np.zeros(capacity, np.int64)
        #: Extended highest sequence number received.
        self.highest = np.zeros(capacity, np.int64)
        self._base = np.zeros(capacity, np.int64)
        self._expected_before = np.zeros(capacity, np.int64)
        self._seen = np.zeros(capacity, np.uint64)
        self._awaited = np.zeros(capacity, np.int64)
        self.received = np.zeros(capacity, np.int64)
        self._reordered = np.zeros(capacity, np.int64)
        self._duplicate = np.zeros(capacity, np.int64)
        #: In clock ticks: the transit time of the last packet (plus anything), and the jitter.
        self._timing = np.zeros((capacity, 2), np.float64)
        self._transit_known = np.zeros(capacity, np.bool_)

    def clear(self, row: int) -> None:
        """Forget a row's source, so that the row can serve another stream."""
        for column in (
            self._started,
            self._expected_before,
            self.received,
            self._reordered,
            self._duplicate,
            self._timing,
            self._transit_known,
        ):
            column[row] = 0

    def take(
        self, rows: NDArray[np.int64], ssrc: NDArray[np.int64], sequence: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Take one packet per row; return which are fresh (use them) and which are the newest.

        A packet is fresh the first time it arrives, in order or at most `WINDOW` late. A new SSRC
        starts a new sequence at once; a jump within one SSRC only when two packets in a row confirm
        it (A.1), so that a single stray packet cannot derail a stream.
        """
        new = ~self._started[rows] | (ssrc != self.ssrc[rows])
        if new.any():
            self._start(rows[new], ssrc[new], sequence[new])
        highest = self.highest[rows]
        distance = ((sequence - highest + _SEQUENCE_RANGE // 2) % _SEQUENCE_RANGE) - (
            _SEQUENCE_RANGE // 2
        )
        ahead = (distance > 0) & (distance < MAX_DROPOUT)
        seen = self._seen[rows]
        if ahead.all():
            # The common case: every stream moved forward.
            self._advance(rows, highest, distance, seen)
            self.received[rows] += 1
            return ahead, ahead
        if ahead.any():
            self._advance(rows[ahead], highest[ahead], distance[ahead], seen[ahead])
        behind = (distance <= 0) & (distance > -WINDOW)
        bit = np.uint64(1) << np.where(behind, -distance, 0).astype(np.uint64)
        known = behind & ((seen & bit) != 0)
        late = behind & ~known
        self._seen[rows[late]] |= bit[late]
        self._reordered[rows[late]] += 1
        self._duplicate[rows[known]] += 1
        wild = ~ahead & ~behind
        confirmed = wild & (sequence == self._awaited[rows])
        self._awaited[rows[wild]] = (sequence[wild] + 1) % _SEQUENCE_RANGE
        if confirmed.any():
            self._start(rows[confirmed], ssrc[confirmed], sequence[confirmed])
            self.highest[rows[confirmed]] += 1
            self._seen[rows[confirmed]] = 1
        newest = ahead | confirmed
        fresh = newest | late
        self.received[rows[fresh]] += 1
        return fresh, newest

    def advance(self, rows: NDArray[np.int64], count: NDArray[np.int64]) -> None:
        """Take so many packets per row that came in order, each the next one in number."""
        seen = self._seen[rows]
        self._advance(rows, self.highest[rows], count, seen)
        run = (np.uint64(1) << np.minimum(count, WINDOW - 1).astype(np.uint64)) - np.uint64(1)
        self._seen[rows] |= np.where(count < WINDOW, run, ~np.uint64(0))
        self.received[rows] += count

    def measure_jitter(
        self,
        rows: NDArray[np.int64],
        timestamp: NDArray[np.integer],
        arrival: NDArray[np.float64],
    ) -> None:
        """Take the arrival times (seconds) of fresh packets into the jitter (A.8)."""
        transit = arrival * self._clock_rate
        transit -= timestamp
        timing = self._timing.take(rows, 0)
        jitter = timing[:, 1]
        change = transit - timing[:, 0]
        np.abs(change, out=change)
        known = self._transit_known[rows]
        if not known.all() or change.max() >= self._clock_rate:
            change = np.minimum(change, np.abs((1 << 32) - change))  # the timestamp has wrapped
            change = np.where(known & (change < self._clock_rate), change, jitter)
            self._transit_known[rows] = True
        change -= jitter
        change /= 16
        jitter += change
        timing[:, 0] = transit
        self._timing[rows] = timing

    def stats(self, row: int) -> ReceptionStats:
        """Return the figures of one row since it was cleared."""
        expected = int(self._expected_before[row])
        if self._started[row]:
            expected += int(self.highest[row] - self._base[row]) + 1
        received = int(self.received[row])
        return ReceptionStats(
            received=received,
            lost=max(0, expected - received),
            reordered=int(self._reordered[row]),
            duplicate=int(self._duplicate[row]),
            jitter_ms=float(self._timing[row, 1]) * 1000 / self._clock_rate,
        )

    def _start(
        self, rows: NDArray[np.int64], ssrc: NDArray[np.int64], sequence: NDArray[np.int64]
    ) -> None:
        again = rows[self._started[rows]]
        self._expected_before[again] += self.highest[again] - self._base[again] + 1
        self._started[rows] = True
        self.ssrc[rows] = ssrc
        self._base[rows] = _SEQUENCE_RANGE + sequence
        self.highest[rows] = _SEQUENCE_RANGE + sequence - 1
        self._seen[rows] = 0
        self._awaited[rows] = _NO_SEQUENCE
        self._transit_known[rows] = False

    def _advance(
        self,
        rows: NDArray[np.int64],
        highest: NDArray[np.int64],
        distance: NDArray[np.int64],
        seen: NDArray[np.uint64],
    ) -> None:
        shift = np.minimum(distance, WINDOW - 1).astype(np.uint64)
        kept = np.where(distance < WINDOW, seen << shift, np.uint64(0))
        self._seen[rows] = kept | np.uint64(1)
        self.highest[rows] = highest + distance
