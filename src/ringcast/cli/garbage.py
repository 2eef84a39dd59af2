"""The garbage collector of a process that carries calls."""

from __future__ import annotations

import gc

__all__ = ["collect_rarely"]


def collect_rarely() -> None:
    """Keep the garbage collector from looking at what lives as long as the process.

    A live call is some hundred objects in cycles, so Python's default of a look every 700 new ones
    looks at all live calls many times a second for nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
