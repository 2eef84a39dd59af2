"""What is posted to subscribers: what is in CallFire's namespace `notification/xsd`."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import NOTIFICATION, Complex, Element, may, need
from ringcast.apis.callfire_1_1.simple_types import LONG

__all__ = ["BROADCAST_NOTIFICATION", "CALL_FINISHED", "NOTIFICATION_ELEMENTS", "NOTIFICATION_TYPES"]

_NOTIFICATION = Complex(
    space=NOTIFICATION,
    name="Notification",
    content=(may("SubscriptionId", LONG),),
    abstract=True,
)
_CALL = Complex(
    space=NOTIFICATION,
    content=(need("Call", data.CALL),),
    base=_NOTIFICATION,
)
_BROADCAST = Complex(
    space=NOTIFICATION,
    content=(need("Broadcast", data.BROADCAST),),
    base=_NOTIFICATION,
)

CALL_FINISHED = Element(name="CallFinished", space=NOTIFICATION, type=_CALL)
BROADCAST_NOTIFICATION = Element(name="BroadcastNotification", space=NOTIFICATION, type=_BROADCAST)

NOTIFICATION_TYPES: tuple[Complex, ...] = (_NOTIFICATION,)
NOTIFICATION_ELEMENTS: tuple[Element, ...] = (CALL_FINISHED, BROADCAST_NOTIFICATION)
