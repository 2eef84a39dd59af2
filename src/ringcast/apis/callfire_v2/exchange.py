"""What a handler works with: the use cases, the limits, and the request at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from ringcast.apis.callfire_v2.broadcasts.services import CampaignServices
from ringcast.apis.callfire_v2.contacts.services import ContactServices
from ringcast.apis.callfire_v2.fields import Fields
from ringcast.apis.callfire_v2.recordings.services import RecordingServices
from ringcast.apis.callfire_v2.requests import Query
from ringcast.domain.accounts import Account
from ringcast.domain.errors import NotFound
from ringcast.services.accounts import Authenticate
from ringcast.services.caller_ids import SendVerificationCode, VerifyCallerId
from ringcast.services.calls import FindCalls, GetCall, SendCalls
from ringcast.services.credentials import CreateKey, DeleteKey, EnableKey, FindKeys, GetKey
from ringcast.services.idempotency import AnswerOnce
from ringcast.services.numbers import AnswerNumber, ForwardNumber, GetNumber, ListNumbers
from ringcast.services.sound_calls import RecordSoundByPhone
from ringcast.services.sounds import (
    ArchiveSound,
    FindSounds,
    GetSound,
    SoundAudio,
    SpeakSound,
    UploadSound,
)
from ringcast.services.subscriptions import (
    CreateSubscription,
    DeleteSubscription,
    FindSubscriptions,
    GetSubscription,
    UpdateSubscription,
)

__all__ = ["Exchange", "Limits", "Services"]

_MAX_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The use cases behind this dialect."""

    authenticate: Authenticate
    answer_once: AnswerOnce
    contacts: ContactServices
    send_calls: SendCalls
    get_call: GetCall
    find_calls: FindCalls
    upload_sound: UploadSound
    speak_sound: SpeakSound
    record_sound: RecordSoundByPhone
    get_sound: GetSound
    find_sounds: FindSounds
    archive_sound: ArchiveSound
    sound_audio: SoundAudio
    list_numbers: ListNumbers
    get_number: GetNumber
    answer_number: AnswerNumber
    forward_number: ForwardNumber
    send_verification_code: SendVerificationCode
    verify_caller_id: VerifyCallerId
    create_key: CreateKey
    find_keys: FindKeys
    get_key: GetKey
    enable_key: EnableKey
    delete_key: DeleteKey
    create_subscription: CreateSubscription
    get_subscription: GetSubscription
    find_subscriptions: FindSubscriptions
    update_subscription: UpdateSubscription
    delete_subscription: DeleteSubscription
    campaigns: CampaignServices
    recordings: RecordingServices


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much one request may bring."""

    json_bytes: int = 1024 * 1024
    recipients_bytes: int = 16 * 1024 * 1024
    """Of a body that names many people."""
    upload_bytes: int = 32 * 1024 * 1024
    upload_directory: Path | None = None
    """Where uploads lie while they are read; None leaves it to the system."""
    failures_at_once: int = 60
    """How many requests without a valid credential an address may send at once…"""
    failures_per_second: float = 1.0
    """…and how many a second after that."""
    requests_per_second: float | None = None
    """How many requests a second a credential may send; None counts none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request whose account is known and whose parameters are allowed."""

    operation_id: str
    request: Request
    account: Account
    query: Query
    fields: Fields | None
    services: Services
    limits: Limits
    base: str
    """The address of this API, as its clients reach it."""

    def path_id(self, kind: str) -> int:
        """Return the id in the path; raise NotFound for one that cannot exist."""
        number = int(self.request.path_params["id"])
        if number > _MAX_ID:
            raise NotFound(kind, number)
        return number

    @property
    def key(self) -> str | None:
        """The key that makes a repeated request answer like the first."""
        headers = self.request.headers
        return headers.get("idempotency-key") or headers.get("requestid") or None
