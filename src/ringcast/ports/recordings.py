"""What the core asks of the store about recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ringcast.domain.ids import AccountId, CallId, RecordingId
from ringcast.domain.recordings import Recording

if TYPE_CHECKING:
    from ringcast.ports.store import Page

__all__ = ["RecordingTransaction"]


class RecordingTransaction(Protocol):
    """The part of a unit of work that is about recordings."""

    async def add_recording(self, recording: Recording) -> None:
        """Raises NotFound if there is no such account."""

    async def recording(
        self, account_id: AccountId, recording_id: RecordingId, *, for_update: bool = False
    ) -> Recording | None:
        """With `for_update` it is locked for this transaction."""

    async def recordings(
        self,
        account_id: AccountId,
        page: Page,
        *,
        call_id: CallId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sequence[Recording], int]:
        """Newest first, those that began from `since` on and before `until`; and their count."""

    async def recordings_of(
        self, call_ids: Sequence[CallId]
    ) -> Mapping[CallId, Sequence[Recording]]:
        """The recordings of each call, first to last."""

    async def abandoned_recordings(self, before: datetime, limit: int) -> Sequence[Recording]:
        """Recordings not ended though their attempt ended before that time, locked for this
        transaction."""

    async def update_recording(self, recording: Recording) -> None:
        """Raises NotFound."""

    async def delete_recording(self, account_id: AccountId, recording_id: RecordingId) -> None: ...
