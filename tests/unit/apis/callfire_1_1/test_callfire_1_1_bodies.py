"""Calls as CallFire tells of them."""

from __future__ import annotations

from datetime import timedelta

from ringcast.apis.callfire_1_1 import bodies
from ringcast.apis.callfire_1_1.given import Given
from ringcast.domain.calls import AttemptState, CallState, QuestionAnswer
from ringcast.domain.outcomes import Outcome
from ringcast.services.calls import CallDetails
from tests.contract.store_things import NOW, a_call, an_account, an_attempt

CALL = a_call(an_account(), state=CallState.FINISHED, outcome=Outcome.BUSY, attempts=2)


def test_a_record_for_each_attempt_that_has_ended_comes_newest_first() -> None:
    ended = {"state": AttemptState.ENDED, "ended_at": NOW + timedelta(seconds=9)}
    first = an_attempt(CALL, number=1, outcome=Outcome.NO_ANSWER, **ended)
    second = an_attempt(CALL, number=2, outcome=Outcome.BUSY, **ended)
    third = an_attempt(CALL, number=3)
    records = Given(bodies.call(CallDetails(CALL, [first, second, third]))).parts("CallRecord")
    assert [record.text("Result") for record in records] == ["BUSY", "NO_ANS"]


def test_a_call_that_was_not_tried_has_no_record_and_no_result() -> None:
    tree = bodies.call(CallDetails(a_call(an_account()), ()))
    assert "CallRecord" not in tree
    assert "FinalResult" not in tree


def test_what_was_answered_to_questions_stands_in_the_record() -> None:
    attempt = an_attempt(
        CALL,
        state=AttemptState.ENDED,
        ended_at=NOW,
        outcome=Outcome.HUMAN,
        answers=(QuestionAnswer(question="color", response="red"),),
    )
    (record,) = Given(bodies.call(CallDetails(CALL, [attempt]))).parts("CallRecord")
    (answer,) = record.parts("QuestionResponse")
    assert (answer.text("Question"), answer.text("Response")) == ("color", "red")
