"""The RTP fixed header (RFC 3550, 5.1), one packet at a time and for arrays of packets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEADER_SIZE = 12
VERSION_2 = 0x80
MARKER = 0x80

#: The fixed header as a numpy record; `flags` holds V, P, X and CC, `kind` holds M and PT.
HEADER = np.dtype(
    [
        ("flags", "u1"),
        ("kind", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("ssrc", ">u4"),
    ]
)


class RtpError(ValueError):
    """The bytes are no RTP packet; the message says why."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet without header extension, contributing sources or padding."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False

    def serialize(self) -> bytes:
        """Return the packet as it goes on the wire."""
        return (
            bytes((VERSION_2, self.payload_type | (MARKER if self.marker else 0)))
            + self.sequence.to_bytes(2, "big")
            + self.timestamp.to_bytes(4, "big")
            + self.ssrc.to_bytes(4, "big")
            + self.payload
        )

    @classmethod
    def parse(cls, data: bytes) -> RtpPacket:
        """Read one datagram; extension, contributing sources and padding are left out.

        Raises RtpError for anything but a whole version 2 packet.
        """
        if len(data) < HEADER_SIZE:
            raise RtpError(f"{len(data)} bytes are too short for an RTP header")
        row = np.frombuffer(data, np.uint8).reshape(1, -1)
        packets = parse_packets(row, np.array([len(data)], np.int64))
        if not packets.valid[0]:
            raise RtpError("not RTP version 2, or shorter than its header says")
        start, end = int(packets.payload_start[0]), int(packets.payload_end[0])
        return cls(
            payload_type=int(packets.payload_type[0]),
            sequence=int(packets.sequence[0]),
            timestamp=int(packets.timestamp[0]),
            ssrc=int(packets.ssrc[0]),
            payload=data[start:end],
            marker=bool(packets.marker[0]),
        )


@dataclass(frozen=True, slots=True)
class PacketColumns:
    """The headers of n datagrams; where `valid` is false the other columns mean nothing."""

    valid: NDArray[np.bool_]
    payload_type: NDArray[np.uint8]
    marker: NDArray[np.bool_]
    sequence: NDArray[np.int64]
    timestamp: NDArray[np.int64]
    ssrc: NDArray[np.int64]
    payload_start: NDArray[np.int64]
    payload_end: NDArray[np.int64]
    #: Without contributing sources, extension and padding.
    is_plain: NDArray[np.bool_]

    def select(self, mask: NDArray[np.bool_]) -> PacketColumns:
        """Return the headers where the mask is true."""
        return PacketColumns(
            self.valid[mask],
            self.payload_type[mask],
            self.marker[mask],
            self.sequence[mask],
            self.timestamp[mask],
            self.ssrc[mask],
            self.payload_start[mask],
            self.payload_end[mask],
            self.is_plain[mask],
        )


def parse_packets(
    buffers: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    *,
    index: NDArray[np.int64] | None = None,
) -> PacketColumns:
    """Read the headers of the datagrams in the rows of `buffers` that `index` names (or in all).

    `lengths` says how many bytes of each arrived; rows must be at least a header wide. A datagram
    is valid when it is RTP version 2 and holds the whole header it announces; padding is cut off.
    """
    if index is None:
        index = np.arange(len(lengths))
    heads = buffers[index, :HEADER_SIZE].view(HEADER)[:, 0]
    flags = heads["flags"]
    kind = heads["kind"]
    valid = ((flags & 0xC0) == VERSION_2) & (lengths >= HEADER_SIZE)
    start = np.full(len(lengths), HEADER_SIZE, np.int64)
    end = lengths.astype(np.int64)
    unusual = np.nonzero(valid & (flags != VERSION_2))[0]
    if len(unusual):
        _measure(buffers, index, lengths, unusual, valid, start, end)
    return PacketColumns(
        valid=valid,
        payload_type=(kind & 0x7F).astype(np.uint8),
        marker=kind >= MARKER,
        sequence=heads["sequence"].astype(np.int64),
        timestamp=heads["timestamp"].astype(np.int64),
        ssrc=heads["ssrc"].astype(np.int64),
        payload_start=start,
        payload_end=end,
        is_plain=flags == VERSION_2,
    )


def _measure(
    buffers: NDArray[np.uint8],
    index: NDArray[np.int64],
    lengths: NDArray[np.int64],
    rows: NDArray[np.int64],
    valid: NDArray[np.bool_],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
) -> None:
    """Find the payload of packets with contributing sources, an extension or padding."""
    for row in rows.tolist():
        data = buffers[index[row]]
        length = int(lengths[row])
        flags = int(data[0])
        first = HEADER_SIZE + 4 * (flags & 0x0F)
        if flags & 0x10:  # header extension (RFC 3550, 5.3.1): its length is in 32-bit words
            if first + 4 > length:
                valid[row] = False
                continue
            first += 4 + 4 * (int(data[first + 2]) << 8 | int(data[first + 3]))
        last = length
        if flags & 0x20 and length:  # padding: the last byte counts itself
            padding = int(data[length - 1])
            last = length - padding if padding else -1
        if first > last:
            valid[row] = False
            continue
        start[row] = first
        end[row] = last
