"""An engine without network, for unit tests of what stands on the engine port.

Far ends are scripted by destination, time is given: nothing happens until `advance` says how long
has passed. It proves nothing about real calls; it lets the code above be tested to the millisecond.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from ringcast.domain.errors import EngineUnavailable, OfferGone
from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.engines.simulated_rooms import SimulatedRooms
from ringcast.ports.engine import (
    AnswerClassified,
    AnswerKind,
    CallOffered,
    Capabilities,
    DetectionSettings,
    DigitReceived,
    DigitsSent,
    EngineEvent,
    EventSink,
    GreetingEnded,
    Heard,
    LegAnswered,
    LegEnded,
    LegRinging,
    OfferSink,
    Originate,
    PlaybackFinished,
    PlaybackResult,
    PlaybackStarted,
    RecordingFinished,
    RecordingTracks,
    Refusal,
    SilenceHeard,
    TakeCall,
    Unbridged,
    WhoEnded,
)
from ringcast.ports.rooms import RoomSink

__all__ = ["FarEnd", "SimulatedEngine"]

_DIGIT_LENGTH: Final = timedelta(milliseconds=100)
_DIGIT_GAP: Final = timedelta(milliseconds=60)
_BEEP_AFTER: Final = timedelta(milliseconds=500)
"""From the end of a greeting to the end of its beep."""
_FAX_TONE: Final = timedelta(milliseconds=500)
_PAUSES: Final = {"w": timedelta(milliseconds=500), "W": timedelta(seconds=1)}


@dataclass(frozen=True, kw_only=True, slots=True)
class FarEnd:
    """What the called telephone does; times count from the INVITE unless said otherwise."""

    rings_after: timedelta | None = timedelta(milliseconds=10)
    """None: it never says that it rings."""
    early_media: bool = False
    answers_after: timedelta | None = timedelta(milliseconds=20)
    """None: it never answers."""
    refuses: int | None = None
    """Instead of answering, refuse with this SIP status."""
    q850: int | None = None
    """Cause given with the refusal, or with the hang-up."""
    hangs_up_after: timedelta | None = None
    """From its answer."""
    presses: Sequence[tuple[timedelta, str]] = ()
    """Keys, and when from its answer."""
    presses_tones: bool = False
    """Whether its keys come as tones in the audio."""
    answer_kind: AnswerKind = AnswerKind.HUMAN
    """What detection makes of it."""
    greeting: timedelta = timedelta(seconds=0.6)
    """How long it speaks from its answer (people, machines, call screening)."""
    beeps: bool = False
    """Whether a beep follows the greeting."""


@dataclass(slots=True)
class _Playback:
    id: int
    started_at: datetime


@dataclass(slots=True)
class _Leg:
    max_length: timedelta
    far_end: FarEnd
    offer: int | None = None
    """Of a call that came to us."""
    answered_at: datetime | None = None
    detection: object | None = None
    """That which runs."""
    hears_tones: bool = False
    silence: object | None = None
    """What is waited for."""
    bridged_to: AttemptId | None = None
    playback: _Playback | None = None
    recordings: dict[int, tuple[Path, datetime]] = field(default_factory=dict)
    sending_until: datetime | None = None


class SimulatedEngine:
    """Implements `ports.engine.CallEngine` in memory; `advance` makes time pass.

    A recording writes no audio: its file is empty, its length is true.
    """

    def __init__(
        self,
        *,
        now: datetime,
        far_end: Callable[[Destination], FarEnd | None],
        length_of: Callable[[str], timedelta],
    ) -> None:
        """`far_end` gives the telephone of a destination, or None where no route leads;
        `length_of` gives how long a content hash plays, or raises LookupError.
        """
        self.now = now
        self._far_end = far_end
        self._length_of = length_of
        self._sink: EventSink | None = None
        self._on_offer: OfferSink | None = None
        self._offers: dict[int, tuple[FarEnd, timedelta]] = {}
        self._refused: dict[int, Refusal] = {}
        self._legs: dict[AttemptId, _Leg] = {}
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._rooms = SimulatedRooms(
            now=lambda: self.now,
            after=self._at_length,
            is_answered=lambda leg: self._answered(leg) is not None,
            part=self._part,
            length_of=self._length,
        )
        self.originated: list[Originate] = []
        """Every call placed, in order."""
        self.heard: dict[AttemptId, list[str]] = {}
        """The content hashes each far end heard from the start, in order, also of ended legs.

        What is played until it is stopped is there once."""
        self.digits: dict[AttemptId, str] = {}
        """The digits each far end was sent, also of ended legs."""

    # Time

    @property
    def next_due(self) -> datetime | None:
        """When something happens next, or None if nothing will."""
        return self._due[0][0] if self._due else None

    def advance(self, by: timedelta) -> None:
        """Let time pass; events come with the moment at which they were due."""
        until = self.now + by
        while self._due and self._due[0][0] <= until:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = until

    # The port

    @property
    def capabilities(self) -> Capabilities:
        """Everything but audio."""
        return Capabilities()

    @property
    def rooms(self) -> SimulatedRooms:
        """Where more than two legs hear each other."""
        return self._rooms

    async def start(
        self,
        sink: EventSink,
        *,
        on_offer: OfferSink | None = None,
        on_room: RoomSink | None = None,
    ) -> None:
        """Begin to take calls."""
        self._sink = sink
        self._rooms.sink = on_room
        self._on_offer = on_offer

    async def close(self) -> None:
        """End what is left and take no more calls."""
        for leg, live in list(self._legs.items()):
            self._hang_up(leg, live, "the server shuts down")
        self._sink = self._on_offer = None
        self._due.clear()

    async def originate(self, request: Originate) -> None:
        """Place the call; raise EngineUnavailable if `far_end` knows no telephone for it."""
        far_end = self._far_end(request.to)
        if self._sink is None or far_end is None:
            raise EngineUnavailable(f"no route to {request.to.masked}")
        assert request.leg not in self._legs, "a leg is originated once"
        leg, live = request.leg, _Leg(request.max_length, far_end)
        self._legs[leg] = live
        self.originated.append(request)
        if far_end.rings_after is not None:
            self._after(far_end.rings_after, leg, lambda: self._ring(leg, live))
        if far_end.answers_after is not None:
            self._after(far_end.answers_after, leg, lambda: self._pick_up(leg, live))
        self._after(request.ring_timeout, leg, lambda: self._ring_out(leg, live))

    async def take(self, request: TakeCall) -> None:
        """Make a leg of a call that `call_in` has offered."""
        offered = self._offers.pop(request.offer, None)
        if self._sink is None or offered is None:
            raise OfferGone
        far_end, patience = offered
        leg, live = request.leg, _Leg(request.max_length, far_end, offer=request.offer)
        self._legs[leg] = live
        self._after(patience, leg, lambda: self._give_up(leg, live))
        self._after(request.ring_timeout, leg, lambda: self._ring_out(leg, live))

    async def decline(self, offer: int, refusal: Refusal) -> None:
        """Refuse a call that was not taken."""
        if self._offers.pop(offer, None) is not None:
            self._refused[offer] = refusal

    async def ring(self, leg: AttemptId) -> None:
        """Nobody listens to the ringing."""

    async def answer(self, leg: AttemptId) -> None:
        """Answer a call that was taken."""
        live = self._legs.get(leg)
        if live is not None and live.offer is not None and live.answered_at is None:
            self._pick_up(leg, live)

    async def reject(self, leg: AttemptId, refusal: Refusal) -> None:
        """Turn away the caller of a call that was taken."""
        live = self._legs.get(leg)
        if live is not None and live.offer is not None and live.answered_at is None:
            reason = f"the call was turned away here ({refusal})"
            self._refused[live.offer] = refusal
            self._end(leg, by=WhoEnded.LOCAL, reason=reason, sip_status=refusal.sip_status)

    def call_in(
        self,
        to: str,
        *,
        from_text: str = "",
        far_end: FarEnd | None = None,
        gives_up_after: timedelta = timedelta(seconds=60),
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Have a far end call us; return the number of its offer."""
        assert self._on_offer is not None, "started with on_offer"
        offer = next(self._order)
        self._offers[offer] = far_end or FarEnd(), gives_up_after
        due = self.now + gives_up_after
        heapq.heappush(self._due, (due, offer, lambda: self._give_up_waiting(offer)))
        self._on_offer(
            CallOffered(
                offer=offer,
                at=self.now,
                to=to,
                from_number=PhoneNumber(from_text.lstrip("+")) if from_text else None,
                from_text=from_text,
                from_name=None,
                trunk="trunk",
                sip_call_id=f"offer-{offer}",
                headers=headers or {},
            )
        )
        return offer

    def _give_up_waiting(self, offer: int) -> None:
        self._offers.pop(offer, None)

    def refused(self, offer: int) -> Refusal | None:
        """Return why a call that was not taken was refused."""
        return self._refused.get(offer)

    async def play(
        self, leg: AttemptId, playback: int, audio: Sequence[Heard], loop: int | None
    ) -> None:
        """Play the sounds; replaces what is playing. An unknown sound ends as FAILED."""
        if loop is not None and loop < 1:
            raise ValueError(f"a sound is played once or more, not {loop} times")
        if any(isinstance(one, timedelta) and one < timedelta() for one in audio):
            raise ValueError("silence lasts no less than nothing")
        live = self._answered(leg)
        if live is None:
            return
        self._stop_playing(leg, live)
        try:
            length = sum((self._length(one) for one in audio), timedelta())
        except LookupError:
            self._report_finished(leg, playback, PlaybackResult.FAILED, timedelta())
            return
        sounds = [one for one in audio if isinstance(one, str)]
        self.heard.setdefault(leg, []).extend(sounds * (loop or 1))
        live.playback = playing = _Playback(playback, self.now)
        self._report(PlaybackStarted(leg=leg, at=self.now, playback=playback))
        if loop is not None:
            self._after(length * loop, leg, lambda: self._play_out(leg, live, playing))

    def _length(self, heard: Heard) -> timedelta:
        return heard if isinstance(heard, timedelta) else self._length_of(heard)

    async def stop_playback(self, leg: AttemptId, playback: int) -> None:
        """Stop that playback, if it is the one that plays."""
        live = self._answered(leg)
        if live is not None and live.playback is not None and live.playback.id == playback:
            self._stop_playing(leg, live)

    async def send_digits(self, leg: AttemptId, digits: str) -> None:
        """Send DTMF, after what is being sent already."""
        live = self._answered(leg)
        if live is None:
            return
        start = max(self.now, live.sending_until or self.now)
        length = sum((_PAUSES.get(d, _DIGIT_LENGTH + _DIGIT_GAP) for d in digits), timedelta())
        live.sending_until = start + length
        self._after(live.sending_until - self.now, leg, lambda: self._digits_out(leg, digits))

    async def start_detection(self, leg: AttemptId, settings: DetectionSettings) -> None:
        """Find out what the far end is: the verdict is its `answer_kind`, when it is due."""
        live = self._answered(leg)
        if live is None:
            return
        live.detection = detection = object()
        wait, reason = _verdict_after(live, settings, now=self.now)
        since = self.now
        self._after(wait, leg, lambda: self._classify(leg, live, detection, since, reason))
        if live.far_end.answer_kind in _MACHINES:
            beeps = live.far_end.beeps
            rest = _BEEP_AFTER if beeps else settings.greeting_end
            wait = max(wait, _speech_left(live, now=self.now) + rest)
            self._after(wait, leg, lambda: self._end_greeting(leg, live, detection))

    async def stop_detection(self, leg: AttemptId) -> None:
        """End the detection."""
        live = self._answered(leg)
        if live is not None:
            live.detection = None

    async def watch_silence(self, leg: AttemptId, length: timedelta) -> None:
        """Report when the far end's `greeting` has been over for so long."""
        if length <= timedelta():
            raise ValueError("silence is waited for up to an hour, not for no time")
        live = self._answered(leg)
        if live is None:
            return
        live.silence = wanted = object()
        wait = _speech_left(live, now=self.now) + length
        self._after(wait, leg, lambda: self._fall_silent(leg, live, wanted, length))

    async def stop_watching_silence(self, leg: AttemptId) -> None:
        """Wait for silence no more."""
        live = self._answered(leg)
        if live is not None:
            live.silence = None

    def _fall_silent(self, leg: AttemptId, live: _Leg, wanted: object, length: timedelta) -> None:
        if live.silence is wanted:
            live.silence = None
            self._report(SilenceHeard(leg=leg, at=self.now, length=length))

    async def listen_for_keys(self, leg: AttemptId) -> None:
        """From here on keys that are `tones` are heard."""
        live = self._answered(leg)
        if live is not None:
            live.hears_tones = True

    async def stop_listening_for_keys(self, leg: AttemptId) -> None:
        """Hear them no more."""
        live = self._answered(leg)
        if live is not None:
            live.hears_tones = False

    async def bridge(self, leg: AttemptId, other: AttemptId) -> None:
        """Note that the legs hear each other (`hears`); keys go from one to the other."""
        if leg == other:
            raise ValueError(f"leg {leg} cannot be bridged to itself")
        one, two = self._answered(leg), self._answered(other)
        if one is None or two is None:
            for number, live, missing in ((leg, one, other), (other, two, leg)):
                if live is not None:
                    self._report(Unbridged(leg=number, at=self.now, other=missing))
            return
        if one.bridged_to == other:
            return
        self._part(leg)
        self._part(other)
        one.bridged_to, two.bridged_to = other, leg
        self._rooms.forget(leg)
        self._rooms.forget(other)

    async def unbridge(self, leg: AttemptId, other: AttemptId) -> None:
        """Part the legs, if they are bridged to each other."""
        if self.hears(leg) == other:
            self._part(leg)

    def hears(self, leg: AttemptId) -> AttemptId | None:
        """Return the leg that this one is bridged to."""
        live = self._legs.get(leg)
        return None if live is None else live.bridged_to

    def _part(self, leg: AttemptId) -> None:
        other = self.hears(leg)
        if other is None:
            return
        for one, gone in ((leg, other), (other, leg)):
            self._legs[one].bridged_to = None
            self._report(Unbridged(leg=one, at=self.now, other=gone))

    def _classify(
        self, leg: AttemptId, live: _Leg, detection: object, since: datetime, reason: str
    ) -> None:
        if live.detection is not detection:
            return
        kind = live.far_end.answer_kind
        if kind not in _MACHINES:
            live.detection = None
        self._report(
            AnswerClassified(leg=leg, at=self.now, kind=kind, after=self.now - since, reason=reason)
        )

    def _end_greeting(self, leg: AttemptId, live: _Leg, detection: object) -> None:
        if live.detection is detection:
            self._report(GreetingEnded(leg=leg, at=self.now, beep=live.far_end.beeps))

    async def start_recording(
        self,
        leg: AttemptId,
        recording: int,
        path: Path,
        *,
        tracks: RecordingTracks,
        max_length: timedelta,
    ) -> None:
        """Note when the recording began; which tracks it keeps makes no difference here."""
        live = self._answered(leg)
        if live is None or recording in live.recordings:
            return
        live.recordings[recording] = (path, self.now)
        self._after(max_length, leg, lambda: self._finish_recording(leg, live, recording))

    async def stop_recording(self, leg: AttemptId, recording: int) -> None:
        """End that recording."""
        live = self._answered(leg)
        if live is not None:
            self._finish_recording(leg, live, recording)

    async def hang_up(self, leg: AttemptId, *, reason: str = "hung up") -> None:
        """End the leg, whether it rings or is answered."""
        live = self._legs.get(leg)
        if live is not None:
            self._hang_up(leg, live, reason)

    def _hang_up(self, leg: AttemptId, live: _Leg, reason: str) -> None:
        status = None
        if live.answered_at is None:
            status = 480 if live.offer is not None else 487
        self._end(leg, by=WhoEnded.LOCAL, reason=reason, sip_status=status)

    # Faults, for tests of what must survive them

    def break_leg(self, leg: AttemptId, reason: str = "the media worker was lost") -> None:
        """End the leg as a fault of the engine."""
        self._end(leg, by=WhoEnded.ENGINE, reason=reason, failed=True)

    # What the far end does

    def _ring(self, leg: AttemptId, live: _Leg) -> None:
        if live.answered_at is None:
            self._report(LegRinging(leg=leg, at=self.now, early_media=live.far_end.early_media))

    def _pick_up(self, leg: AttemptId, live: _Leg) -> None:
        far_end = live.far_end
        if far_end.refuses is not None:
            self._end(
                leg,
                by=WhoEnded.REMOTE,
                reason=f"refused ({far_end.refuses})",
                sip_status=far_end.refuses,
                q850=far_end.q850,
            )
            return
        live.answered_at = self.now
        self._report(LegAnswered(leg=leg, at=self.now))
        for when, digit in far_end.presses:
            self._after(when, leg, partial(self._press, leg, digit))
        if far_end.hangs_up_after is not None:
            self._after(far_end.hangs_up_after, leg, lambda: self._hang_up_there(leg, live))
        self._after(live.max_length, leg, lambda: self._reach_limit(leg))

    def _press(self, leg: AttemptId, digit: str) -> None:
        live = self._legs[leg]
        if live.far_end.presses_tones:
            if live.hears_tones:
                self._report(
                    DigitReceived(leg=leg, at=self.now, digit=digit, duration=_DIGIT_LENGTH)
                )
            return  # a leg it is bridged to hears them as they are
        self._report(DigitReceived(leg=leg, at=self.now, digit=digit, duration=_DIGIT_LENGTH))
        other = self.hears(leg)
        if other is not None:
            self.digits[other] = self.digits.get(other, "") + digit

    def _hang_up_there(self, leg: AttemptId, live: _Leg) -> None:
        q850 = live.far_end.q850
        self._end(leg, by=WhoEnded.REMOTE, reason="the far end hung up", q850=q850)

    def _give_up(self, leg: AttemptId, live: _Leg) -> None:
        if live.answered_at is None:
            reason = "the caller hung up before the answer"
            self._end(leg, by=WhoEnded.REMOTE, reason=reason, sip_status=487)

    def _ring_out(self, leg: AttemptId, live: _Leg) -> None:
        if live.answered_at is not None:
            return
        if live.offer is not None:
            reason = "the call was not answered here"
            self._end(leg, by=WhoEnded.LOCAL, reason=reason, sip_status=480, ring_timed_out=True)
            return
        silent = live.far_end.rings_after is None
        self._end(
            leg,
            by=WhoEnded.ENGINE if silent else WhoEnded.LOCAL,
            reason="no answer from the far end" if silent else "nobody answered",
            sip_status=408 if silent else 487,
            ring_timed_out=not silent,
        )

    def _reach_limit(self, leg: AttemptId) -> None:
        self._end(leg, by=WhoEnded.LOCAL, reason="the call reached the longest it may last")

    # What goes out

    def _play_out(self, leg: AttemptId, live: _Leg, playing: _Playback) -> None:
        if live.playback is playing:
            live.playback = None
            length = self.now - playing.started_at
            self._report_finished(leg, playing.id, PlaybackResult.COMPLETED, length)

    def _stop_playing(self, leg: AttemptId, live: _Leg) -> None:
        playing, live.playback = live.playback, None
        if playing is not None:
            played = self.now - playing.started_at
            self._report_finished(leg, playing.id, PlaybackResult.STOPPED, played)

    def _report_finished(
        self, leg: AttemptId, playback: int, result: PlaybackResult, played: timedelta
    ) -> None:
        self._report(
            PlaybackFinished(leg=leg, at=self.now, playback=playback, result=result, played=played)
        )

    def _digits_out(self, leg: AttemptId, digits: str) -> None:
        sent = "".join(digit for digit in digits if digit not in _PAUSES)
        self.digits[leg] = self.digits.get(leg, "") + sent
        self._report(DigitsSent(leg=leg, at=self.now))

    def _finish_recording(self, leg: AttemptId, live: _Leg, recording: int) -> None:
        found = live.recordings.pop(recording, None)
        if found is not None:
            path, since = found
            path.write_bytes(b"")
            self._report(
                RecordingFinished(
                    leg=leg, at=self.now, recording=recording, path=path, length=self.now - since
                )
            )

    # Keeping account

    def _answered(self, leg: AttemptId) -> _Leg | None:
        live = self._legs.get(leg)
        return live if live is not None and live.answered_at is not None else None

    def _end(
        self,
        leg: AttemptId,
        *,
        by: WhoEnded,
        reason: str,
        sip_status: int | None = None,
        q850: int | None = None,
        ring_timed_out: bool = False,
        failed: bool = False,
    ) -> None:
        live = self._legs.get(leg)
        if live is None:
            return
        for recording in list(live.recordings):
            self._finish_recording(leg, live, recording)
        del self._legs[leg]
        self._rooms.forget(leg)
        if live.bridged_to is not None:
            self._legs[live.bridged_to].bridged_to = None
            self._report(Unbridged(leg=live.bridged_to, at=self.now, other=leg))
        self._report(
            LegEnded(
                leg=leg,
                at=self.now,
                by=by,
                sip_status=sip_status,
                q850_cause=q850,
                reason=reason,
                ring_timed_out=ring_timed_out,
                failed=failed,
            )
        )

    def _after(self, wait: timedelta, leg: AttemptId, action: Callable[[], None]) -> None:
        """Do `action` when `wait` has passed, unless the leg has ended by then."""
        live = self._legs[leg]

        def act() -> None:
            if self._legs.get(leg) is live:
                action()

        heapq.heappush(self._due, (self.now + wait, next(self._order), act))

    def _at_length(self, wait: timedelta, action: Callable[[], None]) -> None:
        """Do `action` when `wait` has passed, whatever ends meanwhile."""
        heapq.heappush(self._due, (self.now + wait, next(self._order), action))

    def _report(self, event: EngineEvent) -> None:
        assert self._sink is not None
        self._sink(event)


_WORD: Final = timedelta(seconds=0.4)
_MACHINES: Final = (AnswerKind.MACHINE, AnswerKind.SCREENING)


def _speech_left(live: _Leg, *, now: datetime) -> timedelta:
    """Return how long the far end goes on to speak."""
    assert live.answered_at is not None
    return max(timedelta(), live.answered_at + live.far_end.greeting - now)


def _verdict_after(
    live: _Leg, settings: DetectionSettings, *, now: datetime
) -> tuple[timedelta, str]:
    """Return how long detection takes, and what tells it."""
    far_end, left = live.far_end, _speech_left(live, now=now)
    if far_end.answer_kind is AnswerKind.SILENCE:
        return settings.initial_silence, "nobody spoke"
    if far_end.answer_kind is AnswerKind.FAX:
        return _FAX_TONE, "fax tone"
    longest = settings.long_greeting
    if settings.words is not None:
        longest = min(longest, settings.words * _WORD)
    if far_end.answer_kind in _MACHINES and left >= longest:
        return longest, "long greeting"
    if far_end.beeps:
        return left + _BEEP_AFTER, "beep"
    is_short = left <= settings.short_greeting
    waits = settings.after_short if is_short else settings.after_longer
    return min(left + waits, settings.total), "spoke, and waits"
