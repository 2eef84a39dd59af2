"""From the API request to the INVITE on the wire, and from the answer to the first audio.

    python -m bench.latency --calls 300 --rate 20

`ringcast serve` runs as a process with its defaults; calls are posted one by one. All times are of
one clock: just before the request is written, the kernel's when the INVITE reached the far end,
just before the far end sends its 200, the kernel's when the first packet that holds sound arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.server import server, upload_noise
from bench.table import Row, show
from bench.timed_phone import TimedCall, TimedPhone
from tests.system.programs import Api

SOUND_SECONDS = 0.5
HOLD_INVITE_MS = 50.0
HOLD_AUDIO_MS = 40.0
_WARM_UP = 5
_LAST_CALLS = 3.0  # seconds for the last calls to be played to and ended


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Milliseconds, one for each call, in no order; `answer_ms` is of the HTTP answers."""

    asked: int
    invited: int
    invite_ms: Sequence[float]
    answer_ms: Sequence[float]
    ack_ms: Sequence[float]
    packet_ms: Sequence[float]
    sound_ms: Sequence[float]
    extra_invites: int


def measured(*, calls: int, rate: float) -> Figures:
    """Run the server and place the calls."""
    with tempfile.TemporaryDirectory() as name, TimedPhone() as phone:
        with server(Path(name), sip_port=phone.port, calls=calls) as (_, api):
            sound = upload_noise(api, seconds=SOUND_SECONDS)
            asked_at, answer_ms = asyncio.run(_post(api, sound, calls=calls, rate=rate))
            time.sleep(_LAST_CALLS)
        return _figures(asked_at, answer_ms, phone.calls())


async def _post(
    api: Api, sound: int, *, calls: int, rate: float
) -> tuple[dict[str, float], list[float]]:
    """Post the calls at even intervals; return when each number was asked for, and HTTP times."""
    credential = b64encode(f"{api.login}:{api.password}".encode()).decode()
    headers = {"Authorization": f"Basic {credential}", "Content-Type": "application/json"}
    asked_at: dict[str, float] = {}
    answer_ms: list[float] = []
    async with aiohttp.ClientSession(headers=headers) as session:

        async def post(number: str) -> None:
            body = json.dumps([{"phoneNumber": number, "liveMessageSoundId": sound}])
            asked_at[number] = begin = time.time()
            async with session.post(f"{api.base}/v2/calls", data=body) as response:
                if response.status != 200:
                    raise RuntimeError(f"{response.status}: {await response.text()}")
                await response.read()
            answer_ms.append(1000 * (time.time() - begin))

        first = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for place in range(calls + _WARM_UP):
                await asyncio.sleep(max(0.0, first + place / rate - time.monotonic()))
                group.create_task(post(f"+1213{5550000 + place}"))
    return asked_at, answer_ms[_WARM_UP:]


def _figures(asked_at: dict[str, float], answer_ms: list[float], calls: list[TimedCall]) -> Figures:
    used = list(asked_at)[_WARM_UP:]
    known = {call.number: call for call in calls}
    invited = [known[number] for number in used if number in known]
    heard = [call for call in invited if call.first_sound_at]
    return Figures(
        asked=len(used),
        invited=len(invited),
        invite_ms=[1000 * (call.invited_at - asked_at[call.number]) for call in invited],
        answer_ms=answer_ms,
        ack_ms=[1000 * (c.acknowledged_at - c.answered_at) for c in invited if c.acknowledged_at],
        packet_ms=[
            1000 * (c.first_packet_at - c.answered_at) for c in invited if c.first_packet_at
        ],
        sound_ms=[1000 * (call.first_sound_at - call.answered_at) for call in heard],
        extra_invites=sum(call.invites - 1 for call in calls),
    )


def rows(*, calls: int, rate: float) -> Iterator[Row]:
    """Measure and yield the rows of the table."""
    f = measured(calls=calls, rate=rate)
    all_there = f.invited == len(f.sound_ms) == f.asked and f.extra_invites == 0
    invite, sound = quantile(f.invite_ms, 0.95), quantile(f.sound_ms, 0.95)
    yield Row(
        "API request to INVITE on the wire, p95",
        f"{invite:.1f} ms (p50 {quantile(f.invite_ms, 0.5):.1f}, max {max(f.invite_ms):.1f};"
        f" HTTP answer p95 {quantile(f.answer_ms, 0.95):.1f}; {f.invited} of {f.asked} calls)",
        f"≤ {HOLD_INVITE_MS:.0f} ms",
        all_there and invite <= HOLD_INVITE_MS,
    )
    yield Row(
        "answer to first audio packet, p95",
        f"{sound:.1f} ms (p50 {quantile(f.sound_ms, 0.5):.1f}, max {max(f.sound_ms):.1f};"
        f" ACK p95 {quantile(f.ack_ms, 0.95):.1f},"
        f" first packet of any kind p95 {quantile(f.packet_ms, 0.95):.1f})",
        f"≤ {HOLD_AUDIO_MS:.0f} ms",
        all_there and sound <= HOLD_AUDIO_MS,
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second")
    show(rows(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
