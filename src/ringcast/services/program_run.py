"""Programs, driven on one leg: each step they yield is carried out, its result sent back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from ringcast.domain.errors import RingcastError
from ringcast.domain.events import CallEvent
from ringcast.domain.ids import AttemptId
from ringcast.domain.instructions import Interpret
from ringcast.domain.programs import (
    CallerGone,
    CallFacts,
    End,
    Interpreter,
    NotDone,
    Program,
    Step,
    StepResult,
)
from ringcast.ports.clock import Clock
from ringcast.services.call_control import CallControl
from ringcast.services.call_recordings import CallRecordings
from ringcast.services.leg_actions import LegActions, LegOver
from ringcast.services.program_steps import CALL_NOT_NEEDED, StepRun, StepTools
from ringcast.services.scripted_call import ScriptedCall

__all__ = ["Programs"]

log = logging.getLogger(__name__)

_MOST_STEPS: Final = 1000
_IN_SECONDS: Final = 10.0
"""A program that takes so many steps in so short a time waits for nothing."""
_BREATH: Final = 50
"""Steps after which others get their turn, whatever the steps are."""
_AFTERWARDS: Final = 10.0
"""Seconds for what a program does after its caller has gone."""
_FAULT: Final = "its script failed: see the log"
_RUNAWAY: Final = "its script goes round in circles without waiting for anything"


class Programs:
    """The interpreters there are, and what the steps of programs are carried out with."""

    def __init__(
        self, *, interpreters: Mapping[str, Interpreter], tools: StepTools, clock: Clock
    ) -> None:
        self._interpreters = interpreters
        self._tools = tools
        self._clock = clock

    def recordings_of(
        self,
        actions: LegActions,
        facts: Callable[[], CallFacts],
        tell: Callable[[CallEvent], None],
    ) -> CallRecordings | None:
        """Return what keeps the recordings of a leg; None if none are kept."""
        files = self._tools.recordings
        if files is None:
            return None
        return CallRecordings(actions, facts, files, tell=tell, now=self._clock.now)

    def control_of(
        self,
        actions: LegActions,
        facts: Callable[[], CallFacts],
        recordings: CallRecordings | None,
        tell: Callable[[CallEvent], None],
    ) -> CallControl:
        """Return what carries out what requests ask of a leg."""
        return CallControl(
            actions,
            facts,
            prompts=self._tools.prompts,
            recordings=recordings,
            tell=tell,
            now=self._clock.now,
        )

    async def interpret(
        self, instruction: Interpret, actions: LegActions, call: ScriptedCall
    ) -> str | None:
        """Run the program of an instruction; return why the leg is to be ended, or None."""
        interpreter = self._interpreters.get(instruction.language)
        if interpreter is None:
            log.error("no interpreter", extra={"language": instruction.language})
            return f"there is no interpreter for the language {instruction.language!r}"
        try:
            program = interpreter(instruction.source, instruction.settings, call.facts())
        except RingcastError as error:
            log.warning("script refused", extra={"leg": actions.leg, "why": str(error)})
            return f"its script cannot be run: {error}"
        except Exception:  # as in a program
            log.exception("interpreter failed", extra={"leg": actions.leg})
            return _FAULT
        return await self.run(program, actions, call)

    async def run(self, program: Program, actions: LegActions, call: ScriptedCall) -> str | None:
        """Run a program to its end; return why the leg is to be ended, or None if it ran out.

        Raises what the actions raise; the program is closed then, after it has had its say about a
        caller who has gone.
        """
        driver = _Driver(program, StepRun(actions, call, self._tools), self._clock)
        try:
            return await driver.run()
        finally:
            _close(program, actions.leg)


class _Unfit(Exception):
    """The program cannot go on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Driver:
    """One program on its way."""

    def __init__(self, program: Program, steps: StepRun, clock: Clock) -> None:
        self._program = program
        self._steps = steps
        self._clock = clock
        self._taken = 0
        self._since = clock.monotonic()

    async def run(self) -> str | None:
        """Run it; return why the leg is to be ended, or None."""
        try:
            step = await self._send(None)
            while step is not None:
                if isinstance(step, End):
                    return step.reason
                result = await self._result_of(step)
                step = await self._send(result)
        except _Unfit as unfit:
            return unfit.reason
        return None

    async def _result_of(self, step: Step) -> StepResult:
        try:
            result = await self._steps.carry_out(step)
        except LegOver:
            await self._afterwards(None)
            raise
        if self._steps.over is not None:
            await self._afterwards(result)
            raise self._steps.over
        return result

    async def _afterwards(self, last: StepResult | None) -> None:
        """Let the program do what needs no call; `last` is the result of a step that has one."""
        try:
            async with asyncio.timeout(_AFTERWARDS):
                step = await self._throw() if last is None else await self._send(last)
                is_told = last is None
                while step is not None and not isinstance(step, End):
                    if isinstance(step, CALL_NOT_NEEDED):
                        step = await self._send(await self._steps.without_call(step))
                    elif is_told:
                        step = await self._send(NotDone(reason="the call is over"))
                    else:
                        is_told = True
                        step = await self._throw()
        except TimeoutError:
            log.warning("program took too long after its call", extra={"leg": self._steps.leg})
        except _Unfit:
            pass  # logged, and there is nothing left to be ended

    async def _send(self, result: StepResult | None) -> Step | None:
        # A generator takes None to begin with: that is what its type leaves out.
        return await self._advance(lambda: self._program.send(result))  # type: ignore[arg-type]

    async def _throw(self) -> Step | None:
        return await self._advance(lambda: self._program.throw(CallerGone()))

    async def _advance(self, advance: Callable[[], Step]) -> Step | None:
        """Return the next step, or None if the program has run out; raise _Unfit."""
        self._taken += 1
        if self._taken % _BREATH == 0:
            await asyncio.sleep(0)
        if self._taken % _MOST_STEPS == 0:
            now = self._clock.monotonic()
            if now - self._since < _IN_SECONDS:
                log.error("program goes round in circles", extra={"leg": self._steps.leg})
                raise _Unfit(_RUNAWAY)
            self._since = now
        try:
            return advance()
        except (StopIteration, CallerGone):
            return None
        except RingcastError as error:
            log.warning("program refused", extra={"leg": self._steps.leg, "why": str(error)})
            raise _Unfit(f"its script cannot be run: {error}") from error
        except Exception as error:  # one broken program must not take the call flow with it
            log.exception("program failed", extra={"leg": self._steps.leg})
            raise _Unfit(_FAULT) from error


def _close(program: Program, leg: AttemptId) -> None:
    try:
        program.close()
    except Exception:  # it went on to yield, or its clean-up failed
        log.exception("program could not be closed", extra={"leg": leg})
