"""RTP (RFC 3550) and telephone events (RFC 4733), without sockets and clocks."""

from __future__ import annotations

from ringcast.protocols.rtp.events import (
    DIGITS,
    Digit,
    EventPacket,
    EventPayload,
    EventReceiver,
    EventSender,
    check_digits,
)
from ringcast.protocols.rtp.header import (
    HEADER,
    HEADER_SIZE,
    PacketColumns,
    RtpError,
    RtpPacket,
    parse_packets,
)
from ringcast.protocols.rtp.reception import Reception, ReceptionStats
from ringcast.protocols.rtp.reordering import Tracks

__all__ = [
    "DIGITS",
    "HEADER",
    "HEADER_SIZE",
    "Digit",
    "EventPacket",
    "EventPayload",
    "EventReceiver",
    "EventSender",
    "PacketColumns",
    "Reception",
    "ReceptionStats",
    "RtpError",
    "RtpPacket",
    "Tracks",
    "check_digits",
    "parse_packets",
]
