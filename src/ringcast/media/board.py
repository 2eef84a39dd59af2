"""The board: what each worker has mixed of each room, for the others to add.

Members of a room may be on any workers. Each worker sums up its own and writes that sum here, tick
by tick; nothing is sent, and a call need not be where its room is. It is memory that the workers
of a pool share. A worker that is late, or dead, is not heard meanwhile; nobody waits for it.
"""

from __future__ import annotations

import mmap
import os
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Rooms, and people spoken to alone, that one pool can have at a time.
PLACES: Final = 2048
TICK: Final = 160
#: Ticks after which others read a sum. Workers tick at different moments of the same 20 ms, and
#: one may be late by as much again before that is heard.
BEHIND: Final = 2
#: Ticks that are kept.
_KEPT: Final = 8
_NEVER: Final = -1

_STAMPS: Final = _KEPT * PLACES * 8
_SUMS: Final = _KEPT * PLACES * TICK * 2
_OF_WORKER: Final = _STAMPS + _SUMS


def make_board(workers: int) -> int:
    """Return the descriptor of the memory of a board; it takes room only where it is used."""
    descriptor = os.memfd_create("ringcast-rooms", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, workers * _OF_WORKER)
    return descriptor


class Board:
    """The board as one worker sees it."""

    def __init__(self, descriptor: int, *, workers: int, number: int) -> None:
        """Map it; the descriptor may be closed then."""
        memory = mmap.mmap(descriptor, workers * _OF_WORKER)
        self._stamps: list[NDArray[np.int64]] = []
        self._sums: list[NDArray[np.int16]] = []
        for worker in range(workers):
            start = worker * _OF_WORKER
            stamps = np.frombuffer(memory, np.int64, _KEPT * PLACES, start)
            sums = np.frombuffer(memory, np.int16, _KEPT * PLACES * TICK, start + _STAMPS)
            self._stamps.append(stamps.reshape(_KEPT, PLACES))
            self._sums.append(sums.reshape(_KEPT, PLACES, TICK))
        self._number = number
        self._others = [worker for worker in range(workers) if worker != number]
        # Left by one that died in our place, or not yet written at all (tick 0 is long ago).
        self._stamps[number][:] = _NEVER

    @property
    def is_alone(self) -> bool:
        """Whether there is no other worker."""
        return not self._others

    def publish(self, tick: int, places: NDArray[np.int64], sums: NDArray[np.int16]) -> None:
        """Write what our members say in places."""
        kept = tick % _KEPT
        self._sums[self._number][kept, places] = sums
        self._stamps[self._number][kept, places] = tick  # last: it says that the sum is there

    def add_others(self, tick: int, places: NDArray[np.int64], total: NDArray[np.int32]) -> None:
        """Add what the members on other workers said in places, `BEHIND` ticks ago."""
        then = tick - BEHIND
        kept = then % _KEPT
        for worker in self._others:
            there = np.nonzero(self._stamps[worker][kept, places] == then)[0]
            if len(there):
                total[there] += self._sums[worker][kept, places[there]]
