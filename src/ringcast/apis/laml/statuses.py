"""The vendors' words for states and outcomes of calls."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.domain.calls import AttemptState, CallState
from ringcast.domain.outcomes import Outcome
from ringcast.services.calls import CallDetails

__all__ = ["STATUSES", "STATUS_OF_OUTCOME", "answered_by", "outcomes_of", "status_of"]

STATUSES = (
    "queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled",
)  # fmt: skip

STATUS_OF_OUTCOME: Mapping[Outcome, str] = {
    Outcome.HUMAN: "completed",
    Outcome.MACHINE: "completed",
    Outcome.ABANDONED: "completed",
    Outcome.TRANSFERRED: "completed",
    Outcome.SCREENING: "completed",
    Outcome.FAX: "completed",
    Outcome.BUSY: "busy",
    Outcome.REJECTED: "busy",  # 603: whoever is called has said no, as busy as can be
    Outcome.NO_ANSWER: "no-answer",
    Outcome.CANCELED: "canceled",
    Outcome.INVALID_NUMBER: "failed",
    Outcome.CARRIER_ERROR: "failed",
    Outcome.CARRIER_TEMPORARY: "failed",
    Outcome.INTERNAL_ERROR: "failed",
    Outcome.UNDIALED: "failed",
}

_STATUS_OF_ATTEMPT: Mapping[AttemptState, str] = {
    AttemptState.CREATED: "queued",
    AttemptState.RINGING: "ringing",
    AttemptState.ANSWERED: "in-progress",
}

_WHO: Mapping[Outcome, str] = {
    Outcome.HUMAN: "human",
    Outcome.MACHINE: "machine",
    Outcome.SCREENING: "machine",
    Outcome.FAX: "fax",
}


def status_of(details: CallDetails) -> str:
    """Return the status of a call."""
    call = details.call
    if call.state is CallState.ACTIVE and details.attempts:
        last = details.attempts[-1]
        return _STATUS_OF_ATTEMPT.get(last.state, "in-progress")
    if call.outcome is not None:
        return STATUS_OF_OUTCOME[call.outcome]
    return "failed" if call.state.is_final else "queued"


def outcomes_of(status: str) -> list[Outcome]:
    """Return the outcomes that have a final status."""
    return [outcome for outcome, word in STATUS_OF_OUTCOME.items() if word == status]


def answered_by(outcome: Outcome | None) -> str | None:
    """Return who answered a call whose script asked for it."""
    return None if outcome is None else _WHO.get(outcome)
