"""A bad line: some of the packets a phone sends are lost, and the others come unevenly.

The line lies between the phone's media stream and the caller: the caller knows its port only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Final, Self

__all__ = ["BadLine", "Impairment"]

_QUEUE_LIMIT: Final = 100
"""Packets under way at once; what comes beyond is lost, as in a router."""


class Impairment:
    """Decides the fate of packets: lost, or delayed by how much. Never changes their order."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.loss = 0.0
        """The share that is lost, 0…1."""
        self.jitter_ms = 0.0
        """The longest delay; each packet has its own, evenly distributed."""
        self._last = 0.0

    def departure(self, *, now: float) -> float | None:
        """Return when the packet that comes now goes on; None if it is lost."""
        if self._random.random() < self.loss:
            return None
        self._last = max(self._last, now + self._random.random() * self.jitter_ms / 1000)
        return self._last


class BadLine:
    """A UDP relay: packets of the phone are impaired, those of the caller pass."""

    def __init__(self, impairment: Impairment) -> None:
        self.impairment = impairment
        self.dropped = 0
        """Packets of the phone that were lost."""
        self._loop = asyncio.get_running_loop()
        self._outside: asyncio.DatagramTransport | None = None
        self._inside: asyncio.DatagramTransport | None = None
        self._caller: tuple[str, int] | None = None
        self._phone: tuple[str, int] | None = None
        self._under_way: deque[bytes] = deque()

    @classmethod
    async def open(cls, host: str, *, phone: tuple[str, int], impairment: Impairment) -> Self:
        """Open a line before the media stream that receives at `phone`; raise OSError."""
        line = cls(impairment)
        line._phone = phone
        make = line._loop.create_datagram_endpoint
        line._outside, _ = await make(lambda: _Receiver(line._from_caller), local_addr=(host, 0))
        try:
            line._inside, _ = await make(lambda: _Receiver(line._from_phone), local_addr=(host, 0))
        except BaseException:
            line.close()
            raise
        return line

    @property
    def outside(self) -> tuple[str, int]:
        """Where the caller sends to: the address to tell them."""
        return _address(self._outside)

    @property
    def inside(self) -> tuple[str, int]:
        """Where the phone's media stream sends to."""
        return _address(self._inside)

    def connect(self, caller: tuple[str, int]) -> None:
        """Say where the caller receives."""
        self._caller = caller

    def close(self) -> None:
        """Close both ends; what is under way is lost."""
        for transport in (self._outside, self._inside):
            if transport is not None:
                transport.close()

    def _from_caller(self, packet: bytes) -> None:
        if self._inside is not None and not self._inside.is_closing():
            self._inside.sendto(packet, self._phone)

    def _from_phone(self, packet: bytes) -> None:
        departure = self.impairment.departure(now=self._loop.time())
        if departure is None or len(self._under_way) >= _QUEUE_LIMIT:
            self.dropped += 1
            return
        self._under_way.append(packet)
        self._loop.call_at(departure, self._depart)

    def _depart(self) -> None:
        # Timers of the same moment come in any order, packets must not.
        packet = self._under_way.popleft()
        outside = self._outside
        if outside is not None and not outside.is_closing() and self._caller is not None:
            outside.sendto(packet, self._caller)


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._receive(data)


def _address(transport: asyncio.DatagramTransport | None) -> tuple[str, int]:
    assert transport is not None
    address: tuple[str, int] = transport.get_extra_info("sockname")
    return address
