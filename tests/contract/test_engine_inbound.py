"""Calls that come to an engine: offered, taken, answered or turned away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import (
    DigitReceived,
    LegAnswered,
    LegEnded,
    PlaybackFinished,
    Refusal,
    TakeCall,
    WhoEnded,
)
from tests.contract.rig import Rig, call, check_promises, happens, offered, seconds, taken
from tests.contract.rigs import RIGS

_CALLER = FarEnd()


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    made = RIGS[request.param](tmp_path)
    await made.start()
    yield made
    await made.close()
    check_promises(made.log)


async def test_a_call_is_offered_with_what_its_invite_says(rig: Rig) -> None:
    phone = rig.phone(_CALLER)

    offer = await offered(rig, phone, "+12135550100")
    await rig.engine.decline(offer.offer, Refusal.NO_SUCH_NUMBER)

    assert offer.to == "+12135550100"
    assert offer.from_number == phone.to
    assert offer.from_text == str(phone.to)
    assert offer.headers == {"X-Campaign": "spring"}
    assert offer.trunk == "trunk"
    assert offer.sip_call_id
    await rig.until(lambda: rig.refused_with(phone) == 404)


async def test_a_taken_call_is_answered_plays_and_is_hung_up(rig: Rig) -> None:
    phone, sound = rig.phone(_CALLER), rig.sound(0.3)
    leg = await taken(rig, phone)
    await rig.engine.ring(leg)
    assert rig.log.kinds(leg) == []

    await rig.engine.answer(leg)
    await happens(rig, leg, LegAnswered)
    await rig.engine.play(leg, 1, [sound], 1)
    await happens(rig, leg, PlaybackFinished)
    await rig.engine.hang_up(leg, reason="all is said")
    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.reason, end.sip_status) == (WhoEnded.LOCAL, "all is said", None)
    assert rig.heard(phone, [sound])


async def test_the_caller_presses_keys_and_hangs_up(rig: Rig) -> None:
    keys = ((seconds(0.1), "4"), (seconds(0.4), "#"))
    phone = rig.phone(FarEnd(presses=keys, hangs_up_after=seconds(0.9), q850=16))
    leg = await taken(rig, phone)

    await rig.engine.answer(leg)
    end = await happens(rig, leg, LegEnded)

    assert [event.digit for event in rig.log.of(leg, DigitReceived)] == ["4", "#"]
    assert (end.by, end.q850_cause) == (WhoEnded.REMOTE, 16)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Refusal.BUSY, 486),
        (Refusal.REJECTED, 603),
        (Refusal.UNAVAILABLE, 480),
        (Refusal.NO_SUCH_NUMBER, 404),
        (Refusal.OVERLOADED, 503),
    ],
)
async def test_a_taken_call_is_turned_away(rig: Rig, refusal: Refusal, status: int) -> None:
    phone = rig.phone(_CALLER)
    leg = await taken(rig, phone)

    await rig.engine.reject(leg, refusal)
    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.sip_status) == (WhoEnded.LOCAL, status)
    await rig.until(lambda: rig.refused_with(phone) == status)


async def test_a_caller_who_gives_up_before_the_answer_ends_the_leg(rig: Rig) -> None:
    phone = rig.phone(_CALLER)
    await rig.call_in(phone, "+12135550100", gives_up_after=0.3)
    await rig.until(lambda: bool(rig.offers))
    leg = AttemptId(1_000_001)
    rig.note_taken(phone, leg)
    await rig.engine.take(TakeCall(offer=rig.offers[0].offer, leg=leg))

    end = await happens(rig, leg, LegEnded)
    await rig.engine.answer(leg)

    assert (end.by, end.sip_status) == (WhoEnded.REMOTE, 487)
    assert "hung up before the answer" in end.reason


async def test_a_call_that_nobody_answers_here_is_refused_in_time(rig: Rig) -> None:
    phone = rig.phone(_CALLER)
    leg = await taken(rig, phone, ring_timeout=0.3)

    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.sip_status, end.ring_timed_out) == (WhoEnded.LOCAL, 480, True)


async def test_hanging_up_before_the_answer_refuses(rig: Rig) -> None:
    phone = rig.phone(_CALLER)
    leg = await taken(rig, phone)

    await rig.engine.hang_up(leg)
    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.sip_status) == (WhoEnded.LOCAL, 480)


async def test_a_call_that_lasts_too_long_is_ended(rig: Rig) -> None:
    leg = await taken(rig, rig.phone(_CALLER), max_length=0.3)

    await rig.engine.answer(leg)
    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.sip_status) == (WhoEnded.LOCAL, None)


async def test_a_caller_who_has_gone_cannot_be_taken(rig: Rig) -> None:
    phone = rig.phone(_CALLER)
    await rig.call_in(phone, "+12135550100", gives_up_after=0.2)
    await rig.until(lambda: bool(rig.offers))
    await rig.pass_time(0.6)

    with pytest.raises(EngineUnavailable, match="has hung up"):
        await rig.engine.take(TakeCall(offer=rig.offers[0].offer, leg=AttemptId(1_000_002)))
    await rig.engine.decline(rig.offers[0].offer, Refusal.BUSY)


async def test_a_call_that_came_is_bridged_to_one_that_is_placed(rig: Rig) -> None:
    one, two = rig.phone(_CALLER), rig.phone(_CALLER, speaks=True)
    a = await taken(rig, one)
    await rig.engine.answer(a)
    await happens(rig, a, LegAnswered)
    b = await call(rig, two, near=a)
    await happens(rig, b, LegAnswered)

    await rig.engine.bridge(a, b)

    assert await rig.hears(one, two)
    assert await rig.hears(two, one)


async def test_answering_turning_away_and_ringing_what_we_have_placed_does_nothing(
    rig: Rig,
) -> None:
    phone = rig.phone(_CALLER)
    assert isinstance(phone.to, PhoneNumber)
    leg = await call(rig, phone)
    await happens(rig, leg, LegAnswered)

    await rig.engine.ring(leg)
    await rig.engine.answer(leg)
    await rig.engine.reject(leg, Refusal.BUSY)
    await rig.pass_time(0.1)

    assert rig.log.kinds(leg).count("LegAnswered") == 1
    assert rig.log.of(leg, LegEnded) == []
