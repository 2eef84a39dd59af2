"""Somebody who answers the steps of a program from a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from ringcast.domain.ids import AccountId, AttemptId, CallId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import (
    CallerGone,
    CallFacts,
    Done,
    End,
    Gather,
    Gathered,
    GatherEnd,
    Program,
    Step,
    StepResult,
)
from ringcast.scripting.callfire_dialplan import Limits, parse, run

DATA = Path(__file__).parents[2] / "data" / "dialplans"
NOON = datetime(2026, 11, 28, 13, 5, 9, tzinfo=UTC)  # a Saturday


def facts(*, is_inbound: bool = False, **attributes: str) -> CallFacts:
    return CallFacts(
        call_id=CallId(7),
        attempt_id=AttemptId(8),
        account_id=AccountId(9),
        to=PhoneNumber("12135550100"),
        from_number=PhoneNumber("12135550199"),
        answered_at=NOON,
        is_inbound=is_inbound,
        attributes=attributes,
    )


def program(source: str, *, call: CallFacts | None = None, limits: Limits | None = None) -> Program:
    return run(parse(source), call or facts(), now=lambda: NOON, limits=limits)


def typed(keys: str, step: Gather) -> Gathered:
    """Return what a Gather answers when these keys are pressed."""
    digits = ""
    for key in keys:
        if key in step.finish_on:
            return Gathered(digits=digits, ended_by=GatherEnd.FINISH_KEY, finish_key=key)
        if step.only is not None and key not in step.only:
            continue
        digits += key
        if step.max_digits is not None and len(digits) >= step.max_digits:
            return Gathered(digits=digits, ended_by=GatherEnd.MAX_DIGITS)
    return Gathered(digits=digits, ended_by=GatherEnd.TIMEOUT)


def steps(
    program: Program,
    answers: Iterable[str | StepResult | CallerGone | None] = (),
    *,
    answer: Callable[[Step], StepResult | CallerGone] | None = None,
) -> list[Step]:
    """Return the steps a program takes.

    Each answer is for one step, in order: keys for a Gather, a result, a CallerGone; None, and
    whatever comes after the last, is `answer`'s: Done and no keys unless it is given.
    """
    waiting = iter(answers)
    taken: list[Step] = []
    try:
        step = next(program)
        while True:
            taken.append(step)
            if isinstance(step, End):
                return taken
            given = next(waiting, None)
            if given is None:
                given = _default(step) if answer is None else answer(step)
            if isinstance(given, str):
                assert isinstance(step, Gather), f"{step} takes no keys"
                given = typed(given, step)
            step = program.throw(given) if isinstance(given, CallerGone) else program.send(given)
    except (StopIteration, CallerGone):
        return taken


def _default(step: Step) -> StepResult:
    return typed("", step) if isinstance(step, Gather) else Done()
