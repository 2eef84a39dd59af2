"""Subscriptions: made, looked at, changed, deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from ringcast.domain.accounts import Account
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.ids import AccountId, SubscriptionId
from ringcast.domain.subscriptions import Subscription, Topic
from ringcast.ports.clock import Clock
from ringcast.ports.deliveries import CallbackSender
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.idempotency import Once

__all__ = [
    "MAX_SUBSCRIPTIONS",
    "CreateSubscription",
    "DeleteSubscription",
    "FindSubscriptions",
    "GetSubscription",
    "SubscriptionChanges",
    "UpdateSubscription",
]

T = TypeVar("T")

MAX_SUBSCRIPTIONS = 200
"""How many an account can have: each is asked about at every announcement."""

_MAX_NAME = 255  # characters
_MAX_SECRET = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriptionChanges:
    """What a subscription shall be; None leaves it as it is, or at its default in a new one."""

    name: str | None = None
    topics: frozenset[Topic] | None = None
    url: str | None = field(default=None, repr=False)
    enabled: bool | None = None
    verify_certificate: bool | None = None
    secret: str | None = field(default=None, repr=False)
    """An empty one takes the secret away."""
    expires_at: datetime | None = None
    single_use: bool | None = None
    options: Mapping[str, str] | None = None


class CreateSubscription:
    """Have an account told of what happens to its resources."""

    def __init__(self, *, store: Store, clock: Clock, sender: CallbackSender) -> None:
        self._store = store
        self._clock = clock
        self._sender = sender

    async def __call__(
        self,
        account: Account,
        dialect: str,
        wanted: SubscriptionChanges,
        *,
        once: Once[Subscription] | None = None,
    ) -> Subscription:
        """Return the subscription; it hears of everything that is committed from now on.

        Raises InvalidInput if it has no URL or no topic, or one that cannot be.
        """
        now = self._clock.now()
        (new_id,) = await self._store.take_ids(1, now)
        subscription = _changed(
            Subscription(
                id=SubscriptionId(new_id),
                account_id=account.id,
                dialect=dialect,
                name="",
                topics=frozenset(),
                url="",
                created_at=now,
                updated_at=now,
            ),
            wanted,
            now=now,
            sender=self._sender,
        )
        async with self._store.begin() as tx:
            if len(await tx.subscriptions(account.id)) >= MAX_SUBSCRIPTIONS:
                raise InvalidInput(
                    f"an account can have {MAX_SUBSCRIPTIONS} subscriptions: delete one first"
                )
            await tx.add_subscription(subscription)
            if once is not None:
                await once.save(tx, account.id, subscription, now=now)
            await tx.commit()
        return subscription


class GetSubscription:
    """Look at one subscription."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, dialect: str, subscription_id: SubscriptionId
    ) -> Subscription:
        """Return it; raise NotFound if the account has none such in the dialect."""
        async with self._store.begin(read_only=True) as tx:
            return await _get(tx, account_id, dialect, subscription_id)


class FindSubscriptions:
    """Search the subscriptions of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self,
        account_id: AccountId,
        dialect: str,
        page: Page,
        *,
        name: str | None = None,
        topics: Collection[Topic] | None = None,
        url: str | None = None,
        enabled: bool | None = None,
        options: Mapping[str, str | None] | None = None,
    ) -> tuple[Sequence[Subscription], int]:
        """Return a page of them, newest first, and how many match in all.

        `name` is a part of the name, whatever its case; of `topics` one must be among its own;
        `options` must be as given, None not there.
        """
        async with self._store.begin(read_only=True) as tx:
            everything = await tx.subscriptions(account_id)
        found = [
            one
            for one in reversed(everything)
            if one.dialect == dialect
            and (name is None or name.casefold() in one.name.casefold())
            and (topics is None or not one.topics.isdisjoint(topics))
            and (url is None or one.url == url)
            and (enabled is None or one.enabled is enabled)
            and all(one.options.get(name) == value for name, value in (options or {}).items())
        ]
        return found[page.offset : page.offset + page.limit], len(found)


class UpdateSubscription:
    """Change a subscription."""

    def __init__(self, *, store: Store, clock: Clock, sender: CallbackSender) -> None:
        self._store = store
        self._clock = clock
        self._sender = sender

    async def __call__(
        self,
        account_id: AccountId,
        dialect: str,
        subscription_id: SubscriptionId,
        changes: SubscriptionChanges,
    ) -> Subscription:
        """Return it as it is now; raise NotFound, or InvalidInput as for a new one.

        What is on its way goes to the new URL with the new secret. One that is disabled gives up
        what is on its way; that can be sent again by hand.
        """
        now = self._clock.now()
        async with self._store.begin() as tx:
            old = await _get(tx, account_id, dialect, subscription_id)
            new = _changed(old, changes, now=now, sender=self._sender)
            if old.enabled and not new.enabled:
                await tx.bury_deliveries(old.id, now=now, problem="the subscription was disabled")
                new = replace(new, under_way=False)
            await tx.update_subscription(new)
            await tx.commit()
        return new


class DeleteSubscription:
    """Delete a subscription and what is on its way to it."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self, account_id: AccountId, dialect: str, subscription_id: SubscriptionId
    ) -> None:
        """Raise NotFound if the account has none such in the dialect."""
        async with self._store.begin() as tx:
            await _get(tx, account_id, dialect, subscription_id)
            await tx.delete_subscription(subscription_id)
            await tx.commit()


async def _get(
    tx: Transaction, account_id: AccountId, dialect: str, subscription_id: SubscriptionId
) -> Subscription:
    found = await tx.subscription(account_id, subscription_id)
    if found is None or found.dialect != dialect:
        raise NotFound("subscription", subscription_id)
    return found


def _changed(
    old: Subscription, changes: SubscriptionChanges, *, now: datetime, sender: CallbackSender
) -> Subscription:
    new = replace(
        old,
        name=_either(changes.name, old.name).strip(),
        topics=_either(changes.topics, old.topics),
        url=_either(changes.url, old.url),
        enabled=_either(changes.enabled, old.enabled),
        verify_certificate=_either(changes.verify_certificate, old.verify_certificate),
        secret=(old.secret if changes.secret is None else changes.secret) or None,
        expires_at=old.expires_at if changes.expires_at is None else changes.expires_at,
        single_use=_either(changes.single_use, old.single_use),
        options=_either(changes.options, old.options),
        updated_at=now,
    )
    if not new.topics:
        raise InvalidInput("a subscription needs something to be told of")
    if not new.url:
        raise InvalidInput("a subscription needs a URL that it is told at")
    if len(new.name) > _MAX_NAME:
        raise InvalidInput(f"the name of a subscription has at most {_MAX_NAME} characters")
    if new.secret is not None and len(new.secret) > _MAX_SECRET:
        raise InvalidInput(f"the secret of a subscription has at most {_MAX_SECRET} characters")
    if changes.expires_at is not None and changes.expires_at <= now:
        raise InvalidInput("a subscription cannot expire in the past")
    if changes.url is not None:
        sender.check(changes.url)
    return new


def _either(new: T | None, old: T) -> T:
    return old if new is None else new
