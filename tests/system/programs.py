"""Our programs as a user runs them: separate processes, real sockets, an empty directory."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from ringcast.domain.legal_hours import LegalHours
from ringcast.services.accounts import KeepLegalHours
from ringcast.stores.sql.store import SqlStore

READY_WITHIN = 60.0


def environment() -> dict[str, str]:
    """The environment without settings of ours."""
    return {k: v for k, v in os.environ.items() if not k.startswith("RINGCAST_")}


class Program:
    """`ringcast …` as a process; what it prints is read all the time."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.arguments = arguments
        self._output: list[str] = []
        self._errors = (cwd / f"{arguments[0]}-{time.monotonic_ns()}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ringcast", *arguments],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=cwd,
            env=environment(),
            text=True,
            process_group=0,
        )
        self._line_read = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def errors(self) -> str:
        """What it wrote to standard error so far."""
        return Path(self._errors.name).read_text()

    def ready(self) -> Mapping[str, str]:
        """Wait for its ready line and return the addresses in it."""
        if not self._line_read.wait(READY_WITHIN) or not self._output:
            raise AssertionError(f"{self.arguments} did not get ready: {self.errors}")
        words = self._output[0].split()
        assert words[0] == "ready", self._output[0]
        return dict(word.split("=", 1) for word in words[1:])

    def worker_pids(self) -> list[int]:
        """The processes it started that handle media."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [p.pid for p in children if "ringcast.media" in " ".join(p.cmdline())]

    def stop(self, *, within: float = 15.0) -> int:
        """Ask it to end, at once the second time; return its exit status."""
        for number in (signal.SIGTERM, signal.SIGTERM):
            if self.process.poll() is None:
                self.process.send_signal(number)
                time.sleep(0.2)
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise AssertionError(f"{self.arguments} did not end: {self.errors}") from None
        finally:
            self.close()
        return status

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to it and all its processes, as systemd and terminals do."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(5)
        self.close()

    def close(self) -> None:
        """Release the files."""
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._errors.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._output.append(line)
            self._line_read.set()
        self._line_read.set()


def run(*arguments: str, cwd: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ringcast", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(),
        timeout=timeout,
        check=False,
    )


@contextmanager
def running(*arguments: str, cwd: Path) -> Iterator[Program]:
    """Run a program of ours for the length of the block."""
    program = Program(*arguments, cwd=cwd)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.stop()
        else:
            program.close()


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Api:
    """CallFire v2 as a client with nothing but a base URL sees it."""

    base: str
    login: str
    password: str

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Sequence[object] | Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; lists and mappings go as JSON."""
        credential = b64encode(f"{self.login}:{self.password}".encode()).decode()
        sent = {"Authorization": f"Basic {credential}", **(headers or {})}
        if body is None or isinstance(body, bytes):
            data = body
        else:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, response.read(), dict(response.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), dict(error.headers))

    def upload(self, data: bytes, *, name: str, content_type: str) -> Answer:
        """POST a sound file."""
        boundary = "a-boundary-of-the-tests"
        head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        return self.request(
            "POST",
            "/v2/campaigns/sounds/files",
            body,
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )

    def speak(self, text: str) -> int:
        """Make a sound from text; return its id."""
        answer = self.request("POST", "/v2/campaigns/sounds/tts", {"message": text})
        assert answer.status == 200, answer.body
        return int(answer.json["id"])

    def call(self, *numbers: str, sound: int) -> list[int]:
        """Have the numbers called; return the ids of the calls."""
        answer = self.request(
            "POST",
            f"/v2/calls?defaultLiveMessageSoundId={sound}",
            [{"phoneNumber": number} for number in numbers],
        )
        assert answer.status == 200, answer.body
        return [int(item["id"]) for item in answer.json["items"]]

    def get_call(self, call_id: int) -> Any:
        """Read a call."""
        answer = self.request("GET", f"/v2/calls/{call_id}")
        assert answer.status == 200, answer.body
        return answer.json

    def wait_until_finished(self, call_id: int, *, within: float = 60) -> Any:
        """Return the call once it has ended."""
        eventually(lambda: self.get_call(call_id)["state"] == "FINISHED", within=within)
        return self.get_call(call_id)


def eventually(condition: Callable[[], bool], *, within: float = 20.0) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {within} s")
        time.sleep(0.1)


def phone_calls(directory: Path) -> list[dict[str, Any]]:
    """What the simulated phones wrote down."""
    journal = directory / "calls.jsonl"
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text().splitlines()]


def make_account(
    directory: Path, *, name: str = "school", database_url: str | None = None
) -> tuple[str, str]:
    """Make an account with a number while the server runs; return login and password.

    Its campaigns call at any hour: what they do is asked of them at night, too.
    """
    data = ["--data-dir", str(directory)]
    if database_url is not None:
        data += ["--database-url", database_url]
    added = run("account", "add", name, "--json", *data, cwd=directory)
    assert added.returncode == 0, added.stderr
    members = json.loads(added.stdout)
    number = run("number", "add", "+12135550199", "--account", name, *data, cwd=directory)
    assert number.returncode == 0, number.stderr
    with ThreadPoolExecutor(1) as thread:  # for whoever runs a loop
        thread.submit(asyncio.run, _at_any_hour(name, directory, database_url)).result()
    return members["login"], members["password"]


async def _at_any_hour(name: str, directory: Path, database_url: str | None) -> None:
    url = database_url
    store = SqlStore.for_directory(directory) if url is None else SqlStore(url)
    try:
        await KeepLegalHours(store=store)(name, LegalHours.OFF)
    finally:
        await store.close()
