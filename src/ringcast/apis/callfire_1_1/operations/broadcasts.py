"""Broadcasts, with their batches and schedules."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1 import handlers_broadcasts as broadcasts
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations.building import creates, does, finds, lists

__all__ = ["BROADCAST_OPERATIONS"]

BROADCAST_OPERATIONS: tuple[Operation, ...] = (
    creates(
        "broadcast",
        "CreateBroadcast",
        "/broadcast",
        broadcasts.create_broadcast,
        location="/broadcast/{id}",
        notes="of the types VOICE and IVR",
    ),
    lists(
        "broadcast", "QueryBroadcasts", "/broadcast", data.BROADCAST, broadcasts.query_broadcasts
    ),
    finds(
        "broadcast",
        "GetBroadcast",
        "/broadcast/{Id}",
        data.BROADCAST,
        broadcasts.get_broadcast,
        notes="`Status` is one of May 2014: what waits for its schedule is RUNNING, what was never"
        " started START_PENDING",
    ),
    does(
        "broadcast",
        "UpdateBroadcast",
        "PUT",
        "/broadcast/{Id}",
        broadcasts.update_broadcast,
        members={"Id": "Broadcast/@id"},
        notes="without `FromNumber`, `Label` or `ResumeNextDay` these stay as they are",
    ),
    finds(
        "broadcast",
        "GetBroadcastStats",
        "/broadcast/{Id}/stats",
        data.BROADCAST_STATS,
        broadcasts.get_stats,
        notes="`IntervalBegin` and `IntervalEnd` count calls that came to their end and attempts"
        " that ended from the one to before the other, in whole minutes, and what waits is that of"
        " now; `BilledAmount` is 0, here and everywhere",
    ),
    does(
        "broadcast",
        "ControlBroadcast",
        "PUT",
        "/broadcast/{Id}/control",
        broadcasts.control_broadcast,
    ),
    creates(
        "broadcast",
        "CreateContactBatch",
        "/broadcast/{BroadcastId}/batch",
        broadcasts.create_batch,
        location="/broadcast/batch/{id}",
        notes="a list is taken as it is now, up to 50,000 contacts",
    ),
    lists(
        "broadcast",
        "QueryContactBatches",
        "/broadcast/{BroadcastId}/batch",
        data.CONTACT_BATCH,
        broadcasts.query_batches,
    ),
    finds(
        "broadcast",
        "GetContactBatch",
        "/broadcast/batch/{Id}",
        data.CONTACT_BATCH,
        broadcasts.get_batch,
    ),
    does(
        "broadcast",
        "ControlContactBatch",
        "PUT",
        "/broadcast/batch/{Id}/control",
        broadcasts.control_batch,
    ),
    creates(
        "broadcast",
        "CreateBroadcastSchedule",
        "/broadcast/{BroadcastId}/schedule",
        broadcasts.create_schedule,
        location="/broadcast/schedule/{id}",
        notes="starts the broadcast, which runs whenever a schedule of its is open",
    ),
    lists(
        "broadcast",
        "QueryBroadcastSchedule",
        "/broadcast/{BroadcastId}/schedule",
        data.BROADCAST_SCHEDULE,
        broadcasts.query_schedules,
        asks="QueryBroadcastSchedules",
    ),
    finds(
        "broadcast",
        "GetBroadcastSchedule",
        "/broadcast/schedule/{Id}",
        data.BROADCAST_SCHEDULE,
        broadcasts.get_schedule,
    ),
    does(
        "broadcast",
        "DeleteBroadcastSchedule",
        "DELETE",
        "/broadcast/schedule/{Id}",
        broadcasts.delete_schedule,
        notes="with its last schedule a broadcast stops",
    ),
)
