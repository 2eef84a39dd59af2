"""Documents driven step by step, without a call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ringcast.apis.laml.identities import Family
from ringcast.apis.laml.interpreter import interpreter
from ringcast.apis.laml.settings import Settings
from ringcast.domain.ids import AccountId, AttemptId, CallId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import (
    CallFacts,
    Detect,
    Detected,
    Dial,
    Dialed,
    Done,
    Fetch,
    Fetched,
    Gather,
    Gathered,
    GatherEnd,
    NotDone,
    Recorded,
    RecordMessage,
    Reject,
    Step,
    StepResult,
    WhoAnswered,
)
from ringcast.domain.public_ids import PublicIds

KEY = "k" * 32
IDS = PublicIds(b"x" * 32)
CALL = CallFacts(
    call_id=CallId(5),
    attempt_id=AttemptId(6),
    account_id=AccountId(7),
    to=PhoneNumber("12135550100"),
    from_number=PhoneNumber("12135550199"),
    answered_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def answer_of(step: Step) -> StepResult:
    """Return what comes of a step on an ordinary call."""
    match step:
        case Gather():
            return Gathered(digits="", ended_by=GatherEnd.TIMEOUT)
        case Dial():
            return Dialed(outcome=Outcome.HUMAN, call_id=CallId(8), connected=timedelta(seconds=9))
        case Detect():
            return Detected(who=WhoAnswered.HUMAN, after=timedelta(seconds=1))
        case Fetch():
            return page("<Response/>", step.url)
        case RecordMessage():
            return Recorded(recording_id=None, length=timedelta(), ended_by="silence")
        case Reject():
            return NotDone(reason="the call is answered already")
        case _:
            return Done()


def page(document: str, url: str, *, kind: str = "text/xml", status: int = 200) -> Fetched:
    """Return the answer of a web server."""
    return Fetched(status=status, content_type=kind, body=document.encode(), url=url)


def drive(
    source: str,
    *results: StepResult | None,
    pages: Mapping[str, Fetched | NotDone | str] | None = None,
    call: CallFacts = CALL,
    **settings: Any,
) -> list[Step]:
    """Run a document, or with `pages` the one at a URL; return the steps.

    `results` are what comes of the steps in turn, None and those after them: as `answer_of` says.
    Fetches are answered from `pages`, and take no result.
    """
    given: dict[str, Any] = {"family": Family.TWILIO, "signing_key": KEY}
    if pages is None:
        given["inline"] = "true"
    program = interpreter(IDS)(source, Settings(**(given | settings)).written(), call)
    steps: list[Step] = []
    left = list(results)
    step = next(program, None)
    while step is not None and len(steps) < 500:
        steps.append(step)
        if isinstance(step, Fetch) and pages is not None:
            found = pages[step.url.partition("?")[0]]
            result: StepResult = page(found, step.url) if isinstance(found, str) else found
        else:
            chosen = left.pop(0) if left else None
            result = answer_of(step) if chosen is None else chosen
        try:
            step = program.send(result)
        except StopIteration:
            step = None
    return steps
