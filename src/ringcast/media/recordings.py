"""The recordings of a worker's streams: audio placed by time, handed to the writer each second."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringcast.audio.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW
from ringcast.media.messages import Codec
from ringcast.media.packets import TICK
from ringcast.media.playback import SILENCE
from ringcast.media.recorder import RecordingFile, Writer
from ringcast.protocols.rtp.reordering import DELAY, Tracks

#: How many recordings one stream can have at the same time.
MOST = 2
#: Ticks between two stretches handed to the writer.
FLUSH_EVERY = 50
NO_TRACK = -1
#: Codecs as numbers in the columns; 0 is no audio.
CODEC_NUMBER: dict[Codec, int] = {"PCMU": 1, "PCMA": 2}


class TooManyRecordings(Exception):
    """The stream is recorded as often as it can be."""


@dataclass(slots=True, eq=False)
class Recording:
    """One recording that is being made."""

    row: int
    place: int
    file: RecordingFile
    #: The tick at which it began.
    begin: int
    limit: int | None
    heard: int
    sent: int
    is_stopped: bool = False


class Recordings:
    """All recordings of a worker; rows are those of the pump."""

    def __init__(self, capacity: int, writer: Writer) -> None:
        self._writer = writer
        self._tracks = Tracks()
        self._heard = np.full((capacity, MOST), NO_TRACK, np.int64)
        self._sent = np.full((capacity, MOST), NO_TRACK, np.int64)
        self._begin = np.zeros((capacity, MOST), np.int64)
        self._law = np.zeros((capacity, MOST), np.uint8)
        #: Rows that are recorded, and rows whose own audio is.
        self.is_heard = np.zeros(capacity, np.bool_)
        self.is_sent = np.zeros(capacity, np.bool_)
        self._running: dict[tuple[int, int], Recording] = {}
        self._flushes: list[set[Recording]] = [set() for _ in range(FLUSH_EVERY)]
        self._limits: list[tuple[int, int, Recording]] = []
        self._number = 0
        self.sent_count = 0

    @property
    def is_hearing(self) -> bool:
        """Whether any row is recorded."""
        return bool(self._running)

    def start(
        self,
        row: int,
        file: RecordingFile,
        *,
        with_sent: bool,
        max_seconds: float | None,
        tick: int,
    ) -> None:
        """Begin to record a row; raise TooManyRecordings."""
        free = np.nonzero(self._heard[row] == NO_TRACK)[0]
        if not len(free):
            raise TooManyRecordings(f"a stream can have {MOST} recordings at a time")
        place = int(free[0])
        silence = SILENCE[file.codec]
        recording = Recording(
            row=row,
            place=place,
            file=file,
            begin=tick,
            limit=None if max_seconds is None else round(max_seconds * 8000),
            heard=self._tracks.open(silence),
            sent=self._tracks.open(silence) if with_sent else NO_TRACK,
        )
        self._writer.open(file)
        self._heard[row, place] = recording.heard
        self._sent[row, place] = recording.sent
        self._begin[row, place] = tick
        self._law[row, place] = CODEC_NUMBER[file.codec]
        self._running[row, file.recording] = recording
        self._flushes[tick % FLUSH_EVERY].add(recording)
        if recording.limit is not None:
            self._number += 1
            end = tick + math.ceil(recording.limit / TICK)
            heapq.heappush(self._limits, (end, self._number, recording))
        self._note(row)

    def stop(self, row: int, recording: int, *, tick: int) -> None:
        """End a recording; do nothing if it is not running."""
        found = self._running.get((row, recording))
        if found is not None:
            self._stop(found, tick)

    def stop_all(self, row: int, *, tick: int) -> list[RecordingFile]:
        """End every recording of a row; return their files."""
        found = [one for (of, _), one in self._running.items() if of == row]
        for one in found:
            self._stop(one, tick)
        return [one.file for one in found]

    def files(self) -> list[RecordingFile]:
        """Return the files of the recordings that are running."""
        return [one.file for one in self._running.values()]

    def hear(
        self,
        rows: NDArray[np.int64],
        law: NDArray[np.uint8],
        ssrc: NDArray[np.int64],
        timestamp: NDArray[np.int64],
        newest: NDArray[np.bool_],
        payload: NDArray[np.uint8],
        *,
        tick: int,
    ) -> None:
        """Take received packets of one length, of distinct rows that are recorded."""
        for place in range(MOST):
            tracks = self._heard[rows, place]
            chosen = np.nonzero(tracks != NO_TRACK)[0]
            if not len(chosen):
                continue
            of = rows[chosen]
            self._tracks.place(
                tracks[chosen],
                ssrc[chosen],
                timestamp[chosen],
                (tick - self._begin[of, place]) * TICK,
                newest[chosen],
                converted(payload[chosen], law[chosen], self._law[of, place]),
            )

    def say(
        self, rows: NDArray[np.int64], law: NDArray[np.uint8], payload: NDArray[np.uint8], tick: int
    ) -> None:
        """Take sent packets of one length, of distinct rows whose own audio is recorded."""
        for place in range(MOST):
            tracks = self._sent[rows, place]
            chosen = np.nonzero(tracks != NO_TRACK)[0]
            if not len(chosen):
                continue
            of = rows[chosen]
            position = (tick - self._begin[of, place]) * TICK
            audio = converted(payload[chosen], law[chosen], self._law[of, place])
            self._tracks.put(tracks[chosen], position, audio)

    def handle_tick(self, tick: int) -> None:
        """Hand over what is old enough, and end what has reached its limit."""
        for recording in self._flushes[tick % FLUSH_EVERY]:
            self._drain(recording, (tick - recording.begin) * TICK - DELAY, is_last=False)
        while self._limits and self._limits[0][0] <= tick:
            _, _, recording = heapq.heappop(self._limits)
            if not recording.is_stopped:
                self._stop(recording, tick)

    def _stop(self, recording: Recording, tick: int) -> None:
        recording.is_stopped = True
        row, place = recording.row, recording.place
        end = (tick - recording.begin) * TICK
        end = max(end, self._tracks.end(recording.heard))  # what came early belongs to it
        if recording.limit is not None:
            end = min(end, recording.limit)
        self._drain(recording, end, is_last=True)
        self._flushes[recording.begin % FLUSH_EVERY].discard(recording)
        del self._running[row, recording.file.recording]
        self._heard[row, place] = NO_TRACK
        self._sent[row, place] = NO_TRACK
        self._tracks.close(recording.heard)
        if recording.sent != NO_TRACK:
            self._tracks.close(recording.sent)
        self._note(row)

    def _drain(self, recording: Recording, upto: int, *, is_last: bool) -> None:
        received = self._tracks.drain(recording.heard, upto)
        sent = None
        if recording.sent != NO_TRACK:
            sent = self._tracks.drain(recording.sent, upto)
        if received or is_last:
            self._writer.append(recording.file, received, sent, is_last=is_last)

    def _note(self, row: int) -> None:
        before = bool(self.is_sent[row])
        self.is_heard[row] = bool((self._heard[row] != NO_TRACK).any())
        self.is_sent[row] = after = bool((self._sent[row] != NO_TRACK).any())
        self.sent_count += after - before


def converted(
    payload: NDArray[np.uint8], law: NDArray[np.uint8], wanted: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return rows of audio in the codecs wanted; if all are in theirs already, no copy."""
    other = np.nonzero(law != wanted)[0]
    if len(other):
        payload = payload.copy()
        to_ulaw = other[wanted[other] == CODEC_NUMBER["PCMU"]]
        to_alaw = other[wanted[other] == CODEC_NUMBER["PCMA"]]
        payload[to_ulaw] = ALAW_TO_ULAW[payload[to_ulaw]]
        payload[to_alaw] = ULAW_TO_ALAW[payload[to_alaw]]
    return payload
