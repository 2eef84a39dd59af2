"""Which model each operation takes and gives, for the Swagger document.

A row belongs to every operation that has a handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringcast.apis.callfire_v2 import requests, responses
from ringcast.apis.callfire_v2.broadcasts import bodies as campaign_bodies
from ringcast.apis.callfire_v2.broadcasts import requests as campaign_requests
from ringcast.apis.callfire_v2.contacts import bodies as contact_bodies
from ringcast.apis.callfire_v2.contacts.contact_body import ContactBody
from ringcast.apis.callfire_v2.me import bodies as account_bodies
from ringcast.apis.callfire_v2.numbers import bodies as number_bodies
from ringcast.apis.callfire_v2.recordings import bodies as recording_bodies
from ringcast.apis.callfire_v2.responses import ItemList, ItemPage
from ringcast.apis.callfire_v2.webhooks import bodies as webhook_bodies

__all__ = ["MODEL_NAMES", "SHAPES", "FormPart", "Shape"]


@dataclass(frozen=True, slots=True)
class FormPart:
    """A part of a form of the type multipart/form-data."""

    name: str
    is_file: bool = False
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The body of a request, and of the answer to one that succeeds."""

    takes: Any = None
    """A type that bodies are decoded to; None takes no JSON."""
    form: tuple[FormPart, ...] = ()
    gives: Any = None
    """A type that is encoded as the answer; None is an answer without a body, or media."""
    media: str | None = None
    """The media type of an answer that is no JSON."""
    status: int = 200

    @classmethod
    def nothing(cls, *, takes: Any = None) -> Shape:
        """Return the shape of an operation whose answer has no body."""
        return cls(takes=takes, status=204)


SHAPES: Mapping[str, Shape] = {
    "findContacts": Shape(gives=ItemPage[ContactBody]),
    "createContacts": Shape(
        takes=list[contact_bodies.ContactRequest], gives=ItemList[webhook_bodies.ResourceIdBody]
    ),
    "findDoNotContacts": Shape(gives=ItemPage[contact_bodies.DoNotContactBody]),
    "addDoNotContacts": Shape(
        takes=contact_bodies.AddDoNotContactRequest, gives=contact_bodies.NothingBody
    ),
    "updateDncNumber": Shape.nothing(takes=contact_bodies.DoNotContactRequest),
    "deleteDoNotContactsBySource": Shape.nothing(),
    "getUniversalDoNotContacts": Shape(gives=ItemList[contact_bodies.UniversalDoNotContactBody]),
    "deleteDoNotContact": Shape.nothing(),
    "getDoNotContact": Shape(gives=contact_bodies.DoNotContactBody),
    "updateDoNotContact": Shape.nothing(takes=contact_bodies.DoNotContactRequest),
    "findContactLists": Shape(gives=ItemPage[contact_bodies.ContactListBody]),
    "createContactList": Shape(
        takes=contact_bodies.CreateContactListRequest, gives=webhook_bodies.ResourceIdBody
    ),
    "createContactListFromFile": Shape(
        form=(
            FormPart("file", is_file=True, required=True),
            FormPart("name"),
            FormPart("useCustomFields"),
        ),
        gives=webhook_bodies.ResourceIdBody,
    ),
    "deleteContactList": Shape.nothing(),
    "getContactList": Shape(gives=contact_bodies.ContactListBody),
    "updateContactList": Shape.nothing(takes=contact_bodies.UpdateContactListRequest),
    "removeContactListItems": Shape.nothing(),
    "getContactListItems": Shape(gives=ItemPage[ContactBody]),
    "addContactListItems": Shape.nothing(takes=contact_bodies.ContactListRequest),
    "removeContactListItem": Shape.nothing(),
    "deleteContact": Shape.nothing(),
    "getContact": Shape(gives=ContactBody),
    "updateContact": Shape.nothing(takes=contact_bodies.ContactRequest),
    "getContactHistory": Shape(gives=contact_bodies.ContactHistoryBody),
    "findCalls": Shape(gives=ItemPage[responses.CallBody]),
    "sendCalls": Shape(takes=list[requests.CallRecipient], gives=ItemList[responses.CallBody]),
    "getCall": Shape(gives=responses.CallBody),
    "findCallBroadcasts": Shape(gives=ItemPage[campaign_bodies.CallBroadcastBody]),
    "createCallBroadcast": Shape(
        takes=campaign_requests.CallBroadcast, gives=webhook_bodies.ResourceIdBody, status=201
    ),
    "getCallBroadcast": Shape(gives=campaign_bodies.CallBroadcastBody),
    "updateCallBroadcast": Shape.nothing(takes=campaign_requests.CallBroadcast),
    "archiveVoiceBroadcast": Shape.nothing(),
    "getCallBroadcastBatches": Shape(gives=ItemPage[campaign_bodies.BatchBody]),
    "addCallBroadcastBatch": Shape(
        takes=campaign_requests.BatchRequest, gives=webhook_bodies.ResourceIdBody, status=201
    ),
    "getCallBroadcastCalls": Shape(gives=ItemPage[responses.CallBody]),
    "addCallBroadcastRecipients": Shape(
        takes=list[campaign_requests.Recipient], gives=ItemList[responses.CallBody]
    ),
    "startVoiceBroadcast": Shape.nothing(),
    "getCallBroadcastStats": Shape(gives=campaign_bodies.CallBroadcastStatsBody),
    "stopVoiceBroadcast": Shape.nothing(),
    "toggleCallBroadcastRecipientsStatus": Shape.nothing(takes=list[campaign_requests.Recipient]),
    "getCallRecording": Shape(gives=recording_bodies.CallRecordingBody),
    "getCallRecordingMp3": Shape(media="audio/mpeg"),
    "getCallRecordings": Shape(gives=ItemList[recording_bodies.CallRecordingBody]),
    "getCallRecordingByName": Shape(gives=recording_bodies.CallRecordingBody),
    "getCallRecordingMp3ByName": Shape(media="audio/mpeg"),
    "getCampaignBatch": Shape(gives=campaign_bodies.BatchBody),
    "updateCampaignBatch": Shape.nothing(takes=campaign_requests.BatchUpdate),
    "findCampaignSounds": Shape(gives=ItemPage[responses.SoundBody]),
    "postFileCampaignSound": Shape(
        form=(FormPart("file", is_file=True, required=True), FormPart("name")),
        gives=responses.SoundBody,
    ),
    "postCallCampaignSound": Shape(takes=requests.CallCreateSound, gives=responses.SoundBody),
    "postTTSCampaignSound": Shape(takes=requests.TextToSpeech, gives=responses.SoundBody),
    "deleteCampaignSound": Shape.nothing(),
    "getCampaignSound": Shape(gives=responses.SoundBody),
    "getCampaignSoundDataMp3": Shape(media="audio/mpeg"),
    "getCampaignSoundDataWav": Shape(media="audio/wav"),
    "getAccount": Shape(gives=responses.AccountBody),
    "findApiCredentials": Shape(gives=ItemPage[account_bodies.ApiCredentialBody]),
    "createApiCredential": Shape(
        takes=account_bodies.ApiCredential, gives=account_bodies.ApiCredentialBody
    ),
    "deleteApiCredential": Shape.nothing(),
    "getApiCredential": Shape(gives=account_bodies.ApiCredentialBody),
    "disableApiCredentials": Shape.nothing(),
    "enableApiCredentials": Shape.nothing(),
    "getCallerIds": Shape(gives=ItemList[responses.CallerIdBody]),
    "sendVerificationCodeToCallerId": Shape.nothing(),
    "verifyCallerId": Shape(takes=account_bodies.CallerIdVerificationRequest, gives=bool),
    "findNumberLeases": Shape(gives=ItemPage[account_bodies.NumberLeaseBody]),
    "getNumberLease": Shape(gives=account_bodies.NumberLeaseBody),
    "findNumberLeaseConfigs": Shape(gives=ItemPage[number_bodies.NumberConfigBody]),
    "getNumberLeaseConfig": Shape(gives=number_bodies.NumberConfigBody),
    "updateNumberLeaseConfig": Shape.nothing(takes=number_bodies.NumberConfig),
    "findWebhooks": Shape(gives=ItemPage[webhook_bodies.WebhookBody]),
    "createWebhook": Shape(
        takes=webhook_bodies.Webhook, gives=webhook_bodies.ResourceIdBody, status=201
    ),
    "findWebhookResources": Shape(gives=ItemList[webhook_bodies.WebhookResourceBody]),
    "getWebhookResource": Shape(gives=webhook_bodies.WebhookResourceBody),
    "deleteWebhook": Shape.nothing(),
    "getWebhook": Shape(gives=webhook_bodies.WebhookBody),
    "updateWebhook": Shape.nothing(takes=webhook_bodies.Webhook),
}

MODEL_NAMES: Mapping[str, str] = {"SoundBody": "CampaignSound", "ErrorBody": "ErrorMessage"}
"""Models whose name is not that of our structure without `Body`."""
