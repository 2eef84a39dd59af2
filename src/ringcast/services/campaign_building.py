"""Making campaigns of what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from ringcast.domain.accounts import Account
from ringcast.domain.calling_windows import CallingWindow
from ringcast.domain.campaigns import AnsweringPolicy, Campaign, Message, Messages
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import ScheduleId, SoundId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.retries import NO_RETRY, RetryRule
from ringcast.domain.schedules import Schedule, Weekday, check_apart
from ringcast.ports.clock import Clock
from ringcast.ports.speech import Voice
from ringcast.ports.store import Store
from ringcast.services.calls import audio_of_sounds, caller_numbers
from ringcast.services.campaign_script import campaign_script, sounds_of
from ringcast.services.sounds import SpeakSound

__all__ = ["MAX_SCHEDULES", "CampaignBuilder", "CampaignRequest", "NewSchedule", "SpokenText"]

_MAX_NAME = 255  # characters
_MAX_LABELS = 50
MAX_SCHEDULES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenText:
    """A text to be made a sound of the account."""

    text: str
    voice: Voice
    voice_name: str
    """What the client calls the voice, to be told again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSchedule:
    """A schedule as asked for."""

    zone: str
    begin: time = time(0)
    end: time = time(0)
    first_day: date | None = None
    last_day: date | None = None
    weekdays: frozenset[Weekday] = frozenset(Weekday)


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignRequest:
    """What a campaign shall be; None leaves a member as it is, or takes the default."""

    afresh: bool = False
    """Give messages, keys, window, retries and most transfers that are None their defaults, in a
    campaign that has others."""
    name: str | None = None
    from_number: str | None = None
    """None calls from the account's oldest number."""
    labels: Sequence[str] | None = None
    program: Interpret | None = None
    """Replaces all messages and keys, as one of those replaces a program."""
    live: SoundId | SpokenText | None = None
    machine: SoundId | SpokenText | None = None
    """What machines are told; a campaign without it tells them what it tells people."""
    transfer: SoundId | SpokenText | None = None
    transfer_digit: str | None = None
    transfer_number: PhoneNumber | None = None
    do_not_call: SoundId | SpokenText | None = None
    do_not_call_digit: str | None = None
    script: Script | None = None
    """What is done when somebody answers, in place of all that is said and of the keys."""
    answering: AnsweringPolicy | None = None
    window: tuple[time, time] | None = None
    no_window: bool = False
    """Call at any time."""
    schedules: Sequence[NewSchedule] | None = None
    retry: RetryRule | None = None
    max_active: int | None = None
    max_active_transfers: int | None = None
    resume_next_day: bool | None = None


class CampaignBuilder:
    """Makes campaigns of what was asked for; nothing is kept but the sounds of texts."""

    def __init__(
        self, *, store: Store, speak: SpeakSound, clock: Clock, fallback_zone: str
    ) -> None:
        self._store = store
        self._speak = speak
        self._clock = clock
        self._fallback_zone = fallback_zone

    async def changed(
        self, account: Account, campaign: Campaign, asked: CampaignRequest, *, now: datetime
    ) -> Campaign:
        """Return the campaign as asked for; raise InvalidInput and its kin, NotFound."""
        if asked.afresh:
            campaign = replace(
                campaign,
                messages=Messages(),
                window=None,
                retry=NO_RETRY,
                max_active_transfers=None,
            )
        campaign = await self._with_rules(campaign, asked, now=now)
        if asked.from_number is not None:
            async with self._store.begin(read_only=True) as tx:
                (number,) = await caller_numbers(tx, account.id, [asked.from_number])
            campaign = replace(campaign, from_number=number)
        if asked.script is not None:
            return replace(campaign, messages=Messages(), script=asked.script, updated_at=now)
        messages = await self._messages(account, campaign.messages, asked)
        if messages == Messages() and not asked.afresh:
            return replace(campaign, updated_at=now)  # what it does is a script of its own
        campaign = replace(campaign, messages=messages)
        return replace(campaign, script=await self._script(campaign), updated_at=now)

    async def _with_rules(
        self, campaign: Campaign, asked: CampaignRequest, *, now: datetime
    ) -> Campaign:
        if asked.name is not None:
            campaign = replace(campaign, name=_checked_name(asked.name))
        if asked.labels is not None:
            campaign = replace(campaign, labels=_checked_labels(asked.labels))
        if asked.no_window:
            campaign = replace(campaign, window=None)
        elif asked.window is not None:
            begin, end = asked.window
            window = CallingWindow(begin=begin, end=end, fallback_zone=self._fallback_zone)
            campaign = replace(campaign, window=window)
        if asked.schedules is not None:
            schedules = await self._schedules(asked.schedules, now=now)
            campaign = replace(campaign, schedules=schedules)
        if asked.retry is not None:
            campaign = replace(campaign, retry=asked.retry)
        if asked.max_active is not None:
            campaign = replace(campaign, max_active=asked.max_active)
        if asked.max_active_transfers is not None:
            campaign = replace(campaign, max_active_transfers=asked.max_active_transfers)
        if asked.resume_next_day is not None:
            campaign = replace(campaign, resume_next_day=asked.resume_next_day)
        if asked.answering is not None:
            campaign = replace(campaign, answering=asked.answering)
        return campaign

    async def _schedules(
        self, asked: Sequence[NewSchedule], *, now: datetime
    ) -> tuple[Schedule, ...]:
        if len(asked) > MAX_SCHEDULES:
            raise InvalidInput(f"a campaign can have {MAX_SCHEDULES} schedules", field="schedules")
        ids = await self._store.take_ids(len(asked), now)
        schedules = tuple(
            Schedule(
                id=ScheduleId(schedule_id),
                zone=one.zone,
                begin=one.begin,
                end=one.end,
                first_day=one.first_day,
                last_day=one.last_day,
                weekdays=one.weekdays,
            )
            for schedule_id, one in zip(ids, asked, strict=True)
        )
        check_apart(schedules, now)
        return schedules

    async def _messages(
        self, account: Account, messages: Messages, asked: CampaignRequest
    ) -> Messages:
        if asked.program is not None:
            return Messages(program=asked.program)
        asks = (asked.live, asked.machine, asked.transfer, asked.transfer_digit)
        more = (asked.transfer_number, asked.do_not_call, asked.do_not_call_digit)
        is_kept = all(one is None for one in (*asks, *more))
        return Messages(
            program=messages.program if is_kept else None,
            live=await self._message(account, asked.live) or messages.live,
            machine=await self._message(account, asked.machine) or messages.machine,
            transfer=await self._message(account, asked.transfer) or messages.transfer,
            do_not_call=await self._message(account, asked.do_not_call) or messages.do_not_call,
            transfer_digit=asked.transfer_digit or messages.transfer_digit,
            transfer_number=asked.transfer_number or messages.transfer_number,
            do_not_call_digit=asked.do_not_call_digit or messages.do_not_call_digit,
        )

    async def _message(self, account: Account, said: SoundId | SpokenText | None) -> Message | None:
        if said is None:
            return None
        if not isinstance(said, SpokenText):
            return Message(sound_id=said)
        added = await self._speak(account, said.text, said.voice)
        return Message(sound_id=added.sound.id, text=said.text, voice=said.voice_name)

    async def _script(self, campaign: Campaign) -> Script:
        sounds = sounds_of(campaign.messages)
        async with self._store.begin(read_only=True) as tx:
            audio = await audio_of_sounds(tx, campaign.account_id, sounds)
        return campaign_script(campaign.messages, campaign.answering, audio)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= _MAX_NAME:
        raise InvalidInput(f"a name has 1 to {_MAX_NAME} characters", field="name")
    return name


def _checked_labels(labels: Sequence[str]) -> tuple[str, ...]:
    different = tuple(dict.fromkeys(label.strip() for label in labels))
    if len(different) > _MAX_LABELS or not all(0 < len(one) <= _MAX_NAME for one in different):
        raise InvalidInput(
            f"a campaign can have {_MAX_LABELS} labels of 1 to {_MAX_NAME} characters",
            field="labels",
        )
    return different
