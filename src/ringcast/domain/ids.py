"""Identifiers: 64-bit integers that increase with time and stay exact in JavaScript's doubles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NewType

__all__ = [
    "AccountId",
    "ApplicationId",
    "AttemptId",
    "BatchId",
    "CallId",
    "CampaignId",
    "ConferenceId",
    "ContactId",
    "ContactListId",
    "CredentialId",
    "DeliveryId",
    "DoNotCallListId",
    "IncidentId",
    "MemberId",
    "NumberId",
    "RecordingId",
    "ScheduleId",
    "SoundId",
    "SubscriptionId",
    "VerificationId",
    "first_id_at",
]

AccountId = NewType("AccountId", int)
ApplicationId = NewType("ApplicationId", int)
AttemptId = NewType("AttemptId", int)
BatchId = NewType("BatchId", int)
CallId = NewType("CallId", int)
CampaignId = NewType("CampaignId", int)
ConferenceId = NewType("ConferenceId", int)
ContactId = NewType("ContactId", int)
ContactListId = NewType("ContactListId", int)
CredentialId = NewType("CredentialId", int)
DoNotCallListId = NewType("DoNotCallListId", int)
DeliveryId = NewType("DeliveryId", int)
IncidentId = NewType("IncidentId", int)
MemberId = NewType("MemberId", int)
NumberId = NewType("NumberId", int)
RecordingId = NewType("RecordingId", int)
ScheduleId = NewType("ScheduleId", int)
SoundId = NewType("SoundId", int)
SubscriptionId = NewType("SubscriptionId", int)
VerificationId = NewType("VerificationId", int)

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_PER_MILLISECOND = 4096  # 41 bits of milliseconds (until 2089) and 12 bits below them: 53 in all


def first_id_at(now: datetime) -> int:
    """Return the smallest identifier that may be given out at `now`."""
    elapsed = now - _EPOCH
    milliseconds = elapsed.days * 86_400_000 + elapsed.seconds * 1000 + elapsed.microseconds // 1000
    return milliseconds * _PER_MILLISECOND
