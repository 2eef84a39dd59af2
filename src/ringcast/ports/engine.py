"""The voice engine: places calls and acts on live ones.

The core knows engines only through this port. It is shaped so that both an engine in this process
and a fleet of Asterisk nodes over ARI can stand behind it: requests that take effect later are
answered by events, identifiers of legs, playbacks and recordings are chosen by the caller, and what
an engine cannot do is declared in its `Capabilities`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.ports.rooms import EngineRooms, RoomSink

__all__ = [
    "AnswerClassified",
    "AnswerKind",
    "AnswerLeaning",
    "CallEngine",
    "CallOffered",
    "Capabilities",
    "DetectionSettings",
    "DigitReceived",
    "DigitsSent",
    "EngineEvent",
    "EventSink",
    "GreetingEnded",
    "Heard",
    "LegAnswered",
    "LegEnded",
    "LegRinging",
    "OfferSink",
    "Originate",
    "PlaybackFinished",
    "PlaybackResult",
    "PlaybackStarted",
    "RecordingFinished",
    "RecordingTracks",
    "Refusal",
    "SilenceHeard",
    "TakeCall",
    "Unbridged",
    "WhoEnded",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What an engine can do beyond placing calls and playing files."""

    play: bool = True
    record: bool = True
    send_digits: bool = True
    receive_digits: bool = True
    early_media: bool = True
    detect: bool = True
    bridge: bool = True
    inbound: bool = True
    rooms: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Originate:
    """Place one call. The engine sends at most one INVITE for it, never a second after a failure,
    except where nobody can have been rung: to answer a digest challenge or a demand about the
    timer, and to another server of the trunk when one is out of service (503) or out of reach."""

    leg: AttemptId
    to: Destination
    from_number: PhoneNumber | None
    from_name: str | None = None
    ring_timeout: timedelta = timedelta(seconds=60)
    """How long it may take from INVITE to answer; then the engine cancels."""
    max_length: timedelta = timedelta(hours=4)
    """How long it may last from answer; then the engine hangs up."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra SIP headers of the INVITE."""
    credentials: tuple[str, str] | None = None
    """User and password for a SIP address that asks for them; trunks have their own."""
    near: AttemptId | None = None
    """A leg this one will be bridged to: an engine of many parts places both on the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallOffered:
    """Somebody calls us and waits: `take` or `decline` the call within a few seconds."""

    offer: int
    """What the engine calls it."""
    at: datetime
    to: str
    """What was dialled, as the far end writes it: mostly a number, with or without a plus."""
    from_number: PhoneNumber | None
    from_text: str
    """Who calls, as the far end writes it; empty if it does not say."""
    from_name: str | None
    trunk: str
    sip_call_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the INVITE: the X- headers, and those that say who calls really and who was called first
    (P-Asserted-Identity, Remote-Party-ID, Privacy, Diversion, History-Info)."""


OfferSink: TypeAlias = Callable[[CallOffered], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeCall:
    """Make a leg of a call that was offered. It ends in LegEnded as those that we place."""

    offer: int
    leg: AttemptId
    ring_timeout: timedelta = timedelta(minutes=3)
    """How long it may wait for our answer; then the engine refuses it."""
    max_length: timedelta = timedelta(hours=4)
    """How long it may last from answer; then the engine hangs up."""


class Refusal(StrEnum):
    """Why a call is not answered."""

    BUSY = "busy"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    NO_SUCH_NUMBER = "no such number"
    OVERLOADED = "overloaded"

    @property
    def sip_status(self) -> int:
        """The final status that says it (RFC 3261 21)."""
        return _REFUSED_WITH[self]


_REFUSED_WITH: Final[Mapping[Refusal, int]] = {
    Refusal.BUSY: 486,
    Refusal.REJECTED: 603,
    Refusal.UNAVAILABLE: 480,
    Refusal.NO_SUCH_NUMBER: 404,
    Refusal.OVERLOADED: 503,
}


class WhoEnded(StrEnum):
    """Which side ended a leg."""

    REMOTE = "remote"
    """A refusal, a CANCEL or a BYE from the far end."""
    LOCAL = "local"
    """`hang_up`, or a limit of `Originate`."""
    ENGINE = "engine"
    """Something broke between: a lost media worker, an unreachable trunk, no media."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRinging:
    """The far end rings (180) or sends early media (183 with a description)."""

    leg: AttemptId
    at: datetime
    early_media: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered:
    """The far end picked up, or we did; media flows."""

    leg: AttemptId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded:
    """The last event of a leg; exactly one comes for every leg that was originated or taken."""

    leg: AttemptId
    at: datetime
    by: WhoEnded
    sip_status: int | None
    """Final status of the INVITE; 408 if none came in time; None after an answered call."""
    q850_cause: int | None
    reason: str
    """In plain words: what happened, and what to look at if it is a fault."""
    ring_timed_out: bool = False
    """True if `ring_timeout` passed while it rang."""
    failed: bool = False
    """True if the leg ended by a fault of ours (lost media worker), not by anybody's wish."""


class PlaybackResult(StrEnum):
    """How a playback ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackStarted:
    """The first packet of the playback has left."""

    leg: AttemptId
    at: datetime
    playback: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished:
    """The last packet of the playback has left, or it was stopped. Not sent for ended legs."""

    leg: AttemptId
    at: datetime
    playback: int
    result: PlaybackResult
    played: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitReceived:
    """The far end pressed a key: one of 0-9 * # A-D."""

    leg: AttemptId
    at: datetime
    digit: str
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsSent:
    """All digits of one `send_digits` have left."""

    leg: AttemptId
    at: datetime


class AnswerKind(StrEnum):
    """Who or what has answered."""

    HUMAN = "human"
    MACHINE = "machine"
    SCREENING = "screening"
    """A machine that asks who calls, and may put the call through."""
    FAX = "fax"
    SILENCE = "silence"
    """Nobody spoke: mostly a person who listens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionSettings:
    """How long each step of answering-machine detection may take."""

    initial_silence: timedelta = timedelta(seconds=2.5)
    """Nobody speaks for so long: SILENCE."""
    short_greeting: timedelta = timedelta(seconds=1.8)
    after_short: timedelta = timedelta(seconds=0.8)
    """Who speaks for at most `short_greeting`, and waits for so long, is a person."""
    long_greeting: timedelta = timedelta(seconds=4.2)
    """Who speaks for so long is a machine."""
    after_longer: timedelta = timedelta(seconds=1.5)
    """Who speaks for longer than `short_greeting` and waits for so long, without a beep, is one."""
    total: timedelta = timedelta(seconds=7.5)
    """The verdict comes in this time: a person if it is in doubt."""
    greeting_end: timedelta = timedelta(seconds=2)
    """A machine that is silent for so long has ended its greeting without a beep."""
    words: int | None = None
    """Who speaks so many words, or more, is a machine."""
    bias: float = 3.0
    """How many times worse it is to take a person for a machine than a machine for a person."""
    learned: bool = True
    """Whether the engine may use what it knows of voices beside these limits."""
    is_silence_in_doubt: bool = False
    """No verdict within `total` is SILENCE, not HUMAN."""
    leanings: bool = False
    """Tell what it looks like before there is a verdict (AnswerLeaning)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerClassified:
    """Detection has its verdict. A machine is listened to on; all else ends the detection.

    What was taken for a MACHINE may turn out to be SCREENING: then it comes once more.
    """

    leg: AttemptId
    at: datetime
    kind: AnswerKind
    after: timedelta
    """How much of the leg was heard for it."""
    reason: str
    """In a few plain words."""
    confidence: float = 1.0
    """From 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLeaning:
    """What it looks like so far; comes when that changes, before the verdict."""

    leg: AttemptId
    at: datetime
    kind: AnswerKind
    after: timedelta
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingEnded:
    """A machine's beep is over, or it has stopped to speak (`beep` false).

    Comes again if the machine speaks or beeps again, until `stop_detection`.
    """

    leg: AttemptId
    at: datetime
    beep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceHeard:
    """Nobody has spoken on the leg for as long as `watch_silence` waited for."""

    leg: AttemptId
    at: datetime
    length: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbridged:
    """The leg does not hear `other` any more, or never did: it had ended."""

    leg: AttemptId
    at: datetime
    other: AttemptId


class RecordingTracks(StrEnum):
    """Which side of a leg a recording keeps."""

    RECEIVED = "received"
    MIXED = "mixed"
    SEPARATE = "separate"
    """What is received on the left channel, what is sent on the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished:
    """The file is complete on disk. Comes before LegEnded if the leg's end ended it."""

    leg: AttemptId
    at: datetime
    recording: int
    path: Path
    length: timedelta


EngineEvent: TypeAlias = (
    LegRinging
    | LegAnswered
    | LegEnded
    | PlaybackStarted
    | PlaybackFinished
    | DigitReceived
    | DigitsSent
    | RecordingFinished
    | AnswerClassified
    | AnswerLeaning
    | GreetingEnded
    | SilenceHeard
    | Unbridged
)
EventSink: TypeAlias = Callable[[EngineEvent], None]


Heard: TypeAlias = str | timedelta
"""What can be played: imported audio by its content hash, or silence by its length."""


class CallEngine(Protocol):
    """Places calls and acts on live ones.

    Events reach the sink given to `start`, in order per leg, on the event loop's thread.
    Every method on a leg that has ended does nothing: the end may cross it on the wire.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do."""

    @property
    def rooms(self) -> EngineRooms:
        """Where more than two legs hear each other."""

    async def start(
        self,
        sink: EventSink,
        *,
        on_offer: OfferSink | None = None,
        on_room: RoomSink | None = None,
    ) -> None:
        """Begin to work; raise EngineUnavailable, saying what to change, if it cannot.

        `on_offer` is told of calls that come to us, on the event loop's thread; without it they are
        refused. Only trunks may call; others are not even answered. `on_room` is told of rooms.
        """

    async def close(self) -> None:
        """Hang up what is left and release everything."""

    async def originate(self, request: Originate) -> None:
        """Place the call; return once the INVITE is on its way.

        Raises EngineUnavailable if no INVITE was sent: then no event follows.
        """

    async def take(self, request: TakeCall) -> None:
        """Make a leg of a call that was offered; the caller goes on waiting.

        Raises OfferGone if there is no such call any more, EngineUnavailable if there is no media
        for it: then it is refused, and no event follows.
        """

    async def decline(self, offer: int, refusal: Refusal) -> None:
        """Refuse a call that was offered and not taken; do nothing if it has gone."""

    async def ring(self, leg: AttemptId) -> None:
        """Let the caller of a leg that was taken hear that it rings here."""

    async def answer(self, leg: AttemptId) -> None:
        """Answer a leg that was taken: LegAnswered follows."""

    async def reject(self, leg: AttemptId, refusal: Refusal) -> None:
        """Turn away the caller of a leg that was taken and not answered: LegEnded follows."""

    async def play(
        self, leg: AttemptId, playback: int, audio: Sequence[Heard], loop: int | None
    ) -> None:
        """Play imported audio and silence without gaps; replaces what is playing.

        `loop` is how many times, 1 or more; None is until it is stopped. On a bridged leg it is
        heard in place of the other. Raises ValueError for a loop of 0 or less, or silence of
        less than nothing.
        """

    async def stop_playback(self, leg: AttemptId, playback: int) -> None:
        """Stop that playback, if it is the one that plays."""

    async def send_digits(self, leg: AttemptId, digits: str) -> None:
        """Send DTMF; `w` pauses half a second, `W` a whole one."""

    async def start_detection(self, leg: AttemptId, settings: DetectionSettings) -> None:
        """Find out who has answered; anew if it is being found out already.

        Raises ValueError for settings that make no sense.
        """

    async def stop_detection(self, leg: AttemptId) -> None:
        """End the detection; no more events of it come."""

    async def watch_silence(self, leg: AttemptId, length: timedelta) -> None:
        """Report SilenceHeard, once, when nobody has spoken for so long, from now on.

        Begins anew if it is being waited for. Raises ValueError for what is no time, or more than
        an hour.
        """

    async def stop_watching_silence(self, leg: AttemptId) -> None:
        """Wait for silence no more."""

    async def listen_for_keys(self, leg: AttemptId) -> None:
        """Report also keys that come as tones in the audio, until `stop_listening_for_keys`.

        Those that come as messages of their own are reported in any case, and none twice.
        """

    async def stop_listening_for_keys(self, leg: AttemptId) -> None:
        """Report only keys that come as messages of their own."""

    async def bridge(self, leg: AttemptId, other: AttemptId) -> None:
        """Let two answered legs hear each other and pass on their keys, until one ends.

        It ends a bridge that either is in. A leg of a bridge that ends is told by Unbridged, unless
        it has ended itself; so is a leg whose `other` is not answered or has ended. Raises
        EngineUnavailable if they cannot hear each other: `other` was not originated `near`.
        """

    async def unbridge(self, leg: AttemptId, other: AttemptId) -> None:
        """Part two legs that are bridged to each other; both go on in silence."""

    async def start_recording(
        self,
        leg: AttemptId,
        recording: int,
        path: Path,
        *,
        tracks: RecordingTracks,
        max_length: timedelta,
    ) -> None:
        """Record the leg into a WAV file until stopped, `max_length` or its end."""

    async def stop_recording(self, leg: AttemptId, recording: int) -> None:
        """End that recording and complete its file."""

    async def hang_up(self, leg: AttemptId, *, reason: str = "hung up") -> None:
        """End the leg, whether it rings or is answered."""
