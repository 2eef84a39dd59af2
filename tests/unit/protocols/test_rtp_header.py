"""RTP headers, one at a time and many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.protocols.rtp import RtpError, RtpPacket, parse_packets

PACKET = RtpPacket(
    payload_type=8, sequence=0xFFFE, timestamp=0xFFFFFF60, ssrc=0x12345678, payload=b"abc"
)
WIRE = bytes.fromhex("8008fffeffffff6012345678") + b"abc"


def test_packet_is_serialised_as_rfc_3550_draws_it() -> None:
    assert PACKET.serialize() == WIRE


def test_marker_is_the_first_bit_of_the_second_octet() -> None:
    assert RtpPacket(101, 1, 2, 3, b"", marker=True).serialize()[1] == 0x80 | 101


def test_parsing_undoes_serialising() -> None:
    assert RtpPacket.parse(WIRE) == PACKET


@pytest.mark.parametrize(
    "data",
    [
        b"",
        WIRE[:11],
        b"\x40" + WIRE[1:],  # version 1
        b"\x81" + WIRE[1:12],  # a contributing source that is not there
        b"\x90" + WIRE[1:12],  # an extension that is not there
        b"\x90" + WIRE[1:12] + b"\x00\x00\x00\x02abcd",  # one that is cut off
        b"\xa0" + WIRE[1:12] + b"\x00",  # padding of no bytes
        b"\xa0" + WIRE[1:12] + b"\x09",  # more padding than packet
    ],
)
def test_what_is_no_whole_version_2_packet_is_refused(data: bytes) -> None:
    with pytest.raises(RtpError):
        RtpPacket.parse(data)


@pytest.mark.parametrize(
    ("first", "between", "after"),
    [
        (0x82, b"srcAsrcB", b""),
        (0x90, b"\xbe\xde\x00\x01abcd", b""),
        (0xA0, b"", b"\x00\x00\x03"),
        (0xB1, b"srcA\xbe\xde\x00\x00", b"\x01"),
    ],
)
def test_payload_is_found_behind_sources_extension_and_before_padding(
    first: int, between: bytes, after: bytes
) -> None:
    data = bytes((first,)) + WIRE[1:12] + between + b"abc" + after

    assert RtpPacket.parse(data).payload == b"abc"


def test_many_datagrams_are_parsed_as_each_alone() -> None:
    buffers = np.zeros((4, 32), np.uint8)
    datagrams = [WIRE, b"nonsense", b"\x90" + WIRE[1:12] + b"\x00\x00\x00\x01abcdXY", b"\x80\x80"]
    for row, data in enumerate(datagrams):
        buffers[row, : len(data)] = np.frombuffer(data, np.uint8)
    lengths = np.array([len(data) for data in datagrams])
    index = np.array([2, 1, 0, 3])

    packets = parse_packets(buffers, lengths[index], index=index)

    assert packets.valid.tolist() == [True, False, True, False]
    assert packets.payload_start[[0, 2]].tolist() == [20, 12]
    assert packets.payload_end[[0, 2]].tolist() == [22, 15]
    assert packets.sequence[[0, 2]].tolist() == [0xFFFE, 0xFFFE]
    assert packets.timestamp[2] == 0xFFFFFF60
    assert packets.select(packets.valid).ssrc.tolist() == [0x12345678] * 2


@given(st.binary(max_size=64))
def test_no_bytes_make_the_parser_fail_otherwise(data: bytes) -> None:
    try:
        packet = RtpPacket.parse(data)
    except RtpError:
        return
    assert len(packet.payload) <= len(data) - 12


@given(
    st.builds(
        RtpPacket,
        payload_type=st.integers(0, 127),
        sequence=st.integers(0, 0xFFFF),
        timestamp=st.integers(0, 0xFFFFFFFF),
        ssrc=st.integers(0, 0xFFFFFFFF),
        payload=st.binary(max_size=40),
        marker=st.booleans(),
    )
)
def test_every_packet_survives_the_wire(packet: RtpPacket) -> None:
    assert RtpPacket.parse(packet.serialize()) == packet
