"""CallFire's operations of version 1.1, those that this system has and those that it has not.

Names and paths are the vendor's; from this table come the routes of REST, the operations of SOAP,
the WSDL and the coverage page.
"""

from __future__ import annotations

from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations.broadcasts import BROADCAST_OPERATIONS
from ringcast.apis.callfire_1_1.operations.calls import CALL_OPERATIONS
from ringcast.apis.callfire_1_1.operations.contacts import CONTACT_OPERATIONS
from ringcast.apis.callfire_1_1.operations.labels import LABEL_OPERATIONS
from ringcast.apis.callfire_1_1.operations.numbers import NUMBER_OPERATIONS
from ringcast.apis.callfire_1_1.operations.subscriptions import SUBSCRIPTION_OPERATIONS
from ringcast.apis.callfire_1_1.operations.texts import TEXT_OPERATIONS

__all__ = ["OPERATIONS", "SERVICES"]

SERVICES = ("broadcast", "subscription", "text", "call", "contact", "number", "label")
"""The ports, in the vendor's order."""

OPERATIONS: tuple[Operation, ...] = (
    *BROADCAST_OPERATIONS,
    *SUBSCRIPTION_OPERATIONS,
    *TEXT_OPERATIONS,
    *CALL_OPERATIONS,
    *CONTACT_OPERATIONS,
    *NUMBER_OPERATIONS,
    *LABEL_OPERATIONS,
)
