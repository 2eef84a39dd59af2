"""`ringcast dialplan check` and `run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ringcast.cli.dialplan import app

DATA = Path(__file__).parents[2] / "data" / "dialplans"


def ringcast_dialplan(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def test_check_of_a_good_dialplan_succeeds() -> None:
    result = ringcast_dialplan("check", str(DATA / "clinic.xml"))

    assert result.exit_code == 0
    assert "this dialplan can be run" in result.stdout


def test_check_shows_all_problems_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "bad.xml"
    file.write_text(
        "<dialplan>\n<play type='tts' cache='true'>[a]</play>\n<goto>x</goto>\n<sms/></dialplan>"
    )

    result = ringcast_dialplan("check", str(file))

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{file}:2: warning: <play> cache is for type url only",
        f"{file}:3: error: <goto> there is no node of the name 'x'",
        f"{file}:4: error: <sms> this system sends no text messages",
    ]


def test_check_reads_standard_input_and_prints_json() -> None:
    result = ringcast_dialplan("check", "-", "--json", typed="<dialplan>\n<bogus/></dialplan>")

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "line": 2,
        "tag": "bogus",
        "problem": "there is no such tag",
        "severity": "error",
    }


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_cannot_be_read_is_said(command: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_bytes(b"\xff\xfe")

    assert ringcast_dialplan(command, str(tmp_path / "missing.xml")).exit_code == 2
    assert ringcast_dialplan(command, str(tmp_path)).exit_code == 2
    assert ringcast_dialplan(command, str(broken)).exit_code == 2


def test_run_asks_for_keys_and_shows_what_is_heard() -> None:
    result = ringcast_dialplan(
        "run", str(DATA / "clinic.xml"), "--var", "firstName=Ada", "--var", "day=Monday",
        typed="5\n1\n",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    shown = result.stdout
    assert "Good day Ada. Your appointment is on Monday." in shown
    assert shown.count("Good day Ada") == 2
    assert "answer     appointment = confirmed" in shown
    assert shown.rstrip().endswith("the call ends: the dialplan is at its end")


def test_run_as_a_machine() -> None:
    result = ringcast_dialplan("run", str(DATA / "clinic.xml"), "--answered-by", "machine")

    assert "hear       sound 1001" in result.stdout
    assert "the call ends: the dialplan hung up" in result.stdout


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("2\nn\n", 'hear       "Thank you."'),
        ("2\n2\n", "connected  with +12135550162"),
        ("2\n", "the call ends: the caller has hung up"),
        ("9\n", "no calls   +12135550100 is never called again"),
        ("h\n", "the call ends: the caller has hung up"),
    ],
)
def test_run_of_transfers_bans_and_hanging_up(typed: str, shown: str) -> None:
    result = ringcast_dialplan("run", str(DATA / "clinic.xml"), typed=typed)

    assert result.exit_code == 0, result.output
    assert shown in result.stdout


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("\nh\n", "answer     left = 1213"),
        ("0\n1\n5\n", "connected  with +12135550163"),
        ("0\n1\n\n", "the call ends: the dialplan hung up"),
        ("\n#\n1\n", "answer     kept = http://localhost/recordings/message.mp3"),
    ],
)
def test_run_of_messages_whispers_and_caught_keys(typed: str, shown: str) -> None:
    result = ringcast_dialplan("run", str(DATA / "voicemail.xml"), typed=typed)

    assert result.exit_code == 0, result.output
    assert shown in result.stdout


def test_run_can_hang_up_while_something_is_heard() -> None:
    result = ringcast_dialplan("run", str(DATA / "voicemail.xml"), "--hang-up-after", "0")

    assert "answer     left = 1213" in result.stdout


def test_run_of_a_bad_dialplan_shows_its_problems() -> None:
    result = ringcast_dialplan("run", "-", typed="<dialplan><bogus/></dialplan>")

    assert result.exit_code == 1
    assert "-:1: error: <bogus> there is no such tag" in result.stdout


def test_help_teaches() -> None:
    result = ringcast_dialplan("run", "--help")

    for word in ("menu", "hangs up", "Exit code", "--answered-by"):
        assert word in result.stdout
