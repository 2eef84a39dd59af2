"""Starting, stopping and breaking of the carrier."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringcast.audio import wav
from ringcast.integrations.clock import SystemClock
from ringcast.phones.carrier import JOURNAL, Carrier, PhonesOptions, run_phones
from ringcast.phones.errors import CannotStart
from ringcast.phones.plan import parse_plan
from tests.phones.caller import Caller, Seen, Wish, spans
from tests.phones.humming import Humming

PLAN = """
[[phone]]
ends_in = "1"
steps = ["answer", "listen"]

[[phone]]
ends_in = "2"
steps = ["ring"]

[[phone]]
ends_in = "3"
steps = ["answer", "message 0.5", "press 6", "listen"]
"""


def options(*, rtp_ports: range, **more: Any) -> PhonesOptions:
    return PhonesOptions(
        sip=("127.0.0.1", 0),
        rtp_ports=rtp_ports,
        plan=parse_plan(PLAN, source="test"),
        **more,
    )


@asynccontextmanager
async def carrier_and_caller(
    folder: Path, chosen: PhonesOptions
) -> AsyncIterator[tuple[Carrier, Caller]]:
    carrier = Carrier(chosen, synthesizer=Humming(), clock=SystemClock())
    async with carrier, Caller(folder, rtp_ports=range(33800, 33850)) as caller:
        yield carrier, caller


def lines(folder: Path) -> dict[str, dict[str, Any]]:
    texts = (folder / JOURNAL).read_text("utf-8").splitlines()
    return {line["called"]: line for line in map(json.loads, texts)}


async def test_calls_are_ended_and_written_down_when_the_carrier_stops(tmp_path: Path) -> None:
    record_dir = tmp_path / "record"
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    running = asyncio.create_task(
        run_phones(
            options(rtp_ports=range(33700, 33750), record_dir=record_dir),
            synthesizer=Humming(),
            clock=SystemClock(),
            ready=ready.set_result,
            stop=stop,
        )
    )
    async with Caller(tmp_path, rtp_ports=range(33800, 33850)) as caller:
        address = await ready
        calls = [
            asyncio.create_task(caller.call(Wish(number=number, hang_up_after=30), to=address))
            for number in ("101", "111", "102")
        ]
        await asyncio.sleep(1.5)
        began = time.monotonic()
        stop.set()
        await running
        took = time.monotonic() - began
        answered, another, ringing = [await call for call in calls]

    assert took < 2.0
    assert answered.hung_up_by_phone
    assert another.hung_up_by_phone
    assert ringing.statuses == [180, 503]
    written = lines(record_dir)
    assert [written[number]["ended_by"] for number in ("101", "111", "102")] == ["carrier"] * 3
    assert [written[number]["status"] for number in ("101", "111", "102")] == [200, 200, 503]
    for number in ("101", "111"):
        heard = wav.read((record_dir / written[number]["recording"]).read_bytes())
        assert heard.seconds == pytest.approx(written[number]["recorded_seconds"], abs=0.01)
        assert heard.seconds > 1.0


async def test_calls_end_with_a_reason_when_a_media_worker_dies(tmp_path: Path) -> None:
    record_dir = tmp_path / "record"
    chosen = options(rtp_ports=range(33700, 33750), record_dir=record_dir)
    async with carrier_and_caller(tmp_path, chosen) as (carrier, caller):
        victim = asyncio.create_task(
            caller.call(Wish(number="101", hang_up_after=30), to=carrier.address)
        )
        await asyncio.sleep(1.0)
        for pid in carrier.media_pids:
            os.kill(pid, signal.SIGKILL)
        seen = await victim
        again = await call_until_answered(caller, carrier.address)

    assert seen.hung_up_by_phone
    assert again.answered_at is not None
    line = lines(record_dir)["101"]
    assert (line["outcome"], line["ended_by"]) == ("failed", "carrier")
    assert line["reason"] == "the media worker died"


async def call_until_answered(caller: Caller, address: str) -> Seen:
    """Call until there are media again; the phones refuse with 503 meanwhile."""
    for _ in range(50):
        seen = await caller.call(Wish(number="111", hang_up_after=0.3), to=address)
        if seen.answered_at is not None:
            break
        assert seen.statuses == [503]
        await asyncio.sleep(0.1)
    return seen


async def test_without_a_folder_nothing_is_kept_and_messages_are_heard(tmp_path: Path) -> None:
    texts: list[str] = []
    chosen = options(rtp_ports=range(33700, 33750), on_line=texts.append)
    async with carrier_and_caller(tmp_path, chosen) as (carrier, caller):
        seen = await caller.call(Wish(number="103", hang_up_after=3.5), to=carrier.address)
        await asyncio.sleep(0.2)
        kept = list(carrier.folder.glob("*.wav"))

    assert seen.digits == "6"
    assert kept == []
    assert not carrier.folder.exists()
    (line,) = map(json.loads, texts)
    assert line["recording"] is None
    assert line["digits_pressed"] == "6"


async def test_a_call_without_a_port_for_its_media_is_refused(tmp_path: Path) -> None:
    record_dir = tmp_path / "record"
    chosen = options(rtp_ports=range(33700, 33702), record_dir=record_dir)
    async with carrier_and_caller(tmp_path, chosen) as (carrier, caller):
        first = asyncio.create_task(
            caller.call(Wish(number="101", hang_up_after=1.5), to=carrier.address)
        )
        await asyncio.sleep(0.7)
        second = await caller.call(Wish(number="111"), to=carrier.address)
        await first

    assert second.statuses == [503]
    assert "33700" in lines(record_dir)["111"]["reason"]


async def test_sounds_kept_from_an_earlier_run_are_not_made_again(tmp_path: Path) -> None:
    plan = parse_plan('[[phone]]\nends_in = ""\nsteps = ["answer", "say Hi", "listen"]', source="")
    chosen = PhonesOptions(
        sip=("127.0.0.1", 0), rtp_ports=range(33700, 33750), plan=plan, sounds_dir=tmp_path
    )
    times = []
    for _ in range(2):
        async with Carrier(chosen, synthesizer=Humming(), clock=SystemClock()):
            times.append(written_at(tmp_path))

    assert times[0] == times[1]


def written_at(folder: Path) -> int:
    (file,) = folder.glob("*.ulaw")
    return file.stat().st_mtime_ns


async def test_a_port_in_use_is_a_plain_error(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        chosen = replace(options(rtp_ports=range(33700, 33750)), sip=("127.0.0.1", port))
        carrier = Carrier(chosen, synthesizer=Humming(), clock=SystemClock())
        with pytest.raises(CannotStart) as caught:
            await carrier.start()

    assert str(port) in str(caught.value)
    assert str(caught.value).endswith("give another --sip")


async def test_a_voice_that_nobody_has_is_a_plain_error() -> None:
    text = '[[phone]]\nends_in = ""\nsteps = ["answer", "say Hi voice nobody", "listen"]'
    carrier = Carrier(
        PhonesOptions(sip=("127.0.0.1", 0), plan=parse_plan(text, source="test")),
        synthesizer=Humming(),
        clock=SystemClock(),
    )

    with pytest.raises(CannotStart, match="'Hi': there is no voice 'nobody'"):
        await carrier.start()


@pytest.mark.parametrize(
    ("host", "rtp_ports", "problem"),
    [("::1", range(33700, 33750), "IPv4"), ("127.0.0.1", range(33701, 33702), "no even port")],
)
def test_options_that_no_carrier_can_have_are_a_plain_error(
    host: str, rtp_ports: range, problem: str
) -> None:
    chosen = replace(options(rtp_ports=rtp_ports), sip=(host, 0))

    with pytest.raises(CannotStart, match=problem):
        Carrier(chosen, synthesizer=Humming(), clock=SystemClock())


async def test_a_carrier_on_all_addresses_names_the_one_nearest_to_the_caller(
    tmp_path: Path,
) -> None:
    text = (
        '[[phone]]\nends_in = "1"\nsteps = ["answer", "beep", "listen"]\n'
        '[[phone]]\nends_in = "2"\nsteps = ["impair 0% 5ms", "answer", "beep", "listen"]\n'
    )
    chosen = PhonesOptions(
        sip=("0.0.0.0", 0),
        rtp_ports=range(33700, 33750),
        plan=parse_plan(text, source="test"),
        record_dir=tmp_path,
    )
    async with carrier_and_caller(tmp_path, chosen) as (carrier, caller):
        to = carrier.address.replace("0.0.0.0", "127.0.0.1")
        both = await asyncio.gather(
            *(caller.call(Wish(number=n, hang_up_after=1.5), to=to) for n in ("101", "102"))
        )
        await asyncio.sleep(0.2)

    for seen in both:
        (beep,) = spans(seen.heard)
        assert beep[1] - beep[0] == pytest.approx(0.4, abs=0.1)
    assert all(line["rtp"]["received"] > 50 for line in lines(tmp_path).values())
