"""The tags that need nobody to hear them: setvar, stash, get, post, dnc, goto, if, hangup."""

from __future__ import annotations

import logging
from typing import Final

from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import Ban, End, Fetch, Fetched, NoteAnswer
from ringcast.scripting.callfire_dialplan.context import Context, Jump, Walk
from ringcast.scripting.callfire_dialplan.document import MAX_CHARACTERS, Node
from ringcast.scripting.callfire_dialplan.expression_values import number
from ringcast.scripting.callfire_dialplan.expressions import (
    NotAnExpression,
    evaluate,
    is_true,
)
from ringcast.scripting.callfire_dialplan.validation import parse
from ringcast.scripting.callfire_dialplan.values import BadValue, targets, truth
from ringcast.scripting.callfire_dialplan.variables import NAME, has_variable
from ringcast.scripting.callfire_dialplan.walk import after, first_of

__all__ = ["CONTROL_WORK", "SILENT_WORK"]

log = logging.getLogger(__name__)

_SOURCE: Final = "KeyPressed"
"""Where the do-not-call entry comes from, as the vendor's list names it."""


def setvar(context: Context, node: Node) -> Walk:
    """Set a variable to a value, or to the text if that is no expression."""
    yield from ()  # it takes no step
    name = context.variables.substitute(node.attributes["varname"]).strip()
    context.variables.set(name, context.value(node.text))
    return after(node)


def stash(context: Context, node: Node) -> Walk:
    """Keep an answer on the call, and set the variable too if the question can be its name."""
    question = context.variables.substitute(node.attributes["varname"]).strip()
    response = context.value(node.text)
    context.answers += 1
    limits = context.limits
    if context.answers > limits.answers:
        raise InvalidInput(f"it stashed more than {limits.answers:,} answers in one call")
    if max(len(question), len(response)) > limits.answer_characters:
        raise InvalidInput(f"an answer has more than {limits.answer_characters:,} characters")
    yield NoteAnswer(question=question, response=response)
    if NAME.fullmatch(question):
        context.variables.set(question, response)
    return after(node)


def fetch(context: Context, node: Node) -> Walk:
    """Make a request; the answer's text goes into the variable, empty if there is none."""
    url = context.text(node)
    if node.tag == "post":
        fields = tuple(context.variables.own.items())
        step = Fetch(url=url, method="POST", parameters=fields)
    else:
        step = Fetch(url=url)
    result = yield from context.take(step)
    name = node.attributes.get("varname")
    if name is not None:
        body = b""
        if isinstance(result, Fetched) and result.status < 400:
            body = result.body
        name = context.variables.substitute(name).strip()
        context.variables.set(name, body.decode(errors="replace").strip())
    return after(node)


def dnc(context: Context, node: Node) -> Walk:
    """Put numbers on the do-not-call list."""
    text = context.text(node)
    try:
        banned = [one.to for one in targets(text)]
    except BadValue as error:
        context.note("a number was not put on the do-not-call list", str(error))
        return after(node)
    for one in banned:
        if isinstance(one, PhoneNumber):
            yield Ban(source=_SOURCE, number=one)
            if context.attribute(node, "loggingEnabled", truth, False):
                extra = {"call": context.call.call_id, "number": one.masked}
                log.info("dialplan banned a number", extra=extra)
    return after(node)


def goto(context: Context, node: Node) -> Walk:
    """Go on at the node of a name."""
    yield from ()  # it takes no step
    raise Jump(context.text(node))


def goto_xml(context: Context, node: Node) -> Walk:
    """Go on in another document."""
    context.documents += 1
    if context.documents > context.limits.documents:
        raise InvalidInput(f"it went on to more than {context.limits.documents} other documents")
    url = context.text(node)
    result = yield from context.take(Fetch(url=url, max_bytes=MAX_CHARACTERS))
    if not isinstance(result, Fetched):
        raise InvalidInput(f"the dialplan at {url[:200]} cannot be fetched")
    if result.status >= 400:
        raise InvalidInput(f"the dialplan at {url[:200]} was answered {result.status}")
    return parse(result.body.decode(errors="replace"))


def if_(context: Context, node: Node) -> Walk:
    """Take one of two ways by an expression; what is no expression does not hold."""
    yield from ()  # it takes no step
    try:
        holds = is_true(evaluate(context.variables.substitute(node.attributes["expr"])))
    except NotAnExpression as error:
        context.note("the expression of an if was not understood", str(error))
        holds = False
    return _branch(node, holds=holds)


def equal(context: Context, node: Node) -> Walk:
    """Take one of two ways by whether a variable has a value."""
    yield from ()  # it takes no step
    var = node.attributes["var"]
    value = context.variables.substitute(var).strip()
    if not has_variable(var):
        found = context.variables.find(value)
        value = value if found is None else found
    wanted = context.value(node.attributes["expr"])
    same = value == wanted or _as_numbers(value, wanted)
    return _branch(node, holds=same is (node.tag == "equal"))


def hangup(context: Context, node: Node) -> Walk:
    """End the call."""
    yield End(reason="the dialplan hung up")
    return None


SILENT_WORK: Final = {"setvar": setvar, "stash": stash, "get": fetch, "post": fetch, "dnc": dnc}
CONTROL_WORK: Final = {
    "goto": goto,
    "gotoXML": goto_xml,
    "if": if_,
    "equal": equal,
    "notEqual": equal,
    "hangup": hangup,
}


def _branch(node: Node, *, holds: bool) -> Node | None:
    if holds:
        return first_of(node)
    other = node.first("else")
    return after(node) if other is None else first_of(other)


def _as_numbers(a: str, b: str) -> bool:
    """Say whether two texts are the same number: 1 and 1.0."""
    return number(a) == number(b) if a and b else False
