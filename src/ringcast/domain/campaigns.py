"""Campaigns: many people called with one message, by rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from ringcast.domain.calling_windows import CallingWindow, zone_named
from ringcast.domain.errors import IllegalTransition, InvalidInput
from ringcast.domain.ids import AccountId, BatchId, CampaignId, SoundId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.retries import NO_RETRY, RetryRule
from ringcast.domain.schedules import Schedule, next_opening

__all__ = [
    "AnsweringPolicy",
    "Batch",
    "BatchStatus",
    "Campaign",
    "CampaignStatus",
    "Message",
    "Messages",
]


class CampaignStatus(StrEnum):
    """Where a campaign is on its way."""

    SETUP = "setup"
    START_PENDING = "start_pending"
    """Started, with nobody to call yet."""
    RUNNING = "running"
    SCHEDULED = "scheduled"
    """Started, and waiting for its next opening."""
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    """Stopped by whoever runs the system."""
    FINISHED = "finished"
    ARCHIVED = "archived"

    @property
    def is_started(self) -> bool:
        """Whether it dials, or will without anybody's doing."""
        return self in _STARTED


_S = CampaignStatus
_STARTED = frozenset({_S.START_PENDING, _S.RUNNING, _S.SCHEDULED})
_IDLE_NEXT = _STARTED | {_S.ARCHIVED}

_NEXT: Mapping[CampaignStatus, frozenset[CampaignStatus]] = {
    _S.SETUP: _IDLE_NEXT,
    _S.START_PENDING: frozenset({_S.RUNNING, _S.SCHEDULED, _S.STOPPED, _S.SUSPENDED, _S.ARCHIVED}),
    _S.RUNNING: frozenset({_S.SCHEDULED, _S.STOPPED, _S.SUSPENDED, _S.FINISHED, _S.ARCHIVED}),
    _S.SCHEDULED: frozenset({_S.RUNNING, _S.STOPPED, _S.SUSPENDED, _S.FINISHED, _S.ARCHIVED}),
    _S.STOPPED: _IDLE_NEXT,
    _S.SUSPENDED: _IDLE_NEXT,
    _S.FINISHED: _IDLE_NEXT,
    _S.ARCHIVED: frozenset(),
}


_SILENCE = Script(instructions=())


class AnsweringPolicy(StrEnum):
    """Who is spoken to, when a person and when a machine answers."""

    PEOPLE_AND_MACHINES = "people_and_machines"
    MACHINES_ONLY = "machines_only"
    PEOPLE_ONLY = "people_only"
    ANYBODY_AT_ONCE = "anybody_at_once"
    """Speak as soon as somebody or something answers, without finding out which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A sound of the account, and the text and voice it was made from."""

    sound_id: SoundId
    text: str | None = None
    voice: str | None = None
    """The name of the voice in the words of whoever made the campaign."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Messages:
    """All that a campaign can say, and the keys that those called can press; or its program."""

    live: Message | None = None
    machine: Message | None = None
    transfer: Message | None = None
    do_not_call: Message | None = None
    transfer_digit: str | None = None
    transfer_number: PhoneNumber | None = None
    do_not_call_digit: str | None = None
    program: Interpret | None = None
    """What decides while the call is up, instead of all the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """What is said to whom, when and how often."""

    id: CampaignId
    account_id: AccountId
    name: str
    status: CampaignStatus
    from_number: PhoneNumber
    created_at: datetime
    updated_at: datetime
    labels: tuple[str, ...] = ()
    messages: Messages = Messages()
    script: Script = _SILENCE
    """What is done when somebody answers; made of the messages."""
    answering: AnsweringPolicy = AnsweringPolicy.ANYBODY_AT_ONCE
    window: CallingWindow | None = None
    schedules: tuple[Schedule, ...] = ()
    retry: RetryRule = NO_RETRY
    max_active: int | None = None
    """The most calls at once; None leaves it to the trunk."""
    max_active_transfers: int | None = None
    """The most second legs of transfers at once; None leaves it to the trunk."""
    resume_next_day: bool = False
    wake_at: datetime | None = None
    """When a schedule closes, while RUNNING; when one opens, while SCHEDULED."""
    stops_after: date | None = None
    """The day, in the window's fallback zone, after which a campaign that does not resume stops."""

    def __post_init__(self) -> None:
        if self.max_active is not None and self.max_active < 1:
            raise InvalidInput("a campaign needs room for one call at least", field="maxActive")
        if self.max_active_transfers is not None and self.max_active_transfers < 1:
            raise InvalidInput(
                "a campaign needs room for one transfer at least", field="maxActiveTransfers"
            )

    def moved_to(self, status: CampaignStatus, *, now: datetime) -> Campaign:
        """Return the campaign in `status`; raise IllegalTransition if it cannot go there."""
        if status not in _NEXT[self.status]:
            raise IllegalTransition("campaign", self.id, self.status, status)
        return replace(self, status=status, updated_at=now, wake_at=None)

    def started(self, *, now: datetime, waiting: int) -> Campaign:
        """Return the campaign started, with that many calls waiting; starting twice is once.

        Raises IllegalTransition, and InvalidInput if its schedules are over.
        """
        if self.status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED):
            return self
        if not waiting:
            if self.status is CampaignStatus.START_PENDING:
                return self
            return self.moved_to(CampaignStatus.START_PENDING, now=now)
        opened = self._opened(now)
        if opened is None:
            raise InvalidInput(
                "the schedules of the campaign are over: give it others before it is started",
                field="schedules",
            )
        return replace(opened, stops_after=self._last_day(now))

    def kept_to_schedule(self, now: datetime) -> Campaign:
        """Return a RUNNING or SCHEDULED campaign in the state its schedules have at `now`.

        SCHEDULED while they are closed, RUNNING while they are open, STOPPED when all are over.
        """
        opened = self._opened(now)
        return self.moved_to(CampaignStatus.STOPPED, now=now) if opened is None else opened

    def rescheduled(self, now: datetime) -> Campaign:
        """Return a RUNNING or SCHEDULED campaign whose rules were changed as it goes on."""
        return replace(self.kept_to_schedule(now), stops_after=self._last_day(now))

    def rests_until(self, due_at: datetime) -> bool:
        """Whether the campaign stops if nothing is to be dialled before `due_at`."""
        if self.stops_after is None or self.window is None:
            return False
        day = due_at.astimezone(zone_named(self.window.fallback_zone)).date()
        return day > self.stops_after

    def _opened(self, now: datetime) -> Campaign | None:
        wake_at = None
        status = CampaignStatus.RUNNING
        if self.schedules:
            opening = next_opening(self.schedules, now)
            if opening is None:
                return None
            if opening.begin > now:
                status, wake_at = CampaignStatus.SCHEDULED, opening.begin
            else:
                wake_at = opening.end
        moved = self if self.status is status else self.moved_to(status, now=now)
        return moved if moved.wake_at == wake_at else replace(moved, wake_at=wake_at)

    def _last_day(self, now: datetime) -> date | None:
        """Schedules name their days; without them, a campaign that does not resume has one day."""
        if self.resume_next_day or self.schedules or self.window is None:
            return None
        zone = self.window.fallback_zone
        opening = self.window.opening([zone], now)
        return max(opening.begin, now).astimezone(zone_named(zone)).date()


class BatchStatus(StrEnum):
    """Whether the calls of a batch are all there."""

    NEW = "new"
    VALIDATING = "validating"
    ERRORS = "errors"
    ACTIVE = "active"


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Calls that were added to a campaign together."""

    id: BatchId
    account_id: AccountId
    campaign_id: CampaignId
    name: str
    status: BatchStatus
    created_at: datetime
    enabled: bool = True
