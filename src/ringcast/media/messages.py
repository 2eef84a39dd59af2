"""What a media pool and its workers say to each other, and what a pool tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import msgspec

from ringcast.audio.detection import AnswerKind, DetectionSettings
from ringcast.media.play_items import PlayFile as PlayFile
from ringcast.media.play_items import PlayItem as PlayItem
from ringcast.media.play_items import PlaySilence as PlaySilence
from ringcast.media.room_messages import PlaybackEnd as PlaybackEnd
from ringcast.media.room_messages import RoomCommand, RoomEvent

Codec: TypeAlias = Literal["PCMU", "PCMA"]
Tracks: TypeAlias = Literal["received", "mixed", "separate"]


class MediaError(Exception):
    """Media cannot do what was asked; the message says why."""


class NoPortsLeft(MediaError):
    """Every port of the range is in use."""


class MediaUnavailable(MediaError):
    """No worker is running, or the one asked has died."""


class UnknownStream(MediaError):
    """The stream is not open (never, not yet, or no more)."""

    def __init__(self, stream: int) -> None:
        super().__init__(f"media stream {stream} is not open")
        self.stream = stream


class NotTogether(MediaError):
    """Streams of different workers cannot be bridged: open one near the other."""

    def __init__(self, stream: int, other: int) -> None:
        super().__init__(f"media streams {stream} and {other} are not on one worker")
        self.stream, self.other = stream, other


class NoEventsAgreed(MediaError):
    """Digits cannot be sent as RFC 4733 events: the far end has not agreed to them."""

    def __init__(self, stream: int) -> None:
        super().__init__(f"the far end of media stream {stream} takes no telephone events")
        self.stream = stream


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """Where a stream receives: for the SDP."""

    host: str
    port: int


# Events. `at` is CLOCK_MONOTONIC (time.monotonic()) where it happened, the same clock in all
# processes of a machine.


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackStarted:
    """The first packet of a playback has been sent."""

    stream: int
    at: float
    playback: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished:
    """A playback has ended; the only such event of that playback."""

    stream: int
    at: float
    playback: int
    reason: PlaybackEnd
    #: Audio sent, without what fills up the last packet.
    played_ms: int
    #: Why it failed.
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitReceived:
    """The far end pressed a digit and has let it go: an event (RFC 4733), or tones."""

    stream: int
    at: float
    digit: str
    duration_ms: int
    #: Whether it came in the audio.
    is_tone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsSent:
    """Every digit asked for so far, and the gap after the last, has been sent."""

    stream: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerClassified:
    """Detection knows who has answered; it goes on only if that is a machine."""

    stream: int
    at: float
    kind: AnswerKind
    #: How much of the stream was heard for it.
    seconds: float
    reason: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLeaning:
    """What it looks like before detection knows; comes when that changes."""

    stream: int
    at: float
    kind: AnswerKind
    seconds: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingEnded:
    """A machine has given its beep, or has stopped to speak; again if it speaks again."""

    stream: int
    at: float
    beep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceHeard:
    """Nobody has spoken for as long as was waited for."""

    stream: int
    at: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPacketReceived:
    """The far end's media has begun to arrive."""

    stream: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished:
    """A recording is complete and its file closed; or it failed, and `error` says why."""

    stream: int
    at: float
    recording: int
    path: str
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpTimeout:
    """Nothing has been received for that many seconds."""

    stream: int
    at: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpResumed:
    """Packets arrive again after a time-out."""

    stream: int
    at: float


@dataclass(frozen=True, slots=True)
class StreamStats:
    """What went over the wire in the life of a stream."""

    packets_sent: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    packets_reordered: int = 0
    packets_duplicate: int = 0
    #: Interarrival jitter (RFC 3550, 6.4.1).
    jitter_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamClosed:
    """The last event of a stream that was closed: its port is free and its files are complete."""

    stream: int
    at: float
    stats: StreamStats


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFailed:
    """A command for a stream could not be carried out; the stream itself stays as it was."""

    stream: int
    at: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLost:
    """A worker process died; these streams are gone, without further events."""

    at: float
    worker: int
    streams: tuple[int, ...]


StreamEvent: TypeAlias = (
    PlaybackStarted
    | PlaybackFinished
    | DigitReceived
    | DigitsSent
    | AnswerClassified
    | AnswerLeaning
    | GreetingEnded
    | SilenceHeard
    | FirstPacketReceived
    | RecordingFinished
    | RtpTimeout
    | RtpResumed
    | StreamClosed
    | StreamFailed
)
MediaEvent: TypeAlias = StreamEvent | WorkerLost


# Answers of a worker that a pool keeps to itself.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The worker has its sockets and its tick runs."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The worker cannot work as configured, and ends."""

    #: The shared port that cannot be had.
    port: int
    errno: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOpened:
    """The answer to `Open`; `errno` is 0 if it was done."""

    stream: int
    host: str = ""
    port: int = 0
    errno: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortReserved:
    """The answer to `Reserve`; `errno` is 0 if it was done."""

    port: int
    errno: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStats:
    """The load of one worker since it was last asked (totals: since it began)."""

    pid: int
    streams: int
    ticks: int
    #: Milliseconds of work in a tick, of 20.
    work_ms_mean: float
    work_ms_max: float
    #: Milliseconds from when a tick was due to when it began.
    late_ms_mean: float
    late_ms_max: float
    #: Ticks left out because the worker was more than 200 ms late (total).
    ticks_skipped: int
    packets_sent: int
    packets_received: int
    #: Packets the system did not take from us.
    packets_failed: int
    #: CPU seconds of the process (total).
    cpu_seconds: float
    transport: str


Answer: TypeAlias = Ready | Refused | StreamOpened | PortReserved | WorkerStats
ANSWERS: tuple[type, ...] = (*get_args(StreamEvent), *get_args(RoomEvent), *get_args(Answer))


# Commands of a pool to a worker.


class Command(msgspec.Struct, frozen=True, array_like=True):
    """What a pool asks of a worker."""


class Configure(Command, tag="configure", frozen=True):
    """The first command: who the worker is."""

    host: str
    #: Ports of the shared sockets; empty: each stream has its own.
    shared_ports: list[int]
    capacity: int
    #: Use io_uring for ports of their own, where the system lets us.
    io_uring: bool
    #: When in the 20 ms its tick lies, so that workers do not all send at the same moment.
    phase_ms: float
    rtp_timeout: float | None
    #: How many workers the pool has, and which of them this is.
    workers: int = 1
    number: int = 0


class Open(Command, tag="open", frozen=True):
    """Make a stream, on that port if ports are not shared."""

    stream: int
    port: int


class Reserve(Command, tag="reserve", frozen=True):
    """Take a port ahead of the stream that will have it."""

    port: int


class OpenReserved(Command, tag="open_reserved", frozen=True):
    """Make a stream on a reserved or shared port: that is always possible, and not answered."""

    stream: int
    port: int


class Connect(Command, tag="connect", frozen=True):
    """Say where a stream sends and what it takes."""

    stream: int
    host: str
    port: int
    payload_type: int
    codec: Codec
    receive_payload_types: dict[int, Codec]
    event_payload_type: int | None
    receive_event_payload_type: int | None
    send: bool
    receive: bool
    ptime_ms: int


class Play(Command, tag="play", frozen=True):
    """Play items in place of what is playing."""

    stream: int
    playback: int
    items: list[PlayItem]
    loop: int | None


class StopPlayback(Command, tag="stop_playback", frozen=True):
    """Stop that playback, or whatever is playing."""

    stream: int
    playback: int | None


class SendDigits(Command, tag="send_digits", frozen=True):
    """Send digits after those being sent."""

    stream: int
    digits: str
    duration_ms: int
    gap_ms: int


class StartDetection(Command, tag="start_detection", frozen=True):
    """Find out who has answered."""

    stream: int
    settings: DetectionSettings


class StopDetection(Command, tag="stop_detection", frozen=True):
    """Listen no more."""

    stream: int


class WatchSilence(Command, tag="watch_silence", frozen=True):
    """Tell when nobody has spoken for so long."""

    stream: int
    seconds: float


class StopWatchingSilence(Command, tag="stop_watching_silence", frozen=True):
    """Wait for silence no more."""

    stream: int


class ListenForKeys(Command, tag="listen_for_keys", frozen=True):
    """Hear keys that come as tones, too."""

    stream: int


class StopListeningForKeys(Command, tag="stop_listening_for_keys", frozen=True):
    """Hear only keys that come as events."""

    stream: int


class Bridge(Command, tag="bridge", frozen=True):
    """Let two streams hear each other."""

    stream: int
    other: int


class Unbridge(Command, tag="unbridge", frozen=True):
    """Let a stream and whom it is bridged to hear each other no more."""

    stream: int


class StartRecording(Command, tag="start_recording", frozen=True):
    """Write what is heard to a file."""

    stream: int
    recording: int
    path: str
    tracks: Tracks
    max_seconds: float | None


class StopRecording(Command, tag="stop_recording", frozen=True):
    """End a recording."""

    stream: int
    recording: int


class Close(Command, tag="close", frozen=True):
    """End a stream and all that runs on it."""

    stream: int


class ReportStats(Command, tag="report_stats", frozen=True):
    """Answer with `WorkerStats`."""


class ShutDown(Command, tag="shut_down", frozen=True):
    """Finish the files and exit."""


AnyCommand: TypeAlias = (
    Configure
    | Open
    | Reserve
    | OpenReserved
    | Connect
    | Play
    | StopPlayback
    | SendDigits
    | StartDetection
    | StopDetection
    | WatchSilence
    | StopWatchingSilence
    | ListenForKeys
    | StopListeningForKeys
    | Bridge
    | Unbridge
    | StartRecording
    | StopRecording
    | Close
    | ReportStats
    | ShutDown
    | RoomCommand
)
