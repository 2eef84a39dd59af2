"""CallFire's operations, those that this system has and those that it has not.

Methods, paths and operationIds are CallFire's (May 2016 and May 2019); the first segment of the
path is the tag.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.responses import Response

from ringcast.apis.callfire_v2 import (
    handlers,
    handlers_account,
    handlers_campaigns,
    handlers_contacts,
    handlers_dnc,
    handlers_numbers,
    handlers_recordings,
    handlers_webhooks,
)
from ringcast.apis.callfire_v2.exchange import Exchange

__all__ = ["OPERATIONS", "Handler", "Operation"]

Handler: TypeAlias = Callable[[Exchange], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A row: what is asked for, and who does it."""

    method: str
    path: str
    id: str
    handler: Handler | None = None
    """None answers that the operation is not available."""
    takes: frozenset[str] = frozenset()
    """Query parameters that have an effect."""
    refuses: Mapping[str, str] = field(default_factory=dict)
    """CallFire's other parameters of the operation, and what is said to who uses them."""
    notes: str = ""
    why: str = ""
    """Why the operation is not available, for who asks for it."""
    login_only: bool = False
    """Whether it wants the account's own login, as what deals in credentials does."""

    @property
    def tag(self) -> str:
        """The group that client libraries put the operation in."""
        return self.path.split("/")[1]

    @property
    def reason(self) -> str:
        """Why the operation is not available; empty if there is nothing to say."""
        return self.why or _WHY_NOT.get(self.tag, "")


_NO_LISTS = "is of 2016: entries are one list here; use call, text and source"
_VOICE_ONLY = "this system makes telephone calls, and neither sends nor receives messages"
_NO_SHOP = "numbers come with your trunk: the operator adds them with `ringcast number add`"
_NO_CREDITS = "this system has no credits: calls cost what the trunk's carrier charges"
_NO_RENEWAL = "numbers have no lease to be changed: `ringcast number` is the operator's way"

_WHY_NOT: Mapping[str, str] = {
    "keywords": _VOICE_ONLY,
    "media": _VOICE_ONLY,
    "orders": _NO_SHOP,
    "texts": _VOICE_ONLY,
}
"""Why whole groups of operations are not available."""

_PAGED = ("fields", "limit", "offset")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/calls",
        "findCalls",
        handlers.find_calls,
        takes=frozenset(
            {
                *_PAGED,
                "id",
                "campaignId",
                "batchId",
                "fromNumber",
                "toNumber",
                "label",
                "states",
                "results",
                "inbound",
                "intervalBegin",
                "intervalEnd",
            }
        ),
        notes="`id` and the other filters narrow each other; `campaignId` 0 finds calls of no "
        "broadcast; `totalCount` is -1 for more than 2,000 that were filtered, and their pages "
        "begin at offset 50,000 at the most; all calls, or all of a broadcast, have no such end",
    ),
    Operation(
        "POST",
        "/calls",
        "sendCalls",
        handlers.send_calls,
        takes=frozenset(
            {
                "fields",
                "campaignId",
                "defaultLiveMessage",
                "defaultLiveMessageSoundId",
                "defaultMachineMessage",
                "defaultMachineMessageSoundId",
                "defaultVoice",
                "strictValidation",
            }
        ),
        notes="calls of a broadcast (`campaignId`) wait for it and say what it says unless they "
        "have a message of their own; with a machine message, people and machines are told apart "
        "and machines get it after their greeting, without one the live message is for all, at "
        "once; `transferDigit` as in broadcasts; `dialplanXml` instead of messages: see "
        "docs/dialplan.md",
    ),
    Operation(
        "GET",
        "/calls/broadcasts",
        "findCallBroadcasts",
        handlers_campaigns.find_campaigns,
        takes=frozenset(
            {*_PAGED, "name", "label", "running", "scheduled", "intervalBegin", "intervalEnd"}
        ),
        notes="newest first; none that is archived; `name` is a part of the name; the interval is "
        "that of creation",
    ),
    Operation(
        "POST",
        "/calls/broadcasts",
        "createCallBroadcast",
        handlers_campaigns.create_campaign,
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
        handlers_campaigns.get_campaign,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "PUT",
        "/calls/broadcasts/{id}",
        "updateCallBroadcast",
        handlers_campaigns.update_campaign,
        takes=frozenset({"strictValidation"}),
        notes="members that are not there stay as they are; also while it runs; 204",
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/archive",
        "archiveVoiceBroadcast",
        handlers_campaigns.archive_campaign,
        notes="one that runs is stopped; 204",
    ),
    Operation(
        "GET",
        "/calls/broadcasts/{id}/batches",
        "getCallBroadcastBatches",
        handlers_campaigns.find_batches,
        takes=frozenset({*_PAGED}),
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/batches",
        "addCallBroadcastBatch",
        handlers_campaigns.add_batch,
        takes=frozenset({"strictValidation"}),
        notes="up to 50,000 recipients, or members of the list `contactListId` (as it is now; who "
        "has no number is INVALID); scrubDuplicates also leaves out who is in the broadcast",
    ),
    Operation(
        "GET",
        "/calls/broadcasts/{id}/calls",
        "getCallBroadcastCalls",
        handlers_campaigns.find_calls_of_campaign,
        takes=frozenset({*_PAGED, "batchId"}),
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/recipients",
        "addCallBroadcastRecipients",
        handlers_campaigns.add_recipients,
        takes=frozenset({"fields", "strictValidation"}),
        notes="up to 50,000 recipients; a finished broadcast goes on with them",
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/start",
        "startVoiceBroadcast",
        handlers_campaigns.start_campaign,
        notes="START_PENDING until it has somebody to call; 204",
    ),
    Operation(
        "GET",
        "/calls/broadcasts/{id}/stats",
        "getCallBroadcastStats",
        handlers_campaigns.get_stats,
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
        handlers_campaigns.stop_campaign,
        notes="calls that live go on to their end; 204",
    ),
    Operation(
        "POST",
        "/calls/broadcasts/{id}/toggleRecipientsStatus",
        "toggleCallBroadcastRecipientsStatus",
        handlers_campaigns.toggle_recipients,
        takes=frozenset({"enable"}),
        notes="came in December 2019; who was dialled stays as they are; 204",
    ),
    Operation(
        "GET",
        "/calls/recordings/{id}",
        "getCallRecording",
        handlers_recordings.get_recording,
        takes=frozenset({"fields"}),
        notes="lengthInBytes and hash (SHA-256) are those of the WAV file; one without a name is "
        "named by its id",
    ),
    Operation(
        "GET",
        "/calls/recordings/{id}.mp3",
        "getCallRecordingMp3",
        handlers_recordings.get_recording_mp3,
        notes="409 until it is READY; ranges and ETag",
    ),
    Operation(
        "GET",
        "/calls/{id}",
        "getCall",
        handlers.get_call,
        takes=frozenset({"fields"}),
        notes="a record for each attempt that has ended",
    ),
    Operation(
        "GET",
        "/calls/{id}/recordings",
        "getCallRecordings",
        handlers_recordings.get_recordings_of_call,
        takes=frozenset({"fields"}),
        notes="first to last",
    ),
    Operation(
        "GET",
        "/calls/{id}/recordings/{name}",
        "getCallRecordingByName",
        handlers_recordings.get_named_recording,
        takes=frozenset({"fields"}),
        notes="the newest of that name",
    ),
    Operation(
        "GET",
        "/calls/{id}/recordings/{name}.mp3",
        "getCallRecordingMp3ByName",
        handlers_recordings.get_named_recording_mp3,
        notes="as by id",
    ),
    Operation(
        "GET",
        "/campaigns/batches/{id}",
        "getCampaignBatch",
        handlers_campaigns.get_batch,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "PUT",
        "/campaigns/batches/{id}",
        "updateCampaignBatch",
        handlers_campaigns.update_batch,
        notes="only `enabled`; 204",
    ),
    Operation(
        "GET",
        "/campaigns/sounds",
        "findCampaignSounds",
        handlers.find_sounds,
        takes=frozenset(
            {*_PAGED, "filter", "includeArchived", "includePending", "includeScrubbed"}
        ),
        notes="FAILED ones with `includeArchived`; no sound is ever scrubbed",
    ),
    Operation(
        "POST",
        "/campaigns/sounds/calls",
        "postCallCampaignSound",
        handlers.record_sound,
        takes=frozenset({"fields"}),
        notes="calls from the account's oldest number; up to ten minutes, to the key # or five "
        "seconds of silence; 1 accepts, 2 records again; RECORDING until the call is over, then "
        "ACTIVE, or FAILED if nothing was accepted",
    ),
    Operation(
        "POST",
        "/campaigns/sounds/files",
        "postFileCampaignSound",
        handlers.upload_sound,
        takes=frozenset({"fields"}),
        notes="WAV or MP3 at any rate; the same audio again answers the earlier sound, with "
        "`duplicate` true",
    ),
    Operation(
        "POST",
        "/campaigns/sounds/tts",
        "postTTSCampaignSound",
        handlers.speak_sound,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "DELETE",
        "/campaigns/sounds/{id}",
        "deleteCampaignSound",
        handlers.delete_sound,
        notes="archives it; 204",
    ),
    Operation(
        "GET",
        "/campaigns/sounds/{id}",
        "getCampaignSound",
        handlers.get_sound,
        takes=frozenset({"fields"}),
        notes="archived ones too",
    ),
    Operation(
        "GET",
        "/campaigns/sounds/{id}.mp3",
        "getCampaignSoundDataMp3",
        handlers.get_sound_mp3,
        notes="as heard in a call; ranges and ETag",
    ),
    Operation(
        "GET",
        "/campaigns/sounds/{id}.wav",
        "getCampaignSoundDataWav",
        handlers.get_sound_wav,
        notes="as heard in a call; ranges and ETag",
    ),
    Operation(
        "GET",
        "/contacts",
        "findContacts",
        handlers_contacts.find_contacts,
        takes=frozenset(
            {*_PAGED, "id", "number", "contactListId", "propertyName", "propertyValue"}
        ),
        notes="`id`, else `number`, overrides the other filters; `propertyName` may be a member "
        "such as firstName; more than 10,000 found have `totalCount` -1",
    ),
    Operation(
        "POST",
        "/contacts",
        "createContacts",
        handlers_contacts.create_contacts,
        notes="a number that cannot be dialled is refused with 400, naming the contact",
    ),
    Operation(
        "GET",
        "/contacts/dncs",
        "findDoNotContacts",
        handlers_dnc.find_dncs,
        takes=frozenset(
            {
                *_PAGED,
                "prefix",
                "campaignId",
                "source",
                "call",
                "text",
                "inboundCall",
                "inboundText",
                "number",
            }
        ),
        refuses=dict.fromkeys(("dncListId", "dncListName", "callDnc", "textDnc"), _NO_LISTS),
        notes="in the order of numbers; `prefix` with or without the 1; the parameters of 2016 are "
        "refused: use call and text",
    ),
    Operation(
        "POST",
        "/contacts/dncs",
        "addDoNotContacts",
        handlers_dnc.add_dncs,
        notes="bars calls from the very next dial on, whenever they were asked for; answers an "
        "empty object",
    ),
    Operation(
        "PUT",
        "/contacts/dncs",
        "updateDncNumber",
        handlers_dnc.put_dnc,
        notes="as it was in 2016; adds the number if it is not there",
    ),
    Operation(
        "DELETE",
        "/contacts/dncs/sources/{source}",
        "deleteDoNotContactsBySource",
        handlers_dnc.delete_dncs_of_source,
        notes="a source without entries answers 404",
    ),
    Operation(
        "GET",
        "/contacts/dncs/universals/{toNumber}",
        "getUniversalDoNotContacts",
        handlers_dnc.get_universals,
        takes=frozenset({"fields", "fromNumber"}),
        notes="what the account's own list says: there is no list above the accounts here; true is "
        "allowed",
    ),
    Operation(
        "DELETE",
        "/contacts/dncs/{number}",
        "deleteDoNotContact",
        handlers_dnc.delete_dnc,
        notes="several numbers separated by commas: all, or none if one is not there",
    ),
    Operation(
        "GET",
        "/contacts/dncs/{number}",
        "getDoNotContact",
        handlers_dnc.get_dnc,
    ),
    Operation(
        "PUT",
        "/contacts/dncs/{number}",
        "updateDoNotContact",
        handlers_dnc.update_dnc,
        notes="members left out stay as they are",
    ),
    Operation(
        "GET",
        "/contacts/lists",
        "findContactLists",
        handlers_contacts.find_lists,
        takes=frozenset({*_PAGED, "name"}),
    ),
    Operation(
        "POST",
        "/contacts/lists",
        "createContactList",
        handlers_contacts.create_list,
        notes="one of contacts, contactIds, contactNumbers; ACTIVE at once; custom properties "
        "become A, B, C without `useCustomFields`",
    ),
    Operation(
        "POST",
        "/contacts/lists/upload",
        "createContactListFromFile",
        handlers_contacts.upload_list,
        notes="read in the background; rows that make no contact are left out, and told in the "
        "list's member `problem`, which CallFire has not",
    ),
    Operation(
        "DELETE",
        "/contacts/lists/{id}",
        "deleteContactList",
        handlers_contacts.delete_list,
    ),
    Operation(
        "GET",
        "/contacts/lists/{id}",
        "getContactList",
        handlers_contacts.get_list,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "PUT",
        "/contacts/lists/{id}",
        "updateContactList",
        handlers_contacts.update_list,
    ),
    Operation(
        "DELETE",
        "/contacts/lists/{id}/items",
        "removeContactListItems",
        handlers_contacts.remove_list_items,
        takes=frozenset({"contactId"}),
        notes="what is not in the list is passed over",
    ),
    Operation(
        "GET",
        "/contacts/lists/{id}/items",
        "getContactListItems",
        handlers_contacts.get_list_items,
        takes=frozenset(_PAGED),
    ),
    Operation(
        "POST",
        "/contacts/lists/{id}/items",
        "addContactListItems",
        handlers_contacts.add_list_items,
        notes="409 until the list is ACTIVE",
    ),
    Operation(
        "DELETE",
        "/contacts/lists/{id}/items/{contactId}",
        "removeContactListItem",
        handlers_contacts.remove_list_item,
    ),
    Operation(
        "DELETE",
        "/contacts/{id}",
        "deleteContact",
        handlers_contacts.delete_contact,
        notes="takes it out of all lists; it can still be read",
    ),
    Operation(
        "GET",
        "/contacts/{id}",
        "getContact",
        handlers_contacts.get_contact,
        takes=frozenset({"fields"}),
        notes="deleted ones too",
    ),
    Operation(
        "PUT",
        "/contacts/{id}",
        "updateContact",
        handlers_contacts.update_contact,
        notes="members left out stay, empty ones are taken away; a deleted contact answers 409",
    ),
    Operation(
        "GET",
        "/contacts/{id}/history",
        "getContactHistory",
        handlers_contacts.get_history,
        takes=frozenset(_PAGED),
        notes="calls to any of the contact's numbers; there are no texts",
    ),
    Operation("GET", "/keywords", "findKeywords"),
    Operation("GET", "/keywords/leases", "findKeywordLeases"),
    Operation("GET", "/keywords/leases/{keyword}", "getKeywordLease"),
    Operation("PUT", "/keywords/leases/{keyword}", "updateKeywordLease"),
    Operation("GET", "/keywords/{keyword}/available", "isKeywordAvailable"),
    Operation(
        "GET",
        "/me/account",
        "getAccount",
        handlers.get_account,
        takes=frozenset({"fields"}),
        notes="id, name, permissions",
    ),
    Operation(
        "GET",
        "/me/api/credentials",
        "findApiCredentials",
        handlers_account.find_credentials,
        takes=frozenset({*_PAGED, "name"}),
        notes="wants the account's login, or 403, as all operations on credentials do; those that "
        "were made here, not the account's own; a password shows only when it is made",
        login_only=True,
    ),
    Operation(
        "POST",
        "/me/api/credentials",
        "createApiCredential",
        handlers_account.create_credential,
        notes="name, enabled; an account can have 100; takes no `Idempotency-Key`",
        login_only=True,
    ),
    Operation(
        "DELETE",
        "/me/api/credentials/{id}",
        "deleteApiCredential",
        handlers_account.delete_credential,
        notes="204",
        login_only=True,
    ),
    Operation(
        "GET",
        "/me/api/credentials/{id}",
        "getApiCredential",
        handlers_account.get_credential,
        takes=frozenset({"fields"}),
        login_only=True,
    ),
    Operation(
        "POST",
        "/me/api/credentials/{id}/disable",
        "disableApiCredentials",
        handlers_account.disable_credential,
        notes="204",
        login_only=True,
    ),
    Operation(
        "POST",
        "/me/api/credentials/{id}/enable",
        "enableApiCredentials",
        handlers_account.enable_credential,
        notes="204",
        login_only=True,
    ),
    Operation("GET", "/me/billing/credit-usage", "getCreditUsage", why=_NO_CREDITS),
    Operation("GET", "/me/billing/plan-usage", "getBillingPlanUsage", why=_NO_CREDITS),
    Operation(
        "GET",
        "/me/callerids",
        "getCallerIds",
        handlers.get_caller_ids,
        takes=frozenset({"fields"}),
        notes="every number of the account counts as verified",
    ),
    Operation(
        "POST",
        "/me/callerids/{callerid}",
        "sendVerificationCodeToCallerId",
        handlers_account.send_verification_code,
        notes="the call comes from the account's oldest number, and reads six digits twice; once a "
        "minute for a number, else 429; 204",
    ),
    Operation(
        "POST",
        "/me/callerids/{callerid}/verification-code",
        "verifyCallerId",
        handlers_account.verify_caller_id,
        notes="a code lives ten minutes or five wrong tries; the number can then be called from",
    ),
    Operation("GET", "/media", "findMedia"),
    Operation("POST", "/media", "createMedia"),
    Operation("GET", "/media/public/{key}.{extension}", "getMediaDataByKey"),
    Operation("GET", "/media/{id}", "getMedia"),
    Operation("GET", "/media/{id}.{extension}", "getMediaData"),
    Operation("GET", "/media/{id}/file", "getMediaDataBinary"),
    Operation(
        "GET",
        "/numbers/leases",
        "findNumberLeases",
        handlers_numbers.find_leases,
        takes=frozenset({*_PAGED, "prefix"}),
        refuses=dict.fromkeys(
            ("city", "labelName", "lata", "rateCenter", "state", "zipcode"),
            "is not known of the numbers here",
        ),
        notes="the account's numbers; leases have no end; numbers to call from only have "
        "`callFeatureStatus` DISABLED",
    ),
    Operation(
        "GET",
        "/numbers/leases/configs",
        "findNumberLeaseConfigs",
        handlers_numbers.find_configs,
        takes=frozenset({*_PAGED, "prefix"}),
        refuses=dict.fromkeys(
            ("city", "labelName", "lata", "rateCenter", "state", "zipcode"),
            "is not known of the numbers here",
        ),
    ),
    Operation(
        "GET",
        "/numbers/leases/configs/{number}",
        "getNumberLeaseConfig",
        handlers_numbers.get_config,
        takes=frozenset({"fields"}),
        notes="only `number` for one whose calls are not answered, or by another API's script",
    ),
    Operation(
        "PUT",
        "/numbers/leases/configs/{number}",
        "updateNumberLeaseConfig",
        handlers_numbers.update_config,
        notes="204; `TRACKING` rings at most ten telephones at once for 30 s; who is asked by "
        "`screen` presses 1; `weeklySchedule` and `googleAnalytics` are refused",
    ),
    Operation(
        "GET",
        "/numbers/leases/{number}",
        "getNumberLease",
        handlers_numbers.get_lease,
        takes=frozenset({"fields"}),
    ),
    Operation("PUT", "/numbers/leases/{number}", "updateNumberLease", why=_NO_RENEWAL),
    Operation("GET", "/numbers/local", "findNumbersLocal", why=_NO_SHOP),
    Operation("GET", "/numbers/regions", "findNumberRegions", why=_NO_SHOP),
    Operation("GET", "/numbers/tollfree", "findNumbersTollfree", why=_NO_SHOP),
    Operation("POST", "/orders/keywords", "orderKeywords"),
    Operation("POST", "/orders/numbers", "orderNumbers"),
    Operation("GET", "/orders/{id}", "getOrder"),
    Operation("GET", "/texts", "findTexts"),
    Operation("POST", "/texts", "sendTexts"),
    Operation("GET", "/texts/auto-replys", "findTextAutoReplys"),
    Operation("POST", "/texts/auto-replys", "createTextAutoReply"),
    Operation("DELETE", "/texts/auto-replys/{id}", "deleteTextAutoReply"),
    Operation("GET", "/texts/auto-replys/{id}", "getTextAutoReply"),
    Operation("GET", "/texts/broadcasts", "findTextBroadcasts"),
    Operation("POST", "/texts/broadcasts", "createTextBroadcast"),
    Operation("GET", "/texts/broadcasts/{id}", "getTextBroadcast"),
    Operation("PUT", "/texts/broadcasts/{id}", "updateTextBroadcast"),
    Operation("POST", "/texts/broadcasts/{id}/archive", "archiveTextBroadcast"),
    Operation("GET", "/texts/broadcasts/{id}/batches", "getTextBroadcastBatches"),
    Operation("POST", "/texts/broadcasts/{id}/batches", "addTextBroadcastBatch"),
    Operation("POST", "/texts/broadcasts/{id}/recipients", "addTextBroadcastRecipients"),
    Operation("POST", "/texts/broadcasts/{id}/start", "startTextBroadcast"),
    Operation("GET", "/texts/broadcasts/{id}/stats", "getTextBroadcastStats"),
    Operation("POST", "/texts/broadcasts/{id}/stop", "stopTextBroadcast"),
    Operation("GET", "/texts/broadcasts/{id}/texts", "getTextBroadcastTexts"),
    Operation("GET", "/texts/{id}", "getText"),
    Operation(
        "GET",
        "/webhooks",
        "findWebhooks",
        handlers_webhooks.find_webhooks,
        takes=frozenset({*_PAGED, "name", "resource", "event", "callback", "enabled"}),
        notes="`name` is a part of the name; newest first",
    ),
    Operation(
        "POST",
        "/webhooks",
        "createWebhook",
        handlers_webhooks.create_webhook,
        notes="`resource` OutboundCall or CallBroadcast; without `events` all of the resource; at "
        "most 200 in an account; `fields` are those of the resource, as in its GET",
    ),
    Operation(
        "GET",
        "/webhooks/resources",
        "findWebhookResources",
        handlers_webhooks.find_webhook_resources,
        takes=frozenset({"fields"}),
        notes="those that are sent on this system",
    ),
    Operation(
        "GET",
        "/webhooks/resources/{resource}",
        "getWebhookResource",
        handlers_webhooks.get_webhook_resource,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "DELETE",
        "/webhooks/{id}",
        "deleteWebhook",
        handlers_webhooks.delete_webhook,
        notes="204; what is on its way is dropped",
    ),
    Operation(
        "GET",
        "/webhooks/{id}",
        "getWebhook",
        handlers_webhooks.get_webhook,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "PUT",
        "/webhooks/{id}",
        "updateWebhook",
        handlers_webhooks.update_webhook,
        notes="204; members left out stay, members that are read only may come back; disabling "
        "gives up what is on its way",
    ),
)
