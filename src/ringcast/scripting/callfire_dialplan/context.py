"""Where a running dialplan stands: its variables, its limits, what interrupts it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias, TypeVar

from ringcast.domain.errors import InvalidInput
from ringcast.domain.programs import (
    CallFacts,
    Gather,
    Gathered,
    NotDone,
    Prompt,
    Say,
    Step,
    StepResult,
)
from ringcast.scripting.callfire_dialplan.document import Node
from ringcast.scripting.callfire_dialplan.expressions import NotAnExpression, evaluate, written
from ringcast.scripting.callfire_dialplan.values import BadValue
from ringcast.scripting.callfire_dialplan.variables import Variables

__all__ = ["Context", "Jump", "Limits", "Steps", "Walk"]

log = logging.getLogger(__name__)

T = TypeVar("T")
Steps: TypeAlias = Generator[Step, StepResult, StepResult]
Walk: TypeAlias = "Generator[Step, StepResult, Node | None]"
"""Does what a tag says and returns the one to go on with."""

_AT_ONCE: Final = timedelta()
_NO_KEYS: Final[frozenset[str]] = frozenset()


class Jump(Exception):
    """Control flow: go on at the node of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How far a dialplan may go on one call."""

    tags: int = 20_000
    tags_without_waiting: int = 1_000
    """Between two that take some of the caller's time."""
    answers: int = 500
    answer_characters: int = 8_000
    documents: int = 50


class Context:
    """What the tags of one run share."""

    def __init__(self, call: CallFacts, variables: Variables, limits: Limits) -> None:
        self.call = call
        self.variables = variables
        self.limits = limits
        self.gone = False
        """The caller has hung up, and the dialplan goes on without being heard."""
        self.catches: Mapping[str, str] = {}
        """The keys that lead away from the present tag, and the nodes they lead to."""
        self.answers = 0
        self.documents = 0
        self._tags = 0
        self._without_waiting = 0

    def enter(self, node: Node, catches: Mapping[str, str]) -> None:
        """Stand at a tag; raise InvalidInput when the limits are reached."""
        self.catches = catches
        self.variables.path = node.path
        self._tags += 1
        self._without_waiting += 1
        if self._tags > self.limits.tags:
            raise InvalidInput(f"it went through more than {self.limits.tags:,} tags in one call")
        if self._without_waiting > self.limits.tags_without_waiting:
            raise InvalidInput("it goes round in circles without waiting for anything")

    def take(self, step: Step) -> Steps:
        """Have a step that takes time carried out; a failure is logged."""
        result = yield step
        if isinstance(result, NotDone):
            self.note("a step of a dialplan was not done", result.reason)
        else:
            self._without_waiting = 0
        return result

    def hear(self, prompts: tuple[Prompt, ...]) -> Generator[Step, StepResult, None]:
        """Have prompts heard; raise Jump for a key that is caught."""
        if not self.catches:
            yield from self.take(Say(prompts=prompts))
            return
        keys = frozenset(self.catches)
        step = Gather(
            prompts=prompts, max_digits=1, finish_on=_NO_KEYS, first_timeout=_AT_ONCE, only=keys
        )
        result = yield from self.take(step)
        if isinstance(result, Gathered):
            self.jump_for(result.digits)

    def jump_for(self, key: str | None) -> None:
        """Raise Jump if the key is caught here."""
        if key is not None and key in self.catches:
            self.variables.last_input = key
            raise Jump(self.variables.substitute(self.catches[key]))

    def attribute(self, node: Node, name: str, read: Callable[[str], T], default: T) -> T:
        """Return an attribute with its variables put in; one that cannot be read is the default."""
        text = node.attributes.get(name)
        if text is None:
            return default
        try:
            return read(self.variables.substitute(text))
        except BadValue as error:
            self.note("an attribute of a dialplan was not understood", f"{name}: {error}")
            return default

    def text(self, node: Node) -> str:
        """Return the text of a tag with its variables put in."""
        return self.variables.substitute(node.text).strip()

    def value(self, text: str) -> str:
        """Return what a text says: the value of the expression, or if it is none the text."""
        said = self.variables.substitute(text).strip()
        try:
            return written(evaluate(said))
        except NotAnExpression:
            return said

    def note(self, what: str, why: str) -> None:
        """Log what went wrong and does not end the call."""
        extra = {"call": self.call.call_id, "node": self.variables.path, "why": why}
        log.warning(what, extra=extra)
