"""Campaigns: made, changed, started, stopped, looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from ringcast.domain.accounts import Account
from ringcast.domain.calling_windows import CallingWindow
from ringcast.domain.calls import Call, CallState
from ringcast.domain.campaigns import (
    AnsweringPolicy,
    Campaign,
    CampaignStatus,
    Message,
    Messages,
)
from ringcast.domain.errors import Conflict, InvalidInput, NotFound, NothingToSay
from ringcast.domain.ids import AccountId, BatchId, CampaignId, ScheduleId, SoundId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.retries import RetryRule
from ringcast.domain.schedules import Schedule, Weekday, check_apart
from ringcast.domain.subscriptions import Topic
from ringcast.ports.campaigns import CallCounts
from ringcast.ports.clock import Clock
from ringcast.ports.speech import Voice
from ringcast.ports.store import Page, Store, Transaction
from ringcast.services.calls import Recipient, audio_of_sounds, caller_numbers
from ringcast.services.campaign_growth import announcement
from ringcast.services.campaign_recipients import NewCalls, new_batch
from ringcast.services.campaign_script import campaign_script, sounds_of
from ringcast.services.idempotency import Once
from ringcast.services.sounds import SpeakSound

__all__ = [
    "ArchiveCampaign",
    "CampaignRequest",
    "CampaignStats",
    "CreateCampaign",
    "FindCampaigns",
    "GetCampaign",
    "NewSchedule",
    "SpokenText",
    "StartCampaign",
    "StopCampaign",
    "UpdateCampaign",
]

_MAX_NAME = 255  # characters
_MAX_LABELS = 50
_MAX_SCHEDULES = 50


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

    name: str | None = None
    from_number: str | None = None
    """None calls from the account's oldest number."""
    labels: Sequence[str] | None = None
    live: SoundId | SpokenText | None = None
    machine: SoundId | SpokenText | None = None
    """What machines are told; a campaign without it tells them what it tells people."""
    transfer: SoundId | SpokenText | None = None
    transfer_digit: str | None = None
    transfer_number: PhoneNumber | None = None
    do_not_call: SoundId | SpokenText | None = None
    do_not_call_digit: str | None = None
    answering: AnsweringPolicy | None = None
    window: tuple[time, time] | None = None
    no_window: bool = False
    """Call at any time."""
    schedules: Sequence[NewSchedule] | None = None
    retry: RetryRule | None = None
    max_active: int | None = None
    max_active_transfers: int | None = None
    resume_next_day: bool | None = None


class _Builder:
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
        campaign = await self._with_rules(campaign, asked, now=now)
        if asked.from_number is not None:
            async with self._store.begin(read_only=True) as tx:
                (number,) = await caller_numbers(tx, account.id, [asked.from_number])
            campaign = replace(campaign, from_number=number)
        messages = await self._messages(account, campaign.messages, asked)
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
        if len(asked) > _MAX_SCHEDULES:
            raise InvalidInput(f"a campaign can have {_MAX_SCHEDULES} schedules", field="schedules")
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
        return Messages(
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


class CreateCampaign:
    """Make a campaign, with or without recipients, and start it if asked to."""

    def __init__(
        self,
        *,
        store: Store,
        speak: SpeakSound,
        clock: Clock,
        wake: Callable[[], None],
        new_calls: NewCalls,
        fallback_zone: str,
    ) -> None:
        """`fallback_zone` is whose clock counts for numbers that are of no place."""
        self._store = store
        self._clock = clock
        self._wake = wake
        self._new_calls = new_calls
        self._builder = _Builder(store=store, speak=speak, clock=clock, fallback_zone=fallback_zone)

    async def __call__(
        self,
        account: Account,
        asked: CampaignRequest,
        *,
        recipients: Sequence[Recipient] = (),
        start: bool = False,
        strict: bool = False,
        once: Once[Campaign] | None = None,
    ) -> Campaign:
        """Return the campaign; it is durable on return, its recipients with it.

        Raises InvalidInput and its kin, NotFound for a sound, SpeechFailed.
        """
        now = self._clock.now()
        campaign_id, batch_id = await self._store.take_ids(2, now)
        async with self._store.begin(read_only=True) as tx:
            (number,) = await caller_numbers(tx, account.id, [asked.from_number])
        campaign = await self._builder.changed(
            account,
            Campaign(
                id=CampaignId(campaign_id),
                account_id=account.id,
                name=f"Broadcast {campaign_id}",
                status=CampaignStatus.SETUP,
                from_number=number,
                created_at=now,
                updated_at=now,
            ),
            asked,
            now=now,
        )
        batch = new_batch(campaign, BatchId(batch_id), None, now=now) if recipients else None
        calls = (
            await self._new_calls(campaign, recipients, batch=batch, strict=strict, scrub=False)
            if batch is not None
            else ()
        )
        if start:
            campaign = _started(campaign, waiting=_waiting(calls), now=now)
        async with self._store.begin() as tx:
            await tx.add_campaign(campaign)
            if batch is not None:
                await tx.add_batch(batch)
                await tx.add_calls(calls)
            if start:
                await _announce(tx, campaign, Topic.CAMPAIGN_STARTED, now=now)
            if once is not None:
                await once.save(tx, account.id, campaign, now=now)
            await tx.commit()
        self._wake()
        return campaign


class UpdateCampaign:
    """Change a campaign, also while it runs: it counts from the next call that is dialled."""

    def __init__(
        self,
        *,
        store: Store,
        speak: SpeakSound,
        clock: Clock,
        wake: Callable[[], None],
        fallback_zone: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._builder = _Builder(store=store, speak=speak, clock=clock, fallback_zone=fallback_zone)

    async def __call__(
        self, account: Account, campaign_id: CampaignId, asked: CampaignRequest
    ) -> Campaign:
        """Return the changed campaign. Raises NotFound, Conflict, and what CreateCampaign does."""
        now = self._clock.now()
        async with self._store.begin(read_only=True) as tx:
            campaign = await _found(tx, account.id, campaign_id)
        if campaign.status is CampaignStatus.ARCHIVED:
            raise Conflict(f"campaign {campaign_id} is archived: it cannot be changed")
        changed = await self._builder.changed(account, campaign, asked, now=now)
        async with self._store.begin() as tx:
            # Whether it runs is decided elsewhere, perhaps meanwhile.
            present = await _found(tx, account.id, campaign_id, for_update=True)
            changed = replace(
                changed,
                status=present.status,
                wake_at=present.wake_at,
                stops_after=present.stops_after,
            )
            stopped = False
            if present.status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED):
                changed = changed.rescheduled(now)
                stopped = changed.status is CampaignStatus.STOPPED
            await tx.update_campaign(changed)
            if changed.window != present.window:
                await tx.make_due(campaign_id, now)
            if stopped:
                await _announce(tx, changed, Topic.CAMPAIGN_STOPPED, now=now)
            await tx.commit()
        self._wake()
        return changed


class StartCampaign:
    """Have a campaign dialled; starting twice is once."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> Campaign:
        """Return it. Raises NotFound, NothingToSay, IllegalTransition, InvalidInput."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            campaign = await _found(tx, account_id, campaign_id, for_update=True)
            counts = (await tx.call_counts([campaign_id]))[campaign_id]
            started = _started(campaign, waiting=counts.remaining, now=now)
            if started is not campaign:
                await tx.update_campaign(started)
                if not campaign.status.is_started:
                    await _announce(tx, started, Topic.CAMPAIGN_STARTED, now=now)
                await tx.commit()
        self._wake()
        return started


class StopCampaign:
    """Dial no more calls of a campaign; those that live go on to their end."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> Campaign:
        """Return it; stopping twice is once. Raises NotFound, IllegalTransition."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            campaign = await _found(tx, account_id, campaign_id, for_update=True)
            if campaign.status is CampaignStatus.STOPPED:
                return campaign
            stopped = campaign.moved_to(CampaignStatus.STOPPED, now=now)
            await tx.update_campaign(stopped)
            await _announce(tx, stopped, Topic.CAMPAIGN_STOPPED, now=now)
            await tx.commit()
        return stopped


class ArchiveCampaign:
    """Take a campaign out of use and out of lists; one that runs is stopped first."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> Campaign:
        """Return it; archiving twice is once. Raises NotFound."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            campaign = await _found(tx, account_id, campaign_id, for_update=True)
            if campaign.status is CampaignStatus.ARCHIVED:
                return campaign
            archived = campaign.moved_to(CampaignStatus.ARCHIVED, now=now)
            await tx.update_campaign(archived)
            if campaign.status.is_started:
                await _announce(tx, archived, Topic.CAMPAIGN_STOPPED, now=now)
            await tx.commit()
        return archived


class GetCampaign:
    """Look at one campaign."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> Campaign:
        """Return the campaign, archived or not; raise NotFound if the account has none such."""
        async with self._store.begin(read_only=True) as tx:
            return await _found(tx, account_id, campaign_id)


class FindCampaigns:
    """List campaigns of an account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(
        self,
        account_id: AccountId,
        page: Page,
        *,
        name: str | None = None,
        label: str | None = None,
        statuses: Sequence[CampaignStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sequence[Campaign], int]:
        """Return a page of campaigns, newest first, and how many match; none that is archived."""
        async with self._store.begin(read_only=True) as tx:
            return await tx.campaigns(
                account_id,
                page,
                name=name,
                label=label,
                statuses=statuses,
                since=since,
                until=until,
            )


class CampaignStats:
    """Say how many calls of a campaign are where."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def __call__(self, account_id: AccountId, campaign_id: CampaignId) -> CallCounts:
        """Return the counts, which are kept and not counted now; raise NotFound."""
        async with self._store.begin(read_only=True) as tx:
            await _found(tx, account_id, campaign_id)
            return (await tx.call_counts([campaign_id]))[campaign_id]


async def _found(
    tx: Transaction, account_id: AccountId, campaign_id: CampaignId, *, for_update: bool = False
) -> Campaign:
    campaign = await tx.campaign(account_id, campaign_id, for_update=for_update)
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    return campaign


def _started(campaign: Campaign, *, waiting: int, now: datetime) -> Campaign:
    if not campaign.script.instructions:
        raise NothingToSay
    return campaign.started(now=now, waiting=waiting)


def _waiting(calls: Sequence[Call]) -> int:
    return sum(call.state is CallState.READY for call in calls)


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


async def _announce(tx: Transaction, campaign: Campaign, topic: Topic, *, now: datetime) -> None:
    await tx.announce([announcement(campaign, topic, now=now)])
