"""Subscriptions, announcements and deliveries for tests; what a test is not about is plain."""

from __future__ import annotations

import itertools
from typing import Any

from ringcast.domain.accounts import Account
from ringcast.domain.ids import DeliveryId, SubscriptionId
from ringcast.domain.subscriptions import (
    Announcement,
    Delivery,
    DeliveryState,
    Subscription,
    Topic,
)
from tests.contract.store_things import NOW

_ids = itertools.count(500_000)


def a_subscription(account: Account, **members: Any) -> Subscription:
    plain: dict[str, Any] = {
        "id": SubscriptionId(next(_ids)),
        "account_id": account.id,
        "dialect": "plain",
        "name": "hook",
        "topics": frozenset({Topic.CALL_FINISHED}),
        "url": "https://example.com/hook",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Subscription(**plain | members)


def an_announcement(account: Account, subject_id: int, **members: Any) -> Announcement:
    plain: dict[str, Any] = {
        "topic": Topic.CALL_FINISHED,
        "account_id": account.id,
        "subject_id": subject_id,
        "at": NOW,
    }
    return Announcement(**plain | members)


def a_delivery(subscription: Subscription, **members: Any) -> Delivery:
    number = next(_ids)
    plain: dict[str, Any] = {
        "id": DeliveryId(number),
        "account_id": subscription.account_id,
        "subscription_id": subscription.id,
        "topic": Topic.CALL_FINISHED,
        "subject_id": number,
        "sequence": number,
        "receiver": subscription.receiver,
        "body": b"{}",
        "state": DeliveryState.PENDING,
        "created_at": NOW,
        "due_at": NOW,
    }
    return Delivery(**plain | members)
