"""The program that has somebody speak a sound into the telephone."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import timedelta
from typing import Final

from ringcast.domain.ids import RecordingId
from ringcast.domain.programs import (
    CallFacts,
    End,
    FromRecording,
    Gather,
    Gathered,
    NoteAnswer,
    Program,
    Recorded,
    RecordMessage,
    Say,
    Spoken,
    Step,
    StepResult,
)

__all__ = ["ACCEPTED", "SOUND_RECORDING", "record_sound"]

SOUND_RECORDING: Final = "sound-recording"
"""The language of `domain.instructions.Interpret` that is this program; it has no source."""

ACCEPTED: Final = "accepted recording"
"""The question whose answer is the id of the recording that was accepted."""

_TRIES: Final = 5
_SHORTEST: Final = timedelta(seconds=0.3)
_LONGEST: Final = timedelta(minutes=10)
_ASK: Final = Spoken(
    text="Please record your message after the beep. Press pound when you are done."
)
_NOTHING: Final = Spoken(text="Nothing was recorded.")
_HEAR: Final = Spoken(text="This is your recording.")
_CHOOSE: Final = Spoken(text="To keep it, press 1. To record it again, press 2.")
_KEPT: Final = Spoken(text="Your recording was saved. Goodbye.")
_GIVEN_UP: Final = Spoken(text="Nothing was saved. Goodbye.")


def record_sound(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
    """Ask for a message, play it back, and note its recording once it is accepted with 1."""
    for _ in range(_TRIES):
        yield Say(prompts=(_ASK,))
        recorded = yield RecordMessage(
            name="sound",
            max_length=_LONGEST,
            silence_timeout=timedelta(seconds=5),
            trim_silence=True,
        )
        match recorded:
            case Recorded(recording_id=recording_id, length=length) if (
                recording_id is not None and length >= _SHORTEST
            ):
                accepted = yield from _is_accepted(recording_id)
                if accepted:
                    yield NoteAnswer(question=ACCEPTED, response=str(recording_id))
                    yield Say(prompts=(_KEPT,))
                    yield End(reason="the recording was accepted")
                    return
            case _:
                yield Say(prompts=(_NOTHING,))
    yield Say(prompts=(_GIVEN_UP,))


def _is_accepted(recording_id: RecordingId) -> Generator[Step, StepResult, bool]:
    """Play it back until it is accepted with 1 or refused with 2, three times at most."""
    for _ in range(3):
        choice = yield Gather(
            prompts=(_HEAR, FromRecording(recording_id=recording_id), _CHOOSE), max_digits=1
        )
        if isinstance(choice, Gathered) and choice.digits in ("1", "2"):
            return choice.digits == "1"
    return False
