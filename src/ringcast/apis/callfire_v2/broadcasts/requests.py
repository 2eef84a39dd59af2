"""Reading CallFire's bodies of call broadcasts, recipients and batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta

import msgspec

from ringcast.apis.callfire_v2.dialplans import dialplan
from ringcast.apis.callfire_v2.statuses import ANSWERING, PHONE_TYPES, outcomes_named, voice_named
from ringcast.domain.campaigns import AnsweringPolicy
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import ContactId, ContactListId, SoundId
from ringcast.domain.instructions import Interpret
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.retries import RetryRule
from ringcast.domain.schedules import Weekday
from ringcast.services import calls
from ringcast.services.campaign_building import CampaignRequest, NewSchedule, SpokenText

__all__ = [
    "BatchRequest",
    "BatchUpdate",
    "CallBroadcast",
    "CallBroadcastSounds",
    "Recipient",
    "batch_recipients",
    "campaign_recipients",
    "campaign_request",
    "named_recipients",
    "new_campaign_request",
]

_MAX_ATTEMPTS = 50
_MAX_WAIT = 30 * 24 * 60  # minutes
_MAX_ACTIVE = 100_000
_POLICY = {name: policy for policy, name in ANSWERING.items()}


class _Struct(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class LocalTimeRestriction(_Struct):
    """The hours in which people may be called, by their own clock."""

    enabled: bool = True
    beginHour: int | None = None  # noqa: N815 - the vendor's spelling, here and below
    beginMinute: int | None = None  # noqa: N815
    endHour: int | None = None  # noqa: N815
    endMinute: int | None = None  # noqa: N815


class LocalDate(_Struct):
    """A date."""

    year: int
    month: int
    day: int


class LocalTime(_Struct):
    """A time of day."""

    hour: int = 0
    minute: int = 0
    second: int = 0


class Schedule(_Struct):
    """Hours of some days; `id` and `campaignId` are read and make no difference."""

    id: int | None = None
    campaignId: int | None = None  # noqa: N815
    startDate: LocalDate | None = None  # noqa: N815
    stopDate: LocalDate | None = None  # noqa: N815
    startTimeOfDay: LocalTime | None = None  # noqa: N815
    stopTimeOfDay: LocalTime | None = None  # noqa: N815
    daysOfWeek: list[str] | None = None  # noqa: N815
    timeZone: str | None = None  # noqa: N815


class RetryConfig(_Struct):
    """When to dial again."""

    maxAttempts: int | None = None  # noqa: N815
    minutesBetweenAttempts: int | None = None  # noqa: N815
    retryResults: list[str] | None = None  # noqa: N815
    retryPhoneTypes: list[str] | None = None  # noqa: N815


class CallBroadcastSounds(_Struct):
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
    transferDigit: str | int | None = None  # noqa: N815
    transferNumber: str | int | None = None  # noqa: N815
    dncSoundId: int | None = None  # noqa: N815
    dncSoundText: str | None = None  # noqa: N815
    dncSoundTextVoice: str | None = None  # noqa: N815
    dncDigit: str | int | None = None  # noqa: N815


class Recipient(_Struct):
    """Whom to call."""

    phoneNumber: str | int | None = None  # noqa: N815
    fromNumber: str | int | None = None  # noqa: N815
    attributes: dict[str, str] | None = None
    contactId: int | None = None  # noqa: N815


class CallBroadcast(_Struct):
    """A call broadcast; `id`, `status` and `lastModified` are read and make no difference."""

    id: int | None = None
    status: str | None = None
    lastModified: int | None = None  # noqa: N815
    name: str | None = None
    fromNumber: str | int | None = None  # noqa: N815
    labels: list[str] | None = None
    localTimeRestriction: LocalTimeRestriction | None = None  # noqa: N815
    schedules: list[Schedule] | None = None
    retryConfig: RetryConfig | None = None  # noqa: N815
    maxActive: int | None = None  # noqa: N815
    resumeNextDay: bool | None = None  # noqa: N815
    recipients: list[Recipient] | None = None
    sounds: CallBroadcastSounds | None = None
    answeringMachineConfig: str | None = None  # noqa: N815
    maxActiveTransfers: int | None = None  # noqa: N815
    dialplanXml: str | None = None  # noqa: N815
    dialPlanXml: str | None = None  # noqa: N815


class BatchRequest(_Struct):
    """A batch to be added."""

    name: str | None = None
    recipients: list[Recipient] | None = None
    scrubDuplicates: bool | None = None  # noqa: N815
    contactListId: int | None = None  # noqa: N815


class BatchUpdate(_Struct):
    """A batch to be changed: only `enabled` can be."""

    enabled: bool | None = None
    id: int | None = None
    name: str | None = None
    status: str | None = None
    broadcastId: int | None = None  # noqa: N815
    created: int | None = None
    size: int | None = None
    remaining: int | None = None


def new_campaign_request(given: CallBroadcast) -> CampaignRequest:
    """Return what a new campaign shall be: it tells people from machines unless it is told not to.

    Raises InvalidInput, naming the member.
    """
    asked = campaign_request(given)
    if asked.answering is not None:
        return asked
    return replace(asked, answering=AnsweringPolicy.PEOPLE_AND_MACHINES)


def campaign_request(given: CallBroadcast) -> CampaignRequest:
    """Return what the campaign shall be; raise InvalidInput, naming the member."""
    sounds = given.sounds or CallBroadcastSounds()
    program = _program(given, sounds)
    restriction = given.localTimeRestriction
    return CampaignRequest(
        name=given.name or None,
        from_number=None if given.fromNumber in (None, "") else str(given.fromNumber),
        labels=given.labels,
        program=program,
        live=_said(sounds, "live"),
        machine=_said(sounds, "machine"),
        transfer=_said(sounds, "transfer"),
        transfer_digit=_key(sounds.transferDigit),
        transfer_number=_transfer_number(sounds.transferNumber),
        do_not_call=_said(sounds, "dnc"),
        do_not_call_digit=_key(sounds.dncDigit),
        answering=_answering(given.answeringMachineConfig),
        window=None if restriction is None else _window(restriction),
        no_window=restriction is not None and not restriction.enabled,
        schedules=None
        if given.schedules is None
        else [_schedule(number, one) for number, one in enumerate(given.schedules)],
        retry=None if given.retryConfig is None else _retry(given.retryConfig),
        max_active=None
        if given.maxActive is None
        else _within(given.maxActive, "maxActive", least=1, most=_MAX_ACTIVE),
        max_active_transfers=None
        if given.maxActiveTransfers is None
        else _within(given.maxActiveTransfers, "maxActiveTransfers", least=1, most=_MAX_ACTIVE),
        resume_next_day=given.resumeNextDay,
    )


def _program(given: CallBroadcast, sounds: CallBroadcastSounds) -> Interpret | None:
    """Return what runs the dialplan of a broadcast, None without one."""
    program = dialplan(given.dialplanXml or given.dialPlanXml)
    if program is None:
        return None
    if sounds != CallBroadcastSounds():
        raise InvalidInput("give dialplanXml or sounds, not both", field="dialplanXml")
    if given.answeringMachineConfig not in (None, ANSWERING[AnsweringPolicy.PEOPLE_AND_MACHINES]):
        raise InvalidInput(
            "a dialplan tells people from machines itself, with amd: leave out"
            " answeringMachineConfig",
            field="answeringMachineConfig",
        )
    return program


def campaign_recipients(given: Sequence[Recipient]) -> list[calls.Recipient]:
    """Return whom to call; raise InvalidInput, naming the member."""
    found = []
    for number, one in enumerate(given):
        contact_id = None
        if one.contactId:
            if one.phoneNumber not in (None, ""):
                raise InvalidInput(
                    f"recipient {number}: give phoneNumber or contactId, not both",
                    field="contactId",
                )
            contact_id = ContactId(_within(one.contactId, "contactId", least=1, most=2**63 - 1))
        found.append(
            calls.Recipient(
                to=_number(number, one) if contact_id is None else "",
                contact_id=contact_id,
                from_number=None if one.fromNumber in (None, "") else str(one.fromNumber),
                attributes=one.attributes or {},
            )
        )
    return found


def named_recipients(given: Sequence[Recipient]) -> tuple[list[PhoneNumber], list[ContactId]]:
    """Return the numbers and the contacts that are named; raise InvalidInput, naming the member."""
    found = campaign_recipients(given)
    for one in found:
        if one.from_number is not None or one.attributes:
            raise InvalidInput(
                "recipients are named by phoneNumber or contactId alone here",
                field="fromNumber" if one.from_number is not None else "attributes",
            )
    numbers = [
        PhoneNumber.parse(str(one.to), field="phoneNumber")
        for one in found
        if one.contact_id is None
    ]
    return numbers, [one.contact_id for one in found if one.contact_id is not None]


def batch_recipients(given: BatchRequest) -> list[calls.Recipient] | ContactListId:
    """Return whom a batch calls, or the list of them; raise InvalidInput, naming the member."""
    if given.contactListId:
        if given.recipients:
            raise InvalidInput("give contactListId or recipients, not both", field="contactListId")
        return ContactListId(_within(given.contactListId, "contactListId", least=1, most=2**63 - 1))
    if not given.recipients:
        raise InvalidInput("the batch has no recipients", field="recipients")
    return campaign_recipients(given.recipients)


def _number(number: int, given: Recipient) -> str:
    if given.phoneNumber in (None, ""):
        raise InvalidInput(f"recipient {number} has no phoneNumber", field="phoneNumber")
    return str(given.phoneNumber)


def _said(given: CallBroadcastSounds, who: str) -> SoundId | SpokenText | None:
    """Return what is said: `who` is how the names of its members begin."""
    sound_id, text, voice_name = (
        getattr(given, f"{who}{end}") for end in ("SoundId", "SoundText", "SoundTextVoice")
    )
    voice = voice_named(voice_name, field=f"{who}SoundTextVoice")
    # What is read back has both: the sound that was made of the text, and the text.
    if text:
        if sound_id:
            raise InvalidInput(
                f"give {who}SoundId or {who}SoundText, not both", field=f"{who}SoundText"
            )
        return SpokenText(text=text, voice=voice, voice_name=voice_name or "FEMALE1")
    if voice_name is not None:
        raise InvalidInput(
            f"{who}SoundTextVoice needs a {who}SoundText", field=f"{who}SoundTextVoice"
        )
    if sound_id is None:
        return None
    return SoundId(_within(sound_id, f"{who}SoundId", least=0, most=2**63 - 1))


def _transfer_number(given: str | int | None) -> PhoneNumber | None:
    if given in (None, ""):
        return None
    return PhoneNumber.parse(str(given), field="transferNumber")


def _key(given: str | int | None) -> str | None:
    """Return a key as it was given; what is no key is refused when the script is made."""
    return None if given in (None, "") else str(given)


def _answering(config: str | None) -> AnsweringPolicy | None:
    if config is None:
        return None
    if config not in _POLICY:
        raise InvalidInput(
            f"answeringMachineConfig {config[:64]!r} is none of {', '.join(sorted(_POLICY))}",
            field="answeringMachineConfig",
        )
    return _POLICY[config]


def _window(given: LocalTimeRestriction) -> tuple[time, time] | None:
    if not given.enabled:
        return None
    if given.beginHour is None or given.endHour is None:
        raise InvalidInput(
            "localTimeRestriction needs beginHour and endHour", field="localTimeRestriction"
        )
    return (
        _time(given.beginHour, given.beginMinute or 0, 0, "localTimeRestriction"),
        _time(given.endHour, given.endMinute or 0, 0, "localTimeRestriction"),
    )


def _schedule(number: int, given: Schedule) -> NewSchedule:
    if not given.timeZone:
        raise InvalidInput(f"schedule {number} has no timeZone", field="timeZone")
    return NewSchedule(
        zone=given.timeZone,
        begin=_time_of_day(given.startTimeOfDay, "startTimeOfDay"),
        end=_time_of_day(given.stopTimeOfDay, "stopTimeOfDay"),
        first_day=_day(given.startDate, "startDate"),
        last_day=_day(given.stopDate, "stopDate"),
        weekdays=_weekdays(given.daysOfWeek),
    )


def _weekdays(names: list[str] | None) -> frozenset[Weekday]:
    if not names:
        return frozenset(Weekday)
    known = {day.name: day for day in Weekday}
    for name in names:
        if name.upper() not in known:
            raise InvalidInput(
                f"daysOfWeek: {name[:64]!r} is none of {', '.join(known)}", field="daysOfWeek"
            )
    return frozenset(known[name.upper()] for name in names)


def _retry(given: RetryConfig) -> RetryRule:
    for name in given.retryPhoneTypes or ():
        if name not in PHONE_TYPES:
            raise InvalidInput(
                f"retryPhoneTypes: {name[:64]!r} is none of {', '.join(PHONE_TYPES)}",
                field="retryPhoneTypes",
            )
    for result in given.retryResults or ():
        if not outcomes_named([result], field="retryResults"):
            raise InvalidInput(
                f"retryResults: no attempt ends as {result} on this system", field="retryResults"
            )
    attempts = 1 if given.maxAttempts is None else given.maxAttempts
    minutes = 60 if given.minutesBetweenAttempts is None else given.minutesBetweenAttempts
    return RetryRule(
        max_attempts=_within(attempts, "maxAttempts", least=1, most=_MAX_ATTEMPTS),
        wait=timedelta(minutes=_within(minutes, "minutesBetweenAttempts", least=0, most=_MAX_WAIT)),
        outcomes=frozenset(outcomes_named(given.retryResults or [], field="retryResults")),
        phones=tuple(PHONE_TYPES[name] for name in given.retryPhoneTypes or ()),
    )


def _time_of_day(given: LocalTime | None, field: str) -> time:
    return time(0) if given is None else _time(given.hour, given.minute, given.second, field)


def _time(hour: int, minute: int, second: int, field: str) -> time:
    try:
        return time(hour, minute, second)
    except ValueError as exc:
        raise InvalidInput(
            f"{field}: {hour}:{minute}:{second} is not a time of day", field=field
        ) from exc


def _day(given: LocalDate | None, field: str) -> date | None:
    if given is None:
        return None
    try:
        return date(given.year, given.month, given.day)
    except ValueError as exc:
        raise InvalidInput(
            f"{field}: {given.year}-{given.month}-{given.day} is not a date", field=field
        ) from exc


def _within(number: int, field: str, *, least: int, most: int) -> int:
    if not least <= number <= most:
        raise InvalidInput(f"{field} goes from {least} to {most}", field=field)
    return number
