"""Dialplans, run: a program of neutral steps that walks the tree of tags."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from ringcast.domain.errors import InvalidInput, RingcastError
from ringcast.domain.programs import CallerGone, CallFacts, Interpreter, Program
from ringcast.scripting.callfire_dialplan.context import Context, Jump, Limits, Walk
from ringcast.scripting.callfire_dialplan.document import Node
from ringcast.scripting.callfire_dialplan.heard import HEARD_WORK, menu
from ringcast.scripting.callfire_dialplan.silent import CONTROL_WORK, SILENT_WORK
from ringcast.scripting.callfire_dialplan.validation import parse
from ringcast.scripting.callfire_dialplan.variables import Variables
from ringcast.scripting.callfire_dialplan.walk import (
    NOT_WHEN_GONE,
    after,
    caught_digits,
    caught_hangup,
    first_of,
    named,
)

__all__ = ["DialplanFault", "Limits", "interpreter", "run"]

log = logging.getLogger(__name__)

_WORK: Final[Mapping[str, Callable[[Context, Node], Walk]]] = {
    **SILENT_WORK,
    **CONTROL_WORK,
    **HEARD_WORK,
}


class DialplanFault(InvalidInput):
    """A dialplan that could not go on while it ran; says the line."""

    def __init__(self, node: Node, what: str) -> None:
        super().__init__(f"line {node.line}, <{node.tag}>: {what}", field="dialplanXml")
        self.line, self.tag = node.line, node.tag


def interpreter(*, now: Callable[[], datetime]) -> Interpreter:
    """Return what makes programs of dialplans; `now` is what variables of the time are made of."""

    def interpret(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        return run(parse(source), call, now=now, variables=settings)

    return interpret


def run(
    root: Node,
    call: CallFacts,
    *,
    now: Callable[[], datetime],
    variables: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Program:
    """Return the program of a dialplan that `parse` gave; `variables` are set to begin with.

    The program raises DialplanFault if it cannot go on: a node that does not exist, variables that
    grow without end, more tags than the limits allow.
    """
    values = Variables(call, now=now)
    for name, value in (variables or {}).items():
        values.set(name, value)
    return _program(Context(call, values, limits or Limits()), root)


def _program(context: Context, root: Node) -> Program:
    names = named(root)
    logs = root.attributes.get("loggingEnabled", "").strip().lower() == "true"
    node: Node | None = root
    while node is not None:
        at = node
        if logs:
            log.info("dialplan node", extra={"call": context.call.call_id, "node": at.path})
        try:
            context.enter(at, caught_digits(at))
            arrived = yield from _at(context, at)
            if isinstance(arrived, Node) and arrived.parent is None and arrived is not root:
                root, names = arrived, named(arrived)  # another document
            node = arrived
        except Jump as jump:
            node = _target(names, at, jump.name)
        except CallerGone:
            catcher = None if context.gone else caught_hangup(at)
            if catcher is None:
                raise
            context.gone = True
            node = _target(names, catcher, catcher.attributes["goto"])
        except DialplanFault:
            raise
        except RingcastError as error:
            raise DialplanFault(at, str(error)) from error


def _target(names: Mapping[str, Node], at: Node, name: str) -> Node:
    target = names.get(name.strip())
    if target is None:
        raise DialplanFault(at, f"there is no node of the name {name[:60]!r}")
    return target


def _at(context: Context, node: Node) -> Walk:
    """Do what one tag says; return the one to go on with."""
    if node.parent is not None and node.parent.tag == "menu" and node.tag != "keypress":
        return (yield from menu(context, node.parent, begin=node.place))
    if context.gone and node.tag in NOT_WHEN_GONE:
        return after(node)
    work = _WORK.get(node.tag)
    if work is None:  # it only holds others
        return first_of(node)
    return (yield from work(context, node))
