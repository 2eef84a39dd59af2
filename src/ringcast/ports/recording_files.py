"""Where recordings of calls are kept while they are made, and when they are complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from ringcast.domain.ids import AccountId, RecordingId
from ringcast.domain.programs import CallFacts
from ringcast.domain.recordings import RecordingSource
from ringcast.domain.subscriptions import Follower

__all__ = ["KeptRecording", "RecordingFiles", "RecordingPlace"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingPlace:
    """A recording that begins, and the WAV file that the engine is to write."""

    id: RecordingId
    account_id: AccountId
    path: Path
    name: str | None
    """What the recording is called on its call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRecording:
    """A recording that is complete."""

    id: RecordingId
    length: timedelta
    url: str = ""
    """Where the account's programs can fetch it."""


class RecordingFiles(Protocol):
    """Keeps recordings of calls."""

    async def begin(
        self,
        call: CallFacts,
        name: str | None,
        *,
        source: RecordingSource,
        follower: Follower | None = None,
    ) -> RecordingPlace:
        """Return a place for a recording; raise Unavailable if there is none.

        `follower` is told of what happens on the call from here on; its option `recording` names
        the recording.
        """

    async def finish(
        self,
        place: RecordingPlace,
        length: timedelta,
        *,
        trim_silence: bool = False,
        only_sent: bool = False,
    ) -> KeptRecording:
        """Keep what was written; without the silence around what is spoken, if that is asked for.

        `only_sent` keeps of separate channels what was sent.

        Raises Unavailable if the file cannot be read or written.
        """
