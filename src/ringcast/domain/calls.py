"""Calls and their attempts.

A call is the wish to reach a number; an attempt is one INVITE for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ringcast.domain.errors import IllegalTransition
from ringcast.domain.ids import AccountId, AttemptId, BatchId, CallId, CampaignId, ContactId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.outcomes import Outcome

__all__ = ["Attempt", "AttemptState", "Call", "CallState", "QuestionAnswer"]


class CallState(StrEnum):
    """Where a call is on its way."""

    READY = "ready"
    ACTIVE = "active"
    FINISHED = "finished"
    INVALID = "invalid"
    """The number cannot be dialled."""
    DISABLED = "disabled"
    """Left out until it is enabled again."""
    DUPLICATE = "duplicate"
    """The number was in the campaign already."""
    DO_NOT_CALL = "do_not_call"
    """The number is on a do-not-call list."""

    @property
    def is_final(self) -> bool:
        """Whether the call never changes again."""
        return not _NEXT_CALL[self]


_NEXT_CALL: Mapping[CallState, frozenset[CallState]] = {
    CallState.READY: frozenset(
        {CallState.ACTIVE, CallState.FINISHED, CallState.DISABLED, CallState.DO_NOT_CALL}
    ),
    CallState.ACTIVE: frozenset({CallState.READY, CallState.FINISHED}),  # READY: a retry is due
    CallState.FINISHED: frozenset(),
    CallState.INVALID: frozenset(),
    CallState.DISABLED: frozenset({CallState.READY}),
    CallState.DUPLICATE: frozenset(),
    CallState.DO_NOT_CALL: frozenset(),
}


class AttemptState(StrEnum):
    """Where an attempt is; CREATED is committed before its INVITE leaves."""

    CREATED = "created"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


_NEXT_ATTEMPT: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.CREATED: frozenset(
        {AttemptState.RINGING, AttemptState.ANSWERED, AttemptState.ENDED}
    ),
    AttemptState.RINGING: frozenset({AttemptState.ANSWERED, AttemptState.ENDED}),
    AttemptState.ANSWERED: frozenset({AttemptState.ENDED}),
    AttemptState.ENDED: frozenset(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The wish to reach somebody, its state, and in the end its outcome."""

    id: CallId
    account_id: AccountId
    to: Destination | None
    """None only in a call that is INVALID: `to_text` keeps what was given."""
    to_text: str
    from_number: PhoneNumber | None
    script: Script
    """Without instructions in a call of a campaign: then the campaign's counts."""
    state: CallState
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    ring_timeout: timedelta = timedelta(seconds=60)
    max_length: timedelta = timedelta(hours=4)
    attempts: int = 0
    outcome: Outcome | None = None
    label: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    campaign_id: CampaignId | None = None
    batch_id: BatchId | None = None
    contact_id: ContactId | None = None
    transferred_from: CallId | None = None
    """The call that is put through by this one, the second leg of a transfer."""
    is_inbound: bool = False
    """Somebody called us: `to` is a number of the account, `from_number` whoever calls."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra SIP headers: those that our INVITE carries."""

    def moved_to(
        self,
        state: CallState,
        *,
        now: datetime,
        outcome: Outcome | None = None,
        due_at: datetime | None = None,
    ) -> Call:
        """Return the call in `state`; raise IllegalTransition if it cannot go there."""
        if state not in _NEXT_CALL[self.state]:
            raise IllegalTransition("call", self.id, self.state, state)
        return replace(
            self, state=state, updated_at=now, outcome=outcome, due_at=due_at or self.due_at
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionAnswer:
    """What was answered to a question that the script asked."""

    question: str
    response: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One INVITE: its times, its outcome and what the network said."""

    id: AttemptId
    call_id: CallId
    account_id: AccountId
    number: int
    """1 for the first attempt of the call."""
    to: Destination
    from_number: PhoneNumber | None
    state: AttemptState
    created_at: datetime
    holder: str
    """The server process that owns the attempt while it lives."""
    holder_until: datetime
    """When the holder is presumed dead unless it has said otherwise."""
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    sip_status: int | None = None
    q850_cause: int | None = None
    reason: str | None = None
    """In plain words why it ended as it did."""
    played: timedelta = timedelta()
    """How much of the script's audio went out."""
    digits: str = ""
    """The keys the called person pressed, in order."""
    answers: tuple[QuestionAnswer, ...] = ()
    """The last answer to each question, in the order of the questions."""

    def moved_to(self, state: AttemptState) -> Attempt:
        """Return the attempt in `state`; raise IllegalTransition if it cannot go there."""
        if state not in _NEXT_ATTEMPT[self.state]:
            raise IllegalTransition("attempt", self.id, self.state, state)
        return replace(self, state=state)

    def with_answer(self, question: str, response: str) -> Attempt:
        """Return the attempt with an answer, which replaces an earlier one to that question."""
        said = {one.question: one.response for one in self.answers} | {question: response}
        answers = tuple(QuestionAnswer(question=q, response=r) for q, r in said.items())
        return replace(self, answers=answers)

    @property
    def talk_time(self) -> timedelta:
        """From answer to end; zero if nobody answered."""
        if self.answered_at is None or self.ended_at is None:
            return timedelta()
        return self.ended_at - self.answered_at
