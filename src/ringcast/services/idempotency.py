"""Requests that may come twice: the repetition is answered like the first, and does nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ringcast.domain.errors import Conflict, InvalidInput
from ringcast.domain.ids import AccountId
from ringcast.ports.clock import Clock
from ringcast.ports.store import SavedAnswer, Store, Transaction

__all__ = ["AnswerOnce", "ForgetAnswers", "Once", "SaveAnswer", "fingerprint"]

T = TypeVar("T")

_MAX_KEY = 255  # characters
_KEEP = timedelta(days=2)  # how long a client can go on repeating itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Once(Generic[T]):
    """A request with a key of its own, and how what it makes is answered.

    A use case that is given one saves the answer in the transaction that makes the thing.
    """

    key: str
    fingerprint: str
    """Digest of all that makes the request this request: see `fingerprint`."""
    render: Callable[[T], bytes]

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= _MAX_KEY:
            raise InvalidInput(f"a request's key must have 1 to {_MAX_KEY} characters")

    async def save(self, tx: Transaction, account_id: AccountId, made: T, *, now: datetime) -> None:
        """Save the answer; raise Conflict if the same key was answered meanwhile."""
        saved = SavedAnswer(fingerprint=self.fingerprint, answer=self.render(made))
        await tx.save_answer(account_id, self.key, saved, now=now)


class AnswerOnce:
    """Answer a request and all its repetitions alike, doing what it asks once."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, once: Once[T], make: Callable[[], Awaitable[T]]
    ) -> bytes:
        """Return the answer of the first such request, or of `make`, which must save it.

        Raises Conflict if the key belongs to another request, and whatever `make` raises: a
        refused request leaves nothing behind and may be sent again under its key.
        """
        answer = await self._saved(account_id, once)
        if answer is not None:
            return answer
        try:
            return once.render(await make())
        except Conflict:
            # Perhaps the same request at the same time was quicker; then its answer is ours.
            answer = await self._saved(account_id, once)
            if answer is None:
                raise
            return answer

    async def _saved(self, account_id: AccountId, once: Once[T]) -> bytes | None:
        async with self._store.begin(read_only=True) as tx:
            saved = await tx.saved_answer(account_id, once.key)
        if saved is None:
            return None
        if saved.fingerprint != once.fingerprint:
            raise Conflict(
                f"the key {once.key!r} was used for another request: take a new key for this one"
            )
        return saved.answer


class SaveAnswer:
    """Save the answer of a request whose use case has no part in it.

    What it asked for is done before: if the program ends in between, a repetition does it again.
    """

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, once: Once[T], made: T) -> None:
        """Raise Conflict if the same key was answered meanwhile."""
        async with self._store.begin() as tx:
            await once.save(tx, account_id, made, now=self._clock.now())
            await tx.commit()


class ForgetAnswers:
    """Delete saved answers that nobody will ask for again."""

    def __init__(self, *, store: Store, clock: Clock, keep: timedelta = _KEEP) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep

    async def __call__(self) -> int:
        """Return how many were deleted."""
        async with self._store.begin() as tx:
            count = await tx.forget_answers(self._clock.now() - self._keep)
            await tx.commit()
        return count


def fingerprint(*parts: str | bytes) -> str:
    """Return a digest of the parts of a request, which no other division of the same bytes has."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
