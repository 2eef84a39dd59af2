"""The ear and mouth of a telephone: a plain RTP endpoint that keeps every packet it gets."""

from __future__ import annotations

import asyncio
import random
from typing import Final, cast

import numpy as np

from ringcast.audio.g711 import ULAW_TO_ALAW, encode_ulaw
from ringcast.protocols.rtp import DIGITS, EventPayload, RtpError, RtpPacket

PCMU: Final = 0
PCMA: Final = 8
EVENTS: Final = 101
FRAME: Final = 160
_INTERVAL: Final = 0.02
_PRESSED: Final = 5  # frames a key is held: 100 ms
# 1 kHz at 8 kHz: eight samples a period, so that every frame of the tone is the same.
_WAVE: Final = (8000 * np.sin(2 * np.pi * np.arange(FRAME) / 8)).astype(np.int16)
TONE: Final = encode_ulaw(_WAVE).tobytes()
SILENCE: Final = b"\xff" * FRAME


class RtpPeer(asyncio.DatagramProtocol):
    """Sends a tone every 20 ms from `connect` to `close`, and notes what arrives."""

    def __init__(self) -> None:
        self.packets: list[RtpPacket] = []
        self.port = 0
        self._remote: tuple[str, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._ssrc = random.getrandbits(32)
        self._events: list[tuple[int, EventPayload, bool]] = []
        self.is_silent = False
        """Send no packets."""
        self.codec = PCMU
        self.background = TONE
        """What is sent while nothing is said."""
        self._words = b""

    @classmethod
    async def open(cls, host: str) -> RtpPeer:
        """Bind a free port."""
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(cls, local_addr=(host, 0))
        return peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own is no subclass of it before Python 3.12.
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            self.packets.append(RtpPacket.parse(data))
        except RtpError:
            raise AssertionError(f"not RTP: {data!r}") from None

    def error_received(self, exc: Exception) -> None:
        """The other side has closed its port: no fault of ours."""

    def connect(self, remote: tuple[str, int]) -> None:
        """Send there from now on."""
        self._remote = remote
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._next_at = loop.time()
            self._timer = loop.call_at(self._next_at, self._tick)

    def press(self, digit: str) -> None:
        """Press a key for 100 ms, after those being pressed."""
        code = DIGITS.index(digit)
        held = [EventPayload(code, False, 10, n * FRAME) for n in range(1, _PRESSED + 1)]
        let_go = [EventPayload(code, True, 10, _PRESSED * FRAME)] * 3
        self._events += [(n, event, n == 1) for n, event in enumerate(held + let_go, start=1)]

    def say(self, codes: bytes) -> None:
        """Send µ-law audio (in A-law if that is the codec) in place of the background."""
        self._words += codes

    def close(self) -> None:
        """Stop sending and free the port; what was heard stays."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def heard(self) -> bytes:
        """Return the audio by its timestamps; what is missing is 0xFF, silence in µ-law."""
        audio = [p for p in self.packets if p.payload_type == self.codec]
        if not audio:
            return b""
        first = audio[0].timestamp
        offsets = [(p.timestamp - first) & 0xFFFFFFFF for p in audio]
        heard = bytearray(b"\xff" * (max(offsets) + FRAME))
        for offset, packet in zip(offsets, audio, strict=True):
            heard[offset : offset + len(packet.payload)] = packet.payload
        return bytes(heard)

    def digits(self) -> str:
        """Return the keys that were sent to us as RFC 4733 events, each once."""
        pressed: dict[int, str] = {}
        for packet in self.packets:
            if packet.payload_type == EVENTS:
                event = EventPayload.parse(packet.payload)
                if event.end:
                    pressed[packet.timestamp] = DIGITS[event.event]
        return "".join(pressed.values())

    def _tick(self) -> None:
        assert self._transport is not None
        if self._remote is not None and not self.is_silent:
            self._transport.sendto(self._next_packet().serialize(), self._remote)
        loop = asyncio.get_running_loop()
        self._next_at += _INTERVAL
        self._timer = loop.call_at(self._next_at, self._tick)

    def _next_packet(self) -> RtpPacket:
        payload, kind, marker, timestamp = self.background, self.codec, False, self._timestamp
        if self._words:
            payload, self._words = self._words[:FRAME].ljust(FRAME, b"\xff"), self._words[FRAME:]
        if kind == PCMA:
            payload = ULAW_TO_ALAW[np.frombuffer(payload, np.uint8)].tobytes()
        if self._events:
            step, event, marker = self._events.pop(0)
            payload, kind = event.serialize(), EVENTS
            timestamp -= (step - 1) * FRAME  # that of the event's beginning (RFC 4733 2.5.1.2)
        packet = RtpPacket(
            payload_type=kind,
            sequence=self._sequence & 0xFFFF,
            timestamp=timestamp & 0xFFFFFFFF,
            ssrc=self._ssrc,
            payload=payload,
            marker=marker,
        )
        self._sequence += 1
        self._timestamp += FRAME
        return packet
