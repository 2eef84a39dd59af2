from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from ringcast.domain.calls import Attempt, AttemptState, Call, CallState
from ringcast.domain.errors import IllegalTransition
from ringcast.domain.ids import AccountId, AttemptId, CallId, first_id_at
from ringcast.domain.instructions import Script
from ringcast.domain.numbers import PhoneNumber

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TO = PhoneNumber("12135550100")


def _call(state: CallState) -> Call:
    return Call(
        id=CallId(1),
        account_id=AccountId(1),
        to=TO,
        to_text="",
        from_number=None,
        script=Script(instructions=()),
        state=state,
        created_at=NOW,
        updated_at=NOW,
        due_at=NOW,
    )


def _attempt(state: AttemptState) -> Attempt:
    return Attempt(
        id=AttemptId(2),
        call_id=CallId(1),
        account_id=AccountId(1),
        number=1,
        to=TO,
        from_number=None,
        state=state,
        created_at=NOW,
        holder="h",
        holder_until=NOW,
    )


CALL_MOVES = {
    (CallState.READY, CallState.ACTIVE),
    (CallState.READY, CallState.FINISHED),
    (CallState.READY, CallState.DISABLED),
    (CallState.READY, CallState.DO_NOT_CALL),
    (CallState.DISABLED, CallState.READY),
    (CallState.ACTIVE, CallState.READY),
    (CallState.ACTIVE, CallState.FINISHED),
}


@pytest.mark.parametrize(("now", "asked"), list(product(CallState, CallState)))
def test_a_call_moves_only_along_its_way(now: CallState, asked: CallState) -> None:
    if (now, asked) in CALL_MOVES:
        assert _call(now).moved_to(asked, now=NOW).state is asked
    else:
        with pytest.raises(IllegalTransition, match=f"is {now}"):
            _call(now).moved_to(asked, now=NOW)


ATTEMPT_ORDER = [
    AttemptState.CREATED,
    AttemptState.RINGING,
    AttemptState.ANSWERED,
    AttemptState.ENDED,
]


@pytest.mark.parametrize(("now", "asked"), list(product(AttemptState, AttemptState)))
def test_an_attempt_only_goes_forward(now: AttemptState, asked: AttemptState) -> None:
    if ATTEMPT_ORDER.index(asked) > ATTEMPT_ORDER.index(now):
        assert _attempt(now).moved_to(asked).state is asked
    else:
        with pytest.raises(IllegalTransition):
            _attempt(now).moved_to(asked)


def test_final_states_are_those_without_a_way_out() -> None:
    assert {s for s in CallState if s.is_final} == {
        CallState.FINISHED,
        CallState.INVALID,
        CallState.DUPLICATE,
        CallState.DO_NOT_CALL,
    }


def test_talk_time_runs_from_answer_to_end() -> None:
    attempt = _attempt(AttemptState.ENDED)
    assert attempt.talk_time == timedelta()
    answered = replace(attempt, answered_at=NOW, ended_at=NOW + timedelta(seconds=7))
    assert answered.talk_time == timedelta(seconds=7)


def test_identifiers_grow_with_time_and_stay_exact_in_doubles() -> None:
    assert first_id_at(NOW) < first_id_at(NOW + timedelta(milliseconds=1))
    assert first_id_at(datetime(2089, 1, 1, tzinfo=UTC)) < 2**53
