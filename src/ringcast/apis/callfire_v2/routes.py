"""CallFire's operations, those that this system has and those that it has not.

Methods, paths and operationIds are CallFire's (May 2016 and May 2019); the first segment of the
path is the tag. Each resource has a folder, and in it the table of its operations.
"""

from __future__ import annotations

from ringcast.apis.callfire_v2.broadcasts import routes as broadcasts
from ringcast.apis.callfire_v2.calls import routes as calls
from ringcast.apis.callfire_v2.contacts import routes as contacts
from ringcast.apis.callfire_v2.dncs import routes as dncs
from ringcast.apis.callfire_v2.me import routes as me
from ringcast.apis.callfire_v2.numbers import routes as numbers
from ringcast.apis.callfire_v2.operation import Operation
from ringcast.apis.callfire_v2.recordings import routes as recordings
from ringcast.apis.callfire_v2.sounds import routes as sounds
from ringcast.apis.callfire_v2.texts import routes as texts
from ringcast.apis.callfire_v2.webhooks import routes as webhooks

__all__ = ["OPERATIONS"]

OPERATIONS: tuple[Operation, ...] = tuple(
    sorted(
        (
            *calls.OPERATIONS,
            *broadcasts.OPERATIONS,
            *recordings.OPERATIONS,
            *sounds.OPERATIONS,
            *contacts.OPERATIONS,
            *dncs.OPERATIONS,
            *texts.OPERATIONS,
            *me.OPERATIONS,
            *numbers.OPERATIONS,
            *webhooks.OPERATIONS,
        ),
        key=lambda operation: (operation.path, operation.method),
    )
)
"""In the order of their paths."""
