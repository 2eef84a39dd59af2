"""A stranger who floods us with INVITEs: no answer, and calls go on and come as before."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path

from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import LegAnswered, PlaybackFinished, PlaybackResult
from tests.contract.embedded_rig import EmbeddedRig
from tests.contract.rig import call, happens
from tests.unit.protocols.sip_bench import OFFER, request

STRANGER = "127.0.0.66"
RATE = 2000  # INVITEs a second
SECONDS = 1.5
CALLS = 5


class Flood(threading.Thread):
    """Sends INVITEs at an even pace, and counts what comes back."""

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__()
        self._target = target
        self.sent = 0
        self.answers: list[bytes] = []

    def run(self) -> None:
        invite = request("INVITE", body=OFFER).serialize()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((STRANGER, 0))
            began = time.monotonic()
            while (passed := time.monotonic() - began) < SECONDS:
                while self.sent < passed * RATE:
                    self.sent += 1
                    text = invite.replace(b": call", b": call%d" % self.sent)
                    sender.sendto(text.replace(b"bKone", b"bK%d" % self.sent), self._target)
                time.sleep(0.005)
            sender.settimeout(0.2)
            try:
                while True:
                    self.answers.append(sender.recv(2048))
            except TimeoutError:
                pass


async def test_a_flood_of_invites_from_a_stranger_costs_calls_nothing(tmp_path: Path) -> None:
    rig = EmbeddedRig(tmp_path)
    await rig.start()
    try:
        phones = [rig.phone(FarEnd()) for _ in range(CALLS)]
        legs = [await call(rig, phone) for phone in phones]
        for leg in legs:
            await happens(rig, leg, LegAnswered)
        sound = rig.sound(SECONDS + 0.5)
        flood = Flood(rig.embedded.sip_address)
        flood.start()
        for leg in legs:
            await rig.engine.play(leg, 1, [sound], 1)
        await asyncio.sleep(SECONDS / 2)
        late = await call(rig, rig.phone(FarEnd()))  # in the midst of it
        await happens(rig, late, LegAnswered)
        for leg in legs:
            finished = await happens(rig, leg, PlaybackFinished)
            assert finished.result is PlaybackResult.COMPLETED
        await asyncio.to_thread(flood.join)
        # Every call has heard every packet of its sound, in order.
        assert [rig.heard(phone, [sound]) for phone in phones] == [True] * CALLS
        assert rig.offers == []
    finally:
        await rig.close()
    assert flood.sent >= RATE
    assert flood.answers == []
