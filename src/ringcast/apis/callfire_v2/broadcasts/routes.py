"""Call broadcasts, their recipients and their batches."""

from __future__ import annotations

from ringcast.apis.callfire_v2.broadcasts import handlers
from ringcast.apis.callfire_v2.operation import PAGED, Operation

__all__ = ["OPERATIONS"]

OPERATIONS = (
    Operation(
        "GET",
        "/calls/broadcasts",
        "findCallBroadcasts",
        handlers.find_campaigns,
        takes=frozenset(
            {*PAGED, "name", "label", "running", "scheduled", "intervalBegin", "intervalEnd"}
        ),
        notes="newest first; none that is archived; `name` is a part of the name; the interval is "
        "that of creation",
    ),
    Operation(
        "POST",
        "/calls/broadcasts",
        "createCallBroadcast",
        handlers.create_campaign,
        takes=frozenset({"start", "strictValidation"}),
        notes="`dialplanXml` instead of sounds: see docs/dialplan.md; a recipient with `contactId` "
        "is called at the "
        "contact's first number, in its own time zone if it has one, with its properties as "
        "attributes; AM_AND_LIVE and "
        "AM_ONLY without a machine sound leave the live sound on machines; a call that asks who "
        "calls (AM) is spoken to as a person, a fax not at all; keys count while the live sound "
        "plays and 5 s after it, then the call ends; `transferDigit` plays the transfer sound "
        "while `transferNumber` is called for up to 60 s: if it does not answer, or "
        "`maxActiveTransfers` are under way, the sound is played to its end and the call ends; the "
        "other leg is a call of no broadcast, "
        "with result XFER_LEG; "
        "`dncDigit` makes a do-not-contact entry with source KeyPressed, plays the dnc sound and "
        "ends the call; "
        "retryPhoneTypes are for recipients with contactId, tried in turn after the first attempt; "
        "without schedules, resumeNextDay false stops it at the end "
        "of its day",
    ),
    Operation(
        "GET",
        "/calls/broadcasts/{id}",
        "getCallBroadcast",
        handlers.get_campaign,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "PUT",
        "/calls/broadcasts/{id}",
        "updateCallBroadcast",
        handlers.update_campaign,
        takes=frozenset({"strictValidation"}),
        notes="members that are not there stay as they are; also while it runs; 204",
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/archive",
        "archiveVoiceBroadcast",
        handlers.archive_campaign,
        notes="one that runs is stopped; 204",
    ),
    Operation(
        "GET",
        "/calls/broadcasts/{id}/batches",
        "getCallBroadcastBatches",
        handlers.find_batches,
        takes=frozenset({*PAGED}),
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/batches",
        "addCallBroadcastBatch",
        handlers.add_batch,
        takes=frozenset({"strictValidation"}),
        notes="up to 50,000 recipients, or members of the list `contactListId` (as it is now; who "
        "has no number is INVALID; a longer list is refused with 400: split it); scrubDuplicates "
        "also leaves out who is in the broadcast",
    ),
    Operation(
        "GET",
        "/calls/broadcasts/{id}/calls",
        "getCallBroadcastCalls",
        handlers.find_calls_of_campaign,
        takes=frozenset({*PAGED, "batchId"}),
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/recipients",
        "addCallBroadcastRecipients",
        handlers.add_recipients,
        takes=frozenset({"fields", "strictValidation"}),
        notes="up to 50,000 recipients; a finished broadcast goes on with them",
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/start",
        "startVoiceBroadcast",
        handlers.start_campaign,
        notes="START_PENDING until it has somebody to call; 204",
    ),
    Operation(
        "GET",
        "/calls/broadcasts/{id}/stats",
        "getCallBroadcastStats",
        handlers.get_stats,
        takes=frozenset({"fields", "begin", "end"}),
        notes="callsAttempted are attempts, callsPlaced calls with at least one; totalCount is "
        "what remains and all members from liveCount on; no billedAmount; `begin` and `end` count "
        "calls that came to their end and attempts that ended from the one to before the other, "
        "in whole minutes: what remains is that of now",
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/stop",
        "stopVoiceBroadcast",
        handlers.stop_campaign,
        notes="calls that live go on to their end; 204",
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/toggleRecipientsStatus",
        "toggleCallBroadcastRecipientsStatus",
        handlers.toggle_recipients,
        takes=frozenset({"enable"}),
        notes="came in December 2019; recipients are named by phoneNumber or contactId; who was "
        "dialled stays as they are; 204",
    ),
    Operation(
        "GET",
        "/campaigns/batches/{id}",
        "getCampaignBatch",
        handlers.get_batch,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "PUT",
        "/campaigns/batches/{id}",
        "updateCampaignBatch",
        handlers.update_batch,
        notes="only `enabled`; 204",
    ),
)
