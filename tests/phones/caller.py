"""A caller for tests of the phones: real SIP and RTP, and a note of all that happened."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ringcast.audio import g711, tones, wav
from ringcast.media import messages as media
from ringcast.media.pool import MediaPool
from ringcast.phones.dtmf_info import read_digit
from ringcast.protocols.sdp import (
    PCMA,
    PCMU,
    Agreement,
    Codec,
    SessionDescription,
    answer_offer,
    make_offer,
    read_answer,
)
from ringcast.protocols.sip import agent_events as sip
from ringcast.protocols.sip.message import Request
from ringcast.protocols.sip.timers import DEFAULT_TIMERS, TimerSettings
from ringcast.useragent import OutgoingCall, UserAgent

Samples = NDArray[np.int16]


@dataclass(kw_only=True)
class Wish:
    """What a call shall be like; times in seconds after the answer."""

    number: str
    hang_up_after: float = 5.0
    message_at: float | None = 1.0
    cancel_after: float | None = None
    """After the INVITE."""
    headers: tuple[tuple[str, str], ...] = ()
    codecs: tuple[Codec, ...] = (PCMU, PCMA)
    events: bool = True
    with_offer: bool = True
    sends: bool = True
    """Whether any RTP is sent."""
    hold_at: float | None = None
    """When to send a re-INVITE with a=sendonly."""
    digits_at: float | None = None
    info_at: float | None = None
    give_up_after: float = 60.0


@dataclass(kw_only=True)
class Seen:
    """What the caller saw of a call; times in seconds after the INVITE."""

    call_id: str = ""
    statuses: list[int] = field(default_factory=list)
    status_times: list[float] = field(default_factory=list)
    answered_at: float | None = None
    ended_at: float | None = None
    hung_up_by_phone: bool = False
    failed: sip.Failed | None = None
    offers: list[str] = field(default_factory=list)
    """Direction and time of each re-INVITE of the phone."""
    offer_times: list[float] = field(default_factory=list)
    info_digits: str = ""
    info_times: list[float] = field(default_factory=list)
    digits: str = ""
    digit_times: list[float] = field(default_factory=list)
    message_at: float | None = None
    heard: Samples = field(default_factory=lambda: np.zeros(0, np.int16))
    """From the answer, or from early media, on."""
    heard_from: float | None = None
    stats: media.StreamStats | None = None

    @property
    def talked(self) -> float:
        """How long it lasted from the answer on."""
        assert self.answered_at is not None
        assert self.ended_at is not None
        return self.ended_at - self.answered_at


class Caller:
    """Places calls and keeps what the phones said."""

    def __init__(
        self, folder: Path, *, rtp_ports: range, timers: TimerSettings = DEFAULT_TIMERS
    ) -> None:
        self.message = spoken_message()
        self._folder = folder
        self._message_file = folder / "message.ulaw"
        self._message_file.write_bytes(g711.encode_ulaw(self.message).tobytes())
        self._agent = UserAgent(listen=("127.0.0.1", 0), timers=timers)
        self._pool = MediaPool(
            workers=1, host="127.0.0.1", ports=rtp_ports, on_event=self._on_media_event
        )
        self._legs: dict[int, _Leg] = {}
        self._streams = 0

    async def __aenter__(self) -> Self:
        await self._pool.start()
        await self._agent.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pool.close()
        await self._agent.close()

    async def call(self, wish: Wish, *, to: str) -> Seen:
        """Place a call to the carrier at `to` and return what was seen when it is over."""
        self._streams += 1
        leg = self._legs[self._streams] = _Leg(
            self._streams, wish, self._pool, self._folder, self._message_file
        )
        try:
            await leg.run(self._agent, to)
        finally:
            del self._legs[leg.stream]
        return leg.seen

    def _on_media_event(self, event: media.MediaEvent) -> None:
        assert not isinstance(event, media.WorkerLost)
        leg = self._legs.get(event.stream)
        if leg is not None:
            leg.on_media_event(event)


class _Leg:
    def __init__(
        self, stream: int, wish: Wish, pool: MediaPool, folder: Path, message: Path
    ) -> None:
        self.stream = stream
        self.seen = Seen()
        self._wish = wish
        self._pool = pool
        self._path = folder / f"heard-{stream}.wav"
        self._message = message
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._closed = asyncio.Event()
        self._local = media.LocalAddress("", 0)
        self._offer: SessionDescription | None = None
        self._call: OutgoingCall | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._began = 0.0
        self._version = 1
        self._error: Exception | None = None

    async def run(self, agent: UserAgent, to: str) -> None:
        wish = self._wish
        self._local = await self._pool.open(self.stream)
        self._began = self._loop.time()
        self._call = agent.invite(
            f"sip:{wish.number}@{to}",
            from_="<sip:+12135550199@127.0.0.1>",
            on_event=self._on_event,
            body=self._make_offer("sendrecv") if wish.with_offer else b"",
            headers=wish.headers,
        )
        self.seen.call_id = self._call.call_id
        if wish.cancel_after is not None:
            self._later(wish.cancel_after, self._call.cancel)
        async with asyncio.timeout(wish.give_up_after):
            await self._over.wait()
        if self._error is not None:
            raise self._error
        self.seen.ended_at = self._now()
        for timer in self._timers:
            timer.cancel()
        self._pool.close_stream(self.stream)
        async with asyncio.timeout(5):
            await self._closed.wait()
        if self._path.exists():
            self.seen.heard = wav.read(self._path.read_bytes()).mono()

    def on_media_event(self, event: media.StreamEvent) -> None:
        match event:
            case media.DigitReceived():
                self.seen.digits += event.digit
                self.seen.digit_times.append(event.at - self._began)
            case media.PlaybackStarted():
                self.seen.message_at = event.at - self._began
            case media.StreamFailed():
                self._error = AssertionError(event.reason)
                self._over.set()
            case media.StreamClosed():
                self.seen.stats = event.stats
                self._closed.set()
            case _:
                pass

    def _on_event(self, event: sip.CallEvent) -> None:
        try:
            self._take(event)
        except Exception as exc:  # noqa: BLE001 - raised where the test waits
            self._error = exc
            self._over.set()

    def _take(self, event: sip.CallEvent) -> None:
        now = self._now()
        match event:
            case sip.Provisional():
                self._note_status(event.status, now)
                if event.body:
                    self._connect(self._read(event.body))
            case sip.Answered():
                self._note_status(200, now)
                self._on_answer(event.body, now)
            case sip.Failed():
                self._note_status(event.status, now)
                self.seen.failed = event
                self._over.set()
            case sip.Ended():
                self.seen.hung_up_by_phone = event.by_remote
                self._over.set()
            case sip.Info():
                self.seen.info_digits += read_digit(event.content_type, event.body) or "?"
                self.seen.info_times.append(now)
            case _:
                pass

    def _on_answer(self, body: bytes, now: float) -> None:
        wish, call = self._wish, self._call
        assert call is not None
        self.seen.answered_at = now
        call.answer_offer = self._answer_offer
        if wish.with_offer:
            self._connect(self._read(body))
        else:
            answer, agreed = self._answer_to(body)
            call.acknowledge(answer)
            self._connect(agreed)
        self._later(wish.hang_up_after, call.bye)
        if wish.message_at is not None:
            play = [media.PlayFile(str(self._message))]
            self._later(wish.message_at, self._pool.play, self.stream, 1, play)
        if wish.hold_at is not None:
            self._later(wish.hold_at, self._hold)
        if wish.digits_at is not None:
            self._later(wish.digits_at, self._pool.send_digits, self.stream, "12#")
        if wish.info_at is not None:
            self._later(wish.info_at, self._send_info)

    def _answer_offer(self, request: Request) -> bytes:
        """Answer a re-INVITE of the phone."""
        answer, agreed = self._answer_to(request.body)
        offered = SessionDescription.parse(request.body)
        self.seen.offers.append(str(offered.direction_of(offered.media[0])))
        self.seen.offer_times.append(self._now())
        self._connect(agreed)
        return answer

    def _answer_to(self, offer: bytes) -> tuple[bytes, Agreement]:
        self._version += 1
        answer, agreed = answer_offer(
            SessionDescription.parse(offer),
            address=self._local.host,
            port=self._local.port,
            session_id=1,
            version=self._version,
            codecs=self._wish.codecs,
        )
        return answer.serialize(), agreed

    def _make_offer(self, direction: str) -> bytes:
        self._version += 1
        self._offer = make_offer(
            address=self._local.host,
            port=self._local.port,
            session_id=1,
            version=self._version,
            codecs=self._wish.codecs,
            telephone_event_pt=101 if self._wish.events else None,
            direction=direction,
        )
        return self._offer.serialize()

    def _read(self, answer: bytes) -> Agreement:
        assert self._offer is not None
        codecs = self._wish.codecs
        return read_answer(self._offer, SessionDescription.parse(answer), codecs=codecs)

    def _connect(self, agreed: Agreement) -> None:
        names: dict[str, media.Codec] = {"PCMU": "PCMU", "PCMA": "PCMA"}
        self._pool.connect(
            self.stream,
            remote=(agreed.remote_address, agreed.remote_port),
            payload_type=agreed.payload_type,
            codec=names[agreed.codec],
            receive_payload_types={
                number: names[name] for number, name in agreed.receive_payload_types.items()
            },
            event_payload_type=agreed.telephone_event_to_send,
            receive_event_payload_type=agreed.telephone_event_to_receive,
            send=agreed.direction.sends and self._wish.sends,
            receive=agreed.direction.receives,
        )
        if self.seen.heard_from is None:
            self.seen.heard_from = self._now()
            self._pool.start_recording(self.stream, 1, str(self._path))

    def _hold(self) -> None:
        assert self._call is not None
        self._call.reinvite(self._make_offer("sendonly"))

    def _send_info(self) -> None:
        assert self._call is not None
        self._call.info(b"Signal=7\r\nDuration=160\r\n", content_type="application/dtmf-relay")

    def _note_status(self, status: int, now: float) -> None:
        self.seen.statuses.append(status)
        self.seen.status_times.append(now)

    def _later(self, seconds: float, action: object, *arguments: object) -> None:
        assert callable(action)
        self._timers.append(self._loop.call_later(seconds, action, *arguments))

    def _now(self) -> float:
        return self._loop.time() - self._began


def spoken_message(seconds: float = 3.0) -> Samples:
    """Return something that resembles no other part of itself, as speech does, at its level."""
    noise = tones.noise(seconds, seed=7, level_dbfs=-18).astype(np.float64)
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(len(noise)) / 8000)
    return np.rint(noise * syllables).astype(np.int16)


def spans(samples: Samples, *, pause: float = 0.9) -> list[tuple[float, float]]:
    """Return when there is sound, in seconds; gaps shorter than `pause` count as sound."""
    blocks = samples[: len(samples) // 160 * 160].reshape(-1, 160).astype(np.float64)
    loud = np.flatnonzero(np.square(blocks).mean(axis=1) > 32768.0**2 * 10 ** (-45 / 10))
    found: list[tuple[float, float]] = []
    for block in loud.tolist():
        start, end = block / 50, (block + 1) / 50
        if found and start - found[-1][1] < pause:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def tone_spans(samples: Samples, hertz: float) -> list[tuple[float, float]]:
    """Return when a pure tone of this frequency sounds, in seconds."""
    size = 160
    blocks = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    wave = np.exp(-2j * np.pi * hertz * np.arange(size) / 8000)
    own = np.abs(blocks @ wave) ** 2 * 2 / size
    power = np.square(blocks).sum(axis=1)
    pure = (own > 0.8 * power) & (power > size * 32768.0**2 * 10 ** (-45 / 10))
    marked = np.where(np.repeat(pure, size), np.int16(10_000), np.int16(0)).astype(np.int16)
    return spans(marked, pause=0.05)
