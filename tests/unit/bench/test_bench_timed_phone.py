"""The phone that measures: what it answers, and which moments it notes."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from bench.timed_phone import Phone

INVITE = (
    b"INVITE sip:+12135550101@127.0.0.1:5060 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:+12135550101@127.0.0.1>\r\nCall-ID: one\r\n"
    b"CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)
FIRST_AUDIO = (127 << 24) + (2 << 16)


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller,
    ):
        phone.bind(("127.0.0.1", 0))
        caller.bind(("127.0.0.1", 0))
        caller.settimeout(5)
        yield phone, caller


def test_an_invite_is_answered_with_where_its_audio_shall_go(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    phone = Phone(sockets[0], rtp_port=4000)

    phone.take_message(INVITE, sockets[1].getsockname(), at=10.0)

    answer = sockets[1].recv(4096)
    assert answer.startswith(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z\r\n")
    assert b"To: <sip:+12135550101@127.0.0.1>;tag=phone-0\r\n" in answer
    assert b"c=IN IP4 127.2.0.0\r\n" in answer
    assert b"m=audio 4000 RTP/AVP 0\r\n" in answer
    length = re.search(rb"Content-Length: (\d+)", answer)
    assert length is not None
    assert int(length[1]) == len(answer.partition(b"\r\n\r\n")[2])


def test_the_first_sound_is_not_the_first_packet(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    phone = Phone(sockets[0], rtp_port=4000)
    phone.take_message(INVITE, sockets[1].getsockname(), at=10.0)
    phone.take_message(INVITE, sockets[1].getsockname(), at=10.1)  # sent again

    phone.take_packet(bytes(12) + b"\xff" * 160, FIRST_AUDIO, at=10.5)
    phone.take_packet(bytes(12) + b"\xff" * 159 + b"\x00", FIRST_AUDIO, at=10.6)
    phone.take_packet(bytes(12) + b"\x00" * 160, FIRST_AUDIO, at=10.7)
    phone.take_packet(bytes(12) + b"\x00" * 160, FIRST_AUDIO + 1, at=10.2)  # of no call

    call = phone.calls[0]
    assert (call.number, call.invited_at, call.invites) == ("+12135550101", 10.0, 2)
    assert (call.first_packet_at, call.first_sound_at) == (10.5, 10.6)
