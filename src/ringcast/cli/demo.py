"""`ringcast demo`: real SIP calls to simulated telephones, and proof of what each heard."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import numpy as np
import typer
from numpy.typing import NDArray
from rich.live import Live
from rich.table import Table

from ringcast.audio import compare, wav
from ringcast.cli.output import CONSOLE
from ringcast.domain.errors import RingcastError

app = typer.Typer(add_completion=False)

_RING_TIMEOUT: Final = 20  # seconds: the two phones that never answer would else take a minute
_READY_WITHIN: Final = 30.0  # seconds
_CALLS_WITHIN: Final = 90.0  # seconds
_CORRELATION: Final = 0.95
_SPEED: Final = 0.002  # of the right speed
_TEXT: Final = (
    "Hello. This is Ringcast, calling you over a real S I P call. "
    "If you hear this sentence without a gap, everything works. Goodbye."
)


class DemoFailed(RingcastError):
    """The demonstration could not run to its end."""


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a telephone of the number plan must come to (DESIGN 6)."""

    ending: str
    kind: str
    results: frozenset[str]
    hears: str
    """`all` of the sound, its `start` (the phone hangs up), `both_ends` (it holds the call in
    between), or `nothing`."""


def _row(ending: str, kind: str, result: str, hears: str = "all") -> _Expected:
    return _Expected(ending, kind, frozenset(result.split()), hears)


_PLAN: Final = (
    _row("00", "person", "LA"),
    _row("01", "rings 6 s", "LA"),
    _row("02", "long greeting", "LA"),
    _row("03", "says nothing", "LA"),
    _row("04", "hangs up after 3 s", "LA", "start"),
    _row("10", "machine, 6 s", "LA"),
    _row("11", "machine, 15 s", "LA"),
    _row("12", "machine, 2 s", "LA"),
    _row("13", "machine without beep", "LA"),
    _row("14", "call screening", "LA"),
    _row("15", "fax", "LA"),
    _row("16", "full mailbox", "LA", "start"),
    _row("20", "busy", "BUSY", "nothing"),
    _row("21", "never answers", "NO_ANS", "nothing"),
    _row("22", "declines", "NO_ANS", "nothing"),
    _row("23", "no such number", "CARRIER_ERROR", "nothing"),
    _row("24", "carrier failure", "CARRIER_TEMP_ERROR", "nothing"),
    _row("25", "unavailable", "NO_ANS", "nothing"),
    _row("26", "no SIP answer at all", "CARRIER_TEMP_ERROR", "nothing"),
    _row("27", "early media", "LA"),
    _row("28", "presses *", "LA"),
    _row("29", "presses #", "LA"),
    _row("31", "presses 1", "LA"),
    _row("35", "presses 5", "LA"),
    _row("39", "presses 9", "LA"),
    _row("50", "holds and resumes", "LA", "both_ends"),
    _row("51", "presses 1 (SIP INFO)", "LA"),
    _row("52", "presses 1 (in-band)", "LA"),
    _row("60", "loses packets", "LA"),
    _row("00", "person once more", "LA"),
)


@dataclass(slots=True)
class _Row:
    expected: _Expected
    number: str
    call_id: int
    state: str = "READY"
    record: Mapping[str, Any] | None = None
    heard: str = ""
    correlation: str = ""
    right: bool | None = None


@app.command()
def demo() -> None:
    """Place 30 real SIP calls to simulated telephones and check what each one heard.

    Everything runs on this machine, in a temporary directory, and is removed afterwards. The exit
    status is 0 only if every call came out as its telephone's plan says and every telephone that
    answered heard the sound that was uploaded.
    """
    raise SystemExit(asyncio.run(_demo()))


async def _demo() -> int:
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ringcast-demo-")))
        heard = directory / "heard"
        CONSOLE.print("Starting a simulated carrier with telephones, and the server …")
        phones = await stack.enter_async_context(
            _program("phones", "--sip", "127.0.0.1:0", "--record-dir", str(heard), cwd=directory)
        )
        server = await stack.enter_async_context(
            _program(
                "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
                "--trunk", f"sip:{phones['sip']}", "--ring-timeout", str(_RING_TIMEOUT),
                "--data-dir", str(directory / "data"), cwd=directory,
            )
        )  # fmt: skip
        login, password = await _account(directory)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                f"http://{server['http']}",
                headers={"Authorization": aiohttp.encode_basic_auth(login, password)},
                timeout=aiohttp.ClientTimeout(total=30),
            )
        )
        sound_id, sound = await _upload(session, directory)
        CONSOLE.print(
            f"Uploaded a sound of {len(sound) / 8000:.1f} s over the CallFire v2 API;"
            f" calling {len(_PLAN)} telephones …"
        )
        rows = await _place_calls(session, sound_id)
        await _watch(session, rows)
        lines = await _phones_log(heard / "calls.jsonl", len(rows))
        for row in rows:
            _judge(row, lines, heard, sound)
    CONSOLE.print(_table(rows, verdict=True))
    wrong = [row for row in rows if not row.right]
    seconds = time.monotonic() - began
    if wrong:
        CONSOLE.print(f"[bold red]{len(wrong)} of {len(rows)} calls came out wrong[/]")
        return 1
    CONSOLE.print(
        f"[bold green]All {len(rows)} calls came out as planned, and every telephone that"
        f" answered heard the sound[/] ({seconds:.0f} s)"
    )
    return 0


@asynccontextmanager
async def _program(*arguments: str, cwd: Path) -> AsyncIterator[Mapping[str, str]]:
    """Run `ringcast …` until the end of the block; yield what its ready line says."""
    log = cwd / f"{arguments[0]}.log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RINGCAST_")}
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ringcast", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=errors, cwd=cwd, env=environment,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_READY_WITHIN):
                line = (await process.stdout.readline()).decode()
        except TimeoutError:
            line = ""
        if not line.startswith("ready "):
            raise DemoFailed(f"`ringcast {arguments[0]}` did not start:\n{log.read_text()}")
        yield dict(word.split("=", 1) for word in line.split()[1:])
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        process.send_signal(number)
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            continue


async def _account(directory: Path) -> tuple[str, str]:
    data = ("--data-dir", str(directory / "data"))
    made = await _run("account", "add", "demo", "--json", *data)
    members = msgspec.json.decode(made)
    await _run("number", "add", "+12135550199", "--account", "demo", *data)
    return members["login"], members["password"]


async def _run(*arguments: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ringcast", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise DemoFailed(f"`ringcast {' '.join(arguments[:2])}` failed: {errors.decode()}")
    return output


async def _upload(session: aiohttp.ClientSession, directory: Path) -> tuple[int, NDArray[np.int16]]:
    """Upload a sound; return its id and, as linear samples at 8 kHz, what should be heard."""
    spoken = await _request(session, "POST", "/v2/campaigns/sounds/tts", json={"message": _TEXT})
    original = await _download(session, f"/v2/campaigns/sounds/{spoken['id']}.wav")
    (directory / "message.wav").write_bytes(original)
    form = aiohttp.FormData()
    form.add_field("name", "Demonstration")
    form.add_field("file", original, filename="message.wav", content_type="audio/x-wav")
    uploaded = await _request(session, "POST", "/v2/campaigns/sounds/files", data=form)
    _, _, samples = wav.read(original)
    return uploaded["id"], samples.reshape(-1)


async def _place_calls(session: aiohttp.ClientSession, sound_id: int) -> list[_Row]:
    rows: list[_Row] = []
    for start in range(0, len(_PLAN), 10):
        part = _PLAN[start : start + 10]
        numbers = [f"1213555{start // 10:02d}{expected.ending}" for expected in part]
        answer = await _request(
            session,
            "POST",
            "/v2/calls",
            params={"defaultLiveMessageSoundId": str(sound_id)},
            json=[{"phoneNumber": number} for number in numbers],
        )
        rows += [
            _Row(expected, number, item["id"])
            for expected, number, item in zip(part, numbers, answer["items"], strict=True)
        ]
    return rows


async def _watch(session: aiohttp.ClientSession, rows: Sequence[_Row]) -> None:
    """Show the calls as the API tells them until all have ended."""
    deadline = time.monotonic() + _CALLS_WITHIN
    by_id = {row.call_id: row for row in rows}
    with Live(_table(rows), console=CONSOLE, refresh_per_second=4, transient=True) as live:
        while any(row.state != "FINISHED" for row in rows):
            if time.monotonic() > deadline:
                return  # what has not ended is judged wrong
            await asyncio.sleep(0.5)
            page = await _request(
                session, "GET", "/v2/calls", params=[("id", str(number)) for number in by_id]
            )
            for item in page["items"]:
                row = by_id[item["id"]]
                row.state = item["state"]
                row.record = item["records"][-1] if item.get("records") else None
            live.update(_table(rows))


async def _phones_log(path: Path, expected: int) -> Mapping[str, Mapping[str, Any]]:
    """Return the phones' own account of each call, by number called."""
    for _ in range(100):  # a phone writes its line when it has closed its recording
        lines = await asyncio.to_thread(_lines, path)
        if len(lines) >= expected:
            break
        await asyncio.sleep(0.1)
    found: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        entry = json.loads(line)
        found[entry["called"].lstrip("+")] = entry
    return found


def _lines(path: Path) -> Sequence[str]:
    return path.read_text().splitlines() if path.exists() else ()


def _judge(
    row: _Row, lines: Mapping[str, Mapping[str, Any]], heard: Path, sound: NDArray[np.int16]
) -> None:
    result = row.record["result"] if row.record is not None else None
    right = row.state == "FINISHED" and result in row.expected.results
    line = lines.get(row.number)
    if line is None:
        row.heard, row.right = "the phone saw no call", False
        return
    if row.expected.hears == "nothing":
        row.heard, row.right = "-", right
        return
    if line["recording"] is None:
        row.heard, row.right = "no recording", False
        return
    _, _, samples = wav.read((heard / line["recording"]).read_bytes())
    recording = samples.reshape(-1)
    parts = [sound]
    if row.expected.hears == "start":
        parts = [sound[: max(8000, len(recording) - 4000)]]
    elif row.expected.hears == "both_ends":
        parts = [sound[:12000], sound[-12000:]]
    matches = [compare.find(part, recording) for part in parts]
    correlation = min(match.correlation for match in matches)
    row.heard = f"{sum(map(len, parts)) / 8000:.1f} s"
    row.correlation = f"{correlation:.3f}"
    row.right = (
        right
        and correlation >= _CORRELATION
        and not any(match.gaps for match in matches)
        and all(abs(match.speed_ratio - 1) < _SPEED for match in matches)
    )


def _table(rows: Sequence[_Row], *, verdict: bool = False) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("number", "telephone", "result"):
        table.add_column(name, no_wrap=True)
    for name in ("rang", "talked", "heard", "match")[: 4 if verdict else 2]:
        table.add_column(name, justify="right", no_wrap=True)
    if verdict:
        table.add_column("")
    for row in rows:
        record = row.record or {}
        cells = [
            f"+{row.number}",
            row.expected.kind,
            record["result"] if row.state == "FINISHED" and record else f"[dim]{row.state}[/]",
            _seconds(record, "originateTime", "answerTime"),
            _seconds(record, "answerTime", "finishTime"),
        ]
        if verdict:
            mark = "[green]✓[/]" if row.right else "[bold red]✗[/]"
            cells += [row.heard, row.correlation, mark]
        table.add_row(*cells)
    return table


def _seconds(record: Mapping[str, Any], start: str, end: str) -> str:
    if record.get(start) is None or record.get(end) is None:
        return ""
    return f"{(record[end] - record[start]) / 1000:.1f} s"


async def _request(session: aiohttp.ClientSession, method: str, path: str, **arguments: Any) -> Any:
    async with session.request(method, path, **arguments) as response:
        body = await response.read()
        if response.status >= 400:
            raise DemoFailed(f"{method} {path} answered {response.status}: {body.decode()}")
        return msgspec.json.decode(body)


async def _download(session: aiohttp.ClientSession, path: str) -> bytes:
    async with session.get(path) as response:
        response.raise_for_status()
        return await response.read()
