"""The even ports of a range, handed out so that a port rests as long as possible after a call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ringcast.media.messages import NoPortsLeft


class PortRange:
    """RTP ports are even; the odd one after each is left to RTCP (RFC 3550, section 11)."""

    def __init__(
        self, ports: range, *, shuffle: Callable[[list[int]], None] = lambda _: None
    ) -> None:
        """Begin with all of them free, in the order that `shuffle` puts them in."""
        even = [port for port in ports if port % 2 == 0]
        if not even or even[0] < 1 or even[-1] > 65535:
            raise ValueError(f"{ports} holds no even port between 2 and 65534")
        shuffle(even)
        self._range = ports
        self._free = deque(even)
        self.size = len(even)

    def take(self) -> int:
        """Return the port that has been free longest; raise NoPortsLeft."""
        if not self._free:
            raise NoPortsLeft(f"all {self.size} RTP ports {self} are in use")
        return self._free.popleft()

    def give_back(self, port: int) -> None:
        """Make a port free again."""
        self._free.append(port)

    def __len__(self) -> int:
        """Return how many ports are free."""
        return len(self._free)

    def __str__(self) -> str:
        """Return the range as users write it."""
        return f"{self._range.start}-{self._range.stop - 1}"
