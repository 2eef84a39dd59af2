"""`ringcast call`: real calls from the command line, and what its user is told."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ringcast.audio import levels, wav
from tests.system.programs import eventually, phone_calls, run, running

Done = subprocess.CompletedProcess[str]

# What is typed after the caller id; PHONES is the address of the simulated carrier, WEB a server
# on this machine with the file hum.wav.
CALLS: Mapping[str, Sequence[str]] = {
    "person": ("+12135554100", "--trunk", "sip:PHONES", "--say", "Good morning to you all.",
               "--send-digits", "1w2#", "--record", "person.wav"),
    "TCP": ("+12135554200", "--trunk", "sip:PHONES;transport=tcp", "--say", "Good morning."),
    "no trunk": ("sip:+12135554300@PHONES", "--play", "hum.wav"),
    "URL": ("+12135554400", "--trunk", "sip:PHONES", "--play", "http://WEB/hum.wav",
            "--allow-private-urls"),
    "URL not found": ("+12135554500", "--trunk", "sip:PHONES", "--play", "http://WEB/none.wav",
                      "--allow-private-urls"),
    "busy": ("+12135554120", "--trunk", "sip:PHONES", "--play", "hum.wav"),
    "no such number": ("+12135554123", "--trunk", "sip:PHONES", "--play", "hum.wav"),
    "never answers": ("+12135554121", "--trunk", "sip:PHONES", "--play", "hum.wav",
                      "--ring-timeout", "3"),
    "hangs up": ("+12135554104", "--trunk", "sip:PHONES", "--play", "long.wav"),
}  # fmt: skip


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("call-command")
    for name, seconds in (("hum", 1.0), ("long", 8.0)):
        times = np.arange(int(seconds * 8000)) / 8000
        samples = np.asarray(8000 * np.sin(2 * np.pi * 440 * times), dtype=np.int16)
        (directory / f"{name}.wav").write_bytes(wav.write(samples, 8000))
    return directory


@pytest.fixture(scope="module")
def web(directory: Path) -> Iterator[str]:
    """An HTTP server on this machine with the files of the directory."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name there
        pass


@pytest.fixture(scope="module")
def results(directory: Path, web: str) -> Iterator[Mapping[str, Done]]:
    """All calls, a few at a time; afterwards the phones have stopped."""
    with running(
        "phones", "--sip", "127.0.0.1:0", "--record-dir", str(directory / "heard"), cwd=directory
    ) as phones:
        address = phones.ready()["sip"]

        def place(name: str) -> Done:
            words = [w.replace("PHONES", address).replace("WEB", web) for w in CALLS[name]]
            return run("call", *words, "--from", "+12135550199", cwd=directory)

        with ThreadPoolExecutor(3) as pool:
            yield dict(zip(CALLS, pool.map(place, CALLS), strict=True))


@pytest.fixture(scope="module")
def phone(directory: Path) -> Callable[[str], dict[str, Any]]:
    """What the phone of a number wrote down about its only call."""

    def line(number: str) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [c for c in phone_calls(directory / "heard") if c["called"] == number]

        eventually(lambda: len(found()) == 1, within=5)
        return found()[0]

    return line


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_said_on_standard_error_but_why_it_failed(
    results: Mapping[str, Done], name: str
) -> None:
    lines = results[name].stderr.splitlines()

    assert len(lines) == (1 if name == "URL not found" else 0), lines


def test_a_call_that_is_answered_and_played_succeeds(
    results: Mapping[str, Done], phone: Callable[[str], dict[str, Any]]
) -> None:
    done = results["person"]

    assert done.returncode == 0
    steps = ["calling +12135554100", "ringing", "answered", "sound played", "(whole)", "ended:"]
    places = [done.stdout.index(step) for step in steps]
    assert places == sorted(places)
    assert "human" in done.stdout
    assert phone("+12135554100")["ended_by"] == "caller"


def test_digits_reach_the_phone(
    results: Mapping[str, Done], phone: Callable[[str], dict[str, Any]]
) -> None:
    assert results["person"].returncode == 0
    assert phone("+12135554100")["digits_heard"] == "12#"


def test_a_recording_holds_what_the_phone_said_and_what_it_heard(
    results: Mapping[str, Done], directory: Path
) -> None:
    assert "person.wav" in results["person"].stdout

    rate, channels, samples = wav.read((directory / "person.wav").read_bytes())

    assert (rate, channels) == (8000, 1)
    # The person says "Hello?" while the digits, which no recording hears, are being sent.
    hello, message = samples[: int(0.8 * rate)], samples[-int(1.0 * rate) :]
    assert levels.rms_dbfs(hello.reshape(-1)) > -40
    assert levels.rms_dbfs(message.reshape(-1)) > -40


@pytest.mark.parametrize(
    ("name", "number"),
    [("TCP", "+12135554200"), ("no trunk", "+12135554300"), ("URL", "+12135554400")],
)
def test_other_ways_to_reach_a_phone_work(
    results: Mapping[str, Done], phone: Callable[[str], dict[str, Any]], name: str, number: str
) -> None:
    assert results[name].returncode == 0, results[name].stdout
    line = phone(number)
    assert line["outcome"] == "answered"
    assert str(line["source"]).startswith("tcp" if name == "TCP" else "udp")


def test_a_url_that_gives_nothing_places_no_call(results: Mapping[str, Done]) -> None:
    done = results["URL not found"]

    assert done.returncode == 1
    assert done.stderr.startswith("ringcast: http://127.0.0.1")
    assert "404" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("busy", "busy", "busy (486 Busy Here)"),
        ("no such number", "invalid_number", "the number does not exist (404 Not Found)"),
        ("never answers", "no_answer", "nobody answered in 3 s"),
        ("hangs up", "human", "the far end hung up"),
    ],
)
def test_a_call_that_comes_to_nothing_says_why_and_fails(
    results: Mapping[str, Done], name: str, outcome: str, reason: str
) -> None:
    done = results[name]

    assert done.returncode == 1
    assert f"ended: {reason}" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("outcome")]
    assert line.split() == ["outcome", outcome]
