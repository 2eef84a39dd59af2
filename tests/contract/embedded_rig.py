"""The embedded engine with telephones around it: real SIP and RTP over loopback."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ringcast.audio import compare, g711, tones, wav
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import Destination, PhoneNumber, SipAddress
from ringcast.engines.embedded import EmbeddedEngine, Trunk
from ringcast.engines.simulator import FarEnd
from ringcast.integrations.clock import SystemClock
from ringcast.ports.audio import AudioNotFound
from ringcast.ports.engine import AnswerKind, CallEngine, CallOffered
from ringcast.ports.rooms import RoomEvent
from tests.contract.rig import Log, Phone
from tests.contract.rtp_peer import PCMA, RtpPeer
from tests.contract.sip_phones import HOST, SipCaller, SipPhone, SipPhones

_SETTLED, _MEASURED = 15, 20  # packets
_LOUD = 1000  # of 32767; silence and what a lost packet leaves are far below


class EmbeddedRig:
    """The engine as it is used: its trunk leads to `phones`."""

    nowhere: Destination = SipAddress("sips:nobody@127.0.0.1")
    is_real = True

    def __init__(
        self,
        folder: Path,
        *,
        media_workers: int = 1,
        transport: str = "udp",
        symmetric: bool = False,
        user: str | None = None,
        password: str | None = None,
        rtp_timeout: timedelta = timedelta(seconds=60),
        rtp_ports: range = range(30000, 31000),
    ) -> None:
        self._folder = folder
        self._sounds: dict[str, bytes] = {}
        self._numbers = 0
        self._transport = transport
        self._media_workers = media_workers
        self._symmetric = symmetric
        self._login = user, password
        self._rtp_timeout = rtp_timeout
        self._rtp_ports = rtp_ports
        self.phones = SipPhones()
        self.log = Log()
        self.offers: list[CallOffered] = []
        self.room_events: list[RoomEvent] = []
        self.embedded: EmbeddedEngine
        self.engine: CallEngine

    async def start(self) -> None:
        await self.phones.start()
        host, port = self.phones.address
        user, password = self._login
        trunk = Trunk.parse(
            f"sip:{host}:{port};transport={self._transport}",
            user=user,
            password=password,
            symmetric=self._symmetric,
        )
        self.embedded = self.engine = self.make_engine(trunk)
        await self.engine.start(
            self.log, on_offer=self.offers.append, on_room=self.room_events.append
        )

    def make_engine(self, trunk: Trunk | None, *, sip_port: int = 0) -> EmbeddedEngine:
        """Return another engine on the same sounds, not started."""
        return EmbeddedEngine(
            clock=SystemClock(),
            sip=(HOST, sip_port),
            transports=("udp", "tcp"),
            rtp_ports=self._rtp_ports,
            rtp_host=HOST,
            advertise=None,
            media_workers=self._media_workers,
            trunk=trunk,
            playable=self._playable,
            rtp_timeout=self._rtp_timeout,
        )

    def phone(self, far_end: FarEnd, *, speaks: bool = False) -> Phone:
        self._numbers += 1
        phone = Phone(PhoneNumber(f"1213555{1000 + self._numbers}"), far_end)
        self.phones.plan[str(phone.to)] = far_end
        if speaks:
            self.phones.says[str(phone.to)] = _greeting(far_end)
        return phone

    async def call_in(self, phone: Phone, to: str, *, gives_up_after: float | None = None) -> None:
        await self.phones.call_in(
            str(phone.to),
            phone.far_end,
            to=to,
            at=self.embedded.sip_address,
            gives_up_after=None if gives_up_after is None else timedelta(seconds=gives_up_after),
        )

    def note_taken(self, phone: Phone, leg: AttemptId) -> None:
        """The telephone's own call is what is looked at."""

    def refused_with(self, phone: Phone) -> int | None:
        caller = self.at(phone)
        assert isinstance(caller, SipCaller)
        return caller.status

    async def hears(self, phone: Phone, other: Phone) -> bool:
        for _ in range(5):  # a busy machine may hold up our telephones: then they try again
            correlation = await self._listen(phone, other)
            if correlation >= 0.95:
                return True
            if correlation < 0.2:
                return False
        return False

    async def who_hears_whom(self, phones: Sequence[Phone]) -> set[tuple[int, int]]:
        """Each phone sends a tone of its own pitch; look for all of them in what each hears."""
        peers = [self.at(phone).rtp for phone in phones]
        tones_of = [200 + 150 * place for place in range(len(peers))]  # whole periods in a frame
        for peer, pitch in zip(peers, tones_of, strict=True):
            peer.background = g711.encode_ulaw(_tone(pitch)).tobytes()
        for _ in range(5):  # a busy machine may hold up our telephones: then they try again
            before = [len(peer.packets) for peer in peers]
            await self.until(
                lambda: all(
                    len(peer.packets) >= n + _SETTLED + _MEASURED
                    for peer, n in zip(peers, before, strict=True)  # noqa: B023 - used at once
                ),
                within=15.0,
            )
            levels = np.array([_levels(peer, tones_of) for peer in peers])
            if ((levels < 0.1) | (levels > 0.5)).all():
                break
        return {(int(here), int(there)) for here, there in np.argwhere(levels > 0.5)}

    async def _listen(self, phone: Phone, other: Phone) -> float:
        said = _speech(1.0, seed=random.getrandbits(32))
        for one in self.phones.by_number.values():  # the others need not keep the machine busy
            one.rtp.is_silent = one not in (self.at(phone), self.at(other))
        before, packets = len(self.at(phone).rtp.heard()), len(self.at(phone).rtp.packets)
        self.at(other).rtp.say(g711.encode_ulaw(said).tobytes())
        await self.until(lambda: len(self.at(phone).rtp.packets) >= packets + 75, within=15.0)
        for one in self.phones.by_number.values():
            one.rtp.is_silent = False
        rtp = self.at(phone).rtp
        heard = rtp.heard()[before:]
        decode = g711.decode_alaw if rtp.codec == PCMA else g711.decode_ulaw
        match = await asyncio.to_thread(compare.find, said, decode(heard))
        return match.correlation

    def sound(self, length: float) -> str:
        digest = f"{len(self._sounds):064x}"
        # Anything but 0xFF, which is silence: a gap is then no part of a sound. And but 0x7F, which
        # is the same as a sample, so that it does not come out of a sum.
        codes = [*range(0x7F), *range(0x80, 0xFF)]
        self._sounds[digest] = bytes(random.choices(codes, k=round(length * 50) * 160))
        (self._folder / f"{digest}.ulaw").write_bytes(self._sounds[digest])
        return digest

    def heard(self, phone: Phone, sounds: list[str]) -> bool:
        expected = b"".join(self._sounds[digest] for digest in sounds)
        return expected in self.at(phone).rtp.heard()

    def digits(self, phone: Phone) -> str:
        return self.at(phone).rtp.digits()

    def is_recorded(self, path: Path, length: timedelta) -> bool:
        sound = wav.read(path.read_bytes())
        samples = sound.mono()
        frames = samples[: len(samples) // 160 * 160].reshape(-1, 160).astype(np.int32)
        loud = int((np.abs(frames).max(axis=1) > _LOUD).sum()) if len(frames) else 0
        # The far end's tone all along; its first packets and a late one may be missing.
        whole = abs(len(samples) - length.total_seconds() * sound.rate) < 1
        return whole and loud >= 0.8 * len(frames) - 2

    async def until(self, condition: Callable[[], bool], *, within: float = 5.0) -> None:
        try:
            async with asyncio.timeout(within):
                while not condition():  # noqa: ASYNC110 - it may be about anything
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(
                f"it did not happen within {within} s; so far: {self.log.events}"
            ) from None

    async def pass_time(self, length: float) -> None:
        await asyncio.sleep(length)

    async def close(self) -> None:
        await self.engine.close()
        await self.phones.close()

    def at(self, phone: Phone) -> SipPhone:
        """Return the telephone as the call has found it."""
        return self.phones.by_number[str(phone.to)]

    def _playable(self, digest: str) -> Path:
        if digest not in self._sounds:
            raise AudioNotFound(digest)
        return self._folder / f"{digest}.ulaw"


def _tone(pitch: int) -> NDArray[np.int16]:
    wave: NDArray[np.int16] = (1500 * np.sin(2 * np.pi * pitch * np.arange(160) / 8000)).astype(
        np.int16
    )
    return wave


def _levels(peer: RtpPeer, pitches: Sequence[int]) -> list[float]:
    """Return how loud each pitch is in what a phone heard last, as a part of how it was sent."""
    decode = g711.decode_alaw if peer.codec == PCMA else g711.decode_ulaw
    audio = [packet.payload for packet in peer.packets if packet.payload_type == peer.codec]
    heard = decode(b"".join(audio[-_MEASURED:])).astype(np.float64)
    turns = np.outer(pitches, np.arange(len(heard))) * (2j * np.pi / 8000)
    levels: list[float] = (np.abs(np.exp(turns) @ heard) * 2 / len(heard) / 1500).tolist()
    return levels


def _greeting(far_end: FarEnd) -> bytes:
    """Return what the far end says, as detection shall hear it."""
    if far_end.answer_kind is AnswerKind.SILENCE:
        return b""
    if far_end.answer_kind is AnswerKind.FAX:
        return g711.encode_ulaw(tones.fax_ced()).tobytes()
    parts = [_speech(far_end.greeting.total_seconds(), seed=1)]
    if far_end.beeps:
        parts += [tones.silence(0.3), tones.beep(1000, 200)]
    return g711.encode_ulaw(np.concatenate(parts)).tobytes()


def _speech(length: float, *, seed: int) -> NDArray[np.int16]:
    """Return noise in syllables, in whole frames."""
    noise = tones.noise(length, seed=seed, level_dbfs=-18)
    loudness = 0.55 - 0.45 * np.cos(2 * np.pi * np.arange(len(noise)) / 8000 / 0.18)
    return (noise * loudness).astype(np.int16)
