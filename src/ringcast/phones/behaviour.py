"""What a simulated phone does next: its script run step by step, without sockets or clock.

Call `start`, then tell it what happens; after each call do the `actions`, and call `handle_timer`
at `next_timer`. Actions are the steps of the plan that do something; those that wait stay inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import TypeAlias

from ringcast.phones.steps import (
    Answer,
    Early,
    Fax,
    HangUp,
    Hold,
    Ignore,
    Impair,
    Listen,
    Message,
    Pause,
    Press,
    PressBy,
    Refuse,
    Resume,
    Ring,
    Ringback,
    Say,
    Sound,
    Step,
    Tone,
    Until,
)

__all__ = ["Action", "Behaviour"]

INFO_SPACING = 0.25
"""Seconds from one digit sent as SIP INFO to the next: a key's 160 ms and a gap."""

Action: TypeAlias = Ring | Early | Answer | Refuse | HangUp | Sound | Press | Hold | Resume | Impair


class _Wait(Enum):
    """What the present step waits for, beside its time."""

    NOTHING = auto()
    TIME = auto()
    SOUND = auto()
    DIGITS = auto()
    REINVITE = auto()
    MESSAGE = auto()
    CALLER = auto()
    """Nothing of its own: only the caller ends this call."""
    OVER = auto()


class Behaviour:
    """One phone in one call."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._next = 0
        self._wait = _Wait.NOTHING
        self._due: float | None = None
        self._message_wait = 0.0
        self._info_digits = ""
        self._answered_at: float | None = None
        self._message_at: float | None = None
        self._actions: list[Action] = []

    def start(self, *, now: float) -> None:
        """Begin: the INVITE has come."""
        self._run(now)

    def message_heard(self, *, now: float) -> None:
        """The first sound has come from the caller; later calls change nothing."""
        if self._message_at is not None:
            return
        self._message_at = now
        if self._wait is _Wait.MESSAGE:
            self._wait_until(now + self._message_wait, now)

    def sound_finished(self, *, now: float) -> None:
        """The sound of the last action has been played to its end."""
        self._done(_Wait.SOUND, now)

    def digits_sent(self, *, now: float) -> None:
        """The digits of the last action have left."""
        self._done(_Wait.DIGITS, now)

    def reinvite_finished(self, *, now: float) -> None:
        """The hold or resume of the last action was answered, well or not."""
        self._done(_Wait.REINVITE, now)

    def ended(self) -> None:
        """The call is over, whoever ended it: nothing more is done."""
        self._wait = _Wait.OVER
        self._due = None
        self._actions.clear()

    def handle_timer(self, *, now: float) -> None:
        """Go on if the time of `next_timer` has come."""
        if self._due is None or now < self._due:
            return
        self._due = None
        if self._info_digits:
            self._press_by_info(now)
        else:
            self._done(self._wait, now)

    def next_timer(self) -> float | None:
        """Return when to call `handle_timer`."""
        return self._due

    def actions(self) -> list[Action]:
        """Return what is to be done now, in order, once."""
        actions, self._actions = self._actions, []
        return actions

    def _done(self, what: _Wait, now: float) -> None:
        if self._wait is what and what not in (_Wait.OVER, _Wait.CALLER):
            self._wait = _Wait.NOTHING
            self._run(now)

    def _run(self, now: float) -> None:
        while self._wait is _Wait.NOTHING and self._next < len(self._steps):
            step = self._steps[self._next]
            self._next += 1
            self._do(step, now)

    def _do(self, step: Step, now: float) -> None:
        match step:
            case Ring(seconds):
                self._actions.append(step)
                self._wait_for(seconds, now)
            case Pause(seconds) | Listen(seconds):
                self._wait_for(seconds, now)
            case Until(seconds):
                assert self._answered_at is not None  # the plan has an answer before it
                self._wait_until(self._answered_at + seconds, now)
            case Message(seconds):
                if self._message_at is None:
                    self._message_wait = seconds
                    self._wait = _Wait.MESSAGE
                else:
                    self._wait_until(self._message_at + seconds, now)
            case Answer():
                self._answered_at = now
                self._actions.append(step)
            case Early() | Impair():
                self._actions.append(step)
            case Refuse() | HangUp():
                self._actions.append(step)
                self._wait = _Wait.OVER
            case Ignore():
                self._wait = _Wait.CALLER
            case Press(digits, PressBy.INFO):
                self._info_digits = digits
                self._press_by_info(now)
            case Press(by=by):
                self._actions.append(step)
                self._wait = _Wait.SOUND if by is PressBy.INBAND else _Wait.DIGITS
            case Hold() | Resume():
                self._actions.append(step)
                self._wait = _Wait.REINVITE
            case Say() | Tone() | Ringback() | Fax():
                self._actions.append(step)
                self._wait = _Wait.SOUND

    def _press_by_info(self, now: float) -> None:
        digit, self._info_digits = self._info_digits[0], self._info_digits[1:]
        self._actions.append(Press(digit, PressBy.INFO))
        self._wait_for(INFO_SPACING, now)

    def _wait_for(self, seconds: float | None, now: float) -> None:
        if seconds is None:
            self._wait = _Wait.CALLER
        else:
            self._wait_until(now + seconds, now)

    def _wait_until(self, due: float, now: float) -> None:
        if due <= now:
            self._wait = _Wait.NOTHING
            self._run(now)
        else:
            self._wait, self._due = _Wait.TIME, due
