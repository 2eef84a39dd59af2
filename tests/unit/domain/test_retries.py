"""Retry rules decide; what failed on our side rings nobody twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import AccountId, AttemptId, CallId
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.retries import NO_RETRY, RetryRule, after_attempt

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULE = RetryRule(
    max_attempts=3,
    wait=HOUR,
    outcomes=frozenset({Outcome.BUSY, Outcome.MACHINE, Outcome.INTERNAL_ERROR}),
)


@pytest.mark.parametrize(
    ("rule", "attempts", "outcome", "answered", "spread", "wait"),
    [
        (RULE, 1, Outcome.BUSY, False, 0.0, HOUR),
        (RULE, 2, Outcome.BUSY, False, 0.5, HOUR * 1.05),
        (RULE, 3, Outcome.BUSY, False, 0.0, None),
        (RULE, 4, Outcome.BUSY, False, 0.0, None),
        (RULE, 1, Outcome.NO_ANSWER, False, 0.0, None),
        (RULE, 1, Outcome.HUMAN, True, 0.0, None),
        (RULE, 1, Outcome.MACHINE, True, 1.0, HOUR * 1.1),
        (RULE, 1, Outcome.INTERNAL_ERROR, False, 0.0, HOUR),
        (RULE, 1, Outcome.INTERNAL_ERROR, True, 0.0, None),  # somebody has heard us already
        (NO_RETRY, 1, Outcome.BUSY, False, 0.0, None),
    ],
)
def test_next_attempt(
    rule: RetryRule,
    attempts: int,
    outcome: Outcome,
    answered: bool,
    spread: float,
    wait: timedelta | None,
) -> None:
    at = rule.next_attempt_at(
        attempts=attempts, outcome=outcome, answered=answered, now=NOW, spread=spread
    )
    assert at == (None if wait is None else NOW + wait)


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("attempts", [1, 2, 3])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_tried_again_if_the_rule_names_it_and_nobody_heard_a_fault_of_ours(
    outcome: Outcome, named: bool, attempts: int, answered: bool
) -> None:
    others = frozenset(Outcome) - {outcome}
    rule = replace(RULE, outcomes=frozenset({outcome}) if named else others)

    at = rule.next_attempt_at(
        attempts=attempts, outcome=outcome, answered=answered, now=NOW, spread=0.5
    )

    heard_us_fail = answered and outcome is Outcome.INTERNAL_ERROR
    again = named and attempts < rule.max_attempts and not heard_us_fail
    assert at == (NOW + HOUR * 1.05 if again else None)


def test_a_wave_of_retries_is_spread_over_a_tenth_of_the_wait() -> None:
    at = [
        RULE.next_attempt_at(
            attempts=1, outcome=Outcome.BUSY, answered=False, now=NOW, spread=number / 1000
        )
        for number in range(1000)
    ]
    times = [one for one in at if one is not None]
    assert len(times) == 1000
    in_a_minute = max(
        sum(1 for one in times if begin <= one < begin + timedelta(minutes=1)) for begin in times
    )
    assert in_a_minute <= 1 + 1000 // 6


def test_a_call_is_ready_again_or_finished() -> None:
    number = PhoneNumber("12135557100")
    call = Call(
        id=CallId(1),
        account_id=AccountId(1),
        to=number,
        to_text="",
        from_number=None,
        script=Script(instructions=()),
        state=CallState.ACTIVE,
        created_at=NOW,
        updated_at=NOW,
        due_at=NOW,
        attempts=1,
    )
    attempt = Attempt(
        id=AttemptId(2),
        call_id=call.id,
        account_id=call.account_id,
        number=1,
        to=number,
        from_number=None,
        state=AttemptState.ENDED,
        created_at=NOW,
        holder="here",
        holder_until=NOW,
    )

    def after(outcome: Outcome, attempt: Attempt = attempt) -> Call:
        return after_attempt(call, attempt, rule=RULE, outcome=outcome, now=NOW, spread=0)

    again = after(Outcome.BUSY)
    assert (again.state, again.due_at, again.outcome) == (CallState.READY, NOW + HOUR, None)
    ended = after(Outcome.HUMAN)
    assert (ended.state, ended.due_at, ended.outcome) == (CallState.FINISHED, NOW, Outcome.HUMAN)
    heard = after(Outcome.INTERNAL_ERROR, replace(attempt, answered_at=NOW))
    assert heard.state is CallState.FINISHED


def test_rules_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one attempt"):
        RetryRule(max_attempts=0)
    with pytest.raises(InvalidInput, match="negative"):
        RetryRule(wait=-HOUR)
