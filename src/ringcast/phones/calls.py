"""What the phones saw of each call: one line of JSON, written when the call has ended."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from ringcast.phones.errors import CannotStart

__all__ = ["CallJournal", "CallOutcome", "CallRecord", "RtpFigures", "WhoEnded"]


class CallOutcome(StrEnum):
    """What became of a call, as the phone saw it."""

    ANSWERED = "answered"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    """The caller gave up before the answer."""
    IGNORED = "ignored"
    """The plan says to give no answer at all."""
    FAILED = "failed"
    """It could not follow its script: nothing in common to talk, a lost media worker, no ACK."""


class WhoEnded(StrEnum):
    """Which side ended a call."""

    CALLER = "caller"
    PHONE = "phone"
    CARRIER = "carrier"
    """Neither: the carrier stopped, or something broke."""


class RtpFigures(msgspec.Struct, kw_only=True):
    """RTP of one call, counted by the phone."""

    sent: int
    received: int
    lost: int
    reordered: int
    duplicate: int
    jitter_ms: float
    first_packet_ms: float | None
    """From the answer to the first packet heard; less than 0 if it came before the answer."""


class CallRecord(msgspec.Struct, kw_only=True):
    """One call. Each moment is given as time of day (UTC) and as CLOCK_MONOTONIC in seconds, which
    programs on the same machine can compare with their own."""

    call_id: str
    """Call-ID of the INVITE."""
    called: str
    caller: str
    phone: str
    """Ending of the number in the plan."""
    name: str
    attempt: int
    """1 for the first call from this caller to this number; a repeated INVITE is no call."""
    headers: dict[str, str]
    """The X- headers of the INVITE."""
    source: str
    """Where the INVITE came from: transport, host and port."""
    invite_at: datetime
    invite_monotonic: float
    ringing_at: datetime | None = None
    ringing_monotonic: float | None = None
    answered_at: datetime | None = None
    answered_monotonic: float | None = None
    ended_at: datetime | None = None
    ended_monotonic: float | None = None
    outcome: CallOutcome | None = None
    status: int | None = None
    """Final status of the INVITE; null if none was sent."""
    ended_by: WhoEnded | None = None
    reason: str = ""
    """In plain words, if there is more to say."""
    digits_heard: str = ""
    digits_pressed: str = ""
    message_monotonic: float | None = None
    """When the first sound came from the caller."""
    codec: str | None = None
    recording: str | None = None
    """File name, in the folder of this journal."""
    recorded_seconds: float | None = None
    rtp: RtpFigures | None = None


class CallJournal:
    """Appends lines to a file, whole ones only, and counts attempts."""

    def __init__(self, path: Path | None, *, on_line: Callable[[str], None] | None = None) -> None:
        """Open the file; raise CannotStart. `on_line` also gets each line, without its end."""
        self._on_line = on_line
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._file: int | None = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            except OSError as exc:
                raise CannotStart(
                    f"{path} cannot be written: {exc.strerror}; give another --record-dir"
                ) from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def next_attempt(self, *, caller: str, called: str) -> int:
        """Count one more call of this caller to this number, and return the count."""
        self._attempts[caller, called] += 1
        return self._attempts[caller, called]

    def write(self, record: CallRecord) -> None:
        """Append the line of a call that has ended; raise OSError if it cannot be written."""
        line = msgspec.json.encode(record)
        if self._file is not None:
            # One write on O_APPEND: readers, and other writers, never see half a line.
            os.write(self._file, line + b"\n")
        if self._on_line is not None:
            self._on_line(line.decode())

    def close(self) -> None:
        """Close the file; lines written later reach `on_line` only."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)
