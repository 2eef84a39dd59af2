import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.engines.embedded.descriptions import Descriptions
from ringcast.protocols.sdp import (
    Agreement,
    MediaRefused,
    SdpError,
    SessionDescription,
    make_offer,
    read_answer,
)

_HOST = "192.0.2.7"


def afresh(body: bytes) -> Agreement:
    """Read an answer without any memory."""
    offer = make_offer(address=_HOST, port=4000, session_id=1, version=1)
    return read_answer(offer, SessionDescription.parse(body))


def an_answer(
    *, port: object = 6000, host: str = "198.51.100.9", session: object = 1, types: str = "0 101"
) -> bytes:
    lines = ["v=0", f"o=gw {session} 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    lines += [f"m=audio {port} RTP/AVP {types}", "a=rtpmap:101 telephone-event/8000"]
    return "\r\n".join([*lines, ""]).encode()


def test_offer_is_what_make_offer_writes() -> None:
    written = Descriptions(_HOST).offer(port=20002, session_id=77, version=3)

    expected = make_offer(address=_HOST, port=20002, session_id=77, version=3)
    assert written == expected.serialize()


@given(
    st.lists(
        st.builds(
            an_answer,
            port=st.sampled_from([1, 6000, 6002, 65535, 65536, 0, "", "6000/2", "06000", "x"]),
            host=st.sampled_from(["198.51.100.9", "198.51.100.10", "0.0.0.0"]),
            session=st.integers(0, 3),
            types=st.sampled_from(["0", "8 0", "0 101", "18", ""]),
        ),
        max_size=12,
    )
)
def test_memory_changes_nothing_in_what_answers_say(answers: list[bytes]) -> None:
    descriptions = Descriptions(_HOST)

    for body in answers:
        try:
            expected = afresh(body)
        except SdpError as exc:
            with pytest.raises(type(exc)):
                descriptions.read_answer(body)
        else:
            assert descriptions.read_answer(body) == expected


def test_second_stream_is_not_taken_for_the_first() -> None:
    video_first = an_answer().replace(b"m=audio", b"m=video 1 RTP/AVP 99\r\nm=audio")
    descriptions = Descriptions(_HOST)

    descriptions.read_answer(an_answer())
    with pytest.raises(SdpError):
        descriptions.read_answer(video_first)


def test_refused_stream_is_refused_after_an_accepted_one_of_the_same_shape() -> None:
    descriptions = Descriptions(_HOST)
    descriptions.read_answer(an_answer(port=6000))

    with pytest.raises(MediaRefused):
        descriptions.read_answer(an_answer(port=0))


def test_memory_is_bounded() -> None:
    descriptions = Descriptions(_HOST)

    for n in range(1500):
        agreed = descriptions.read_answer(an_answer(host=f"10.0.{n // 250}.{n % 250}"))
        assert agreed.remote_address == f"10.0.{n // 250}.{n % 250}"

    assert len(descriptions._agreements) <= 512
