"""A telephone that answers every call and notes when each packet of it reached the machine.

It runs in a process of its own. Arrival is when the kernel took the packet from the wire
(SO_TIMESTAMPNS, the wall clock), so it does not matter how busy the phone is. Each call's audio
goes to an address of its own in 127.2.0.0/16, which tells them apart.
"""

from __future__ import annotations

import multiprocessing
import re
import select
import socket
import struct
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from bench.media_load import IP_PKTINFO
from ringcast.media.datagrams import SO_TIMESTAMPNS

HOST = "127.0.0.1"
_FIRST_HOST: Final = (127 << 24) + (2 << 16)
_STOP_CHECK: Final = 0.05  # seconds
_SILENCE: Final = frozenset({0xFF, 0x7F})  # zero, in µ-law
_HEADER: Final = re.compile(rb"(?im)^(Via|From|To|Call-ID|CSeq)\s*:.*$")


@dataclass(slots=True)
class TimedCall:
    """When what happened to one call, in seconds of the wall clock; 0: never."""

    number: str
    invited_at: float
    answered_at: float = 0.0
    """Just before our 200 was handed to the kernel."""
    acknowledged_at: float = 0.0
    first_packet_at: float = 0.0
    first_sound_at: float = 0.0
    """The first packet that holds anything but silence."""
    ended_at: float = 0.0
    invites: int = 1


class TimedPhone:
    """The phone's process; use as a context manager, and `calls` at the end."""

    def __init__(self) -> None:
        self._pipe, self._theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_run, args=(self._theirs,), daemon=True
        )
        self.port = 0

    def __enter__(self) -> Self:
        self._process.start()
        if not self._pipe.poll(20):
            raise RuntimeError("the phone did not start")
        self.port = int(self._pipe.recv())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.is_alive():
            self._process.terminate()
        self._process.join(5)

    def calls(self) -> list[TimedCall]:
        """Stop, and return all calls in the order they came."""
        self._pipe.send("stop")
        if not self._pipe.poll(20):
            raise RuntimeError("the phone does not answer")
        calls: list[TimedCall] = self._pipe.recv()
        self._process.join(5)
        return calls


def _run(pipe: Connection) -> None:
    sip, rtp = _bound(HOST), _bound("0.0.0.0")
    rtp.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    phone = Phone(sip, rtp_port=rtp.getsockname()[1])
    pipe.send(sip.getsockname()[1])
    while not pipe.poll():
        readable, _, _ = select.select([sip, rtp], [], [], _STOP_CHECK)
        if sip in readable:
            data, ancillary, _, source = sip.recvmsg(8192, 256)
            phone.take_message(data, source, at=_arrival(ancillary))
        if rtp in readable:
            data, ancillary, _, _ = rtp.recvmsg(2048, 256)
            phone.take_packet(data, _destination(ancillary), at=_arrival(ancillary))
    pipe.recv()
    pipe.send(phone.calls)


class Phone:
    """Answers at once, says nothing, waits for BYE."""

    def __init__(self, sip: socket.socket, *, rtp_port: int) -> None:
        self._sip = sip
        self._host, self._port = sip.getsockname()
        self._rtp_port = rtp_port
        self._numbers: dict[bytes, int] = {}
        self.calls: list[TimedCall] = []

    def take_message(self, data: bytes, source: tuple[str, int], *, at: float) -> None:
        """Answer a SIP request that arrived at that time; anything else is left alone."""
        method, _, rest = data.partition(b" ")
        fields = {found[1].lower(): found[0].rstrip() for found in _HEADER.finditer(data)}
        call_id = fields.get(b"call-id", b"")
        number = self._numbers.get(call_id)
        if method == b"INVITE" and number is None:
            number = self._numbers[call_id] = len(self.calls)
            called = rest.partition(b"@")[0].removeprefix(b"sip:").decode()
            self.calls.append(TimedCall(called, at))
        elif method == b"INVITE" and number is not None:
            self.calls[number].invites += 1
        if number is None:
            return
        call = self.calls[number]
        if method == b"ACK":
            call.acknowledged_at = call.acknowledged_at or at
        elif method == b"INVITE":
            answer = self._response(fields, number, self._description(number))
            call.answered_at = call.answered_at or time.time()
            self._sip.sendto(answer, source)
        elif method == b"BYE":
            call.ended_at = at
            self._sip.sendto(self._response(fields, number, b""), source)

    def take_packet(self, data: bytes, destination: int, *, at: float) -> None:
        """Note an RTP packet for that local IPv4 address, given as a number."""
        number = destination - _FIRST_HOST
        if not 0 <= number < len(self.calls) or len(data) < 13:
            return
        call = self.calls[number]
        call.first_packet_at = call.first_packet_at or at
        if not call.first_sound_at and not _SILENCE.issuperset(data[12:]):
            call.first_sound_at = at

    def _description(self, number: int) -> bytes:
        host = socket.inet_ntoa((_FIRST_HOST + number).to_bytes(4, "big"))
        lines = (
            "v=0", f"o=phone {number} 1 IN IP4 {self._host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
            f"m=audio {self._rtp_port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "",
        )  # fmt: skip
        return "\r\n".join(lines).encode()

    def _response(self, fields: dict[bytes, bytes], number: int, body: bytes) -> bytes:
        to = fields[b"to"] + (b"" if b";tag=" in fields[b"to"] else b";tag=phone-%d" % number)
        lines = [
            b"SIP/2.0 200 OK", fields[b"via"], fields[b"from"], to, fields[b"call-id"],
            fields[b"cseq"], f"Contact: <sip:{self._host}:{self._port}>".encode(),
        ]  # fmt: skip
        if body:
            lines.append(b"Content-Type: application/sdp")
        lines += [b"Content-Length: %d" % len(body), b"", body]
        return b"\r\n".join(lines)


def _bound(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((host, 0))
    return sock


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("=qq", data[:16])
            return float(seconds + nanoseconds / 1e9)
    raise RuntimeError("the kernel gave no time of arrival")


def _destination(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            return int.from_bytes(data[8:12], "big")
    return 0
