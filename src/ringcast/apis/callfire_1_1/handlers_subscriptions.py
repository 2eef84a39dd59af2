"""Subscriptions to postbacks: parse, do, render."""

from __future__ import annotations

from ringcast.apis.callfire_1_1.callbacks import DIALECT, EVENT, FILTER, FORMAT, NOT_SENT, SENT
from ringcast.apis.callfire_1_1.errors import NotYet
from ringcast.apis.callfire_1_1.exchange import Exchange
from ringcast.apis.callfire_1_1.given import Given, Tree, TreeValue
from ringcast.apis.callfire_1_1.results import Done, Found, Listed, Result
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import SubscriptionId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.subscriptions import (
    Subscription,
    Topic,
    is_mailbox,
    mail_url,
    mailbox_of,
)
from ringcast.services.idempotency import Once
from ringcast.services.subscriptions import SubscriptionChanges

__all__ = [
    "create_subscription",
    "delete_subscription",
    "get_subscription",
    "query_subscriptions",
    "update_subscription",
]

_FORMATS = ("XML", "JSON", "EMAIL")


async def create_subscription(exchange: Exchange) -> Result:
    """A subscription; it hears of everything from now on."""
    given = _subscription(exchange.given)
    given.need_text("Endpoint")
    given.need_text("TriggerEvent")
    wanted = _changes(given, before=None)

    async def make(once: Once[Subscription] | None) -> Subscription:
        return await exchange.services.create_subscription(
            exchange.account, DIALECT, wanted, once=once
        )

    return await exchange.create(make, lambda made: made.id)


async def update_subscription(exchange: Exchange) -> Result:
    """What is given anew; the filter as a whole."""
    given, services = _subscription(exchange.given), exchange.services
    number = given.integer("@id")
    if number is None:
        raise InvalidInput("the Subscription needs its id", field="id")
    subscription_id = SubscriptionId(number)
    account_id = exchange.account.id
    old = await services.get_subscription(account_id, DIALECT, subscription_id)
    changes = _changes(given, before=old)

    async def do() -> None:
        await services.update_subscription(account_id, DIALECT, subscription_id, changes)

    return await exchange.once(do)


async def query_subscriptions(exchange: Exchange) -> Result:
    """A page of subscriptions, newest first."""
    found, total = await exchange.services.find_subscriptions(
        exchange.account.id, DIALECT, exchange.page()
    )
    return Listed([_body(one) for one in found], total)


async def get_subscription(exchange: Exchange) -> Result:
    """One subscription."""
    subscription_id = SubscriptionId(exchange.given.need_integer("Id"))
    return Found(
        _body(
            await exchange.services.get_subscription(exchange.account.id, DIALECT, subscription_id)
        )
    )


async def delete_subscription(exchange: Exchange) -> Result:
    """A subscription less, and nothing more of what is on its way."""
    subscription_id = SubscriptionId(exchange.given.need_integer("Id"))
    await exchange.services.delete_subscription(exchange.account.id, DIALECT, subscription_id)
    return Done()


def _subscription(given: Given) -> Given:
    return given.part("Subscription") or Given({})


def _changes(given: Given, *, before: Subscription | None) -> SubscriptionChanges:
    options = {} if before is None else dict(before.options)
    if (form := given.text("NotificationFormat")) is not None:
        if form not in _FORMATS:
            raise NotYet(f"NotificationFormat {form}", f"it is {' or '.join(_FORMATS)} here")
        options[FORMAT] = form
    if (part := given.part("SubscriptionFilter")) is not None:
        options = {name: value for name, value in options.items() if name not in FILTER}
        options |= _filter(part)
    if (event := given.text("TriggerEvent")) is not None:
        options[EVENT] = event
    lax = given.flag("NonStrictSsl")
    is_mail = options.get(FORMAT) == "EMAIL"
    if is_mail and lax:
        raise InvalidInput("NonStrictSsl is for postbacks over HTTPS", field="NonStrictSsl")
    return SubscriptionChanges(
        topics=_topics(event),
        url=_url(given.text("Endpoint"), before, is_mail=is_mail),
        enabled=given.flag("Enabled"),
        verify_certificate=None if lax is None else not lax,
        options=options,
    )


def _url(endpoint: str | None, before: Subscription | None, *, is_mail: bool) -> str | None:
    """Return where it is told from now on, None for where it is told already."""
    if endpoint is None:
        if before is not None and bool(mailbox_of(before.url)) is not is_mail:
            raise InvalidInput("give the Endpoint that is right for the format", field="Endpoint")
        return None
    if is_mailbox(endpoint) is not is_mail:
        raise InvalidInput(
            "Endpoint is a URL, or an e-mail address with NotificationFormat EMAIL",
            field="Endpoint",
        )
    return mail_url(endpoint) if is_mail else endpoint


def _topics(event: str | None) -> frozenset[Topic] | None:
    if event is None:
        return None
    if event in NOT_SENT:
        raise NotYet(f"TriggerEvent {event}", f"there is {', '.join(SENT)}")
    return frozenset({SENT[event]})


def _filter(given: Given) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("BroadcastId", "BatchId"):
        if (number := given.integer(name)) is not None:
            found[name] = str(number)
    for name in ("FromNumber", "ToNumber"):
        if (text := given.text(name)) is not None:
            found[name] = PhoneNumber.parse(text, field=name).digits
    if (inbound := given.flag("Inbound")) is not None:
        found["Inbound"] = "true" if inbound else "false"
    return found


def _body(of: Subscription) -> Tree:
    limits: dict[str, TreeValue] = {}
    for name in FILTER:
        if (text := of.options.get(name)) is not None:
            limits[name] = int(text) if name.endswith("Id") else text
    if "Inbound" in limits:
        limits["Inbound"] = limits["Inbound"] == "true"
    tree: dict[str, TreeValue] = {
        "@id": of.id,
        "Enabled": of.enabled,
        "Endpoint": mailbox_of(of.url) or of.url,
        "NotificationFormat": of.options.get(FORMAT, "XML"),
        "TriggerEvent": of.options[EVENT],
    }
    if not of.verify_certificate:
        tree["NonStrictSsl"] = True
    if limits:
        tree["SubscriptionFilter"] = limits
    return tree
