"""Session descriptions: reading, tolerance, limits, writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.sdp import (
    Attribute,
    Connection,
    Direction,
    InvalidSdp,
    MediaDescription,
    Origin,
    SessionDescription,
)
from ringcast.protocols.sdp.codecs import Encoding
from ringcast.protocols.sdp.description import MAX_FORMATS, MAX_LINES, MAX_MEDIA, MAX_SIZE

FULL = (
    b"v=0\r\n"
    b"o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\n"
    b"s=Call to John Smith\r\n"
    b"i=SDP Offer #1\r\n"
    b"u=http://www.jdoe.example.com/home.html\r\n"
    b"e=Jane Doe <jane@jdoe.example.com>\r\n"
    b"p=+1 617 555-6011\r\n"
    b"c=IN IP4 198.51.100.1\r\n"
    b"b=CT:128\r\n"
    b"t=0 0\r\n"
    b"t=1 2\r\n"
    b"r=7d 1h 0 25h\r\n"
    b"k=clear:x\r\n"
    b"a=sendonly\r\n"
    b"a=group:LS 1\r\n"
    b"m=audio 49170 RTP/AVP 0 96\r\n"
    b"i=voice\r\n"
    b"c=IN IP6 2001:db8::2\r\n"
    b"b=AS:64\r\n"
    b"a=rtpmap:96 opus/48000/2\r\n"
    b"a=fmtp:96 useinbandfec=1; x=y\r\n"
    b"a=ptime:40\r\n"
    b"a=recvonly\r\n"
    b"m=video 51372/2 RTP/AVP 99\r\n"
    b"a=rtpmap:99 h263-1998/90000\r\n"
)


def test_a_description_is_read() -> None:
    session = SessionDescription.parse(FULL)
    audio, video = session.media

    assert session.origin == Origin(
        "jdoe", "3724394400", "3724394405", Connection("198.51.100.1", "IP4")
    )
    assert session.name == "Call to John Smith"
    assert (audio.kind, audio.port, audio.protocol, audio.formats) == (
        "audio", 49170, "RTP/AVP", ("0", "96"),
    )  # fmt: skip
    assert audio.payload_types == (0, 96)
    assert audio.rtpmap == {0: Encoding("PCMU", 8000), 96: Encoding("opus", 48000, 2)}
    assert audio.fmtp == {96: "useinbandfec=1; x=y"}
    assert audio.ptime == 40
    assert audio.direction is Direction.RECVONLY
    assert session.direction_of(audio) is Direction.RECVONLY
    assert session.connection_of(audio) == Connection.to("2001:db8::2")
    assert (video.port, video.port_count, video.direction, video.ptime) == (51372, 2, None, None)
    assert session.direction_of(video) is Direction.SENDONLY
    assert session.connection_of(video) == Connection("198.51.100.1")
    assert session.attributes[1] == Attribute("group", "LS 1")


def test_a_description_is_written_as_it_was_read() -> None:
    assert SessionDescription.parse(FULL).serialize() == FULL


def test_lines_of_unknown_types_are_kept_at_the_end_of_their_section() -> None:
    session = SessionDescription.parse(
        "v=0\no=- 1 1 IN IP4 h\nx=what\ns=-\nt=0 0\na=q\nm=audio 1 RTP/AVP 0\ny=who\na=z\n"
    )

    assert session.serialize() == (
        b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\na=q\r\nx=what\r\n"
        b"m=audio 1 RTP/AVP 0\r\na=z\r\ny=who\r\n"
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r\n\r\n"])
def test_line_ends_and_missing_lines_are_tolerated(line_end: str) -> None:
    text = line_end.join(["v=0", "o=- 1 1 IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 8"])

    session = SessionDescription.parse(text)

    assert (session.name, session.timing, session.connection) == ("-", "0 0", None)
    assert session.media[0].rtpmap == {8: Encoding("PCMA", 8000)}
    assert session.direction_of(session.media[0]) is Direction.SENDRECV


@pytest.mark.parametrize(
    ("attributes", "encodings"),
    [
        ("a=rtpmap:96 telephone-event/8000/1", {96: Encoding("telephone-event", 8000, 1)}),
        ("a=rtpmap:96", {}),
        ("a=rtpmap:x PCMU/8000", {}),
        ("a=rtpmap:96 PCMU", {}),
        ("a=rtpmap:96 PCMU/0", {}),
        ("a=rtpmap:96 PCMU/fast", {}),
        ("a=rtpmap:200 PCMU/8000", {}),
        ("a=rtpmap:96 L16/44100/2", {96: Encoding("L16", 44100, 2)}),
    ],
)
def test_an_rtpmap_that_cannot_be_read_says_nothing(
    attributes: str, encodings: dict[int, Encoding]
) -> None:
    session = SessionDescription.parse(
        f"v=0\no=- 1 1 IN IP4 h\nm=audio 1 RTP/AVP 96 t38 300\n{attributes}\n"
    )

    assert session.media[0].rtpmap == encodings
    assert session.media[0].payload_types == (96,)


@pytest.mark.parametrize(
    ("value", "ptime"), [("20", 20), (" 30 ", 30), ("0", None), ("x", None), ("99999", None),
                         ("", None), ("-20", None)],
)  # fmt: skip
def test_a_ptime_that_is_no_time_is_none(value: str, ptime: int | None) -> None:
    media = MediaDescription(
        kind="audio", port=1, protocol="RTP/AVP", formats=("0",),
        attributes=(Attribute("fmtp", "x 1"), Attribute("ptime", value)),
    )  # fmt: skip

    assert media.ptime == ptime
    assert media.fmtp == {}
    assert media.attribute("none") is None


def test_addresses_know_their_family_and_their_hold() -> None:
    assert str(Connection.to("192.0.2.1")) == "IN IP4 192.0.2.1"
    assert str(Connection.to("::1")) == "IN IP6 ::1"
    assert Connection.to("224.2.36.42/127").host == "224.2.36.42"
    assert Connection.to("0.0.0.0").is_hold
    assert not Connection.to("192.0.2.1").is_hold


def test_directions_say_who_sends() -> None:
    for direction in Direction:
        assert Direction.of(sends=direction.sends, receives=direction.receives) is direction


_HEAD = "v=0\no=- 1 1 IN IP4 h\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "v=1\no=- 1 1 IN IP4 h\n",
        "v=0\n",
        "v=0\no=- 1 IN IP4 h\n",
        "v=0\no=- 1 1 IN IP5 h\n",
        _HEAD + "c=IN IP4\n",
        _HEAD + "c=ATM NSAP x\n",
        _HEAD + "m=audio\n",
        _HEAD + "m=audio 1 RTP/AVP\n",
        _HEAD + "m=audio x RTP/AVP 0\n",
        _HEAD + "m=audio -1 RTP/AVP 0\n",
        _HEAD + "m=audio 65536 RTP/AVP 0\n",
        _HEAD + "m=audio 1/x RTP/AVP 0\n",
        _HEAD + "m =audio 1 RTP/AVP 0\n",
        _HEAD + "a=x\ry\n",
        _HEAD + "a=x\0y\n",
        _HEAD + "1=x\n",
        _HEAD + "a=x\n" * MAX_LINES,
        _HEAD + "m=audio 1 RTP/AVP 0\n" * (MAX_MEDIA + 1),
        _HEAD + "m=audio 1 RTP/AVP" + " 0" * (MAX_FORMATS + 1),
        _HEAD + "a=" + "x" * MAX_SIZE,
    ],
)
def test_text_that_is_no_description_is_refused(text: str) -> None:
    with pytest.raises(InvalidSdp):
        SessionDescription.parse(text)


_WORD = st.from_regex(r"[a-zA-Z0-9.-]{1,10}", fullmatch=True)
_ATTRIBUTES = st.lists(
    st.builds(Attribute, _WORD, st.none() | _WORD | st.just("96 PCMU/8000")), max_size=4
).map(tuple)
_CONNECTIONS = st.ip_addresses().map(lambda address: Connection.to(str(address)))
_SESSIONS = st.builds(
    SessionDescription,
    origin=st.builds(Origin, _WORD, _WORD, _WORD, _CONNECTIONS),
    name=_WORD,
    connection=st.none() | _CONNECTIONS,
    attributes=_ATTRIBUTES,
    other=st.just(()) | st.just((("i", "info"), ("b", "AS:1"))),
    media=st.lists(
        st.builds(
            MediaDescription,
            kind=st.sampled_from(["audio", "video"]),
            port=st.integers(0, 65535),
            protocol=_WORD,
            formats=st.lists(_WORD, min_size=1, max_size=4).map(tuple),
            port_count=st.integers(1, 4),
            connection=st.none() | _CONNECTIONS,
            attributes=_ATTRIBUTES,
            other=st.just(()) | st.just((("i", "info"),)),
        ),
        max_size=3,
    ).map(tuple),
)


@given(_SESSIONS)
def test_reading_is_the_inverse_of_writing(session: SessionDescription) -> None:
    assert SessionDescription.parse(session.serialize()) == session


@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from([*FULL.split(b"\r\n"), b"a=", b"c=", b"m=audio 1/2 x y", b"a=fmtp:0"]),
        max_size=20,
    ).map(lambda lines: b"v=0\no=- 1 1 IN IP4 h\n" + b"\n".join(lines))
)  # fmt: skip
def test_any_bytes_are_a_description_or_refused(data: bytes) -> None:
    try:
        session = SessionDescription.parse(data)
    except InvalidSdp:
        return
    for media in session.media:
        _ = media.rtpmap, media.fmtp, media.ptime, session.direction_of(media)
    written = session.serialize()  # lines of other types come out in the order of RFC 8866
    assert SessionDescription.parse(written).serialize() == written
