"""What the embedded engine does beyond the contract: SIP's and media's own cases."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest

from ringcast.domain.errors import EngineUnavailable
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import PhoneNumber, SipAddress
from ringcast.engines.simulator import FarEnd
from ringcast.ports.engine import (
    DigitReceived,
    DigitsSent,
    LegAnswered,
    LegEnded,
    LegRinging,
    Originate,
    PlaybackFinished,
    PlaybackResult,
    PlaybackStarted,
    Unbridged,
    WhoEnded,
)
from ringcast.protocols.sip.agent_events import Acked, OfferRefused
from tests.contract.embedded_rig import EmbeddedRig
from tests.contract.rig import CALLER, Log, Phone, call, check_promises, happens, seconds

_PERSON = FarEnd()
_RINGS_ON = FarEnd(answers_after=None)

Started: TypeAlias = Callable[..., "asyncio.Future[EmbeddedRig]"]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Started]:
    rigs: list[EmbeddedRig] = []

    async def started(**settings: object) -> EmbeddedRig:
        rig = EmbeddedRig(tmp_path, **settings)  # type: ignore[arg-type] # named by the test
        rigs.append(rig)
        await rig.start()
        return rig

    yield lambda **settings: asyncio.ensure_future(started(**settings))
    for rig in rigs:
        await rig.close()
        check_promises(rig.log)


async def answered(rig: EmbeddedRig, phone: Phone) -> AttemptId:
    leg = await call(rig, phone)
    await happens(rig, leg, LegAnswered)
    # Before the ACK has come back the dialog is not settled for the far end.
    await rig.until(lambda: any(isinstance(event, Acked) for event in rig.at(phone).events))
    return leg


# Ways


@pytest.mark.parametrize(
    "settings", [{"transport": "tcp"}, {"symmetric": True}, {"user": "me", "password": "right"}]
)
async def test_trunk_of_every_kind_carries_a_call(
    start: Started, settings: dict[str, object]
) -> None:
    rig = await start(**settings)
    if "password" in settings:
        rig.phones.password = "right"
    phone, sound = rig.phone(FarEnd(presses=[(seconds(0.1), "7")])), rig.sound(0.3)
    leg = await answered(rig, phone)

    await rig.engine.play(leg, 1, [sound], 1)
    await happens(rig, leg, PlaybackFinished)
    await happens(rig, leg, DigitReceived)
    await rig.engine.hang_up(leg)
    await happens(rig, leg, LegEnded)

    assert rig.heard(phone, [sound])
    assert [digit.digit for digit in rig.log.of(leg, DigitReceived)] == ["7"]


async def test_sip_address_is_called_directly_and_never_told_the_password(start: Started) -> None:
    rig = await start(user="me", password="right")
    rig.phones.password = "right"
    host, port = rig.phones.address
    rig.phones.plan["desk"] = _PERSON

    leg = await call(rig, Phone(SipAddress(f"sip:desk@{host}:{port}"), _PERSON))
    end = await happens(rig, leg, LegEnded)

    assert end.sip_status == 407
    assert "asks for a user name and password" in end.reason
    assert len(rig.phones.requests) == 1


async def test_invite_says_who_calls(start: Started) -> None:
    rig = await start()
    phone = rig.phone(_PERSON)

    await rig.engine.originate(
        Originate(
            leg=AttemptId(900_001),
            to=phone.to,
            from_number=CALLER,
            from_name='Ann "the voice"',
            headers={"X-Campaign": "spring"},
        )
    )
    await happens(rig, AttemptId(900_001), LegAnswered)

    (request,) = rig.phones.requests
    host, _ = rig.embedded.sip_address
    me = f'"Ann \\"the voice\\"" <sip:{CALLER.e164}@{host}>'
    assert (request.headers.get("From") or "").startswith(f"{me};tag=")
    assert request.headers.get("P-Asserted-Identity") == me
    assert request.headers.get("X-Campaign") == "spring"
    assert request.uri == f"sip:{phone.to}@{host}:{rig.phones.address[1]}"


async def test_caller_without_number_is_anonymous(start: Started) -> None:
    rig = await start()
    phone = rig.phone(FarEnd(refuses=486))

    await rig.engine.originate(Originate(leg=AttemptId(900_002), to=phone.to, from_number=None))
    await happens(rig, AttemptId(900_002), LegEnded)

    (request,) = rig.phones.requests
    assert "anonymous@anonymous.invalid" in (request.headers.get("From") or "")
    assert request.headers.get("P-Asserted-Identity") is None


# What goes wrong before the INVITE


async def test_port_in_use_is_named_with_what_to_change(start: Started) -> None:
    rig = await start()
    host, port = rig.embedded.sip_address
    second = rig.make_engine(None, sip_port=port)

    with pytest.raises(EngineUnavailable) as caught:
        await second.start(Log())

    assert f"port {port} on {host} is in use" in str(caught.value)
    assert "--sip" in str(caught.value)
    await second.close()


async def test_number_without_trunk_says_how_to_get_one(start: Started) -> None:
    rig = await start()
    engine = rig.make_engine(None)
    await engine.start(rig.log)

    with pytest.raises(EngineUnavailable, match="--trunk sip:host:port"):
        await engine.originate(
            Originate(leg=AttemptId(900_003), to=PhoneNumber("12135550100"), from_number=None)
        )

    await engine.close()
    assert rig.log.events == []


async def test_call_beyond_the_rtp_ports_is_refused_and_the_port_comes_back(
    start: Started,
) -> None:
    rig = await start(rtp_ports=range(31000, 31002))
    first = await answered(rig, rig.phone(_PERSON))

    with pytest.raises(EngineUnavailable, match=r"31000-31001.*--rtp-ports"):
        await call(rig, rig.phone(_PERSON))
    await rig.engine.hang_up(first)
    await happens(rig, first, LegEnded)

    await rig.pass_time(0.2)
    await answered(rig, rig.phone(_PERSON))


@pytest.mark.parametrize("header", ["From", "content-length", "Route"])
async def test_headers_of_the_protocol_are_not_the_callers_to_set(
    start: Started, header: str
) -> None:
    rig = await start()
    request = Originate(
        leg=AttemptId(900_004),
        to=rig.phone(_PERSON).to,
        from_number=CALLER,
        headers={header: "1"},
    )

    with pytest.raises(EngineUnavailable, match=f"{header} .* cannot be set"):
        await rig.engine.originate(request)

    assert rig.embedded.leg_count == 0


async def test_hanging_up_before_the_invite_leaves_refuses_the_call(start: Started) -> None:
    rig = await start()
    originating = asyncio.ensure_future(call(rig, rig.phone(_PERSON)))
    await asyncio.sleep(0)  # the stream is being opened
    assert rig.embedded.leg_count == 1

    await rig.embedded.close()

    with pytest.raises(EngineUnavailable, match="before its INVITE left"):
        await originating
    assert rig.phones.requests == []
    assert rig.log.events == []


# What goes wrong on the way


async def test_wrong_password_is_said_in_plain_words(start: Started) -> None:
    rig = await start(user="me", password="wrong")
    rig.phones.password = "right"

    leg = await call(rig, rig.phone(_PERSON))
    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.sip_status) == (WhoEnded.REMOTE, 407)
    assert "refused our user name and password" in end.reason
    assert len(rig.phones.requests) == 2, "one INVITE, and the one that answers the challenge"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_trunk_that_is_not_there_ends_the_call_at_once(
    start: Started, transport: str
) -> None:
    rig = await start(transport=transport)
    await rig.phones.close()

    leg = await call(rig, rig.phone(_PERSON))
    end = await happens(rig, leg, LegEnded, within=2.0)

    assert end.by is WhoEnded.ENGINE
    assert "cannot be reached" in end.reason
    assert not end.failed


async def test_answer_without_a_codec_of_ours_is_ended_with_bye(start: Started) -> None:
    rig = await start()
    rig.phones.alter_answer = lambda body: body.replace(b"RTP/AVP 0", b"RTP/AVP 18").replace(
        b"rtpmap:0 PCMU", b"rtpmap:18 G729"
    )

    leg = await call(rig, rig.phone(_PERSON))
    end = await happens(rig, leg, LegEnded)

    assert (end.by, end.sip_status) == (WhoEnded.ENGINE, 488)
    assert "G729" in end.reason
    await rig.until(lambda: not rig.phones.call_count)
    assert rig.log.kinds(leg) == ["LegRinging", "LegEnded"]


async def test_far_end_that_sends_nothing_is_ended_with_a_reason(start: Started) -> None:
    rig = await start(rtp_timeout=seconds(0.6))
    phone = rig.phone(_PERSON)
    leg = await answered(rig, phone)
    rig.at(phone).rtp.is_silent = True

    end = await happens(rig, leg, LegEnded)

    assert end.by is WhoEnded.ENGINE
    assert "no audio came from" in end.reason
    assert not end.failed
    await rig.until(lambda: not rig.phones.call_count)


# Re-INVITE


async def test_hold_pauses_the_playback_and_is_no_silence(start: Started) -> None:
    rig = await start(rtp_timeout=seconds(0.6))
    phone, sound = rig.phone(_PERSON), rig.sound(1.0)
    leg = await answered(rig, phone)
    await rig.engine.play(leg, 1, [sound], 1)
    await happens(rig, leg, PlaybackStarted)
    there = rig.at(phone)

    there.reinvite("inactive")
    there.rtp.is_silent = True
    await rig.pass_time(1.2)
    assert rig.log.of(leg, PlaybackFinished) == []
    assert rig.log.of(leg, LegEnded) == []
    there.rtp.is_silent = False
    there.reinvite("sendrecv")

    finished = await happens(rig, leg, PlaybackFinished)
    assert finished.result is PlaybackResult.COMPLETED
    assert finished.played == seconds(1.0)


async def test_silence_after_a_hold_is_noticed_all_the_same(start: Started) -> None:
    rig = await start(rtp_timeout=seconds(0.6))
    phone = rig.phone(_PERSON)
    leg = await answered(rig, phone)
    there = rig.at(phone)
    there.reinvite("inactive")
    there.rtp.is_silent = True
    await rig.pass_time(1.2)

    there.reinvite("sendrecv")

    end = await happens(rig, leg, LegEnded)
    assert "no audio came from" in end.reason


async def test_offer_we_cannot_take_leaves_the_call_as_it_was(start: Started) -> None:
    rig = await start()
    phone, sound = rig.phone(_PERSON), rig.sound(0.2)
    leg = await answered(rig, phone)

    rig.at(phone).call.reinvite(b"v=0\r\nthis is no description\r\n")
    await rig.until(lambda: any(isinstance(event, OfferRefused) for event in rig.at(phone).events))
    await rig.engine.play(leg, 1, [sound], 1)
    await happens(rig, leg, PlaybackFinished)

    assert rig.heard(phone, [sound])


# Digits in SIP INFO


async def test_keys_arrive_in_sip_info(start: Started) -> None:
    rig = await start()
    phone = rig.phone(_PERSON)
    leg = await answered(rig, phone)

    for key in "5*":
        rig.at(phone).press_by_info(key)
    await happens(rig, leg, DigitReceived, times=2)

    received = rig.log.of(leg, DigitReceived)
    assert [digit.digit for digit in received] == ["5", "*"]
    assert received[0].duration == seconds(0.2)


async def test_digits_go_in_sip_info_to_who_takes_no_telephone_events(start: Started) -> None:
    rig = await start()
    rig.phones.alter_answer = lambda body: (
        body.replace(b"RTP/AVP 0 101", b"RTP/AVP 0")
        .replace(b"a=rtpmap:101 telephone-event/8000\r\n", b"")
        .replace(b"a=fmtp:101 0-16\r\n", b"")
    )
    phone = rig.phone(_PERSON)
    leg = await answered(rig, phone)

    await rig.engine.send_digits(leg, "4w2")
    await rig.engine.send_digits(leg, "#")
    await happens(rig, leg, DigitsSent, times=2)

    assert rig.at(phone).digits_by_info() == "42#"


async def test_what_is_no_digit_is_a_value_error(start: Started) -> None:
    rig = await start()
    leg = await answered(rig, rig.phone(_PERSON))

    with pytest.raises(ValueError, match="no DTMF digit"):
        await rig.engine.send_digits(leg, "12x")


# Bridges


async def test_legs_of_different_codecs_hear_each_other_and_press_keys(start: Started) -> None:
    rig = await start()
    one, two = rig.phone(_PERSON, speaks=True), rig.phone(_PERSON, speaks=True)
    a = await answered(rig, one)
    rig.phones.alter_answer = lambda body: body.replace(b"RTP/AVP 0", b"RTP/AVP 8").replace(
        b"rtpmap:0 PCMU", b"rtpmap:8 PCMA"
    )
    b = await call(rig, two, near=a)
    await happens(rig, b, LegAnswered)

    await rig.engine.bridge(a, b)

    assert rig.at(two).rtp.codec == 8
    assert await rig.hears(two, one)
    assert await rig.hears(one, two)
    rig.at(two).press("4")
    await rig.until(lambda: rig.digits(one) == "4")


async def test_key_goes_on_in_sip_info_to_who_takes_no_telephone_events(start: Started) -> None:
    rig = await start()
    one, two = rig.phone(_PERSON), rig.phone(_PERSON)
    a = await answered(rig, one)
    rig.phones.alter_answer = lambda body: (
        body.replace(b"RTP/AVP 0 101", b"RTP/AVP 0")
        .replace(b"a=rtpmap:101 telephone-event/8000\r\n", b"")
        .replace(b"a=fmtp:101 0-16\r\n", b"")
    )
    b = await call(rig, two, near=a)
    await happens(rig, b, LegAnswered)
    await rig.engine.bridge(a, b)

    rig.at(one).press("6")
    await rig.until(lambda: rig.at(two).digits_by_info() == "6")
    rig.at(two).press_by_info("#")
    await rig.until(lambda: rig.digits(one) == "#")

    assert rig.log.of(a, DigitsSent) == rig.log.of(b, DigitsSent) == []


async def test_leg_placed_near_another_can_always_be_bridged_to_it(start: Started) -> None:
    rig = await start(media_workers=2)
    first = [await answered(rig, rig.phone(_PERSON)) for _ in range(4)]
    legs = []
    for near in first:
        leg = await call(rig, rig.phone(_PERSON), near=near)
        await happens(rig, leg, LegAnswered)
        legs.append(leg)

    for one, other in zip(first, legs, strict=True):
        await rig.engine.bridge(one, other)
    with pytest.raises(EngineUnavailable, match="originate the second near the first"):
        await rig.engine.bridge(first[0], first[1])  # each worker has the next one


async def test_killed_media_worker_ends_both_legs_of_a_bridge(start: Started) -> None:
    rig = await start()
    a = await answered(rig, rig.phone(_PERSON))
    b = await call(rig, rig.phone(_PERSON), near=a)
    await happens(rig, b, LegAnswered)
    await rig.engine.bridge(a, b)

    os.kill(rig.embedded.worker_pids[0], signal.SIGKILL)

    for leg in (a, b):
        end = await happens(rig, leg, LegEnded)
        assert end.failed
    assert len(rig.log.of(a, Unbridged)) + len(rig.log.of(b, Unbridged)) <= 1


# A worker that dies, and what is left behind


async def test_killed_media_worker_ends_its_calls_and_no_others(start: Started) -> None:
    rig = await start(media_workers=2)
    sound = rig.sound(3.0)
    phones = [rig.phone(_PERSON) for _ in range(4)]
    legs = [await answered(rig, phone) for phone in phones]
    for leg in legs:
        await rig.engine.play(leg, 1, [sound], 1)
        await happens(rig, leg, PlaybackStarted)

    os.kill(rig.embedded.worker_pids[0], signal.SIGKILL)
    await rig.until(lambda: len(_ended(rig, legs)) == 2)

    for leg in _ended(rig, legs):
        (end,) = rig.log.of(leg, LegEnded)
        assert end.failed
        assert end.by is WhoEnded.ENGINE
        assert "media worker" in end.reason
    new = await answered(rig, rig.phone(_PERSON))
    others = [leg for leg in legs if leg not in _ended(rig, legs)]
    for leg in others:
        finished = await happens(rig, leg, PlaybackFinished)
        assert finished.result is PlaybackResult.COMPLETED
        assert rig.heard(phones[legs.index(leg)], [sound])
    await rig.until(lambda: rig.phones.call_count == len(others) + 1)
    await rig.until(lambda: len(rig.embedded.worker_pids) == 2)
    assert not rig.log.of(new, LegEnded)


def _ended(rig: EmbeddedRig, legs: list[AttemptId]) -> list[AttemptId]:
    return [leg for leg in legs if rig.log.of(leg, LegEnded)]


async def test_nothing_is_left_behind_after_200_calls(start: Started) -> None:
    rig = await start()
    behaviours = [
        _PERSON,
        FarEnd(hangs_up_after=seconds(0.02)),
        FarEnd(refuses=486),
        _RINGS_ON,
        FarEnd(early_media=True),
    ]
    await _one_call(rig, _PERSON)  # what is made once is made by now
    workers = [psutil.Process(pid) for pid in rig.embedded.worker_pids]
    await rig.until(lambda: not rig.phones.call_count)
    await rig.embedded._media.stats()  # the workers have done what they were told by now
    gc.collect()  # what other tests have left must not go away now
    before = _left(workers)

    for _ in range(10):
        await asyncio.gather(*(_one_call(rig, behaviours[n % 5]) for n in range(20)))
    await rig.until(lambda: rig.phones.call_count == 0)
    await rig.until(
        lambda: all(now <= then for now, then in zip(_left(workers), before, strict=True))
    )

    assert rig.embedded.leg_count == 0
    check_promises(rig.log)
    assert len(rig.log.legs()) == 201


async def _one_call(rig: EmbeddedRig, far_end: FarEnd) -> None:
    leg = await call(rig, rig.phone(far_end), ring_timeout=5.0)
    if far_end is _RINGS_ON:
        await happens(rig, leg, LegRinging)
    elif far_end.refuses is None:
        await happens(rig, leg, LegAnswered)
    await rig.engine.hang_up(leg)
    await happens(rig, leg, LegEnded)


def _left(workers: list[psutil.Process]) -> list[int]:
    """Return how many tasks and descriptors we have, and descriptors each worker has."""
    tasks = [task for task in asyncio.all_tasks() if not task.done()]
    return [len(tasks), psutil.Process().num_fds(), *(worker.num_fds() for worker in workers)]
