"""Single calls with a script of their own, and who is told of their progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ringcast.domain.accounts import Account
from ringcast.domain.calls import Call, CallState
from ringcast.domain.events import CallCreated
from ringcast.domain.ids import CallId, SubscriptionId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import Destination
from ringcast.domain.subscriptions import Follower
from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import CallbackSender
from ringcast.ports.store import Store
from ringcast.services.calls import caller_numbers

__all__ = ["CallWish", "CreateCall"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallWish:
    """Whom to call from which number, and what is done once they answer."""

    to: Destination
    from_number: str
    script: Script
    ring_timeout: timedelta = timedelta(seconds=60)
    max_length: timedelta = timedelta(hours=4)
    to_text: str = ""
    follower: Follower | None = None
    also_told: tuple[Follower, ...] = ()
    """Others who are told of what happens on it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra SIP headers of the INVITE."""


class CreateCall:
    """Have somebody called as soon as possible."""

    def __init__(
        self, *, store: Store, clock: Clock, sender: CallbackSender, wake: Callable[[], None]
    ) -> None:
        """`sender` says which URLs can be told; `wake` has the dialer look at once."""
        self._sender = sender
        self._store = store
        self._clock = clock
        self._wake = wake

    async def __call__(self, account: Account, wish: CallWish) -> Call:
        """Return the call; it is durable on return.

        Raises UnknownCallerId if the number shown is not the account's, and InvalidInput for a
        follower that cannot be told.
        """
        followers = [*([] if wish.follower is None else [wish.follower]), *wish.also_told]
        for follower in followers:
            self._sender.check(follower.url)
        async with self._store.begin(read_only=True) as tx:
            (number,) = await caller_numbers(tx, account.id, [wish.from_number])
        now = self._clock.now()
        call_id, *subscription_ids = await self._store.take_ids(1 + len(followers), now)
        call = Call(
            id=CallId(call_id),
            account_id=account.id,
            to=wish.to,
            to_text=wish.to_text or str(wish.to),
            from_number=number,
            script=wish.script,
            state=CallState.READY,
            created_at=now,
            updated_at=now,
            due_at=now,
            ring_timeout=wish.ring_timeout,
            max_length=wish.max_length,
            headers=wish.headers,
        )
        async with self._store.begin() as tx:
            await tx.add_calls([call])
            await tx.add_events([CallCreated(call_id=call.id, at=now)])
            for subscription_id, follower in zip(subscription_ids, followers, strict=True):
                await tx.add_subscription(
                    follower.following(
                        SubscriptionId(subscription_id),
                        account.id,
                        call.id,
                        at=now,
                        signing_key=account.signing_key,
                    )
                )
            await tx.commit()
        self._wake()
        return call
