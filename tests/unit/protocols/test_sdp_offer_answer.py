"""Offer and answer: what is agreed on, what is refused (RFC 3264)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.sdp import (
    PCMA,
    PCMU,
    Agreement,
    Codec,
    Direction,
    InvalidSdp,
    MediaRefused,
    NoCommonCodec,
    SdpError,
    SessionDescription,
    answer_offer,
    make_offer,
    read_answer,
)

OPUS = Codec(name="opus", clock_rate=48000, channels=2, fmtp="useinbandfec=1")
OURS: dict[str, Any] = {"address": "192.0.2.1", "port": 4000, "session_id": 7, "version": 1}
THEIRS: dict[str, Any] = {"address": "192.0.2.2", "port": 5000, "session_id": 8, "version": 3}
HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=5 6\r\n"


def sdp(*lines: str, head: str = HEAD) -> SessionDescription:
    return SessionDescription.parse(head + "".join(f"{line}\r\n" for line in lines))


def test_an_offer_is_written_in_full() -> None:
    assert make_offer(**OURS).serialize() == (
        b"v=0\r\n"
        b"o=- 7 1 IN IP4 192.0.2.1\r\n"
        b"s=-\r\n"
        b"c=IN IP4 192.0.2.1\r\n"
        b"t=0 0\r\n"
        b"m=audio 4000 RTP/AVP 0 8 101\r\n"
        b"a=rtpmap:0 PCMU/8000\r\n"
        b"a=rtpmap:8 PCMA/8000\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\n"
        b"a=fmtp:101 0-16\r\n"
        b"a=ptime:20\r\n"
        b"a=sendrecv\r\n"
    )


def test_an_offer_may_be_without_events_of_another_codec_and_direction() -> None:
    offer = make_offer(
        **OURS, codecs=(OPUS, PCMA), telephone_event_pt=None, direction="sendonly", ptime_ms=40
    )

    assert offer.serialize().split(b"t=0 0\r\n")[1] == (
        b"m=audio 4000 RTP/AVP 96 8\r\n"
        b"a=rtpmap:96 opus/48000/2\r\n"
        b"a=fmtp:96 useinbandfec=1\r\n"
        b"a=rtpmap:8 PCMA/8000\r\n"
        b"a=ptime:40\r\n"
        b"a=sendonly\r\n"
    )


def test_dynamic_payload_types_keep_clear_of_the_events() -> None:
    offer = make_offer(**OURS, codecs=(OPUS,), telephone_event_pt=96)

    assert offer.media[0].formats == ("97", "96")
    assert offer.media[0].rtpmap[96].clock_rate == 48000


def test_an_offer_needs_a_codec() -> None:
    with pytest.raises(ValueError, match="codec"):
        make_offer(**OURS, codecs=())


def test_both_sides_come_to_the_same_agreement() -> None:
    offer = make_offer(**OURS)
    answer, theirs = answer_offer(SessionDescription.parse(offer.serialize()), **THEIRS)
    ours = read_answer(offer, SessionDescription.parse(answer.serialize()))

    assert theirs == Agreement(
        remote_address="192.0.2.1",
        remote_port=4000,
        payload_type=0,
        codec="PCMU",
        receive_payload_types={0: "PCMU"},
        telephone_event_to_send=101,
        telephone_event_to_receive=101,
        direction=Direction.SENDRECV,
        ptime_ms=20,
    )
    assert ours == Agreement(
        remote_address="192.0.2.2",
        remote_port=5000,
        payload_type=0,
        codec="PCMU",
        receive_payload_types={0: "PCMU", 8: "PCMA"},
        telephone_event_to_send=101,
        telephone_event_to_receive=101,
        direction=Direction.SENDRECV,
        ptime_ms=20,
    )
    assert not ours.is_on_hold
    assert answer.origin.session_id == "8"


def test_the_first_codec_of_the_offer_that_we_know_is_taken() -> None:
    offer = sdp("m=audio 4000 RTP/AVP 18 8 0")

    answer, agreement = answer_offer(offer, **THEIRS)

    assert (agreement.codec, agreement.payload_type) == ("PCMA", 8)
    assert answer.media[0].formats == ("8",)
    assert agreement.telephone_event_to_send is None
    assert agreement.telephone_event_to_receive is None
    assert answer_offer(offer, **THEIRS, codecs=(PCMU,))[1].codec == "PCMU"


def test_the_answer_uses_the_payload_types_and_the_times_of_the_offer() -> None:
    offer = sdp(
        "m=audio 4000 RTP/AVPF 99 97 98",
        "a=rtpmap:99 pcma/8000/1",
        "a=rtpmap:97 Telephone-Event/16000",
        "a=rtpmap:98 TELEPHONE-EVENT/8000",
        "a=ptime:30",
    )

    answer, agreement = answer_offer(offer, **THEIRS)

    assert (agreement.payload_type, agreement.codec, agreement.ptime_ms) == (99, "PCMA", 30)
    assert agreement.telephone_event_to_send == agreement.telephone_event_to_receive == 98
    assert answer.media[0].protocol == "RTP/AVPF"
    assert answer.media[0].formats == ("99", "98")
    assert answer.timing == "5 6"


def test_payload_types_may_differ_by_direction() -> None:
    offer = make_offer(**OURS, codecs=(OPUS, PCMU))
    answer = sdp(
        "m=audio 5000 RTP/AVP 120 121 18",
        "a=rtpmap:120 OPUS/48000/2",
        "a=rtpmap:121 telephone-event/48000",
    )

    agreement = read_answer(offer, answer, codecs=(OPUS, PCMU))

    assert (agreement.payload_type, agreement.codec) == (120, "opus")
    assert agreement.receive_payload_types == {96: "opus", 0: "PCMU"}
    assert agreement.telephone_event_to_send == 121
    assert agreement.telephone_event_to_receive == 101


@pytest.mark.parametrize("events", [None, 101])
def test_events_need_both_sides(events: int | None) -> None:
    offer = make_offer(**OURS, telephone_event_pt=events)
    lines = ["m=audio 5000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000"]

    agreement = read_answer(offer, sdp(*(lines if events is None else lines[:1])))

    assert agreement.telephone_event_to_send is None
    assert agreement.telephone_event_to_receive is None


def test_streams_that_are_not_wanted_are_refused_in_their_place() -> None:
    offer = sdp(
        "m=video 4002 RTP/AVP 31",
        "m=audio 0 RTP/AVP 0",
        "m=audio 4004 RTP/SAVP 0",
        "m=audio 4006 RTP/AVP 18",
        "m=audio 4008 RTP/AVP 0",
        "c=IN IP4 192.0.2.77",
        "m=audio 4010 RTP/AVP 8",
        "m=image 4012 udptl t38",
    )

    answer, agreement = answer_offer(offer, **THEIRS)

    assert [(media.kind, media.port, media.protocol) for media in answer.media] == [
        ("video", 0, "RTP/AVP"),
        ("audio", 0, "RTP/AVP"),
        ("audio", 0, "RTP/SAVP"),
        ("audio", 0, "RTP/AVP"),
        ("audio", 5000, "RTP/AVP"),
        ("audio", 0, "RTP/AVP"),
        ("image", 0, "udptl"),
    ]
    assert answer.media[6].formats == ("t38",)
    assert (agreement.remote_address, agreement.remote_port) == ("192.0.2.77", 4008)


# What we wish, what they say, what is left for us.
_DIRECTIONS = {
    ("sendrecv", "sendrecv"): "sendrecv",
    ("sendrecv", "sendonly"): "recvonly",
    ("sendrecv", "recvonly"): "sendonly",
    ("sendrecv", "inactive"): "inactive",
    ("sendonly", "sendrecv"): "sendonly",
    ("sendonly", "sendonly"): "inactive",
    ("sendonly", "recvonly"): "sendonly",
    ("sendonly", "inactive"): "inactive",
    ("recvonly", "sendrecv"): "recvonly",
    ("recvonly", "sendonly"): "recvonly",
    ("recvonly", "recvonly"): "inactive",
    ("recvonly", "inactive"): "inactive",
    ("inactive", "sendrecv"): "inactive",
    ("inactive", "sendonly"): "inactive",
    ("inactive", "recvonly"): "inactive",
    ("inactive", "inactive"): "inactive",
}


@pytest.mark.parametrize(("wish", "theirs"), list(product(Direction, Direction)))
def test_we_send_what_they_receive_and_receive_what_they_send(wish: str, theirs: str) -> None:
    description = sdp("m=audio 4000 RTP/AVP 0", f"a={theirs}")

    answer, agreement = answer_offer(description, **OURS, direction=wish)

    expected = _DIRECTIONS[wish, theirs]
    assert agreement.direction == answer.media[0].direction == expected
    assert agreement.is_on_hold == (expected in ("recvonly", "inactive"))
    assert read_answer(make_offer(**OURS, direction=wish), description).direction == expected


@pytest.mark.parametrize(("theirs", "left"), [("sendrecv", "recvonly"), ("recvonly", "inactive")])
def test_an_address_of_zeros_is_a_hold(theirs: str, left: str) -> None:
    offer = sdp("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0", f"a={theirs}")

    answer, agreement = answer_offer(offer, **OURS)

    assert agreement.direction == answer.media[0].direction == left
    assert agreement.is_on_hold


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([], MediaRefused),
        (["m=video 4000 RTP/AVP 31"], MediaRefused),
        (["m=audio 0 RTP/AVP 0"], MediaRefused),
        (["m=audio 4000 RTP/SAVP 0"], MediaRefused),
        (["m=audio 4000 RTP/AVP 18 96 x"], NoCommonCodec),
        (["m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMU/16000"], NoCommonCodec),
    ],
)
def test_an_offer_without_usable_audio_is_refused(lines: list[str], error: type[SdpError]) -> None:
    with pytest.raises(error):
        answer_offer(sdp(*lines), **OURS)


def test_the_codecs_nobody_knows_are_named() -> None:
    with pytest.raises(NoCommonCodec, match="G729, 96, x") as caught:
        answer_offer(sdp("m=audio 4000 RTP/AVP 18 96 x"), **OURS)

    assert caught.value.offered == ("G729", "96", "x")


def test_audio_without_an_address_is_invalid() -> None:
    offer = sdp("m=audio 4000 RTP/AVP 0", head="v=0\r\no=- 1 1 IN IP4 h\r\n")

    with pytest.raises(InvalidSdp):
        answer_offer(offer, **OURS)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([], InvalidSdp),
        (["m=video 5000 RTP/AVP 31"], InvalidSdp),
        (["m=audio 0 RTP/AVP 0"], MediaRefused),
        (["m=audio 5000 RTP/AVP 18"], NoCommonCodec),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(lines: list[str], error: type[SdpError]) -> None:
    with pytest.raises(error):
        read_answer(make_offer(**OURS), sdp(*lines))


def test_an_answer_to_nothing_is_invalid() -> None:
    with pytest.raises(InvalidSdp):
        read_answer(sdp("m=video 1 RTP/AVP 31"), sdp("m=video 1 RTP/AVP 31"))


@pytest.mark.parametrize(("ptime", "expected"), [("10", 10), ("200", 200), ("500", 20), ("x", 20)])
def test_a_ptime_out_of_reason_is_not_followed(ptime: str, expected: int) -> None:
    offer = sdp("m=audio 4000 RTP/AVP 0", f"a=ptime:{ptime}")

    assert answer_offer(offer, **OURS)[1].ptime_ms == expected


@given(
    st.lists(st.sampled_from(["0", "8", "18", "96", "101", "x", "127"]), min_size=1, unique=True),
    st.lists(
        st.sampled_from(
            ["a=rtpmap:96 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=sendonly",
             "a=rtpmap:0 x/1", "c=IN IP4 0.0.0.0", "a=ptime:30", "m=video 9 x y", "a=inactive"]
        ),
        max_size=6,
    ),
)  # fmt: skip
def test_every_answer_of_ours_is_one_we_would_accept(formats: list[str], lines: list[str]) -> None:
    offer = sdp(f"m=audio 4000 RTP/AVP {' '.join(formats)}", *lines)
    try:
        answer, agreement = answer_offer(offer, **THEIRS)
    except NoCommonCodec:
        return

    read = read_answer(offer, answer)

    assert len(answer.media) == len(offer.media)
    assert read.codec == agreement.codec
    assert read.payload_type in agreement.receive_payload_types
    assert read.telephone_event_to_send == agreement.telephone_event_to_receive
    assert agreement.direction.sends <= read.direction.receives
