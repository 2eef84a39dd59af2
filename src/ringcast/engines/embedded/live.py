"""One leg at work: its state machine tied to its SIP call, its media stream and its one timer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, ParamSpec, cast

from ringcast import media
from ringcast.domain.ids import AttemptId
from ringcast.engines.embedded.info_digits import InfoDigitSender, read_info_digit
from ringcast.engines.embedded.leg import (
    Action,
    CloseMedia,
    Leg,
    LegState,
    Moment,
    Report,
    SendBye,
    SendCancel,
)
from ringcast.engines.embedded.negotiation import Negotiation
from ringcast.engines.embedded.verdicts import verdict_on_end, verdict_on_failure
from ringcast.media import Codec, MediaError, MediaEvent, MediaPool
from ringcast.ports.clock import Clock
from ringcast.ports.engine import (
    AnswerClassified,
    AnswerKind,
    AnswerLeaning,
    DigitReceived,
    DigitsSent,
    EventSink,
    GreetingEnded,
    LegEnded,
    PlaybackFinished,
    PlaybackResult,
    PlaybackStarted,
    RecordingFinished,
    SilenceHeard,
    Unbridged,
)
from ringcast.protocols.sdp import SdpError
from ringcast.protocols.sip.agent_events import (
    Acked,
    Answered,
    CallEvent,
    Ended,
    Failed,
    Info,
    InfoAnswered,
    Provisional,
    RemoteOffer,
    Trying,
)
from ringcast.protocols.sip.message import Request
from ringcast.useragent import Call, OutgoingCall

__all__ = ["DIGIT_GAP_MS", "DIGIT_MS", "LiveLeg", "Surroundings"]

log = logging.getLogger(__name__)

_NOT_ACCEPTABLE_HERE: Final = 488
_PTIMES_MS: Final = (
    20,
    40,
    60,
)  # what media workers send; other wishes may be ignored (RFC 4566 6)
_USUAL_PTIME_MS: Final = 20
_OUR_FAULT: Final = "a fault in the voice engine ended the call: see the log"
_WORKER_LOST: Final = "the media worker that carried the call was lost; another takes its place"

DIGIT_MS: Final = 100
"""How long a digit we send lasts."""
DIGIT_GAP_MS: Final = 60
"""How long it is silent after it."""
_LONGEST_DIGIT_MS: Final = 2000
"""How long a key that is passed on is held at most: nobody hears anything else meanwhile."""

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all legs of an engine share."""

    clock: Clock
    loop: asyncio.AbstractEventLoop
    media: MediaPool
    sink: EventSink
    on_ended: Callable[[AttemptId], None]
    """Called once with each leg that has ended, before its LegEnded."""
    on_silenced: Callable[[AttemptId], None]
    """Called with each leg whose stream is closed or lost."""
    on_digit: Callable[[AttemptId, str, timedelta], None]
    """Called with each key pressed on a leg."""

    def now(self) -> Moment:
        return Moment(self.clock.monotonic(), self.clock.now())


class LiveLeg:
    """A leg from its beginning to its LegEnded; its number is also that of its media stream."""

    __slots__ = (
        "_around",
        "_awaits_digits_sent",
        "_call",
        "_has_credentials",
        "_info_digits",
        "_is_acting",
        "_negotiation",
        "_timer",
        "_timer_at",
        "id",
        "is_heard",
        "leg",
        "lost",
        "peer",
    )

    def __init__(
        self,
        leg: AttemptId,
        around: Surroundings,
        *,
        peer: str,
        ring_timeout: timedelta,
        max_length: timedelta,
        has_credentials: bool = False,
    ) -> None:
        """`peer` is what reasons call the far end: "trunk 192.0.2.1:5060"."""
        self.id = leg
        self.peer = peer
        self.leg = Leg(leg, peer=peer, ring_timeout=ring_timeout, max_length=max_length)
        self.is_heard = False
        """Whether media of the far end has ever come."""
        self.lost: str | None = None
        """Why the leg came to nothing before its INVITE left."""
        self._around = around
        self._call: Call | None = None
        self._has_credentials = has_credentials
        self._negotiation: Negotiation | None = None
        self._info_digits: InfoDigitSender | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._is_acting = False
        self._awaits_digits_sent = False

    # Requests

    def begin(self, call: OutgoingCall, negotiation: Negotiation) -> None:
        """The INVITE with the offer of `negotiation` is on its way."""
        self._call = call
        self._negotiation = negotiation
        call.answer_offer = self.answer_offer
        self.leg.invite_sent(now=self._around.now())
        self._act()

    def give_up(self, why: str) -> None:
        """Abandon a leg whose INVITE has not left: `originate` reports it."""
        self.lost = why
        self.leg.abandon()

    def hang_up(self, reason: str) -> None:
        """End the leg."""
        if self.leg.state is LegState.NEW:
            self.give_up(f"the call was ended before its INVITE left ({reason})")
        else:
            self.leg.hang_up(reason, now=self._around.now())
            self._act()

    def send_digits(self, digits: str) -> None:
        """Send digits as telephone events, or in SIP INFO to a far end that takes none."""
        self._send_digits(digits, duration_ms=DIGIT_MS, reports=True)

    def pass_on_digit(self, digit: str, held: timedelta) -> None:
        """Send a key that was pressed on a leg this one is bridged to; it is not reported."""
        duration_ms = round(held.total_seconds() * 1000)
        duration_ms = min(max(duration_ms, DIGIT_MS), _LONGEST_DIGIT_MS)
        self._send_digits(digit, duration_ms=duration_ms, reports=False)

    def _send_digits(self, digits: str, *, duration_ms: int, reports: bool) -> None:
        assert self._negotiation is not None
        assert self._call is not None
        if self._negotiation.takes_telephone_events:
            self._awaits_digits_sent |= reports
            send = self._around.media.send_digits
            self.command(send, self.id, digits, duration_ms=duration_ms, gap_ms=DIGIT_GAP_MS)
            return
        if self._info_digits is None:
            self._info_digits = InfoDigitSender(
                self._call, loop=self._around.loop, on_sent=self._digits_sent
            )
        self._info_digits.send(digits, reports=reports)

    def unbridged(self, other: AttemptId) -> None:
        """Report that another leg is not heard any more."""
        self.leg.media_event(Unbridged(leg=self.id, at=self._around.now().utc, other=other))
        self._act()

    def playback_failed(self, playback: int) -> None:
        """Report a playback that could not begin."""
        now = self._around.now()
        self.leg.media_event(
            PlaybackFinished(
                leg=self.id,
                at=now.utc,
                playback=playback,
                result=PlaybackResult.FAILED,
                played=timedelta(),
            )
        )
        self._act()

    # SIP

    def on_sip_event(self, event: CallEvent) -> None:
        """Take what happened to the call."""
        now = self._around.now()
        try:
            self._take_sip_event(event, now)
        except Exception:  # a bug must not leave the far end in a call that nobody looks after
            log.exception("sip event failed", extra={"leg": self.id})
            self.leg.fail(_OUR_FAULT, now=now)
        self._act()

    def _take_sip_event(self, event: CallEvent, now: Moment) -> None:
        if isinstance(event, Provisional):
            early = bool(event.body) and self._agree(event.body) is None
            self.leg.provisional(event.status, early_media=early, now=now)
        elif isinstance(event, Answered):
            self._answered(event, now)
        elif isinstance(event, Failed):
            verdict = verdict_on_failure(
                event, peer=self.peer, has_credentials=self._has_credentials
            )
            self.leg.refused(verdict, now=now)
        elif isinstance(event, Ended):
            self.leg.dialog_ended(verdict_on_end(event, peer=self.peer), now=now)
        elif isinstance(event, Trying):
            self.leg.peer_responded()
        elif isinstance(event, Info):
            self._info_received(event, now)
        elif isinstance(event, InfoAnswered):
            if self._info_digits is not None:
                self._info_digits.answered(event.status)
        elif isinstance(event, Acked):
            self._answer_in_ack(event, now)
        elif isinstance(event, RemoteOffer) and self._call is not None:
            # `answer_offer` could not answer it: the session stays as it was (RFC 3261 14.2).
            self._call.reject_offer(_NOT_ACCEPTABLE_HERE)

    def answer_offer(self, request: Request) -> bytes | None:
        """Answer a re-INVITE or UPDATE of the far end: hold, resume, another address."""
        negotiation = self._negotiation
        if negotiation is None or not self.leg.is_live:
            return None
        if not request.body:
            return negotiation.offer()  # the answer comes in the ACK (RFC 3261 13.2.1)
        try:
            answer = negotiation.answer(request.body)
            self._connect(negotiation)
        except (SdpError, MediaError, ValueError) as exc:
            log.info("offer refused", extra={"leg": self.id, "why": str(exc)})
            return None
        return answer

    def _answered(self, event: Answered, now: Moment) -> None:
        negotiation = self._negotiation
        assert negotiation is not None
        if event.body or negotiation.agreed is None:
            why = self._agree(event.body)
            if why is not None:
                self.leg.answered_incompatibly(why, now=now)
                return
        self.leg.answered(now=now)

    def _answer_in_ack(self, event: Acked, now: Moment) -> None:
        why = self._agree(event.body)
        if why is not None:
            reason = f"{self.peer} answered our offer with what we cannot use: {why}"
            self.leg.hang_up(reason, now=now)

    def _agree(self, body: bytes) -> str | None:
        """Take the answer to our offer and connect the stream; return why it cannot be used."""
        negotiation = self._negotiation
        assert negotiation is not None
        if not body:
            return "it carries no session description"
        try:
            if negotiation.take_answer(body):
                self._connect(negotiation)
        except (SdpError, MediaError) as exc:
            return str(exc)
        except ValueError as exc:  # a host name, or a port that is none, in its description
            return str(exc)
        return None

    def _connect(self, negotiation: Negotiation) -> None:
        agreed = negotiation.agreed
        assert agreed is not None
        self._around.media.connect(
            self.id,
            remote=(agreed.remote_address, agreed.remote_port),
            payload_type=agreed.payload_type,
            codec=cast(Codec, agreed.codec),
            receive_payload_types=cast("Mapping[int, Codec]", agreed.receive_payload_types),
            event_payload_type=agreed.telephone_event_to_send,
            receive_event_payload_type=agreed.telephone_event_to_receive,
            send=agreed.direction.sends,
            receive=agreed.direction.receives,
            ptime_ms=agreed.ptime_ms if agreed.ptime_ms in _PTIMES_MS else _USUAL_PTIME_MS,
        )

    def _info_received(self, event: Info, now: Moment) -> None:
        read = read_info_digit(event.content_type, event.body)
        if read is not None:
            digit, duration = read
            self.leg.media_event(
                DigitReceived(leg=self.id, at=now.utc, digit=digit, duration=duration)
            )
            self._around.on_digit(self.id, digit, duration)

    def _digits_sent(self) -> None:
        self.leg.media_event(DigitsSent(leg=self.id, at=self._around.now().utc))
        self._act()

    # Media

    def on_media_event(self, event: MediaEvent) -> None:
        """Take what happened to the stream."""
        now = self._around.now()
        # The worker's clock is our monotonic one: say what the time of day was back then.
        at = now.utc - timedelta(seconds=now.monotonic - event.at)
        leg = self.leg
        if isinstance(event, media.PlaybackStarted):
            leg.media_event(PlaybackStarted(leg=self.id, at=at, playback=event.playback))
        elif isinstance(event, media.PlaybackFinished):
            if event.error is not None:
                log.warning("playback failed", extra={"leg": self.id, "why": event.error})
            leg.media_event(
                PlaybackFinished(
                    leg=self.id,
                    at=at,
                    playback=event.playback,
                    result=PlaybackResult(event.reason),
                    played=timedelta(milliseconds=event.played_ms),
                )
            )
        elif isinstance(event, media.DigitReceived):
            held = timedelta(milliseconds=event.duration_ms)
            leg.media_event(DigitReceived(leg=self.id, at=at, digit=event.digit, duration=held))
            if not event.is_tone:  # a leg it is bridged to hears tones as they are
                self._around.on_digit(self.id, event.digit, held)
        elif isinstance(event, media.FirstPacketReceived):
            self.is_heard = True
        elif isinstance(event, media.DigitsSent):
            if self._awaits_digits_sent:
                self._awaits_digits_sent = False
                leg.media_event(DigitsSent(leg=self.id, at=at))
        elif isinstance(event, media.AnswerClassified):
            leg.media_event(
                AnswerClassified(
                    leg=self.id,
                    at=at,
                    kind=AnswerKind(event.kind),
                    after=timedelta(seconds=event.seconds),
                    reason=event.reason,
                    confidence=event.confidence,
                )
            )
        elif isinstance(event, media.AnswerLeaning):
            leg.media_event(
                AnswerLeaning(
                    leg=self.id,
                    at=at,
                    kind=AnswerKind(event.kind),
                    after=timedelta(seconds=event.seconds),
                    confidence=event.confidence,
                )
            )
        elif isinstance(event, media.GreetingEnded):
            leg.media_event(GreetingEnded(leg=self.id, at=at, beep=event.beep))
        elif isinstance(event, media.SilenceHeard):
            length = timedelta(seconds=event.seconds)
            leg.media_event(SilenceHeard(leg=self.id, at=at, length=length))
        elif isinstance(event, media.RecordingFinished):
            self._recorded(event, now=now)
        elif isinstance(event, media.RtpTimeout):
            if self._negotiation is not None and not self._negotiation.is_on_hold:
                leg.media_silent(timedelta(seconds=event.seconds), now=now)
        elif isinstance(event, media.StreamFailed):
            log.warning("media command failed", extra={"leg": self.id, "why": event.reason})
        self._act()

    def command(self, command: Callable[_P, None], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Give the stream a command; if its worker is gone, so is the leg."""
        try:
            command(*args, **kwargs)
        except media.UnknownStream:
            self.lose_media()

    def lose_media(self) -> None:
        """The worker with the stream is gone."""
        if self.leg.state is LegState.NEW:
            self.give_up(_WORKER_LOST)
        else:
            self.leg.media_lost(_WORKER_LOST, now=self._around.now())
            self._around.on_silenced(self.id)
            self._act()

    def _recorded(self, event: media.RecordingFinished, *, now: Moment) -> None:
        if event.error is not None:
            log.error("recording failed", extra={"leg": self.id, "why": event.error})
            self.leg.recording_failed(event.recording, now=now)
            return
        self.leg.recording_finished(
            RecordingFinished(
                leg=self.id,
                at=now.utc,
                recording=event.recording,
                path=Path(event.path),
                length=timedelta(seconds=event.seconds),
            ),
            now=now,
        )

    # Acting

    def _act(self) -> None:
        if self._is_acting:
            return  # an action made SIP report something at once: the loop below goes on with it
        self._is_acting = True
        try:
            while actions := self.leg.actions():
                for action in actions:
                    if isinstance(action, Report):
                        self._report(action)
                    elif isinstance(action, CloseMedia):
                        self._close_stream()
                        self._around.on_silenced(self.id)
                    elif self._call is not None:
                        self._do(action)
        finally:
            self._is_acting = False
        if self.leg.deadline != self._timer_at:
            self._set_timer()

    def _do(self, action: Action) -> None:
        """Do what concerns SIP."""
        assert self._call is not None
        if isinstance(action, SendBye):
            self._call.bye(cause=action.q850)
        elif isinstance(action, SendCancel):
            assert isinstance(self._call, OutgoingCall)
            self._call.cancel()

    def _report(self, report: Report) -> None:
        if isinstance(report.event, LegEnded):
            self._release()
            self._around.on_ended(self.id)
        try:
            self._around.sink(report.event)
        except Exception:  # a bug above must not end the calls of others, nor this one halfway
            log.exception("event sink failed", extra={"leg": self.id})

    def _close_stream(self) -> None:
        try:
            self._around.media.close_stream(self.id)
        except MediaError as exc:  # gone with its worker, whose loss is being reported
            log.info("stream not closed", extra={"leg": self.id, "why": str(exc)})

    def _release(self) -> None:
        if self._info_digits is not None:
            self._info_digits.stop()
        if self._call is not None:  # SIP may have work left on the call; we have none
            self._call.on_event = None
            self._call.answer_offer = None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = deadline = self.leg.deadline
        if deadline is not None:
            wait = max(0.0, deadline - self._around.clock.monotonic())
            self._timer = self._around.loop.call_later(wait, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = self._timer_at = None
        self.leg.handle_timer(now=self._around.now())
        self._act()
