"""The call that a script runs on, as its instructions and steps see it."""

from __future__ import annotations

from typing import Protocol

from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import CallFacts, Detect
from ringcast.ports.engine import AnswerKind, Refusal
from ringcast.services.call_recordings import CallRecordings
from ringcast.services.second_legs import SecondCall

__all__ = ["ScriptedCall"]


class ScriptedCall(Protocol):
    """The call whose leg it is: what a script tells of it and asks of it."""

    @property
    def recordings(self) -> CallRecordings | None:
        """Its recordings; None where none are kept."""

    def facts(self) -> CallFacts:
        """Return what programs may know of it."""

    async def pick_up(self) -> None:
        """Answer it, if it came to us and has not been answered."""

    async def turn_away(self, refusal: Refusal) -> None:
        """Refuse it, if it came to us and has not been answered; raises LegOver then."""

    def note_answered_by(self, kind: AnswerKind) -> None:
        """It is known who has answered."""

    def detect_beside(self, step: Detect) -> None:
        """Find out who has answered while the script goes on; an event tells."""

    def note_answer(self, question: str, response: str) -> None:
        """A question was answered."""

    def note_transferred(self) -> None:
        """The leg and a second one hear each other."""

    def ban(self, source: str, number: PhoneNumber | None = None) -> None:
        """Have a number, None: that of the other side, put on the do-not-call list."""

    def place_second(self, number: int, wanted: SecondCall) -> None:
        """Have a second leg dialled; its news come with those of the leg."""

    async def end_second(self, number: int) -> None:
        """End a second leg, or see that it is not dialled."""
