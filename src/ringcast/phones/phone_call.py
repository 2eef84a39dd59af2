"""One call at one phone: does what its behaviour says, and tells it what happens.

The shell around `behaviour.Behaviour`: SIP by `useragent`, sound by `phone_media`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringcast.media import messages as media
from ringcast.phones.behaviour import Action, Behaviour
from ringcast.phones.calls import CallOutcome, CallRecord, WhoEnded
from ringcast.phones.dtmf_info import DTMF_RELAY, read_digit, relay_body
from ringcast.phones.phone_media import MediaDesk, MediaImpossible, PhoneMedia
from ringcast.phones.plan import Phone
from ringcast.phones.reinvite import Reinviter
from ringcast.phones.steps import (
    Answer,
    Early,
    Fax,
    HangUp,
    Hold,
    Impair,
    Message,
    Press,
    PressBy,
    Refuse,
    Resume,
    Ring,
    Ringback,
    Say,
    Tone,
)
from ringcast.ports.clock import Clock
from ringcast.protocols.sdp import SdpError
from ringcast.protocols.sip import agent_events as sip
from ringcast.protocols.sip.agent_session_base import ActionNotPossible
from ringcast.protocols.sip.message import Request
from ringcast.useragent import IncomingCall

__all__ = ["PhoneCall", "Switchroom"]

log = logging.getLogger(__name__)

RING_LIMIT: Final = 300.0
"""Who has neither cancelled nor been answered after so many seconds is gone: refused with 480."""
INCOMPATIBLE: Final = 88
"""Cause of Q.850 for a session nobody can agree on; 488 in SIP (RFC 3398)."""
_HEARD: Final = (Say, Tone, Ringback, Fax, Press)
_WITH_MEDIA: Final = (Early, Answer, Impair, *_HEARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchroom:
    """What all calls of a carrier share."""

    desk: MediaDesk
    clock: Clock
    folder: Path
    """Where recordings are written."""
    keeps_recordings: bool
    """Whether they stay there; else they serve to hear the message begin, and are removed."""
    on_finished: Callable[[PhoneCall], None]
    """Called once per call, when its record is complete."""


class PhoneCall:
    """A phone from INVITE to end; `record` is complete when `on_finished` is called."""

    def __init__(
        self,
        call: IncomingCall,
        *,
        room: Switchroom,
        phone: Phone,
        record: CallRecord,
        stream: int,
        file_name: str,
    ) -> None:
        """`stream` is the number its media will have; `file_name` that of its recording."""
        self.record = record
        self.stream = stream
        self._call = call
        self._room = room
        self._phone = phone
        self._path = room.folder / file_name
        self._behaviour = Behaviour(phone.steps)
        self._media = PhoneMedia(
            room.desk, stream, peer=call.source.host, is_impaired=self._has_step(Impair)
        )
        self._loop = asyncio.get_running_loop()
        self._todo: deque[Action] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._body = b""
        """Our description for 183 and 200."""
        self._is_performing = False
        self._is_acked = False
        self._is_ended = False
        self._is_complete = False
        self._reinviter: Reinviter | None = None

    def start(self) -> None:
        """Begin the script."""
        self._call.on_event = self._on_sip_event
        if self._has_step(Early) or self._has_step(Answer):
            self._opening = self._loop.create_task(self._open_media())
        self._limit = self._loop.call_later(RING_LIMIT, self._ring_no_longer)
        self._behaviour.start(now=self._loop.time())
        self._perform()

    @property
    def opening(self) -> asyncio.Task[None] | None:
        """The task that opens the media, while it runs: to be awaited before the loop ends."""
        return self._opening

    def hang_up(self) -> None:
        """End the call because the carrier stops."""
        reason = "the carrier stops"
        if self._is_ended:
            return
        if self.record.answered_at is None:
            self._end(CallOutcome.REFUSED, WhoEnded.CARRIER, status=503, reason=reason)
            self._call.reject(503)
        else:
            self._end(CallOutcome.ANSWERED, WhoEnded.CARRIER, reason=reason)
            self._call.bye()

    def lose_media(self) -> None:
        """Take the news that the media worker died with this call's stream."""
        self._fail("the media worker died")
        self._complete()

    def complete_now(self) -> None:
        """Finish the record with what is known; no event of the media is waited for."""
        self.hang_up()
        self._complete()

    def on_media_event(self, event: media.StreamEvent) -> None:
        """Take what the media worker reports of this call's stream."""
        match event:
            case media.PlaybackFinished():
                self._on_playback_finished(event)
            case media.DigitReceived():
                self.record.digits_heard += event.digit
            case media.DigitsSent():
                self._behaviour.digits_sent(now=event.at)
            case media.FirstPacketReceived():
                self._media.first_packet_at = event.at
            case media.RtpTimeout():
                self._on_silence(event.seconds)
            case media.RecordingFinished():
                self.record.recorded_seconds = round(event.seconds, 3)
                self.record.reason = self.record.reason or event.error or ""
            case media.StreamFailed():
                self._fail(event.reason)
            case media.StreamClosed():
                self._media.stats = event.stats
                self._complete()
            case media.PlaybackStarted() | media.RtpResumed():
                return
        self._perform()

    def _has_step(self, kind: type[object]) -> bool:
        return any(isinstance(step, kind) for step in self._phone.steps)

    # What happens

    async def _open_media(self) -> None:
        try:
            await self._media.open()
        except MediaImpossible as exc:
            log.warning(
                "no media for a call", extra={"call_id": self.record.call_id, "why": str(exc)}
            )
            self._refuse(503, str(exc))
        self._opening = None
        session, offer = self._media.session, self._call.request.body
        if self._is_ended or session is None:
            self._close_media()
            return
        try:
            # Without an offer ours is in the 200, and the answer to it in the ACK.
            self._body = session.answer(offer) if offer else session.offer()
        except SdpError as exc:
            self._refuse(488, str(exc))
        self._perform()

    def _on_playback_finished(self, event: media.PlaybackFinished) -> None:
        if event.error is not None:
            log.warning("a sound was not played", extra={"why": event.error})
        if event.playback != self._media.playback or event.reason == "stopped":
            return
        if event.playback == self._media.digits_as_tones:
            self._behaviour.digits_sent(now=event.at)
        else:
            self._behaviour.sound_finished(now=event.at)

    def _on_unheard(self, playback: int) -> None:
        if playback == self._media.playback:
            self._behaviour.sound_finished(now=self._loop.time())
            self._perform()

    def _on_first_sound(self, at: float) -> None:
        self.record.message_monotonic = at
        self._behaviour.message_heard(now=at)
        self._perform()

    def _on_silence(self, seconds: float) -> None:
        if self.record.answered_at is None or self._is_ended:
            return
        reason = f"nothing was heard from the caller for {seconds:.0f} s"
        self._end(CallOutcome.ANSWERED, WhoEnded.CARRIER, reason=reason)
        self._call.bye()

    def _on_sip_event(self, event: sip.CallEvent) -> None:
        match event:
            case sip.Acked():
                self._is_acked = True
                if event.body:
                    self._take_answer(event.body)
            case sip.Cancelled():
                self._end(CallOutcome.CANCELLED, WhoEnded.CALLER, status=487)
            case sip.Ended(by_remote=True, is_transport_error=False):
                self._end(CallOutcome.ANSWERED, WhoEnded.CALLER)
            case sip.Ended():
                reason = "the caller is gone: it no longer answers, or never sent the ACK"
                self._end(CallOutcome.FAILED, WhoEnded.CARRIER, reason=reason)
            case sip.Info():
                self.record.digits_heard += read_digit(event.content_type, event.body) or ""
            case sip.RemoteOffer():  # `_answer_offer` could not answer it
                self._call.reject_offer(488)
            case sip.OfferAnswered():
                self._take_answer(event.body)
                self._behaviour.reinvite_finished(now=self._loop.time())
            case sip.OfferRefused():
                self.record.reason = f"a re-INVITE was refused with {event.status}"
                self._behaviour.reinvite_finished(now=self._loop.time())
            case _:
                return
        self._perform()

    def _take_answer(self, body: bytes) -> None:
        """Take the caller's answer to an offer of ours."""
        session = self._media.session
        if session is None or self._is_ended:
            return
        try:
            session.take_answer(body)
        except SdpError as exc:
            self._fail(str(exc))
        else:
            self._connect()

    def _answer_offer(self, request: Request) -> bytes | None:
        """Answer a re-INVITE of the caller; None makes a RemoteOffer, which is refused."""
        session = self._media.session
        assert session is not None  # the call is answered
        if not request.body:
            return session.offer()
        try:
            body = session.answer(request.body)
        except SdpError:
            return None
        self._connect()
        return body

    def _connect(self) -> bool:
        """Let media flow as agreed; False if it cannot, or not yet."""
        try:
            if self._is_ended or not self._media.connect():
                return False
        except MediaImpossible as exc:
            self._fail(str(exc))
            return False
        self.record.codec = self._media.codec
        self._start_recording()
        return True

    def _start_recording(self) -> None:
        """Record from the answer on, as soon as media flows."""
        waits = self._has_step(Message)
        keeps = self._room.keeps_recordings and self._phone.record
        if (
            self._media.recording is not None
            or not self._media.is_connected
            or self.record.answered_at is None
            or not (waits or keeps)
        ):
            return
        self._media.record(self._path, on_first_sound=self._on_first_sound if waits else None)
        self.record.recording = self._path.name if keeps else None

    # Doing what the behaviour says

    def _perform(self) -> None:
        """Do all actions that can be done by now, and set the timer for what comes later."""
        if self._is_performing or self._is_ended:
            return  # the loop below goes on with it
        self._is_performing = True
        try:
            while not self._is_ended:
                self._todo.extend(self._behaviour.actions())
                if not self._todo or not self._can_be_done(self._todo[0]):
                    break
                self._do(self._todo.popleft())
        finally:
            self._is_performing = False
        self._set_timer()

    def _can_be_done(self, action: Action) -> bool:
        if isinstance(action, _WITH_MEDIA) and self._media.session is None:
            return False  # the stream is being opened
        if isinstance(action, (Hold, Resume)):
            return self._is_acked
        # After an answer without an offer: where to send is said in the ACK.
        is_waiting = self.record.answered_at is not None and not self._media.is_connected
        return not (is_waiting and isinstance(action, _HEARD))

    def _do(self, action: Action) -> None:
        match action:
            case Ring():
                self._note_ringing()
                self._call.ring()
            case Early():
                self._note_ringing()
                if self._connect():
                    self._call.progress(self._body)
                elif not self._is_ended:
                    self._call.ring()  # a 183 may not bring an offer without PRACK (RFC 3262, 5)
            case Answer():
                self._answer()
            case Refuse(status, reason):
                self._end(CallOutcome.REFUSED, WhoEnded.PHONE, status=status)
                self._call.reject(status, reason=reason)
            case HangUp():
                self._end(CallOutcome.ANSWERED, WhoEnded.PHONE)
                self._call.bye()
            case Press():
                self.record.digits_pressed += action.digits
                self._press(action)
            case Hold() | Resume():
                self._reinvite(hold=isinstance(action, Hold))
            case Impair():
                self._media.impair(action)
            case _:
                self._media.play(action, on_unheard=self._on_unheard)

    def _note_ringing(self) -> None:
        if self.record.ringing_at is None:
            self.record.ringing_at = self._room.clock.now()
            self.record.ringing_monotonic = self._loop.time()

    def _answer(self) -> None:
        if self._call.request.body and not self._connect():
            return
        self.record.status = 200
        self.record.answered_at = self._room.clock.now()
        self.record.answered_monotonic = self._loop.time()
        if self._limit is not None:
            self._limit.cancel()
        self._start_recording()
        self._call.answer_offer = self._answer_offer
        self._call.answer(self._body)

    def _press(self, press: Press) -> None:
        if press.by is PressBy.INFO:
            with contextlib.suppress(ActionNotPossible):
                self._call.info(relay_body(press.digits), content_type=DTMF_RELAY)
            return
        self._media.press(press, on_unheard=self._on_unheard)
        if self._media.digits_as_tones:
            self.record.reason = "the caller takes no telephone events: tones were sent"

    def _reinvite(self, *, hold: bool) -> None:
        session = self._media.session
        assert session is not None  # the call is answered
        if self._reinviter is None:
            self._reinviter = Reinviter(
                self._call,
                session,
                on_given_up=lambda: self._fail("no re-INVITE could be sent: one stayed open"),
            )
        self._reinviter.send(hold=hold)

    # Time

    def _set_timer(self) -> None:
        due = None if self._is_ended else self._behaviour.next_timer()
        if self._timer is not None:
            if due == self._timer.when():
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        # A loop of whole milliseconds may be a hair early by its own clock.
        self._behaviour.handle_timer(now=self._loop.time() + 0.001)
        self._perform()

    def _ring_no_longer(self) -> None:
        self._refuse(480, f"rang for {RING_LIMIT:.0f} s")

    # The end

    def _refuse(self, status: int, reason: str) -> None:
        """Refuse a call that cannot go on as its script says."""
        if not self._is_ended:
            self._end(CallOutcome.FAILED, WhoEnded.CARRIER, status=status, reason=reason)
            self._call.reject(status)

    def _fail(self, reason: str) -> None:
        """End a call that cannot go on, before or after its answer."""
        if not self._is_ended:
            self._end(CallOutcome.FAILED, WhoEnded.CARRIER, status=488, reason=reason)
            self._call.reject(488)  # does nothing once answered
            self._call.bye(cause=INCOMPATIBLE)  # does nothing once refused

    def _end(
        self, outcome: CallOutcome, by: WhoEnded, *, status: int | None = None, reason: str = ""
    ) -> None:
        """Note how the call ended, once, and let go of the media.

        Comes before the SIP action that ends it: the agent may report the end from inside that.
        """
        if self._is_ended:
            return
        self._is_ended = True
        record = self.record
        record.outcome, record.ended_by = outcome, by
        record.status = record.status or status
        record.reason = reason or record.reason
        record.ended_at = self._room.clock.now()
        record.ended_monotonic = self._loop.time()
        self._behaviour.ended()
        self._todo.clear()
        if self._reinviter is not None:
            self._reinviter.stop()
        for timer in (self._timer, self._limit):
            if timer is not None:
                timer.cancel()
        if self._opening is None:
            self._close_media()  # else as soon as it is open

    def _close_media(self) -> None:
        """Close the stream; its StreamClosed completes the record."""
        if not self._media.close():
            self._complete()

    def _complete(self) -> None:
        if self._is_complete:
            return
        self._is_complete = True
        self._media.stop()
        self.record.rtp = self._media.figures(answered_at=self.record.answered_monotonic)
        if self._media.recording is not None and self.record.recording is None:
            self._media.recording.unlink(missing_ok=True)
        self._room.on_finished(self)
