"""CallFire's shape of a webhook, as it comes and as it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from ringcast.apis.callfire_v2.callbacks import (
    FIELDS,
    RESOURCE,
    SENT,
    events_of,
    resource_of,
    resource_option,
    topics_named,
)
from ringcast.apis.callfire_v2.fields import parse_fields
from ringcast.apis.callfire_v2.responses import milliseconds
from ringcast.domain.errors import InvalidInput
from ringcast.domain.subscriptions import Subscription, Topic
from ringcast.services.subscriptions import SubscriptionChanges

__all__ = [
    "ResourceIdBody",
    "Webhook",
    "WebhookBody",
    "WebhookResourceBody",
    "changes",
    "webhook",
    "webhook_resource",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TIME = 253_402_300_799_000  # the end of the year 9999, in milliseconds


class Webhook(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A webhook to be made or changed; the members that are read only come back as they were."""

    id: int | None = None
    name: str | None = None
    resource: str | None = None
    events: list[str] | str | None = None
    """CallFire describes a list separated by commas, and gives the type of an array."""
    callback: str | None = None
    enabled: bool | None = None
    nonStrictSsl: bool | None = None  # noqa: N815 - the vendor's spelling, here and below
    fields: str | None = None
    secret: str | None = None
    singleUse: bool | None = None  # noqa: N815
    expiresAt: int | None = None  # noqa: N815
    createdAt: int | None = None  # noqa: N815
    updatedAt: int | None = None  # noqa: N815


class WebhookBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A webhook."""

    id: int
    name: str | None = None
    resource: str
    events: list[str]
    callback: str
    enabled: bool
    nonStrictSsl: bool  # noqa: N815
    fields: str | None = None
    secret: str | None = None
    singleUse: bool  # noqa: N815
    expiresAt: int | None = None  # noqa: N815
    createdAt: int  # noqa: N815
    updatedAt: int  # noqa: N815


class WebhookResourceBody(msgspec.Struct, kw_only=True):
    """What webhooks can be told of."""

    resource: str
    supportedEvents: list[str]  # noqa: N815


class ResourceIdBody(msgspec.Struct, kw_only=True):
    """The id of what was made."""

    id: int


def changes(given: Webhook, *, old: Subscription | None = None) -> SubscriptionChanges:
    """Return what the webhook shall be; a new one without `old`.

    What is left out stays as it is. Raises InvalidInput.
    """
    if old is None:
        for name in ("id", "createdAt", "updatedAt"):
            if getattr(given, name) is not None:
                raise InvalidInput(f"{name} is read only", field=name)
        for name in ("resource", "callback"):
            if not getattr(given, name):
                raise InvalidInput(f"a webhook needs a {name}", field=name)
    elif given.id not in (None, old.id):
        raise InvalidInput(f"the id of webhook {old.id} cannot be changed", field="id")
    return SubscriptionChanges(
        name=given.name,
        topics=_topics(given, old),
        url=given.callback,
        enabled=given.enabled,
        verify_certificate=None if given.nonStrictSsl is None else not given.nonStrictSsl,
        secret=given.secret,
        expires_at=_time(given.expiresAt, old),
        single_use=given.singleUse,
        options=_options(given, old),
    )


def webhook(of: Subscription) -> WebhookBody:
    """Return a webhook; its secret is for its owner to see."""
    return WebhookBody(
        id=of.id,
        name=of.name or None,
        resource=resource_of(of),
        events=events_of(of),
        callback=of.url,
        enabled=of.enabled,
        nonStrictSsl=not of.verify_certificate,
        fields=of.options.get(FIELDS),
        secret=of.secret,
        singleUse=of.single_use,
        expiresAt=None if of.expires_at is None else milliseconds(of.expires_at),
        createdAt=milliseconds(of.created_at),
        updatedAt=milliseconds(of.updated_at),
    )


def webhook_resource(resource: str) -> WebhookResourceBody:
    """Return a resource and the events that webhooks can be told of."""
    return WebhookResourceBody(resource=resource, supportedEvents=list(SENT[resource]))


def _topics(given: Webhook, old: Subscription | None) -> frozenset[Topic] | None:
    events = given.events.split(",") if isinstance(given.events, str) else given.events
    events = [event for event in events or () if event.strip()] or None
    if old is None:
        return topics_named(given.resource or "", events)
    if given.resource is None and events is None:
        return None
    present = resource_of(old)
    resource = given.resource or present
    if events is None and resource.lower() == present.lower():
        return None
    return topics_named(resource, events)


def _options(given: Webhook, old: Subscription | None) -> dict[str, str] | None:
    options: dict[str, str | None] = dict(old.options) if old is not None else {}
    if given.fields is not None:
        parse_fields(given.fields)  # refused now rather than at the first event
        options[FIELDS] = given.fields if given.fields.strip() else None
    if given.resource is not None:
        options[RESOURCE] = resource_option(given.resource)
    return {name: value for name, value in options.items() if value is not None}


def _time(given: int | None, old: Subscription | None) -> datetime | None:
    if given is None:
        return None
    if old is not None and old.expires_at is not None and given == milliseconds(old.expires_at):
        return None  # as it came back: it may be in the past by now
    if not 0 <= given <= _MAX_TIME:
        raise InvalidInput("expiresAt must be a time in milliseconds", field="expiresAt")
    return _EPOCH + timedelta(milliseconds=given)
