"""A sound is asked for, played back, and accepted or spoken again."""

from __future__ import annotations

from datetime import timedelta

from ringcast.domain.ids import AccountId, AttemptId, CallId, RecordingId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import (
    CallFacts,
    Done,
    End,
    FromRecording,
    Gather,
    Gathered,
    GatherEnd,
    NoteAnswer,
    Recorded,
    RecordMessage,
    Say,
    Step,
    StepResult,
)
from ringcast.domain.sound_recording import ACCEPTED, record_sound

CALL = CallFacts(
    call_id=CallId(1),
    attempt_id=AttemptId(2),
    account_id=AccountId(3),
    to=PhoneNumber("12135550100"),
    from_number=None,
    answered_at=None,
)


def run(*results: StepResult) -> list[Step]:
    """Return the steps taken if those that record and gather have these results."""
    program, left = record_sound("", {}, CALL), list(results)
    steps: list[Step] = []
    result: StepResult | None = None
    while True:
        try:
            step = next(program) if result is None else program.send(result)
        except StopIteration:
            return steps
        steps.append(step)
        result = left.pop(0) if isinstance(step, RecordMessage | Gather) else Done()


def spoken(number: int, seconds: float = 2) -> Recorded:
    return Recorded(
        recording_id=RecordingId(number), length=timedelta(seconds=seconds), ended_by="#"
    )


def pressed(digits: str) -> Gathered:
    return Gathered(digits=digits, ended_by=GatherEnd.MAX_DIGITS)


def accepted(steps: list[Step]) -> list[str]:
    return [one.response for one in steps if isinstance(one, NoteAnswer)]


def test_recording_is_heard_back_and_accepted_with_1() -> None:
    steps = run(spoken(7), pressed("1"))

    assert [type(one) for one in steps] == [Say, RecordMessage, Gather, NoteAnswer, Say, End]
    assert isinstance(steps[2], Gather)
    assert FromRecording(recording_id=RecordingId(7)) in steps[2].prompts
    assert steps[3] == NoteAnswer(question=ACCEPTED, response="7")


def test_recording_is_spoken_again_after_2_and_asked_about_after_other_keys() -> None:
    steps = run(spoken(7), pressed("5"), pressed("2"), spoken(8), pressed("1"))

    assert accepted(steps) == ["8"]


def test_silence_is_asked_for_again_and_given_up_in_the_end() -> None:
    nothing = Recorded(recording_id=None, length=timedelta(), ended_by="silence")

    steps = run(nothing, spoken(7, 0.2), nothing, nothing, nothing)

    assert accepted(steps) == []
    assert sum(isinstance(one, RecordMessage) for one in steps) == 5
    assert isinstance(steps[-1], Say)


def test_nobody_who_presses_nothing_is_kept() -> None:
    tries: list[StepResult] = [spoken(7), pressed(""), pressed(""), pressed("")]

    steps = run(*tries * 5)

    assert accepted(steps) == []
