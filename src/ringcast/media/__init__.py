"""Media workers: processes that send and receive RTP for many calls on one 20 ms tick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringcast.media.messages import (
    AnswerClassified,
    AnswerLeaning,
    Codec,
    DigitReceived,
    DigitsSent,
    FirstPacketReceived,
    GreetingEnded,
    LocalAddress,
    MediaError,
    MediaEvent,
    MediaUnavailable,
    NoEventsAgreed,
    NoPortsLeft,
    NotTogether,
    PlaybackFinished,
    PlaybackStarted,
    PlayFile,
    PlayItem,
    PlaySilence,
    RecordingFinished,
    RtpResumed,
    RtpTimeout,
    SilenceHeard,
    StreamClosed,
    StreamEvent,
    StreamFailed,
    StreamStats,
    UnknownStream,
    WorkerLost,
    WorkerStats,
)
from ringcast.media.room_messages import (
    RoomEvent,
    RoomPlaybackFinished,
    RoomPlaybackStarted,
    RoomRecordingFinished,
)

if TYPE_CHECKING:
    from ringcast.media.pool import MediaPool

__all__ = [
    "AnswerClassified",
    "AnswerLeaning",
    "Codec",
    "DigitReceived",
    "DigitsSent",
    "FirstPacketReceived",
    "GreetingEnded",
    "LocalAddress",
    "MediaError",
    "MediaEvent",
    "MediaPool",
    "MediaUnavailable",
    "NoEventsAgreed",
    "NoPortsLeft",
    "NotTogether",
    "PlayFile",
    "PlayItem",
    "PlaySilence",
    "PlaybackFinished",
    "PlaybackStarted",
    "RecordingFinished",
    "RoomEvent",
    "RoomPlaybackFinished",
    "RoomPlaybackStarted",
    "RoomRecordingFinished",
    "RtpResumed",
    "RtpTimeout",
    "SilenceHeard",
    "StreamClosed",
    "StreamEvent",
    "StreamFailed",
    "StreamStats",
    "UnknownStream",
    "WorkerLost",
    "WorkerStats",
]


def __getattr__(name: str) -> object:
    """Import the pool when it is asked for: a worker, of this package too, needs no asyncio."""
    if name != "MediaPool":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ringcast.media.pool import MediaPool

    return MediaPool
