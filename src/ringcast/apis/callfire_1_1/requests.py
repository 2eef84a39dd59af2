"""What requests ask for, in our words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta

from ringcast.apis.callfire_1_1.dialplans import dialplan_script
from ringcast.apis.callfire_1_1.errors import NotYet
from ringcast.apis.callfire_1_1.given import TEXT, Given
from ringcast.apis.callfire_1_1.statuses import ANSWERING, PHONE_TYPES, VOICE, outcomes_named
from ringcast.domain.campaigns import AnsweringPolicy
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import SoundId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.retries import RetryRule
from ringcast.domain.schedules import Weekday
from ringcast.ports.speech import Voice
from ringcast.services.calls import Recipient
from ringcast.services.campaign_building import CampaignRequest, NewSchedule, SpokenText

__all__ = ["campaign_request", "number", "recipients", "schedule_request", "voice_named", "within"]

_POLICY = {name: policy for policy, name in ANSWERING.items()}
_MAX_ATTEMPTS = 50
_MAX_WAIT = 30 * 24 * 60  # minutes
_MAX_ACTIVE = 100_000
_DEFAULT_VOICE = "FEMALE1"
_DAY_ENDS = time(0)  # midnight, as the end of a day


def campaign_request(
    name: str | None,
    labels: Sequence[str] | None,
    type_: str | None,
    given: Given,
    *,
    max_active: int | None = None,
    resume_next_day: bool | None = None,
    afresh: bool = False,
) -> CampaignRequest:
    """Return what a campaign shall be; `given` holds its configuration. Raises InvalidInput.

    With `afresh` it replaces the whole configuration of a campaign.
    """
    for other, what in _OTHER_TYPES.items():
        if other in given:
            raise NotYet(f"{other}, {what},")
    is_ivr = "IvrBroadcastConfig" in given
    voice = given.part("IvrBroadcastConfig" if is_ivr else "VoiceBroadcastConfig")
    if voice is None:
        raise InvalidInput("Type is required: it is VOICE or IVR", field="Type")
    kind = "IVR" if is_ivr else "VOICE"
    if type_ not in (None, kind):
        raise InvalidInput(f"Type is {type_}, but the configuration is of {kind}", field="Type")
    script = dialplan_script(voice.need_text("DialplanXml")) if is_ivr else None
    machine = _said(voice, "Machine")
    answering = _answering(voice.text("AnsweringMachineConfig"), machine)
    return CampaignRequest(
        afresh=afresh,
        name=name,
        from_number=voice.text("FromNumber"),
        labels=labels,
        script=script,
        live=_said(voice, "Live"),
        machine=machine,
        transfer=_said(voice, "Transfer"),
        transfer_digit=voice.text("TransferDigit"),
        transfer_number=number(voice, "TransferNumber"),
        do_not_call=_said(voice, "Dnc"),
        do_not_call_digit=voice.text("DncDigit"),
        answering=answering,
        window=_window(voice.part("LocalTimeZoneRestriction")),
        retry=_retry(voice.part("RetryConfig")),
        max_active=within(max_active, "MaxActive", least=1, most=_MAX_ACTIVE),
        max_active_transfers=within(
            voice.integer("MaxActiveTransfers"), "MaxActiveTransfers", least=1, most=_MAX_ACTIVE
        ),
        resume_next_day=resume_next_day,
    )


_OTHER_TYPES = {
    "TextBroadcastConfig": "what texts are made of",
    "CccBroadcastConfig": "what calls of agents are made of",
}


def recipients(given: Given) -> list[Recipient]:
    """Return whom to call: numbers with their attributes; raise InvalidInput if there is nobody.

    A call has one label here, the first that the request gives to the broadcast.
    """
    label = next(iter(given.texts("Label") or ()), None)
    found = [
        Recipient(to=one.text(TEXT) or "", attributes=one.attributes(), label=label)
        for one in given.parts("ToNumber")
    ]
    if not found:
        raise InvalidInput("To is required", field="To")
    return found


def schedule_request(given: Given) -> NewSchedule:
    """Return a schedule; raise InvalidInput."""
    begin, end = given.clock("StartTimeOfDay"), given.clock("StopTimeOfDay")
    if begin is None or end is None:
        missing = "StartTimeOfDay" if begin is None else "StopTimeOfDay"
        raise InvalidInput(f"{missing} is required", field=missing)
    days = given.texts("DaysOfWeek")
    return NewSchedule(
        zone=given.need_text("TimeZone"),
        begin=begin,
        end=end,
        first_day=given.day("BeginDate"),
        last_day=given.day("EndDate"),
        weekdays=frozenset(Weekday[day] for day in days) if days else frozenset(Weekday),
    )


def number(given: Given, name: str) -> PhoneNumber | None:
    """Return a telephone number; raise InvalidNumber."""
    text = given.text(name)
    return None if text is None else PhoneNumber.parse(text, field=name)


def voice_named(name: str | None) -> Voice:
    """Return the voice of that name, or the default."""
    return VOICE[name or _DEFAULT_VOICE]


def within(value: int | None, field: str, *, least: int, most: int) -> int | None:
    """Return the number; raise InvalidInput if it is outside its limits."""
    if value is not None and not least <= value <= most:
        raise InvalidInput(f"{field} goes from {least} to {most}", field=field)
    return value


def _said(given: Given, who: str) -> SoundId | SpokenText | None:
    """Return what is said: `who` is how the names of its members begin."""
    sound_id, text = given.integer(f"{who}SoundId"), given.text(f"{who}SoundText")
    voice = given.text(f"{who}SoundTextVoice")
    if text is not None:
        if sound_id is not None:
            raise InvalidInput(
                f"give {who}SoundId or {who}SoundText, not both", field=f"{who}SoundText"
            )
        return SpokenText(text=text, voice=voice_named(voice), voice_name=voice or _DEFAULT_VOICE)
    if voice is not None and sound_id is None:
        raise InvalidInput(
            f"{who}SoundTextVoice needs a {who}SoundText", field=f"{who}SoundTextVoice"
        )
    return None if sound_id is None else SoundId(sound_id)


def _answering(name: str | None, machine: SoundId | SpokenText | None) -> AnsweringPolicy:
    """Return who is spoken to; without a word on it, who gives a sound for machines has them told.

    CallFire's sample value is LIVE_IMMEDIATE; what it takes without one is not documented.
    """
    if name is not None:
        return _POLICY[name]
    if machine is not None:
        return AnsweringPolicy.PEOPLE_AND_MACHINES
    return AnsweringPolicy.ANYBODY_AT_ONCE


def _window(given: Given | None) -> tuple[time, time] | None:
    if given is None:
        return None
    begin, end = given.clock("BeginTime"), given.clock("EndTime")
    if begin is None and end is None:
        return None
    return begin or time(0), end or _DAY_ENDS


def _retry(given: Given | None) -> RetryRule | None:
    if given is None:
        return None
    results = given.texts("RetryResults") or []
    for result in results:
        if not outcomes_named([result]):
            raise InvalidInput(
                f"RetryResults: no attempt ends as {result} on this system", field="RetryResults"
            )
    attempts, minutes = given.integer("MaxAttempts"), given.integer("MinutesBetweenAttempts")
    within(attempts, "MaxAttempts", least=1, most=_MAX_ATTEMPTS)
    within(minutes, "MinutesBetweenAttempts", least=0, most=_MAX_WAIT)
    return RetryRule(
        max_attempts=1 if attempts is None else attempts,
        wait=timedelta(minutes=60 if minutes is None else minutes),
        outcomes=frozenset(outcomes_named(results)),
        phones=tuple(PHONE_TYPES[kind] for kind in given.texts("RetryPhoneTypes") or ()),
    )
