"""CallFire's shapes of campaigns, batches and their numbers; members that are None are left out."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import msgspec

from ringcast.apis.callfire_v2.dialplans import dialplan_of
from ringcast.apis.callfire_v2.responses import milliseconds
from ringcast.apis.callfire_v2.statuses import (
    ANSWERING,
    BATCH_STATUS,
    CAMPAIGN_STATUS,
    PHONE_TYPES,
    RESULT,
    results_of,
)
from ringcast.domain.calls import CallState
from ringcast.domain.campaigns import Campaign, Messages
from ringcast.domain.retries import NO_RETRY, RetryRule
from ringcast.domain.schedules import Schedule, Weekday
from ringcast.ports.campaigns import CallCounts
from ringcast.services.campaign_recipients import BatchDetails

__all__ = [
    "BatchBody",
    "CallBroadcastBody",
    "CallBroadcastStatsBody",
    "batch",
    "call_broadcast",
    "stats",
]


class LocalTimeRestrictionBody(msgspec.Struct, kw_only=True):
    """The hours in which people may be called."""

    enabled: bool
    beginHour: int  # noqa: N815 - the vendor's spelling, here and below
    beginMinute: int  # noqa: N815
    endHour: int  # noqa: N815
    endMinute: int  # noqa: N815


class LocalDateBody(msgspec.Struct, kw_only=True):
    """A date."""

    year: int
    month: int
    day: int


class LocalTimeBody(msgspec.Struct, kw_only=True):
    """A time of day."""

    hour: int
    minute: int
    second: int


class ScheduleBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Hours of some days."""

    id: int
    campaignId: int  # noqa: N815
    startDate: LocalDateBody | None = None  # noqa: N815
    stopDate: LocalDateBody | None = None  # noqa: N815
    startTimeOfDay: LocalTimeBody  # noqa: N815
    stopTimeOfDay: LocalTimeBody  # noqa: N815
    daysOfWeek: list[str]  # noqa: N815
    timeZone: str  # noqa: N815


class RetryConfigBody(msgspec.Struct, kw_only=True):
    """When to dial again."""

    maxAttempts: int  # noqa: N815
    minutesBetweenAttempts: int  # noqa: N815
    retryResults: list[str]  # noqa: N815
    retryPhoneTypes: list[str]  # noqa: N815


class CallBroadcastSoundsBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What is said."""

    liveSoundId: int | None = None  # noqa: N815
    liveSoundText: str | None = None  # noqa: N815
    liveSoundTextVoice: str | None = None  # noqa: N815
    machineSoundId: int | None = None  # noqa: N815
    machineSoundText: str | None = None  # noqa: N815
    machineSoundTextVoice: str | None = None  # noqa: N815
    transferSoundId: int | None = None  # noqa: N815
    transferSoundText: str | None = None  # noqa: N815
    transferSoundTextVoice: str | None = None  # noqa: N815
    transferDigit: str | None = None  # noqa: N815
    transferNumber: str | None = None  # noqa: N815
    dncSoundId: int | None = None  # noqa: N815
    dncSoundText: str | None = None  # noqa: N815
    dncSoundTextVoice: str | None = None  # noqa: N815
    dncDigit: str | None = None  # noqa: N815


class CallBroadcastBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A campaign."""

    id: int
    name: str
    status: str
    lastModified: int  # noqa: N815
    fromNumber: str  # noqa: N815
    labels: list[str] | None = None
    localTimeRestriction: LocalTimeRestrictionBody | None = None  # noqa: N815
    schedules: list[ScheduleBody] | None = None
    retryConfig: RetryConfigBody | None = None  # noqa: N815
    maxActive: int | None = None  # noqa: N815
    resumeNextDay: bool  # noqa: N815
    sounds: CallBroadcastSoundsBody | None = None
    dialplanXml: str | None = None  # noqa: N815
    answeringMachineConfig: str  # noqa: N815
    maxActiveTransfers: int | None = None  # noqa: N815


class BatchBody(msgspec.Struct, kw_only=True):
    """A batch."""

    id: int
    name: str
    status: str
    broadcastId: int  # noqa: N815
    created: int
    size: int
    remaining: int
    enabled: bool


class CallBroadcastStatsBody(msgspec.Struct, kw_only=True):
    """How many calls are where.

    `totalCount` is the sum of what remains and of all members from `liveCount` on.
    """

    totalOutboundCount: int  # noqa: N815
    remainingOutboundCount: int  # noqa: N815
    callsAttempted: int  # noqa: N815
    callsPlaced: int  # noqa: N815
    callsDuration: int  # noqa: N815
    billedDuration: int  # noqa: N815
    responseRatePercent: int  # noqa: N815
    callsRemaining: int  # noqa: N815
    callsAwaitingRedial: int  # noqa: N815
    callsLiveAnswer: int  # noqa: N815
    totalCount: int  # noqa: N815
    dialedCount: int  # noqa: N815
    liveCount: int  # noqa: N815
    transferCount: int  # noqa: N815
    answeringMachineCount: int  # noqa: N815
    busyCount: int  # noqa: N815
    noAnswerCount: int  # noqa: N815
    errorCount: int  # noqa: N815
    doNotCallCount: int  # noqa: N815
    miscCount: int  # noqa: N815


def call_broadcast(of: Campaign) -> CallBroadcastBody:
    """Return a campaign."""
    return CallBroadcastBody(
        id=of.id,
        name=of.name,
        status=CAMPAIGN_STATUS[of.status],
        lastModified=milliseconds(of.updated_at),
        fromNumber=of.from_number.digits,
        labels=list(of.labels) or None,
        localTimeRestriction=None
        if of.window is None
        else LocalTimeRestrictionBody(
            enabled=True,
            beginHour=of.window.begin.hour,
            beginMinute=of.window.begin.minute,
            endHour=of.window.end.hour,
            endMinute=of.window.end.minute,
        ),
        schedules=[_schedule(of, one) for one in of.schedules] or None,
        retryConfig=None if of.retry == NO_RETRY else _retry(of.retry),
        maxActive=of.max_active,
        resumeNextDay=of.resume_next_day,
        sounds=_sounds(of.messages),
        dialplanXml=dialplan_of(of.messages.program),
        answeringMachineConfig=ANSWERING[of.answering],
        maxActiveTransfers=of.max_active_transfers,
    )


def batch(of: BatchDetails) -> BatchBody:
    """Return a batch."""
    return BatchBody(
        id=of.batch.id,
        name=of.batch.name,
        status=BATCH_STATUS[of.batch.status],
        broadcastId=of.batch.campaign_id,
        created=milliseconds(of.batch.created_at),
        size=of.counts.total,
        remaining=of.counts.remaining,
        enabled=of.batch.enabled,
    )


def stats(of: CallCounts) -> CallBroadcastStatsBody:
    """Return the numbers of a campaign."""
    results: dict[str, int] = dict.fromkeys(RESULT.values(), 0)
    for outcome, number in of.outcomes.items():
        results[RESULT[outcome]] += number
    known = {
        "liveCount": results.pop("LA"),
        "transferCount": results.pop("XFER"),
        "answeringMachineCount": results.pop("AM"),
        "busyCount": results.pop("BUSY"),
        "noAnswerCount": results.pop("NO_ANS"),
        "errorCount": results.pop("CARRIER_ERROR")
        + results.pop("CARRIER_TEMP_ERROR")
        + results.pop("INTERNAL_ERROR"),
        "doNotCallCount": of.states.get(CallState.DO_NOT_CALL, 0),
    }
    live = known["liveCount"] + known["transferCount"]
    return CallBroadcastStatsBody(
        totalOutboundCount=of.total,
        remainingOutboundCount=of.remaining,
        callsAttempted=of.attempts,
        callsPlaced=of.dialed,
        callsDuration=round(of.talk_time / timedelta(seconds=1)),
        billedDuration=of.billed_minutes * 60,
        responseRatePercent=round(100 * live / of.dialed) if of.dialed else 0,
        callsRemaining=of.remaining,
        callsAwaitingRedial=of.waiting_again,
        callsLiveAnswer=live,
        totalCount=of.total,
        dialedCount=of.dialed,
        miscCount=of.total - of.remaining - sum(known.values()),
        **known,
    )


def _schedule(campaign: Campaign, of: Schedule) -> ScheduleBody:
    return ScheduleBody(
        id=of.id,
        campaignId=campaign.id,
        startDate=_day(of.first_day),
        stopDate=_day(of.last_day),
        startTimeOfDay=_time(of.begin),
        stopTimeOfDay=_time(of.end),
        daysOfWeek=[day.name for day in Weekday if day in of.weekdays],
        timeZone=of.zone,
    )


def _retry(of: RetryRule) -> RetryConfigBody:
    return RetryConfigBody(
        maxAttempts=of.max_attempts,
        minutesBetweenAttempts=of.wait // timedelta(minutes=1),
        retryResults=results_of(of.outcomes),
        retryPhoneTypes=[
            name
            for kind in of.phones or (None,)
            for name in PHONE_TYPES
            if PHONE_TYPES[name] is kind
        ],
    )


def _sounds(of: Messages) -> CallBroadcastSoundsBody | None:
    said = {
        "live": of.live,
        "machine": of.machine,
        "transfer": of.transfer,
        "dnc": of.do_not_call,
    }
    members: dict[str, Any] = {}
    for name, message in said.items():
        if message is not None:
            members[f"{name}SoundId"] = message.sound_id
            members[f"{name}SoundText"] = message.text
            members[f"{name}SoundTextVoice"] = message.voice
    number = of.transfer_number
    body = CallBroadcastSoundsBody(
        **members,
        transferDigit=of.transfer_digit,
        transferNumber=None if number is None else number.digits,
        dncDigit=of.do_not_call_digit,
    )
    return None if body == CallBroadcastSoundsBody() else body


def _day(of: date | None) -> LocalDateBody | None:
    return None if of is None else LocalDateBody(year=of.year, month=of.month, day=of.day)


def _time(of: time) -> LocalTimeBody:
    return LocalTimeBody(hour=of.hour, minute=of.minute, second=of.second)
