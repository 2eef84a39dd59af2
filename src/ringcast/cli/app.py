"""`ringcast`: the commands, and how their failures are shown."""

from __future__ import annotations

import sys

import typer

import ringcast
from ringcast.cli import account, call, demo, number, phones, serve
from ringcast.cli.output import show_error
from ringcast.config import ConfigError
from ringcast.domain.errors import RingcastError
from ringcast.phones.errors import PhonesError

__all__ = ["main"]

app = typer.Typer(
    name="ringcast",
    help="Place and control real telephone calls over your own SIP trunk.",
    epilog="Every setting is also read from RINGCAST_… in the environment"
    " (--trunk-cps is RINGCAST_TRUNK_CPS) and from ringcast.toml. Flags win.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("call")(call.call)
app.command("phones")(phones.phones)
app.command("demo")(demo.demo)
app.add_typer(account.app, name="account")
app.add_typer(number.app, name="number")


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
