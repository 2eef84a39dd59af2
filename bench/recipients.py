"""How long it takes to give a campaign a million recipients, and how much memory.

    python -m bench.recipients --recipients 1000000 --database sqlite

`ringcast serve` runs as a process with its defaults. A campaign is made by
`POST /v2/calls/broadcasts` and filled by `POST /v2/calls/broadcasts/{id}/batches`, 50,000
recipients to a batch, one request after the other, then with a few more by `…/recipients`, which
answers with every call. Each answer is sent after its commit has reached the disk. Memory is the
most that the server and all its processes had at one time (PSS). That all have come is asked of the
statistics in the end.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.databases import DATABASES, add_databases, database
from bench.server import server, upload_noise
from bench.table import Row, show
from tests.system.programs import Api

HOLD_SECONDS = 60.0
HOLD_MB = 512.0
_MILLION = 1_000_000
_BATCH = 50_000
_LOOK = 0.2  # seconds between looks at the memory
_NO_TRUNK = 5099  # the campaign is not started: nobody is called


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Times in seconds."""

    recipients: int
    counted: int
    """By the statistics of the campaign."""
    batches: Sequence[float]
    """How long each request took."""
    cpu: float
    """Of all our processes; that of the database's server is not in it."""
    singly: int
    singly_took: float
    most_mb: float


def measured(kind: str, *, recipients: int, singly: int) -> Figures:
    """Fill a campaign."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(database(kind, Path(name)))
        running = server(Path(name), sip_port=_NO_TRUNK, calls=10, database_url=url)
        program, api = stack.enter_context(running)
        sound = upload_noise(api, seconds=1)
        campaign = _made(api, sound)
        pids = machine.process_tree(program.process.pid)
        cpu = machine.cpu_seconds(pids)
        with _Watch(pids) as watch:
            took = [
                _post(api, f"/v2/calls/broadcasts/{campaign}/batches", body)
                for body in _batches(recipients)
            ]
            cpu = machine.cpu_seconds(pids) - cpu
            path = f"/v2/calls/broadcasts/{campaign}/recipients"
            singly_took = _post(api, path, _people(recipients, singly)) if singly else 0.0
        stats = api.request("GET", f"/v2/calls/broadcasts/{campaign}/stats").json
        return Figures(
            recipients=recipients,
            counted=stats["totalCount"] - singly,
            batches=took,
            cpu=cpu,
            singly=singly,
            singly_took=singly_took,
            most_mb=watch.most / 1024**2,
        )


def _made(api: Api, sound: int) -> int:
    sounds = {"liveSoundId": sound}
    answer = api.request("POST", "/v2/calls/broadcasts", {"name": "all", "sounds": sounds})
    if answer.status != 201:
        raise RuntimeError(f"no campaign: {answer.status} {answer.body!r}")
    return int(answer.json["id"])


def _batches(recipients: int) -> Iterator[bytes]:
    for first in range(0, recipients, _BATCH):
        people = _people(first, min(_BATCH, recipients - first))
        yield b'{"name":"%d","recipients":%s}' % (first, people)


def _people(first: int, count: int) -> bytes:
    """Return recipients with attributes, their numbers all different and in no order.

    In order they would come to the same page of the index again and again, and cost less.
    """
    return b"[%s]" % b",".join(
        b'{"phoneNumber":"1%d%d","attributes":{"name":"Person %d"}}'
        % (201 + n * 347 % 700, 2_000_000 + n * 4_999_999 % 8_000_000, n)
        for n in range(first, first + count)
    )


def _post(api: Api, path: str, body: bytes) -> float:
    """Send a request; return how long it took."""
    began = time.monotonic()
    answer = api.request("POST", path, body, headers={"Content-Type": "application/json"})
    took = time.monotonic() - began
    if answer.status not in (200, 201):
        raise RuntimeError(f"not added: {answer.status} {answer.body[:300]!r}")
    return took


class _Watch:
    """Notes the most memory that processes have at one time."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most = 0

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.most = max(self.most, machine.memory_bytes(self._pids))
            if self._ends.wait(_LOOK):
                return


def rows(*, recipients: int, singly: int, databases: Sequence[str]) -> Iterator[Row]:
    """Measure and yield the rows of the table."""
    for kind in databases:
        f = measured(kind, recipients=recipients, singly=singly)
        took = sum(f.batches)
        whole = f.recipients == _MILLION
        all_came = f.counted == f.recipients
        yield Row(
            f"{f.recipients:,} recipients added to a campaign, {kind}",
            f"{took:.1f} s, {f.most_mb:.0f} MB (longest request {max(f.batches):.2f} s, our CPU"
            f" {f.cpu:.1f} s; {f.counted:,} counted)",
            f"≤ {HOLD_SECONDS:.0f} s, ≤ {HOLD_MB:.0f} MB" if whole else "",
            (all_came and took <= HOLD_SECONDS and f.most_mb <= HOLD_MB) if whole else None,
        )
        if f.singly:
            yield Row(
                f"beside: {f.singly:,} more by …/recipients, each call in the answer, {kind}",
                f"{f.singly_took:.1f} s",
            )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.recipients",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recipients", type=int, default=_MILLION)
    parser.add_argument("--singly", type=int, default=_BATCH, help="at most 50,000; 0 for none")
    parser.add_argument("--quick", action="store_true", help="100,000 recipients")
    add_databases(parser)
    options = parser.parse_args()
    recipients = min(options.recipients, 100_000) if options.quick else options.recipients
    databases = options.databases or DATABASES
    show(rows(recipients=recipients, singly=options.singly, databases=databases))


if __name__ == "__main__":
    main()
