"""The use cases about recordings of calls."""

from __future__ import annotations

from dataclasses import dataclass

from ringcast.ports.recording_archive import RecordingArchive
from ringcast.ports.store import Store
from ringcast.services.recordings import (
    GetNamedRecording,
    GetRecording,
    RecordingAudio,
    RecordingsOfCall,
)

__all__ = ["RecordingServices"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingServices:
    """What can be done with recordings."""

    get: GetRecording
    named: GetNamedRecording
    of_call: RecordingsOfCall
    audio: RecordingAudio

    @classmethod
    def over(cls, store: Store, archive: RecordingArchive) -> RecordingServices:
        """Wire them."""
        return cls(
            get=GetRecording(store=store),
            named=GetNamedRecording(store=store),
            of_call=RecordingsOfCall(store=store),
            audio=RecordingAudio(archive=archive),
        )
