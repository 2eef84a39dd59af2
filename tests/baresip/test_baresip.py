"""Calls with baresip over UDP, TCP and TLS: both ways, hold and resume, keys, who hangs up."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber, SipAddress
from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.integrations.clock import SystemClock
from ringcast.ports.engine import (
    CallOffered,
    DigitReceived,
    DigitsSent,
    EngineEvent,
    LegAnswered,
    LegEnded,
    Originate,
    PlaybackFinished,
    PlaybackResult,
    RecordingFinished,
    RecordingTracks,
    TakeCall,
    WhoEnded,
)
from ringcast.useragent import Direction, TlsSettings
from tests.baresip.telephone import BARESIP, HOST, TONE, Baresip
from tests.certificates import Authority, Identity

pytestmark = pytest.mark.skipif(
    not Path(BARESIP).exists() and "CI" not in os.environ,  # nothing is skipped there
    reason="needs the baresip program (Debian package baresip-core)",
)

NUMBER = "+12135550100"


class Engine:
    """The engine whose trunk is the telephone; what happens to it can be waited for."""

    def __init__(
        self,
        telephone: Baresip,
        identity: Identity,
        authority: Authority,
        directory: Path,
        rtp_ports: range,
    ) -> None:
        sound = directory / "sound.ulaw"
        sound.write_bytes(b"\x00\x80" * 2000)  # half a second, loud
        self.offers: asyncio.Queue[CallOffered] = asyncio.Queue()
        self.events: list[EngineEvent] = []
        self.wire: list[tuple[Direction, bytes]] = []
        self._changed = asyncio.Event()
        self._numbers = 0
        self.engine = EmbeddedEngine(
            clock=SystemClock(),
            sip=(HOST, 0),
            transports=("udp", "tcp", "tls"),
            rtp_ports=rtp_ports,
            rtp_host=HOST,
            advertise=None,
            media_workers=1,
            trunk=Trunk(host=HOST, port=telephone.port),
            playable=lambda _: sound,
            tls=TlsSettings(
                certificate=identity.certificate,
                key=identity.key,
                authorities=authority.certificate,
                port=0,
            ),
            trace=lambda direction, peer, data: self.wire.append((direction, data)),
        )

    def take(self, event: EngineEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def new_leg(self) -> AttemptId:
        self._numbers += 1
        return AttemptId(self._numbers)

    async def until(self, leg: AttemptId, kind: type[EngineEvent]) -> EngineEvent:
        async with asyncio.timeout(15):
            while True:
                for event in self.events:
                    if event.leg == leg and isinstance(event, kind):
                        return event
                self._changed.clear()
                await self._changed.wait()

    def messages(self, direction: Direction, start: bytes) -> list[bytes]:
        """Return what went over the wire one way and begins so, each once."""
        return list(
            dict.fromkeys(
                data for way, data in self.wire if way is direction and data.startswith(start)
            )
        )

    async def sees(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not happened():  # noqa: ASYNC110 -- what goes over the wire is no event
                await asyncio.sleep(0.01)


async def test_calls_with_a_foreign_telephone_over_udp_tcp_and_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    async with asyncio.TaskGroup() as group:
        for number, transport in enumerate(("udp", "tcp", "tls")):
            directory = tmp_path / transport
            directory.mkdir()
            ports = range(46000 + 100 * number, 46100 + 100 * number)
            group.create_task(_calls(directory, authority, transport, ports))


async def _calls(directory: Path, authority: Authority, transport: str, ports: range) -> None:
    identity = authority.identity(f"IP:{HOST}", f"DNS:{transport}.test")
    async with Baresip(directory / "phone", identity=identity, authority=authority) as phone:
        ours = Engine(phone, identity, authority, directory, ports)
        await ours.engine.start(ours.take, on_offer=ours.offers.put_nowait)
        try:
            await _call_out(ours, phone, transport, directory)
            await _call_in(ours, phone, transport)
        finally:
            await ours.engine.close()


async def _call_out(ours: Engine, phone: Baresip, transport: str, directory: Path) -> None:
    """It is called, is heard and hears, presses keys, holds the call and resumes it, hangs up."""
    leg = ours.new_leg()
    port = phone.tls_port if transport == "tls" else phone.port
    await ours.engine.originate(
        Originate(
            leg=leg,
            to=SipAddress(f"sip:me@{HOST}:{port};transport={transport}"),
            from_number=PhoneNumber("12025550199"),
        )
    )
    await phone.until("CALL_ESTABLISHED")
    await ours.until(leg, LegAnswered)
    recorded = directory / "recorded.wav"
    await ours.engine.start_recording(
        leg,
        1,
        recorded,
        tracks=RecordingTracks.RECEIVED,
        max_length=timedelta(seconds=0.6),
    )
    await ours.engine.play(leg, 1, ["sound"], 1)
    finished = await ours.until(leg, PlaybackFinished)
    assert isinstance(finished, PlaybackFinished)
    assert finished.result is PlaybackResult.COMPLETED
    await ours.until(leg, RecordingFinished)
    assert _loudest(recorded) == pytest.approx(TONE, abs=5)

    await phone.command("sndcode", "5")
    digit = await ours.until(leg, DigitReceived)
    assert isinstance(digit, DigitReceived)
    assert digit.digit == "5"
    await ours.engine.send_digits(leg, "7")
    await ours.until(leg, DigitsSent)
    assert (await phone.until("CALL_DTMF_START"))["param"] == "7"

    await phone.command("hold")
    await ours.sees(lambda: len(ours.messages(Direction.IN, b"INVITE ")) == 1)
    await ours.sees(lambda: len(ours.messages(Direction.IN, b"ACK ")) == 1)
    await phone.command("resume")
    await ours.sees(lambda: len(ours.messages(Direction.IN, b"ACK ")) == 2)
    hold, resume = ours.messages(Direction.IN, b"INVITE ")
    assert b"a=sendonly" in hold
    assert b"a=sendrecv" in resume
    answers = [
        data for data in ours.messages(Direction.OUT, b"SIP/2.0 200 ") if b"INVITE\r\n" in data
    ]
    assert [b"a=recvonly" in data for data in answers] == [True, False]

    await phone.command("hangup")
    ended = await ours.until(leg, LegEnded)
    assert isinstance(ended, LegEnded)
    assert (ended.by, ended.failed) == (WhoEnded.REMOTE, False)
    invite = ours.messages(Direction.OUT, b"INVITE ")[0]
    assert b"SIP/2.0/" + transport.upper().encode() in invite


async def _call_in(ours: Engine, phone: Baresip, transport: str) -> None:
    """It calls a number of ours, hears a sound, and is hung up on."""
    host, port = ours.engine.sip_address
    if transport == "tls":
        port = ours.engine.tls_port or 0
    await phone.command("dial", f"sip:{NUMBER}@{host}:{port};transport={transport}")
    async with asyncio.timeout(10):
        offer = await ours.offers.get()
    assert (offer.to, offer.from_text) == (NUMBER, "me")
    leg = ours.new_leg()
    await ours.engine.take(TakeCall(leg=leg, offer=offer.offer))
    await ours.engine.ring(leg)
    await ours.engine.answer(leg)
    await phone.until("CALL_ESTABLISHED")
    await ours.until(leg, LegAnswered)
    await ours.engine.play(leg, 2, ["sound"], 1)
    await ours.until(leg, PlaybackFinished)

    await ours.engine.hang_up(leg)

    await phone.until("CALL_CLOSED")
    ended = await ours.until(leg, LegEnded)
    assert isinstance(ended, LegEnded)
    assert ended.by is WhoEnded.LOCAL


def _loudest(path: Path) -> float:
    """Return the frequency that a recording holds most of."""
    with wave.open(str(path), "rb") as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(samples) > rate // 4
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))
