"""Retries, states and the order of deliveries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from ringcast.domain.errors import IllegalTransition
from ringcast.domain.ids import AccountId, DeliveryId, SubscriptionId
from ringcast.domain.subscriptions import (
    MAX_ATTEMPTS,
    RETRY_AFTER,
    Delivery,
    DeliveryState,
    Subscription,
    Topic,
    retry_after,
)

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_delivery(**members: Any) -> Delivery:
    plain: dict[str, Any] = {
        "id": DeliveryId(5),
        "account_id": AccountId(1),
        "subscription_id": SubscriptionId(2),
        "topic": Topic.CALL_FINISHED,
        "subject_id": 3,
        "sequence": 4,
        "receiver": "example.com:443",
        "body": b"{}",
        "state": DeliveryState.PENDING,
        "created_at": NOW,
        "due_at": NOW,
    }
    return Delivery(**plain | members)


def a_subscription(**members: Any) -> Subscription:
    plain: dict[str, Any] = {
        "id": SubscriptionId(2),
        "account_id": AccountId(1),
        "dialect": "plain",
        "name": "",
        "topics": frozenset({Topic.CALL_FINISHED}),
        "url": "https://example.com/hook",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Subscription(**plain | members)


def test_waits_grow_from_ten_seconds_to_a_day() -> None:
    assert RETRY_AFTER[0] == timedelta(seconds=10)
    assert RETRY_AFTER[-1] == timedelta(hours=24)
    assert all(later > earlier for earlier, later in pairwise(RETRY_AFTER))
    assert timedelta(days=2) < sum(RETRY_AFTER, timedelta()) < timedelta(days=3)


def test_after_the_last_attempt_there_is_no_other() -> None:
    assert MAX_ATTEMPTS == 11
    assert retry_after(MAX_ATTEMPTS - 1, random=0) == RETRY_AFTER[-1]
    assert retry_after(MAX_ATTEMPTS, random=0) is None


@pytest.mark.parametrize(("random", "seconds"), [(0.0, 10), (0.5, 11), (1.0, 12)])
def test_waits_are_spread_by_a_fifth(random: float, seconds: float) -> None:
    assert retry_after(1, random=random) == timedelta(seconds=seconds)


def test_a_claim_counts_an_attempt_and_says_until_when_it_is_held() -> None:
    claimed = a_delivery(attempts=1).claimed("server", until=NOW + MINUTE)
    assert (claimed.attempts, claimed.holder, claimed.due_at) == (2, "server", NOW + MINUTE)


def test_what_arrived_has_ended() -> None:
    claimed = a_delivery(problem="it answered 500").claimed("server", until=NOW + MINUTE)
    done = claimed.delivered(status=202, now=NOW + MINUTE)
    assert done == replace(
        claimed,
        state=DeliveryState.DELIVERED,
        holder=None,
        ended_at=NOW + MINUTE,
        status=202,
        problem=None,
    )


def test_what_failed_is_due_again_until_it_has_failed_too_often() -> None:
    delivery = a_delivery()
    now = NOW
    for wait in RETRY_AFTER:
        claimed = delivery.claimed("server", until=now + MINUTE)
        delivery = claimed.failed(status=500, problem="it answered 500", now=now, random=0)
        assert delivery.state is DeliveryState.PENDING
        assert delivery.holder is None
        assert delivery.due_at == now + wait
        now = delivery.due_at
    claimed = delivery.claimed("server", until=now + MINUTE)
    dead = claimed.failed(status=None, problem="no answer within 10 s", now=now, random=0)
    assert (dead.state, dead.ended_at, dead.attempts) == (DeliveryState.DEAD, now, 11)
    assert (dead.status, dead.problem) == (None, "no answer within 10 s")


def test_what_may_be_tried_three_times_is_dead_after_the_third() -> None:
    delivery = a_delivery()
    for _ in range(3):
        assert delivery.state is DeliveryState.PENDING
        claimed = delivery.claimed("server", until=NOW + MINUTE)
        delivery = claimed.failed(status=500, problem="x", now=NOW, random=0, max_attempts=3)
    assert (delivery.state, delivery.attempts) == (DeliveryState.DEAD, 3)


def test_what_was_broken_off_is_due_at_once() -> None:
    claimed = a_delivery().claimed("server", until=NOW + MINUTE)
    assert claimed.released(now=NOW) == replace(claimed, holder=None, due_at=NOW)


def test_what_has_ended_can_be_sent_again_by_hand_only() -> None:
    dead = a_delivery(state=DeliveryState.DEAD, attempts=11, ended_at=NOW, problem="x", status=500)
    again = dead.sent_again(now=NOW + MINUTE)
    assert (again.state, again.attempts, again.due_at) == (DeliveryState.PENDING, 0, NOW + MINUTE)
    assert again.ended_at is None
    assert again.problem == "x"  # why it was sent again
    done = a_delivery(state=DeliveryState.DELIVERED, ended_at=NOW)
    assert done.sent_again(now=NOW).state is DeliveryState.PENDING
    with pytest.raises(IllegalTransition):
        a_delivery().sent_again(now=NOW)
    for ended in (dead, done):
        with pytest.raises(IllegalTransition):
            ended.delivered(status=200, now=NOW)


@pytest.mark.parametrize(
    ("url", "receiver"),
    [
        ("https://example.com/hook", "example.com:443"),
        ("http://Example.COM", "example.com:80"),
        ("http://user:secret@example.com:8080/x?y", "example.com:8080"),
        ("http://[::1]:81/", "::1:81"),
    ],
)
def test_the_receiver_is_the_host_and_port_of_the_url(url: str, receiver: str) -> None:
    assert a_subscription(url=url).receiver == receiver


def test_a_subscription_listens_while_it_is_enabled_and_not_used_up() -> None:
    assert a_subscription().is_listening
    assert not a_subscription(enabled=False).is_listening
    assert not a_subscription(single_use=True, under_way=True).is_listening


def test_a_subscription_expires_at_its_time() -> None:
    assert not a_subscription().has_expired(NOW)
    expiring = a_subscription(expires_at=NOW)
    assert not expiring.has_expired(NOW - timedelta(microseconds=1))
    assert expiring.has_expired(NOW)


def test_secrets_and_urls_do_not_show_in_logs() -> None:
    shown = repr(a_subscription(secret="s3cret", url="https://u:pass@example.com/"))
    assert "s3cret" not in shown
    assert "pass" not in shown
    assert "personal" not in repr(a_delivery(body=b"personal"))
