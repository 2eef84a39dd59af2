"""What a handler works with: the use cases, the limits, and the request at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ringcast.apis.callfire_1_1.given import Given
from ringcast.apis.callfire_1_1.results import Created, Done
from ringcast.apis.callfire_1_1.services import Services
from ringcast.domain.accounts import Account
from ringcast.domain.errors import InvalidInput
from ringcast.ports.store import Page
from ringcast.services.idempotency import Once, fingerprint

__all__ = ["Exchange", "Limits"]

T = TypeVar("T")

_MOST_RESULTS = 1000  # CallFire's limit, and its default


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much one request may bring."""

    body_bytes: int = 32 * 1024 * 1024
    """Of any body: it may hold a sound, or name many people."""
    upload_directory: Path | None = None
    failures_at_once: int = 60
    """How many requests without a valid credential an address may send at once…"""
    failures_per_second: float = 1.0
    """…and how many a second after that."""
    requests_per_second: float | None = None
    """How many requests a second a credential may send; None counts none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request whose account is known and whose parameters have been read."""

    operation: str
    account: Account
    given: Given
    services: Services
    limits: Limits
    root: str
    """The address of REST, for links to resources."""

    def page(self) -> Page:
        """Return the window that is asked for; raise InvalidInput."""
        limit, first = self.given.integer("MaxResults"), self.given.integer("FirstResult")
        if limit is not None and not 0 < limit <= _MOST_RESULTS:
            raise InvalidInput(f"MaxResults goes from 1 to {_MOST_RESULTS}", field="MaxResults")
        if first is not None and not 0 <= first < 2**31:
            raise InvalidInput("FirstResult is 0 or more", field="FirstResult")
        return Page(limit=_MOST_RESULTS if limit is None else limit, offset=first or 0)

    async def once(self, do: Callable[[], Awaitable[object]]) -> Done:
        """Do what makes nothing; a request with a RequestId is done once."""
        key = self.given.text("RequestId")
        if key is None:
            await do()
            return Done()
        once: Once[None] = self._once(key, lambda _: b"")

        async def make() -> None:
            await do()
            await self.services.save_answer(self.account.id, once, None)

        await self.services.answer_once(self.account.id, once, make)
        return Done()

    async def create(
        self, make: Callable[[Once[T] | None], Awaitable[T]], id_of: Callable[[T], int]
    ) -> Created:
        """Make something; a request with a RequestId makes it once, and is answered alike again.

        Whether the repetition comes by SOAP or by REST makes no difference.
        """
        key = self.given.text("RequestId")
        if key is None:
            return Created(id_of(await make(None)))
        once: Once[T] = self._once(key, lambda made: b"%d" % id_of(made))
        answer = await self.services.answer_once(self.account.id, once, lambda: make(once))
        return Created(int(answer))

    def _once(self, key: str, render: Callable[[T], bytes]) -> Once[T]:
        content = fingerprint("callfire-1.1", self.operation, repr(self.given.tree))
        return Once(key=key, fingerprint=content, render=render)
