"""Streams: messages cut at any place, keep-alives, limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.sip.errors import FramingError
from ringcast.protocols.sip.framing import KeepAlivePing, StreamFramer

OPTIONS = b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 0\r\n\r\n"
MESSAGE = b"MESSAGE sip:h SIP/2.0\r\nl : 10\r\nCall-ID: 1\r\n\r\nab\r\n\r\ncd\r\n"
PING = KeepAlivePing()


def frames(framer: StreamFramer) -> list[bytes | KeepAlivePing]:
    found = []
    while (frame := framer.next_frame()) is not None:
        found.append(frame)
    return found


def test_messages_are_cut_by_their_content_length() -> None:
    framer = StreamFramer()

    framer.receive_data(OPTIONS + MESSAGE + OPTIONS[:20])

    assert frames(framer) == [OPTIONS, MESSAGE]
    framer.receive_data(OPTIONS[20:])
    assert frames(framer) == [OPTIONS]


def test_two_empty_lines_are_a_ping_and_one_is_nothing() -> None:
    framer = StreamFramer()

    framer.receive_data(b"\r\n\r\n" + OPTIONS + b"\r\n" + MESSAGE + b"\r\n\r\n\r\n")

    assert frames(framer) == [PING, OPTIONS, MESSAGE, PING]
    framer.receive_data(OPTIONS)
    assert frames(framer) == [OPTIONS]
    assert repr(PING) == "KeepAlivePing()"
    assert hash(PING) == hash(KeepAlivePing())


@given(
    st.lists(st.sampled_from([OPTIONS, MESSAGE, b"\r\n\r\n"]), max_size=6),
    st.lists(st.integers(1, 40), min_size=1, max_size=30),
)
def test_it_does_not_matter_how_the_stream_is_cut(parts: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(parts)
    framer = StreamFramer()
    found: list[bytes | KeepAlivePing] = []
    turn = 0
    while stream:
        size = sizes[turn % len(sizes)]
        turn += 1
        framer.receive_data(stream[:size])
        stream = stream[size:]
        found += frames(framer)

    assert found == [PING if part == b"\r\n\r\n" else part for part in parts]


@pytest.mark.parametrize(
    "head",
    [
        b"OPTIONS sip:h SIP/2.0\r\nCall-ID: 1\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length:\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 1x\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 101\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nA: " + b"b" * 200 + b"\r\n\r\n",
        b"OPTIONS sip:h SIP/2.0\r\nA: " + b"b" * 300,
        b"\nOPTIONS sip:h SIP/2.0\r\n\r\n",
        b"\rOPTIONS sip:h SIP/2.0\r\n\r\n",
    ],
)
def test_a_stream_that_cannot_be_cut_stays_broken(head: bytes) -> None:
    framer = StreamFramer(max_head=200, max_body=100)
    framer.receive_data(OPTIONS + head)
    assert framer.next_frame() == OPTIONS

    for _ in range(2):
        with pytest.raises(FramingError):
            framer.next_frame()
    framer.receive_data(OPTIONS)
    with pytest.raises(FramingError):
        framer.next_frame()


def test_a_repeated_equal_content_length_is_no_contradiction() -> None:
    framer = StreamFramer(max_body=3)
    framer.receive_data(b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 3\r\nl: 03\r\n\r\nabc")

    assert frames(framer) == [b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 3\r\nl: 03\r\n\r\nabc"]


@given(st.lists(st.binary(max_size=60) | st.sampled_from([OPTIONS, b"\r\n", b"\r"]), max_size=8))
def test_any_bytes_are_frames_or_a_framing_error(chunks: list[bytes]) -> None:
    framer = StreamFramer(max_head=100, max_body=100)
    for chunk in chunks:
        framer.receive_data(chunk)
        try:
            frames(framer)
        except FramingError:
            return
