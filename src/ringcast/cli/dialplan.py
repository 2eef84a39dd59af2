"""`ringcast dialplan`: CallFire's IVR dialplans, checked and walked through without a call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ringcast.cli.dialplan_walk import Walker
from ringcast.cli.output import CONSOLE, show_error, show_json
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import AccountId, AttemptId, CallId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import CallFacts, WhoAnswered
from ringcast.integrations.clock import SystemClock
from ringcast.scripting import callfire_dialplan
from ringcast.scripting.callfire_dialplan import Node, Problem, Unreadable

app = typer.Typer(
    help="Check CallFire IVR dialplans, and walk through them without a call.",
    no_args_is_help=True,
    add_completion=False,
)

_MOST_BYTES = 1_048_576

File = Annotated[str, typer.Argument(help="The dialplan, or - for standard input.")]


@app.command()
def check(
    file: File,
    json: Annotated[bool, typer.Option("--json", help="Print one object a problem.")] = False,
) -> None:
    """Show all that is wrong with a dialplan, with its line and tag.

    It is what the API checks when a dialplan is given. Exit code 0: it can be run, there may be
    warnings. 1: it cannot. 2: the file cannot be read.

    Example: ringcast dialplan check welcome.xml
    """
    _, found = _checked(_text(file))
    for problem in found:
        _show(file, problem, json=json)
    errors = sum(not one.is_warning for one in found)
    if errors:
        raise typer.Exit(1)
    if not json:
        CONSOLE.print(f"{file}: this dialplan can be run", markup=False, soft_wrap=True)


@app.command()
def run(
    file: File,
    to: Annotated[str, typer.Option(help="The number called.")] = "+12135550100",
    from_: Annotated[str, typer.Option("--from", help="The number it calls from.")] = (
        "+12135550199"
    ),
    inbound: Annotated[
        bool, typer.Option("--inbound", help="As a call that came in, from --from to --to.")
    ] = False,
    answered_by: Annotated[
        WhoAnswered, typer.Option(help="Who amd finds has answered.")
    ] = WhoAnswered.HUMAN,
    var: Annotated[
        list[str] | None,
        typer.Option(help="A field of the contact, name=value: ${contact.name}, ${name}."),
    ] = None,
    hang_up_after: Annotated[
        int | None, typer.Option(min=0, help="Hang up when so many things were heard.")
    ] = None,
) -> None:
    """Walk through a dialplan in the terminal: no call is made and nothing is fetched.

    It shows what would be heard and asks for what the caller does. At a menu type the keys and
    Enter, nothing but Enter for no key, # at the end as on a telephone; `h` hangs up. At a record
    Enter ends the message. At a transfer type the place of the number that answers (1 is the
    first, also for nothing but Enter), or `n` if nobody does. At a get or post type the answer.
    Lines may also come from a file or a pipe; when they are at an end, the caller hangs up.

    Exit code 0: it came to its end. 1: it cannot be run, or could not go on.

    Examples:

    ringcast dialplan run welcome.xml --var firstName=Ada

    printf '1\\n2\\n' | ringcast dialplan run welcome.xml --answered-by human
    """
    root, found = _checked(_text(file))
    errors = [one for one in found if not one.is_warning]
    for problem in errors:
        _show(file, problem, json=False)
    if root is None or errors:
        raise typer.Exit(1)
    now = SystemClock().now
    facts = CallFacts(
        call_id=CallId(1),
        attempt_id=AttemptId(1),
        account_id=AccountId(1),
        to=PhoneNumber.parse(to),
        from_number=PhoneNumber.parse(from_),
        answered_at=now(),
        is_inbound=inbound,
        attributes=dict(_pair(one) for one in var or ()),
    )
    walker = Walker(
        lines=sys.stdin,
        show=lambda line: CONSOLE.print(line, markup=False, highlight=False, soft_wrap=True),
        answered_by=answered_by,
        hang_up_after=hang_up_after,
    )
    walker.walk(callfire_dialplan.run(root, facts, now=now))


def _checked(source: str) -> tuple[Node | None, list[Problem]]:
    try:
        root = callfire_dialplan.read(source)
    except Unreadable as error:
        return None, [error.problem]
    return root, callfire_dialplan.problems(root)


def _show(file: str, problem: Problem, *, json: bool) -> None:
    if json:
        show_json(
            {
                "line": problem.line,
                "tag": problem.tag,
                "problem": problem.what,
                "severity": "warning" if problem.is_warning else "error",
            }
        )
        return
    kind = "warning" if problem.is_warning else "error"
    tag = f" <{problem.tag}>" if problem.tag else ""
    line = f"{file}:{problem.line}: {kind}:{tag} {problem.what}"
    CONSOLE.print(line, markup=False, highlight=False, soft_wrap=True)


def _text(file: str) -> str:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        show_error(f"{file} cannot be read: {why}")
        raise typer.Exit(2) from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidInput(f"--var {text!r}: give name=value")
    return name, value
