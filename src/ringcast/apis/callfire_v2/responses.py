"""CallFire's shapes of what we have.

Members that are None are left out; those without a default are always there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from ringcast.apis.callfire_v2.contacts.contact_body import ContactBody
from ringcast.apis.callfire_v2.contacts.contact_body import contact as contact_body
from ringcast.apis.callfire_v2.recordings.bodies import CallRecordingBody, recording
from ringcast.apis.callfire_v2.statuses import (
    CALL_STATE,
    SOUND_STATUS,
    result_of,
    results_for,
)
from ringcast.domain.accounts import Account, AccountNumber
from ringcast.domain.calls import Attempt, AttemptState, Call
from ringcast.domain.contacts import Contact
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.recordings import Recording
from ringcast.domain.sounds import Sound
from ringcast.ports.store import Page
from ringcast.services.calls import CallDetails
from ringcast.services.sounds import AddedSound

__all__ = [
    "ItemList",
    "ItemPage",
    "account",
    "added_sound",
    "call",
    "caller_id",
    "details",
    "page",
    "sound",
]

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class QuestionResponseBody(msgspec.Struct, kw_only=True):
    """What was answered to a question of the script."""

    question: str
    response: str


class CallRecordBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One attempt that has ended."""

    id: int
    toNumber: str  # noqa: N815 - the vendor's spelling, here and below
    originateTime: int  # noqa: N815
    answerTime: int | None = None  # noqa: N815
    finishTime: int | None = None  # noqa: N815
    duration: int
    result: str | None = None
    callResult: str | None = None  # noqa: N815
    questionResponses: list[QuestionResponseBody] | None = None  # noqa: N815
    recordings: list[CallRecordingBody] | None = None


class CallBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A call."""

    id: int
    fromNumber: str | None = None  # noqa: N815
    toNumber: str  # noqa: N815
    state: str
    campaignId: int | None = None  # noqa: N815
    batchId: int | None = None  # noqa: N815
    contact: ContactBody | None = None
    inbound: bool
    created: int
    modified: int
    finalCallResult: str | None = None  # noqa: N815
    records: list[CallRecordBody] | None = None
    labels: list[str] | None = None
    attributes: Mapping[str, str] | None = None
    agentCall: bool  # noqa: N815


class SoundBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A sound."""

    id: int
    name: str
    created: int
    lengthInSeconds: int  # noqa: N815
    status: str
    duplicate: bool | None = None


class AccountBody(msgspec.Struct, kw_only=True):
    """The account that asks."""

    id: int
    name: str
    permissions: list[str]


class CallerIdBody(msgspec.Struct, kw_only=True):
    """A number that calls may show."""

    phoneNumber: str  # noqa: N815


class ItemList(msgspec.Struct, Generic[T], kw_only=True):
    """A whole list."""

    items: list[T]


class ItemPage(msgspec.Struct, Generic[T], kw_only=True):
    """A window on a list."""

    items: list[T]
    limit: int
    offset: int
    totalCount: int  # noqa: N815


def page(items: list[T], window: Page, total: int | None) -> ItemPage[T]:
    """Return a page of a list of `total` items; None is CallFire's -1, for a list too long."""
    return ItemPage(
        items=items,
        limit=window.limit,
        offset=window.offset,
        totalCount=-1 if total is None else total,
    )


def call(
    of: Call,
    attempts: Sequence[Attempt] = (),
    recordings: Sequence[Recording] = (),
    *,
    contact: Contact | None = None,
    base: str | None = None,
) -> CallBody:
    """Return a call with a record of each attempt that has ended.

    `base` is the address of this API, for links to recordings; None if it is not known.
    """
    records = [
        _record(
            attempt,
            results_for(of),
            [recording(one, of, base=base) for one in recordings if one.attempt_id == attempt.id],
        )
        for attempt in attempts
        if attempt.state is AttemptState.ENDED
    ]
    return CallBody(
        id=of.id,
        fromNumber=None if of.from_number is None else of.from_number.digits,
        toNumber=of.to_text if of.to is None else _shown(of.to),
        state=CALL_STATE[of.state],
        campaignId=of.campaign_id,
        batchId=of.batch_id,
        contact=None if contact is None else contact_body(contact),
        inbound=of.is_inbound,
        created=milliseconds(of.created_at),
        modified=milliseconds(of.updated_at),
        finalCallResult=result_of(of),
        records=records or None,
        labels=None if of.label is None else [of.label],
        attributes=of.attributes or None,
        agentCall=False,
    )


def sound(of: Sound) -> SoundBody:
    """Return a sound of the library."""
    return SoundBody(
        id=of.id,
        name=of.name,
        created=milliseconds(of.created_at),
        lengthInSeconds=math.ceil(of.length.total_seconds()),
        status=SOUND_STATUS[of.status],
    )


def added_sound(added: AddedSound) -> SoundBody:
    """Return a sound that was sent in, and whether the library had it."""
    body = sound(added.sound)
    body.duplicate = added.duplicate
    return body


def account(of: Account) -> AccountBody:
    """Return the account; it has no names or addresses of people."""
    return AccountBody(id=of.id, name=of.name, permissions=["ACCOUNT_HOLDER", "API"])


def caller_id(of: AccountNumber) -> CallerIdBody:
    """Return a number to call from."""
    return CallerIdBody(phoneNumber=of.number.digits)


def details(of: CallDetails, *, base: str | None) -> CallBody:
    """Return a call with all that belongs to it."""
    return call(of.call, of.attempts, of.recordings, contact=of.contact, base=base)


def milliseconds(time: datetime) -> int:
    """Return a time in milliseconds since the epoch."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def _record(
    of: Attempt, results: Mapping[Outcome, str], recordings: Sequence[CallRecordingBody]
) -> CallRecordBody:
    result = None if of.outcome is None else results[of.outcome]
    return CallRecordBody(
        id=of.id,
        toNumber=_shown(of.to),
        originateTime=milliseconds(of.created_at),
        answerTime=None if of.answered_at is None else milliseconds(of.answered_at),
        finishTime=None if of.ended_at is None else milliseconds(of.ended_at),
        duration=round(of.talk_time.total_seconds()),
        result=result,
        callResult=result,  # descriptions say `result`, samples say `callResult`: clients read both
        questionResponses=[
            QuestionResponseBody(question=one.question, response=one.response) for one in of.answers
        ]
        or None,
        recordings=list(recordings) or None,
    )


def _shown(to: Destination) -> str:
    return to.digits if isinstance(to, PhoneNumber) else str(to)
