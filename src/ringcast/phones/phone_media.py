"""The media of one phone in one call: its stream, its line, its recording and what is agreed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from ringcast.media import messages as media
from ringcast.media.pool import PTIMES_MS, MediaPool
from ringcast.phones.calls import RtpFigures
from ringcast.phones.hearing import FirstSound
from ringcast.phones.impairment import BadLine, Impairment
from ringcast.phones.session import AudioSession
from ringcast.phones.sounds import SoundLibrary
from ringcast.phones.steps import Impair, Press, PressBy, Sound

__all__ = ["MediaDesk", "MediaImpossible", "PhoneMedia"]

LISTEN_EVERY: Final = 0.5
"""Seconds between two looks for the first sound in the recording, which grows once a second."""
KEY_MS: Final = 160
KEY_GAP_MS: Final = 90
WILDCARD: Final = "0.0.0.0"  # noqa: S104 - compared with: to a far end it would mean "on hold"
LOOPBACK: Final = "127.0.0.1"
_RECORDING: Final = 1
_CODECS: Final[dict[str, media.Codec]] = {"PCMU": "PCMU", "PCMA": "PCMA"}


class MediaImpossible(Exception):
    """The phone cannot talk: no stream, or a far end that cannot be sent to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDesk:
    """What the media of all phones share."""

    pool: MediaPool
    host: str
    sounds: SoundLibrary
    random: Random


class PhoneMedia:
    """Opened once, connected as often as the agreement changes, closed once."""

    def __init__(self, desk: MediaDesk, stream: int, *, peer: str, is_impaired: bool) -> None:
        """`stream` is its number; an impaired one has a line that can lose packets.

        `peer` is the address the INVITE came from: it is told the address of ours that is nearest.
        """
        self.session: AudioSession | None = None
        """The offers and answers; None until the stream is open."""
        self.is_connected = False
        self.first_packet_at: float | None = None
        self.stats: media.StreamStats | None = None
        """What went over the wire, once the stream has been closed."""
        self.playback = 0
        """The number of the latest playback."""
        self.digits_as_tones = 0
        """The number of the playback that stands in for telephone events."""
        self.recording: Path | None = None
        self._desk = desk
        self._stream = stream
        self._peer = peer
        self._is_impaired = is_impaired
        self._line: BadLine | None = None
        self._loop = asyncio.get_running_loop()
        self._listening: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Make the stream; raise MediaImpossible."""
        desk = self._desk
        try:
            local = await desk.pool.open(self._stream)
            host, port = local.host, local.port
            if self._is_impaired:
                phone = (LOOPBACK if host == WILDCARD else host, port)
                self._line = await BadLine.open(
                    desk.host, phone=phone, impairment=Impairment(desk.random)
                )
                host, port = self._line.outside
            host = _host_towards(self._peer) if host == WILDCARD else host
        except (media.MediaError, OSError) as exc:
            raise MediaImpossible(str(exc)) from exc
        session_id = desk.random.getrandbits(31)
        self.session = AudioSession(address=host, port=port, session_id=session_id)

    def connect(self) -> bool:
        """Let media flow as agreed; False if nothing is agreed yet. Raises MediaImpossible."""
        agreed = self.session.agreement if self.session is not None else None
        if agreed is None:
            return False
        remote = (agreed.remote_address, agreed.remote_port)
        try:
            if self._line is not None:
                self._line.connect(remote)
                host, port = self._line.inside
                remote = (LOOPBACK if host == WILDCARD else host, port)
            self._desk.pool.connect(
                self._stream,
                remote=remote,
                payload_type=agreed.payload_type,
                codec=_CODECS[agreed.codec],
                receive_payload_types={
                    number: _CODECS[name] for number, name in agreed.receive_payload_types.items()
                },
                event_payload_type=agreed.telephone_event_to_send,
                receive_event_payload_type=agreed.telephone_event_to_receive,
                send=agreed.direction.sends,
                receive=agreed.direction.receives,
                ptime_ms=agreed.ptime_ms if agreed.ptime_ms in PTIMES_MS else PTIMES_MS[0],
            )
        except (media.MediaError, ValueError) as exc:
            raise MediaImpossible(str(exc)) from exc
        self.is_connected = True
        return True

    @property
    def codec(self) -> str | None:
        """The codec agreed on."""
        agreed = self.session.agreement if self.session is not None else None
        return None if agreed is None else agreed.codec

    def play(self, sound: Sound | Press, *, on_unheard: Callable[[int], None]) -> None:
        """Play a sound; PlaybackFinished with the number `playback` follows.

        What nobody can hear, early media before anything is agreed, is not played: `on_unheard`
        is called with its number when its time has passed.
        """
        kept = self._desk.sounds[sound]
        self.playback += 1
        if self.is_connected:
            item = media.PlayFile(str(kept.path))
            self._desk.pool.play(self._stream, self.playback, [item])
        else:
            self._loop.call_later(kept.seconds, on_unheard, self.playback)

    def press(self, press: Press, *, on_unheard: Callable[[int], None]) -> None:
        """Send digits: as telephone events, then DigitsSent follows, or as a sound.

        A caller that takes no events gets tones instead; `digits_as_tones` is that playback.
        """
        agreed = self.session.agreement if self.session is not None else None
        as_events = press.by is PressBy.RFC4733
        if as_events and agreed is not None and agreed.telephone_event_to_send is not None:
            self._desk.pool.send_digits(
                self._stream, press.digits, duration_ms=KEY_MS, gap_ms=KEY_GAP_MS
            )
            return
        self.play(Press(press.digits, PressBy.INBAND), on_unheard=on_unheard)
        if as_events:
            self.digits_as_tones = self.playback

    def impair(self, impairment: Impair) -> None:
        """From here on lose and delay packets."""
        assert self._line is not None  # opened for a script that impairs
        self._line.impairment.loss = impairment.loss
        self._line.impairment.jitter_ms = impairment.jitter_ms

    def record(self, path: Path, *, on_first_sound: Callable[[float], None] | None) -> None:
        """Record what is heard; `on_first_sound` is told when the first sound came, soon after."""
        self._desk.pool.start_recording(self._stream, _RECORDING, str(path))
        self.recording = path
        if on_first_sound is not None:
            sound = FirstSound(path)
            self._listen(sound, self._loop.time(), on_first_sound)

    def close(self) -> bool:
        """Close the stream: its StreamClosed follows; False if there is none to close."""
        self.stop()
        try:
            self._desk.pool.close_stream(self._stream)
        except media.UnknownStream:  # it was never open, or its worker died
            return False
        return True

    def stop(self) -> None:
        """Let go of what is on this side of the workers."""
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None
        if self._line is not None:
            self._line.close()

    def figures(self, *, answered_at: float | None) -> RtpFigures | None:
        """Return what went over the wire; None if nothing ever could, or it is not known."""
        stats = self.stats
        if stats is None or not self.is_connected:
            return None
        first = None
        if self.first_packet_at is not None and answered_at is not None:
            first = round((self.first_packet_at - answered_at) * 1000, 1)
        return RtpFigures(
            sent=stats.packets_sent - (0 if self._line is None else self._line.dropped),
            received=stats.packets_received,
            lost=stats.packets_lost,
            reordered=stats.packets_reordered,
            duplicate=stats.packets_duplicate,
            jitter_ms=stats.jitter_ms,
            first_packet_ms=first,
        )

    def _listen(
        self, sound: FirstSound, began: float, on_first_sound: Callable[[float], None]
    ) -> None:
        found = sound.find()
        if found is None:
            self._listening = self._loop.call_later(
                LISTEN_EVERY, self._listen, sound, began, on_first_sound
            )
        else:
            self._listening = None
            on_first_sound(began + found)


def _host_towards(peer: str) -> str:
    """Return which of our addresses the routing table chooses for a far one; raise OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, 9))  # sends nothing
        return str(probe.getsockname()[0])
