"""The table of commands says what the commands say of themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ringcast.cli.app import COMMANDS, load_command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says_of_itself(name: str) -> None:
    command = load_command(name)

    assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name]


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("app", ("numpy", "sqlalchemy", "starlette", "aiohttp", "uvloop", "phonenumbers")),
        ("account", ("numpy", "av", "starlette", "aiohttp", "uvloop")),
        ("phones", ("numpy", "sqlalchemy", "starlette")),
        ("call", ("sqlalchemy", "starlette", "aiohttp", "uvloop")),
        ("serve", ("numpy", "sqlalchemy", "starlette", "aiohttp", "uvloop")),
    ],
)
def test_a_command_loads_no_more_than_it_needs(command: str, needless: tuple[str, ...]) -> None:
    program = (
        f"import sys, ringcast.cli.{command}; print([m for m in {needless!r} if m in sys.modules])"
    )

    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"
