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
from typing import Protocol, TypeAlias

from ringcast.domain.ids import AttemptId
from ringcast.domain.numbers import Destination, PhoneNumber

__all__ = [
    "CallEngine",
    "Capabilities",
    "DigitReceived",
    "DigitsSent",
    "EngineEvent",
    "EventSink",
    "LegAnswered",
    "LegEnded",
    "LegRinging",
    "Originate",
    "PlaybackFinished",
    "PlaybackResult",
    "PlaybackStarted",
    "RecordingFinished",
    "RecordingTracks",
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Originate:
    """Place one call. The engine sends at most one INVITE for it (plus the one that answers a
    digest challenge), never a second after a failure."""

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


class WhoEnded(StrEnum):
    """Which side ended a leg."""

    REMOTE = "remote"
    """A refusal or a BYE from the far end."""
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
    """The far end picked up; media flows."""

    leg: AttemptId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded:
    """The last event of a leg; exactly one comes for every leg that was originated."""

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


class RecordingTracks(StrEnum):
    """Which side of a leg a recording keeps."""

    RECEIVED = "received"
    MIXED = "mixed"


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
)
EventSink: TypeAlias = Callable[[EngineEvent], None]


class CallEngine(Protocol):
    """Places calls and acts on live ones.

    Events reach the sink given to `start`, in order per leg, on the event loop's thread.
    Every method on a leg that has ended does nothing: the end may cross it on the wire.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do."""

    async def start(self, sink: EventSink) -> None:
        """Begin to take calls; raise EngineUnavailable, saying what to change, if it cannot."""

    async def close(self) -> None:
        """Hang up what is left and release everything."""

    async def originate(self, request: Originate) -> None:
        """Place the call; return once the INVITE is on its way.

        Raises EngineUnavailable if no INVITE was sent: then no event follows.
        """

    async def play(self, leg: AttemptId, playback: int, audio: Sequence[str], loop: int) -> None:
        """Play imported audio (content hashes) without gaps; replaces what is playing."""

    async def stop_playback(self, leg: AttemptId, playback: int) -> None:
        """Stop that playback, if it is the one that plays."""

    async def send_digits(self, leg: AttemptId, digits: str) -> None:
        """Send DTMF; `w` pauses half a second, `W` a whole one."""

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
