"""Telling subscribers what has happened: what the store keeps of it, and who renders and sends it.

An announcement is written to the outbox in the transaction of what it announces. From there it is
taken, in order, and becomes a delivery for each subscription that wants it; deliveries are claimed,
sent, and ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ringcast.domain.ids import AccountId, DeliveryId, SubscriptionId
from ringcast.domain.subscriptions import (
    RETRY_AFTER,
    Announcement,
    Delivery,
    DeliveryState,
    Subscription,
)

__all__ = [
    "Callback",
    "CallbackAnswer",
    "CallbackRenderer",
    "CallbackSender",
    "DeliveryTransaction",
    "OutboxEntry",
]


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """An announcement that nobody has been told of yet."""

    sequence: int
    """Increases with what is announced of one subject."""
    announcement: Announcement


class DeliveryTransaction(Protocol):
    """The part of a transaction that is about subscriptions and deliveries."""

    # subscriptions

    async def add_subscription(self, subscription: Subscription) -> None: ...
    async def subscription(
        self, account_id: AccountId, subscription_id: SubscriptionId
    ) -> Subscription | None: ...
    async def subscriptions(self, account_id: AccountId) -> Sequence[Subscription]:
        """Those of an account that are not about one resource."""

    async def subscriptions_of(
        self, subscription_ids: Collection[SubscriptionId]
    ) -> Mapping[SubscriptionId, Subscription]:
        """Those of the given that are there."""

    async def subscriptions_listening(
        self, account_ids: Collection[AccountId], *, subjects: Collection[int] = ()
    ) -> Sequence[Subscription]:
        """Those of the accounts that are enabled and have no single delivery under way.

        Of those about one resource only the ones about `subjects`.
        """

    async def update_subscription(self, subscription: Subscription) -> None:
        """Raises NotFound if it is gone. What is pending goes to its new URL."""

    async def delete_subscription(self, subscription_id: SubscriptionId) -> bool:
        """Delete it, and what is pending or dead of it; return whether it was there."""

    async def put_under_way(self, subscription_id: SubscriptionId) -> bool:
        """Mark a subscription for single use; return False if it is marked already, or gone."""

    # outbox

    async def announce(self, announcements: Sequence[Announcement]) -> None:
        """Write to the outbox what any enabled subscription of its account wants to know.

        Change the subject in the same transaction, before: that keeps what is announced of it in
        the order of the changes.
        """

    async def outbox(self, limit: int) -> Sequence[OutboxEntry]:
        """The oldest entries, the oldest first."""

    async def take_from_outbox(self, sequences: Sequence[int]) -> frozenset[int]:
        """Remove entries; return which were there. Each is given to one transaction only."""

    # deliveries

    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> None: ...
    async def due_deliveries(
        self, now: datetime, limit: int, *, except_receivers: Collection[str] = ()
    ) -> Sequence[tuple[DeliveryId, str]]:
        """Pending deliveries whose time has come and the receiver of each, the earliest first.

        Not those that wait for an earlier one of the same subscription and subject.
        """

    async def claim_deliveries(
        self, delivery_ids: Collection[DeliveryId], *, holder: str, now: datetime, until: datetime
    ) -> Sequence[Delivery]:
        """Give those that are still due to the holder until a time; one more attempt begins."""

    async def end_claim(self, delivery: Delivery, *, holder: str) -> bool:
        """Write how an attempt went; return False if the holder has lost the delivery meanwhile."""

    async def delivery(self, delivery_id: DeliveryId) -> Delivery | None: ...
    async def deliveries(
        self,
        limit: int,
        *,
        state: DeliveryState | None = None,
        account_id: AccountId | None = None,
        before: DeliveryId | None = None,
    ) -> Sequence[Delivery]:
        """The newest first, of one account or of all."""

    async def update_delivery(self, delivery: Delivery) -> None:
        """Write it, whoever holds it. Raises NotFound if it is gone."""

    async def bury_deliveries(
        self, subscription_id: SubscriptionId, *, now: datetime, problem: str
    ) -> int:
        """Give up all that is pending of a subscription; return how many."""

    async def forget_deliveries(self, *, delivered_before: datetime, dead_before: datetime) -> int:
        """Delete those that ended before a time; return how many.

        With them go subscriptions about one resource that are older and have no deliveries left.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """A request to a subscriber."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    """What is posted; nothing is sent of it with another method."""
    method: str = "POST"
    verify_certificate: bool = True
    timeout: timedelta | None = None
    """For a whole request; None, and what is longer, is what the sender allows at most."""
    otherwise: Callback | None = None
    """Sent at once if this one is not taken."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What is kept as an incident if it is not taken, in the words of its dialect, which is among
    them as `dialect`; nothing is if there are none."""
    retry_after: Sequence[timedelta] = RETRY_AFTER
    """How long to wait after the first attempt that failed, the second, and so on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallbackAnswer:
    """What came of a request: a status, or what went wrong, or both."""

    status: int | None = None
    problem: str | None = None
    """None if the subscriber has taken it (any 2xx)."""


class CallbackSender(Protocol):
    """Sends requests to subscribers."""

    def check(self, url: str) -> None:
        """Raise InvalidInput for a URL that nothing would ever be sent to."""

    async def send(self, callback: Callback) -> CallbackAnswer:
        """Send it once, within a limit of time; raise nothing that the far end is the cause of."""


class CallbackRenderer(Protocol):
    """What the subscriptions of a dialect are sent."""

    def body(
        self,
        subscription: Subscription,
        announcement: Announcement,
        resource: object,
        now: datetime,
    ) -> bytes | None:
        """Return what tells of the announcement; `resource` is what its use case returns.

        None if the options of the subscription say that this one is not to be told.
        """

    def callback(self, subscription: Subscription, body: bytes) -> Callback:
        """Return the request that takes the body there, with its signature."""
