"""Where the files of recordings are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from ringcast.domain.errors import NotFound
from ringcast.domain.ids import AccountId, RecordingId

__all__ = ["ArchivedFile", "RecordingArchive", "UnusableRecording"]


class UnusableRecording(NotFound):
    """There is no file of the recording, or nothing can be made of it."""

    def __init__(self, recording_id: RecordingId) -> None:
        super().__init__("audio of recording", recording_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchivedFile:
    """A WAV file that is complete and on the disk."""

    length: timedelta
    channels: int
    size: int
    digest: str
    """SHA-256, 64 lower-case hexadecimal digits."""


class RecordingArchive(Protocol):
    """Keeps WAV files by the identifiers of their recordings.

    Everything raises Unavailable if the disk fails.
    """

    async def place(self, account_id: AccountId, recording_id: RecordingId) -> Path:
        """Return where the engine writes the file, in a directory that is there."""

    async def complete(
        self,
        account_id: AccountId,
        recording_id: RecordingId,
        *,
        trim_silence: bool = False,
        only_sent: bool = False,
    ) -> ArchivedFile:
        """See that a file that was written is on the disk, and describe it.

        Also one whose writer was killed: what is missing is the last second or two. `trim_silence`
        cuts off the silence before and after what is spoken. Raises UnusableRecording.
        """

    async def wav(self, account_id: AccountId, recording_id: RecordingId) -> Path:
        """Return the WAV file; raise UnusableRecording."""

    async def mp3(self, account_id: AccountId, recording_id: RecordingId) -> Path:
        """Return it as an MP3 file, which is made once; raise UnusableRecording."""

    async def delete(self, account_id: AccountId, recording_id: RecordingId) -> None:
        """Delete all files; do nothing if there are none."""
