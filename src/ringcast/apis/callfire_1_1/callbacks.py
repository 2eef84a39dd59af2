"""Postbacks: CallFire's notifications of version 1.1, in XML, in JSON and by e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ringcast.apis.callfire_1_1 import bodies
from ringcast.apis.callfire_1_1.documents import fill, json_of
from ringcast.apis.callfire_1_1.given import Tree
from ringcast.apis.callfire_1_1.mails import mail
from ringcast.apis.callfire_1_1.notification_types import BROADCAST_NOTIFICATION, CALL_FINISHED
from ringcast.apis.callfire_1_1.schema import NOTIFICATION, Element
from ringcast.apis.callfire_1_1.xml_documents import new_root, xml_document
from ringcast.domain.campaigns import Campaign
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.subscriptions import Announcement, Subscription, Topic
from ringcast.ports.deliveries import Callback
from ringcast.services.calls import CallDetails
from ringcast.web.json import JSON, encode_json

__all__ = ["DIALECT", "EVENT", "FILTER", "FORMAT", "NOT_SENT", "SENT", "Postbacks"]

DIALECT = "callfire-1.1"
"""Whose subscriptions are rendered here."""

FORMAT = "NotificationFormat"
"""The option of a subscription that chooses between XML, JSON and EMAIL."""

EVENT = "TriggerEvent"
"""The option of a subscription that tells calls to a number from calls by us."""

FILTER = ("BroadcastId", "BatchId", "FromNumber", "ToNumber", "Inbound")
"""The options of a subscription that limit what it is told of."""

SENT: Mapping[str, Topic] = {
    "OUTBOUND_CALL_FINISHED": Topic.CALL_FINISHED,
    "INBOUND_CALL_FINISHED": Topic.CALL_FINISHED,
    "CAMPAIGN_STARTED": Topic.CAMPAIGN_STARTED,
    "CAMPAIGN_STOPPED": Topic.CAMPAIGN_STOPPED,
    "CAMPAIGN_FINISHED": Topic.CAMPAIGN_FINISHED,
}
"""The events that subscriptions can have here."""

NOT_SENT = frozenset(
    {
        "UNDEFINED_EVENT",
        "INBOUND_TEXT_FINISHED",
        "OUTBOUND_TEXT_FINISHED",
    }
)
"""CallFire's others, which never happen on this system."""

_XML = "text/xml; charset=UTF-8"  # the PHP SDK compares it as it is


class Postbacks:
    """Renders postbacks (implements `ports.deliveries.CallbackRenderer`)."""

    def __init__(self, *, root: str | None) -> None:
        """`root` is the address of REST, for links to recordings; None if it is not known."""
        self._root = root

    def body(
        self,
        subscription: Subscription,
        announcement: Announcement,
        resource: object,
        now: datetime,
    ) -> bytes | None:
        """Return the notification; None if the filter of the subscription leaves it out."""
        if not _passes(subscription.options, resource):
            return None
        element, tree = _notification(subscription, resource, self._root)
        if subscription.options.get(FORMAT) == "JSON":
            return encode_json({element.name: json_of(element.type, tree)})
        root = new_root(NOTIFICATION, "n", element.name)
        fill(root, element.type, tree)
        document = xml_document(root)
        if subscription.options.get(FORMAT) == "EMAIL":
            return mail(resource, document, at=announcement.at)
        return document

    def callback(self, subscription: Subscription, body: bytes) -> Callback:
        """Return the request to the subscriber."""
        return Callback(
            url=subscription.url,
            headers=self.headers(subscription, body),
            body=body,
            verify_certificate=subscription.verify_certificate,
        )

    def headers(self, subscription: Subscription, body: bytes) -> Mapping[str, str]:
        """Return the type of the body; nothing is signed in this version."""
        if subscription.options.get(FORMAT) == "EMAIL":
            return {}  # they are in the message
        is_json = subscription.options.get(FORMAT) == "JSON"
        return {"Content-Type": JSON if is_json else _XML}


def _notification(
    subscription: Subscription, resource: object, root: str | None
) -> tuple[Element, Tree]:
    match resource:
        case CallDetails():
            call = bodies.call(resource, root=root)
            return CALL_FINISHED, {"SubscriptionId": subscription.id, "Call": call}
        case Campaign():
            campaign = bodies.broadcast(resource)
            return BROADCAST_NOTIFICATION, {
                "SubscriptionId": subscription.id,
                "Broadcast": campaign,
            }
        case _:
            raise TypeError(f"nothing is announced of {type(resource).__name__}")


def _passes(wanted: Mapping[str, str], resource: object) -> bool:
    """Whether a resource is one that the filter of a subscription lets through."""
    if isinstance(resource, Campaign):
        return wanted.get("BroadcastId") in (None, str(resource.id))
    if not isinstance(resource, CallDetails):
        return True
    call = resource.call
    if call.is_inbound is not (wanted.get(EVENT) == "INBOUND_CALL_FINISHED"):
        return False
    to = call.to.digits if isinstance(call.to, PhoneNumber) else call.to_text
    is_of = {
        "BroadcastId": str(call.campaign_id or ""),
        "BatchId": str(call.batch_id or ""),
        "FromNumber": "" if call.from_number is None else call.from_number.digits,
        "ToNumber": to,
        "Inbound": "true" if call.is_inbound else "false",
    }
    return all(wanted.get(name) in (None, value) for name, value in is_of.items())
