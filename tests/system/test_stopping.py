"""Stopping the programs in the middle of calls: nicely, at once, and by kill -9."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from ringcast.audio import compare, wav
from tests.system.programs import (
    Answer,
    Api,
    Program,
    environment,
    eventually,
    make_account,
    phone_calls,
    running,
)

LONG_TEXT = (
    "This sentence is rather long, so that there is time to do something meanwhile."
    " Tomorrow the school is closed, because a river of snow has covered every road."
)
KEY = {"Idempotency-Key": "the only request of the day"}


@dataclass(frozen=True)
class Phones:
    """The simulated carrier, and what it wrote down."""

    program: Program
    heard: Path

    @property
    def trunk(self) -> str:
        return f"sip:{self.program.ready()['sip']}"

    def lines(self, number: str) -> Sequence[dict[str, object]]:
        """The calls to a number that have ended."""
        return [line for line in phone_calls(self.heard) if line["called"] == number]


@pytest.fixture(scope="module")
def phones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    directory = tmp_path_factory.mktemp("phones")
    heard = directory / "heard"
    with running(
        "phones", "--sip", "127.0.0.1:0", "--record-dir", str(heard), cwd=directory
    ) as program:
        yield Phones(program, heard)


@dataclass
class Site:
    """A data directory, and the server that runs on it at present."""

    phones: Phones
    directory: Path
    credential: tuple[str, str] = ("", "")
    servers: list[Program] = field(default_factory=list)

    def start(self, *flags: str) -> Api:
        """Start a server, once the one before has ended."""
        server = Program(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--media-workers", "1",
            "--trunk", self.phones.trunk, "--data-dir", str(self.directory), *flags,
            cwd=self.directory,
        )  # fmt: skip
        self.servers.append(server)
        if not self.credential[0]:
            self.credential = make_account(self.directory)
        return Api(f"http://{server.ready()['http']}", *self.credential)

    @property
    def server(self) -> Program:
        """The latest server."""
        return self.servers[-1]

    def is_answered(self, call_id: int) -> bool:
        """Whether somebody picked up, which CallFire's API does not tell before the end."""
        return self._ask("select count(answered_at) from attempts where call_id = ?", call_id) == (
            1,
        )

    def end_of(self, call_id: int) -> tuple[object, ...]:
        """State and outcome of a call and the reason of its only attempt, from the database."""
        return self._ask(
            "select calls.state, calls.outcome, attempts.reason from attempts"
            " join calls on calls.id = attempts.call_id where calls.id = ?",
            call_id,
        )

    def _ask(self, question: str, call_id: int) -> tuple[object, ...]:
        file = self.directory / "ringcast.sqlite3"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            (row,) = database.execute(question, (call_id,))
        return tuple(row)

    def close(self) -> None:
        """Stop what still runs; no server may have shown a stack trace."""
        for server in self.servers:
            if server.process.poll() is None:
                server.stop()
            log = server.errors
            server.close()
            assert "Traceback" not in log, log


@pytest.fixture
def site(tmp_path: Path, phones: Phones) -> Iterator[Site]:
    site = Site(phones, tmp_path)
    yield site
    site.close()


@dataclass(frozen=True)
class Killed:
    """A server was killed in the middle of calls, and another started on its data."""

    api: Api
    server: Program
    children: Sequence[psutil.Process]
    talking: int
    ringing: int
    waiting: int
    first_answer: Answer
    second_answer: Answer


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, phones: Phones) -> Iterator[Killed]:
    site = Site(phones, tmp_path_factory.mktemp("killed"))
    api = site.start("--trunk-max-calls", "2")
    sound = api.speak(LONG_TEXT * 4)
    talking, ringing = api.call("+12135551000", "+12135551021", sound=sound)
    eventually(lambda: site.is_answered(talking))
    short = api.speak("Good morning.")
    body = [{"phoneNumber": "+12135551100", "liveMessageSoundId": short}]
    first = api.request("POST", "/v2/calls", body, headers=KEY)
    children = psutil.Process(site.server.process.pid).children(recursive=True)

    site.server.kill()
    api = site.start("--trunk-max-calls", "2")

    second = api.request("POST", "/v2/calls", body, headers=KEY)
    waiting = int(first.json["items"][0]["id"])
    yield Killed(api, site.server, children, talking, ringing, waiting, first, second)
    site.close()


def test_nothing_is_left_of_a_killed_server(killed: Killed) -> None:
    assert len(killed.children) >= 3  # a media worker, a decoder, a synthesiser

    _, alive = psutil.wait_procs(killed.children, timeout=5)

    assert alive == []


def test_a_repeated_request_is_answered_alike_after_a_crash(killed: Killed) -> None:
    assert killed.first_answer.status == 200
    assert killed.second_answer.status == 200
    assert killed.second_answer.body == killed.first_answer.body


def test_a_call_that_waited_is_dialled_once_after_a_crash(killed: Killed, phones: Phones) -> None:
    # Both places on the trunk are the dead server's until its hold on them is over (30 s).
    call = killed.api.wait_until_finished(killed.waiting, within=60)

    assert call["finalCallResult"] == "LA"
    assert len(call["records"]) == 1
    eventually(lambda: len(phones.lines("+12135551100")) == 1)


def test_sigterm_lets_calls_finish_and_keeps_new_ones_for_later(site: Site, phones: Phones) -> None:
    api = site.start()
    sound = api.speak(LONG_TEXT)
    (live,) = api.call("+12135552100", sound=sound)
    eventually(lambda: site.is_answered(live))
    children = psutil.Process(site.server.process.pid).children(recursive=True)
    original = api.request("GET", f"/v2/campaigns/sounds/{sound}.wav").body

    site.server.signal_all(signal.SIGTERM)
    eventually(lambda: api.request("GET", "/readyz").status == 503)
    (late,) = api.call("+12135552200", sound=sound)
    assert api.get_call(live)["state"] == "SELECTED"
    assert api.get_call(late)["state"] == "READY"
    assert site.server.process.wait(30) == 0

    assert psutil.wait_procs(children, timeout=5)[1] == []
    eventually(lambda: len(phones.lines("+12135552100")) == 1)
    (line,) = phones.lines("+12135552100")
    heard = wav.read((phones.heard / str(line["recording"])).read_bytes())[2].reshape(-1)
    sound_samples = wav.read(original)[2].reshape(-1)
    assert len(heard) >= len(sound_samples) - 160
    # That not a packet is late is for test_first_call; here it is that none is missing at the end.
    assert compare.find(sound_samples, heard).correlation >= 0.8
    assert phones.lines("+12135552200") == []

    api = site.start()
    eventually(lambda: site.is_answered(late))
    assert api.get_call(live)["finalCallResult"] == "LA"
    _stop_at_once(site, phones, api, late)


def _stop_at_once(site: Site, phones: Phones, api: Api, talking: int) -> None:
    """The second SIGTERM ends calls: one that rings, one that talks."""
    (ringing,) = api.call("+12135552321", sound=api.speak("Hello."))
    eventually(lambda: api.get_call(ringing)["state"] == "SELECTED")

    began = time.monotonic()
    site.server.process.send_signal(signal.SIGTERM)
    eventually(lambda: api.request("GET", "/readyz").status == 503)
    site.server.process.send_signal(signal.SIGTERM)
    assert site.server.process.wait(10) == 0
    assert time.monotonic() - began < 5

    for number in ("+12135552200", "+12135552321"):
        eventually(lambda: len(phones.lines(number)) == 1, within=3)  # noqa: B023 -- called now
        (line,) = phones.lines(number)
        assert line["ended_by"] == "caller"
    for call_id, outcome in ((talking, "human"), (ringing, "canceled")):
        assert site.end_of(call_id) == ("finished", outcome, "the server was stopped")
    assert len(phones.lines("+12135552200")) == 1


def _hear_ctrl_c() -> None:
    """As from a terminal: what a shell starts in the background ignores it, and all below that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Stopped:
    """A call from the command line, and how it is stopped once its output says `when`."""

    number: str
    when: str
    stop: signal.Signals
    status: int

    def start(self, phones: Phones, directory: Path) -> subprocess.Popen[str]:
        """Place the call; the process has its own group, as in a terminal."""
        return subprocess.Popen(
            [
                sys.executable, "-u", "-m", "ringcast", "call", self.number,
                "--from", "+12135550199", "--say", LONG_TEXT * 8, "--trunk", phones.trunk,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=directory, env=environment(),
            text=True, process_group=0,
            preexec_fn=_hear_ctrl_c,  # noqa: PLW1509 -- it does nothing that a lock could hold up
        )  # fmt: skip


STOPPED = (
    Stopped("+12135553000", "answered", signal.SIGINT, 130),
    Stopped("+12135553121", "ringing", signal.SIGINT, 130),
    Stopped("+12135553200", "answered", signal.SIGTERM, 143),
)


def test_stopping_a_call_of_the_command_line_hangs_it_up(tmp_path: Path, phones: Phones) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(call.start(phones, tmp_path)) for call in STOPPED]
        for process in processes:
            stack.callback(process.kill)
        for call, process in zip(STOPPED, processes, strict=True):
            _stop_one(call, process, phones)


def _stop_one(call: Stopped, process: subprocess.Popen[str], phones: Phones) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if call.when in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, call.stop)
    assert process.wait(40) == call.status  # the message would go on for more than a minute
    assert "ended: the program was stopped" in process.stdout.read()
    assert process.stderr.read() == ""
    assert psutil.wait_procs(children, timeout=5)[1] == []
    eventually(lambda: len(phones.lines(call.number)) == 1)
    assert phones.lines(call.number)[0]["ended_by"] == "caller"


def test_calls_of_a_killed_server_end_and_are_not_dialled_again(
    killed: Killed, phones: Phones
) -> None:
    # The hold of the dead server on its calls runs out after 30 s, and is looked at every 10 s.
    for call_id in (killed.talking, killed.ringing):
        call = killed.api.wait_until_finished(call_id, within=60)
        assert call["finalCallResult"] == "INTERNAL_ERROR"
        assert len(call["records"]) == 1
    assert killed.server.stop() == 0
    assert phones.program.stop() == 0  # what rings or talks now is written down, too
    for number in ("+12135551000", "+12135551021", "+12135551100"):
        assert len(phones.lines(number)) == 1
