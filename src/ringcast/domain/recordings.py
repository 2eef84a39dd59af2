"""Recordings: what was said in a call, kept as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ringcast.domain.errors import IllegalTransition
from ringcast.domain.ids import AccountId, AttemptId, CallId, RecordingId

__all__ = ["Recording", "RecordingSource", "RecordingState"]


class RecordingState(StrEnum):
    """Whether a recording can be heard."""

    RECORDING = "recording"
    READY = "ready"
    FAILED = "failed"
    """There is no file of it."""

    @property
    def is_final(self) -> bool:
        """Whether the recording never changes again."""
        return not _NEXT[self]


_NEXT: Mapping[RecordingState, frozenset[RecordingState]] = {
    RecordingState.RECORDING: frozenset({RecordingState.READY, RecordingState.FAILED}),
    RecordingState.READY: frozenset(),
    RecordingState.FAILED: frozenset(),
}


class RecordingSource(StrEnum):
    """What asked for a recording."""

    CALL = "call"
    """The whole call is recorded, by its own setting or by a step of its script."""
    MESSAGE = "message"
    """Somebody was asked to speak after the beep."""
    CONNECTION = "connection"
    """Two people who were connected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A recording of an attempt; its audio is a WAV file of 16 bits and 8,000 samples a second."""

    id: RecordingId
    account_id: AccountId
    call_id: CallId
    attempt_id: AttemptId
    state: RecordingState
    source: RecordingSource
    created_at: datetime
    """When it began."""
    name: str | None = None
    """What whoever asked for it calls it; several of a call may have the same."""
    length: timedelta = timedelta()
    channels: int = 1
    """2 if each side has a channel of its own: the called person's first."""
    size: int = 0
    """Bytes of the WAV file."""
    digest: str | None = None
    """SHA-256 of the WAV file, 64 lower-case hexadecimal digits."""
    ended_at: datetime | None = None

    def completed(
        self, *, now: datetime, length: timedelta, channels: int, size: int, digest: str
    ) -> Recording:
        """Return the recording with its file; raise IllegalTransition if it has ended before."""
        self._check(RecordingState.READY)
        return replace(
            self,
            state=RecordingState.READY,
            length=length,
            channels=channels,
            size=size,
            digest=digest,
            ended_at=now,
        )

    def failed(self, *, now: datetime) -> Recording:
        """Return the recording that has no file; raise IllegalTransition if it has ended before."""
        self._check(RecordingState.FAILED)
        return replace(self, state=RecordingState.FAILED, ended_at=now)

    def _check(self, state: RecordingState) -> None:
        if state not in _NEXT[self.state]:
            raise IllegalTransition("recording", self.id, self.state, state)
