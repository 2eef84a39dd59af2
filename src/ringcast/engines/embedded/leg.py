"""The life of one leg: what SIP, media and requests do to it, with no I/O.

Inputs are methods that take the moment; `actions` gives what must be done now and `deadline` when
to call `handle_timer`. Whatever happens in whatever order, exactly one LegEnded comes out, last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, NamedTuple, TypeAlias

from ringcast.domain.ids import AttemptId
from ringcast.ports.engine import (
    EngineEvent,
    LegAnswered,
    LegEnded,
    LegRinging,
    RecordingFinished,
    WhoEnded,
)

__all__ = [
    "Action",
    "CloseMedia",
    "Leg",
    "LegState",
    "Moment",
    "Report",
    "SendAnswer",
    "SendBye",
    "SendCancel",
    "SendRefusal",
    "Verdict",
]

CANCEL_WAIT: Final = 4.0
"""Seconds to wait for the final answer that a CANCEL brings about (487, or a 200 that crossed)."""
RECORDING_WAIT: Final = 3.0
"""Seconds to wait for the media worker to complete the recordings of a leg that ends."""

NORMAL_CLEARING: Final = 16  # Q.850
NO_ANSWER: Final = 19
TEMPORARY_FAILURE: Final = 41
INCOMPATIBLE: Final = 88


class LegState(Enum):
    """Where a leg is; ENDING has its verdict and waits for the far end or for recordings.

    A call that comes to us is RINGING from its beginning until we answer it.
    """

    NEW = auto()
    INVITING = auto()
    RINGING = auto()
    ANSWERED = auto()
    ENDING = auto()
    ENDED = auto()


_NEXT: Mapping[LegState, frozenset[LegState]] = {
    LegState.NEW: frozenset({LegState.INVITING, LegState.RINGING, LegState.ENDED}),
    LegState.INVITING: frozenset({LegState.RINGING, LegState.ANSWERED, LegState.ENDING}),
    LegState.RINGING: frozenset({LegState.ANSWERED, LegState.ENDING}),
    LegState.ANSWERED: frozenset({LegState.ENDING}),
    LegState.ENDING: frozenset({LegState.ENDED}),
    LegState.ENDED: frozenset(),
}
_UNANSWERED: Final = frozenset({LegState.INVITING, LegState.RINGING})
_LIVE: Final = frozenset({LegState.INVITING, LegState.RINGING, LegState.ANSWERED})


class Moment(NamedTuple):
    """One instant on both clocks: monotonic seconds for deadlines, aware UTC for events."""

    monotonic: float
    utc: datetime


@dataclass(frozen=True, slots=True)
class SendCancel:
    """Cancel the INVITE; a 200 that crosses is acknowledged and followed by BYE."""


@dataclass(frozen=True, slots=True)
class SendBye:
    """End the dialog, with this Q.850 cause in Reason (RFC 3326)."""

    q850: int


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """Connect the stream and accept the call that came to us with 200."""


@dataclass(frozen=True, slots=True)
class SendRefusal:
    """Refuse the call that came to us with this SIP status."""

    status: int


@dataclass(frozen=True, slots=True)
class CloseMedia:
    """Close the media stream; its recordings are completed on the way."""


@dataclass(frozen=True, slots=True)
class Report:
    """Hand the event to the sink of the engine."""

    event: EngineEvent


Action: TypeAlias = SendCancel | SendBye | SendAnswer | SendRefusal | CloseMedia | Report

_CANCEL: Final = SendCancel()
_CLOSE_MEDIA: Final = CloseMedia()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a leg ended: LegEnded without its time."""

    by: WhoEnded
    reason: str
    sip_status: int | None = None
    q850: int | None = None
    ring_timed_out: bool = False
    failed: bool = False


class Leg:
    """The state machine of one leg.

    After any input, do what `actions` returns, in order, and set the one timer to `deadline`.
    """

    __slots__ = (
        "_actions",
        "_early_media",
        "_is_inbound",
        "_max_length",
        "_media_open",
        "_peer",
        "_peer_responded",
        "_picked_up",
        "_recordings",
        "_ring_timeout",
        "_sip_over",
        "_state",
        "_verdict",
        "deadline",
        "id",
    )

    def __init__(
        self, leg: AttemptId, *, peer: str, ring_timeout: timedelta, max_length: timedelta
    ) -> None:
        """`peer` names the far end in reasons: "trunk 192.0.2.1:5060"."""
        self.id = leg
        self.deadline: float | None = None
        """Monotonic seconds at which `handle_timer` is due, or None."""
        self._peer = peer
        self._ring_timeout = ring_timeout
        self._max_length = max_length
        self._state = LegState.NEW
        self._actions: list[Action] = []
        self._early_media = False
        self._is_inbound = False
        self._peer_responded = False
        self._picked_up = False
        self._media_open = True
        self._recordings: set[int] = set()
        self._sip_over = False
        self._verdict: Verdict | None = None

    @property
    def state(self) -> LegState:
        """Where the leg is."""
        return self._state

    @property
    def is_live(self) -> bool:
        """Whether it is worth acting on: neither ending nor ended."""
        return self._state in _LIVE

    def actions(self) -> list[Action]:
        """Return what must be done now, in order, and forget it."""
        actions, self._actions = self._actions, []
        return actions

    # Requests

    def hang_up(self, reason: str, *, now: Moment) -> None:
        """End the leg because somebody here asked for it."""
        self._end_locally(Verdict(by=WhoEnded.LOCAL, reason=reason, q850=NORMAL_CLEARING), now=now)

    def recording_started(self, recording: int) -> None:
        """A recording was asked for: the end of the leg waits for its file."""
        if self.is_live:
            self._recordings.add(recording)

    def abandon(self) -> None:
        """Give up a leg whose INVITE was not sent: nothing is reported of it."""
        self._move_to(LegState.ENDED)

    # A call that comes to us

    def offered(self, *, now: Moment) -> None:
        """Somebody calls us, and waits to be answered."""
        self._is_inbound = self._peer_responded = True
        self._move_to(LegState.RINGING)
        self.deadline = now.monotonic + self._ring_timeout.total_seconds()

    def pick_up(self) -> None:
        """Answer; `connected` follows when there is a session. Nothing if it is not ringing."""
        if self._is_inbound and self._state is LegState.RINGING and not self._picked_up:
            self._picked_up = True
            self._actions.append(SendAnswer())

    def connected(self, *, now: Moment) -> None:
        """Both sides know where the other's audio goes."""
        if self._picked_up and self._state is LegState.RINGING:
            self._talk(now)

    def refuse(self, status: int, reason: str, *, now: Moment, by: WhoEnded) -> None:
        """Turn the caller away, who has not been answered."""
        if self._is_inbound and self._state is LegState.RINGING:
            self._turn_away(Verdict(by=by, sip_status=status, reason=reason), now=now)

    # What SIP reports

    def invite_sent(self, *, now: Moment) -> None:
        """The INVITE is on its way: the time to ring runs."""
        self._move_to(LegState.INVITING)
        self.deadline = now.monotonic + self._ring_timeout.total_seconds()

    def peer_responded(self) -> None:
        """The next hop has the INVITE (100): whatever comes, the peer is there."""
        self._peer_responded = True

    def provisional(self, status: int, *, early_media: bool, now: Moment) -> None:
        """A 1xx came; `early_media` if a usable description came with it."""
        self._peer_responded = True
        if self._state not in _UNANSWERED:
            return
        first = self._state is LegState.INVITING
        # 181 and 182 say that the call is on its way somewhere, not that anybody's phone rings.
        if status != 180 and not early_media:
            return
        if first:
            self._move_to(LegState.RINGING)
        if first or (early_media and not self._early_media):
            self._early_media = self._early_media or early_media
            self._report(LegRinging(leg=self.id, at=now.utc, early_media=early_media))

    def answered(self, *, now: Moment) -> None:
        """A 2xx came that we can talk to."""
        self._peer_responded = True
        if self._state in _UNANSWERED:
            self._talk(now)
        elif self._state is LegState.ENDING and not self._sip_over:
            self._answer_crossed_cancel(now)

    def answered_incompatibly(self, why: str, *, now: Moment) -> None:
        """A 2xx came whose description we cannot use: it is acknowledged, then ended."""
        self._peer_responded = True
        if self._state in _UNANSWERED:
            self._actions.append(SendBye(INCOMPATIBLE))
            self._sip_over = True
            reason = f"{self._peer} answered with a description we cannot use: {why}"
            verdict = Verdict(by=WhoEnded.ENGINE, sip_status=488, q850=INCOMPATIBLE, reason=reason)
            self._end(verdict, now=now)
        elif self._state is LegState.ENDING and not self._sip_over:
            self._answer_crossed_cancel(now)

    def refused(self, verdict: Verdict, *, now: Moment) -> None:
        """The INVITE failed: a final response of 300 or above, or none could be had."""
        self._peer_responded = True
        if self._state is LegState.ENDING and self._verdict is not None and not self._sip_over:
            # What we asked for stands; the final response only says how it came out.
            self._verdict = replace(self._verdict, sip_status=verdict.sip_status)
            self._sip_over = True
            self._settle(now)
        elif self._state in _UNANSWERED:
            self._sip_over = True
            self._end(verdict, now=now)

    def dialog_ended(self, verdict: Verdict, *, now: Moment) -> None:
        """A BYE came, or the dialog broke."""
        if self.is_live:
            self._sip_over = True
            self._end(verdict, now=now)
        elif self._state is LegState.ENDING:
            self._sip_over = True
            self._settle(now)

    # What media reports

    def media_event(self, event: EngineEvent) -> None:
        """A playback, a digit: reported while the leg lives."""
        if self.is_live:
            self._report(event)

    def recording_finished(self, event: RecordingFinished, *, now: Moment) -> None:
        """A file is complete; the last one may release the end of the leg."""
        self._recordings.discard(event.recording)
        if self._state is not LegState.ENDED:
            self._report(event)
        self._settle(now)

    def recording_failed(self, recording: int, *, now: Moment) -> None:
        """A recording will never be complete: the end of the leg need not wait for it."""
        self._recordings.discard(recording)
        self._settle(now)

    def media_silent(self, silence: timedelta, *, now: Moment) -> None:
        """Nothing was received for long although the far end should send."""
        reason = (
            f"no audio came from {self._peer} for {silence.total_seconds():g} s:"
            " the far end is gone, or a firewall is between"
        )
        verdict = Verdict(by=WhoEnded.ENGINE, reason=reason, q850=TEMPORARY_FAILURE)
        if self._state is LegState.ANSWERED:
            self._end_locally(verdict, now=now)

    def media_lost(self, reason: str, *, now: Moment) -> None:
        """The media stream is gone by our fault; so are its recordings."""
        self._media_open = False
        self._recordings.clear()
        self.fail(reason, now=now)
        self._settle(now)  # if it was ending already, nothing is left to record

    def fail(self, reason: str, *, now: Moment) -> None:
        """End the leg because something on our side broke."""
        verdict = Verdict(by=WhoEnded.ENGINE, reason=reason, q850=TEMPORARY_FAILURE, failed=True)
        self._end_locally(verdict, now=now)

    # Time

    def handle_timer(self, *, now: Moment) -> None:
        """Do what is due by now; harmless when nothing is."""
        if self.deadline is None or now.monotonic < self.deadline:
            return
        self.deadline = None
        if self._state in _UNANSWERED:
            self._ring_out(now)
        elif self._state is LegState.ANSWERED:
            length = self._max_length.total_seconds()
            reason = f"the call reached the {length:g} s it may last"
            self.hang_up(reason, now=now)
        elif self._state is LegState.ENDING:
            if not self._sip_over and self._verdict is not None:
                self._verdict = replace(self._verdict, sip_status=408)
            self._sip_over = True
            self._recordings.clear()
            self._settle(now)

    # How it ends

    def _talk(self, now: Moment) -> None:
        self._move_to(LegState.ANSWERED)
        self.deadline = now.monotonic + self._max_length.total_seconds()
        self._report(LegAnswered(leg=self.id, at=now.utc))

    def _ring_out(self, now: Moment) -> None:
        seconds = self._ring_timeout.total_seconds()
        if self._is_inbound:
            reason = f"the call was not answered here in {seconds:g} s"
            verdict = Verdict(by=WhoEnded.LOCAL, ring_timed_out=True, q850=NO_ANSWER, reason=reason)
            self._turn_away(verdict, now=now)
            return
        if self._peer_responded:
            verdict = Verdict(
                by=WhoEnded.LOCAL, ring_timed_out=True, reason=f"nobody answered in {seconds:g} s"
            )
            self._end_locally(verdict, now=now)
            return
        self._actions.append(_CANCEL)  # goes out if the peer wakes up
        self._sip_over = True
        self._end(silent_peer(self._peer), now=now)

    def _end_locally(self, verdict: Verdict, *, now: Moment) -> None:
        """End a live leg from our side: CANCEL or BYE as its state asks."""
        if self._state is LegState.ANSWERED:
            self._actions.append(SendBye(verdict.q850 or NORMAL_CLEARING))
            self._sip_over = True  # the user agent sees to it that the BYE arrives
            self._end(verdict, now=now)
        elif self._is_inbound and self._state is LegState.RINGING:
            self._turn_away(verdict, now=now)
        elif self._state in _UNANSWERED:
            self._actions.append(_CANCEL)
            self._end(verdict, now=now)

    def _turn_away(self, verdict: Verdict, *, now: Moment) -> None:
        """End a call that came to us and was not answered."""
        if self._picked_up:  # our 200 is on its way: only BYE ends that (RFC 3261 15)
            self._actions.append(SendBye(verdict.q850 or NORMAL_CLEARING))
        else:
            if verdict.sip_status is None:
                verdict = replace(verdict, sip_status=500 if verdict.failed else 480)
            assert verdict.sip_status is not None
            self._actions.append(SendRefusal(verdict.sip_status))
        self._sip_over = True
        self._end(verdict, now=now)

    def _answer_crossed_cancel(self, now: Moment) -> None:
        # RFC 3261 9.1: a 200 that crosses the CANCEL makes a dialog; it is ended with BYE.
        assert self._verdict is not None
        self._actions.append(SendBye(NORMAL_CLEARING))
        self._sip_over = True
        self._verdict = replace(
            self._verdict,
            sip_status=487,
            reason=f"{self._verdict.reason} (the far end answered at the same moment)",
        )
        self._settle(now)

    def _end(self, verdict: Verdict, *, now: Moment) -> None:
        self._move_to(LegState.ENDING)
        self._verdict = verdict
        wait = CANCEL_WAIT if not self._sip_over else RECORDING_WAIT
        self.deadline = now.monotonic + wait
        self._close_media()
        self._settle(now)

    def _settle(self, now: Moment) -> None:
        """Leave ENDING once the INVITE has its final answer and every recording its file."""
        if self._state is not LegState.ENDING or not self._sip_over or self._recordings:
            return
        self._move_to(LegState.ENDED)
        self.deadline = None
        verdict = self._verdict
        assert verdict is not None
        self._report(
            LegEnded(
                leg=self.id,
                at=now.utc,
                by=verdict.by,
                sip_status=verdict.sip_status,
                q850_cause=verdict.q850,
                reason=verdict.reason,
                ring_timed_out=verdict.ring_timed_out,
                failed=verdict.failed,
            )
        )

    def _close_media(self) -> None:
        if self._media_open:
            self._media_open = False
            self._actions.append(_CLOSE_MEDIA)

    def _report(self, event: EngineEvent) -> None:
        self._actions.append(Report(event))

    def _move_to(self, state: LegState) -> None:
        assert state in _NEXT[self._state], f"leg {self.id}: {self._state} to {state}"
        self._state = state


def silent_peer(peer: str) -> Verdict:
    """Return the verdict on a far end that has not sent a single response."""
    return Verdict(
        by=WhoEnded.ENGINE,
        sip_status=408,
        reason=f"no answer from {peer}: is the address right, is a firewall between?",
    )
