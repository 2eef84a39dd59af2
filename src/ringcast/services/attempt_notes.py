"""What becomes of an attempt, written down step by step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from ringcast.domain.calls import Attempt, AttemptState, Call
from ringcast.domain.do_not_call import DoNotCallEntry
from ringcast.domain.events import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    DigitPressed,
    RingTimedOut,
    SoundPlayed,
)
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome, outcome_of_failure
from ringcast.domain.retries import RetryRule, after_attempt
from ringcast.domain.subscriptions import Topic
from ringcast.ports.clock import Clock
from ringcast.ports.engine import (
    AnswerKind,
    CallEngine,
    DigitReceived,
    LegAnswered,
    LegEnded,
    LegRinging,
    PlaybackFinished,
    PlaybackResult,
    Refusal,
    WhoEnded,
)
from ringcast.services.changes import Change, ChangeWriter, progress_of

__all__ = ["AttemptNotes"]

log = logging.getLogger(__name__)

_LONGEST_TEXT: Final = 1000
"""Characters that are kept of what a script says in words."""
_OUTCOME_OF_ANSWER: Mapping[AnswerKind, Outcome] = {
    AnswerKind.HUMAN: Outcome.HUMAN,
    AnswerKind.SILENCE: Outcome.HUMAN,  # mostly a person who listens
    AnswerKind.MACHINE: Outcome.MACHINE,
    AnswerKind.SCREENING: Outcome.SCREENING,
    AnswerKind.FAX: Outcome.FAX,
}

_OUTCOME_OF_REFUSAL: Mapping[int, Outcome] = {
    Refusal.BUSY.sip_status: Outcome.BUSY,
    Refusal.REJECTED.sip_status: Outcome.REJECTED,
}
"""What came of a call that came to us and was turned away; NO_ANSWER for all else."""


class AttemptNotes:
    """The attempt of a call flow and its call, as they are by now; each step is written down.

    A leg whose attempt another process has given an end is hung up.
    """

    def __init__(
        self,
        call: Call,
        attempt: Attempt,
        *,
        engine: CallEngine,
        changes: ChangeWriter,
        clock: Clock,
        retry: RetryRule,
        spread: Callable[[], float],
    ) -> None:
        self.call = call
        self.attempt = attempt
        self.retry = retry
        self.answered_by: AnswerKind | None = None
        """Who has answered, once that is known."""
        self.is_transferred = False
        """Whether the leg and a second one have heard each other."""
        self._engine = engine
        self._changes = changes
        self._clock = clock
        self._spread = spread

    def ringing(self, event: LegRinging) -> None:
        """The far end rings."""
        if self.attempt.state is not AttemptState.CREATED:
            return  # a second 180, or early media after it
        attempt = replace(self.attempt.moved_to(AttemptState.RINGING), ringing_at=event.at)
        self._write(
            attempt,
            CallRinging(
                call_id=attempt.call_id,
                attempt_id=attempt.id,
                at=event.at,
                early_media=event.early_media,
            ),
            Topic.CALL_RINGING,
        )

    def answered(self, event: LegAnswered) -> None:
        """The leg is answered."""
        attempt = replace(self.attempt.moved_to(AttemptState.ANSWERED), answered_at=event.at)
        self._write(
            attempt,
            CallAnswered(call_id=attempt.call_id, attempt_id=attempt.id, at=event.at),
            Topic.CALL_ANSWERED,
        )

    def played(self, event: PlaybackFinished) -> None:
        """A sound is over."""
        attempt = replace(self.attempt, played=self.attempt.played + event.played)
        if event.result is PlaybackResult.FAILED:
            log.error("playback failed", extra={"attempt_id": attempt.id})
        self._write(
            attempt,
            SoundPlayed(
                call_id=attempt.call_id,
                attempt_id=attempt.id,
                at=event.at,
                played=event.played,
                completed=event.result is PlaybackResult.COMPLETED,
            ),
        )

    def digit(self, event: DigitReceived) -> None:
        """A key was pressed."""
        attempt = replace(self.attempt, digits=self.attempt.digits + event.digit)
        self._write(
            attempt,
            DigitPressed(
                call_id=attempt.call_id, attempt_id=attempt.id, at=event.at, digit=event.digit
            ),
            Topic.CALL_EVENT,
        )

    def happened(self, event: CallEvent) -> None:
        """Something happened on the live call that leaves its attempt as it is."""
        self._write(self.attempt, event, Topic.CALL_EVENT)

    def answer(self, question: str, response: str) -> None:
        """A question was answered."""
        self.attempt = self.attempt.with_answer(_kept(question), _kept(response))
        self._submit(Change(attempt=self.attempt))

    def ban(self, source: str, number: PhoneNumber | None) -> None:
        """Put a number, None: that of the other side, on the do-not-call list."""
        other = self.attempt.from_number if self.call.is_inbound else self.attempt.to
        banned = other if number is None else number
        if not isinstance(banned, PhoneNumber):
            return  # the list is one of numbers: a SIP address cannot be on it
        entry = DoNotCallEntry(
            account_id=self.attempt.account_id,
            number=banned,
            call=True,
            text=True,
            inbound_call=False,
            inbound_text=False,
            source=_kept(source),
            created_at=self._clock.now(),
            campaign_id=self.call.campaign_id,
        )
        self._submit(Change(attempt=self.attempt, do_not_call=(entry,)))

    async def end(
        self, event: LegEnded, *, was_offered: bool, afterwards: Sequence[CallEvent] = ()
    ) -> None:
        """The leg has ended; return when that is written.

        `afterwards` is told after it.
        """
        if event.ring_timed_out:
            attempt = self.attempt
            self.happened(RingTimedOut(call_id=attempt.call_id, attempt_id=attempt.id, at=event.at))
        outcome = _outcome(self.attempt, self.answered_by, event)
        if was_offered and outcome is Outcome.CANCELED and event.by is WhoEnded.LOCAL:
            outcome = _OUTCOME_OF_REFUSAL.get(event.sip_status or 0, Outcome.NO_ANSWER)
        if self.is_transferred and outcome.is_answered:
            outcome = Outcome.TRANSFERRED
        await self.finish(
            at=event.at,
            outcome=outcome,
            reason=event.reason,
            sip_status=event.sip_status,
            q850_cause=event.q850_cause,
            afterwards=afterwards,
        )

    async def finish(
        self,
        *,
        at: datetime,
        outcome: Outcome,
        reason: str,
        sip_status: int | None = None,
        q850_cause: int | None = None,
        afterwards: Sequence[CallEvent] = (),
    ) -> None:
        """Give the attempt its end; return when that is written."""
        reason = _kept(reason)
        attempt = replace(
            self.attempt.moved_to(AttemptState.ENDED),
            ended_at=at,
            outcome=outcome,
            sip_status=sip_status,
            q850_cause=q850_cause,
            reason=reason,
        )
        call = after_attempt(
            self.call, attempt, rule=self.retry, outcome=outcome, now=at, spread=self._spread()
        )
        ended = CallEnded(
            call_id=call.id, attempt_id=attempt.id, at=at, outcome=outcome, reason=reason
        )
        self.attempt, self.call = attempt, call
        told = [one for e in afterwards for one in progress_of(call, Topic.CALL_EVENT, e.at, e)]
        await self._changes.submit(
            Change(attempt=attempt, call=call, events=(ended, *afterwards), afterwards=told)
        )

    def _write(self, attempt: Attempt, event: CallEvent, told: Topic | None = None) -> None:
        """Have the step written without waiting for the disk: audio does not wait for it either."""
        self.attempt = attempt
        carried = event if told is Topic.CALL_EVENT else None
        announced = () if told is None else progress_of(self.call, told, event.at, carried)
        self._submit(Change(attempt=attempt, events=(event,), announcements=announced))

    def _submit(self, change: Change) -> None:
        written = self._changes.submit(change)
        written.add_done_callback(self._stop_if_lost)

    def _stop_if_lost(self, written: asyncio.Future[bool]) -> None:
        if written.cancelled() or written.exception() is not None or written.result():
            return
        # Our hold ran out and another process has given the attempt an end (STYLE 6).
        log.warning("attempt was taken over, hanging up", extra={"attempt_id": self.attempt.id})
        self._hang_up_task = asyncio.ensure_future(
            self._engine.hang_up(self.attempt.id, reason="another server took the call over")
        )


def _outcome(attempt: Attempt, answered_by: AnswerKind | None, event: LegEnded) -> Outcome:
    """Say what came of the attempt; without detection whoever answers counts as a person."""
    if event.failed:
        return Outcome.INTERNAL_ERROR
    if attempt.answered_at is not None:
        return _OUTCOME_OF_ANSWER[answered_by or AnswerKind.HUMAN]
    if event.ring_timed_out:
        return Outcome.NO_ANSWER
    if event.by is WhoEnded.LOCAL:
        return Outcome.CANCELED
    if event.sip_status is None:
        return Outcome.CARRIER_TEMPORARY
    return outcome_of_failure(event.sip_status, event.q850_cause)


def _kept(text: str) -> str:
    """Return a text of a script as it can be kept, whatever is in it.

    One that the store refuses would take with it all changes that are written at the same time.
    """
    text = text[:_LONGEST_TEXT].replace("\x00", "")
    return text.encode(errors="replace").decode()
