"""SIGTERM and Ctrl-C, as programs that take calls until they are stopped hear them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["stop_signals"]


@contextmanager
def stop_signals(received: Callable[[], None]) -> Iterator[None]:
    """Call `received` for each; afterwards they have no effect.

    All is done then, and the exit status should say so: a second signal would else end the program
    by its default while Python shuts down.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, received)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
