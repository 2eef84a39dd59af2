"""What webhooks are told: CallFire's resources and events, its envelope, its signature."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

import msgspec

from ringcast.apis.callfire_v2 import responses
from ringcast.apis.callfire_v2.broadcasts import bodies as campaign_bodies
from ringcast.apis.callfire_v2.contacts import bodies as contact_bodies
from ringcast.apis.callfire_v2.fields import parse_fields, project_list
from ringcast.domain.campaigns import Campaign
from ringcast.domain.contacts import ContactList
from ringcast.domain.errors import InvalidInput, NotFound
from ringcast.domain.subscriptions import Announcement, Subscription, Topic
from ringcast.ports.deliveries import Callback
from ringcast.services.calls import CallDetails
from ringcast.web.json import JSON, encode_json

__all__ = [
    "DIALECT",
    "FIELDS",
    "NOT_SENT",
    "RESOURCE",
    "SENT",
    "CallfireCallbacks",
    "events_of",
    "resource_named",
    "resource_of",
    "resource_option",
    "topics_named",
]

DIALECT = "callfire-v2"
"""Whose subscriptions are rendered here."""

FIELDS = "fields"
"""The option of a subscription that limits what is sent."""

RESOURCE = "resource"
"""The option of a subscription that tells calls to a number from calls by us: it is there in those
for InboundCall."""

_INBOUND = "InboundCall"

SENT: Mapping[str, Mapping[str, Topic]] = {
    "OutboundCall": {"Finished": Topic.CALL_FINISHED},
    _INBOUND: {"Finished": Topic.CALL_FINISHED},
    "CallBroadcast": {
        "Started": Topic.CAMPAIGN_STARTED,
        "Stopped": Topic.CAMPAIGN_STOPPED,
        "Finished": Topic.CAMPAIGN_FINISHED,
    },
    "ContactList": {
        "ValidationFinished": Topic.CONTACT_LIST_READY,
        "ValidationFailed": Topic.CONTACT_LIST_FAILED,
    },
}
"""The resources and events that webhooks can have here."""

NOT_SENT: Mapping[str, tuple[str, ...]] = {
    "OutboundText": ("Finished",),
    "InboundText": ("Finished",),
    "OutboundTextDeliveryReport": ("Received",),
    "TextBroadcast": ("Started", "Stopped", "Finished"),
    "CccCampaign": ("Started", "Stopped", "Finished"),
    "MonthlyRenewal": ("Failed", "Finished"),
    "LowBalance": ("Failed", "Finished"),
}
"""CallFire's others, which never happen on this system."""


class EventBody(msgspec.Struct, kw_only=True):
    """One event of a callback."""

    timestamp: int
    webhookId: int  # noqa: N815 - the vendor's spelling, here and below
    resourceType: str  # noqa: N815
    eventType: str  # noqa: N815
    resource: object


class CallbackBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What is posted to a webhook."""

    timestamp: int
    webhookId: int  # noqa: N815
    webhookName: str | None = None  # noqa: N815
    resourceType: str  # noqa: N815
    events: list[EventBody]


class CallfireCallbacks:
    """Renders callbacks (implements `ports.deliveries.CallbackRenderer`)."""

    def __init__(self, *, base: str | None = None) -> None:
        """`base` is the address of this API, for links; without it there are none."""
        self._base = base

    def body(
        self,
        subscription: Subscription,
        announcement: Announcement,
        resource: object,
        now: datetime,
    ) -> bytes | None:
        """Return one event in its envelope; the resource is what its GET answers.

        None for a call to a number if the webhook is for calls by us, and the other way round.
        """
        resource_type = resource_of(subscription)
        if isinstance(resource, CallDetails) and (
            resource.call.is_inbound is not (resource_type == _INBOUND)
        ):
            return None
        (event_type,) = _events(resource_type, frozenset({announcement.topic}))
        fields = parse_fields(subscription.options.get(FIELDS))
        alone = responses.ItemList(items=[self._shown(resource)])
        limited = msgspec.to_builtins(project_list(alone, fields))["items"][0]
        event = EventBody(
            timestamp=responses.milliseconds(announcement.at),
            webhookId=subscription.id,
            resourceType=resource_type,
            eventType=event_type,
            resource=limited,
        )
        return encode_json(
            CallbackBody(
                timestamp=responses.milliseconds(now),
                webhookId=subscription.id,
                webhookName=subscription.name or None,
                resourceType=resource_type,
                events=[event],
            )
        )

    def callback(self, subscription: Subscription, body: bytes) -> Callback:
        """Return the request to the subscriber."""
        return Callback(
            url=subscription.url,
            headers=self.headers(subscription, body),
            body=body,
            verify_certificate=subscription.verify_certificate,
        )

    def headers(self, subscription: Subscription, body: bytes) -> Mapping[str, str]:
        """Return the type of the body and, if there is a secret, its signature.

        CallFire documents HMAC-SHA1 of the body under the webhook's secret, but not how it is
        written: here it is hexadecimal, in lower case.
        """
        headers = {"Content-Type": JSON}
        if subscription.secret is not None:
            signature = hmac.new(subscription.secret.encode(), body, hashlib.sha1).hexdigest()
            headers["X-CallFire-Signature"] = signature
        return headers

    def _shown(self, resource: object) -> object:
        match resource:
            case CallDetails():
                return responses.details(resource, base=self._base)
            case Campaign():
                return campaign_bodies.call_broadcast(resource)
            case ContactList():
                return contact_bodies.contact_list(resource)
            case _:
                raise TypeError(f"nothing is announced of {type(resource).__name__}")


def resource_named(name: str) -> str:
    """Return the resource of that name, whatever its case; raise NotFound."""
    for known in SENT:
        if known.lower() == name.lower():
            return known
    raise NotFound("webhook resource", name[:64])


def topics_named(resource: str, events: list[str] | None) -> frozenset[Topic]:
    """Return the topics of a resource's events, all of them if none is named.

    Names are compared without case. Raises InvalidInput for what is unknown, or is never sent.
    """
    for known in NOT_SENT:
        if known.lower() == resource.lower():
            raise InvalidInput(
                f"resource {known} is never sent on this system; there is {', '.join(SENT)}",
                field="resource",
            )
    try:
        by_event = SENT[resource_named(resource)]
    except NotFound as error:
        raise InvalidInput(
            f"resource {resource[:64]!r} is none of {', '.join(SENT)}", field="resource"
        ) from error
    lower = {event.lower(): topic for event, topic in by_event.items()}
    for event in events or ():
        if event.strip().lower() not in lower:
            raise InvalidInput(
                f"events: {event[:64]!r} is none of {', '.join(by_event)}", field="events"
            )
    return frozenset(lower[event.strip().lower()] for event in events or lower)


def resource_of(subscription: Subscription) -> str:
    """Return the resource that a webhook is for."""
    topics = subscription.topics
    return subscription.options.get(RESOURCE) or next(
        resource for resource, events in SENT.items() if topics & set(events.values())
    )


def resource_option(resource: str) -> str | None:
    """Return what the option RESOURCE is in webhooks for a resource, whatever the name's case."""
    return _INBOUND if resource.lower() == _INBOUND.lower() else None


def events_of(subscription: Subscription) -> list[str]:
    """Return the names of the events that a webhook is for."""
    return _events(resource_of(subscription), subscription.topics)


def _events(resource: str, topics: frozenset[Topic]) -> list[str]:
    return [event for event, topic in SENT[resource].items() if topic in topics]
