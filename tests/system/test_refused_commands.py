"""Commands that cannot do what they are asked: one line that says why, and a status of failure."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.system.programs import run

_ANY = ("--http", "127.0.0.1:0", "--sip", "127.0.0.1:0")
_CALL = ("call", "+12135550100", "--from", "+12135550199", "--trunk", "sip:127.0.0.1:9")

# What is typed (BUSY_TCP and BUSY_UDP are ports in use), and what the one line must say.
CASES: dict[str, tuple[Sequence[str], str]] = {
    "serve: HTTP port in use": (
        ("serve", "--http", "127.0.0.1:BUSY_TCP", "--sip", "127.0.0.1:0"),
        "HTTP cannot listen on 127.0.0.1:{tcp} (Address already in use): end the program that does",
    ),
    "serve: SIP port in use": (
        ("serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:BUSY_UDP"),
        "UDP port {udp} on 127.0.0.1 is in use by another program: end that program, or choose"
        " another address with --sip",
    ),
    "serve: data directory cannot be made": (
        ("serve", *_ANY, "--data-dir", "a-file/data"),
        "the data directory a-file/data cannot be made",
    ),
    "serve: sounds cannot be kept": (
        ("serve", *_ANY, "--data-dir", "no-sounds"),
        "sounds cannot be kept in no-sounds/sounds",
    ),
    "serve: trunk is no SIP address": (
        ("serve", *_ANY, "--trunk", "carrier.example.net"),
        "the trunk 'carrier.example.net' cannot be used: it must begin with sip:; write it as",
    ),
    "serve: password without trunk": (
        ("serve", *_ANY, "--trunk-user", "me", "--trunk-password", "hunter2"),
        "a user name or password of a trunk, but no trunk",
    ),
    "serve: SIP address is a name": (
        ("serve", "--sip", "sip.example.net:5060"),
        "--sip is 'sip.example.net:5060': give an IPv4 address and a port",
    ),
    "serve: settings file is no TOML": (
        ("serve", "--config", "bad.toml"),
        "bad.toml: not valid TOML",
    ),
    "serve: settings file has a wrong value": (
        ("serve", "--config", "wrong.toml"),
        "wrong.toml: trunk_cps is 'fast': give a number above 0",
    ),
    "phones: SIP port in use": (
        ("phones", "--sip", "127.0.0.1:BUSY_UDP"),
        "UDP port {udp} on 127.0.0.1 is in use",
    ),
    "account: twice the same": (
        ("account", "add", "twice"),
        "account 'twice' exists already",
    ),
    "account: database of something else": (
        ("account", "list", "--data-dir", "no-database"),
        "the file is not a database",
    ),
    "number: twice the same": (
        ("number", "add", "+12135550177", "--account", "twice"),
        "number +12135550177 belongs to an account already",
    ),
    "call: nothing to play": (_CALL, "either --play FILE_OR_URL or --say TEXT"),
    "call: two things to play": (
        (*_CALL, "--say", "hi", "--play", "text.wav"),
        "either --play FILE_OR_URL or --say TEXT",
    ),
    "call: file is not there": (
        (*_CALL, "--play", "missing.wav"),
        "--play missing.wav: No such file or directory",
    ),
    "call: file is text": (
        (*_CALL, "--play", "text.wav"),
        "--play text.wav: the audio cannot be read",
    ),
    "call: URL is on this machine": (
        (*_CALL, "--play", "http://127.0.0.1:BUSY_TCP/a.wav"),
        "127.0.0.1 is an inner address; start with --allow-private-urls to allow those",
    ),
    "call: text is none": ((*_CALL, "--say", "..."), "nothing that can be spoken"),
    "call: no trunk": (
        ("call", "+12135550100", "--from", "+12135550199", "--say", "hi"),
        "a telephone number needs a trunk to leave by",
    ),
    "call: no number": (
        ("call", "12", "--from", "+12135550199", "--say", "hi"),
        "'12' is not a telephone number",
    ),
    "call: caller is no number": (
        ("call", "+12135550100", "--from", "me", "--say", "hi", "--trunk", "sip:127.0.0.1:9"),
        "'me' is not a telephone number",
    ),
    "call: digits are none": (
        (*_CALL, "--say", "hi", "--send-digits", "12x"),
        "--send-digits 12x: 'x' is no DTMF digit",
    ),
    "call: nowhere to record": (
        (*_CALL, "--say", "hi", "--record", "nowhere/x.wav"),
        "--record nowhere/x.wav: there is no directory nowhere",
    ),
}

# A mistake in how the command is written has the status that shells use for that.
USAGE: dict[str, tuple[Sequence[str], str]] = {
    "unknown flag": (("serve", "--trunks", "x"), "No such option: --trunks"),
    "unknown command": (("serv",), "No such command 'serv'"),
    "flag without value": (("serve", "--http"), "requires an argument"),
}


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """A TCP port and a UDP port that are in use."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        yield {"tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1]}


@pytest.fixture(scope="module")
def results(
    tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]
) -> Mapping[str, subprocess.CompletedProcess[str]]:
    """All commands, run a few at a time."""
    directory = tmp_path_factory.mktemp("refused")
    _make_files(directory)

    def one(name: str) -> subprocess.CompletedProcess[str]:
        arguments = [
            text.replace("BUSY_TCP", str(ports["tcp"])).replace("BUSY_UDP", str(ports["udp"]))
            for text in (CASES | USAGE)[name][0]
        ]
        return run(*arguments, cwd=directory)

    assert run("account", "add", "twice", cwd=directory).returncode == 0
    assert run("number", "add", "+12135550177", "--account", "twice", cwd=directory).returncode == 0
    with ThreadPoolExecutor(3) as pool:
        return dict(zip(CASES | USAGE, pool.map(one, CASES | USAGE), strict=True))


def _make_files(directory: Path) -> None:
    (directory / "a-file").touch()
    (directory / "no-sounds").mkdir()
    (directory / "no-sounds" / "sounds").touch()
    (directory / "no-database").mkdir()
    (directory / "no-database" / "ringcast.sqlite3").write_text("no database" * 100)
    (directory / "bad.toml").write_text("trunk_cps = = 3\n")
    (directory / "wrong.toml").write_text('trunk_cps = "fast"\n')
    (directory / "text.wav").write_text("this is no sound\n" * 100)


@pytest.mark.parametrize("name", CASES)
def test_a_refused_command_says_why_in_one_line(
    name: str,
    results: Mapping[str, subprocess.CompletedProcess[str]],
    ports: dict[str, int],
) -> None:
    done = results[name]

    (line,) = done.stderr.splitlines()
    assert line.startswith("ringcast: ")
    assert CASES[name][1].format(**ports) in line
    assert "hunter2" not in line
    assert done.returncode == 1
    assert done.stdout == ""


@pytest.mark.parametrize("name", USAGE)
def test_a_mistake_in_writing_a_command_shows_how_it_is_written(
    name: str, results: Mapping[str, subprocess.CompletedProcess[str]]
) -> None:
    done = results[name]

    assert USAGE[name][1] in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
