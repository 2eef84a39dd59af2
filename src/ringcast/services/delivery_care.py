"""What an operator does about deliveries: look at them, send them again, forget them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ringcast.domain.errors import Conflict, NotFound
from ringcast.domain.ids import DeliveryId
from ringcast.domain.subscriptions import Delivery, DeliveryState, Subscription
from ringcast.ports.clock import Clock
from ringcast.ports.store import Store, Transaction

__all__ = [
    "KEEP_DEAD",
    "KEEP_DELIVERED",
    "DeliveryDetails",
    "ForgetDeliveries",
    "ListDeliveries",
    "ResendDeliveries",
]

KEEP_DELIVERED = timedelta(days=3)
"""How long what was delivered can be looked at and sent again."""
KEEP_DEAD = timedelta(days=30)
"""The same, for what was given up."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class DeliveryDetails:
    """A delivery, and whom it goes to."""

    delivery: Delivery
    subscription: Subscription | None
    """None if it has been deleted since."""


class ListDeliveries:
    """Look at deliveries."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, limit: int, *, state: DeliveryState | None = None, account: str | None = None
    ) -> Sequence[DeliveryDetails]:
        """Return the newest, of all accounts or of the one of that name.

        Raises NotFound if there is no such account.
        """
        async with self._store.begin(read_only=True) as tx:
            account_id = None
            if account is not None:
                named = await tx.account_named(account)
                if named is None:
                    raise NotFound("account", account)
                account_id = named.id
            found = await tx.deliveries(limit, state=state, account_id=account_id)
            subscriptions = await tx.subscriptions_of({one.subscription_id for one in found})
        return [DeliveryDetails(one, subscriptions.get(one.subscription_id)) for one in found]


class ResendDeliveries:
    """Send deliveries again, with all their attempts before them; the server sends them soon."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, delivery_ids: Sequence[DeliveryId]) -> int:
        """Have those sent again, all or none; return how many.

        Raises NotFound for one that is not there, Conflict for one that is pending already or
        whose subscription was deleted.
        """
        async with self._store.begin() as tx:
            found = []
            for delivery_id in dict.fromkeys(delivery_ids):
                delivery = await tx.delivery(delivery_id)
                if delivery is None:
                    raise NotFound("delivery", delivery_id)
                found.append(delivery)
            subscriptions = await tx.subscriptions_of({one.subscription_id for one in found})
            for delivery in found:
                if delivery.state is DeliveryState.PENDING:
                    raise Conflict(f"delivery {delivery.id} is on its way already")
                if delivery.subscription_id not in subscriptions:
                    raise Conflict(
                        f"delivery {delivery.id} has nowhere to go: its subscription"
                        f" {delivery.subscription_id} was deleted"
                    )
            await self._send_again(tx, found)
            await tx.commit()
        return len(found)

    async def all_dead(self) -> int:
        """Have everything sent again that was given up; return how many."""
        count = 0
        before: DeliveryId | None = None
        while True:
            async with self._store.begin() as tx:
                found = await tx.deliveries(_BATCH, state=DeliveryState.DEAD, before=before)
                if not found:
                    return count
                known = await tx.subscriptions_of({one.subscription_id for one in found})
                going = [one for one in found if one.subscription_id in known]
                await self._send_again(tx, going)
                await tx.commit()
            before = found[-1].id
            count += len(going)

    async def _send_again(self, tx: Transaction, deliveries: Sequence[Delivery]) -> None:
        now = self._clock.now()
        for delivery in sorted(deliveries, key=lambda one: one.id):
            await tx.update_delivery(delivery.sent_again(now=now))


class ForgetDeliveries:
    """Delete deliveries that ended long ago, and what went wrong as long ago."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self) -> int:
        """Return how many were deleted."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            count = await tx.forget_deliveries(
                delivered_before=now - KEEP_DELIVERED, dead_before=now - KEEP_DEAD
            )
            await tx.forget_incidents(now - KEEP_DEAD)
            await tx.commit()
        return count
