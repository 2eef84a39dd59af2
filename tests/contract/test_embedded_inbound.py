"""Calls that come to the embedded engine: SIP's and media's own cases."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId
from ringcast.engines.embedded import Trunk
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import (
    LegAnswered,
    LegEnded,
    PlaybackFinished,
    TakeCall,
    WhoEnded,
)
from tests.contract.embedded_rig import EmbeddedRig
from tests.contract.rig import check_promises, happens, offered, seconds, taken
from tests.contract.sip_phones import HOST

_CALLER = FarEnd()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EmbeddedRig]:
    made = EmbeddedRig(tmp_path)
    await made.start()
    yield made
    await made.close()
    check_promises(made.log)


def _invite(to: tuple[str, int], *, body: bytes = b"") -> bytes:
    head = (
        f"INVITE sip:+12135550100@{to[0]}:{to[1]} SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.0.2:5999;branch=z9hG4bKstranger;rport\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:100@127.0.0.2>;tag=1\r\n"
        f"To: <sip:+12135550100@{to[0]}>\r\nCall-ID: stranger\r\nCSeq: 1 INVITE\r\n"
        "Contact: <sip:100@127.0.0.2:5999>\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "CANCEL"])
async def test_a_stranger_gets_no_answer_at_all(rig: EmbeddedRig, method: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.setblocking(False)
        request = _invite(rig.embedded.sip_address).replace(b"INVITE", method.encode())
        stranger.sendto(request, rig.embedded.sip_address)
        # What comes after it has been dealt with, so what was sent to the stranger is there, too.
        await offered(rig, rig.phone(_CALLER))

        with pytest.raises(BlockingIOError):
            stranger.recv(4096)

    assert len(rig.offers) == 1


async def test_without_anybody_to_tell_calls_are_refused(tmp_path: Path) -> None:
    rig = EmbeddedRig(tmp_path)
    await rig.phones.start()
    rig.embedded = rig.engine = rig.make_engine(Trunk.parse(f"sip:{HOST}:5999"))
    await rig.engine.start(rig.log)
    phone = rig.phone(_CALLER)

    await rig.call_in(phone, "+12135550100")
    await rig.until(lambda: rig.refused_with(phone) == 480)
    await rig.close()


async def test_an_engine_without_a_trunk_lets_nobody_in(tmp_path: Path) -> None:
    rig = EmbeddedRig(tmp_path)
    await rig.phones.start()
    rig.embedded = rig.engine = rig.make_engine(None)
    await rig.engine.start(rig.log, on_offer=rig.offers.append)

    await rig.call_in(rig.phone(_CALLER), "+12135550100")
    await rig.pass_time(0.3)

    assert rig.offers == []
    await rig.close()


async def test_a_trunk_with_a_name_is_known_by_its_addresses(tmp_path: Path) -> None:
    rig = EmbeddedRig(tmp_path)
    await rig.phones.start()
    rig.embedded = rig.engine = rig.make_engine(Trunk.parse("sip:localhost:5999"))
    await rig.engine.start(rig.log, on_offer=rig.offers.append)

    await rig.call_in(rig.phone(_CALLER), "+12135550100")  # repeated until the name is known
    await rig.until(lambda: bool(rig.offers))

    await rig.close()


async def test_an_invite_without_an_offer_gets_ours_and_is_answered_in_the_ack(
    rig: EmbeddedRig,
) -> None:
    phone, sound = rig.phone(_CALLER), rig.sound(0.2)
    await rig.phones.call_in(
        str(phone.to),
        _CALLER,
        to="+12135550100",
        at=rig.embedded.sip_address,
        offers_session=False,
    )
    await rig.until(lambda: bool(rig.offers))
    leg = AttemptId(2_000_001)
    await rig.engine.take(TakeCall(offer=rig.offers[0].offer, leg=leg))

    await rig.engine.answer(leg)
    await happens(rig, leg, LegAnswered)
    await rig.engine.play(leg, 1, [sound], 1)
    await happens(rig, leg, PlaybackFinished)

    assert rig.heard(phone, [sound])


async def test_an_offer_we_cannot_take_is_refused_as_not_acceptable(rig: EmbeddedRig) -> None:
    phone = rig.phone(_CALLER)
    rig.phones.alter_offer = lambda body: body.replace(b"RTP/AVP 0 8 101", b"RTP/AVP 3").replace(
        b"PCMU", b"GSM"
    )

    leg = await taken(rig, phone)
    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.sip_status) == (WhoEnded.ENGINE, 488)
    await rig.until(lambda: rig.refused_with(phone) == 488)


async def test_a_media_worker_lost_before_the_answer_ends_the_call(rig: EmbeddedRig) -> None:
    phone = rig.phone(_CALLER)
    leg = await taken(rig, phone)

    os.kill(rig.embedded.worker_pids[0], signal.SIGKILL)
    end = await happens(rig, leg, LegEnded)

    assert end.failed
    await rig.until(lambda: rig.refused_with(phone) == 500)


async def test_closing_turns_away_who_waits(tmp_path: Path) -> None:
    rig = EmbeddedRig(tmp_path)
    await rig.start()
    waits, rings = rig.phone(_CALLER), rig.phone(_CALLER)
    offer = await offered(rig, waits)
    leg = await taken(rig, rings)

    await rig.engine.close()

    await rig.until(lambda: rig.refused_with(waits) == rig.refused_with(rings) == 480)
    assert rig.log.kinds(leg) == ["LegEnded"]
    with pytest.raises(EngineUnavailable):
        await rig.engine.take(TakeCall(offer=offer.offer, leg=AttemptId(2_000_002)))
    await rig.close()


async def test_a_hundred_calls_at_once_are_all_answered(rig: EmbeddedRig) -> None:
    phones = [rig.phone(FarEnd(hangs_up_after=seconds(0.2))) for _ in range(100)]
    await asyncio.gather(*(rig.call_in(phone, "+12135550100") for phone in phones))
    await rig.until(lambda: len(rig.offers) == 100)
    legs = [AttemptId(2_000_100 + n) for n in range(100)]
    for offer, leg in zip(rig.offers, legs, strict=True):
        await rig.engine.take(TakeCall(offer=offer.offer, leg=leg))
        await rig.engine.answer(leg)

    await rig.until(lambda: all(rig.log.of(leg, LegEnded) for leg in legs), within=15.0)

    assert all(rig.log.kinds(leg) == ["LegAnswered", "LegEnded"] for leg in legs)
    assert rig.embedded.leg_count == 0
