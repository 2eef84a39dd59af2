"""`ringcast`: the commands, and how their failures are shown."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

import ringcast
from ringcast.cli.output import show_error
from ringcast.config import ConfigError
from ringcast.domain.errors import RingcastError
from ringcast.phones.errors import PhonesError

__all__ = ["COMMANDS", "load_command", "main"]

COMMANDS: Mapping[str, str] = {
    "serve": "Run the server until SIGTERM, which lets live calls finish; a second one ends them.",
    "call": "Place one call, show its progress, and print what came of it.",
    "phones": "Simulate a carrier: telephones that answer, refuse, press keys, by the last digits"
    " called.",
    "demo": "Place 30 real SIP calls to simulated telephones and check what each one heard.",
    "detect": "Explain who has answered in a recording, and when that was known.",
    "trunk": "Find out whether a trunk works, and if not, why.",
    "account": "Accounts and their credentials.",
    "number": "Telephone numbers of accounts.",
    "campaign": "Campaigns: how far they are, and what came of their calls.",
    "limit": "Calls per second and calls at once of accounts, campaigns and numbers.",
    "dialplan": "Check CallFire IVR dialplans, and walk through them without a call.",
    "delivery": "Callbacks: sent, on their way, or given up.",
}
"""What each command does. It is the `app` of the module of its name, which loads when it is used:
making an account needs no voice engine, and a list of commands needs none of them."""


class _Commands(TyperGroup):
    """Shows the table, and loads the command that is used."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=text) for name, text in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load_command(name), rest


def load_command(name: str) -> Any:
    """Return the command of a name of `COMMANDS`."""
    return typer.main.get_command(import_module(f"ringcast.cli.{name}").app)


app = typer.Typer(
    name="ringcast",
    cls=_Commands,
    help="Place and control real telephone calls over your own SIP trunk.",
    epilog="Every setting is also read from RINGCAST_… in the environment"
    " (--trunk-cps is RINGCAST_TRUNK_CPS) and from ringcast.toml. Flags win.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _options(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    if version:
        print(f"ringcast {ringcast.__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


def main() -> None:
    """Run the command line; failures that have a name are shown as one line, without a trace."""
    try:
        app()
    except (RingcastError, ConfigError, PhonesError) as error:
        show_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
