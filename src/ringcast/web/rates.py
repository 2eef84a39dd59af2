"""How often somebody may do something: a bucket of tokens for each, refilled as time passes."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Rates", "source_of"]


class Rates:
    """Counts what each key does, and says when it is too much.

    A key unknown so far has a full bucket. The keys seen longest ago are forgotten first when
    there are more than `most_keys`, so that memory is bounded whoever sends.
    """

    def __init__(
        self,
        *,
        per_second: float,
        burst: float,
        monotonic: Callable[[], float],
        most_keys: int = 10_000,
    ) -> None:
        """`burst` is how many may come at once, at least 1."""
        if per_second <= 0 or burst < 1:
            raise ValueError("a rate must be above 0, and a burst at least 1")
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._most_keys = most_keys
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, key: object) -> float:
        """Count one for the key; return 0, or in how many seconds the next may come."""
        now = self._monotonic()
        tokens, at = self._buckets.get(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._per_second)
        wait = 0.0
        if tokens >= 1:
            tokens -= 1
        else:
            wait = (1 - tokens) / self._per_second
        self._buckets[key] = tokens, now
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most_keys:
            self._buckets.popitem(last=False)
        return wait


def source_of(address: str) -> str:
    """Return who an address counts as: itself, or for IPv6 its network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
