"""Runs SIPp scenarios as far ends: a free port, a wait until it listens, counters at the end."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

SCENARIOS = Path(__file__).parent / "scenarios"
SIPP = shutil.which("sipp") or "/usr/bin/sipp"


@dataclass(frozen=True)
class Counters:
    """What SIPp has counted over its whole run."""

    created: int
    successful: int
    failed: int
    retransmissions: int
    """Messages SIPp itself has sent again."""

    @property
    def unfinished(self) -> int:
        """Calls that have neither succeeded nor failed."""
        return self.created - self.successful - self.failed


class SippFailed(Exception):
    """SIPp did not start, or did not do what it was told."""


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free for UDP and TCP just now."""
    for _ in range(50):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind((host, 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind((host, port))
            except OSError:
                continue
            return port
    raise SippFailed("no free port found")


class Sipp:
    """One SIPp process with one scenario; use as a context manager.

    `scenario` is a file in `tests/sipp/scenarios`, or any path. A UAS ends by itself after
    `calls` calls; `stop` ends it before that. Files go to `directory`.
    """

    def __init__(
        self,
        scenario: str | Path,
        *,
        directory: Path,
        calls: int,
        host: str = "127.0.0.1",
        port: int | None = None,
        transport: str = "udp",
        remote: tuple[str, int] | None = None,
        rate: float | None = None,
        lost_percent: float | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.host = host
        self.port = free_port(host) if port is None else port
        self._transport = transport
        self._directory = directory
        path = Path(scenario)
        path = path if path.is_absolute() else SCENARIOS / path
        self._statistics = directory / f"{path.stem}-{self.port}-statistics.csv"
        self._errors = directory / f"{path.stem}-{self.port}-errors.log"
        command = [SIPP, "-sf", str(path), "-i", host, "-p", str(self.port), "-m", str(calls)]
        command += ["-t", {"udp": "u1", "tcp": "t1"}[transport]]
        command += ["-nostdin", "-trace_stat", "-stf", str(self._statistics), "-fd", "1"]
        command += ["-trace_err", "-error_file", str(self._errors)]
        if remote is not None:
            command += [f"{remote[0]}:{remote[1]}"]
        if rate is not None:
            command += ["-r", str(rate)]
        if lost_percent is not None:
            command += ["-lost", str(lost_percent)]
        self._command = [*command, *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sipp:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, *, timeout: float = 10.0) -> None:
        """Start and wait until it listens; raises SippFailed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / f"sipp-{self.port}.out").open("wb") as output:
            self._process = subprocess.Popen(
                self._command, cwd=self._directory, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + timeout
        while not self._is_listening():
            if self._process.poll() is not None:
                raise SippFailed(f"sipp ended with {self._process.returncode}: {self.errors()}")
            if time.monotonic() > deadline:
                self.stop()
                raise SippFailed("sipp does not listen")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 0 if every call went as the scenario says."""
        return None if self._process is None else self._process.poll()

    def wait(self, *, timeout: float) -> int:
        """Wait until it has ended by itself and return the exit code; raises SippFailed."""
        assert self._process is not None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired as exc:
            self.stop()
            raise SippFailed(f"sipp still runs after {timeout:g} s: {self.counters()}") from exc

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self._process is None or self._process.poll() is not None:
            return
        # The first USR1 lets calls finish, TERM ends SIPp after it has written its statistics.
        for how, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
            os.kill(self._process.pid, how)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            return

    def counters(self) -> Counters:
        """Return what the last line of the statistics says."""
        with self._statistics.open(newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        if not rows:
            raise SippFailed("sipp has written no statistics")
        row = rows[-1]
        return Counters(
            created=int(row["TotalCallCreated"]),
            successful=int(row["SuccessfulCall(C)"]),
            failed=int(row["FailedCall(C)"]),
            retransmissions=int(row["Retransmissions(C)"]),
        )

    def errors(self) -> str:
        """Return the beginning of what SIPp complains about, empty if nothing."""
        paths = (self._errors, self._directory / f"sipp-{self.port}.out")
        return "\n".join(path.read_text(errors="replace")[:4000] for path in paths if path.exists())

    def _is_listening(self) -> bool:
        """Look the port up in the kernel's table: sending something would be a call to SIPp."""
        wanted = f":{self.port:04X}"
        state = {"udp": "07", "tcp": "0A"}[self._transport]
        lines = Path(f"/proc/net/{self._transport}").read_text().splitlines()[1:]
        return any(
            fields[1].endswith(wanted) and fields[3] == state for fields in map(str.split, lines)
        )
